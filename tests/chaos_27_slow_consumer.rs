//! Case 27: somebody who listens is frozen for a minute.
//!
//! - Before: all joints follow the plans of goals; three stations of others listen, reliably, to
//!   joint_states.
//! - Fault: SIGSTOP to the stations for 60 s.
//! - After: no publisher waits for them, and none keeps what they do not take; the goals succeed.
//! - Detected: nobody need.
//! - Recovered: they hear the joints again when they wake.
//! - Undisturbed: all nodes keep process and boot id, their memory and the 99th percentile of their periods.
//! - Degrades: a listener, frozen | any | it misses what is sent; nobody waits for it | nothing to do

use crate::stations::Station;
use anyhow::{Context, Result, ensure};
use rig::process::{memory, signal};
use rig::{Drives, Scenario, figures};
use std::collections::BTreeMap;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(60);
/// MB that a process may have grown.
const GROWTH: f64 = 2.0;

fn memories(s: &Scenario) -> BTreeMap<String, f64> {
    let beats = s.arm.world.heartbeats.iter();
    beats.filter_map(|(node, beat)| Some((node.clone(), memory(beat.pid).ok()?))).collect()
}

/// Would catch: a reliable writer that blocks on a full history, a queue that grows without end.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn a_frozen_listener_costs_nobody_time_or_memory() -> Result<()> {
    let mut s = Scenario::enabled("chaos_27", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    let stations = (0..3).map(|n| Station::start(n, 1)).collect::<Result<Vec<_>>>()?;
    for station in &stations {
        station.wait_until_usable(Duration::from_secs(30))?;
    }
    s.wait_for_successor()?;
    let mut goal = Some(s.start_motion()?);
    // What grows in the first seconds of work is not what is looked for.
    ensure!(s.move_for(&mut goal, Duration::from_secs(10))?, "{}", s.arm.world.describe());
    let witness = s.witness();
    let before = memories(&s);
    drives.clear();
    for station in &stations {
        signal(station.id(), libc::SIGSTOP)?;
    }
    let enabled = s.move_for(&mut goal, TIME)?;
    let after = memories(&s);
    let growth = |(node, was): (&String, &f64)| Some((after.get(node)? - was, node.clone()));
    let worst = before.iter().filter_map(growth).max_by(|a, b| a.0.total_cmp(&b.0));
    let (grown, node) = worst.context("nobody's memory is known")?;
    println!("{node} grew most");
    figures::at_most("memory grown in 60 s, worst node", "MB", grown, GROWTH);
    ensure!(grown < 20.0 * GROWTH, "{node} grew by {grown} MB in {TIME:?}");
    ensure!(enabled, "the arm held: {}", s.arm.world.describe());
    for station in &stations {
        signal(station.id(), libc::SIGCONT)?;
    }
    if let Some(mut goal) = goal {
        s.expect_success(&mut goal)?;
    }
    drives.expect_following()?;
    witness.expect_undisturbed(&mut s, &[])
}
