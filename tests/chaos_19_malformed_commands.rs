//! Case 19: malformed trajectories and commands.
//!
//! - Before: all joints follow the plan of a goal.
//! - Fault: goals with NaN, infinity, wrong sizes, unknown and double joints, a million points, times that
//!   do not rise, a stamp of an hour ago, positions beyond the limits; commands in the name of the holder
//!   with NaN, infinity, another joint order, a wild validity, mode or number.
//! - After: every one is refused with a reason, none is followed, nothing that runs is lost: the goal
//!   succeeds.
//! - Detected: each refusal is an answer of the service that was asked.
//! - Recovered: nothing to recover from.
//! - Undisturbed: all nodes keep process and boot id; no joint ceases to follow; the 99th percentile of
//!   control's period.
//! - Degrades: a client that sends nonsense | moving | it is refused with a reason that names joint, point
//!   and limit; the plan that runs goes on | nothing to do

use crate::strangers::{FOREIGN, Stranger};
use anyhow::{Context, Result, ensure};
use r2r::armature_msgs::msg::JointCommand;
use r2r::trajectory_msgs::msg::{JointTrajectory, JointTrajectoryPoint};
use rig::program::{duration, point};
use rig::{Drives, Scenario};
use std::time::{Duration, Instant};

/// Malformed trajectories, each with words that its refusal must say.
fn malformed(good: &JointTrajectory, now: i32) -> Vec<(&'static str, JointTrajectory)> {
    let rest = [0.0; 6];
    let change = |change: &dyn Fn(&mut JointTrajectory)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad
    };
    let value = |value: f64| {
        change(&|bad| {
            if let Some(v) = bad.points.first_mut().and_then(|p| p.positions.get_mut(2)) {
                *v = value;
            }
        })
    };
    let names = |names: [&str; 2]| {
        change(&|bad| {
            for (to, name) in bad.joint_names.iter_mut().zip(names) {
                *to = name.to_owned();
            }
        })
    };
    vec![
        ("joint_3", value(f64::NAN)),
        ("joint_3", value(f64::INFINITY)),
        ("joint_3", value(50.0)),
        ("elbow", names(["joint_1", "elbow"])),
        ("twice", names(["joint_1", "joint_1"])),
        ("no joints", change(&|bad| bad.joint_names.clear())),
        ("no points", change(&|bad| bad.points.clear())),
        ("5 positions", change(&|bad| bad.points = vec![point(&rest[..5], 1.0)])),
        ("not later", change(&|bad| bad.points = vec![point(&rest, 2.0), point(&rest, 1.0)])),
        ("past", change(&|bad| bad.header.stamp.sec = now - 3600)),
        (
            "joint_3",
            change(&|bad| {
                if let Some(v) = bad.points.first_mut().and_then(|p| p.velocities.get_mut(2)) {
                    *v = f64::NAN;
                }
            }),
        ),
    ]
}

/// A million points of nothing but positions.
fn million(good: &JointTrajectory) -> JointTrajectory {
    let at = |k: u32| JointTrajectoryPoint {
        positions: vec![0.0; 6],
        time_from_start: duration(f64::from(k) * 0.001),
        ..JointTrajectoryPoint::default()
    };
    JointTrajectory { points: (1..=1_000_000).map(at).collect(), ..good.clone() }
}

/// Commands in the name of the holder that nobody must follow.
fn wild(good: &JointCommand) -> Vec<JointCommand> {
    let change = |change: &dyn Fn(&mut JointCommand)| {
        let mut bad = good.clone();
        bad.sequence += FOREIGN;
        change(&mut bad);
        bad
    };
    let set =
        |values: &mut Vec<f64>, value: f64| values.iter_mut().take(1).for_each(|v| *v = value);
    vec![
        change(&|bad| set(&mut bad.position, f64::NAN)),
        change(&|bad| set(&mut bad.position, 1e9)),
        change(&|bad| set(&mut bad.velocity, f64::INFINITY)),
        change(&|bad| set(&mut bad.acceleration, f64::NAN)),
        change(&|bad| set(&mut bad.effort, f64::NEG_INFINITY)),
        change(&|bad| bad.joint_order_hash ^= 1),
        change(&|bad| bad.valid_for = f64::NAN),
        change(&|bad| bad.valid_for = -1.0),
        change(&|bad| bad.valid_for = 3600.0),
        change(&|bad| bad.mode = 99),
        change(&|bad| bad.epoch = 0),
        change(&|bad| {
            bad.sequence = u64::MAX;
            set(&mut bad.position, f64::NAN);
        }),
    ]
}

/// Sends a goal that must not run; the reason it is refused with.
fn refusal(s: &mut Scenario, bad: JointTrajectory) -> Result<String> {
    match s.arm.send(bad) {
        Err(error) => Ok(format!("{error:#}")),
        Ok(mut goal) => {
            let outcome = s.arm.finish(&mut goal, Duration::from_secs(20))?;
            ensure!(outcome.status == r2r::GoalStatus::Aborted, "not refused: {outcome:?}");
            Ok(outcome.error_string)
        }
    }
}

/// Would catch: a NaN that passes because no comparison with it is true, a refusal without a reason, a
/// number that shuts out the holder's next commands, a controller that a million points hold up.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn nonsense_is_refused_with_a_reason_and_the_goal_succeeds() -> Result<()> {
    let mut s = Scenario::enabled("chaos_19", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    let stranger = Stranger::new(&mut s)?;
    s.wait_for_successor()?;
    let witness = s.witness();
    // At the door by the heartbeat, behind it by reason.
    let refused = |s: &Scenario| {
        stranger.refused()
            + s.arm.world.heartbeats.get("driver_joint_2").map_or(0, |beat| beat.refused)
    };

    let mut goal = s.start_motion()?;
    s.arm.pump_for(Duration::from_millis(300));
    let (was, mut sent) = (refused(&s), 0_u64);
    drives.clear();
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        let good = stranger.heard().filter(|good| good.sequence < FOREIGN);
        for bad in good.iter().flat_map(wild) {
            stranger.say(&bad)?;
            s.arm.pump_for(Duration::from_millis(4));
            sent += 1;
        }
        s.arm.pump();
    }
    s.arm.pump_for(Duration::from_millis(300));
    let counted = refused(&s) - was;
    println!("{sent} wild commands, {counted} refusals by one driver");
    ensure!(counted > sent / 4, "refusals are not counted");
    ensure!(drives.largest_sequence() < FOREIGN, "a wild command was followed");
    drives.expect_following()?;
    s.expect_success(&mut goal)?;

    let good = s.program.trajectory();
    let mut goal = s.start_motion()?;
    let now = s.arm.world.control.as_ref().map_or(0, |state| state.stamp.sec);
    for (part, bad) in malformed(&good, now) {
        let reason = refusal(&mut s, bad)?;
        println!("{part}: {reason}");
        ensure!(reason.contains(part), "no {part:?} in the reason: {reason}");
    }
    s.expect_success(&mut goal)?;
    let mut goal = s.start_motion()?;
    let reason = refusal(&mut s, million(&good))?;
    println!("a million points: {reason}");
    ensure!(reason.contains("1000000"), "no count in the reason: {reason}");
    s.expect_success(&mut goal)?;
    drives.expect_following().context("beside the malformed goals")?;
    witness.expect_undisturbed(&mut s, &[])
}
