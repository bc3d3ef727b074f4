//! What the controller says of itself.

use super::{PASS, expect_at, expect_success, expect_taken};
use crate::bench::Bench;
use crate::messages::{at_rest, goal, seconds};
use crate::suite::{Case, Verdict};
use anyhow::Result;

pub(super) const CASES: &[Case] = &[
    Case {
        id: "J-047",
        title: "the fields of controller_state have one entry per joint",
        run: sizes,
    },
    Case { id: "J-049", title: "time_from_start counts from the start", run: times },
    Case { id: "J-052", title: "without a trajectory the arm holds", run: holds },
    Case { id: "J-061", title: "after the end the last point is held", run: held_after },
    Case {
        id: "J-062",
        title: "after the end nothing waits for a time-out to stand",
        run: stands_after,
    },
    Case { id: "J-065", title: "joints in another order make the same motion", run: jumbled },
    Case { id: "J-101", title: "topics, action and services are there", run: complete },
    Case { id: "H-16", title: "success means standing", run: success_stands },
    Case {
        id: "H-22",
        title: "query_state answers within a trajectory and not beyond",
        run: query,
    },
];

fn sizes(b: &mut Bench) -> Result<Verdict> {
    let state = b.state();
    let joints = state.joint_names.len();
    let full = [
        ("reference.positions", state.reference.positions.len()),
        ("feedback.positions", state.feedback.positions.len()),
        ("error.positions", state.error.positions.len()),
        ("output.positions", state.output.positions.len()),
    ];
    for (field, size) in full {
        b.expect(&format!("{field} of {joints}"), size == joints, size.to_string())?;
    }
    let optional = [
        ("reference.velocities", state.reference.velocities.len()),
        ("reference.accelerations", state.reference.accelerations.len()),
        ("feedback.velocities", state.feedback.velocities.len()),
        ("feedback.accelerations", state.feedback.accelerations.len()),
        ("error.velocities", state.error.velocities.len()),
        ("error.accelerations", state.error.accelerations.len()),
    ];
    for (field, size) in optional {
        let expected = format!("{field} of {joints} or none");
        b.expect(&expected, size == joints || size == 0, size.to_string())?;
    }
    PASS
}

fn times(b: &mut Bench) -> Result<Verdict> {
    let mut running = b.start(b.move_to(0.03, 0.8))?;
    let begin = b.state().reference.positions;
    // From the first state that moves, 0.2 s.
    for _ in 0..50 {
        b.wait(0.01);
        if b.state().reference.positions != begin {
            break;
        }
    }
    b.wait(0.2);
    let state = b.state();
    for (field, time) in [
        ("reference", seconds(&state.reference.time_from_start)),
        ("feedback", seconds(&state.feedback.time_from_start)),
    ] {
        let expected = format!("{field}.time_from_start of about 0.2 s");
        b.expect(&expected, (0.15..0.35).contains(&time), format!("{time:.3} s"))?;
    }
    let outcome = b.finish(&mut running)?;
    expect_success(b, &outcome)?;
    PASS
}

fn holds(b: &mut Bench) -> Result<Verdict> {
    b.wait(0.3);
    let track = b.track();
    let (moved, off) = (track.moved(), track.distance(&b.home.clone()));
    b.expect(
        "a reference that stands where the arm is",
        moved < 1e-6 && off < 1e-3,
        format!("moved {:.3} mrad, {:.3} mrad from home", moved * 1e3, off * 1e3),
    )?;
    PASS
}

fn held_after(b: &mut Bench) -> Result<Verdict> {
    let answer = b.run(b.move_to(0.02, 0.3))?;
    expect_taken(b, &answer)?;
    b.listen();
    b.wait(0.5);
    let moved = b.track().moved();
    b.expect("no motion for 0.5 s", moved < 1e-6, format!("{:.3} mrad", moved * 1e3))?;
    expect_at(b, &b.near(0.02))?;
    PASS
}

fn stands_after(b: &mut Bench) -> Result<Verdict> {
    let path = b.path(vec![at_rest(&b.near(0.02), 0.3)]);
    b.publish(&path)?;
    b.wait(0.4);
    b.listen();
    b.wait(0.2);
    let fastest = b.track().fastest();
    b.expect("at rest 0.1 s after the end", fastest < 1e-6, format!("{fastest:.6} rad/s"))?;
    PASS
}

fn jumbled(b: &mut Bench) -> Result<Verdict> {
    let there: Vec<f64> =
        b.home.iter().enumerate().map(|(k, home)| home + 0.005 * (k + 1) as f64).collect();
    let mut path = b.path(vec![at_rest(&there, 0.4)]);
    path.joint_names.reverse();
    for point in &mut path.points {
        point.positions.reverse();
    }
    let answer = b.run(goal(path))?;
    expect_taken(b, &answer)?;
    expect_at(b, &there)?;
    PASS
}

fn complete(b: &mut Bench) -> Result<Verdict> {
    let names = b.state().joint_names;
    let all = b.joints.iter().all(|joint| names.contains(joint));
    b.expect("controller_state with all joints", all, format!("{names:?}"))?;
    let listeners = b.topic_listeners();
    b.expect("somebody listens to joint_trajectory", listeners > 0, listeners.to_string())?;
    let answer = b.query(0.0)?;
    b.note("came", &format!("query_state answers, success {}", answer.success));
    let answer = b.run(b.move_to(0.01, 0.3))?;
    expect_taken(b, &answer)?;
    PASS
}

/// Within this a report comes, s: controller_state has 50 Hz or more.
const REPORT: f64 = 0.04;

fn success_stands(b: &mut Bench) -> Result<Verdict> {
    let answer = b.run(b.move_to(0.04, 0.4))?;
    expect_taken(b, &answer)?;
    // The newest report may be a period older than the answer: the one after it counts.
    b.wait(REPORT);
    let measured = b.state().feedback.velocities;
    let fastest = measured.iter().fold(0.0, |fastest: f64, v| fastest.max(v.abs()));
    b.expect(
        "measured velocities below 0.02 rad/s at success",
        fastest < 0.02,
        format!("{fastest:.4} rad/s"),
    )?;
    PASS
}

fn query(b: &mut Bench) -> Result<Verdict> {
    let mut running = b.start(b.move_to(0.04, 1.0))?;
    b.wait(0.3);
    let within = b.query(0.2)?;
    b.expect("success within", within.success, within.message.clone())?;
    let there = within.position.first().copied().unwrap_or_default();
    let (from, to) = (b.near(0.0), b.near(0.04));
    let ends = from.first().copied().zip(to.first().copied()).unwrap_or_default();
    let between = (ends.0..ends.1).contains(&there);
    b.expect("a position on the way", between, format!("{there:.4} rad"))?;
    let beyond = b.query(5.0)?;
    b.expect("no success beyond", !beyond.success, beyond.message.clone())?;
    let outcome = b.finish(&mut running)?;
    expect_success(b, &outcome)?;
    PASS
}
