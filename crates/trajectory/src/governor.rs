//! The last word before a command: what is asked for, as far as the joint can follow.
//!
//! A feasible reference passes unchanged. A reference that jumps is approached with the joint's
//! acceleration limit and met without a jump. Nothing that goes wrong further up (a start state that
//! was 20 ms old, a corner, a fault) can make a command that no joint can follow.
#![allow(clippy::indexing_slicing)] // joint < JOINTS

use crate::state::State;
use vocabulary::joint::{JointLimits, PerJoint};

/// How far above the acceleration limit a reference passes unchanged: one cycle of a sampled path
/// may show a little more than its polynomial has.
pub const ACCELERATION_ALLOWANCE: f64 = 1.1;

/// Gain of the approach close to the reference, per period.
const APPROACH: f64 = 0.3;

/// The next state of all joints after `dt` s, given the `last` one and the `desired` next one.
#[must_use]
pub fn govern(last: &State, desired: &State, limits: &PerJoint<JointLimits>, dt: f64) -> State {
    let mut next = *desired;
    for (joint, limits) in limits.iter().enumerate() {
        let at = (last.position[joint], last.velocity[joint]);
        let to = (desired.position[joint], desired.velocity[joint]);
        if follows(at, to, limits, dt) {
            continue;
        }
        let relative = limits.acceleration - desired.acceleration[joint].abs();
        let usable = relative.max(0.3 * limits.acceleration);
        let wish = to.1 + approach(to.0 - to.1 * dt - at.0, usable, dt);
        let velocity = towards(at.1, wish, limits, dt);
        next.position[joint] = at.0 + 0.5 * (at.1 + velocity) * dt;
        next.velocity[joint] = velocity;
        next.acceleration[joint] = (velocity - at.1) / dt;
    }
    next
}

/// The next state of all joints after `dt` s when each brakes with its own limit.
#[must_use]
pub fn decelerate(last: &State, limits: &PerJoint<JointLimits>, dt: f64) -> State {
    let mut next = *last;
    for (joint, limits) in limits.iter().enumerate() {
        let velocity = towards(last.velocity[joint], 0.0, limits, dt);
        next.position[joint] += 0.5 * (last.velocity[joint] + velocity) * dt;
        next.velocity[joint] = velocity;
        next.acceleration[joint] = (velocity - last.velocity[joint]) / dt;
    }
    next
}

/// Whether the joint can be at `to` (position, velocity) after `dt` s.
fn follows(at: (f64, f64), to: (f64, f64), limits: &JointLimits, dt: f64) -> bool {
    let rise = ACCELERATION_ALLOWANCE * limits.acceleration * dt;
    let way = to.0 - at.0;
    (to.1 - at.1).abs() <= rise
        && (way - 0.5 * (at.1 + to.1) * dt).abs() <= 0.25 * rise * dt
        && to.1.abs() <= limits.velocity * (1.0 + 1e-6)
        && way.abs() <= limits.velocity * dt * (1.0 + 1e-6)
}

/// The velocity with which to approach over `way` rad, braking with `acceleration` at its end.
fn approach(way: f64, acceleration: f64, dt: f64) -> f64 {
    let gain = APPROACH / dt;
    let near = acceleration / (gain * gain);
    if way.abs() <= near {
        return gain * way;
    }
    (2.0 * acceleration * (way.abs() - 0.5 * near)).sqrt().copysign(way)
}

fn towards(velocity: f64, wish: f64, limits: &JointLimits, dt: f64) -> f64 {
    let rise = limits.acceleration * dt;
    let wish = wish.clamp(-limits.velocity, limits.velocity);
    velocity + (wish - velocity).clamp(-rise, rise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::LIMITS;
    use proptest::prelude::*;
    use vocabulary::joint::JOINTS;

    const DT: f64 = 0.004;

    fn moving(position: f64, velocity: f64) -> State {
        State { velocity: [velocity; JOINTS], ..State::at_rest([position; JOINTS]) }
    }

    #[test]
    fn a_feasible_reference_passes_unchanged() {
        let mut last = State::at_rest([0.0; JOINTS]);
        for k in 1..500 {
            let t = f64::from(k) * DT;
            let (sine, cosine) = (2.0 * t).sin_cos();
            let desired = State {
                position: [1.0 - cosine; JOINTS],
                velocity: [2.0 * sine; JOINTS],
                acceleration: [4.0 * cosine; JOINTS],
            };
            last = govern(&last, &desired, &LIMITS, DT);
            assert_eq!(last, desired);
        }
    }

    #[test]
    fn a_standing_arm_stays_exactly_where_it_is() {
        let rest = State::at_rest([0.1; JOINTS]);
        assert_eq!(govern(&rest, &rest, &LIMITS, DT), rest);
        assert_eq!(decelerate(&rest, &LIMITS, DT), rest);
    }

    #[test]
    fn braking_takes_the_distance_of_the_text_book() {
        let mut state = moving(0.0, 1.6);
        let mut cycles = 0;
        while !state.is_at_rest(0.0) {
            state = decelerate(&state, &LIMITS, DT);
            cycles += 1;
        }
        assert_eq!(cycles, 50);
        assert!((state.position[0] - 1.6 * 1.6 / 16.0).abs() < 1e-9);
    }

    /// How far each joint goes on from these speeds, rad, braking with 10 rad/s².
    fn braking_ways(speeds: PerJoint<f64>) -> PerJoint<f64> {
        let limits = LIMITS.map(|l| JointLimits { acceleration: 10.0, ..l });
        let mut state = State { velocity: speeds, ..State::at_rest([0.5; JOINTS]) };
        for _ in 0..10 {
            state = decelerate(&state, &limits, DT);
        }
        assert_eq!(state.velocity, [0.0; JOINTS], "rest is rest");
        state.position.map(|p| p - 0.5)
    }

    #[test]
    fn a_cancelled_joint_stops_two_milliradians_ahead_of_a_fifth_of_a_radian_per_second() {
        for way in braking_ways([0.2; JOINTS]) {
            assert!((way - 0.002).abs() < 1e-12, "{way}");
        }
    }

    #[test]
    fn a_cancelled_joint_that_goes_back_stops_two_milliradians_behind() {
        for way in braking_ways([-0.2; JOINTS]) {
            assert!((way + 0.002).abs() < 1e-12, "{way}");
        }
    }

    #[test]
    fn cancelled_joints_stop_each_by_its_own_speed() {
        let ways = braking_ways([0.2, -0.1, 0.0, 0.0, 0.0, 0.0]);
        assert!((ways[0] - 0.002).abs() < 1e-12);
        // A cycle longer than the rest of the braking costs half of its way at most.
        assert!((ways[1] + 0.0005).abs() < 2e-5, "{}", ways[1]);
        assert_eq!(ways[2], 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_jump_is_met_within_limits_and_without_much_overshoot(
            jump in -1.0..1.0, from in -1.5..1.5, to in -1.0..1.0,
        ) {
            let mut last = moving(0.0, from);
            let mut target = moving(jump, to);
            let mut met = None;
            for cycle in 0..800 {
                target.position = target.position.map(|p| p + to * DT);
                let next = govern(&last, &target, &LIMITS, DT);
                let (dp, dv) = (next.position[0] - last.position[0], next.velocity[0] - last.velocity[0]);
                prop_assert!(dv.abs() <= 8.0 * DT * 1.101);
                prop_assert!(dp.abs() <= 2.0 * DT * 1.001);
                last = next;
                if last == target {
                    met.get_or_insert(cycle);
                }
            }
            prop_assert!(met.is_some(), "{:?} {:?}", last, target);
            prop_assert_eq!(last, target);
        }
    }
}
