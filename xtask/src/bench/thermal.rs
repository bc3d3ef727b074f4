//! Virtual time needs no ROS: an example of the virtual arm does the measuring.

use crate::build::cargo;
use crate::paths;
use anyhow::Result;

pub(super) fn run(quick: bool) -> Result<bool> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "virtual_arm"]);
    command.args(["--example", "bench_thermal", "--", "--report"]).arg(paths::reports());
    if quick {
        command.arg("--quick");
    }
    Ok(command.status()?.success())
}
