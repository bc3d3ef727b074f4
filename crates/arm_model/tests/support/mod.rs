//! The arms that the tests use.
#![allow(dead_code, clippy::unwrap_used)] // each test uses its part

use arm_model::{ArmModel, JointVector};

pub const ARMATURE: &str = include_str!("../../../../config/description/armature.urdf");
pub const SKEWED: &str = include_str!("../fixtures/skewed.urdf");

/// The reference arm.
pub fn armature() -> ArmModel<6> {
    ArmModel::from_urdf(ARMATURE, "base_link", "tool0").unwrap()
}

/// An arm with nothing aligned, branches, and rotors.
pub fn skewed() -> ArmModel<6> {
    let rotors = JointVector::from([0.9, 0.8, 0.5, 0.1, 0.08, 0.02]);
    ArmModel::from_urdf(SKEWED, "world", "tip").unwrap().with_rotor_inertia(rotors).unwrap()
}
