//! Deviations on the way and at the end.

use super::{PASS, code, expect_aborted, expect_at, expect_success, expect_taken};
use super::{ours_only, set_or_skip};
use crate::bench::{Answer, Bench, number};
use crate::messages::{at_rest, goal, positions, tolerance, tolerances};
use crate::suite::{Case, Verdict};
use anyhow::{Result, bail};
use r2r::control_msgs::msg::JointTolerance;
use rig::program::duration;

pub(super) const CASES: &[Case] = &[
    Case { id: "J-021", title: "one point within the goal tolerance succeeds", run: one_within },
    Case {
        id: "J-022",
        title: "several points within the goal tolerance succeed",
        run: several_within,
    },
    Case {
        id: "J-023",
        title: "a goal's own tolerances count for it alone, in any order",
        run: own,
    },
    Case { id: "J-025", title: "a broken path tolerance aborts and holds", run: path_broken },
    Case { id: "J-026", title: "a broken goal tolerance aborts and holds", run: goal_broken },
    Case { id: "J-027", title: "a goal at time zero makes no step", run: at_time_zero },
    Case { id: "J-051", title: "tolerances change while running", run: changed_live },
    Case { id: "J-064", title: "velocities count in position mode, too", run: velocity_counts },
    Case { id: "J-080", title: "a path tolerance broken on the topic holds", run: topic_path },
    Case { id: "J-081", title: "a goal tolerance broken on the topic holds", run: topic_goal },
];

/// What no arm of metal meets, rad.
const IMPOSSIBLE: f64 = 1e-7;

fn one_within(b: &mut Bench) -> Result<Verdict> {
    let mut request = b.move_to(0.03, 0.4);
    request.goal_tolerance = tolerances(&b.joints, 0.1);
    let answer = b.run(request)?;
    expect_taken(b, &answer)?;
    PASS
}

fn several_within(b: &mut Bench) -> Result<Verdict> {
    let points = vec![at_rest(&b.near(0.02), 0.3), at_rest(&b.near(0.03), 0.6)];
    let mut request = goal(b.path(points));
    request.goal_tolerance = tolerances(&b.joints, 0.1);
    let answer = b.run(request)?;
    expect_taken(b, &answer)?;
    PASS
}

fn own(b: &mut Bench) -> Result<Verdict> {
    let Some(strict) = b.joints.get(1).cloned() else { bail!("needs two joints") };
    let mut request = b.move_to(0.03, 0.5);
    let mut list: Vec<_> = b.joints.iter().map(|joint| tolerance(joint, -1.0)).collect();
    list.reverse();
    for tolerance in list.iter_mut().filter(|t| t.name == strict) {
        tolerance.position = IMPOSSIBLE;
    }
    request.path_tolerance = list;
    let answer = b.run(request)?;
    let Answer::Ended(outcome) = answer else { bail!("the goal was rejected") };
    expect_aborted(b, &outcome, code::PATH_TOLERANCE_VIOLATED, &[&strict])?;
    let answer = b.run(b.move_to(0.03, 0.5))?;
    expect_taken(b, &answer)?;
    PASS
}

fn path_broken(b: &mut Bench) -> Result<Verdict> {
    let mut request = goal(b.path(vec![at_rest(&b.near(0.04), 0.4), at_rest(&b.near(0.05), 0.6)]));
    request.path_tolerance = tolerances(&b.joints, IMPOSSIBLE);
    let Answer::Ended(outcome) = b.run(request)? else { bail!("the goal was rejected") };
    expect_aborted(b, &outcome, code::PATH_TOLERANCE_VIOLATED, &["path tolerance", "rad"])?;
    b.wait(0.3);
    let track = b.track();
    b.expect("the arm stands", track.is_at_rest(), format!("at rest: {}", track.is_at_rest()))?;
    let left = track.distance(&b.near(0.05));
    b.expect("before the goal", left > 0.01, format!("{:.1} mrad before it", left * 1e3))?;
    PASS
}

fn goal_broken(b: &mut Bench) -> Result<Verdict> {
    let mut request = b.move_to(0.02, 0.4);
    request.goal_tolerance = tolerances(&b.joints, IMPOSSIBLE * 1e-3);
    request.goal_time_tolerance = duration(0.05);
    let Answer::Ended(outcome) = b.run(request)? else { bail!("the goal was rejected") };
    expect_aborted(b, &outcome, code::GOAL_TOLERANCE_VIOLATED, &["goal_time_tolerance"])?;
    expect_at(b, &b.near(0.02))?;
    PASS
}

fn at_time_zero(b: &mut Bench) -> Result<Verdict> {
    let mut request = goal(b.path(vec![positions(&b.near(0.02), 0.0)]));
    request.path_tolerance = tolerances(&b.joints, 1e-3);
    let Answer::Ended(outcome) = b.run(request)? else { bail!("the goal was rejected") };
    if b.is_ours() {
        // A step would break any tolerance: the arm goes there within its limits instead.
        expect_success(b, &outcome)?;
        super::expect_smooth(b)?;
        expect_at(b, &b.near(0.02))?;
    } else {
        expect_aborted(b, &outcome, code::PATH_TOLERANCE_VIOLATED, &[])?;
    }
    PASS
}

fn changed_live(b: &mut Bench) -> Result<Verdict> {
    let joint = b.joints.first().cloned().unwrap_or_default();
    set_or_skip!(b, &format!("constraints.{joint}.trajectory"), number(IMPOSSIBLE));
    let Answer::Ended(outcome) = b.run(b.move_to(0.03, 0.4))? else { bail!("rejected") };
    expect_aborted(b, &outcome, code::PATH_TOLERANCE_VIOLATED, &[&joint])?;
    set_or_skip!(b, &format!("constraints.{joint}.trajectory"), number(0.2));
    let answer = b.run(b.move_to(0.03, 0.4))?;
    expect_taken(b, &answer)?;
    PASS
}

fn velocity_counts(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, "a stock controller has no velocity error with a position command");
    let mut request = b.move_to(0.03, 0.4);
    let of = |joint: &String| JointTolerance {
        name: joint.clone(),
        velocity: IMPOSSIBLE,
        ..JointTolerance::default()
    };
    request.path_tolerance = b.joints.iter().map(of).collect();
    let Answer::Ended(outcome) = b.run(request)? else { bail!("the goal was rejected") };
    expect_aborted(b, &outcome, code::PATH_TOLERANCE_VIOLATED, &["velocity", "rad/s"])?;
    PASS
}

fn topic_path(b: &mut Bench) -> Result<Verdict> {
    let joint = b.joints.first().cloned().unwrap_or_default();
    set_or_skip!(b, &format!("constraints.{joint}.trajectory"), number(IMPOSSIBLE));
    let path = b.path(vec![at_rest(&b.near(0.05), 0.6)]);
    b.publish(&path)?;
    b.wait(0.7);
    let held = b.reference();
    b.wait(0.2);
    let track = b.track();
    let (moved, left) = (track.distance(&held), track.distance(&b.near(0.05)));
    b.expect(
        "held before the goal, and the hold point stays",
        track.is_at_rest() && moved < 1e-6 && left > 0.01,
        format!("{:.1} mrad before the goal, moved {:.3} mrad", left * 1e3, moved * 1e3),
    )?;
    PASS
}

fn topic_goal(b: &mut Bench) -> Result<Verdict> {
    let joint = b.joints.first().cloned().unwrap_or_default();
    set_or_skip!(b, &format!("constraints.{joint}.goal"), number(IMPOSSIBLE * 1e-3));
    set_or_skip!(b, "constraints.goal_time", number(0.05));
    let path = b.path(vec![at_rest(&b.near(0.02), 0.3)]);
    b.publish(&path)?;
    b.wait(0.6);
    expect_at(b, &b.near(0.02))?;
    PASS
}
