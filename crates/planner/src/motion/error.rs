//! Why there is no motion: the reasons of whoever was asked, and those of the last look at it.

use arm_model::cartesian::PathError;
use arm_model::ik::IkError;
use collision::Nearness;
use time_parameterization::TimingError;

use crate::PlanError;

/// Why there is no motion.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MotionError {
    /// The parts that were put together do not describe the same arm.
    #[error(
        "the kinematics are for the joints {kinematics:?}, the collision model for {collision:?}"
    )]
    OtherArm {
        /// Joints of the kinematics, base to tip.
        kinematics: Vec<String>,
        /// Joints of the collision model, base to tip.
        collision: Vec<String>,
    },
    /// A tolerance that is not in its range.
    #[error("{name} tolerance of the goal is {value}, must be finite and not negative")]
    Tolerance {
        /// Which.
        name: &'static str,
        /// Its value [m or rad].
        value: f64,
    },
    /// Nothing to do.
    #[error("the arm is at the goal already")]
    AlreadyThere,
    /// No joint positions reach the goal.
    #[error("the goal cannot be reached: {0}")]
    Unreachable(IkError),
    /// No way leads there.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The line or the arc cannot be followed.
    #[error("the segment cannot be followed: {0}")]
    Path(#[from] PathError),
    /// The arm would touch something on the line or the arc.
    #[error("at {:.1} % of the way {contact}", .share * 100.0)]
    Contact {
        /// Where along it, from 0 to 1.
        share: f64,
        /// What touches, or nearly does.
        contact: Nearness,
    },
    /// The motion cannot be timed.
    #[error("the motion cannot be timed: {0}")]
    Timing(#[from] TimingError),
}
