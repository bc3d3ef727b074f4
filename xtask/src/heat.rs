//! `cargo xtask identify-thermal` and `cargo xtask report thermal`: hand over to `thermal_tools`.

use crate::build::{self, cargo};
use crate::env::RosEnv;
use crate::paths;
use anyhow::{Context, Result};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

fn tools() -> Command {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "thermal_tools", "--"]);
    command
}

/// Fits the motors to a recording; true when one could be fitted.
///
/// # Errors
/// When the tool cannot be built or started.
pub fn identify(bag: &Path) -> Result<bool> {
    let config = paths::root().join("config/thermal.yaml");
    let mut command = tools();
    command.arg("identify").arg(bag).arg("--config").arg(config);
    Ok(command.status()?.success())
}

/// Draws a recording; without one, what a running arm says for `seconds`, or else a recording of the
/// virtual arm.
///
/// # Errors
/// When the tool cannot be built or started.
pub fn plot(recording: Option<PathBuf>, live: bool, seconds: u64) -> Result<bool> {
    let folder = paths::reports();
    std::fs::create_dir_all(&folder)?;
    let output = folder.join("thermal.svg");
    let mut command = tools();
    command.arg("plot");
    match recording {
        Some(file) => command.arg(file),
        None if live => command.arg("--csv").arg(listen(&folder, seconds)?),
        None => {
            let file = folder.join("thermal.mcap");
            let mut record = tools();
            record.arg("record").arg(&file).args(["--seconds", &seconds.to_string()]);
            if !record.status()?.success() {
                return Ok(false);
            }
            command.arg(file)
        }
    };
    Ok(command.arg("--output").arg(output).status()?.success())
}

/// Writes what `thermal_state` says for a while.
fn listen(folder: &Path, seconds: u64) -> Result<PathBuf> {
    let ros = RosEnv::ensure()?;
    build::messages(&ros)?;
    let path = folder.join("thermal_state.csv");
    let mut echo = ros.command("ros2");
    echo.args(["topic", "echo", "--csv", "/thermal_state", "armature_msgs/msg/ThermalState"]);
    echo.stdin(Stdio::null()).stdout(File::create(&path)?);
    let mut child = echo.spawn().context("cannot start ros2")?;
    println!("listening to /thermal_state for {seconds} s");
    thread::sleep(Duration::from_secs(seconds));
    child.kill()?;
    child.wait()?;
    Ok(path)
}
