//! Case 5: the controller that was handed the lease is no good.
//!
//! - Before: all joints follow the plan of a goal; the new controller shadows well.
//! - Fault: 0.3 s after it was given the lease it panics, commands NaN, has a gain of the wrong sign, lets
//!   its error grow, or falls silent.
//! - After: the predecessor has the lease again, in a newer epoch, without a step; the supervisor says so;
//!   the goal succeeds.
//! - Detected: within 12 ms (three periods) for what can be seen in one command, within 2 s of probation
//!   for the rest.
//! - Recovered: the joints are without a new command for 100 ms at most.
//! - Undisturbed: all other nodes keep process and boot id; no joint ceases to follow.
//! - Degrades: control, a bad new version | moving | its predecessor takes the lease back | nothing to do;
//!   the bad one is not named again

use anyhow::{Result, ensure};
use rig::{Drives, Scenario, Single, figures};
use std::time::{Duration, Instant};

/// Time for a hand-over and its probation, s.
const TRIAL: f64 = 4.0;

/// The kinds of `faulty_control`.
const KINDS: [&str; 5] = ["panic", "nan", "wrong_sign", "error_grows", "silent"];
/// How long they behave, s.
const BEHAVES: f64 = 0.3;

/// Would catch: a bad successor that keeps the lease, stops the arm, or is named again.
#[test]
fn a_bad_successor_loses_the_lease() -> Result<()> {
    let mut s = Scenario::enabled("chaos_05", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    s.wait_for_successor()?;
    let before = s.boots();
    let (mut goal, mut begun) = (s.start_motion()?, Instant::now());
    for kind in KINDS {
        s.arm.world.heartbeats.remove("control_next");
        let _bad =
            Single::controller("faulty_control", "control_next", &[("FAULTY_CONTROL_KIND", kind)])?;
        s.wait_until_ready("control_next")?;
        // A wrong sign is none while the arm stands: the trial has to end before the motion does.
        if begun.elapsed().as_secs_f64() + TRIAL > s.program.duration() {
            s.expect_success(&mut goal)?;
            (goal, begun) = (s.start_motion()?, Instant::now());
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
        println!("{kind}: {back:?}: {}", answer.message);
        let limit = if ["panic", "nan", "silent"].contains(&kind) { 12.0 } else { 2000.0 };
        figures::at_most(&format!("{kind} rolled back"), "ms", took * 1e3, limit);
        figures::at_most("between two commands", "ms", back.between * 1e3, 100.0);
        figures::at_most("step of a setpoint", "mrad", back.step * 1e3, 1.0);
        drives.expect_following()?;
    }
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &["control_next"])
}
