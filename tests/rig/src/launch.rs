//! The arm brought up by `ros2 launch`, on loopback and in a ROS domain of its own.

use crate::process::Process;
use anyhow::{Context, Result};
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
        enter_fresh_domain();
        let log = log_file(name)?;
        let state = log.with_extension("state.json");
        let _ = std::fs::remove_file(&state);
        let output = File::create(&log).with_context(|| format!("cannot write {log:?}"))?;
        let unwatched = !arguments.iter().any(|argument| argument.starts_with("dashboard:="));
        let mut command = Command::new("ros2");
        command
            .args(["launch", "armature_bringup", "arm.launch.xml"])
            .arg(format!("can_port:={}", free_port()?))
            .arg(format!("state_file:={}", state.display()))
            .args(unwatched.then_some("dashboard:=false"))
            // Where nobody asks for it, a black box would only take time from what is tested.
            .arg("record:=false")
            .args(arguments)
            .env("ROS_LOG_DIR", log.with_extension("ros"))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        Ok(Self { process: Process::start("ros2 launch", &mut command)?, log })
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
