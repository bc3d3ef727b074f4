//! What comes out, judged by the rules of the trajectory service (nodes/motion), and refusals.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test

mod support;

use motion::{Interpolation, RequestPoint, Rules, Start, TrajectoryRequest};
use proptest::prelude::*;
use support::problems::{Random, waypoints};
use support::{ACCELERATION, JERK, arm, laden, limits, names};
use time_parameterization::{
    Dynamics, JointLimits, Limits, PathRequest, Shape, State, Timed, Timing, TimingError,
};
use vocabulary::joint::JointOrder;
use vocabulary::time::Stamp;

const LINES: PathRequest = PathRequest { speed: 1.0, accuracy: 0.1, shape: Shape::Lines };

/// The rules of the service for joints with these limits.
fn rules(limits: &Limits<6>) -> Rules {
    Rules {
        order: JointOrder::new(names().to_vec()).unwrap(),
        limits: std::array::from_fn(|j| {
            let JointLimits { lower, upper, velocity, acceleration, .. } = limits.joint(j);
            vocabulary::joint::JointLimits { lower, upper, velocity, acceleration, effort: 100.0 }
        }),
        allow_partial: false,
        allow_end_velocity: false,
        allow_integration: false,
        interpolation: Interpolation::Splines,
        wraparound: [false; 6],
        max_start_distance: 0.01,
    }
}

/// The motion as a message carries it: times in whole nanoseconds.
fn request(timed: &Timed<6>) -> TrajectoryRequest {
    let points = timed.points().iter().map(|point| {
        let nanoseconds = (point.time * 1e9).round();
        RequestPoint {
            positions: point.state.position.to_vec(),
            velocities: point.state.velocity.to_vec(),
            accelerations: point.state.acceleration.to_vec(),
            effort: vec![],
            time_from_start: nanoseconds / 1e9,
        }
    });
    TrajectoryRequest {
        stamp: Stamp(0),
        joint_names: names().to_vec(),
        points: points.collect(),
        yields: false,
    }
}

fn judge(limits: &Limits<6>, timed: &Timed<6>) {
    let state = trajectory::State::at_rest(timed.points()[0].state.position);
    let start = Start { state, now: Stamp(1_000_000_000) };
    let plan = rules(limits).validate(&request(timed), &start).unwrap();
    assert_eq!(plan.path.duration(), timed.duration());
    let t = 0.37 * timed.duration();
    let (theirs, ours) = (plan.path.sample(t).position, timed.sample(t).position);
    assert!((0..6).all(|j| (theirs[j] - ours[j]).abs() < 1e-12));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_trajectory_service_takes_every_motion(seed in any::<u64>(), speed in 0.1..=1.0) {
        let (waypoints, limits) = (waypoints(&mut Random(seed)), limits());
        let timing = Timing::new(limits.clone(), None);
        for (accuracy, shape) in
            [(0.0, Shape::Lines), (0.02, Shape::Lines), (0.3, Shape::Lines), (9.0, Shape::Through)]
        {
            let request = PathRequest { speed, accuracy, shape };
            judge(&limits, &timing.path(&waypoints, &request).unwrap());
        }
        judge(&limits, &timing.point_to_point(&waypoints[0], &waypoints[1], speed).unwrap());
    }
}

fn refusal(waypoints: &[[f64; 6]], request: &PathRequest) -> String {
    Timing::new(limits(), None).path(waypoints, request).unwrap_err().to_string()
}

#[test]
fn a_bad_path_is_refused_with_the_waypoint_and_the_number() {
    let (a, b) = ([0.0; 6], [1.0; 6]);
    let with = |joint: usize, value: f64| {
        let mut waypoint = b;
        waypoint[joint] = value;
        waypoint
    };
    assert_eq!(refusal(&[a], &LINES), "1 waypoint(s) given, a path needs at least 2");
    assert_eq!(refusal(&[], &LINES), "0 waypoint(s) given, a path needs at least 2");
    let nan = refusal(&[a, with(2, f64::NAN)], &LINES);
    assert_eq!(nan, "position of joint_3 at waypoint 1 is NaN, must be a finite number");
    let twice = refusal(&[a, b, b], &LINES);
    assert!(twice.starts_with("waypoints 1 and 2 are 0.0e0 rad apart"), "{twice}");
    let outside = refusal(&[a, with(4, 7.5), a], &LINES);
    assert!(outside.starts_with("position of joint_5 at waypoint 1 is 7.5000"), "{outside}");
}

#[test]
fn a_bad_request_is_refused_with_the_number() {
    let path = [[0.0; 6], [1.0; 6]];
    let with = |speed, accuracy| PathRequest { speed, accuracy, shape: Shape::Lines };
    assert!(refusal(&path, &with(0.0, 0.1)).starts_with("speed is 0, must be more than 0"));
    assert!(refusal(&path, &with(1.1, 0.1)).starts_with("speed is 1.1"));
    assert!(refusal(&path, &with(f64::NAN, 0.1)).starts_with("speed is NaN"));
    assert!(refusal(&path, &with(1.0, -0.1)).starts_with("accuracy is -0.1 rad"));
    assert!(refusal(&path, &with(1.0, f64::INFINITY)).starts_with("accuracy is inf rad"));
    let corner = [[0.0; 6], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0; 6]];
    let strays = refusal(&corner, &PathRequest { shape: Shape::Through, ..with(1.0, 0.01) });
    assert!(strays.contains("accuracy is 0.01 rad"), "{strays}");
}

#[test]
fn a_bad_state_is_refused_with_the_joint_and_the_limit() {
    let timing = Timing::new(limits(), None);
    let still = State::at_rest([0.0; 6]);
    let refusal = |from: &State<6>, to: &State<6>| {
        timing.state_to_state(from, to, 1.0).unwrap_err().to_string()
    };
    let mut fast = still;
    fast.velocity[1] = 2.6;
    let text = refusal(&fast, &still);
    assert_eq!(text, "velocity of joint_2 at the start is 2.6000, its limits are -2.5 and 2.5");
    let mut strange = still;
    strange.acceleration[5] = f64::INFINITY;
    assert!(refusal(&still, &strange).starts_with("acceleration of joint_6 at the target is inf"));
    let mut doomed = State::at_rest([6.99, 0.0, 0.0, 0.0, 0.0, 0.0]);
    doomed.velocity[0] = 2.0;
    let text = refusal(&doomed, &still);
    assert!(text.starts_with("joint_1 would reach 7."), "{text}");
}

#[test]
fn a_moving_start_beside_a_limit_is_timed_so_that_it_stays_inside() {
    let timing = Timing::new(limits(), None);
    let mut from = State::at_rest([6.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    from.velocity[0] = 2.0;
    let timed = timing.state_to_state(&from, &State::at_rest([0.0; 6]), 1.0).unwrap();
    assert_eq!(timed.swing(timing.limits(), 1e-6), None);
}

#[test]
fn an_arm_too_weak_for_its_load_is_told_which_joint_lacks_how_much() {
    let arm = arm();
    let limits = Limits::of_arm(&arm, &ACCELERATION, &JERK).unwrap();
    let timing = Timing::new(limits, Some(Dynamics { arm: &arm, load: laden(15.0) }));
    let (stretched, bent) = ([0.0; 6], [0.0, -0.5, -1.0, 0.0, 0.0, 0.0]);
    let error = timing.point_to_point(&bent, &stretched, 1.0).unwrap_err();
    let TimingError::Gravity { joint, needed, limit, .. } = &error else { unreachable!("{error}") };
    assert_eq!(joint, "joint_3");
    assert!(needed.abs() > *limit, "{error}");
    let text = timing.path(&[bent, stretched], &LINES).unwrap_err().to_string();
    assert!(text.contains("joint_3 needs") && text.contains("hold still at waypoint 1"), "{text}");
    let mut moving = State::at_rest(bent);
    moving.velocity[1] = 0.1;
    assert!(timing.state_to_state(&moving, &State::at_rest(stretched), 1.0).is_err());
}

#[test]
fn gravity_is_looked_at_between_waypoints_too() {
    // The forearm hangs at one end and stands at the other, between them it lies level.
    let arm = arm();
    let limits = Limits::of_arm(&arm, &ACCELERATION, &JERK).unwrap();
    let timing = Timing::new(limits, Some(Dynamics { arm: &arm, load: laden(15.0) }));
    let ends = [[0.0, 1.0, -2.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]];
    let [from, to] = ends;
    for error in [
        timing.path(&ends, &LINES).unwrap_err(),
        timing.path(&ends, &PathRequest { accuracy: 0.0, ..LINES }).unwrap_err(),
        timing.point_to_point(&from, &to, 1.0).unwrap_err(),
    ] {
        assert!(error.to_string().contains("% of the way"), "{error}");
    }
}
