//! Case 2: the controller that holds the lease is killed in motion, and there is a standby.
//!
//! - Before: all joints follow the plan of a goal; a successor is named.
//! - Fault: SIGKILL to the holder, in one test together with the supervisor.
//! - After: the standby commands in the next epoch, without a step; the goal succeeds without a yes; the
//!   killed one comes back as the next successor.
//! - Detected: the first command of the next holder within 50 ms.
//! - Recovered: the joints are without a new command for 100 ms at most.
//! - Undisturbed: all other nodes keep process and boot id; no joint ceases to follow.
//! - Degrades: control, with standby | moving | the standby goes on with the motion | nothing to do: the
//!   killed one becomes the next standby
//! - Degrades: control and supervisor at once | moving | the standby takes over by itself | launch starts
//!   both; the new supervisor adopts the new holder

use anyhow::{Result, ensure};
use r2r::armature_msgs::msg::ArmStatus;
use rig::drives::steady_clock;
use rig::{Drives, Scenario, figures};
use std::time::Duration;

/// Largest step of a joint, rad.
const STEP: f64 = 1e-3;

/// Kills per run; more by `TRIALS`.
fn trials() -> usize {
    std::env::var("TRIALS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// Would catch: a takeover that waits for the supervisor, stops the arm, makes it jump, asks anybody
/// for a yes, or leaves the new holder without a successor.
#[test]
fn a_standby_goes_on_and_the_goals_succeed() -> Result<()> {
    rig::launch::without_quarantine();
    let mut s = Scenario::enabled("chaos_02", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    s.wait_for_successor()?;
    s.arm.pump_for(Duration::from_millis(200));
    let before = s.boots();
    let mut goal = None;
    for trial in 0..trials() {
        s.wait_for_successor()?;
        s.keep_moving(&mut goal)?;
        s.wait_for_motion()?;
        s.arm.pump_for(Duration::from_millis(137 * (trial as u64 % 7)));
        drives.clear();
        s.arm.pump_for(Duration::from_millis(100));
        let (holder, epoch, boots) = (s.holder()?, drives.epoch(), s.boots());
        let killed = steady_clock();
        s.kill(&holder)?;
        s.arm.pump_for(Duration::from_millis(400));
        drives.expect_following()?;
        let change = drives.change(epoch, killed)?;
        println!("{trial}: {holder} killed: {change:?}");
        figures::at_most("taken over", "ms", change.after * 1e3, 50.0);
        figures::at_most("between two commands", "ms", change.between * 1e3, 100.0);
        figures::at_most("step of a setpoint", "mrad", change.step * 1e3, STEP * 1e3);
        ensure!(change.step < STEP, "{change:?}");
        s.wait_until_back(&holder, &boots)?;
    }
    if let Some(mut goal) = goal {
        s.expect_success(&mut goal)?;
    }
    ensure!(s.arm.world.mode() == Some(ArmStatus::ENABLED as u8), "the arm left mode ENABLED");
    s.expect_undisturbed(&before, &["control", "control_standby"])
}

/// Would catch: a takeover that needs the supervisor, a restarted one that fights the new holder.
#[test]
fn a_takeover_without_a_supervisor_is_adopted_by_the_next_one() -> Result<()> {
    let mut s = Scenario::enabled("chaos_02_alone", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    s.wait_for_successor()?;
    let mut goal = s.start_motion()?;
    drives.clear();
    s.arm.pump_for(Duration::from_millis(100));
    let (holder, epoch, before) = (s.holder()?, drives.epoch(), s.boots());
    s.kill("supervisor")?;
    s.kill(&holder)?;
    s.wait_until_back("supervisor", &before)?;
    s.arm.wait_for("a newer epoch", Duration::from_secs(5), |w| {
        w.lease.as_ref().is_some_and(|lease| lease.epoch > epoch)
    })?;
    ensure!(s.epoch() > epoch && s.holder()? != holder, "{:?}", s.arm.world.lease);
    s.expect_success(&mut goal)?;
    drives.expect_following()?;
    ensure!(s.arm.world.mode() == Some(ArmStatus::ENABLED as u8), "the arm left mode ENABLED");
    s.expect_undisturbed(&before, &["supervisor", &holder])
}
