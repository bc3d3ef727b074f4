//! Case 4: the controller is replaced on purpose while the arm moves.
//!
//! - Before: all joints follow the plan of a goal; a successor is named.
//! - Fault: none: arm/hand_over to the successor, to and fro.
//! - After: every joint follows the next epoch without a step, and the goal succeeds.
//! - Detected: not a fault.
//! - Recovered: the joints are without a new command for 5 ms at most beyond the period, 20 ms on a machine
//!   that is not real-time.
//! - Undisturbed: all nodes keep process and boot id; no joint ceases to follow.
//! - Degrades: control, handed over | moving | nothing is noticed | nothing to do

use anyhow::{Result, ensure};
use rig::{Drives, Scenario, figures};
use std::time::Duration;

/// Hand-overs per run; more by `TRIALS`.
fn trials() -> usize {
    std::env::var("TRIALS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// Would catch: a planned change that costs the drives a command, or that anybody else notices.
#[test]
fn the_lease_goes_to_and_fro_in_motion_without_a_gap() -> Result<()> {
    let mut s = Scenario::enabled("chaos_04", &[])?;
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
        println!("{trial}: {}: epoch {}, {change:?}", answer.message, answer.epoch);
        figures::at_most("gap in the commands", "ms", answer.gap * 1e3, 5.0);
        figures::at_most("between two commands", "ms", change.between * 1e3, 20.0);
        figures::at_most("step of a setpoint", "mrad", change.step * 1e3, 1.0);
        drives.expect_following()?;
        ensure!(change.step < 1e-3, "{change:?}");
    }
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &[])
}
