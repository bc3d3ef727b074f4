//! What the reference arm was promised to be: its description must not drift from it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test

mod support;

use std::collections::BTreeMap;
use std::f64::consts::FRAC_PI_2;

use arm_model::{JointVector, Load, Payload};
use nalgebra::Vector3;

const JOINT_LIMITS: &str = include_str!("../../../config/description/joint_limits.yaml");
const SRDF: &str = include_str!("../../../config/description/armature.srdf");

/// Arm level and straight: the worst case for joints 2 and 3.
fn stretched() -> JointVector<6> {
    JointVector::from([0.0, FRAC_PI_2, -FRAC_PI_2, 0.0, 0.0, 0.0])
}

fn three_kilograms() -> Payload {
    Payload::point(3.0, Vector3::new(0.0, 0.0, 0.05)).unwrap()
}

#[derive(serde::Deserialize)]
struct LimitsFile {
    joint_limits: BTreeMap<String, Limit>,
}

#[derive(serde::Deserialize)]
struct Limit {
    has_acceleration_limits: bool,
    max_acceleration: f64,
    has_jerk_limits: bool,
    max_jerk: f64,
}

fn limits_file() -> BTreeMap<String, Limit> {
    serde_norway::from_str::<LimitsFile>(JOINT_LIMITS).unwrap().joint_limits
}

#[test]
fn joints_are_named_in_order() {
    let expected: [String; 6] = std::array::from_fn(|i| format!("joint_{}", i + 1));
    assert_eq!(*support::armature().joint_names(), expected);
}

#[test]
fn reach_is_nine_tenths_of_a_metre() {
    let arm = support::armature();
    let shoulder = arm.link_poses(&stretched())[1].translation.vector;
    let tip = arm.forward_kinematics(&stretched()).translation.vector;
    assert!(((tip - shoulder).norm() - 0.88).abs() < 1e-12);
    assert!(tip.x > 0.9 && (tip.z - shoulder.z).abs() < 1e-12);
}

#[test]
fn wrist_axes_meet_in_one_point() {
    let arm = support::armature();
    let q = JointVector::from([0.3, -0.4, 0.5, 1.0, -1.2, 2.0]);
    let jacobian = arm.jacobian(&q);
    let centre = arm.link_poses(&q)[4].translation.vector;
    let tip = arm.forward_kinematics(&q).translation.vector;
    for joint in 3..6 {
        let column = jacobian.column(joint);
        let (linear, axis) = (column.fixed_rows::<3>(0), column.fixed_rows::<3>(3));
        // A turn about an axis through the centre moves the tip by axis × (tip − centre).
        assert!((axis.cross(&(tip - centre)) - linear).norm() < 1e-12, "joint {}", joint + 1);
    }
}

#[test]
fn stretched_arm_holds_three_kilograms_with_a_third_to_spare() {
    let arm = support::armature();
    let torque = arm.gravity_torque(&stretched(), &Load::with_payload(three_kilograms()));
    for (torque, limits) in torque.iter().zip(arm.limits()) {
        assert!(torque.abs() < limits.effort * 2.0 / 3.0, "{torque} of {}", limits.effort);
    }
    let bent = JointVector::from([0.0, 0.0, 0.0, FRAC_PI_2, FRAC_PI_2, 0.0]);
    let torque = arm.gravity_torque(&bent, &Load::with_payload(three_kilograms()));
    assert!(torque[3].abs() < arm.limits()[3].effort * 2.0 / 3.0, "{torque}");
}

#[test]
fn acceleration_limits_take_half_of_the_torque_that_gravity_leaves() {
    let arm = support::armature();
    let (file, payload) = (limits_file(), three_kilograms());
    let gravity = arm.gravity_torque(&stretched(), &Load::with_payload(payload));
    let inertia = arm.mass_matrix(&stretched(), &payload).diagonal();
    assert_eq!(file.len(), 6);
    for (i, name) in arm.joint_names().iter().enumerate() {
        let limit = &file[name];
        assert!(limit.has_acceleration_limits && limit.has_jerk_limits);
        assert!(limit.max_jerk >= 10.0 * limit.max_acceleration);
        let left = (arm.limits()[i].effort - gravity[i].abs()) / 2.0;
        let needed = inertia[i] * limit.max_acceleration;
        assert!(needed < left, "{name}: {needed:.1} N m needed, {left:.1} N m left");
    }
}

#[test]
fn srdf_disables_every_adjacent_pair() {
    let arm = support::armature();
    let bodies: Vec<&str> =
        std::iter::once("base_link").chain(arm.link_names().iter().map(String::as_str)).collect();
    for pair in bodies.windows(2) {
        let line = format!(r#"link1="{}" link2="{}""#, pair[0], pair[1]);
        assert!(SRDF.contains(&line), "{line}");
    }
    assert!(SRDF.contains(r#"<chain base_link="base_link" tip_link="tool0"/>"#));
}
