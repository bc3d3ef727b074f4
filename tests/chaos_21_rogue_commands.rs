//! Case 21: a process that does not hold the lease publishes commands with valid content.
//!
//! - Before: all joints follow the plan of a goal.
//! - Fault: 3 s of commands with the epoch in force, the next one and one far ahead, from a stranger.
//! - After: none of them is followed, each is counted as `not_holder`, the supervisor names the stranger, and
//!   the goal succeeds.
//! - Detected: the stranger is named within 1 s.
//! - Recovered: nothing to recover from.
//! - Undisturbed: all nodes keep process and boot id; no joint ceases to follow.
//! - Degrades: a rogue publisher | moving | its commands are refused and counted, it is named | nothing to
//!   do; stop the stranger

use crate::strangers::{FOREIGN, Stranger};
use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::diagnostic_msgs::msg::DiagnosticArray;
use rig::{Drives, Scenario, figures};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A boot id that nobody drew.
const STRANGER: u64 = 0x0BAD_0BAD;

/// Would catch: a driver that obeys whoever speaks last, a flood that hides the holder's commands, a
/// refusal that is not counted under its name.
#[test]
fn commands_of_a_stranger_are_refused_and_counted_and_the_goal_succeeds() -> Result<()> {
    let mut s = Scenario::enabled("chaos_21", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    let stranger = Stranger::new(&mut s)?;
    s.wait_for_successor()?;
    let before = s.boots();
    let mut goal = s.start_motion()?;
    drives.clear();
    s.arm.pump_for(Duration::from_millis(200));
    let was = stranger.refused_as("not_holder").context("no telemetry")?;
    let named = Rc::new(Cell::new(false));
    let found = Rc::clone(&named);
    let qos = QosProfile::default().keep_last(64);
    s.arm.each::<DiagnosticArray>("/diagnostics", qos, move |array| {
        let mut strangers = array.status.iter().filter(|s| s.name == "supervisor: strangers");
        found.set(found.get() || strangers.any(|s| s.message.contains("rig")));
    })?;
    let began = Instant::now();
    let until = began + Duration::from_secs(3);
    let mut told = false;
    while Instant::now() < until {
        s.arm.pump();
        if named.get() && !told {
            figures::took("the stranger is named", began.elapsed(), 1000.0);
            told = true;
        }
        let Some(mut bad) = stranger.heard() else { continue };
        bad.sequence = FOREIGN + bad.sequence % FOREIGN;
        bad.position.iter_mut().for_each(|p| *p += 0.001);
        // A stranger with the epoch in force, with the next one, and with one far ahead.
        for ahead in [0, 1, 1_000_000] {
            (bad.boot_id, bad.epoch) = (STRANGER, drives.epoch() + ahead);
            stranger.say(&bad)?;
        }
    }
    s.arm.pump_for(Duration::from_millis(300));
    let refused = stranger.refused_as("not_holder").unwrap_or(0) - was;
    println!("{refused} commands refused as not_holder, epochs {:?}", drives.epochs());
    ensure!(refused > 500, "only {refused} refusals were counted");
    ensure!(drives.largest_sequence() < FOREIGN, "a command of the stranger was followed");
    ensure!(named.get(), "nobody named the stranger");
    s.expect_success(&mut goal)?;
    drives.expect_following()?;
    s.expect_undisturbed(&before, &[])
}
