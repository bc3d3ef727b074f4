//! The controller that holds the lease is killed in motion, and there is a standby.

use anyhow::{Result, ensure};
use r2r::armature_msgs::msg::ArmStatus;
use rig::drives::steady_clock;
use rig::{Drives, RunningGoal, Scenario};
use std::time::Duration;

/// Largest step of a joint, rad.
const STEP: f64 = 1e-3;

/// Kills per run; more by `TRIALS`.
fn trials() -> usize {
    std::env::var("TRIALS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// A goal that is under way, another one when the last has succeeded.
fn keep_moving(s: &mut Scenario, goal: &mut Option<RunningGoal>) -> Result<()> {
    let over = match goal {
        Some(running) => s.arm.poll_goal(running)?,
        None => None,
    };
    if let Some(outcome) = over {
        ensure!(outcome.status == r2r::GoalStatus::Succeeded, "{outcome:?}");
        *goal = None;
    }
    if goal.is_none() {
        *goal = Some(s.start_motion()?);
    }
    Ok(())
}

/// Would catch: a takeover that waits for the supervisor, stops the arm, makes it jump, asks anybody
/// for a yes, or leaves the new holder without a successor.
#[test]
fn a_standby_goes_on_and_the_goals_succeed() -> Result<()> {
    let mut s = Scenario::enabled("chaos_02", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    s.wait_for_successor()?;
    s.arm.pump_for(Duration::from_millis(200));
    let before = s.boots();
    let mut goal = None;
    for trial in 0..trials() {
        s.wait_for_successor()?;
        keep_moving(&mut s, &mut goal)?;
        s.arm.pump_for(Duration::from_millis(137 * (trial as u64 % 7)));
        drives.clear();
        s.arm.pump_for(Duration::from_millis(100));
        let (holder, epoch, boots) = (s.holder()?, drives.epoch(), s.boots());
        let killed = steady_clock();
        s.kill(&holder)?;
        s.arm.pump_for(Duration::from_millis(400));
        drives.expect_following()?;
        let change = drives.change(epoch, killed)?;
        println!(
            "{trial}: {holder} killed: {:.1} ms to the first command of the next, {:.1} ms between \
             two commands, step {:.3} mrad",
            change.after * 1e3,
            change.between * 1e3,
            change.step * 1e3
        );
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
