//! `joint_state` is killed in motion: people see staleness, the motion does not.

use anyhow::{Result, ensure};
use r2r::armature_msgs::msg::ArmStatus;
use rig::Scenario;

/// Would catch: control or motion depending on the service that only informs others.
#[test]
fn a_killed_joint_state_does_not_disturb_the_motion() -> Result<()> {
    let mut s = Scenario::enabled("chaos_31", &[])?;
    let mut goal = s.start_motion()?;
    let before = s.boots();

    s.kill("joint_state")?;
    let back = s.wait_until_back("joint_state", &before)?;
    println!("back after {back:?}");
    ensure!(s.arm.world.mode() == Some(ArmStatus::ENABLED as u8), "the arm left mode ENABLED");
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &["joint_state"])
}
