//! What is refused, with which code and which words.

use super::{LIMITS, order, point, trajectory};
use crate::{Interpolation, Rejection, RequestPoint, Rules, Start, TrajectoryRequest, ValidPlan};
use proptest::prelude::*;
use std::f64::consts::TAU;
use trajectory::State;
use vocabulary::time::Stamp;

const NOW: Stamp = Stamp(1_000_000_000_000);

fn rules() -> Rules {
    Rules {
        order: order(),
        limits: LIMITS,
        allow_partial: false,
        allow_end_velocity: false,
        allow_integration: false,
        interpolation: Interpolation::Splines,
        wraparound: [false; 6],
        max_start_distance: 0.1,
    }
}

fn judge_by(rules: &Rules, request: &TrajectoryRequest) -> Result<ValidPlan, Rejection> {
    rules.validate(request, &Start { state: State::at_rest([0.0; 6]), now: NOW })
}

fn judge(request: &TrajectoryRequest) -> Result<ValidPlan, Rejection> {
    judge_by(&rules(), request)
}

fn good() -> TrajectoryRequest {
    trajectory(vec![point(1.0, 0.3), point(2.0, 0.5)])
}

/// Breaks a good trajectory and returns code and text of the refusal.
fn broken(breaking: impl FnOnce(&mut TrajectoryRequest)) -> (i32, String) {
    let mut request = good();
    breaking(&mut request);
    let rejection = judge(&request).unwrap_err();
    (rejection.code(), rejection.to_string())
}

fn positions_only(times_and_positions: &[(f64, f64)]) -> TrajectoryRequest {
    let points = times_and_positions
        .iter()
        .map(|(time, position)| RequestPoint { velocities: vec![], ..point(*time, *position) });
    trajectory(points.collect())
}

#[test]
fn a_good_trajectory_passes_unchanged() {
    let plan = judge(&good()).unwrap();
    assert_eq!(plan.waypoints.len(), 2);
    assert_eq!(plan.waypoints[1].position, [0.5; 6]);
    assert_eq!((plan.from_path_time, plan.start), (0.0, Stamp(0)));
}

#[test]
fn every_hole_is_refused_with_its_code_and_its_place() {
    type Breaking = fn(&mut TrajectoryRequest);
    let cases: &[(i32, &str, Breaking)] = &[
        (-2, "names no joints", |t| t.joint_names.clear()),
        (-2, "\"elbow\" is unknown", |t| t.joint_names[2] = "elbow".into()),
        (-2, "\"joint_1\" is named twice", |t| t.joint_names[2] = "joint_1".into()),
        (-2, "\"joint_6\" is missing", |t| drop(t.joint_names.pop())),
        (-1, "no points", |t| t.points.clear()),
        (-1, "10001 points", |t| {
            t.points = (0..10_001).map(|k| point(f64::from(k), 0.0)).collect();
        }),
        (-1, "point 1 has 5 positions for 6 joints", |t| t.points[1].positions.truncate(5)),
        (-1, "point 0 has no positions", |t| t.points[0].positions.clear()),
        (-1, "point 0 has 7 velocities", |t| t.points[0].velocities.push(0.0)),
        (-1, "point 1 has 7 velocities", |t| t.points[1].velocities.push(9.0)),
        (-1, "point 0 has 1 accelerations", |t| t.points[0].accelerations.push(0.0)),
        (-1, "point 0 has effort", |t| t.points[0].effort.push(0.0)),
        (-1, "positions of joint_3 is NaN", |t| t.points[1].positions[2] = f64::NAN),
        (-1, "velocities of joint_1 is inf", |t| t.points[1].velocities[0] = f64::INFINITY),
        (-1, "point 1 has no velocities although point 0", |t| t.points[1].velocities.clear()),
        (-1, "accelerations but no velocities", |t| {
            for point in &mut t.points {
                point.accelerations = std::mem::take(&mut point.velocities);
            }
        }),
        (-1, "time_from_start -0.1 s", |t| t.points[0].time_from_start = -0.1),
        (-1, "time_from_start NaN s", |t| t.points[1].time_from_start = f64::NAN),
        (-1, "point 1 at 1 s is not later than point 0 at 1 s", |t| {
            t.points[1].time_from_start = 1.0;
        }),
        (-1, "velocity of joint_2 at the last point is 0.5 rad/s", |t| {
            t.points[1].velocities[1] = 0.5;
        }),
        (-3, "ended 1.000 s ago", |t| t.stamp = NOW.shifted(-3.0)),
        (-1, "point 0: joint_5 starts 0.3000 rad away", |t| {
            t.points[0] = point(0.0, 0.0);
            t.points[0].positions[4] = 0.3;
        }),
        (-1, "point 1: position of joint_4 reaches 3.1", |t| {
            t.points[1] = {
                let mut far = point(9.0, 0.5);
                far.positions[3] = 3.1;
                far
            }
        }),
        (-1, "point 0: velocity of joint_1 reaches", |t| t.points[0] = point(1.0, 1.5)),
        (-1, "point 0: acceleration of joint_1 reaches", |t| t.points[0] = point(0.2, 0.1)),
    ];
    for (code, words, breaking) in cases {
        let (found, text) = broken(breaking);
        assert!(found == *code && text.contains(words), "{words}: {found} {text}");
    }
}

#[test]
fn a_limit_is_checked_between_the_points_and_not_only_at_them() {
    let mut over = trajectory(vec![point(3.0, 2.9), point(6.0, 2.9), point(9.0, 0.0)]);
    over.points[0].velocities[2] = 1.0;
    let rejection = judge(&over).unwrap_err();
    let Rejection::Limit { point: 1, joint, value, limit, .. } = rejection else {
        panic!("{rejection:?}");
    };
    assert!(joint == "joint_3" && value > 3.2 && limit == 3.0);
}

#[test]
fn joints_in_another_order_make_the_same_plan() {
    let mut jumbled = good();
    jumbled.joint_names.reverse();
    for point in &mut jumbled.points {
        for (k, p) in point.positions.iter_mut().enumerate() {
            *p = 0.1 * (6 - k) as f64 * point.time_from_start;
        }
    }
    let plan = judge(&jumbled).unwrap();
    for (joint, p) in plan.waypoints[0].position.iter().enumerate() {
        assert!((p - 0.1 * (joint + 1) as f64).abs() < 1e-12);
    }
}

#[test]
fn a_partial_trajectory_holds_the_other_joints_when_allowed() {
    let mut partial = good();
    partial.joint_names.truncate(2);
    for point in &mut partial.points {
        point.positions.truncate(2);
        point.velocities.truncate(2);
    }
    assert_eq!(judge(&partial).unwrap_err().code(), -2);
    let rules = Rules { allow_partial: true, ..rules() };
    let plan = judge_by(&rules, &partial).unwrap();
    assert_eq!(plan.waypoints[1].position, [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(plan.waypoints[1].velocity, Some([0.0; 6]));
}

#[test]
fn an_end_in_motion_passes_when_allowed() {
    let mut moving = good();
    moving.points[1].velocities[0] = 0.3;
    assert!(judge(&moving).is_err());
    assert!(judge_by(&Rules { allow_end_velocity: true, ..rules() }, &moving).is_ok());
}

#[test]
fn a_start_in_the_past_with_its_end_in_the_future_is_entered_midway() {
    let mut late = trajectory(vec![point(1.0, 0.02), point(2.0, 0.04)]);
    late.stamp = NOW.shifted(-1.5);
    let plan = judge(&late).unwrap();
    assert!((plan.from_path_time - 1.5).abs() < 1e-9);
    assert_eq!(plan.start, Stamp(0));
    late.points[1].positions[0] = 0.9;
    let text = judge(&late).unwrap_err().to_string();
    assert!(text.contains("point 1: joint_1 starts"), "{text}");
}

#[test]
fn a_start_in_the_future_is_kept() {
    let mut later = good();
    later.stamp = NOW.shifted(3.0);
    assert_eq!(judge(&later).unwrap().start, later.stamp);
}

#[test]
fn positions_alone_become_lines_with_rounded_corners() {
    let plan = judge(&positions_only(&[(1.0, 0.3), (2.0, 0.5)])).unwrap();
    assert!(plan.waypoints.iter().all(|w| w.velocity.is_some()));
    assert_eq!(plan.path.end(), State::at_rest([0.5; 6]));
    assert_eq!(plan.path.duration(), 2.0);
}

#[test]
fn positions_alone_in_too_little_time_are_refused_with_the_joint() {
    let text = judge(&positions_only(&[(1.0, 0.3), (1.1, 0.9)])).unwrap_err().to_string();
    assert!(text.contains("point 1: joint_1 needs"), "{text}");
}

#[test]
fn a_single_point_where_the_arm_is_passes_at_time_zero() {
    assert!(judge(&positions_only(&[(0.0, 0.0)])).is_ok());
}

/// Points of all joints with velocities or accelerations and nothing else.
fn derived(points: &[(f64, f64)], accelerations: bool) -> TrajectoryRequest {
    let points = points.iter().map(|(time_from_start, value)| {
        let mut point = RequestPoint { time_from_start: *time_from_start, ..Default::default() };
        let field = if accelerations { &mut point.accelerations } else { &mut point.velocities };
        *field = vec![*value; 6];
        point
    });
    trajectory(points.collect())
}

#[test]
fn velocities_or_accelerations_alone_are_integrated_when_allowed() {
    let fast = derived(&[(1.0, 0.2), (2.0, 0.2), (3.0, 0.0)], false);
    let pushed = derived(&[(0.0, 0.2), (1.0, 0.2), (1.001, -0.2), (2.001, -0.2)], true);
    let text = judge(&fast).unwrap_err().to_string();
    assert!(text.contains("allow_integration_in_goal_trajectories"), "{text}");
    let rules = Rules { allow_integration: true, ..rules() };
    let end = |request| judge_by(&rules, request).map(|plan| plan.path.end().position[4]);
    assert!((end(&fast).unwrap() - 0.4).abs() < 1e-9);
    assert!((end(&pushed).unwrap() - 0.2).abs() < 1e-3);
    let still_moving = derived(&[(1.0, 0.2)], true);
    assert!(matches!(end(&still_moving), Err(Rejection::EndVelocity { .. })));
    let mut nothing = fast.clone();
    nothing.points[1].velocities.clear();
    assert_eq!(end(&nothing), Err(Rejection::NoPositions { point: 1 }));
}

#[test]
fn a_joint_that_wraps_around_takes_the_near_way_with_its_whole_trajectory() {
    let far = trajectory(vec![point(1.0, TAU + 0.3), point(2.0, TAU + 0.5)]);
    assert!(matches!(judge(&far), Err(Rejection::Limit { .. })));
    let mut wraparound = [false; 6];
    wraparound[5] = true;
    let rules = Rules { wraparound, ..rules() };
    let mut request = good();
    for point in &mut request.points {
        point.positions[5] += TAU;
    }
    let plan = judge_by(&rules, &request).unwrap();
    assert!((plan.waypoints[0].position[5] - 0.3).abs() < 1e-9);
    assert!((plan.waypoints[1].position[5] - 0.5).abs() < 1e-9);
    let unchanged = judge_by(&rules, &good()).unwrap();
    assert_eq!(unchanged.waypoints[1].position[5], 0.5);
}

#[test]
fn without_interpolation_each_position_is_held_until_the_next_is_due() {
    let rules = Rules { interpolation: Interpolation::None, ..rules() };
    let plan = judge_by(&rules, &positions_only(&[(1.0, 0.3), (2.0, 0.5)])).unwrap();
    assert!(plan.path.sample(0.99).position[0].abs() < 1e-9);
    assert!((plan.path.sample(1.99).position[0] - 0.3).abs() < 1e-9);
    let hasty = judge_by(&rules, &positions_only(&[(1.0, 0.9), (1.1, 0.5)])).unwrap_err();
    assert!(hasty.to_string().contains("the move to point 0 takes"), "{hasty}");
}

#[test]
fn ten_thousand_points_are_judged_while_clients_wait_gladly() {
    let points = (1..=10_000).map(|k| {
        let time = f64::from(k) * 0.01;
        RequestPoint {
            velocities: vec![(0.5 * time).cos() * 0.5; 6],
            accelerations: vec![(0.5 * time).sin() * -0.25; 6],
            ..point(time, (0.5 * time).sin())
        }
    });
    let request = trajectory(points.collect());
    let began = std::time::Instant::now();
    let start = State { velocity: [0.5; 6], ..State::at_rest([0.0; 6]) };
    let rules = Rules { allow_end_velocity: true, ..rules() };
    rules.validate(&request, &Start { state: start, now: NOW }).unwrap();
    let took = began.elapsed().as_secs_f64();
    println!("{:.1} ms for 10,000 points", took * 1e3);
    assert!(took < 0.5, "{took} s");
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![8 => -4.0..4.0, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => any::<f64>()]
}

fn any_point() -> impl Strategy<Value = RequestPoint> {
    let values = || prop::collection::vec(any_number(), 0..8);
    (values(), values(), values(), any_number()).prop_map(
        |(positions, velocities, accelerations, time_from_start)| RequestPoint {
            positions,
            velocities,
            accelerations,
            effort: vec![],
            time_from_start,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn garbage_is_refused_without_a_panic_and_with_words(
        stamp in any::<i64>(),
        joint_names in prop::collection::vec("joint_[1-7]|", 0..8),
        points in prop::collection::vec(any_point(), 0..5),
    ) {
        let request = TrajectoryRequest { stamp: Stamp(stamp), joint_names, points, yields: false };
        if let Err(rejection) = judge(&request) {
            prop_assert!((-3..=-1).contains(&rejection.code()));
            prop_assert!(!rejection.to_string().is_empty());
        }
    }

    #[test]
    fn whatever_passes_stays_within_limits_everywhere(
        steps in prop::collection::vec((0.3..2.0, -1.2..1.2, -0.8..0.8), 1..5),
        kind in 0..3_u8,
    ) {
        let mut time = 0.0;
        let mut points: Vec<RequestPoint> = steps.iter().map(|(dt, p, v)| {
            time += dt;
            let mut point = point(time, *p);
            point.velocities = if kind == 0 { vec![] } else { vec![*v; 6] };
            point.accelerations = if kind == 2 { vec![0.0; 6] } else { vec![] };
            point
        }).collect();
        if kind > 0 && let Some(last) = points.last_mut() {
            last.velocities = vec![0.0; 6];
        }
        let Ok(plan) = judge(&trajectory(points)) else { return Ok(()) };
        for k in 0..=1000 {
            let state = plan.path.sample(time * f64::from(k) / 1000.0);
            prop_assert!(state.position[0].abs() <= 3.0 + 1e-5);
            prop_assert!(state.velocity[0].abs() <= 2.0 + 1e-5);
            prop_assert!(state.acceleration[0].abs() <= 8.0 + 1e-4);
        }
    }
}
