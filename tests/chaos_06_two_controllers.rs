//! Case 6: two controllers publish at once.
//!
//! - Before: all joints follow the plans of goals.
//! - Fault: the holder is killed, and for 10,000 bus cycles somebody goes on in its name: its boot id,
//!   its epoch, rising numbers, fresh stamps, other positions.
//! - After: all joints follow the same epoch in every cycle, and nobody follows the old one; the goals
//!   succeed.
//! - Detected: at once: the takeover is the last cycle in which epochs may differ.
//! - Recovered: nothing to recover from.
//! - Undisturbed: all nodes but the killed one keep process and boot id; no joint ceases to follow.
//! - Degrades: two controllers | moving | the newer epoch is followed by all joints, the older by none |
//!   nothing to do

use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::msg::JointCommand;
use rig::{Drives, Scenario, figures};
use std::time::{Duration, Instant};

/// Bus cycles in which both publish.
const CYCLES: usize = 10_000;
/// How far beside, rad.
const BESIDE: f64 = 0.05;

/// Would catch: joints that mix two controllers, an epoch that is accepted again, a flood of the old
/// one's commands that hides those of the new one.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn of_two_controllers_one_is_followed_by_all_joints() -> Result<()> {
    let mut s = Scenario::enabled("chaos_06", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    let stream = || QosProfile::default().best_effort().keep_last(1);
    let heard = s.arm.listen::<JointCommand>("joint_command", stream())?;
    s.wait_for_successor()?;
    let before = s.boots();
    let mut goal = Some(s.start_motion()?);
    let ghost = s.arm.node().create_publisher::<JointCommand>("joint_command", stream())?;
    let mut last = heard.borrow().clone().context("no command was heard")?;
    let holder = s.holder()?;
    drives.clear();
    s.kill(&holder)?;
    let epoch = last.epoch;
    let (begin, offset) = (Instant::now(), last.sent_at_ns);
    let limit = Duration::from_secs(180);
    while drives.fewest() < CYCLES && begin.elapsed() < limit {
        let passed = u64::try_from(begin.elapsed().as_nanos())?;
        last.sequence += 1;
        (last.sent_at_ns, last.setpoint_at_ns) = (offset + passed, offset + passed + 10_000_000);
        if let Some(true) = heard.borrow().as_ref().map(|new| new.boot_id != last.boot_id) {
            let position = heard.borrow().as_ref().map(|new| new.position.clone());
            last.position = position.unwrap_or_default().iter().map(|p| p + BESIDE).collect();
        }
        ghost.publish(&last)?;
        s.keep_moving(&mut goal)?;
    }
    let (cycles, mixed) = drives.mixed();
    println!("{cycles} cycles with all joints, at most {mixed} in a row with two epochs");
    ensure!(cycles > CYCLES / 2, "only {cycles} cycles were heard of all joints");
    figures::at_most("cycles with two epochs in a row", "", mixed as f64, 1.0);
    figures::at_least("cycles watched", "", drives.fewest() as f64, CYCLES as f64);
    let back = drives.steps_back();
    ensure!(back == 0, "{back} commands were followed after newer ones");
    drives.expect_following()?;
    let newest = drives.epoch();
    ensure!(newest > epoch, "epoch {newest} after {epoch}: nobody took over");
    let step = drives.largest_step();
    ensure!(step < BESIDE / 5.0, "a setpoint stepped by {step} rad");
    if let Some(mut goal) = goal {
        s.expect_success(&mut goal)?;
    }
    s.expect_undisturbed(&before, &[&holder])
}
