//! Most of it happens on virtual time, which needs no ROS: an example of the virtual arm does the
//! measuring. What an alarm costs control is measured on the running arm.

use super::control;
use crate::build::cargo;
use crate::paths;
use anyhow::Result;

/// The part on the running arm.
const ALARM: &str = "alarm";

/// The part on virtual time.
const VIRTUAL: &str = "virtual";

/// What can be measured alone.
pub(super) const PARTS: [&str; 2] = [VIRTUAL, ALARM];

pub(super) fn run(quick: bool, only: Option<&str>) -> Result<bool> {
    let wanted = |part| only.is_none_or(|only| only == part);
    let mut ok = true;
    if wanted(VIRTUAL) {
        ok &= on_virtual_time(quick)?;
    }
    if wanted(ALARM) {
        ok &= control::client(quick)?.args(["--only", ALARM]).status()?.success();
    }
    Ok(ok)
}

fn on_virtual_time(quick: bool) -> Result<bool> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "virtual_arm"]);
    command.args(["--example", "bench_thermal", "--", "--report"]).arg(paths::reports());
    if quick {
        command.arg("--quick");
    }
    Ok(command.status()?.success())
}
