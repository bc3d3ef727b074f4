//! Goals that are reached, preempted or cancelled.

use super::set_or_skip;
use super::{PASS, code, expect_aborted, expect_at, expect_smooth, expect_success, expect_taken};
use crate::bench::{Bench, switch, text};
use crate::messages::{at_rest, goal, moving, positions};
use crate::suite::{Case, Verdict};
use anyhow::Result;
use r2r::GoalStatus;

pub(super) const CASES: &[Case] = &[
    Case { id: "J-017", title: "one point is reached and held", run: one_point },
    Case { id: "J-018", title: "an end in motion is reached when allowed", run: end_in_motion },
    Case { id: "J-019", title: "several points are passed, with feedback", run: several_points },
    Case { id: "J-020", title: "points with velocities are passed", run: points_with_velocities },
    Case { id: "J-024", title: "a new goal preempts the old one", run: preempted },
    Case { id: "J-028", title: "a cancelled goal holds", run: cancelled },
    Case { id: "J-029", title: "a cancelled goal decelerates first", run: cancel_decelerates },
    Case { id: "J-030", title: "a cancelled goal never steps back", run: cancel_never_steps },
    Case {
        id: "J-031",
        title: "an end velocity is accepted when allowed",
        run: end_velocity_allowed,
    },
];

fn one_point(b: &mut Bench) -> Result<Verdict> {
    let there = b.near(0.03);
    let answer = b.run(goal(b.path(vec![positions(&there, 0.5)])))?;
    expect_taken(b, &answer)?;
    expect_at(b, &there)?;
    PASS
}

fn end_in_motion(b: &mut Bench) -> Result<Verdict> {
    set_or_skip!(b, "allow_nonzero_velocity_at_trajectory_end", switch(true));
    let there = b.near(0.02);
    let point = moving(&there, &vec![0.05; there.len()], 0.4);
    let answer = b.run(goal(b.path(vec![point])))?;
    expect_taken(b, &answer)?;
    b.wait(0.3);
    let off = b.track().distance(&there);
    b.expect("the last point held", off < 2e-3, format!("{:.2} mrad off", off * 1e3))?;
    PASS
}

fn several_points(b: &mut Bench) -> Result<Verdict> {
    let (first, second) = (b.near(0.02), b.near(0.05));
    let points = vec![positions(&first, 0.4), positions(&second, 0.8)];
    let mut running = b.start(goal(b.path(points)))?;
    let outcome = b.finish(&mut running)?;
    expect_success(b, &outcome)?;
    let heard = running.last_feedback.as_ref().map(|f| f.joint_names.clone());
    let complete = heard.as_ref().is_some_and(|names| b.joints.iter().all(|j| names.contains(j)));
    b.expect("feedback that names all joints", complete, format!("{heard:?}"))?;
    expect_at(b, &second)?;
    PASS
}

fn points_with_velocities(b: &mut Bench) -> Result<Verdict> {
    let (first, second) = (b.near(0.02), b.near(0.04));
    let passing = moving(&first, &vec![0.06; first.len()], 0.4);
    let answer = b.run(goal(b.path(vec![passing, at_rest(&second, 0.8)])))?;
    expect_taken(b, &answer)?;
    expect_smooth(b)?;
    expect_at(b, &second)?;
    PASS
}

fn preempted(b: &mut Bench) -> Result<Verdict> {
    let mut first = b.start(b.move_to(0.05, 2.0))?;
    b.wait(0.2);
    let mut second = b.start(b.move_to(-0.02, 0.6))?;
    let outcome = b.finish(&mut first)?;
    expect_aborted(b, &outcome, code::INVALID_GOAL, &["preempted"])?;
    let outcome = b.finish(&mut second)?;
    expect_success(b, &outcome)?;
    expect_at(b, &b.near(-0.02))?;
    PASS
}

/// Way of the motions that are cancelled, rad, in a second: fast enough half way, with 1.5 times as
/// many rad/s, that the deceleration lasts for several reports.
const CANCELLED_WAY: f64 = 0.25;

/// Starts on that way and cancels half way.
fn cancel_half_way(b: &mut Bench) -> Result<()> {
    let mut running = b.start(b.move_to(CANCELLED_WAY, 1.0))?;
    b.wait(0.5);
    b.listen();
    b.cancel(&running)?;
    let outcome = b.finish(&mut running)?;
    let fine = outcome.status == GoalStatus::Canceled && outcome.error_code == 0;
    b.expect("Canceled, error_code 0", fine, text(&outcome))
}

fn cancelled(b: &mut Bench) -> Result<Verdict> {
    cancel_half_way(b)?;
    let (here, goal) = (b.reference(), b.near(CANCELLED_WAY));
    b.wait(0.3);
    let track = b.track();
    let (held, left) = (track.distance(&here), track.distance(&goal));
    b.expect(
        "held on the way",
        held < 1e-3 && left > 5e-3,
        format!(
            "moved {:.2} mrad after the cancel, {:.1} mrad before the goal",
            held * 1e3,
            left * 1e3
        ),
    )?;
    PASS
}

fn cancel_decelerates(b: &mut Bench) -> Result<Verdict> {
    cancel_half_way(b)?;
    // Until the report of the rest has come: controller_state has 50 Hz or more.
    b.wait(0.04);
    let track = b.track();
    let slowing = track.samples.iter().any(|s| {
        let v = s.velocity.first().copied().unwrap_or_default();
        (0.005..1.5 * CANCELLED_WAY * 0.95).contains(&v)
    });
    b.expect(
        "velocities between that of the path and zero, then rest",
        slowing && track.is_at_rest(),
        format!("fastest {:.3} rad/s, at rest: {}", track.fastest(), track.is_at_rest()),
    )?;
    expect_smooth(b)?;
    PASS
}

fn cancel_never_steps(b: &mut Bench) -> Result<Verdict> {
    cancel_half_way(b)?;
    let track = b.track();
    let back = track.samples.windows(2).filter_map(|pair| match pair {
        [a, b] => Some(a.position.first()? - b.position.first()?),
        _ => None,
    });
    let back = back.fold(0.0, f64::max);
    b.expect(
        "a reference that never goes back",
        back < 1e-6 || !b.is_ours(),
        format!("{:.4} mrad back", back * 1e3),
    )?;
    PASS
}

fn end_velocity_allowed(b: &mut Bench) -> Result<Verdict> {
    set_or_skip!(b, "allow_nonzero_velocity_at_trajectory_end", switch(true));
    let there = b.near(0.01);
    let answer = b.run(goal(b.path(vec![moving(&there, &vec![0.02; there.len()], 0.3)])))?;
    expect_taken(b, &answer)?;
    PASS
}
