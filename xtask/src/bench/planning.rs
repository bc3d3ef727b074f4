//! Kinematics, time parameterisation and the planner each measure themselves and write their own
//! file; they need no ROS. What `move_to` takes through all processes is measured on the whole arm.

use super::control;
use crate::build::cargo;
use crate::paths;
use anyhow::Result;
use std::path::Path;

pub(super) fn run(quick: bool) -> Result<bool> {
    let mut ok = example("arm_model", "bench_kinematics", quick)?;
    ok &= example("time_parameterization", "bench_time_parameterization", quick)?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "planning_tools", "--", "bench"]);
    command.arg("--report").arg(paths::reports());
    command.args(quick.then_some("--quick"));
    ok &= command.status()?.success();
    Ok(move_to(quick)? && ok)
}

fn move_to(quick: bool) -> Result<bool> {
    Ok(control::client(quick)?.args(["--only", "move-to"]).status()?.success())
}

/// Plans a shipped problem and draws the motion: target/report/planning.svg.
///
/// # Errors
/// When the tool cannot be built or started.
pub fn draw(name: Option<&Path>) -> Result<bool> {
    let folder = paths::reports();
    std::fs::create_dir_all(&folder)?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "planning_tools", "--", "draw"]);
    command.args(name).arg("--output").arg(folder.join("planning.svg"));
    Ok(command.status()?.success())
}

fn example(package: &str, name: &str, quick: bool) -> Result<bool> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", package, "--example", name, "--"]);
    command.args(quick.then_some("--quick"));
    Ok(command.status()?.success())
}
