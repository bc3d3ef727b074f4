//! Positions for waypoints that have only velocities, or only accelerations: integrated by the
//! trapezoid rule (Heun), as joint_trajectory_controller deduces them.
//!
//! Between two waypoints with velocities the trapezoid is exact for the cubic through them: its
//! acceleration is constant.

use crate::state::State;
use vocabulary::joint::PerJoint;
use vocabulary::plan::Waypoint;

/// Gives every waypoint a position, and a velocity where it has none, starting from `start`.
///
/// A first waypoint at time zero gets the start's position: there was no time to go elsewhere.
pub fn deduce_positions(start: &State, waypoints: &mut [Waypoint]) {
    let (mut before, mut time) = (*start, 0.0);
    for waypoint in waypoints {
        let dt = waypoint.time - time;
        let acceleration = waypoint.acceleration.unwrap_or_default();
        let velocity = waypoint
            .velocity
            .unwrap_or_else(|| risen(&before.velocity, &before.acceleration, &acceleration, dt));
        let position = risen(&before.position, &before.velocity, &velocity, dt);
        (waypoint.position, waypoint.velocity) = (position, Some(velocity));
        (before, time) = (State { position, velocity, acceleration }, waypoint.time);
    }
}

/// `value` after `dt` s in which its rate went from `from` to `to`.
fn risen(
    value: &PerJoint<f64>,
    from: &PerJoint<f64>,
    to: &PerJoint<f64>,
    dt: f64,
) -> PerJoint<f64> {
    let mut risen = *value;
    for ((value, from), to) in risen.iter_mut().zip(from).zip(to) {
        *value += 0.5 * (from + to) * dt;
    }
    risen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Path;
    use vocabulary::joint::JOINTS;

    const START: State = State::at_rest([0.2; JOINTS]);

    fn fast(time: f64, velocity: f64) -> Waypoint {
        let position = [f64::NAN; JOINTS];
        Waypoint { time, position, velocity: Some([velocity; JOINTS]), acceleration: None }
    }

    fn pushed(time: f64, acceleration: f64) -> Waypoint {
        Waypoint { velocity: None, acceleration: Some([acceleration; JOINTS]), ..fast(time, 0.0) }
    }

    fn positions(mut waypoints: Vec<Waypoint>) -> Vec<f64> {
        deduce_positions(&START, &mut waypoints);
        waypoints.iter().map(|w| w.position[3]).collect()
    }

    #[test]
    fn velocities_alone_give_positions_by_the_trapezoid_rule() {
        // Areas below the velocity: 0→1 over 1 s, 1→2 over 1 s, 2→1 over 1 s.
        let found = positions(vec![fast(1.0, 1.0), fast(2.0, 2.0), fast(3.0, 1.0)]);
        for (found, expected) in found.iter().zip([0.7, 2.2, 3.7]) {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn between_integrated_waypoints_the_acceleration_is_constant() {
        let mut waypoints = vec![fast(1.0, 1.0), fast(2.0, 2.0)];
        deduce_positions(&START, &mut waypoints);
        let path = Path::new(START, waypoints.into()).unwrap();
        for t in [0.1, 0.5, 0.9, 1.3, 1.9] {
            assert!((path.sample(t).acceleration[0] - 1.0).abs() < 1e-9);
            assert!((path.sample(t).velocity[0] - t).abs() < 1e-9);
        }
    }

    #[test]
    fn a_start_in_motion_counts() {
        let start = State { velocity: [1.0; JOINTS], ..START };
        let mut waypoints = vec![fast(1.0, 0.0)];
        deduce_positions(&start, &mut waypoints);
        assert!((waypoints[0].position[0] - 0.7).abs() < 1e-12);
    }

    #[test]
    fn accelerations_alone_give_velocities_and_positions() {
        let mut waypoints = vec![pushed(1.0, 2.0), pushed(2.0, -2.0)];
        deduce_positions(&START, &mut waypoints);
        // v: 0 → (0+2)/2 = 1 → 1 + 0 = 1; p: 0.2 + 0.5 → 0.7 + 1.
        assert_eq!(waypoints[0].velocity, Some([1.0; JOINTS]));
        assert_eq!(waypoints[1].velocity, Some([1.0; JOINTS]));
        assert!((waypoints[1].position[5] - 1.7).abs() < 1e-12);
    }

    #[test]
    fn a_first_waypoint_at_zero_is_where_the_arm_is() {
        assert_eq!(positions(vec![fast(0.0, 0.0), fast(1.0, 0.0)]), [0.2, 0.2]);
    }

    /// Sampling late must not lose a segment: positions are deduced before the first sample.
    #[test]
    fn a_first_sample_after_the_last_segment_has_deduced_positions() {
        let mut waypoints = vec![fast(1.0, 1.0), fast(1.01, 0.0)];
        deduce_positions(&START, &mut waypoints);
        let path = Path::new(START, waypoints.into()).unwrap();
        assert!((path.sample(1.5).position[0] - 0.705).abs() < 1e-12);
        assert!((path.sample(99.0).position[0] - 0.705).abs() < 1e-12);
    }
}
