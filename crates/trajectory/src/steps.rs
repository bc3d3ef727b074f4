//! `interpolation_method: none`: nothing between the waypoints. Each position is held until the time
//! of the next waypoint, which is then approached as fast as the joints allow.
//!
//! joint_trajectory_controller writes the step itself and leaves it to the drive; no joint can
//! follow a step, so here it is the quickest move from rest to rest, and waypoints that leave no
//! time for it are refused.

use crate::blend::quickest;
use crate::state::State;
use thiserror::Error;
use vocabulary::joint::{JOINTS, JointLimits, PerJoint};
use vocabulary::plan::Waypoint;

/// There is no time for the move to a waypoint before the next one is due.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("the move to waypoint {point} takes {needed:.3} s, the next is due after {available:.3} s")]
pub struct StepError {
    /// Index of the waypoint.
    pub point: usize,
    /// What the slowest joint needs, s.
    pub needed: f64,
    /// What there is, s.
    pub available: f64,
}

/// Waypoints at rest (quintic segments) that hold each position until the next one's time.
///
/// # Errors
/// [`StepError`] naming the waypoint.
pub fn steps(
    start: &State,
    waypoints: &[Waypoint],
    limits: &PerJoint<JointLimits>,
) -> Result<Vec<Waypoint>, StepError> {
    let mut knots: Vec<Waypoint> = Vec::with_capacity(2 * waypoints.len());
    let mut held = start.position;
    for (point, waypoint) in waypoints.iter().enumerate() {
        if let Some(previous) = knots.last().filter(|previous| previous.time > waypoint.time) {
            let before = point.saturating_sub(1);
            let due = waypoints.get(before).map_or(0.0, |w| w.time);
            let (needed, available) = (previous.time - due, waypoint.time - due);
            return Err(StepError { point: before, needed, available });
        }
        if waypoint.time > knots.last().map_or(0.0, |previous| previous.time) {
            knots.push(at_rest(waypoint.time, held));
        }
        let took = quickest(&held, &waypoint.position, limits);
        knots.push(at_rest(waypoint.time + took, waypoint.position));
        held = waypoint.position;
    }
    Ok(knots)
}

fn at_rest(time: f64, position: PerJoint<f64>) -> Waypoint {
    let still = Some([0.0; JOINTS]);
    Waypoint { time, position, velocity: still, acceleration: still }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::LIMITS;
    use crate::path::Path;

    fn point(time: f64, position: f64) -> Waypoint {
        Waypoint { velocity: None, acceleration: None, ..at_rest(time, [position; JOINTS]) }
    }

    fn path(points: &[Waypoint]) -> Path {
        let start = State::at_rest([0.0; JOINTS]);
        Path::new(start, steps(&start, points, &LIMITS).unwrap().into()).unwrap()
    }

    #[test]
    fn each_position_is_held_until_the_next_waypoint_is_due() {
        let path = path(&[point(1.0, 0.5), point(2.0, -0.5)]);
        for (time, position) in [(0.0, 0.0), (0.999, 0.0), (1.7, 0.5), (2.0, 0.5), (3.5, -0.5)] {
            assert!((path.sample(time).position[1] - position).abs() < 1e-6, "{time}");
        }
        assert_eq!(path.first_violation(&LIMITS), None);
    }

    #[test]
    fn a_waypoint_at_zero_is_approached_at_once() {
        let path = path(&[point(0.0, 0.5)]);
        assert!(path.sample(0.3).position[0] > 0.1);
        assert_eq!(path.end(), State::at_rest([0.5; JOINTS]));
    }

    #[test]
    fn steps_in_too_quick_succession_are_refused_with_the_time_they_need() {
        let start = State::at_rest([0.0; JOINTS]);
        let error = steps(&start, &[point(1.0, 1.0), point(1.5, 0.0)], &LIMITS).unwrap_err();
        assert!(error.point == 0 && error.needed > 0.8, "{error}");
        assert!((error.available - 0.5).abs() < 1e-12);
    }
}
