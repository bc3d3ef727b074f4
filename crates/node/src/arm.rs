//! The arm as every node is told of it: the keys under `arm.` and the robot description.

use crate::params::{ParameterError, Parameters};
use arm_model::ArmModel;
use thiserror::Error;
use vocabulary::config::ArmConfigError;
use vocabulary::joint::{JOINTS, JointLimits, PerJoint};

/// Why the robot description does not describe this arm.
#[derive(Debug, Error)]
pub enum ArmError {
    /// The keys under `arm.` are wrong.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// An acceleration limit is missing.
    #[error(transparent)]
    Config(#[from] ArmConfigError),
    /// No robot description.
    #[error("parameter robot_description is missing: start by launch, or pass the URDF")]
    NoDescription,
    /// The URDF is no chain of revolute joints.
    #[error("parameter robot_description: {0}")]
    Model(#[from] arm_model::ModelError),
    /// The URDF has other joints.
    #[error("robot_description has the joints {described:?}, arm.joints says {configured:?}")]
    Joints {
        /// Names in the URDF, base to tip.
        described: Vec<String>,
        /// Names in the parameters.
        configured: Vec<String>,
    },
}

/// The model of the arm and the limits of its joints.
#[derive(Debug, Clone)]
pub struct DescribedArm {
    /// Kinematics and dynamics.
    pub model: ArmModel<JOINTS>,
    /// Limits from the URDF and `arm.acceleration`.
    pub limits: PerJoint<JointLimits>,
}

/// Reads the robot description and compares it with the keys under `arm.`.
///
/// # Errors
/// [`ArmError`] naming the parameter.
pub fn described(parameters: &Parameters) -> Result<DescribedArm, ArmError> {
    let config = parameters.arm()?;
    let urdf = parameters.robot_description().ok_or(ArmError::NoDescription)?;
    let model = ArmModel::<JOINTS>::from_urdf(urdf, &config.base_link, &config.tip_link)?;
    if model.joint_names().as_slice() != config.joints.as_slice() {
        let described = model.joint_names().to_vec();
        return Err(ArmError::Joints { described, configured: config.joints });
    }
    let urdf_limits = (*model.limits()).map(|l| (l.lower, l.upper, l.velocity, l.effort));
    let limits = config.limits(&urdf_limits)?;
    Ok(DescribedArm { model, limits })
}
