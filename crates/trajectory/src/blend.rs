//! From one state to another by one quintic per joint, as fast as the limits allow.

use crate::limits::Quantity;
use crate::path::{Path, PathError};
use crate::state::State;
use std::sync::Arc;
use vocabulary::joint::{JointLimits, PerJoint};
use vocabulary::plan::Waypoint;

/// Peak velocity of a quintic from rest to rest over 1 s and 1 rad, rad/s.
const PEAK_VELOCITY: f64 = 1.875;
/// Its peak acceleration, rad/s²: 10/√3.
const PEAK_ACCELERATION: f64 = 5.773_502_7;
/// Longest blend worth trying, s.
const LONGEST: f64 = 60.0;
/// Step between two durations tried.
const GROWTH: f64 = 1.08;

/// A way from one state to another, as a path with one quintic segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Blend {
    /// The way; its end is the state asked for.
    pub path: Path,
}

impl Blend {
    /// The shortest blend (within 8 %) of at least `min_duration` s that keeps every joint within
    /// its limits; none when no duration up to a minute does, as for a start beyond a limit.
    ///
    /// Where `from` or `to` lies outside the position limits, the blend may stay there but goes no
    /// further out.
    #[must_use]
    pub fn between(
        from: &State,
        to: &State,
        limits: &PerJoint<JointLimits>,
        min_duration: f64,
    ) -> Option<Self> {
        let widened = widened(from, to, limits);
        let mut duration = quickest(&from.position, &to.position, &widened).max(min_duration);
        while duration <= LONGEST {
            let path = quintic(from, to, duration).ok()?;
            match path.first_violation(&widened) {
                None => return Some(Self { path }),
                // Every longer blend swings out further.
                Some(found) if found.quantity == Quantity::Position && duration > 10.0 => {
                    return None;
                }
                Some(_) => duration *= GROWTH,
            }
        }
        None
    }
}

fn quintic(from: &State, to: &State, duration: f64) -> Result<Path, PathError> {
    let end = Waypoint {
        time: duration,
        position: to.position,
        velocity: Some(to.velocity),
        acceleration: Some(to.acceleration),
    };
    Path::new(*from, Arc::new([end]))
}

/// The time that the quickest quintic from rest at `from` to rest at `to`, rad, takes, s.
pub(crate) fn quickest(
    from: &PerJoint<f64>,
    to: &PerJoint<f64>,
    limits: &PerJoint<JointLimits>,
) -> f64 {
    let joints = from.iter().zip(to).zip(limits);
    joints.fold(0.01, |longest: f64, ((a, b), limits)| {
        let distance = (b - a).abs();
        let by_speed = PEAK_VELOCITY * distance / limits.velocity;
        let by_acceleration = (PEAK_ACCELERATION * distance / limits.acceleration).sqrt();
        longest.max(by_speed).max(by_acceleration)
    })
}

/// The limits, position limits widened to hold both ends.
fn widened(from: &State, to: &State, limits: &PerJoint<JointLimits>) -> PerJoint<JointLimits> {
    let mut widened = *limits;
    for ((limits, a), b) in widened.iter_mut().zip(&from.position).zip(&to.position) {
        limits.lower = limits.lower.min(*a).min(*b);
        limits.upper = limits.upper.max(*a).max(*b);
    }
    widened
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::LIMITS;
    use proptest::prelude::*;
    use vocabulary::joint::JOINTS;

    #[test]
    fn from_rest_to_rest_the_estimate_is_exact() {
        let (from, to) = (State::at_rest([0.0; JOINTS]), State::at_rest([1.0; JOINTS]));
        let blend = Blend::between(&from, &to, &LIMITS, 0.0).unwrap();
        assert!((blend.path.duration() - 1.875 / 2.0).abs() < 1e-6);
        assert_eq!(blend.path.sample(9.0), to);
    }

    #[test]
    fn no_way_takes_the_least_time() {
        let here = State::at_rest([0.5; JOINTS]);
        let blend = Blend::between(&here, &here, &LIMITS, 0.3).unwrap();
        assert_eq!(blend.path.duration(), 0.3);
    }

    #[test]
    fn a_start_that_must_leave_the_limits_has_no_blend() {
        let from = State { velocity: [2.0; JOINTS], ..State::at_rest([2.95; JOINTS]) };
        assert_eq!(Blend::between(&from, &State::at_rest([2.9; JOINTS]), &LIMITS, 0.3), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_blend_is_within_limits_and_meets_both_ends(
            p in prop::array::uniform2(-2.0..2.0), v in prop::array::uniform2(-1.0..1.0),
        ) {
            let state = |p: f64, v: f64| State { velocity: [v; JOINTS], ..State::at_rest([p; JOINTS]) };
            let (from, to) = (state(p[0], v[0]), state(p[1], v[1]));
            let blend = Blend::between(&from, &to, &LIMITS, 0.3);
            prop_assert!(blend.is_some());
            let path = blend.unwrap().path;
            prop_assert_eq!(path.first_violation(&LIMITS), None);
            prop_assert!((path.sample(0.0).position[0] - p[0]).abs() < 1e-9);
            prop_assert!((path.sample(path.duration() - 1e-9).velocity[0] - v[1]).abs() < 1e-6);
        }
    }
}
