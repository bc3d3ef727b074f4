//! Commands as they come, and what they mean for the joints.

use arm_model::JointVector;
use nalgebra::{Matrix6, Vector3, Vector6};
use thiserror::Error;
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};
use vocabulary::time::Stamp;

use super::course::Held;
use crate::error::PlanningError;
use crate::planning::Planning;

/// Damping of a twist within a singularity: the way out is slow, but it is there.
const DAMPING: f64 = 0.05;

/// A command as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// ROS time at which it was made; `Stamp(0)` for when it was received.
    pub stamp: Stamp,
    /// What it asks for.
    pub ask: Ask,
}

/// What a command asks for, unchecked.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// `control_msgs/JointJog`.
    Joints {
        /// Names; joints that are not named stand.
        names: Vec<String>,
        /// Speeds, rad/s.
        velocities: Vec<f64>,
        /// How many displacements it has: not supported, must be 0.
        displacements: usize,
    },
    /// `geometry_msgs/TwistStamped`.
    Twist {
        /// Along whose axes: a link of the arm, empty for the base.
        frame: String,
        /// Speed of the tip, m/s.
        linear: [f64; 3],
        /// Turning of the tip, rad/s.
        angular: [f64; 3],
    },
}

/// Why a command is refused.
#[derive(Debug, Error)]
pub enum JogError {
    /// A number is NaN or infinite.
    #[error("{what} is {value}, must be finite")]
    NotFinite {
        /// Which.
        what: String,
        /// The number.
        value: f64,
    },
    /// No joints.
    #[error("the command names no joints")]
    NoJoints,
    /// Names and speeds do not belong together.
    #[error("{names} joint names and {velocities} velocities: one for each is needed")]
    Size {
        /// Names.
        names: usize,
        /// Velocities.
        velocities: usize,
    },
    /// A joint that the arm does not have.
    #[error("joint {name:?} is not one of {known}")]
    UnknownJoint {
        /// The name.
        name: String,
        /// The joints of the arm.
        known: String,
    },
    /// A joint stands twice.
    #[error("joint {name:?} is named twice")]
    DuplicateJoint {
        /// The name.
        name: String,
    },
    /// Displacements instead of speeds.
    #[error("displacements are not supported: give velocities, or plan_to_joints")]
    Displacements,
    /// It was made too long ago, or is yet to come.
    #[error("the command is {age:.2} s old, {timeout} s are allowed: compare the clocks")]
    Old {
        /// Its age, s.
        age: f64,
        /// Allowed, s.
        timeout: f64,
    },
    /// The arm may not be jogged now.
    #[error(transparent)]
    Arm(#[from] PlanningError),
}

/// A command that was found sensible.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wish {
    /// Speed of each joint, rad/s.
    Joints(PerJoint<f64>),
    /// Speed of the tip along the axes of a frame: linear m/s, then angular rad/s.
    Twist(String, Vector6<f64>),
}

impl Wish {
    /// What a command means for this arm.
    pub(crate) fn of(ask: &Ask, planning: &Planning) -> Result<Self, JogError> {
        match ask {
            Ask::Joints { displacements: 1.., .. } => Err(JogError::Displacements),
            Ask::Joints { names, velocities, .. } => {
                Ok(Self::Joints(joints(names, velocities, planning.order())?))
            }
            Ask::Twist { frame, linear, angular } => {
                planning.frame(frame, &[0.0; JOINTS])?;
                for (what, values) in [("linear", linear), ("angular", angular)] {
                    for (axis, value) in ["x", "y", "z"].iter().zip(values) {
                        finite(|| format!("{what}.{axis}"), *value)?;
                    }
                }
                let [x, y, z] = *linear;
                let [a, b, c] = *angular;
                Ok(Self::Twist(frame.clone(), Vector6::new(x, y, z, a, b, c)))
            }
        }
    }

    /// Whether it asks for no motion.
    pub(crate) fn is_rest(&self) -> bool {
        match self {
            Self::Joints(speeds) => speeds.iter().all(|v| *v == 0.0),
            Self::Twist(_, twist) => twist.iter().all(|v| *v == 0.0),
        }
    }

    /// The share of it that the arm is allowed to do, and why not more: speeds of the tip.
    pub(crate) fn tip_share(&self, linear: f64, angular: f64) -> Option<Held> {
        let Self::Twist(_, twist) = self else { return None };
        let speed = |k| twist.fixed_rows::<3>(k).norm();
        let parts = [("linear", speed(0), linear, "m/s"), ("angular", speed(3), angular, "rad/s")];
        let shares = parts.into_iter().filter(|(_, asked, most, _)| asked > most);
        let shares = shares.map(|(what, asked, most, unit)| Held {
            share: most / asked,
            reason: format!("{asked:.3} {unit} {what} speed asked for, {most} allowed"),
        });
        shares.min_by(|a, b| a.share.total_cmp(&b.share))
    }

    /// The speeds of the joints [rad/s] for it at these positions; `damped` where a singularity
    /// leaves no exact ones.
    pub(crate) fn speeds(
        &self,
        planning: &Planning,
        at: &PerJoint<f64>,
        damped: bool,
    ) -> PerJoint<f64> {
        let (frame, twist) = match self {
            Self::Joints(speeds) => return *speeds,
            Self::Twist(frame, twist) => (frame, twist),
        };
        let turn = planning.frame(frame, at).map(|pose| pose.rotation).unwrap_or_default();
        let linear: Vector3<f64> = turn * twist.fixed_rows::<3>(0);
        let angular: Vector3<f64> = turn * twist.fixed_rows::<3>(3);
        let twist = Vector6::new(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z);
        let jacobian = planning.ik.arm().jacobian(&JointVector::from(*at));
        let damping = if damped { DAMPING * DAMPING } else { 1e-12 };
        let square = jacobian * jacobian.transpose() + Matrix6::identity() * damping;
        let solved = square.cholesky().map(|c| c.solve(&twist)).unwrap_or_default();
        (jacobian.transpose() * solved).into()
    }
}

fn joints(
    names: &[String],
    velocities: &[f64],
    order: &JointOrder,
) -> Result<PerJoint<f64>, JogError> {
    if names.is_empty() {
        return Err(JogError::NoJoints);
    }
    if names.len() != velocities.len() {
        return Err(JogError::Size { names: names.len(), velocities: velocities.len() });
    }
    let mut speeds = [None; JOINTS];
    for (name, velocity) in names.iter().zip(velocities) {
        let Some(slot) = order.index_of(name).and_then(|index| speeds.get_mut(index)) else {
            let known = order.names().join(", ");
            return Err(JogError::UnknownJoint { name: name.clone(), known });
        };
        finite(|| format!("velocity of {name}"), *velocity)?;
        if slot.replace(*velocity).is_some() {
            return Err(JogError::DuplicateJoint { name: name.clone() });
        }
    }
    Ok(speeds.map(Option::unwrap_or_default))
}

fn finite(what: impl FnOnce() -> String, value: f64) -> Result<(), JogError> {
    match value.is_finite() {
        true => Ok(()),
        false => Err(JogError::NotFinite { what: what(), value }),
    }
}
