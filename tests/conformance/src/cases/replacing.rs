//! One trajectory after another: by goal, by topic, at once or later.

use super::refusals::of_first_joint;
use super::{PASS, code, expect_aborted, expect_at, expect_smooth, expect_success, expect_taken};
use super::{ours_only, set_or_skip};
use crate::bench::{Bench, switch};
use crate::messages::{at_rest, goal, stamp};
use crate::suite::{Case, Verdict};
use anyhow::Result;
use r2r::control_msgs::action::FollowJointTrajectory::Goal;

pub(super) const CASES: &[Case] = &[
    Case { id: "J-066", title: "a partial trajectory holds the other joints", run: partial },
    Case {
        id: "J-071",
        title: "a partial trajectory replaces a running one",
        run: partial_replaces,
    },
    Case {
        id: "J-073",
        title: "a start in the past is entered without a jump",
        run: start_in_the_past,
    },
    Case { id: "J-074", title: "a running goal goes on until the next begins", run: later },
    Case {
        id: "J-075",
        title: "a replacement starts from the last command",
        run: from_the_command,
    },
    Case { id: "J-076", title: "replacing again and again never jumps", run: again_and_again },
];

fn partial(b: &mut Bench) -> Result<Verdict> {
    set_or_skip!(b, "allow_partial_joints_goal", switch(true));
    let answer = b.run(goal(of_first_joint(b, 0.03, 0.4)))?;
    expect_taken(b, &answer)?;
    let mut there = b.home.clone();
    if let Some(first) = there.first_mut() {
        *first += 0.03;
    }
    expect_at(b, &there)?;
    PASS
}

fn partial_replaces(b: &mut Bench) -> Result<Verdict> {
    set_or_skip!(b, "allow_partial_joints_goal", switch(true));
    let answer = b.run(b.move_to(0.02, 0.4))?;
    expect_taken(b, &answer)?;
    let mut first = b.start(b.move_to(0.02, 1.0))?;
    b.wait(0.2);
    let mut second = b.start(goal(of_first_joint(b, 0.04, 0.4)))?;
    let outcome = b.finish(&mut first)?;
    expect_aborted(b, &outcome, code::INVALID_GOAL, &["preempted"])?;
    let outcome = b.finish(&mut second)?;
    expect_success(b, &outcome)?;
    let mut there = b.near(0.02);
    if let Some(first) = there.first_mut() {
        *first += 0.02;
    }
    expect_at(b, &there)?;
    PASS
}

fn start_in_the_past(b: &mut Bench) -> Result<Verdict> {
    let mut path = b.path(vec![at_rest(&b.near(0.03), 0.8)]);
    path.header.stamp = stamp(-0.4);
    b.listen();
    let answer = b.run(goal(path))?;
    expect_taken(b, &answer)?;
    if b.is_ours() {
        expect_smooth(b)?;
    }
    expect_at(b, &b.near(0.03))?;
    PASS
}

/// Ends at rest `by` rad from home, `time` s after a start that lies `ahead` s in the future.
fn begins_later(b: &Bench, by: f64, time: f64, ahead: f64) -> Goal {
    let mut request = b.move_to(by, time);
    request.trajectory.header.stamp = stamp(ahead);
    request
}

fn later(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, "a stock controller drops the running trajectory at once");
    b.note("case", "the next begins while the first runs");
    let mut first = b.start(b.move_to(0.06, 1.2))?;
    b.wait(0.2);
    let mut second = b.start(begins_later(b, -0.01, 0.8, 0.5))?;
    b.listen();
    b.wait(0.4);
    let (ended, moved) = (b.poll(&mut first)?.is_some(), b.track().moved());
    b.expect(
        "the first goes on until then",
        !ended && moved > 0.015,
        format!("ended: {ended}, moved {:.1} mrad meanwhile", moved * 1e3),
    )?;
    let outcome = b.finish(&mut first)?;
    expect_aborted(b, &outcome, code::INVALID_GOAL, &["preempted"])?;
    let outcome = b.finish(&mut second)?;
    expect_success(b, &outcome)?;
    expect_smooth(b)?;
    expect_at(b, &b.near(-0.01))?;

    b.note("case", "the first ends before the next begins");
    let mut first = b.start(b.move_to(0.02, 0.4))?;
    let mut second = b.start(begins_later(b, 0.0, 0.4, 0.8))?;
    let outcome = b.finish(&mut first)?;
    expect_success(b, &outcome)?;
    let outcome = b.finish(&mut second)?;
    expect_success(b, &outcome)?;
    expect_smooth(b)?;
    PASS
}

fn from_the_command(b: &mut Bench) -> Result<Verdict> {
    let mut first = b.start(b.move_to(0.08, 1.0))?;
    b.wait(0.5);
    b.listen();
    let mut second = b.start(b.move_to(-0.02, 0.8))?;
    let outcome = b.finish(&mut first)?;
    expect_aborted(b, &outcome, code::INVALID_GOAL, &[])?;
    let outcome = b.finish(&mut second)?;
    expect_success(b, &outcome)?;
    if b.is_ours() {
        expect_smooth(b)?;
    }
    PASS
}

fn again_and_again(b: &mut Bench) -> Result<Verdict> {
    b.listen();
    for k in 0..5 {
        let by = if k % 2 == 0 { 0.03 } else { -0.03 };
        let path = b.path(vec![at_rest(&b.near(by), 0.8)]);
        b.publish(&path)?;
        b.wait(0.15);
    }
    expect_smooth(b)?;
    b.wait(0.9);
    expect_at(b, &b.near(0.03))?;
    PASS
}
