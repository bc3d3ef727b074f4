//! Case 1: control is killed in motion, and there is no standby.
//!
//! - Before: all joints follow the plan of a goal.
//! - Fault: SIGKILL to the only controller.
//! - After: all joints decelerate and hold under power; nothing moves before arm/resume; the new
//!   controller has a newer epoch, and the goal then succeeds.
//! - Detected: every joint has ceased to follow within 50 ms.
//! - Recovered: another controller holds the lease within 1.5 s.
//! - Undisturbed: all other nodes keep process and boot id.
//! - Degrades: control, without standby | moving | all joints decelerate and hold under power | launch
//!   starts it again; arm/resume finishes the goal

use anyhow::{Result, ensure};
use rig::drives::steady_clock;
use rig::{Drives, Scenario, figures};
use std::time::Duration;

/// Would catch: drives that run on or drop without control, a new control that moves by itself or
/// starts with a jump, an epoch that is granted twice.
#[test]
fn a_killed_control_leaves_the_joints_holding_and_resume_finishes_the_goal() -> Result<()> {
    let mut s = Scenario::enabled("chaos_01", &["standby:=false"])?;
    let drives = Drives::watch(&mut s.arm)?;
    let mut goal = s.start_motion()?;
    let before = s.boots();
    let epoch = s.arm.world.lease.as_ref().map_or(0, |lease| lease.epoch);

    let killed = steady_clock();
    s.kill("control")?;
    let noticed = s.wait_for_hold()?;
    println!("the supervisor noticed after {noticed:?}");
    let ceased = drives.ceased(killed, &[])?;
    figures::at_most("all joints hold", "ms", ceased.last * 1e3, 50.0);
    s.wait_until_back("control", &before)?;
    figures::at_most("control is back", "ms", (steady_clock() - killed) * 1e3, 1500.0);
    s.arm.pump_for(Duration::from_millis(700));
    s.expect_rest(Duration::from_secs(1))?;
    s.expect_undisturbed(&before, &["control"])?;

    s.resume()?;
    s.expect_success(&mut goal)?;
    let granted = s.arm.world.lease.as_ref().map_or(0, |lease| lease.epoch);
    ensure!(granted > epoch, "epoch {granted} after {epoch}: the grant did not rise");
    s.expect_undisturbed(&before, &["control"])
}
