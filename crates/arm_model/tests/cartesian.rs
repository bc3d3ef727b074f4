//! Lines and arcs of the tip, and joint paths that follow them or say why they cannot.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test

mod support;

use std::f64::consts::{FRAC_PI_2, PI};

use arm_model::cartesian::{
    JointPath, PathError, PathSettings, Segment, SegmentError, follow, follow_from_any,
};
use arm_model::ik::{Ik, IkError, PoseError, Singularity};
use arm_model::{ArmModel, JointVector, Pose};
use nalgebra::{UnitQuaternion, Vector3};
use proptest::prelude::*;
use support::Random;

type Joints = JointVector<6>;

fn at(x: f64, y: f64, z: f64) -> Pose {
    Pose::translation(x, y, z)
}

fn place(pose: &Pose) -> Vector3<f64> {
    pose.translation.vector
}

/// The largest deviation in position and angle of a path from its segment, looked at densely.
fn worst<const N: usize>(arm: &ArmModel<N>, segment: &Segment, path: &JointPath<N>) -> (f64, f64) {
    let mut worst = (0.0_f64, 0.0_f64);
    for pair in path.waypoints.windows(2) {
        for part in 0..=20 {
            let part = f64::from(part) / 20.0;
            let share = pair[0].share + (pair[1].share - pair[0].share) * part;
            let joints = pair[0].joints + (pair[1].joints - pair[0].joints) * part;
            let (is, should) = (arm.forward_kinematics(&joints), segment.pose(share));
            worst.0 = worst.0.max((place(&is) - place(&should)).norm());
            worst.1 = worst.1.max(is.rotation.angle_to(&should.rotation));
        }
    }
    worst
}

#[track_caller]
fn check<const N: usize>(
    arm: &ArmModel<N>,
    segment: &Segment,
    path: &JointPath<N>,
    settings: &PathSettings,
) {
    let (position, rotation) = worst(arm, segment, path);
    assert!(position <= settings.position_deviation, "{position}");
    assert!(rotation <= settings.rotation_deviation, "{rotation}");
    assert_eq!(path.waypoints[0].share, 0.0);
    assert_eq!(path.waypoints.last().unwrap().share, 1.0);
    for pair in path.waypoints.windows(2) {
        assert!(pair[1].share > pair[0].share);
        assert!((pair[1].joints - pair[0].joints).amax() <= settings.largest_step);
    }
    for waypoint in &path.waypoints {
        for (q, limits) in waypoint.joints.iter().zip(arm.limits()) {
            assert!(*q >= limits.lower && *q <= limits.upper);
        }
    }
}

const START: [f64; 6] = [0.1, 0.2, 0.3, 0.2, 0.9, 0.0];

/// The reference arm at `START`, and a line from there by so much [m].
fn line_by(x: f64, y: f64, z: f64) -> (Ik<6>, Joints, Segment) {
    let arm = support::armature();
    let start = Joints::from(START);
    let here = arm.forward_kinematics(&start);
    (Ik::new(&arm), start, Segment::line(here, at(x, y, z) * here).unwrap())
}

proptest! {
    #[test]
    fn line_is_straight_and_turns_evenly(
        from in prop::array::uniform3(-1.0..1.0), to in prop::array::uniform3(-1.0..1.0),
        turn in prop::array::uniform3(-1.5..1.5), share in 0.0..1.0,
    ) {
        let start = at(from[0], from[1], from[2]);
        let rotation = UnitQuaternion::from_scaled_axis(Vector3::from(turn));
        let goal = Pose::from_parts(Vector3::from(to).into(), rotation);
        let line = Segment::line(start, goal).unwrap();
        let pose = line.pose(share);
        let expected = place(&start) * (1.0 - share) + place(&goal) * share;
        prop_assert!((place(&pose) - expected).norm() < 1e-12);
        prop_assert!((pose.rotation.angle_to(&start.rotation) - share * rotation.angle()).abs() < 1e-9);
        prop_assert!((line.pose(1.0).to_homogeneous() - goal.to_homogeneous()).amax() < 1e-12);
        prop_assert!((line.angle() - rotation.angle()).abs() < 1e-9);
    }

    #[test]
    fn arc_keeps_its_radius_and_passes_its_via_point(
        center in prop::array::uniform3(-1.0..1.0), normal in prop::array::uniform3(-1.0..1.0),
        radius in 0.05..1.0, via in 0.05..0.95, whole in 0.2..6.1,
    ) {
        let normal = Vector3::from(normal);
        prop_assume!(normal.norm() > 0.1);
        let center = Vector3::from(center);
        let axis = nalgebra::Unit::new_normalize(normal);
        let out = normal.cross(&Vector3::new(0.3, -0.5, 0.8)).normalize() * radius;
        let on = |angle: f64| center + UnitQuaternion::from_axis_angle(&axis, angle) * out;
        let (from, through, to) = (on(0.0), on(whole * via), on(whole));
        let pose = |p: Vector3<f64>| at(p.x, p.y, p.z);
        let arc = Segment::arc_through(pose(from), through, pose(to)).unwrap();
        let (radius, whole): (f64, f64) = (radius, whole);
        prop_assert!((arc.length() - radius * whole).abs() < 1e-6);
        prop_assert!((place(&arc.pose(via)) - through).norm() < 1e-6);
        for share in [0.0, 0.3, 0.7, 1.0] {
            prop_assert!(((place(&arc.pose(share)) - center).norm() - radius).abs() < 1e-6);
        }
        prop_assume!((whole - PI).abs() > 0.01);
        let around = Segment::arc_around(pose(from), center, pose(to)).unwrap();
        prop_assert!((around.length() - radius * whole.min(2.0 * PI - whole)).abs() < 1e-9);
    }
}

#[test]
fn poses_that_make_no_segment_are_refused() {
    let (a, b) = (at(0.0, 0.0, 0.0), at(1.0, 0.0, 0.0));
    let on_line = Segment::arc_through(a, Vector3::new(0.5, 0.0, 0.0), b).unwrap_err();
    assert!(matches!(on_line, SegmentError::Collinear { .. }), "{on_line}");
    let twice = Segment::arc_through(a, Vector3::new(0.0, 0.0, 0.0), b).unwrap_err();
    assert!(matches!(twice, SegmentError::Coincident { first: "start", second: "via point", .. }));
    let back = Segment::arc_through(a, Vector3::new(0.5, 0.5, 0.0), a).unwrap_err();
    assert!(matches!(back, SegmentError::Coincident { first: "start", second: "goal", .. }));
    let uneven = Segment::arc_around(a, Vector3::new(0.4, 0.5, 0.0), b).unwrap_err();
    assert!(matches!(uneven, SegmentError::Radius { .. }), "{uneven}");
    let half = Segment::arc_around(a, Vector3::new(0.5, 0.0, 0.0), b).unwrap_err();
    assert!(matches!(half, SegmentError::Collinear { .. }), "{half}");
    let nowhere = Segment::arc_around(a, Vector3::new(0.5, f64::NAN, 0.0), b).unwrap_err();
    assert!(
        nowhere.to_string().contains("the center of the segment: position y is NaN"),
        "{nowhere}"
    );
    let over = b * UnitQuaternion::from_axis_angle(&Vector3::x_axis(), PI);
    assert_eq!(Segment::line(a, over), Err(SegmentError::HalfTurn));
    let mut zero = b;
    zero.rotation = UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(0.0, 0.0, 0.0, 0.0));
    let source = PoseError::ZeroQuaternion;
    assert_eq!(Segment::line(a, zero), Err(SegmentError::Pose { which: "goal", source }));
}

#[test]
fn line_is_followed_within_the_deviation() {
    let (ik, start, line) = line_by(0.1, 0.25, -0.15);
    let coarse = PathSettings { largest_step: 1.0, ..PathSettings::default() };
    let path = follow(&ik, &line, &start, &coarse).unwrap();
    check(ik.arm(), &line, &path, &coarse);
    let fine = PathSettings { position_deviation: 1e-6, rotation_deviation: 1e-5, ..coarse };
    let finer = follow(&ik, &line, &start, &fine).unwrap();
    check(ik.arm(), &line, &finer, &fine);
    // A hundredth of the deviation takes about ten times as many waypoints, not more.
    let (few, many) = (path.waypoints.len(), finer.waypoints.len());
    assert!(many > 4 * few && many < 25 * few, "{few} and {many}");
}

#[test]
fn arcs_are_followed_by_arms_of_every_family() {
    let settings = PathSettings::default();
    let ur5 = support::ur5();
    let q = Joints::from([0.3, -1.4, 1.5, -1.6, -1.5, 0.2]);
    let here = ur5.forward_kinematics(&q);
    let turn = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), 0.5);
    let goal =
        Pose::from_parts((place(&here) + Vector3::new(0.0, 0.2, 0.0)).into(), turn * here.rotation);
    let via = place(&here) + Vector3::new(0.0, 0.1, 0.1);
    let arc = Segment::arc_through(here, via, goal).unwrap();
    let path = follow(&Ik::new(&ur5), &arc, &q, &settings).unwrap();
    check(&ur5, &arc, &path, &settings);

    let panda = support::panda();
    let q = JointVector::from([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]);
    let here = panda.forward_kinematics(&q);
    let goal = at(0.0, 0.2, 0.0) * here;
    let center = place(&here) + Vector3::new(0.0, 0.1, 0.02);
    let arc = Segment::arc_around(here, center, goal).unwrap();
    let path = follow(&Ik::new(&panda), &arc, &q, &settings).unwrap();
    check(&panda, &arc, &path, &settings);
}

#[test]
fn random_lines_are_followed_or_refused_for_a_reason() {
    let arm = support::armature();
    let (ik, settings) = (Ik::new(&arm), PathSettings::default());
    let mut random = Random::new(9);
    let mut followed = 0;
    for _ in 0..300 {
        let (a, b) = (random.joints(&arm), random.joints(&arm));
        let (from, to) = (arm.forward_kinematics(&a), arm.forward_kinematics(&b));
        let Ok(line) = Segment::line(from, to) else { continue };
        match follow(&ik, &line, &a, &settings) {
            Ok(path) => {
                check(&arm, &line, &path, &settings);
                followed += 1;
            }
            Err(error) => {
                assert!(error.share() < 1.0 && !error.to_string().contains("NaN"), "{error}")
            }
        }
    }
    assert!(followed > 10, "{followed}");
}

#[test]
fn line_out_of_reach_is_refused_where_the_arm_is_stretched() {
    let (ik, start, line) = line_by(1.0, 0.0, 0.0);
    match follow(&ik, &line, &start, &PathSettings::default()) {
        Err(PathError::Unreachable { share, source: IkError::OutOfReach { .. } }) => {
            let closeness = |s: f64| ik.solve(&line.pose(s), &start);
            assert!(closeness(share).is_ok() && closeness(share + 1e-4).is_err());
        }
        // The last bit of stretching is the elbow's singularity.
        Err(PathError::Singular { share, singularity: Singularity::Elbow, joint, .. }) => {
            assert!(["joint_2", "joint_3", "joint_5"].contains(&&*joint), "{joint}");
            assert!(ik.solve(&line.pose(share + 1e-3), &start).is_err());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn joint_that_would_leave_its_limits_is_named_with_the_place() {
    let narrow = support::ARMATURE.replacen(
        r#"lower="-2.967" upper="2.967""#,
        r#"lower="-2.967" upper="0.3""#,
        1,
    );
    let arm = ArmModel::<6>::from_urdf(&narrow, "base_link", "tool0").unwrap();
    let start = Joints::from(START);
    let here = arm.forward_kinematics(&start);
    let line = Segment::line(here, at(0.0, 0.4, 0.0) * here).unwrap();
    let settings = PathSettings::default();
    match follow(&Ik::new(&arm), &line, &start, &settings) {
        Err(PathError::Limit { share, joint, position, upper, .. }) => {
            assert_eq!((&*joint, upper), ("joint_1", 0.3));
            assert!(position > 0.3 && position < 0.301);
            let free = Ik::new(&support::armature());
            let there = free.solve(&line.pose(share), &start).unwrap();
            assert!((there.joints[0] - 0.3).abs() < 1e-3);
        }
        other => panic!("{other:?}"),
    }
}

/// A line on which the wrist passes this far from being straight [m], beside a straight wrist.
fn past_the_wrist(aside: f64) -> (Ik<6>, Joints, Segment) {
    let arm = support::armature();
    let ik = Ik::new(&arm);
    // Forearm level, tool along it: moving up and down bends the wrist through zero.
    let straight = Joints::from([0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let middle = arm.forward_kinematics(&straight);
    let (down, up) = (at(0.0, aside, -0.1) * middle, at(0.0, aside, 0.1) * middle);
    let start = ik.solve(&down, &straight).unwrap().joints;
    (ik, start, Segment::line(down, up).unwrap())
}

/// Less than the tilt by which the wrist misses being straight in `past_the_wrist(2e-5)`.
const CLOSE: PathSettings = PathSettings {
    position_deviation: 1e-6,
    rotation_deviation: 1e-5,
    largest_step: 0.1,
    shortest_piece: 1e-4,
    singular_margin: 0.05,
};

#[test]
fn wrist_straight_within_the_deviation_is_passed() {
    let (ik, start, line) = past_the_wrist(2e-5);
    let settings = PathSettings::default();
    let path = follow(&ik, &line, &start, &settings).unwrap();
    check(ik.arm(), &line, &path, &settings);
}

#[test]
fn line_close_past_a_straight_wrist_is_refused_as_singular() {
    let (ik, start, line) = past_the_wrist(2e-5);
    match follow(&ik, &line, &start, &CLOSE) {
        Err(e @ PathError::Singular { singularity: Singularity::Wrist, .. }) => {
            assert!((e.share() - 0.5).abs() < 0.02, "{e}");
            assert!(e.to_string().contains("'joint_4'") || e.to_string().contains("'joint_6'"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn line_exactly_through_a_straight_wrist_is_followed() {
    let (ik, start, line) = past_the_wrist(0.0);
    let settings = PathSettings::default();
    let path = follow(&ik, &line, &start, &settings).unwrap();
    check(ik.arm(), &line, &path, &settings);
}

#[test]
fn jump_that_no_singularity_excuses_is_called_one() {
    let (ik, start, line) = past_the_wrist(2e-5);
    let settings = PathSettings { singular_margin: 0.0, ..CLOSE };
    match follow(&ik, &line, &start, &settings) {
        Err(PathError::Jump { joint, by, share, .. }) => {
            assert!(by > 0.01 && (share - 0.5).abs() < 0.02);
            assert!(["joint_4", "joint_6"].contains(&&*joint));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn start_elsewhere_or_outside_limits_is_refused() {
    let (ik, start, line) = line_by(0.0, 0.1, 0.0);
    let settings = PathSettings::default();
    let elsewhere = start + Joints::ith(2, 0.1);
    let refused = follow(&ik, &line, &elsewhere, &settings).unwrap_err();
    assert!(matches!(refused, PathError::Start { position, .. } if position > 0.01), "{refused}");
    let outside = start + Joints::ith(0, 3.0);
    let refused = follow(&ik, &line, &outside, &settings).unwrap_err();
    assert!(
        matches!(&refused, PathError::Limit { joint, .. } if &**joint == "joint_1"),
        "{refused}"
    );
    let lost = start + Joints::ith(1, f64::NAN);
    let said = follow(&ik, &line, &lost, &settings).unwrap_err().to_string();
    assert!(said.contains("'joint_2'") && said.contains("NaN"), "{said}");
}

#[test]
fn setting_without_sense_is_refused() {
    let (ik, start, line) = line_by(0.0, 0.1, 0.0);
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let settings = PathSettings { largest_step: value, ..PathSettings::default() };
        let refused = follow(&ik, &line, &start, &settings).unwrap_err();
        assert!(matches!(refused, PathError::Setting { name: "largest_step", .. }));
    }
}

#[test]
fn way_of_standing_that_goes_through_is_found() {
    let arm = support::ur5();
    let ik = Ik::new(&arm);
    // One branch of the start, half a turn before the limit of joint 6, and a turn of 4 rad.
    let q = Joints::from([0.3, -1.4, 1.5, -1.6, -1.5, 2.0 * PI - 0.5]);
    let here = arm.forward_kinematics(&q);
    let turned = here * UnitQuaternion::from_axis_angle(&Vector3::z_axis(), FRAC_PI_2);
    let line = Segment::line(here, turned).unwrap();
    let settings = PathSettings::default();
    let stuck = follow(&ik, &line, &q, &settings).unwrap_err();
    assert!(matches!(&stuck, PathError::Limit { joint, .. } if &**joint == "joint_6"), "{stuck}");
    let path = follow_from_any(&ik, &line, &q, &settings).unwrap();
    check(&arm, &line, &path, &settings);
    // The same branch, a full turn back.
    assert!((path.waypoints[0].joints - q + Joints::ith(5, 2.0 * PI)).amax() < 1e-6);
}

#[test]
fn no_way_of_standing_gives_the_reason_of_the_best() {
    let (ik, start, line) = line_by(1.0, 0.0, 0.0);
    let alone = follow(&ik, &line, &start, &PathSettings::default()).unwrap_err();
    let any = follow_from_any(&ik, &line, &start, &PathSettings::default()).unwrap_err();
    assert!(any.share() >= alone.share() && any.share() > 0.1, "{any}");
    let nowhere = Segment::line(at(3.0, 0.0, 0.0), at(4.0, 0.0, 0.0)).unwrap();
    let refused = follow_from_any(&ik, &nowhere, &start, &PathSettings::default()).unwrap_err();
    assert!(matches!(refused, PathError::Unreachable { share: 0.0, .. }), "{refused}");
}

#[test]
fn segment_of_no_length_has_a_path() {
    let (ik, start, line) = line_by(0.0, 0.0, 0.0);
    let path = follow(&ik, &line, &start, &PathSettings::default()).unwrap();
    assert!((path.waypoints.last().unwrap().joints - start).amax() < 1e-9);
}
