//! The arm brought up by `ros2 launch`, on loopback and in a ROS domain of its own.

use crate::process::Process;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A running launch file.
#[derive(Debug)]
pub struct Launch {
    process: Process,
    log: PathBuf,
    can_port: u16,
}

impl Launch {
    /// Starts `arm.launch.xml` with `arguments` (`name:=value`). Puts a fresh `ROS_DOMAIN_ID` into
    /// this process's environment first, so that a client made afterwards finds the arm and
    /// nobody else does. Logs go to `target/log/<name>.log`. Nobody looks at these arms: the
    /// dashboard is left out unless an argument asks for it.
    ///
    /// # Errors
    /// When `ros2` is not there (run through `cargo xtask`) or no port is free.
    pub fn start(name: &str, arguments: &[&str]) -> Result<Self> {
        Self::start_file(name, "arm.launch.xml", arguments)
    }

    /// As [`Launch::start`], another launch file of the same package.
    ///
    /// # Errors
    /// As [`Launch::start`].
    pub fn start_file(name: &str, file: &str, arguments: &[&str]) -> Result<Self> {
        enter_fresh_domain();
        let log = log_file(name)?;
        let state = log.with_extension("state.json");
        let cell_state = log.with_extension("cell.redb");
        for file in [&state, &cell_state] {
            let _ = std::fs::remove_file(file);
        }
        let output = File::create(&log).with_context(|| format!("cannot write {log:?}"))?;
        let can_port = free_port()?;
        let unwatched = !arguments.iter().any(|argument| argument.starts_with("dashboard:="));
        let mut command = Command::new("ros2");
        command
            .args(["launch", "armature_bringup", file])
            .arg(format!("can_port:={can_port}"))
            .arg(format!("state_file:={}", state.display()))
            .arg(format!("cell_state_file:={}", cell_state.display()))
            .args(unwatched.then_some("dashboard:=false"))
            // Where nobody asks for it, a black box would only take time from what is tested.
            .arg("record:=false")
            .args(arguments)
            .env("ROS_LOG_DIR", log.with_extension("ros"))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let process = Process::start("ros2 launch", &mut command)?;
        Ok(Self { process, log, can_port })
    }

    /// Where the userspace bus listens on 127.0.0.1.
    #[must_use]
    pub fn can_port(&self) -> u16 {
        self.can_port
    }

    /// Where its output goes.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Everything printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Ends it as Ctrl-C would.
    pub fn stop(&mut self) {
        self.process.stop(Duration::from_secs(8));
    }
}

/// Where everything goes that a run leaves behind.
#[must_use]
pub fn target() -> PathBuf {
    std::env::var_os("ARMATURE_TARGET").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

fn log_file(name: &str) -> Result<PathBuf> {
    let folder = target().join("log");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder:?}"))?;
    Ok(std::path::absolute(folder.join(format!("{name}.log")))?)
}

/// A copy of the installed configuration in `target/log/<name>.config` for the launch argument
/// `config`, in which `change` may alter the text of each parameter file.
///
/// # Errors
/// When it cannot be copied, or nothing was changed.
pub fn config(name: &str, change: impl Fn(&str, String) -> String) -> Result<PathBuf> {
    let from = crate::single::find("share/armature_bringup/config")?;
    let to = log_file(name)?.with_extension("config");
    let _not_there = std::fs::remove_dir_all(&to);
    let copied = Command::new("cp").arg("-rL").arg(from).arg(&to).status()?;
    ensure!(copied.success(), "cannot copy the configuration to {}", to.display());
    let mut changed = false;
    for entry in std::fs::read_dir(&to)? {
        let path = entry?.path();
        if path.is_file() {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path)?;
            let new = change(&file, text.clone());
            changed |= new != text;
            std::fs::write(&path, new)?;
        }
    }
    ensure!(changed, "nothing was changed in {}", to.display());
    Ok(to)
}

/// From now on nobody who crashes again and again is put into quarantine: where crashes are what is
/// measured.
pub fn without_quarantine() {
    // SAFETY: called first in a test process, before any thread reads the environment.
    unsafe { std::env::set_var("ARMATURE_CRASH_LIMIT", "0") };
}

/// A port of 127.0.0.1 that nobody uses now.
///
/// # Errors
/// When none is free.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Puts this process, and whatever it starts, into a ROS domain (1 to 100) that differs between
/// test processes running side by side.
pub fn enter_fresh_domain() {
    let domain = 1 + std::process::id() % 100;
    // SAFETY: called first in a test process, before any thread reads the environment.
    unsafe { std::env::set_var("ROS_DOMAIN_ID", domain.to_string()) };
}
