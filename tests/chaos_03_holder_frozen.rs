//! The controller that holds the lease is frozen in motion and thawed half a second later: two
//! processes believe to hold the lease.
#![cfg(feature = "system")]

use anyhow::{Result, ensure};
use rig::drives::steady_clock;
use rig::{Drives, Scenario};
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
    println!("taken over {:.1} ms after the freeze, {change:?}", change.after * 1e3);
    s.signal(&holder, libc::SIGCONT)?;
    ensure!(change.step < 1e-3, "{change:?}");
    s.wait_until_ready(&holder)?;
    s.expect_success(&mut goal)?;
    drives.expect_following()?;
    for (joint, epochs) in drives.epochs().iter().enumerate() {
        ensure!(epochs.first() == Some(&epoch), "joint {joint}: {epochs:?}");
        ensure!(epochs.is_sorted(), "joint {joint}: {epochs:?}");
    }
    // It is the successor now and may have had to take over in turn, in an epoch of its own.
    println!("epochs {:?}, held by {} now", drives.epochs().first(), s.holder()?);
    s.expect_undisturbed(&before, &[])
}
