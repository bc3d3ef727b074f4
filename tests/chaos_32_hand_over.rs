//! The controller is replaced on purpose while the arm moves.

use anyhow::{Result, ensure};
use rig::{Drives, Scenario, Single};
use std::time::Duration;

/// Hand-overs per run; more by `TRIALS`.
fn trials() -> usize {
    std::env::var("TRIALS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// Would catch: a planned change that costs the drives a command, or that anybody else notices.
#[test]
fn the_lease_goes_to_and_fro_in_motion_without_a_gap() -> Result<()> {
    let mut s = Scenario::enabled("chaos_32", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    s.wait_for_successor()?;
    let mut goal = s.start_motion()?;
    let before = s.boots();
    for trial in 0..trials() {
        if s.arm.poll_goal(&mut goal)?.is_some() {
            goal = s.start_motion()?;
        }
        s.wait_for_successor()?;
        drives.clear();
        s.arm.pump_for(Duration::from_millis(100));
        let epoch = drives.epoch();
        let answer = s.hand_over("", 0.5)?;
        ensure!(answer.success, "{answer:?}");
        let change = drives.change(epoch, 0.0)?;
        println!(
            "{trial}: {}: epoch {}, gap {:.1} ms, {:.1} ms between two commands, step {:.3} mrad",
            answer.message,
            answer.epoch,
            answer.gap * 1e3,
            change.between * 1e3,
            change.step * 1e3
        );
        drives.expect_following()?;
        ensure!(change.step < 1e-3, "{change:?}");
    }
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &[])
}

/// The kinds of `faulty_control`.
const KINDS: [&str; 5] = ["panic", "nan", "wrong_sign", "error_grows", "silent"];
/// How long they behave, s.
const BEHAVES: f64 = 0.3;

/// Would catch: a bad successor that keeps the lease, stops the arm, or is named again.
#[test]
fn a_bad_successor_loses_the_lease() -> Result<()> {
    let mut s = Scenario::enabled("chaos_32_bad", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    s.wait_for_successor()?;
    let before = s.boots();
    let mut goal = s.start_motion()?;
    for kind in KINDS {
        s.arm.world.heartbeats.remove("control_next");
        let _bad =
            Single::controller("faulty_control", "control_next", &[("FAULTY_CONTROL_KIND", kind)])?;
        s.wait_until_ready("control_next")?;
        if s.arm.poll_goal(&mut goal)?.is_some() {
            goal = s.start_motion()?;
        }
        drives.clear();
        s.arm.pump_for(Duration::from_millis(50));
        let holder = s.holder()?;
        let mut answer = s.hand_over("control_next", 2.0)?;
        while answer.message.contains("no live controller") && s.epoch() > 0 {
            // The supervisor has not heard it yet.
            s.wait_until_ready("control_next")?;
            s.arm.pump_for(Duration::from_millis(500));
            drives.clear();
            answer = s.hand_over("control_next", 2.0)?;
        }
        s.arm.pump_for(Duration::from_millis(200));
        ensure!(answer.message.contains("taken back"), "{kind}: {answer:?}");
        ensure!(!answer.success && s.holder()? == holder, "{kind}: {answer:?}");
        let began = drives.change(answer.epoch - 2, 0.0)?.after;
        let back = drives.change(answer.epoch - 1, 0.0)?;
        let took = back.after - began - BEHAVES;
        println!(
            "{kind}: rolled back after {:.1} ms, {:.1} ms between two commands, step {:.3} mrad: {}",
            took * 1e3,
            back.between * 1e3,
            back.step * 1e3,
            answer.message
        );
        drives.expect_following()?;
    }
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &["control_next"])
}
