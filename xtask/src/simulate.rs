//! `cargo xtask simulate` and `cargo xtask availability`: hand over to the tool that plays faults on
//! the virtual arm. No ROS is needed.

use crate::build::cargo;
use crate::paths;
use anyhow::Result;
use std::ffi::OsString;

/// What the tool is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Task {
    /// Schedules of faults, with invariants at every step.
    Campaign,
    /// The same faults for many processes and for one.
    Availability,
}

/// Runs the tool with the words of the command line; true when all is well.
///
/// # Errors
/// When it cannot be built or started.
pub fn run(task: Task, words: &[OsString]) -> Result<bool> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "simulate", "--"]);
    command.arg(match task {
        Task::Campaign => "campaign",
        Task::Availability => "availability",
    });
    command.args(words).arg("--report").arg(paths::reports());
    Ok(command.status()?.success())
}
