//! What joint_trajectory_controller lets through, or does without a word.

use super::{PASS, code, expect_aborted, expect_refused, expect_success, expect_taken, ours_only};
use crate::bench::Bench;
use crate::messages::{at_rest, goal, positions, tolerance};
use crate::suite::{Case, Verdict};
use anyhow::Result;
use r2r::trajectory_msgs::msg::{JointTrajectory, MultiDOFJointTrajectoryPoint};
use rig::program::duration;

pub(super) const CASES: &[Case] = &[
    Case { id: "H-01", title: "NaN is refused with its joint and point", run: nan },
    Case { id: "H-02", title: "infinity is refused with its joint and point", run: infinity },
    Case { id: "H-03", title: "a joint named twice is refused", run: twice },
    Case { id: "H-04", title: "a position beyond its limit is refused", run: position_limit },
    Case { id: "H-05", title: "a velocity beyond its limit is refused", run: velocity_limit },
    Case {
        id: "H-06",
        title: "an acceleration beyond its limit is refused",
        run: acceleration_limit,
    },
    Case { id: "H-08", title: "a start far from the arm is refused", run: far_start },
    Case { id: "H-09", title: "a negative first time is refused", run: negative_time },
    Case { id: "H-10", title: "ten thousand and one points are refused", run: oversize },
    Case { id: "H-11", title: "more velocities than joints kill nobody", run: extra_velocity },
    Case { id: "H-12", title: "a dry run says what a goal is told", run: dry_run },
    Case {
        id: "H-13",
        title: "a trajectory on the topic aborts the goal with a reason",
        run: topic_takes_over,
    },
    Case {
        id: "H-17",
        title: "a tolerance for an unknown joint is refused",
        run: strange_tolerance,
    },
    Case { id: "H-19", title: "a trajectory of free bodies is refused", run: multi_dof },
];

const OPEN: &str = "a stock controller lets it through";

/// A short way that is fine but for what `breaking` does to it.
fn broken(b: &Bench, breaking: impl FnOnce(&mut JointTrajectory)) -> JointTrajectory {
    let mut path = b.path(vec![at_rest(&b.near(0.01), 0.4), at_rest(&b.near(0.02), 0.8)]);
    breaking(&mut path);
    path
}

fn refused(b: &mut Bench, path: JointTrajectory, code: i32, words: &[&str]) -> Result<Verdict> {
    ours_only!(b, OPEN);
    let answer = b.run(goal(path))?;
    expect_refused(b, &answer, code, words)?;
    let moved = b.track().moved();
    b.expect("no motion", moved < 1e-6, format!("{:.3} mrad", moved * 1e3))?;
    PASS
}

/// The second joint, which the cases hurt.
fn second(b: &Bench) -> String {
    b.joints.get(1).cloned().unwrap_or_default()
}

fn set(path: &mut JointTrajectory, point: usize, change: impl Fn(&mut f64)) {
    let point = path.points.get_mut(point);
    if let Some(position) = point.and_then(|point| point.positions.get_mut(1)) {
        change(position);
    }
}

fn nan(b: &mut Bench) -> Result<Verdict> {
    let path = broken(b, |t| set(t, 1, |p| *p = f64::NAN));
    let joint = second(b);
    refused(b, path, code::INVALID_GOAL, &["point 1", &joint, "NaN"])
}

fn infinity(b: &mut Bench) -> Result<Verdict> {
    let path = broken(b, |t| {
        for point in t.points.iter_mut().take(1) {
            point.velocities.fill(f64::NEG_INFINITY);
        }
    });
    refused(b, path, code::INVALID_GOAL, &["point 0", "velocities", "-inf"])
}

fn twice(b: &mut Bench) -> Result<Verdict> {
    let joint = second(b);
    let path = broken(b, |t| {
        for name in t.joint_names.iter_mut().take(1) {
            name.clone_from(&joint);
        }
    });
    refused(b, path, code::INVALID_JOINTS, &[&joint, "twice"])
}

fn position_limit(b: &mut Bench) -> Result<Verdict> {
    let joint = second(b);
    let path = broken(b, |t| {
        set(t, 1, |p| *p += 50.0);
        for point in t.points.iter_mut().skip(1) {
            point.time_from_start = duration(1000.0);
        }
    });
    refused(b, path, code::INVALID_GOAL, &["point 1", &joint, "position", "limit"])
}

fn velocity_limit(b: &mut Bench) -> Result<Verdict> {
    let path = b.path(vec![at_rest(&b.near(0.5), 0.02)]);
    refused(b, path, code::INVALID_GOAL, &["point 0", "velocity", "rad/s", "limit"])
}

fn acceleration_limit(b: &mut Bench) -> Result<Verdict> {
    let path = b.path(vec![at_rest(&b.near(0.03), 0.05)]);
    refused(b, path, code::INVALID_GOAL, &["point 0", "acceleration", "rad/s²", "limit"])
}

fn far_start(b: &mut Bench) -> Result<Verdict> {
    let joint = second(b);
    let path = broken(b, |t| {
        set(t, 0, |p| *p += 0.4);
        for point in t.points.iter_mut().take(1) {
            point.time_from_start = duration(0.0);
        }
    });
    refused(b, path, code::INVALID_GOAL, &["point 0", &joint, "max_start_distance"])
}

fn negative_time(b: &mut Bench) -> Result<Verdict> {
    let path = broken(b, |t| {
        for point in t.points.iter_mut().take(1) {
            point.time_from_start = duration(-0.25);
        }
    });
    refused(b, path, code::INVALID_GOAL, &["point 0", "time_from_start -0.25 s"])
}

fn oversize(b: &mut Bench) -> Result<Verdict> {
    let home = b.home.clone();
    let points = (1..=10_001).map(|k| positions(&home, 0.01 * f64::from(k))).collect();
    let path = b.path(points);
    refused(b, path, code::INVALID_GOAL, &["10001 points"])
}

fn extra_velocity(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, "a stock controller's process may end (read, not run)");
    let path = broken(b, |t| {
        for point in &mut t.points {
            point.velocities.push(9.0);
        }
    });
    let answer = b.run(goal(path.clone()))?;
    let count = format!("{} velocities for {} joints", b.joints.len() + 1, b.joints.len());
    expect_refused(b, &answer, code::INVALID_GOAL, &[&count])?;
    b.publish(&path)?;
    b.wait(0.1);
    let answer = b.run(b.move_to(0.01, 0.3))?;
    expect_taken(b, &answer)?;
    PASS
}

fn dry_run(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, "a stock controller has no dry run");
    let wild = broken(b, |t| set(t, 0, |p| *p = f64::NAN));
    let unknown = broken(b, |t| t.joint_names.reverse());
    let partial = super::refusals::of_first_joint(b, 0.01, 0.3);
    let hasty = b.path(vec![at_rest(&b.near(0.03), 0.05)]);
    for path in [wild, partial, hasty] {
        let dry = b.validate(path.clone())?;
        let moved = b.track().moved();
        b.expect("no motion", moved < 1e-6, format!("{:.3} mrad", moved * 1e3))?;
        b.expect("not valid", !dry.valid, dry.error_string.clone())?;
        let answer = b.run(goal(path))?;
        expect_refused(b, &answer, dry.error_code, &[&dry.error_string])?;
    }
    let dry = b.validate(unknown)?;
    let fine = dry.valid && (dry.duration - 0.8).abs() < 1e-6;
    b.expect("valid, 0.8 s", fine, format!("{} {} s", dry.error_string, dry.duration))?;
    PASS
}

fn topic_takes_over(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, "a stock controller replaces the trajectory and tells nobody");
    let mut running = b.start(b.move_to(0.05, 1.5))?;
    b.wait(0.3);
    let path = b.path(vec![at_rest(&b.near(0.02), 0.6)]);
    b.publish(&path)?;
    let outcome = b.finish(&mut running)?;
    expect_aborted(b, &outcome, code::INVALID_GOAL, &["preempted", "topic"])?;
    b.wait(0.8);
    super::expect_at(b, &b.near(0.02))?;
    PASS
}

fn strange_tolerance(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, "a stock controller takes its defaults without a word");
    let mut request = b.move_to(0.01, 0.3);
    request.goal_tolerance = vec![tolerance("elbow", 0.1)];
    let answer = b.run(request)?;
    expect_refused(b, &answer, code::INVALID_JOINTS, &["elbow"])?;
    PASS
}

fn multi_dof(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, "a stock controller ignores it without a word");
    let mut request = b.move_to(0.01, 0.3);
    request.multi_dof_trajectory.points = vec![MultiDOFJointTrajectoryPoint::default()];
    let answer = b.run(request)?;
    expect_refused(b, &answer, code::INVALID_GOAL, &["multi_dof_trajectory"])?;
    let mut running = b.start(b.move_to(0.01, 0.3))?;
    let outcome = b.finish(&mut running)?;
    expect_success(b, &outcome)?;
    PASS
}
