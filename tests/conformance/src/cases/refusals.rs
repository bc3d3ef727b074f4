//! Trajectories that must not run, and the reason that is given.
#![allow(clippy::indexing_slicing)] // trajectories of this file, with one point at least

use super::{PASS, code, expect_refused, expect_taken, set_or_skip};
use crate::bench::{Bench, switch};
use crate::messages::{at_rest, goal, moving, positions, stamp};
use crate::suite::{Case, Verdict};
use anyhow::Result;
use r2r::trajectory_msgs::msg::JointTrajectory;
use rig::program::duration;

pub(super) const CASES: &[Case] = &[
    Case {
        id: "J-032",
        title: "an end velocity is refused, then zero is accepted",
        run: end_velocity,
    },
    Case { id: "J-067", title: "a partial trajectory is refused when not allowed", run: partial },
    Case { id: "J-068", title: "eleven malformed trajectories are refused", run: malformed },
    Case {
        id: "J-069",
        title: "an end velocity on the topic moves nothing",
        run: topic_end_velocity,
    },
    Case {
        id: "J-070",
        title: "positions may be missing when integration is allowed",
        run: integrated,
    },
    Case {
        id: "J-072",
        title: "a trajectory that is over is refused and disturbs nobody",
        run: over,
    },
];

fn end_velocity(b: &mut Bench) -> Result<Verdict> {
    let there = b.near(0.02);
    let answer = b.run(goal(b.path(vec![moving(&there, &vec![0.1; there.len()], 0.4)])))?;
    expect_refused(b, &answer, code::INVALID_GOAL, &["velocity of", "last point"])?;
    let answer = b.run(b.move_to(0.02, 0.4))?;
    expect_taken(b, &answer)?;
    PASS
}

/// A trajectory of the first joint alone.
pub(super) fn of_first_joint(b: &Bench, by: f64, time: f64) -> JointTrajectory {
    let mut path = b.path(vec![at_rest(&b.near(by), time)]);
    path.joint_names.truncate(1);
    for point in &mut path.points {
        point.positions.truncate(1);
        point.velocities.truncate(1);
    }
    path
}

fn partial(b: &mut Bench) -> Result<Verdict> {
    let answer = b.run(goal(of_first_joint(b, 0.02, 0.3)))?;
    expect_refused(b, &answer, code::INVALID_JOINTS, &["is missing"])?;
    PASS
}

fn malformed(b: &mut Bench) -> Result<Verdict> {
    type Breaking = fn(&mut JointTrajectory);
    let cases: [(&str, i32, &str, Breaking); 11] = [
        ("a wrong name", code::INVALID_JOINTS, "unknown", |t| t.joint_names[0] = "bad".into()),
        ("no points", code::INVALID_GOAL, "no points", |t| t.points.clear()),
        ("no positions", code::INVALID_GOAL, "no positions", |t| t.points[0].positions.clear()),
        ("too few positions", code::INVALID_GOAL, "positions for", |t| {
            t.points[0].positions.pop();
        }),
        ("too many positions", code::INVALID_GOAL, "positions for", |t| {
            t.points[0].positions.push(0.0);
        }),
        ("too few velocities", code::INVALID_GOAL, "velocities for", |t| {
            t.points[0].velocities.pop();
        }),
        ("too few accelerations", code::INVALID_GOAL, "accelerations for", |t| {
            t.points[0].accelerations = vec![0.0];
        }),
        ("an effort", code::INVALID_GOAL, "effort", |t| t.points[0].effort = vec![1.0]),
        ("equal times", code::INVALID_GOAL, "not later than", |t| {
            t.points.push(t.points[0].clone());
        }),
        ("falling times", code::INVALID_GOAL, "not later than", |t| {
            let earlier = duration(0.1);
            t.points.push(t.points[0].clone());
            t.points[1].time_from_start = earlier;
        }),
        ("an end in the past", code::OLD_HEADER_TIMESTAMP, "ended", |t| {
            t.header.stamp = stamp(-2.0);
        }),
    ];
    for (what, code, words, breaking) in cases {
        b.note("case", what);
        let mut path = b.path(vec![at_rest(&b.near(0.01), 0.4)]);
        breaking(&mut path);
        let answer = b.run(goal(path))?;
        expect_refused(b, &answer, code, &[words])?;
    }
    let mut later = b.path(vec![at_rest(&b.near(0.01), 0.4)]);
    later.header.stamp = stamp(-0.1);
    let answer = b.run(goal(later))?;
    expect_taken(b, &answer)?;
    PASS
}

fn topic_end_velocity(b: &mut Bench) -> Result<Verdict> {
    let there = b.near(0.02);
    let path = b.path(vec![moving(&there, &vec![0.1; there.len()], 0.3)]);
    b.publish(&path)?;
    b.wait(0.5);
    let moved = b.track().moved();
    b.expect("no motion", moved < 1e-6, format!("{:.3} mrad", moved * 1e3))?;
    PASS
}

fn integrated(b: &mut Bench) -> Result<Verdict> {
    let velocities = |v: f64, time| {
        let mut point = moving(&[], &vec![v; b.joints.len()], time);
        point.positions.clear();
        point
    };
    let accelerations = |a: f64, time| {
        let mut point = positions(&[], time);
        point.accelerations = vec![a; b.joints.len()];
        point
    };
    let fast = b.path(vec![velocities(0.1, 0.2), velocities(0.1, 0.4), velocities(0.0, 0.6)]);
    let pushed = b.path(vec![
        accelerations(0.4, 0.0),
        accelerations(0.4, 0.3),
        accelerations(-0.4, 0.301),
        accelerations(-0.4, 0.601),
    ]);
    let nothing = b.path(vec![positions(&[], 0.4)]);
    let answer = b.run(goal(fast.clone()))?;
    expect_refused(b, &answer, code::INVALID_GOAL, &["allow_integration_in_goal_trajectories"])?;
    set_or_skip!(b, "allow_integration_in_goal_trajectories", switch(true));
    for (path, way) in [(fast, 0.04), (pushed, 0.036_12)] {
        let before = b.reference();
        let answer = b.run(goal(path))?;
        expect_taken(b, &answer)?;
        b.wait(0.05);
        let there: Vec<f64> = before.iter().map(|p| p + way).collect();
        let off = b.track().distance(&there);
        b.expect(
            "the area below the velocities covered",
            off < 2e-3,
            format!("{:.2} mrad off {:.1} mrad", off * 1e3, way * 1e3),
        )?;
    }
    let answer = b.run(goal(nothing))?;
    expect_refused(b, &answer, code::INVALID_GOAL, &["no positions"])?;
    PASS
}

fn over(b: &mut Bench) -> Result<Verdict> {
    let mut running = b.start(b.move_to(0.03, 0.8))?;
    b.wait(0.2);
    let mut late = b.path(vec![at_rest(&b.near(-0.03), 0.4)]);
    late.header.stamp = stamp(-1.0);
    let answer = b.run(goal(late))?;
    expect_refused(b, &answer, code::OLD_HEADER_TIMESTAMP, &["ended"])?;
    let outcome = b.finish(&mut running)?;
    super::expect_success(b, &outcome)?;
    super::expect_at(b, &b.near(0.03))?;
    PASS
}
