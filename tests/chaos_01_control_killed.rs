//! Control is killed in motion and there is no standby.

use anyhow::{Result, ensure};
use rig::Scenario;
use std::time::Duration;

/// Would catch: drives that run on or drop without control, a new control that moves by itself or
/// starts with a jump, an epoch that is granted twice.
#[test]
fn a_killed_control_leaves_the_joints_holding_and_resume_finishes_the_goal() -> Result<()> {
    let mut s = Scenario::enabled("chaos_01", &["standby:=false"])?;
    let mut goal = s.start_motion()?;
    let before = s.boots();
    let epoch = s.arm.world.lease.as_ref().map_or(0, |lease| lease.epoch);

    s.kill("control")?;
    let noticed = s.wait_for_hold()?;
    println!("noticed after {noticed:?}");
    let back = s.wait_until_back("control", &before)?;
    println!("back after {back:?}");
    s.arm.pump_for(Duration::from_millis(700));
    s.expect_rest(Duration::from_secs(1))?;
    s.expect_undisturbed(&before, &["control"])?;

    s.resume()?;
    s.expect_success(&mut goal)?;
    let granted = s.arm.world.lease.as_ref().map_or(0, |lease| lease.epoch);
    ensure!(granted > epoch, "epoch {granted} after {epoch}: the grant did not rise");
    s.expect_undisturbed(&before, &["control"])
}
