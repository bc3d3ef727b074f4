//! Somebody else's master: python-canopen reads, remaps, enables and moves a simulated drive.

use anyhow::{Context, Result, ensure};
use rig::Single;
use rig::launch::{enter_fresh_domain, free_port};
use std::process::Command;
use std::time::Duration;

/// Would catch: anything of CANopen or CiA 402 that only our own driver understands.
#[test]
fn python_canopen_enables_and_moves_a_simulated_drive() -> Result<()> {
    enter_fresh_domain();
    let port = free_port()?.to_string();
    let _hub = Single::start("can_hub", &[&format!("port:={port}")])?;
    let drives = Single::start("servo_sim", &[&format!("bus.port:={port}")])?;
    drives.wait_for_line(&["on the bus"], Duration::from_secs(20))?;
    let python = std::env::var("ARMATURE_TOOLS_PYTHON").context("run this through cargo xtask")?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/canopen_master.py");
    for node in ["1", "6"] {
        let status =
            Command::new(&python).args([script, "--port", &port, "--node", node]).status()?;
        ensure!(status.success(), "{script} with node {node}: {status}");
    }
    Ok(())
}
