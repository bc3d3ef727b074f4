//! A process that does not hold the lease publishes commands with valid content.
#![cfg(feature = "system")]

use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::msg::{JointCommand, JointTelemetry};
use r2r::diagnostic_msgs::msg::DiagnosticArray;
use rig::{Drives, Scenario};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A boot id that nobody drew.
const STRANGER: u64 = 0x0BAD_0BAD;

/// Its commands count from here; those of controllers do not come so far in a test.
const FOREIGN: u64 = 1_000_000;

/// Would catch: a driver that obeys whoever speaks last, a flood that hides the holder's commands, a
/// refusal that is not counted under its name.
#[test]
fn commands_of_a_stranger_are_refused_and_counted_and_the_goal_succeeds() -> Result<()> {
    let mut s = Scenario::enabled("chaos_21", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    let stream = || QosProfile::default().best_effort().keep_last(1);
    let heard = s.arm.listen::<JointCommand>("joint_command", stream())?;
    let telemetry = s.arm.listen::<JointTelemetry>(
        "joints/joint_2/telemetry",
        QosProfile::default().keep_last(10),
    )?;
    s.wait_for_successor()?;
    let before = s.boots();
    let mut goal = s.start_motion()?;
    let rogue = s.arm.node().create_publisher::<JointCommand>("joint_command", stream())?;
    let count = |name: &str| {
        let told = telemetry.borrow();
        let told = told.as_ref()?;
        let index = told.refusal_reasons.iter().position(|reason| reason == name)?;
        told.refusal_counts.get(index).copied()
    };
    drives.clear();
    s.arm.pump_for(Duration::from_millis(200));
    let was = count("not_holder").context("no telemetry")?;
    let named = Rc::new(Cell::new(false));
    let found = Rc::clone(&named);
    let qos = QosProfile::default().keep_last(64);
    s.arm.each::<DiagnosticArray>("/diagnostics", qos, move |array| {
        let mut strangers = array.status.iter().filter(|s| s.name == "supervisor: strangers");
        found.set(found.get() || strangers.any(|s| s.message.contains("rig")));
    })?;
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        s.arm.pump();
        let Some(mut bad) = heard.borrow().clone() else { continue };
        bad.sequence = FOREIGN + bad.sequence % FOREIGN;
        bad.position.iter_mut().for_each(|p| *p += 0.001);
        // A stranger with the epoch in force, with the next one, and with one far ahead.
        for ahead in [0, 1, 1_000_000] {
            (bad.boot_id, bad.epoch) = (STRANGER, drives.epoch() + ahead);
            rogue.publish(&bad)?;
        }
    }
    s.arm.pump_for(Duration::from_millis(300));
    let refused = count("not_holder").unwrap_or(0) - was;
    println!("{refused} commands refused as not_holder, epochs {:?}", drives.epochs());
    ensure!(refused > 500, "only {refused} refusals were counted");
    ensure!(drives.largest_sequence() < FOREIGN, "a command of the stranger was followed");
    ensure!(named.get(), "nobody named the stranger");
    s.expect_success(&mut goal)?;
    drives.expect_following()?;
    s.expect_undisturbed(&before, &[])
}
