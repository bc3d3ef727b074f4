//! The driver on a kernel CAN bus: `cargo xtask test --socketcan`.
//!
//! Builds the driver's and the simulator's ROS-free programs and runs them against each other on
//! `vcan0` in an emulated machine, with bus-off and an interface that goes down.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::process::run;
use crate::{emulated, paths};

/// Emulation is slow; a healthy run ends within two minutes.
const LIMIT: Duration = Duration::from_secs(420);

/// The lines the guest runs: the bus transport alone, then six drives on the bus, and the driver twice.
const JOB: &str = "
ip link add vcan0 type vcan && ip link set vcan0 txqueuelen 26 up || exit 3
/dev/shm/vcan_check vcan0 || exit 4
/dev/shm/drives --interface vcan0 &
/dev/shm/on_bus vcan0 --node 3 --counts 1048576 --swing 0.05 || exit 5
/dev/shm/on_bus vcan0 --faults
";

/// Builds and runs it.
///
/// # Errors
/// With what failed: the build, the machine, or the driver on the bus.
pub fn test() -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "-p", "joint_driver", "--example", "on_bus"]);
    cargo.args(["-p", "servo_sim", "--example", "drives"]);
    cargo.args(["-p", "can_bus", "--example", "vcan_check"]).current_dir(paths::root());
    run(&mut cargo, "building the programs of the emulated machine")?;
    let examples = paths::target().join("release").join("examples");
    let binaries = ["vcan_check", "drives", "on_bus"].map(|name| examples.join(name));
    emulated::run_job(JOB, &binaries, LIMIT)
}
