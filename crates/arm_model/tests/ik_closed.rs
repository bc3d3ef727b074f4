//! The closed forms: every solution reaches the pose, the positions that made the pose are among
//! them, whatever frames the description uses, and what goes wrong is named.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test

mod support;

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use arm_model::ik::{Family, Ik, IkError, PoseError, Singularity, pose_from};
use arm_model::{ArmModel, JointVector, Pose};
use nalgebra::{Isometry3, Rotation3, UnitQuaternion, Vector3};
use proptest::prelude::*;
use support::{Joint, Random, apart};

type Joints = JointVector<6>;

/// Poses recovered to this [m, 1]; from the requirement.
const RECOVERED: f64 = 1e-9;
/// Closer than this to a singularity, rounding of the pose alone moves joints by more than
/// `RECOVERED`; the branch must be there nevertheless.
const SAME_BRANCH: f64 = 1e-6;

/// Panics unless all solutions for the pose at `q` are right and `q` is one of them.
fn check(arm: &ArmModel<6>, ik: &Ik<6>, q: &Joints) -> usize {
    let pose = arm.forward_kinematics(q);
    let found = ik.solve_all(&pose, q).unwrap_or_else(|e| panic!("{e} at {q}"));
    let off = (found.nearest().joints - q).amax();
    assert!(off < SAME_BRANCH, "{off} at {q}, found {found:?}");
    let mut last = 0.0;
    for solution in &found {
        let reached = arm.forward_kinematics(&solution.joints);
        assert!(apart(&reached, &pose) < RECOVERED, "{solution:?} for {q}");
        for (q, limits) in solution.joints.iter().zip(arm.limits()) {
            assert!(*q >= limits.lower && *q <= limits.upper, "{solution:?}");
        }
        let distance = (solution.joints - q).norm();
        assert!((distance - solution.distance).abs() < 1e-12 && distance >= last - 1e-12);
        last = distance;
    }
    found.as_slice().len()
}

fn check_many(arm: &ArmModel<6>, family: Family) -> f64 {
    let ik = Ik::new(arm);
    assert_eq!(ik.family(), family, "{}", ik.why());
    let mut random = Random::new(7);
    let count = 20_000;
    let all: usize = (0..count).map(|_| check(arm, &ik, &random.joints(arm))).sum();
    all as f64 / f64::from(count)
}

#[test]
fn reference_arm_recovers_random_poses() {
    check_many(&support::armature(), Family::SphericalWrist);
}

#[test]
fn puma_with_offset_shoulder_recovers_random_poses() {
    check_many(&support::puma560(), Family::SphericalWrist);
}

#[test]
fn ur5_recovers_random_poses_with_most_of_eight_solutions() {
    let average = check_many(&support::ur5(), Family::ThreeParallel);
    assert!(average > 6.0, "{average}");
}

/// An axis direction, turned by general angles.
fn turned(axis: Vector3<f64>, by: [f64; 3]) -> Vector3<f64> {
    Rotation3::from_euler_angles(by[0], by[1], by[2]) * axis
}

/// Describes axes (through points, all in the base at zero) by a URDF in which every link frame is
/// turned at random and every zero position is shifted.
fn describe(axes: &[(Vector3<f64>, Vector3<f64>); 6], tip: &Pose, random: &mut Random) -> String {
    let mut last = Pose::identity();
    let mut joints = Vec::new();
    for (direction, point) in axes {
        let mut angle = || random.within(-PI, PI);
        let rotation = UnitQuaternion::from_euler_angles(angle(), angle(), angle());
        let along = direction * random.within(-0.2, 0.2);
        let frame = Isometry3::from_parts((point + along).into(), rotation);
        let place = last.inverse() * frame;
        let (roll, pitch, yaw) = place.rotation.euler_angles();
        let axis = rotation.inverse() * direction * random.within(0.5, 2.0);
        joints.push(Joint {
            xyz: place.translation.vector.into(),
            rpy: [roll, pitch, yaw],
            axis: axis.into(),
            limits: (-PI, PI),
        });
        last = frame;
    }
    let flange = last.inverse() * tip;
    let (roll, pitch, yaw) = flange.rotation.euler_angles();
    support::chain(&joints, (flange.translation.vector.into(), [roll, pitch, yaw]))
}

fn sign(positive: bool) -> f64 {
    if positive { 1.0 } else { -1.0 }
}

/// Six numbers in [-1, 1) that shape an arm, three signs, and angles that turn it.
type Shape = ([f64; 12], [bool; 3], [f64; 3], u64);

fn shape() -> impl Strategy<Value = Shape> {
    let size = prop::array::uniform12(-1.0..1.0);
    let signs = prop::array::uniform3(any::<bool>());
    (size, signs, prop::array::uniform3(-3.0..3.0), any::<u64>())
}

/// Axes 2 and 3 parallel, at any angle to axis 1 but along it, and anywhere; whatever beyond.
fn base(s: &[f64; 12], signs: &[bool; 3]) -> [(Vector3<f64>, Vector3<f64>); 3] {
    let second = Vector3::new(0.0, 1.0, 0.3 * s[0]).normalize();
    let shoulder = Vector3::new(0.3 * s[1], 0.2 * s[2], 0.3 * s[3]);
    let elbow = shoulder + Vector3::new(0.2 * s[4], 0.2 * s[5], 0.5 + 0.2 * s[6]);
    [(Vector3::z(), Vector3::zeros()), (second, shoulder), (second * sign(signs[0]), elbow)]
}

fn arm_of(axes: [(Vector3<f64>, Vector3<f64>); 6], (s, _, by, seed): &Shape) -> ArmModel<6> {
    let turn = |v: Vector3<f64>| turned(v, *by);
    let tip =
        Isometry3::new(turn(Vector3::new(s[9], s[10], s[11])), Vector3::new(s[11], s[9], s[10]));
    let axes = axes.map(|(direction, point)| (turn(direction), turn(point)));
    let text = describe(&axes, &tip, &mut Random::new(*seed));
    ArmModel::from_urdf(&text, "base", "tip").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Wrists at any angles, frames at any angles, axes either way, the tool anywhere.
    #[test]
    fn any_spherical_wrist_is_found_and_solved(shape in shape()) {
        let (s, signs, ..) = &shape;
        let [a, b, c] = base(s, signs);
        let center = c.1 + Vector3::new(0.5 + 0.1 * s[7], 0.2 * s[8], 0.2 * s[9]);
        let fourth = Vector3::new(1.0, 0.4 * s[10], 0.4 * s[11]).normalize();
        let fifth = Vector3::new(0.3 * s[7], sign(signs[1]), 0.3 * s[8]).normalize();
        let sixth = Vector3::new(sign(signs[2]), 0.3 * s[9], 0.4 * s[3]).normalize();
        let arm = arm_of([a, b, c, (fourth, center), (fifth, center), (sixth, center)], &shape);
        let ik = Ik::new(&arm);
        prop_assert_eq!(ik.family(), Family::SphericalWrist);
        prop_assert!(ik.misfit() < 1e-12);
        let mut random = Random::new(shape.3 ^ 1);
        for _ in 0..20 {
            check(&arm, &ik, &random.joints(&arm));
        }
    }

    #[test]
    fn any_three_parallel_axes_are_found_and_solved(shape in shape()) {
        let (s, signs, ..) = &shape;
        let [a, b, c] = base(s, signs);
        let wrist = c.1 + Vector3::new(0.5 + 0.1 * s[7], 0.2 * s[8], 0.2 * s[9]);
        let meet = wrist + Vector3::new(0.1 * s[10], 0.1 + 0.05 * s[11], 0.1 * s[4]);
        let fifth = Vector3::new(0.3 * s[5], 0.2 * s[6], sign(signs[1])).normalize();
        let sixth = Vector3::new(0.3 * s[7], sign(signs[2]), 0.3 * s[8]).normalize();
        let fourth = b.0 * sign(signs[0] != signs[1]);
        let arm = arm_of([a, b, c, (fourth, wrist), (fifth, meet), (sixth, meet)], &shape);
        let ik = Ik::new(&arm);
        prop_assert_eq!(ik.family(), Family::ThreeParallel, "{}", ik.why());
        let mut random = Random::new(shape.3 ^ 1);
        for _ in 0..20 {
            check(&arm, &ik, &random.joints(&arm));
        }
    }
}

#[test]
fn calibrated_arm_is_polished_to_its_true_geometry() {
    let mut random = Random::new(5);
    let mut text = String::new();
    // Every printed number off by up to a tenth of a millimetre, or of a milliradian.
    for line in support::UR5.lines() {
        let mut nudged =
            |x: &str| format!("{:?}", x.parse::<f64>().unwrap() + random.within(-1e-4, 1e-4));
        let origin =
            line.trim_start().strip_prefix("<origin xyz=\"").filter(|l| !l.contains("\"0 "));
        let Some(origin) = origin else {
            text += line;
            continue;
        };
        let mut parts = origin.split('"');
        let numbers: Vec<String> = [parts.next(), parts.nth(1)]
            .map(|three| three.unwrap().split(' ').map(&mut nudged).collect::<Vec<_>>().join(" "))
            .into();
        text += &format!(r#"<origin xyz="{}" rpy="{}"/>"#, numbers[0], numbers[1]);
    }
    let arm = ArmModel::<6>::from_urdf(&text, "base", "tip").unwrap();
    let ik = Ik::new(&arm);
    assert_eq!(ik.family(), Family::ThreeParallel);
    assert!(ik.misfit() > 1e-6, "{}", ik.misfit());
    for _ in 0..2000 {
        let q = random.joints(&arm);
        if ik.closeness(&q).margin > 0.05 {
            check(&arm, &ik, &q);
        }
    }
}

#[test]
fn straight_wrist_is_named_and_keeps_the_reference() {
    let arm = support::armature();
    let q = Joints::from([0.3, 0.4, -0.5, 0.7, 0.0, 0.2]);
    let found = Ik::new(&arm).solve_all(&arm.forward_kinematics(&q), &q).unwrap();
    assert_eq!(found.nearest().singularity, Some(Singularity::Wrist));
    assert!((found.nearest().joints - q).amax() < RECOVERED);
    check(&arm, &Ik::new(&arm), &q);
}

#[test]
fn straight_wrist_of_three_parallel_axes_keeps_the_last_joint() {
    let arm = support::ur5();
    let q = Joints::from([0.3, -1.4, 1.5, 0.7, 0.0, 0.2]);
    let found = Ik::new(&arm).solve_all(&arm.forward_kinematics(&q), &q).unwrap();
    assert_eq!(found.nearest().singularity, Some(Singularity::Wrist));
    assert!((found.nearest().joints - q).amax() < RECOVERED);
    check(&arm, &Ik::new(&arm), &Joints::from([0.3, -1.4, 1.5, 0.7, PI, 0.2]));
}

#[test]
fn stretched_elbow_is_named_and_counts_once() {
    // The Puma's limits keep it from stretching.
    let wider = support::PUMA560.replace("lower=\"-0.785", "lower=\"-3.785");
    let puma = ArmModel::from_urdf(&wider, "base", "tip").unwrap();
    let at = -0.4318_f64.atan2(0.0203);
    for (arm, straight) in [(support::armature(), -FRAC_PI_2), (support::ur5(), 0.0), (puma, at)] {
        let ik = Ik::new(&arm);
        let q = Joints::from([0.3, -0.7, straight, 0.3, 0.8, 0.2]);
        let found = ik.solve_all(&arm.forward_kinematics(&q), &q).unwrap();
        assert_eq!(found.nearest().singularity, Some(Singularity::Elbow), "{straight}");
        let near = |s: &&arm_model::ik::Solution<6>| (s.joints - q).amax() < 1e-3;
        assert_eq!(found.as_slice().iter().filter(near).count(), 1);
    }
}

#[test]
fn tip_over_the_shoulder_is_named_and_keeps_the_first_joint() {
    let arm = support::armature();
    let ik = Ik::new(&arm);
    // Upper arm and forearm such that the wrist's center is on the first axis: 0.05 + 0.4 sin a =
    // 0.38 sin b.
    let a = -0.6_f64;
    let b = ((0.05 + 0.4 * a.sin()) / 0.38).asin();
    let q = Joints::from([0.9, a, -FRAC_PI_2 - b - a, 0.4, 0.6, 0.1]);
    let found = ik.solve_all(&arm.forward_kinematics(&q), &q).unwrap();
    assert_eq!(found.nearest().singularity, Some(Singularity::Shoulder));
    assert!((found.nearest().joints - q).amax() < SAME_BRANCH);
}

#[test]
fn closeness_names_the_singularity_that_is_near() {
    let ik = Ik::new(&support::armature());
    let near = |wrist: f64| ik.closeness(&Joints::from([0.1, 0.2, 0.3, 0.4, wrist, 0.6]));
    assert_eq!(near(0.01).singularity, Singularity::Wrist);
    assert!((near(0.01).margin - 0.01_f64.sin()).abs() < 1e-9);
    assert!(near(0.0).margin < 1e-9 && near(1.2).margin > 0.1);
}

#[test]
fn pose_out_of_reach_is_refused_with_the_amount() {
    let arm = support::armature();
    let far = Pose::translation(0.05 + 0.78 + 0.2, 0.0, 0.3 + 0.1);
    // The tool points up, so the wrist's center is 0.1 m below: level with the shoulder.
    let up = UnitQuaternion::from_axis_angle(&Vector3::y_axis(), -FRAC_PI_2);
    let pose = Isometry3::from_parts(far.translation, up);
    let tool = arm.forward_kinematics(&Joints::zeros()).rotation;
    let zero_up = Isometry3::from_parts(pose.translation, pose.rotation * tool);
    match Ik::new(&arm).solve(&zero_up, &Joints::zeros()) {
        Err(IkError::OutOfReach { by }) => assert!((by - 0.2).abs() < 0.02, "{by}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pose_inside_the_shoulder_is_refused_with_the_joint() {
    let arm = support::ur5();
    // The UR5's wrist cannot come within 0.109 m of its first axis.
    let pose = Pose::translation(0.0, 0.0, 0.6);
    match Ik::new(&arm).solve(&pose, &Joints::zeros()) {
        Err(IkError::TooCloseToAxis { joint, by }) => {
            assert_eq!(&*joint, "joint_1");
            assert!(by > 0.02 && by < 0.11, "{by}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn pose_only_outside_limits_is_refused_with_joint_and_amount() {
    let narrow = support::ARMATURE.replacen(
        r#"lower="-2.967" upper="2.967""#,
        r#"lower="-0.5" upper="0.5""#,
        1,
    );
    assert_ne!(narrow, support::ARMATURE);
    let arm = ArmModel::<6>::from_urdf(&narrow, "base_link", "tool0").unwrap();
    let q = Joints::from([0.75, 0.3, 0.2, 0.1, 0.7, 0.0]);
    match Ik::new(&arm).solve(&arm.forward_kinematics(&q), &Joints::zeros()) {
        Err(e @ IkError::OutsideLimits { by, .. }) => {
            assert!((by - 0.25).abs() < 1e-9, "{e}");
            assert!(e.to_string().contains("'joint_1'"), "{e}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn full_turns_within_limits_are_enumerated() {
    let arm = support::ur5();
    let ik = Ik::new(&arm);
    let q = Joints::from([0.3, -1.4, 1.5, 0.7, 0.9, 0.2]);
    let pose = arm.forward_kinematics(&q);
    let found = ik.solve_all(&pose, &q).unwrap();
    let turns = ik.all_turns(&found, &q);
    // Five joints of two turns have two positions each, the elbow with one turn has one.
    assert_eq!(turns.len(), 32 * found.as_slice().len());
    assert!((turns[0] - q).amax() < RECOVERED);
    for (i, turn) in turns.iter().enumerate() {
        assert!(apart(&arm.forward_kinematics(turn), &pose) < RECOVERED);
        assert!(turn.iter().all(|q| q.abs() <= TAU + 1e-9));
        assert!(turns[..i].iter().all(|other| (other - turn).amax() > 1e-3));
    }
}

#[test]
fn reference_a_turn_away_gets_the_turn_next_to_it() {
    let arm = support::ur5();
    let q = Joints::from([0.3 + TAU - 1.0, -1.4 - TAU + 3.0, 1.5, 0.7, 0.9 - TAU, 0.2]);
    let found = Ik::new(&arm).solve(&arm.forward_kinematics(&q), &q).unwrap();
    assert!((found.joints - q).amax() < RECOVERED);
}

#[test]
fn numbers_that_are_no_pose_are_refused() {
    let ik = Ik::new(&support::armature());
    let zero = Joints::zeros();
    let mut nowhere = Pose::identity();
    nowhere.translation.vector.y = f64::NAN;
    let refused = ik.solve(&nowhere, &zero).unwrap_err();
    assert!(matches!(refused, IkError::Pose(PoseError::Position("y", value)) if value.is_nan()));
    let mut flat = Pose::identity();
    flat.rotation = UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(0.0, 0.0, 0.0, 0.0));
    assert_eq!(ik.solve(&flat, &zero).unwrap_err(), IkError::Pose(PoseError::ZeroQuaternion));
    let lost = Joints::from([0.0, 0.0, f64::INFINITY, 0.0, 0.0, 0.0]);
    let said = ik.solve(&Pose::identity(), &lost).unwrap_err().to_string();
    assert!(said.contains("'joint_3'") && said.contains("inf"), "{said}");
}

#[test]
fn raw_numbers_become_a_pose_or_a_reason() {
    let here = [0.1, 0.2, 0.3];
    assert_eq!(pose_from(here, [0.0; 4]), Err(PoseError::ZeroQuaternion));
    assert_eq!(pose_from(here, [0.0, 0.0, 0.0, 2.0]), Err(PoseError::QuaternionLength(2.0)));
    let refused = pose_from(here, [0.0, f64::NAN, 0.0, 1.0]).unwrap_err();
    assert!(matches!(refused, PoseError::Orientation("y", _)));
    let refused = pose_from([f64::INFINITY, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]).unwrap_err();
    assert!(matches!(refused, PoseError::Position("x", _)));
    // Printed with few digits.
    let pose = pose_from(here, [0.0, 0.0, 0.6001, 0.8]).unwrap();
    assert!((pose.rotation.norm() - 1.0).abs() < 1e-15);
    assert!((pose.rotation.angle() - 2.0 * 0.6001_f64.atan2(0.8)).abs() < 1e-12);
}
