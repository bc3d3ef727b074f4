//! What must hold of every motion, found out by sampling it densely.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::needless_range_loop)] // a test

mod support;

use proptest::prelude::*;
use support::problems::{Move, Random, waypoints};
use support::{ACCELERATION, JERK, VELOCITY, arm, each_state, laden, limits, sampled_peaks};
use time_parameterization::{
    Caps, Dynamics, Limits, PathRequest, Shape, State, Timed, Timing, curve, without_jerk,
};

/// Rounding of velocities, accelerations and jerks.
const ROUNDING: f64 = 1e-6;
/// The largest share of a torque limit between the places at which torques are computed.
const TORQUE: f64 = 1.002;

/// The control cycle, s.
const CYCLE: f64 = 0.004;
/// By how much a change of jerk may be shifted to a point near it, at both ends of a cycle, s.
const SHIFTED: f64 = 2.0 * 4e-5;

fn lines(accuracy: f64) -> PathRequest {
    PathRequest { speed: 1.0, accuracy, shape: Shape::Lines }
}

fn through() -> PathRequest {
    PathRequest { speed: 1.0, accuracy: 10.0, shape: Shape::Through }
}

fn path(seed: u64) -> Vec<[f64; 6]> {
    waypoints(&mut Random(seed))
}

/// The distance of a position from the lines between waypoints.
fn off(waypoints: &[[f64; 6]], at: &[f64; 6]) -> f64 {
    let to_line = |pair: &[[f64; 6]]| {
        let (a, b) = (pair[0], pair[1]);
        let (mut along, mut square) = (0.0, 0.0);
        for j in 0..6 {
            along += (at[j] - a[j]) * (b[j] - a[j]);
            square += (b[j] - a[j]) * (b[j] - a[j]);
        }
        let share = f64::clamp(along / square, 0.0, 1.0);
        let distance = (0..6).map(|j| (at[j] - a[j] - share * (b[j] - a[j])).powi(2));
        distance.sum::<f64>().sqrt()
    };
    waypoints.windows(2).map(to_line).fold(f64::INFINITY, f64::min)
}

fn check_limits(timed: &Timed<6>) {
    let shares = sampled_peaks(timed, &VELOCITY, &ACCELERATION, &JERK);
    assert!(shares.iter().all(|share| *share <= 1.0 + ROUNDING), "{shares:?}");
}

/// Whether some limit is reached somewhere: what reaches none is slower than need be.
fn reaches_a_limit(seed: u64, request: &PathRequest) -> bool {
    let timed = Timing::new(limits(), None).path(&path(seed), request).unwrap();
    let shares = sampled_peaks(&timed, &VELOCITY, &ACCELERATION, &JERK);
    shares.iter().any(|share| *share >= 0.99)
}

#[test]
fn nearly_every_path_is_as_quick_as_some_limit_allows() {
    let quick = |request: &PathRequest| (0..100).filter(|s| reaches_a_limit(*s, request)).count();
    let counts = [quick(&lines(0.005)), quick(&lines(0.1)), quick(&lines(0.4)), quick(&through())];
    assert!(counts.iter().all(|count| *count >= 97), "of 100 each: {counts:?}");
}

/// Open: of about a thousand paths with tight corners one stays 18 % below all limits.
#[test]
#[ignore = "open: the whole path is slowed down for the sake of one place"]
fn this_path_with_tight_corners_is_as_quick_as_some_limit_allows() {
    assert!(reaches_a_limit(10_504_445_699_344_282_692, &lines(0.006_447_907_500_377_118)));
}

fn check_ends(timed: &Timed<6>, waypoints: &[[f64; 6]]) {
    let (first, last) = (timed.points()[0], timed.points().last().unwrap());
    let at_rest = |state: &State<6>| state.velocity == [0.0; 6] && state.acceleration == [0.0; 6];
    assert!(at_rest(&first.state) && at_rest(&last.state) && first.time == 0.0);
    for j in 0..6 {
        assert!((first.state.position[j] - waypoints[0][j]).abs() < 1e-9);
        assert!((last.state.position[j] - waypoints.last().unwrap()[j]).abs() < 1e-9);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_path_with_rounded_corners_keeps_limits_accuracy_and_ends(
        seed in any::<u64>(), accuracy in 0.005..0.4,
    ) {
        let waypoints = path(seed);
        let timed = Timing::new(limits(), None).path(&waypoints, &lines(accuracy)).unwrap();
        check_limits(&timed);
        check_ends(&timed, &waypoints);
        each_state(&timed, 3, |state, _, _| {
            assert!(off(&waypoints, &state.position) <= accuracy, "{accuracy}");
        });
    }

    #[test]
    fn a_smooth_path_keeps_limits_passes_all_waypoints_and_is_nearly_as_quick_as_without_jerk(
        seed in any::<u64>(),
    ) {
        let waypoints = path(seed);
        let timed = Timing::new(limits(), None).path(&waypoints, &through()).unwrap();
        check_limits(&timed);
        check_ends(&timed, &waypoints);
        let mut nearest = vec![f64::INFINITY; waypoints.len()];
        each_state(&timed, 8, |state, _, _| {
            for (nearest, waypoint) in nearest.iter_mut().zip(&waypoints) {
                let gap = (0..6).map(|j| (state.position[j] - waypoint[j]).abs());
                *nearest = nearest.min(gap.fold(0.0, f64::max));
            }
        });
        // The fastest joint goes 4 rad/s for an eighth of a step of at most 25 ms.
        prop_assert!(nearest.iter().all(|gap| *gap < 0.0125), "{nearest:?}");
        let curve = curve::through(&waypoints, 10.0).unwrap();
        let bound = without_jerk(&curve, &limits(), 500).duration();
        // Two ramps of 0.1 s at both ends and about as much at each reversal of acceleration.
        let reversals = waypoints.len() as f64;
        prop_assert!(timed.duration() > bound && timed.duration() < bound + 0.1 * reversals);
    }

    #[test]
    fn dense_waypoints_of_a_smooth_curve_take_as_long_as_the_curve(seed in any::<u64>()) {
        let waypoints = path(seed);
        let curve = curve::through(&waypoints, 10.0).unwrap();
        let dense: Vec<[f64; 6]> =
            (0..200).map(|k| curve.at(curve.length() * f64::from(k) / 199.0).unwrap().position).collect();
        let timing = Timing::new(limits(), None);
        let (few, many) = (timing.path(&waypoints, &through()), timing.path(&dense, &through()));
        let (few, many) = (few.unwrap(), many.unwrap());
        check_limits(&many);
        prop_assert!((many.duration() / few.duration() - 1.0).abs() < 0.03);
    }

    #[test]
    fn a_path_without_accuracy_stops_at_every_waypoint(seed in any::<u64>()) {
        let waypoints = path(seed);
        let timed = Timing::new(limits(), None).path(&waypoints, &lines(0.0)).unwrap();
        check_limits(&timed);
        check_ends(&timed, &waypoints);
        for waypoint in &waypoints {
            let stops = timed.points().iter().filter(|point| point.state.velocity == [0.0; 6]);
            prop_assert!(stops.map(|p| p.state.position).any(|at| at == *waypoint));
        }
        each_state(&timed, 5, |state, _, _| {
            assert!(off(&waypoints, &state.position) <= 1e-9);
        });
    }

    #[test]
    fn half_the_speed_takes_twice_as_long_on_the_same_way(seed in any::<u64>(), speed in 0.05..1.0) {
        let waypoints = path(seed);
        let timing = Timing::new(limits(), None);
        let full = timing.path(&waypoints, &lines(0.1)).unwrap();
        let slow = timing.path(&waypoints, &PathRequest { speed, ..lines(0.1) }).unwrap();
        prop_assert!((slow.duration() * speed - full.duration()).abs() < 1e-6);
        for k in 0..=100 {
            let t = full.duration() * f64::from(k) / 100.0;
            let (a, b) = (full.sample(t), slow.sample(t / speed));
            prop_assert!((0..6).all(|j| (a.position[j] - b.position[j]).abs() < 1e-6));
        }
        let (from, to) = (waypoints[0], waypoints[1]);
        let full = timing.rest_to_rest(&from, &to, 1.0).unwrap().duration();
        let slow = timing.rest_to_rest(&from, &to, speed).unwrap().duration();
        prop_assert!((slow * speed - full).abs() < 1e-9);
    }

    #[test]
    fn a_moving_start_and_end_are_met_and_no_step_of_the_control_cycle_breaks_a_limit(
        seed in any::<u64>(),
    ) {
        let Move { limits, from, to } = Move::draw(&mut Random(seed), false);
        let timed = Timing::new(limits.clone(), None).state_to_state(&from, &to, 1.0).unwrap();
        prop_assert_eq!(timed.points()[0].state, from);
        prop_assert_eq!(timed.points().last().unwrap().state, to);
        let peaks = timed.peaks(&limits);
        prop_assert!(peaks.velocity <= 1.0 + ROUNDING && peaks.acceleration <= 1.0 + ROUNDING);
        let mut last = timed.sample(0.0);
        for k in 1..(timed.duration() / CYCLE) as usize {
            let now = timed.sample(k as f64 * CYCLE);
            for j in 0..6 {
                let jerk = (now.acceleration[j] - last.acceleration[j]) / CYCLE;
                prop_assert!(jerk.abs() <= limits.joint(j).jerk * (1.0 + SHIFTED / CYCLE), "{j} {jerk} of {}", limits.joint(j).jerk);
            }
            last = now;
        }
    }
}

/// Paths that the arm can hold everywhere, with its real limits.
fn reachable(seed: u64) -> Vec<[f64; 6]> {
    let mut random = Random(seed);
    let count = 3 + random.uniform(0.0, 3.0) as usize;
    let ranges = [(-2.0, 2.0), (-0.8, 0.8), (-1.2, 0.8), (-2.0, 2.0), (-1.5, 1.5), (-2.0, 2.0)];
    (0..count).map(|_| ranges.map(|(low, high)| random.uniform(low, high))).collect()
}

/// The arm's own limits with accelerations that torques, not these, will limit.
fn strong(arm: &arm_model::ArmModel<6>) -> Limits<6> {
    let acceleration = ACCELERATION.map(|a| 4.0 * a);
    Limits::of_arm(arm, &acceleration, &JERK.map(|j| 8.0 * j)).unwrap()
}

fn torque_share(timed: &Timed<6>, limits: &Limits<6>, dynamics: &Dynamics<'_, 6>) -> f64 {
    let mut worst = 0.0_f64;
    each_state(timed, 8, |state, _, _| {
        let torque = dynamics.torque(state);
        for j in 0..6 {
            worst = worst.max(torque[j].abs() / limits.joint(j).torque);
        }
    });
    worst
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn torques_with_a_payload_suffice_everywhere_and_are_used(
        seed in any::<u64>(), mass in 0.0..4.0, rounded in any::<bool>(),
    ) {
        let arm = arm();
        let dynamics = Dynamics { arm: &arm, load: laden(mass) };
        let limits = strong(&arm);
        let waypoints = reachable(seed);
        let timing = Timing::new(limits.clone(), Some(dynamics));
        let request = if rounded { lines(0.1) } else { through() };
        // Some of these paths swing out of the position limits.
        let Ok(timed) = timing.path(&waypoints, &request) else { return Ok(()) };
        let share = torque_share(&timed, &limits, &dynamics);
        prop_assert!(share <= TORQUE, "{share}");
        let peaks = timed.peaks(&limits);
        let most = peaks.velocity.max(peaks.acceleration).max(peaks.jerk);
        prop_assert!(most <= 1.0 + ROUNDING, "{peaks:?}");
        prop_assert!(share.max(most) >= 0.98, "{share} {peaks:?}");
    }

    #[test]
    fn a_move_is_slowed_until_its_torques_suffice(seed in any::<u64>(), mass in 0.0..4.0) {
        let arm = arm();
        let dynamics = Dynamics { arm: &arm, load: laden(mass) };
        let limits = strong(&arm);
        let waypoints = reachable(seed);
        let timing = Timing::new(limits.clone(), Some(dynamics));
        let timed = timing.point_to_point(&waypoints[0], &waypoints[1], 1.0).unwrap();
        prop_assert!(torque_share(&timed, &limits, &dynamics) <= TORQUE);
        let legs = timing.path(&waypoints, &lines(0.0)).unwrap();
        prop_assert!(torque_share(&legs, &limits, &dynamics) <= TORQUE);
    }

    #[test]
    fn what_thermal_leaves_of_torque_and_pace_is_kept(seed in any::<u64>()) {
        let arm = arm();
        let dynamics = Dynamics { arm: &arm, load: laden(1.0) };
        let mut caps = Caps::NONE;
        (caps.torque[1], caps.torque[2], caps.pace[0]) = (0.7, 0.8, 0.6);
        let capped = strong(&arm).capped(&caps).unwrap();
        let timing = Timing::new(capped.clone(), Some(dynamics));
        let timed = timing.path(&reachable(seed), &lines(0.1)).unwrap();
        let peaks = timed.peaks(&capped);
        prop_assert!(peaks.velocity <= 1.0 + ROUNDING && peaks.jerk <= 1.0 + ROUNDING);
        prop_assert!(torque_share(&timed, &capped, &dynamics) <= TORQUE);
    }
}
