//! Case 3: the controller that holds the lease is frozen in motion and thawed later, so that two
//! processes believe to hold it.
//!
//! - Before: all joints follow the plan of a goal; a successor is named.
//! - Fault: SIGSTOP to the holder, SIGCONT half a second later.
//! - After: the standby goes on without a step; of the thawed one no command is followed, it steps down
//!   and becomes the next standby; the goal succeeds without a yes.
//! - Detected: the first command of the next holder within 50 ms.
//! - Recovered: the joints are without a new command for 100 ms at most.
//! - Undisturbed: all nodes keep process and boot id; no joint ceases to follow.
//! - Degrades: control, frozen | moving | the standby goes on with the motion | nothing to do: when it
//!   wakes it finds a newer epoch and steps down

use anyhow::{Result, ensure};
use rig::drives::steady_clock;
use rig::{Drives, Scenario, figures};
use std::time::Duration;

/// Would catch: a thawed holder that is obeyed, or that fights the new one.
#[test]
fn a_frozen_holder_is_replaced_and_steps_down_when_it_wakes() -> Result<()> {
    let mut s = Scenario::enabled("chaos_03", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    s.wait_for_successor()?;
    let mut goal = s.start_motion()?;
    drives.clear();
    s.arm.pump_for(Duration::from_millis(100));
    let (holder, epoch, before) = (s.holder()?, drives.epoch(), s.boots());
    let frozen = steady_clock();
    s.signal(&holder, libc::SIGSTOP)?;
    s.arm.pump_for(Duration::from_millis(500));
    let change = drives.change(epoch, frozen)?;
    figures::at_most("taken over", "ms", change.after * 1e3, 50.0);
    figures::at_most("between two commands", "ms", change.between * 1e3, 100.0);
    s.signal(&holder, libc::SIGCONT)?;
    ensure!(change.step < 1e-3, "{change:?}");
    s.wait_until_ready(&holder)?;
    s.expect_success(&mut goal)?;
    drives.expect_following()?;
    figures::at_most("commands followed out of order", "", drives.steps_back() as f64, 0.0);
    for (joint, epochs) in drives.epochs().iter().enumerate() {
        ensure!(epochs.first() == Some(&epoch), "joint {joint}: {epochs:?}");
        ensure!(epochs.is_sorted(), "joint {joint}: {epochs:?}");
    }
    // It is the successor now and may have had to take over in turn, in an epoch of its own.
    println!("epochs {:?}, held by {} now", drives.epochs().first(), s.holder()?);
    s.expect_undisturbed(&before, &[])
}
