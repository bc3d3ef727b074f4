//! Case 26: wall clocks jump, and differ between processes.
//!
//! - Before: all joints follow the plans of goals.
//! - Fault: the wall clock of every process jumps an hour ahead, then an hour behind, in motion; then that of
//!   one process after the other (the controllers, a driver, the supervisor, arm_controller), drawn from the
//!   seed, is an hour off. (By a library in front of the C library: a time namespace shifts steady clocks
//!   only, and those of one host are one.)
//! - After: nobody stops, nothing stale is accepted; goals sent before and after each jump succeed.
//! - Detected: nobody need: deadlines are on the steady clock.
//! - Recovered: nothing to recover from.
//! - Undisturbed: all nodes keep process and boot id; no joint ceases to follow.
//! - Degrades: the wall clock, an hour off or jumping | moving | nothing is noticed | nothing to do

use anyhow::{Context, Result, ensure};
use rand::seq::SliceRandom;
use rig::{Drives, Scenario, WallClocks, figures};
use std::time::Duration;

const HOUR: f64 = 3600.0;
const ALONE: [&str; 5] =
    ["control", "control_standby", "driver_joint_4", "supervisor", "arm_controller"];

/// Would catch: a deadline on the wall clock, stamps of two processes that are compared, a plan that waits
/// an hour for its start.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn nobody_lives_by_the_wall_clock() -> Result<()> {
    let mut dice = figures::dice();
    let clocks = WallClocks::preload("chaos_26", &ALONE)?;
    let mut s = Scenario::enabled("chaos_26", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    s.wait_for_successor()?;
    let before = s.boots();
    let mut goal = Some(s.start_motion()?);
    drives.clear();
    let mut failed = Vec::new();
    let mut jumps = vec![("all", HOUR), ("all", -HOUR), ("all", 0.0)];
    let mut alone = ALONE.to_vec();
    alone.shuffle(&mut dice);
    jumps.extend(alone.iter().flat_map(|node| [(*node, HOUR), (*node, -HOUR), (*node, 0.0)]));
    for (node, offset) in jumps {
        clocks.set(node, offset)?;
        let what = format!("the clock of {node} set to {offset:+} s");
        // Long enough for the goal that runs to end, and for the next one to be on its way.
        let time = Duration::from_secs_f64(s.program.duration().max(4.0));
        match s.move_for(&mut goal, time) {
            Ok(true) => println!("{what}: not noticed"),
            outcome => {
                let noticed = format!("{what}: {outcome:?}: {}", s.arm.world.describe());
                println!("{noticed}");
                failed.push(noticed);
                clocks.set(node, 0.0)?;
                goal = None;
                s.arm.pump_for(Duration::from_secs(1));
                s.say_yes().context("after a jump")?;
            }
        }
    }
    figures::at_most("jumps that were noticed", "", failed.len() as f64, 0.0);
    ensure!(failed.is_empty(), "noticed:\n{}", failed.join("\n"));
    if let Some(mut goal) = goal {
        s.expect_success(&mut goal)?;
    }
    drives.expect_following()?;
    s.expect_undisturbed(&before, &[])
}
