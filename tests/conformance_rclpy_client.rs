//! Somebody else's client: rclpy runs a goal, and reads why another one is refused.

use anyhow::{Result, ensure};
use rig::Scenario;
use std::process::Command;

#[test]
fn an_rclpy_client_runs_a_goal_and_reads_why_another_is_refused() -> Result<()> {
    let _scenario = Scenario::enabled("conformance_rclpy", &[])?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/follow_trajectory.py");
    let output = Command::new("python3").arg(script).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    ensure!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
