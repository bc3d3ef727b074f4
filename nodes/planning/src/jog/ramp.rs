//! From one speed to another within acceleration and jerk, step by step, all joints together.
//!
//! The rule: no step exceeds a limit, and every step can be followed by others that end exactly at
//! the speed asked for, at rest in acceleration. Within a step jerk is constant, so the motion is a
//! cubic of each joint and the quintic through its ends is that cubic.

use trajectory::State;
use vocabulary::joint::{JOINTS, PerJoint};

/// Changes of speed below this are none, rad/s.
const NOTHING: f64 = 1e-9;

/// Acceleration and jerk that a ramp may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ramp {
    /// Per joint, rad/s².
    pub acceleration: PerJoint<f64>,
    /// Per joint, rad/s³.
    pub jerk: PerJoint<f64>,
}

/// Acceleration and jerk of one joint.
#[derive(Debug, Clone, Copy)]
struct Most {
    acceleration: f64,
    jerk: f64,
}

#[allow(clippy::indexing_slicing)] // joint < JOINTS
impl Ramp {
    /// The state `h` s later on the way to the speeds `wish`, rad/s.
    pub(crate) fn step(&self, from: &State, wish: &PerJoint<f64>, h: f64) -> State {
        let mut next = *from;
        let shares = self.shares(from, wish);
        for joint in 0..JOINTS {
            let (v, a) = (from.velocity[joint], from.acceleration[joint]);
            let full = self.of(joint);
            let most = full.shared(shares[joint], (wish[joint] - v, a));
            let goal = most.towards(wish[joint] - v, a, h);
            // Faster together with the others, back to no acceleration as it must.
            let rises = goal * a >= 0.0 && goal.abs() > a.abs();
            let jerk = if rises { most.jerk } else { full.jerk };
            let goal = goal.clamp(a - jerk * h, a + jerk * h);
            let jerk = (goal - a) / h;
            next.position[joint] += h * (v + h * (a / 2.0 + h * jerk / 6.0));
            next.velocity[joint] = v + h * (a + h * jerk / 2.0);
            next.acceleration[joint] = goal;
        }
        next
    }

    /// The greatest speed, rad/s, from which joint `joint` stops within `way` rad.
    pub(crate) fn stopping_speed(&self, joint: usize, way: f64) -> f64 {
        let Most { acceleration: a, jerk } = self.of(joint);
        // v²/2a + va/2j is never less than the way of the quickest stop.
        let rise = a / jerk;
        let way = way.max(0.0);
        a / 2.0 * ((rise * rise + 8.0 * way / a).sqrt() - rise)
    }

    fn of(&self, joint: usize) -> Most {
        Most { acceleration: self.acceleration[joint], jerk: self.jerk[joint] }
    }

    /// What of its limits each joint uses so that all reach their speeds together.
    fn shares(&self, from: &State, wish: &PerJoint<f64>) -> PerJoint<f64> {
        let change = |joint: usize| (wish[joint] - from.velocity[joint]).abs();
        let times: PerJoint<f64> = std::array::from_fn(|joint| {
            let most = self.of(joint);
            change(joint) / most.jerk.min(most.acceleration)
        });
        let longest = times.iter().copied().fold(NOTHING, f64::max);
        times.map(|time| time / longest)
    }
}

impl Most {
    /// The limits of a joint with less to change than others; as much as it needs to land all the
    /// same.
    fn shared(self, share: f64, (change, a): (f64, f64)) -> Self {
        let needed = match change * a {
            _ if a == 0.0 => 0.0,
            towards if towards > 0.0 => a * a / (2.0 * change.abs()),
            _ => self.jerk,
        };
        Self {
            acceleration: (self.acceleration * share).max(a.abs()).min(self.acceleration),
            jerk: (self.jerk * share).max(needed).clamp(1e-3 * self.jerk, self.jerk),
        }
    }

    /// The acceleration at the end of a step on the way to a speed `change` rad/s off, from
    /// acceleration `a`: the largest from which the rest of the way is still long enough to end it.
    fn towards(self, change: f64, a: f64, h: f64) -> f64 {
        let rest = change - a * h / 2.0;
        let step = self.jerk * h;
        let goal = (step * step + 2.0 * self.jerk * rest.abs()).sqrt() - step;
        goal.min(self.acceleration).copysign(rest)
    }
}

#[cfg(test)]
#[allow(clippy::needless_range_loop)] // joint < JOINTS
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RAMP: Ramp = Ramp {
        acceleration: [3.0, 2.5, 4.0, 7.5, 7.5, 10.0],
        jerk: [30.0, 25.0, 40.0, 75.0, 75.0, 100.0],
    };

    /// Goes to the speeds; the states on the way.
    fn ride(mut state: State, wish: PerJoint<f64>, h: f64) -> Vec<State> {
        let mut states = vec![state];
        for _ in 0..2000 {
            state = RAMP.step(&state, &wish, h);
            states.push(state);
        }
        states
    }

    #[test]
    fn from_rest_all_joints_keep_the_direction() {
        let wish = [0.6, -0.3, 0.15, 0.0, 0.3, 0.06];
        for state in ride(State::at_rest([0.0; JOINTS]), wish, 0.02) {
            for (v, w) in state.velocity.iter().zip(wish) {
                assert!((v - w * state.velocity[0] / 0.6).abs() < 2e-3, "{:?}", state.velocity);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn every_speed_is_reached_within_limits(
            first in prop::array::uniform6(-1.5..1.5), second in prop::array::uniform6(-1.5..1.5),
            after in 1usize..60, h in 0.005..0.1,
        ) {
            let begun = ride(State::at_rest([0.0; JOINTS]), first, h);
            let states = ride(begun[after], second, h);
            for pair in states.windows(2) {
                for joint in 0..JOINTS {
                    let (a, b) = (pair[0].acceleration[joint], pair[1].acceleration[joint]);
                    prop_assert!((b - a).abs() <= RAMP.jerk[joint] * h * 1.000_001);
                    prop_assert!(b.abs() <= RAMP.acceleration[joint] * 1.000_001);
                }
            }
            let last = states.last().unwrap();
            for joint in 0..JOINTS {
                prop_assert!((last.velocity[joint] - second[joint]).abs() < 1e-6, "{last:?}");
                prop_assert!(last.acceleration[joint].abs() < 1e-5, "{last:?}");
            }
        }

        #[test]
        fn a_joint_stops_within_the_way_that_it_was_given(way in 0.001..2.0, joint in 0usize..JOINTS) {
            let speed = RAMP.stopping_speed(joint, way);
            let mut from = State::at_rest([0.0; JOINTS]);
            from.velocity[joint] = speed;
            let end = ride(from, [0.0; JOINTS], 0.005).last().unwrap().position[joint];
            // A step is not divided: it may end a little later than the text book says.
            prop_assert!(end <= way + 0.01 * speed, "{end} rad of {way} at {speed} rad/s");
        }
    }
}
