//! One recorder on one stream for a while.

use crate::{count, images, process};
use anyhow::{Context, Result, ensure};
use count::Count;
use rig::process::Process;
use rig::{Scenario, Single};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A recorder settles for so long before anything counts.
const SETTLE: Duration = Duration::from_secs(4);

/// Who records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorder {
    /// `recorder`.
    Ours,
    /// rclpy subscriptions into the writer of rosbags.
    Peer,
}

/// What is recorded by whom.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// By whom.
    pub who: Recorder,
    /// With images.
    pub images: bool,
    /// For how long.
    pub length: Duration,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Phase {
    /// What was asked.
    pub setting: Setting,
    /// What is in the files.
    pub count: Count,
    /// CPU time per time, cores.
    pub cpu: f64,
    /// Images in the files, bytes per s.
    pub image_rate: f64,
    /// Largest memory, bytes.
    pub memory: u64,
}

/// A recorder that runs.
enum Running {
    Ours(Single),
    Peer(Process),
}

impl Running {
    fn start(who: Recorder, folder: &Path) -> Result<Self> {
        if who == Recorder::Ours {
            let folder = format!("folder:={}", folder.display());
            return Ok(Self::Ours(Single::start("recorder", &[&folder, "keep_free_mb:=100.0"])?));
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peer.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(folder.join("peer")).stdin(Stdio::null());
        Ok(Self::Peer(Process::start("the peer", &mut command)?))
    }
}

/// The process id in the heartbeat of the recorder that was just started.
pub fn our_pid(arm: &mut Scenario) -> Result<u32> {
    // What its predecessor said last may still be on the way.
    arm.arm.pump_for(Duration::from_millis(200));
    arm.arm.world.heartbeats.remove("recorder");
    let limit = Duration::from_secs(30);
    arm.arm.wait_for("the recorder", limit, |w| w.pid("recorder").is_some())?;
    arm.arm.world.pid("recorder").context("no heartbeat")
}

/// The process id of a recorder: ours says it in its heartbeat, the peer writes it down.
fn pid(arm: &mut Scenario, who: Recorder, folder: &Path) -> Result<u32> {
    if who == Recorder::Ours {
        return our_pid(arm);
    }
    let limit = Duration::from_secs(30);
    let (path, until) = (folder.join("peer.pid"), Instant::now() + limit);
    loop {
        if let Some(pid) = std::fs::read_to_string(&path).ok().and_then(|text| text.parse().ok()) {
            return Ok(pid);
        }
        ensure!(Instant::now() < until, "the peer did not start within {limit:?}");
        arm.arm.pump_for(Duration::from_millis(50));
    }
}

/// Records for a while and reads what was recorded.
pub fn run(arm: &mut Scenario, setting: Setting) -> Result<Phase> {
    let folder = folder(&format!("{:?}-{}", setting.who, setting.images))?;
    let camera = setting.images.then(camera).transpose()?;
    let recorder = Running::start(setting.who, &folder)?;
    let pid = pid(arm, setting.who, &folder)?;
    arm.arm.pump_for(SETTLE);
    let (cpu, begin) = (rig::process::cpu_time(pid)?, Instant::now());
    let until = begin + setting.length;
    while Instant::now() < until {
        // This client shall not be what loads the machine.
        std::thread::sleep(Duration::from_millis(100));
        arm.arm.pump();
    }
    let cpu = (rig::process::cpu_time(pid)? - cpu) / begin.elapsed().as_secs_f64();
    let memory = process::peak_memory(pid)?;
    match recorder {
        Running::Ours(single) => drop(single),
        Running::Peer(mut process) => process.stop(Duration::from_secs(60)),
    }
    drop(camera);
    let place = if setting.who == Recorder::Ours { folder.clone() } else { folder.join("peer") };
    let count = count::count(&recording::files(&place)?)?;
    ensure!(count.messages > 0, "{setting:?} recorded nothing");
    let image_rate = count.image_rate() * images::bytes();
    std::fs::remove_dir_all(&folder)?;
    Ok(Phase { setting, count, cpu, image_rate, memory })
}

fn camera() -> Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["images", "--rate", &images::RATE.to_string()]).stdin(Stdio::null());
    Process::start("the camera", &mut command)
}

/// An empty folder on the disk of the build.
pub fn folder(name: &str) -> Result<PathBuf> {
    let target = rig::launch::target();
    let path = std::path::absolute(target.join("bench-recorder").join(name))?;
    let _not_there = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path)?;
    Ok(path)
}

impl Phase {
    /// Messages that are missing.
    #[must_use]
    pub fn lost(&self) -> f64 {
        self.count.lost() as f64
    }

    /// For the terminal.
    #[must_use]
    pub fn line(&self) -> String {
        let Setting { who, images, .. } = self.setting;
        let what = if images { "arm and images" } else { "arm alone" };
        let rate = self.count.messages as f64 / self.count.span;
        format!(
            "{who:?}, {what}: {:.0} messages/s on {} topics, {:.2} MB/s, {} lost, {:.1} % of a core, \
             {:.0} MB of memory {:?}",
            rate,
            self.count.topics,
            self.count.bytes as f64 / self.count.span / 1e6,
            self.count.lost(),
            self.cpu * 100.0,
            self.memory as f64 / 1e6,
            self.count.missing,
        )
    }

    /// For the report.
    #[must_use]
    pub fn detail(&self) -> Value {
        json!({
            "recorder": format!("{:?}", self.setting.who).to_lowercase(),
            "images": self.setting.images,
            "seconds": self.count.span,
            "topics": self.count.topics,
            "messages": self.count.messages,
            "image_megabytes_per_second": self.image_rate / 1e6,
            "first_image_after_s": self.count.until_images,
            "megabytes_per_second": self.count.bytes as f64 / self.count.span / 1e6,
            "numbered": self.count.numbered,
            "lost": self.count.missing,
            "cpu_percent": self.cpu * 100.0,
            "memory_mb": self.memory as f64 / 1e6,
            "damage": self.count.damage,
        })
    }
}
