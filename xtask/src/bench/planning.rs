//! Planning needs no ROS: kinematics, time parameterisation and the planner each measure themselves
//! and write their own file.

use crate::build::cargo;
use crate::paths;
use anyhow::Result;

pub(super) fn run(quick: bool) -> Result<bool> {
    let mut ok = example("arm_model", "bench_kinematics", quick)?;
    ok &= example("time_parameterization", "bench_time_parameterization", quick)?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "planning_tools", "--", "bench"]);
    command.arg("--report").arg(paths::reports());
    command.args(quick.then_some("--quick"));
    Ok(command.status()?.success() && ok)
}

fn example(package: &str, name: &str, quick: bool) -> Result<bool> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", package, "--example", name, "--"]);
    command.args(quick.then_some("--quick"));
    Ok(command.status()?.success())
}
