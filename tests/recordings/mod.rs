//! What the tests of the recorder share: its folder, its files, a small disk, and readers of others.
#![allow(dead_code, unreachable_pub)] // each test uses its part

use anyhow::{Context, Result, bail, ensure};
use recording::recover::{self, END};
use recording::{Message, Reader, decode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use vocabulary::command::JointFeedback;
use vocabulary::config::ArmConfig;

/// A folder of recordings that nobody else uses; emptied at the start, kept at the end.
pub struct Folder {
    pub path: PathBuf,
}

/// A copy of a file that was being written.
pub struct Cut {
    pub name: String,
    pub copy: PathBuf,
}

impl Folder {
    pub fn fresh(name: &str) -> Result<Self> {
        let target = rig::launch::target();
        let path = std::path::absolute(target.join("log").join(format!("{name}.recordings")))?;
        let _not_there = fs::remove_dir_all(&path);
        fs::create_dir_all(&path)?;
        Ok(Self { path })
    }

    /// Names of the recordings, oldest first.
    pub fn names(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(&self.path)?.flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| name.starts_with("arm_")).collect();
        names.sort_unstable();
        Ok(names)
    }

    pub fn copy_newest(&self, to: &str) -> Result<Cut> {
        let name = self.names()?.pop().context("nothing was recorded")?;
        let copy = self.path.join(to);
        fs::copy(self.path.join(&name), &copy)?;
        Ok(Cut { name, copy })
    }

    pub fn wait_for_another(&self, known: &[&str], limit: Duration) -> Result<String> {
        let until = Instant::now() + limit;
        loop {
            let names = self.names()?;
            if let Some(new) = names.into_iter().find(|name| !known.contains(&name.as_str())) {
                return Ok(new);
            }
            ensure!(Instant::now() < until, "no file besides {known:?} within {limit:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn wait_until_finished(&self, name: &str, limit: Duration) -> Result<PathBuf> {
        let (path, until) = (self.path.join(name), Instant::now() + limit);
        while !is_finished(&path)? {
            ensure!(Instant::now() < until, "{name} was not finished within {limit:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(path)
    }
}

/// Whether a file has its index.
pub fn is_finished(path: &Path) -> Result<bool> {
    let mut file = File::open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(END as u64)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(recover::is_finished(&end))
}

/// What is in a recording.
#[derive(Debug, Default)]
pub struct Found {
    pub messages: u64,
    pub counts: BTreeMap<String, u64>,
    /// Log time of the newest message, s.
    pub newest: f64,
    /// Bus samples of joints that are not there, by the numbers that the drivers gave them.
    pub missing_feedback: u64,
    pub damage: Option<String>,
}

pub fn read(path: &Path) -> Result<Found> {
    read_all(&[path.to_owned()])
}

/// Reads files one after the other.
pub fn read_all(paths: &[PathBuf]) -> Result<Found> {
    let order = ArmConfig::default().joint_order()?;
    let mut found = Found::default();
    let mut last: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for path in paths {
        let mut reader = Reader::open(path)?;
        for message in reader.by_ref() {
            let topic = message.topic().to_owned();
            found.messages += 1;
            found.newest = found.newest.max(message.log_time as f64 * 1e-9);
            if message.kind() == JointFeedback::NAME {
                let sample: JointFeedback = decode(&message.data, &order)?;
                let now = (sample.boot_id, sample.sequence);
                if let Some((boot, sequence)) = last.insert(topic.clone(), now)
                    && boot == sample.boot_id
                {
                    found.missing_feedback += sample.sequence.abs_diff(sequence + 1);
                }
            }
            *found.counts.entry(topic).or_default() += 1;
        }
        found.damage = found.damage.or_else(|| reader.damage().map(ToString::to_string));
    }
    Ok(found)
}

/// What libraries of others find in a recording.
#[derive(Debug, Deserialize)]
pub struct Python {
    pub rosbags: Theirs,
    pub mcap: Theirs,
}

/// What one library finds.
#[derive(Debug, Deserialize)]
pub struct Theirs {
    pub counts: BTreeMap<String, u64>,
    pub decoded: Vec<String>,
}

impl Python {
    pub fn read(path: &Path) -> Result<Self> {
        let python = std::env::var_os("ARMATURE_TOOLS_PYTHON")
            .context("ARMATURE_TOOLS_PYTHON is not set: run this through `cargo xtask test`")?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/read_recording.py");
        // A Python of its own: nothing of ROS may help it.
        let mut command = Command::new(python);
        let output = command.arg(script).arg(path).env_remove("PYTHONPATH").output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {error}", path.display());
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// A small disk in memory.
pub struct Tmpfs {
    path: CString,
}

impl Tmpfs {
    /// Mounts it; `None` when that is refused.
    pub fn mount(path: &Path, size: &str) -> Result<Option<Self>> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        match mount(&path, size, 0) {
            Ok(()) => Ok(Some(Self { path })),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
            Err(error) => bail!("cannot mount a tmpfs: {error}"),
        }
    }

    pub fn resize(&self, size: &str) -> Result<()> {
        Ok(mount(&self.path, size, libc::MS_REMOUNT)?)
    }

    /// Takes it away although it is in use.
    pub fn take_away(&self) -> Result<()> {
        // SAFETY: the path ends with zero.
        let failed = unsafe { libc::umount2(self.path.as_ptr(), libc::MNT_DETACH) } != 0;
        ensure!(!failed, "umount: {}", io::Error::last_os_error());
        Ok(())
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _gone_already = self.take_away();
    }
}

fn mount(path: &CString, size: &str, flags: libc::c_ulong) -> io::Result<()> {
    let options = CString::new(format!("size={size}"))?;
    let kind = c"tmpfs".as_ptr();
    // SAFETY: all texts end with zero and live during the call.
    let failed =
        unsafe { libc::mount(kind, path.as_ptr(), kind, flags, options.as_ptr().cast()) } != 0;
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}
