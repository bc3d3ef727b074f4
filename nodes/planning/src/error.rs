//! Why planning says no: a number for programs, words for people.

use arm_model::cartesian::{PathError, SegmentError};
use arm_model::ik::{IkError, PoseError};
use collision::{CollisionError, Nearness};
use planner::{MotionError, PlanError, Which};
use thiserror::Error;
use time_parameterization::TimingError;

/// Kinds of endings, as the constants of `armature_msgs/PlanOutcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the message says it
pub enum Code {
    Success = 0,
    BadRequest = 1,
    NoState = 2,
    StartInCollision = 3,
    StartOutsideLimits = 4,
    GoalInCollision = 5,
    GoalOutsideLimits = 6,
    GoalUnreachable = 7,
    NoWay = 8,
    TimeOver = 9,
    PathBlocked = 10,
    PathNotFollowable = 11,
    NotTimeable = 12,
    AlreadyThere = 13,
    Busy = 14,
    ExecutionFailed = 15,
    Canceled = 16,
}

/// Why planning says no.
#[derive(Debug, Error)]
pub enum PlanningError {
    /// Control was not heard lately.
    #[error(
        "nobody tells where the arm stands: control has been silent for {age:.1} s; give a start"
    )]
    Silent {
        /// For how long, s.
        age: f64,
    },
    /// A joint was never heard.
    #[error("nobody tells where {joint} stands: it was never heard; give a start")]
    Unheard {
        /// The joint.
        joint: String,
    },
    /// A number outside its range.
    #[error("{what} is {value}, must be {must}")]
    Number {
        /// Which.
        what: String,
        /// Its value.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// Too many or too few numbers.
    #[error("{what}: {found} numbers, the arm has {expected} joints")]
    Size {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A joint that the arm does not have.
    #[error("joint {name:?} is not one of {known}")]
    UnknownJoint {
        /// The name.
        name: String,
        /// The joints of the arm.
        known: String,
    },
    /// A joint without position.
    #[error("joint {name} is missing or named twice: all joints must be named once")]
    MissingJoint {
        /// The joint.
        name: String,
    },
    /// A frame that is no link.
    #[error("frame {frame:?} is no link of the arm: give poses in {base} or in a link")]
    Frame {
        /// The name.
        frame: String,
        /// Name of the base.
        base: String,
    },
    /// A constant that stands for nothing.
    #[error("{what} {value} stands for nothing: see the constants of the message")]
    Kind {
        /// Of what.
        what: &'static str,
        /// The number.
        value: u8,
    },
    /// An object without name.
    #[error("the object has no name")]
    NoName,
    /// Numbers that do not make the shape.
    #[error("object '{name}': {reason}")]
    Shape {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A pose that is none.
    #[error("the pose is not one: {0}")]
    Pose(#[from] PoseError),
    /// A line or an arc that is none.
    #[error("the segment is not one: {0}")]
    Segment(#[from] SegmentError),
    /// No motion.
    #[error(transparent)]
    Motion(#[from] MotionError),
    /// No joint positions.
    #[error("the pose cannot be reached: {0}")]
    Ik(#[from] IkError),
    /// Every way of standing there touches something.
    #[error("{count} ways of standing at the pose, none is free; in the nearest {contact}")]
    NoFreeIk {
        /// How many.
        count: usize,
        /// What touches in the nearest one.
        contact: Nearness,
    },
    /// A place that is none for the arm.
    #[error(transparent)]
    Place(PlanError),
    /// A change of the scene that cannot be.
    #[error(transparent)]
    Scene(#[from] CollisionError),
    /// The arm moves.
    #[error("the arm moves (plan {plan}): wait for its end or cancel it")]
    Moving {
        /// The plan that control drives.
        plan: u64,
    },
    /// Nobody told where the other arm stands.
    #[error("nobody tells where the neighbour stands: {topic} is silent")]
    NeighbourUnheard {
        /// Topic of its joint states.
        topic: String,
    },
    /// The arm is jogged.
    #[error("the arm is jogged: wait until no commands come any more")]
    Jogging,
    /// Another goal runs.
    #[error("another move_to runs: wait for its end or cancel it")]
    Busy,
    /// The node is not active.
    #[error("planning is not active: activate it first")]
    Inactive,
    /// Something stands in the way of a motion under way.
    #[error("the scene changed: {time:.2} s into the motion {contact}; the arm was stopped")]
    Blocked {
        /// When it would be reached, s of the motion.
        time: f64,
        /// What touches.
        contact: Nearness,
    },
    /// The scene changed under a motion, and no other one was found.
    #[error("{text}")]
    NoWayRound {
        /// What is in the way, and why there is no other motion.
        text: String,
        /// Why there is none.
        code: Code,
    },
    /// The trajectory was not driven to its end.
    #[error("{0}")]
    Execution(String),
    /// The client did not want it any more.
    #[error("{0}")]
    Canceled(String),
}

impl PlanningError {
    /// The kind.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Silent { .. } | Self::Unheard { .. } | Self::NeighbourUnheard { .. } => {
                Code::NoState
            }
            Self::Motion(error) => of_motion(error),
            Self::Place(error) => of_plan(error),
            Self::Ik(error) => of_ik(error),
            Self::NoFreeIk { .. } => Code::GoalInCollision,
            Self::Moving { .. } | Self::Jogging | Self::Busy | Self::Inactive => Code::Busy,
            Self::Blocked { .. } => Code::PathBlocked,
            Self::NoWayRound { code, .. } => *code,
            Self::Execution(_) => Code::ExecutionFailed,
            Self::Canceled(_) => Code::Canceled,
            _ => Code::BadRequest,
        }
    }
}

fn of_motion(error: &MotionError) -> Code {
    match error {
        MotionError::OtherArm { .. } | MotionError::Tolerance { .. } => Code::BadRequest,
        MotionError::AlreadyThere => Code::AlreadyThere,
        MotionError::Unreachable(error) => of_ik(error),
        MotionError::Plan(error) => of_plan(error),
        MotionError::Path(PathError::Setting { .. }) => Code::BadRequest,
        MotionError::Path(_) => Code::PathNotFollowable,
        MotionError::Contact { .. } => Code::PathBlocked,
        MotionError::Timing(TimingError::Fraction { .. } | TimingError::Accuracy { .. }) => {
            Code::BadRequest
        }
        MotionError::Timing(_) => Code::NotTimeable,
    }
}

fn of_plan(error: &PlanError) -> Code {
    match error {
        PlanError::Size { .. } | PlanError::NotFinite { .. } | PlanError::NoGoal => {
            Code::BadRequest
        }
        PlanError::OutsideLimits { which: Which::Start, .. } => Code::StartOutsideLimits,
        PlanError::OutsideLimits { .. } => Code::GoalOutsideLimits,
        PlanError::InCollision { which: Which::Start, .. } => Code::StartInCollision,
        PlanError::InCollision { .. } => Code::GoalInCollision,
        PlanError::Enclosed { .. } | PlanError::Unreachable { .. } => Code::NoWay,
        PlanError::TimeOver { .. } => Code::TimeOver,
    }
}

fn of_ik(error: &IkError) -> Code {
    match error {
        IkError::Pose(_) | IkError::Reference { .. } => Code::BadRequest,
        IkError::OutsideLimits { .. } => Code::GoalOutsideLimits,
        _ => Code::GoalUnreachable,
    }
}
