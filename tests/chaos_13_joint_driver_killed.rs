//! A joint driver is killed in motion. Its room is one joint; the arm as a whole holds.

use anyhow::Result;
use rig::Scenario;
use std::time::Duration;

/// Would catch: a driver that moves after its rebirth without a yes, other joints running on, a
/// goal that is lost although nothing of it is lost.
#[test]
fn a_killed_driver_holds_the_arm_and_resume_finishes_the_goal() -> Result<()> {
    let mut s = Scenario::enabled("chaos_13", &[])?;
    let mut goal = s.start_motion()?;
    let before = s.boots();

    s.kill("driver_joint_3")?;
    let noticed = s.wait_for_hold()?;
    println!("noticed after {noticed:?}");
    let back = s.wait_until_back("driver_joint_3", &before)?;
    println!("back after {back:?}");
    s.arm.pump_for(Duration::from_millis(700));
    s.expect_rest(Duration::from_secs(1))?;
    s.expect_undisturbed(&before, &["driver_joint_3"])?;

    s.resume()?;
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &["driver_joint_3"])
}
