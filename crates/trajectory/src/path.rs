//! A path through waypoints: linear, cubic or quintic segments as joint_trajectory_controller
//! interpolates them (positions, with velocities, with velocities and accelerations).
//!
//! Segments are computed from their waypoints when asked for: building a path costs one check of
//! the waypoints and no memory, sampling costs a binary search.

use crate::polynomial::{Knot, Polynomial};
use crate::state::State;
use std::sync::Arc;
use thiserror::Error;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::plan::Waypoint;

/// Why waypoints make no path.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PathError {
    /// There is none.
    #[error("a path needs at least one waypoint")]
    Empty,
    /// A number is NaN or infinite.
    #[error("waypoint {point} has a number that is not finite")]
    NotFinite {
        /// Index of the waypoint.
        point: usize,
    },
    /// Times do not rise.
    #[error("waypoint {point} is at {time} s, it must be later than {previous} s")]
    Time {
        /// Index of the waypoint.
        point: usize,
        /// Its time, s.
        time: f64,
        /// What it must exceed, s.
        previous: f64,
    },
    /// The start state is NaN or infinite.
    #[error("the start state has a number that is not finite")]
    Start,
}

/// The polynomials of all joints between two waypoints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Index of the waypoint at its end.
    pub point: usize,
    /// Path time at which it starts, s.
    pub start: f64,
    /// How long it takes, s.
    pub duration: f64,
    /// One polynomial per joint, over the time from the segment's start.
    pub joints: PerJoint<Polynomial>,
}

impl Segment {
    fn at(&self, t: f64) -> State {
        let mut state = State::at_rest([0.0; JOINTS]);
        let outputs =
            state.position.iter_mut().zip(&mut state.velocity).zip(&mut state.acceleration);
        for (((p, v), a), joint) in outputs.zip(&self.joints) {
            (*p, *v, *a) = joint.at(t);
        }
        state
    }
}

/// A path over path time from 0 to [`Path::duration`].
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    before: State,
    waypoints: Arc<[Waypoint]>,
}

impl Path {
    /// The path from `before` through the waypoints. When the first waypoint lies at zero, the path
    /// starts at it and `before` is not used.
    ///
    /// # Errors
    /// [`PathError`] naming the waypoint.
    pub fn new(before: State, waypoints: Arc<[Waypoint]>) -> Result<Self, PathError> {
        if waypoints.is_empty() {
            return Err(PathError::Empty);
        }
        if !before.is_finite() {
            return Err(PathError::Start);
        }
        let mut previous = -f64::MIN_POSITIVE;
        for (point, waypoint) in waypoints.iter().enumerate() {
            if !is_finite(waypoint) {
                return Err(PathError::NotFinite { point });
            }
            if waypoint.time <= previous {
                return Err(PathError::Time { point, time: waypoint.time, previous });
            }
            previous = waypoint.time;
        }
        Ok(Self { before, waypoints })
    }

    /// Path time of the last waypoint, s.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.waypoints.last().map_or(0.0, |w| w.time)
    }

    /// The waypoints.
    #[must_use]
    pub fn waypoints(&self) -> &Arc<[Waypoint]> {
        &self.waypoints
    }

    /// The state at path time `t`, s; before the start the start, after the end the last waypoint
    /// with its own velocity and acceleration, zero where it has none.
    #[must_use]
    pub fn sample(&self, t: f64) -> State {
        if t >= self.duration() {
            return self.end();
        }
        let t = t.max(0.0);
        let next = self.waypoints.partition_point(|w| w.time <= t);
        self.segment(next).map_or_else(|| self.end(), |segment| segment.at(t - segment.start))
    }

    /// The last waypoint.
    #[must_use]
    pub fn end(&self) -> State {
        self.waypoints.last().map_or(self.before, knots)
    }

    /// The segments in order.
    pub fn segments(&self) -> impl Iterator<Item = Segment> + '_ {
        (0..self.waypoints.len()).filter_map(|point| self.segment(point))
    }

    /// The segment that ends at waypoint `point`; none for a first waypoint at time zero.
    fn segment(&self, point: usize) -> Option<Segment> {
        let to = self.waypoints.get(point)?;
        let previous = point.checked_sub(1).and_then(|index| self.waypoints.get(index));
        let (from, start) = previous.map_or((self.before, 0.0), |w| (knots(w), w.time));
        let velocity = to.velocity.is_some() && previous.is_none_or(|w| w.velocity.is_some());
        let acceleration = velocity
            && to.acceleration.is_some()
            && previous.is_none_or(|w| w.acceleration.is_some());
        let duration = to.time - start;
        let to = knots(to);
        let joints = std::array::from_fn(|joint| {
            let (from, to) = (knot(&from, joint), knot(&to, joint));
            match (velocity, acceleration) {
                (true, true) => Polynomial::quintic(from, to, duration),
                (true, false) => Polynomial::cubic((from.0, from.1), (to.0, to.1), duration),
                _ => Polynomial::linear(from.0, to.0, duration),
            }
        });
        (duration > 0.0).then_some(Segment { point, start, duration, joints })
    }
}

#[allow(clippy::indexing_slicing)] // joint < JOINTS
fn knot(state: &State, joint: usize) -> Knot {
    (state.position[joint], state.velocity[joint], state.acceleration[joint])
}

fn knots(waypoint: &Waypoint) -> State {
    State {
        position: waypoint.position,
        velocity: waypoint.velocity.unwrap_or_default(),
        acceleration: waypoint.acceleration.unwrap_or_default(),
    }
}

fn is_finite(waypoint: &Waypoint) -> bool {
    waypoint.time.is_finite() && knots(waypoint).is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    fn point(time: f64, position: f64) -> Waypoint {
        Waypoint { time, position: [position; JOINTS], velocity: None, acceleration: None }
    }

    fn path(waypoints: &[Waypoint]) -> Path {
        Path::new(State::at_rest([0.0; JOINTS]), waypoints.into()).unwrap()
    }

    #[test]
    fn positions_alone_are_joined_by_lines_from_the_point_before() {
        let path = path(&[point(1.0, 1.0), point(2.0, 3.0), point(3.0, 0.0)]);
        for (t, p, v) in [(-1.0, 0.0, 1.0), (0.0, 0.0, 1.0), (0.5, 0.5, 1.0), (1.5, 2.0, 2.0)] {
            let state = path.sample(t);
            assert_abs_diff_eq!(state.position[2], p, epsilon = 1e-12);
            assert_abs_diff_eq!(state.velocity[2], v, epsilon = 1e-12);
        }
        assert_eq!(path.sample(3.0), State::at_rest([0.0; JOINTS]));
        assert_eq!(path.sample(9.0), State::at_rest([0.0; JOINTS]));
    }

    #[test]
    fn velocities_make_cubics_and_the_point_before_brings_its_own() {
        let before = State { velocity: [-2.0; JOINTS], ..State::at_rest([0.0; JOINTS]) };
        let end = Waypoint { velocity: Some([10.0; JOINTS]), ..point(2.0, 4.0) };
        let path = Path::new(before, [end].into()).unwrap();
        let state = path.sample(2.0_f64.sqrt());
        assert_abs_diff_eq!(state.position[0], 0.0, epsilon = 1e-12);
        assert_abs_diff_eq!(state.velocity[0], 4.0, epsilon = 1e-12);
    }

    #[test]
    fn accelerations_make_quintics() {
        let before = State {
            velocity: [24.0; JOINTS],
            acceleration: [-100.0; JOINTS],
            ..State::at_rest([0.0; JOINTS])
        };
        let end = Waypoint {
            velocity: Some([4.0; JOINTS]),
            acceleration: Some([0.0; JOINTS]),
            ..point(2.0, 0.0)
        };
        let state = Path::new(before, [end].into()).unwrap().sample(1.0);
        assert_abs_diff_eq!(state.velocity[5], -6.0, epsilon = 1e-12);
        assert_abs_diff_eq!(state.acceleration[5], 10.0, epsilon = 1e-11);
    }

    #[test]
    fn a_first_waypoint_at_zero_is_the_start() {
        let path = path(&[point(0.0, 2.0), point(1.0, 3.0)]);
        assert_eq!(path.sample(0.0).position, [2.0; JOINTS]);
        assert_eq!(path.segments().count(), 1);
    }

    #[test]
    fn a_single_waypoint_at_zero_is_reached_at_once() {
        let path = path(&[point(0.0, 2.0)]);
        assert_eq!(path.duration(), 0.0);
        assert_eq!(path.sample(0.0), State::at_rest([2.0; JOINTS]));
    }

    #[test]
    fn a_waypoint_with_its_own_degree_lowers_only_the_segments_it_touches() {
        let smooth = |t, p| Waypoint { velocity: Some([0.0; JOINTS]), ..point(t, p) };
        let path = path(&[smooth(1.0, 1.0), smooth(2.0, 2.0), point(3.0, 3.0)]);
        let linear: Vec<bool> =
            path.segments().map(|s| s.joints[0].at(0.0).1 == s.joints[0].at(0.5).1).collect();
        assert_eq!(linear, [false, false, true]);
    }

    #[test]
    fn bad_waypoints_are_named() {
        let before = State::at_rest([0.0; JOINTS]);
        let error = |points: &[Waypoint]| Path::new(before, points.into()).unwrap_err();
        assert_eq!(error(&[]), PathError::Empty);
        assert_eq!(error(&[point(1.0, f64::NAN)]), PathError::NotFinite { point: 0 });
        assert!(matches!(error(&[point(-1.0, 0.0)]), PathError::Time { point: 0, .. }));
        let twice = error(&[point(1.0, 0.0), point(1.0, 1.0)]);
        assert_eq!(twice, PathError::Time { point: 1, time: 1.0, previous: 1.0 });
    }
}
