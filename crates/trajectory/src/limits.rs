//! Whether a path stays within the joints' limits: at every instant, not only at the waypoints.

use crate::path::{Path, Segment};
use crate::polynomial::{Extremes, Polynomial, Range};
use std::fmt;
use vocabulary::joint::{JointLimits, PerJoint};

/// Rounding allowed beyond a limit, relative for rates and in rad for positions.
const ROUNDING: f64 = 1e-6;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Position, rad.
    Position,
    /// Velocity, rad/s.
    Velocity,
    /// Acceleration, rad/s².
    Acceleration,
}

impl Quantity {
    /// Its unit.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Position => "rad",
            Self::Velocity => "rad/s",
            Self::Acceleration => "rad/s²",
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Position => "position",
            Self::Velocity => "velocity",
            Self::Acceleration => "acceleration",
        })
    }
}

/// A limit that a path breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitViolation {
    /// Index in the joint order.
    pub joint: usize,
    /// Waypoint at the end of the segment that breaks it.
    pub point: usize,
    /// What is too large.
    pub quantity: Quantity,
    /// The extreme of the segment, in the quantity's unit.
    pub value: f64,
    /// The limit, in the quantity's unit.
    pub limit: f64,
}

impl Path {
    /// The first limit that the path breaks, by segment, then joint.
    #[must_use]
    pub fn first_violation(&self, limits: &PerJoint<JointLimits>) -> Option<LimitViolation> {
        self.segments().find_map(|segment| segment.violation(limits)).or_else(|| {
            let end = self.end();
            let point = self.waypoints().len().saturating_sub(1);
            let knots = end.position.iter().zip(&end.velocity).zip(limits).enumerate();
            knots.into_iter().find_map(|(joint, ((p, v), limits))| {
                let still = Polynomial::linear(*p, p + v, 1.0);
                let at = Range { min: *p, max: *p };
                let broken = broken(&Extremes { position: at, ..still.extremes() }, limits)?;
                Some(broken.named(joint, point))
            })
        })
    }
}

impl Segment {
    /// The first joint that leaves its limits on this segment.
    #[must_use]
    pub fn violation(&self, limits: &PerJoint<JointLimits>) -> Option<LimitViolation> {
        self.joints.iter().zip(limits).enumerate().find_map(|(joint, (polynomial, limits))| {
            broken(&polynomial.hull(), limits)?;
            Some(broken(&polynomial.extremes(), limits)?.named(joint, self.point))
        })
    }
}

struct Broken {
    quantity: Quantity,
    value: f64,
    limit: f64,
}

impl Broken {
    fn named(self, joint: usize, point: usize) -> LimitViolation {
        let Self { quantity, value, limit } = self;
        LimitViolation { joint, point, quantity, value, limit }
    }
}

fn broken(extremes: &Extremes, limits: &JointLimits) -> Option<Broken> {
    let position = |value, limit| Broken { quantity: Quantity::Position, value, limit };
    if extremes.position.min < limits.lower - ROUNDING {
        return Some(position(extremes.position.min, limits.lower));
    }
    if extremes.position.max > limits.upper + ROUNDING {
        return Some(position(extremes.position.max, limits.upper));
    }
    let rates = [
        (Quantity::Velocity, extremes.velocity, limits.velocity),
        (Quantity::Acceleration, extremes.acceleration, limits.acceleration),
    ];
    rates.into_iter().find_map(|(quantity, range, limit)| {
        let value = range.peak();
        (value.abs() > limit * (1.0 + ROUNDING)).then_some(Broken { quantity, value, limit })
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::state::State;
    use proptest::prelude::*;
    use vocabulary::joint::JOINTS;
    use vocabulary::plan::Waypoint;

    pub(crate) const LIMITS: PerJoint<JointLimits> =
        [JointLimits { lower: -3.0, upper: 3.0, velocity: 2.0, acceleration: 8.0, effort: 100.0 };
            JOINTS];

    fn cubic(time: f64, position: f64, velocity: f64) -> Waypoint {
        let mut at = [0.0; JOINTS];
        at[3] = position;
        let mut speed = [0.0; JOINTS];
        speed[3] = velocity;
        Waypoint { time, position: at, velocity: Some(speed), acceleration: None }
    }

    fn check(points: &[Waypoint]) -> Option<LimitViolation> {
        let start = State::at_rest([0.0; JOINTS]);
        Path::new(start, points.into()).unwrap().first_violation(&LIMITS)
    }

    #[test]
    fn an_overshoot_between_allowed_waypoints_is_found() {
        let found = check(&[cubic(4.0, 2.5, 0.0), cubic(8.0, 2.9, 1.9), cubic(12.0, 2.9, -1.9)]);
        let found = found.unwrap();
        assert_eq!((found.joint, found.point, found.quantity), (3, 2, Quantity::Position));
        assert!(found.value > 4.0 && found.limit == 3.0);
    }

    #[test]
    fn a_move_in_too_short_a_time_breaks_velocity_or_acceleration() {
        assert_eq!(check(&[cubic(0.5, 2.0, 0.0)]).unwrap().quantity, Quantity::Velocity);
        assert_eq!(check(&[cubic(0.5, 0.5, 0.0)]).unwrap().quantity, Quantity::Acceleration);
        assert_eq!(check(&[cubic(2.0, 2.0, 0.0)]), None);
    }

    #[test]
    fn a_lone_waypoint_at_zero_is_checked_too() {
        assert_eq!(check(&[cubic(0.0, 3.5, 0.0)]).unwrap().quantity, Quantity::Position);
        assert_eq!(check(&[cubic(0.0, 3.0, 2.5)]).unwrap().quantity, Quantity::Velocity);
        assert_eq!(check(&[cubic(0.0, 3.0, 0.0)]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_path_without_violation_has_none_in_any_sample_and_the_other_way_round(
            points in prop::collection::vec((0.2..2.0, -2.9..2.9, -1.0..1.0), 1..4)
        ) {
            let mut time = 0.0;
            let waypoints: Vec<_> = points.iter().map(|(dt, p, v)| {
                time += dt;
                cubic(time, *p, *v)
            }).collect();
            let path = Path::new(State::at_rest([0.0; JOINTS]), waypoints.into()).unwrap();
            let worst = (0..4000).map(|k| path.sample(time * f64::from(k) / 4000.0)).fold(
                [0.0_f64; 3],
                |[p, v, a], s| [
                    p.max(s.position[3].abs()), v.max(s.velocity[3].abs()), a.max(s.acceleration[3].abs())
                ],
            );
            let over = [worst[0] / 3.0, worst[1] / 2.0, worst[2] / 8.0].into_iter().fold(0.0, f64::max);
            match path.first_violation(&LIMITS) {
                None => prop_assert!(over <= 1.0 + 1e-5, "{worst:?}"),
                Some(found) => prop_assert!(over >= 1.0 - 1e-2, "{worst:?} {found:?}"),
            }
        }
    }
}
