//! Why there is no answer, each naming the joint, the singularity or the amount.

use std::sync::Arc;

/// Why a pose is no pose.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PoseError {
    /// A coordinate is not finite.
    #[error("position {0} is {1}, must be finite")]
    Position(&'static str, f64),
    /// A part of the quaternion is not finite.
    #[error("orientation {0} is {1}, must be finite")]
    Orientation(&'static str, f64),
    /// The quaternion is zero.
    #[error("the orientation quaternion is zero: it must have length 1")]
    ZeroQuaternion,
    /// The quaternion is not a rotation, and not by rounding.
    #[error("the orientation quaternion has length {0}, must be 1")]
    QuaternionLength(f64),
}

/// Why a pose has no joint positions.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum IkError {
    /// The pose asked for is not one.
    #[error("the pose is not one: {0}")]
    Pose(#[from] PoseError),
    /// The reference has a position that is not finite.
    #[error("reference position of joint '{joint}' is {value}, must be finite")]
    Reference {
        /// The joint.
        joint: Arc<str>,
        /// Its position [rad].
        value: f64,
    },
    /// Too far away, or too close to the shoulder.
    #[error("out of reach by {by:.4} m: the arm cannot stretch or fold that far")]
    OutOfReach {
        /// How much [m].
        by: f64,
    },
    /// Within the cylinder around the first axis that an arm with an offset shoulder cannot enter.
    #[error("too close to the axis of joint '{joint}' by {by:.4} m")]
    TooCloseToAxis {
        /// The first joint.
        joint: Arc<str>,
        /// How much [m].
        by: f64,
    },
    /// A wrist whose axes are not at right angles cannot take this orientation.
    #[error("the wrist cannot take this orientation: its axes are not at right angles")]
    Orientation,
    /// Reachable, but for the limits.
    #[error(
        "joint '{joint}' would have to be at {position:.4} rad, outside its limits {lower:.4} to \
         {upper:.4} rad by {by:.4} rad; every other way to the pose is worse"
    )]
    OutsideLimits {
        /// The joint that is farthest outside in the best way to reach the pose.
        joint: Arc<str>,
        /// Where it would have to be [rad].
        position: f64,
        /// Its lower limit [rad].
        lower: f64,
        /// Its upper limit [rad].
        upper: f64,
        /// How far that is outside [rad].
        by: f64,
    },
    /// The numeric solver ran out of iterations.
    #[error(
        "no joint positions found in {iterations} iterations from {starts} starts: the nearest \
         pose is {position:.3e} m and {rotation:.3e} rad away"
    )]
    NotFound {
        /// Iterations made.
        iterations: usize,
        /// Starts made.
        starts: usize,
        /// Distance of the best position [m].
        position: f64,
        /// Angle of the best orientation [rad].
        rotation: f64,
    },
}
