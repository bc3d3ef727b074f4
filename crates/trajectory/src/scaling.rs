//! Moving along a path faster or slower without leaving it.
//!
//! With path position q(s) and path speed σ = ds/dt the joints move with q'σ and accelerate with
//! q''σ² + q'σ̇. All joints share σ, so they stay on the path together.

use crate::state::State;
use vocabulary::joint::{JointLimits, PerJoint};

/// Slope below which a joint does not restrict the path acceleration, rad per path second.
const STILL: f64 = 1e-9;

/// The path accelerations σ̇ [1/s] that keep every joint within its acceleration limit: lowest (the
/// strongest stop) and highest.
///
/// `at` is the path's own state at the present path time (derivatives by path time), `speed` is σ.
/// Zero always lies between them: where the path itself breaks a limit, going on is allowed.
#[must_use]
pub fn path_acceleration_range(
    at: &State,
    speed: f64,
    limits: &PerJoint<JointLimits>,
) -> (f64, f64) {
    let joints = at.velocity.iter().zip(&at.acceleration).zip(limits);
    let (low, high) = joints.fold(
        (f64::NEG_INFINITY, f64::INFINITY),
        |(low, high), ((slope, curvature), limits)| {
            if slope.abs() < STILL {
                return (low, high);
            }
            let bend = curvature * speed * speed;
            let a = (-limits.acceleration - bend) / slope;
            let b = (limits.acceleration - bend) / slope;
            (low.max(a.min(b)), high.min(a.max(b)))
        },
    );
    (low.min(0.0), high.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::LIMITS;
    use crate::path::Path;
    use vocabulary::joint::JOINTS;
    use vocabulary::plan::Waypoint;

    #[test]
    fn the_slowest_joint_decides_how_hard_the_arm_stops() {
        let mut at = State::at_rest([0.0; JOINTS]);
        at.velocity = [2.0, -1.0, 0.0, 0.0, 0.0, 0.0];
        let (low, high) = path_acceleration_range(&at, 1.0, &LIMITS);
        assert_eq!((low, high), (-4.0, 4.0));
    }

    #[test]
    fn a_joint_that_brakes_already_leaves_less_room() {
        let mut at = State::at_rest([0.0; JOINTS]);
        at.velocity[0] = 2.0;
        at.acceleration[0] = -6.0;
        assert_eq!(path_acceleration_range(&at, 1.0, &LIMITS), (-1.0, 7.0));
        assert_eq!(path_acceleration_range(&at, 0.5, &LIMITS).0, -3.25);
    }

    #[test]
    fn a_stop_with_the_strongest_allowed_braking_keeps_every_joint_within_its_limit() {
        let points: Vec<Waypoint> = (1..=4)
            .map(|k| {
                let t = f64::from(k);
                let (sine, cosine) = (1.4 * t).sin_cos();
                Waypoint {
                    time: t,
                    position: [sine, 0.5 * cosine - 0.5, 0.3 * t, 0.0, 0.0, 0.0],
                    velocity: Some([1.4 * cosine, -0.7 * sine, 0.3, 0.0, 0.0, 0.0]),
                    acceleration: None,
                }
            })
            .collect();
        let path = Path::new(State::at_rest([0.0; JOINTS]), points.into()).unwrap();
        for start in [0.3, 1.1, 1.9, 2.4, 3.0] {
            let (mut s, mut speed, dt, mut took) = (start, 1.0, 0.001, 0.0);
            let mut last = path.sample(s).velocity;
            while speed > 0.0 && s < 4.0 {
                let (low, _) = path_acceleration_range(&path.sample(s), speed, &LIMITS);
                let next = f64::max(speed + low * dt, 0.0);
                s += 0.5 * (speed + next) * dt;
                speed = next;
                took += dt;
                let now = path.sample(s).velocity.map(|v| v * speed);
                for (a, b) in now.iter().zip(last) {
                    assert!((a - b).abs() <= 8.0 * dt * 1.05, "{} at {s}", (a - b) / dt);
                }
                last = now;
            }
            assert!(took < 0.6, "stop from {start} took {took} s");
        }
    }
}
