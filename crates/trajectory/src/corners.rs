//! Straight lines between waypoints, driven by joints that cannot jump in velocity.
//!
//! A path of positions alone asks for a step of velocity at every waypoint, the first and the last
//! included. Here each step becomes a parabola around the waypoint (linear segments with parabolic
//! blends, Craig, *Introduction to Robotics*, §7.3): the arm starts and ends exactly where and when
//! asked, and cuts inner corners by at most an eighth of velocity step times blend time.
#![allow(clippy::indexing_slicing)] // joint < JOINTS, corner indices within the waypoints

use crate::state::State;
use thiserror::Error;
use vocabulary::joint::{JOINTS, JointLimits, PerJoint};
use vocabulary::plan::Waypoint;

/// Fractions of the acceleration limit to blend with: gently if there is time, else fully.
const EFFORTS: [f64; 2] = [0.7, 1.0];

/// There is no time to turn at a waypoint.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("joint {joint} needs {needed:.2} rad/s² around waypoint {point}, its limit is {limit}")]
pub struct CornerError {
    /// Index in the joint order of the joint that needs the most.
    pub joint: usize,
    /// Index of the waypoint at the end of the segment that is too short.
    pub point: usize,
    /// What it would need, at least, rad/s².
    pub needed: f64,
    /// Its acceleration limit, rad/s².
    pub limit: f64,
}

/// A waypoint with the velocity step there.
struct Corner {
    time: f64,
    position: PerJoint<f64>,
    before: PerJoint<f64>,
    after: PerJoint<f64>,
    /// Time the blend takes, s.
    blend: f64,
}

/// Waypoints with velocities (cubic segments) for waypoints with positions only, starting from
/// `start` when the first waypoint lies later than zero, and ending at rest.
///
/// # Errors
/// [`CornerError`] when a blend at full acceleration does not fit between two waypoints.
pub fn round_corners(
    start: &State,
    waypoints: &[Waypoint],
    limits: &PerJoint<JointLimits>,
) -> Result<Vec<Waypoint>, CornerError> {
    let [gentle, full] = EFFORTS;
    rounded(start, waypoints, limits, gentle).or_else(|_| rounded(start, waypoints, limits, full))
}

fn rounded(
    start: &State,
    waypoints: &[Waypoint],
    limits: &PerJoint<JointLimits>,
    effort: f64,
) -> Result<Vec<Waypoint>, CornerError> {
    let limits = limits.map(|l| JointLimits { acceleration: effort * l.acceleration, ..l });
    let mut corners = corners(start, waypoints);
    let offset = corners.len() - waypoints.len();
    solve_ends(&mut corners, &limits).map_err(|mut e| {
        e.point = e.point.saturating_sub(offset);
        e
    })?;
    let last = corners.len().saturating_sub(1);
    for corner in corners.iter_mut().take(last).skip(1) {
        corner.blend = steepest(&corner.before, &corner.after, &limits).0;
    }
    for (index, pair) in corners.windows(2).enumerate() {
        let room = pair[1].time - pair[0].time;
        // An end's blend lies wholly within its segment, an inner one half.
        let share = |corner: usize, blend: f64| {
            if corner == 0 || corner == last { blend } else { 0.5 * blend }
        };
        let wanted = share(index, pair[0].blend) + share(index + 1, pair[1].blend);
        if wanted > room * (1.0 + 1e-9) {
            let sharp = if pair[0].blend > pair[1].blend { &pair[0] } else { &pair[1] };
            let joint = steepest(&sharp.before, &sharp.after, &limits).1;
            let limit = limits[joint].acceleration / effort;
            let needed = limit * wanted / room;
            return Err(CornerError { joint, point: index + 1 - offset, needed, limit });
        }
    }
    Ok(knots(&corners, offset == 1))
}

/// The start (unless the first waypoint is at zero) and all waypoints, with the velocities of the
/// lines between them.
fn corners(start: &State, waypoints: &[Waypoint]) -> Vec<Corner> {
    let mut corners = Vec::with_capacity(waypoints.len() + 1);
    let still = [0.0; JOINTS];
    let corner =
        |time, position| Corner { time, position, before: still, after: still, blend: 0.0 };
    if waypoints.first().is_none_or(|w| w.time > 0.0) {
        corners.push(Corner { before: start.velocity, ..corner(0.0, start.position) });
    }
    corners.extend(waypoints.iter().map(|w| corner(w.time, w.position)));
    for index in 1..corners.len() {
        let time = corners[index].time - corners[index - 1].time;
        let slope = std::array::from_fn(|j| {
            (corners[index].position[j] - corners[index - 1].position[j]) / time
        });
        corners[index - 1].after = slope;
        corners[index].before = slope;
    }
    corners
}

/// Finds the blends at both ends and the velocities of the first and the last line, which must make
/// up for the time lost in them.
fn solve_ends(corners: &mut [Corner], limits: &PerJoint<JointLimits>) -> Result<(), CornerError> {
    let last = corners.len().saturating_sub(1);
    if last == 0 {
        return Ok(());
    }
    let room = |index: usize| corners[index].time - corners[index - 1].time;
    let rise = |index: usize, j: usize| corners[index].position[j] - corners[index - 1].position[j];
    let entry = corners[0].before;
    if last == 1 {
        let time = room(1);
        let line = |j: usize, blend: f64| (rise(1, j) - 0.5 * entry[j] * blend) / (time - blend);
        let step = |j, blend| {
            let v: f64 = line(j, blend);
            f64::max(v.abs(), (v - entry[j]).abs())
        };
        let blend =
            shortest(0.5 * time, limits, step).map_err(|e| CornerError { point: 1, ..e })?;
        let velocity = std::array::from_fn(|j| line(j, blend));
        (corners[0].after, corners[1].before) = (velocity, velocity);
        (corners[0].blend, corners[1].blend) = (blend, blend);
        return Ok(());
    }
    let (first, final_time) = (room(1), room(last));
    let line = |j: usize, blend: f64| (rise(1, j) - 0.5 * entry[j] * blend) / (first - 0.5 * blend);
    let blend = shortest(first, limits, |j, blend| (line(j, blend) - entry[j]).abs())
        .map_err(|e| CornerError { point: 1, ..e })?;
    let velocity = std::array::from_fn(|j| line(j, blend));
    let line = |j: usize, blend: f64| rise(last, j) / (final_time - 0.5 * blend);
    let end_blend = shortest(final_time, limits, |j, blend| line(j, blend).abs())
        .map_err(|e| CornerError { point: last, ..e })?;
    let end_velocity = std::array::from_fn(|j| line(j, end_blend));
    (corners[0].after, corners[1].before, corners[0].blend) = (velocity, velocity, blend);
    (corners[last].before, corners[last - 1].after) = (end_velocity, end_velocity);
    corners[last].blend = end_blend;
    Ok(())
}

/// The shortest blend up to `longest` in which every joint's velocity `step` fits its acceleration
/// limit; else the joint that needs most.
fn shortest(
    longest: f64,
    limits: &PerJoint<JointLimits>,
    step: impl Fn(usize, f64) -> f64,
) -> Result<f64, CornerError> {
    let excess = |j: usize, blend: f64| step(j, blend) - limits[j].acceleration * blend;
    let fits = |blend: f64| (0..JOINTS).all(|j| excess(j, blend) <= 1e-12);
    if !fits(longest) {
        let joint = (0..JOINTS).fold(0, |worst, j| {
            if excess(j, longest) > excess(worst, longest) { j } else { worst }
        });
        let (needed, limit) = (step(joint, longest) / longest, limits[joint].acceleration);
        return Err(CornerError { joint, point: 0, needed, limit });
    }
    let (mut low, mut high) = (0.0, longest);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if fits(middle) { high = middle } else { low = middle }
    }
    Ok(high)
}

/// The time the largest velocity step takes, and its joint.
fn steepest(a: &PerJoint<f64>, b: &PerJoint<f64>, limits: &PerJoint<JointLimits>) -> (f64, usize) {
    (0..JOINTS)
        .map(|j| ((b[j] - a[j]).abs() / limits[j].acceleration, j))
        .fold((0.0, 0), |worst, this| if this.0 > worst.0 { this } else { worst })
}

/// Waypoints at both ends of every blend.
fn knots(corners: &[Corner], from_start: bool) -> Vec<Waypoint> {
    let last = corners.len().saturating_sub(1);
    let mut knots = Vec::with_capacity(2 * corners.len());
    let mut push = |time: f64, position: PerJoint<f64>, velocity| {
        let later = knots.last().is_none_or(|w: &Waypoint| time > w.time + 1e-9);
        let waypoint = Waypoint { time, position, velocity: Some(velocity), acceleration: None };
        match knots.last_mut() {
            Some(previous) if !later => *previous = Waypoint { time: previous.time, ..waypoint },
            _ if time <= 0.0 && from_start => {}
            _ => knots.push(waypoint),
        }
    };
    for (index, corner) in corners.iter().enumerate() {
        let half = 0.5 * corner.blend;
        let moved = |velocity: &PerJoint<f64>, time: f64| -> PerJoint<f64> {
            std::array::from_fn(|j| corner.position[j] + velocity[j] * time)
        };
        if index == 0 {
            push(corner.time, corner.position, corner.before);
            let mean = std::array::from_fn(|j| 0.5 * (corner.before[j] + corner.after[j]));
            push(corner.time + corner.blend, moved(&mean, corner.blend), corner.after);
        } else if index == last {
            let position = moved(&corner.before, -half);
            push(corner.time - corner.blend, position, corner.before);
            push(corner.time, corner.position, [0.0; JOINTS]);
        } else {
            push(corner.time - half, moved(&corner.before, -half), corner.before);
            push(corner.time + half, moved(&corner.after, half), corner.after);
        }
    }
    knots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::LIMITS;
    use crate::path::Path;
    use proptest::prelude::*;

    fn point(time: f64, position: f64) -> Waypoint {
        let position = [position, -0.5 * position, 0.0, 0.0, 0.1, 0.0];
        Waypoint { time, position, velocity: None, acceleration: None }
    }

    fn round(start: &State, points: &[Waypoint]) -> Path {
        let rounded = round_corners(start, points, &LIMITS).unwrap();
        Path::new(*start, rounded.into()).unwrap()
    }

    #[test]
    fn a_single_line_starts_and_ends_at_rest_in_time() {
        let start = State::at_rest([0.0; JOINTS]);
        let path = round(&start, &[point(2.0, 1.0)]);
        assert_eq!(path.duration(), 2.0);
        assert!((path.sample(2.0).position[0] - 1.0).abs() < 1e-12);
        assert!((path.sample(1.0).position[0] - 0.5).abs() < 1e-9);
        assert_eq!(path.first_violation(&LIMITS), None);
    }

    #[test]
    fn a_line_in_the_middle_is_the_line_between_the_waypoints() {
        let start = State::at_rest([0.0; JOINTS]);
        let points = [point(1.0, 0.5), point(2.0, 1.5), point(3.0, 1.7)];
        let state = round(&start, &points).sample(1.5);
        assert!((state.position[0] - 1.0).abs() < 1e-9);
        assert!((state.velocity[0] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn too_little_time_is_refused_with_joint_and_waypoint() {
        let start = State::at_rest([0.0; JOINTS]);
        let error = round_corners(&start, &[point(0.4, 1.0)], &LIMITS).unwrap_err();
        assert_eq!((error.joint, error.point), (0, 0));
        let error =
            round_corners(&start, &[point(1.0, 0.1), point(1.2, 1.0), point(2.0, 0.0)], &LIMITS);
        assert_eq!(error.unwrap_err().joint, 0);
    }

    #[test]
    fn standing_still_stays_still() {
        let start = State::at_rest([0.3; JOINTS]);
        let here = Waypoint { position: [0.3; JOINTS], ..point(1.0, 0.0) };
        let path = round(&start, &[here]);
        assert!(path.sample(0.5).is_at_rest(1e-12));
    }

    #[test]
    fn a_lone_waypoint_at_zero_is_kept() {
        let start = State::at_rest([0.0; JOINTS]);
        assert_eq!(round(&start, &[point(0.0, 0.0)]).duration(), 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn rounded_lines_keep_the_acceleration_limit_and_are_continuous(
            steps in prop::collection::vec((0.6..2.0, -1.0..1.0), 1..6), entry in -0.5..0.5,
        ) {
            let mut start = State::at_rest([0.0, 0.0, 0.0, 0.0, 0.1, 0.0]);
            start.velocity[0] = entry;
            let mut time = 0.0;
            let points: Vec<_> = steps.iter().map(|(dt, p)| { time += dt; point(time, *p) }).collect();
            let Ok(rounded) = round_corners(&start, &points, &LIMITS) else { return Ok(()) };
            let path = Path::new(start, rounded.into()).unwrap();
            let found = path.first_violation(&LIMITS.map(|l| JointLimits { velocity: 9.0, ..l }));
            prop_assert_eq!(found, None);
            prop_assert!((path.duration() - time).abs() < 1e-9);
            prop_assert_eq!(path.end().position, points.last().unwrap().position);
            for w in path.waypoints().iter() {
                let (a, b) = (path.sample(w.time - 1e-7), path.sample(w.time + 1e-7));
                prop_assert!((a.position[0] - b.position[0]).abs() < 1e-5);
                prop_assert!((a.velocity[0] - b.velocity[0]).abs() < 1e-4);
            }
        }
    }
}
