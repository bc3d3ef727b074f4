//! What the tests of this crate share: the reference arm, and a master that speaks to the drives.

use arm_model::ArmModel;
use vocabulary::joint::JOINTS;

/// The reference arm.
pub fn model() -> ArmModel<JOINTS> {
    let urdf = include_str!("../../../config/description/armature.urdf");
    ArmModel::from_urdf(urdf, "base_link", "tool0").unwrap()
}
