//! Why a trajectory is refused: for the person who sent it.

use thiserror::Error;
use trajectory::Quantity;

/// Why a trajectory is refused. Points are counted from 0.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Rejection {
    /// No joints.
    #[error("the trajectory names no joints")]
    NoJoints,
    /// A joint that the arm does not have.
    #[error("joint {joint:?} is unknown: this arm has {known}")]
    UnknownJoint {
        /// The name given.
        joint: String,
        /// The joints there are.
        known: String,
    },
    /// A joint stands twice.
    #[error("joint {joint:?} is named twice")]
    DuplicateJoint {
        /// The name.
        joint: String,
    },
    /// Not all joints are named.
    #[error(
        "joint {joint:?} is missing: name all joints, or set allow_partial_joints_goal to hold it"
    )]
    MissingJoint {
        /// The first joint that is missing.
        joint: String,
    },
    /// No points.
    #[error("the trajectory has no points")]
    NoPoints,
    /// Too many points.
    #[error("the trajectory has {count} points, {limit} are allowed")]
    TooManyPoints {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A field of a point has another size than the joint names.
    #[error("point {point} has {count} {field} for {joints} joints")]
    Size {
        /// The point.
        point: usize,
        /// The field.
        field: &'static str,
        /// Its size.
        count: usize,
        /// The number of joints named.
        joints: usize,
    },
    /// Efforts cannot be commanded.
    #[error("point {point} has effort: this arm follows positions, leave effort empty")]
    Effort {
        /// The point.
        point: usize,
    },
    /// A number is NaN or infinite.
    #[error("point {point}: {field} of {joint} is {value}, it must be finite")]
    NotFinite {
        /// The point.
        point: usize,
        /// The field.
        field: &'static str,
        /// The joint.
        joint: String,
        /// What was given.
        value: f64,
    },
    /// Some points have velocities or accelerations and others have not.
    #[error("point {point} has no {field} although point {other} has: give all points the same")]
    Mixed {
        /// The point without.
        point: usize,
        /// The field.
        field: &'static str,
        /// A point with.
        other: usize,
    },
    /// Accelerations without velocities make no segment.
    #[error("point {point} has accelerations but no velocities: give both")]
    AccelerationAlone {
        /// The point.
        point: usize,
    },
    /// A time is NaN, infinite or negative.
    #[error("point {point} has time_from_start {time} s, it must be finite and not negative")]
    BadTime {
        /// The point.
        point: usize,
        /// Its time, s.
        time: f64,
    },
    /// Times do not rise.
    #[error("point {point} at {time} s is not later than point {before} at {previous} s", before = point - 1)]
    Order {
        /// The point.
        point: usize,
        /// Its time, s.
        time: f64,
        /// The time of the point before, s.
        previous: f64,
    },
    /// The trajectory ends in motion.
    #[error(
        "velocity of {joint} at the last point is {value} rad/s, it must be 0 \
         (allow_nonzero_velocity_at_trajectory_end is off)"
    )]
    EndVelocity {
        /// The joint.
        joint: String,
        /// Its velocity, rad/s.
        value: f64,
    },
    /// The trajectory is over before it begins.
    #[error("the trajectory ended {ago:.3} s ago: header.stamp + last time_from_start is past")]
    EndsInThePast {
        /// How long ago, s.
        ago: f64,
    },
    /// The path begins somewhere else.
    #[error(
        "point {point}: {joint} starts {distance:.4} rad away from where it is, \
         max_start_distance is {limit} rad"
    )]
    StartDistance {
        /// The point where the path is entered.
        point: usize,
        /// The joint.
        joint: String,
        /// How far, rad.
        distance: f64,
        /// How far is allowed, rad.
        limit: f64,
    },
    /// A limit is broken on the way to a point.
    #[error(
        "on the way to point {point}: {quantity} of {joint} reaches {value:.4} {unit}, \
         its limit is {limit} {unit}", unit = quantity.unit()
    )]
    Limit {
        /// The point at the end of the segment.
        point: usize,
        /// The joint.
        joint: String,
        /// What is too large.
        quantity: Quantity,
        /// The extreme.
        value: f64,
        /// The limit.
        limit: f64,
    },
    /// Positions only, and no time to turn at a point.
    #[error(
        "on the way to point {point}: {joint} needs {needed:.2} rad/s² to change its velocity in \
         time, its limit is {limit} rad/s²: allow more time"
    )]
    Corner {
        /// The point at the end of the segment that is too short.
        point: usize,
        /// The joint.
        joint: String,
        /// What it needs, at least, rad/s².
        needed: f64,
        /// Its limit, rad/s².
        limit: f64,
    },
    /// Several points without interpolation, and no time for the move to one of them.
    #[error(
        "the move to point {point} takes {needed:.3} s, the next point is due after \
         {available:.3} s (interpolation_method is none)"
    )]
    Step {
        /// The point.
        point: usize,
        /// What the slowest joint needs, s.
        needed: f64,
        /// What there is, s.
        available: f64,
    },
    /// Neither positions, nor leave to integrate.
    #[error(
        "point {point} has no positions: give them, or set allow_integration_in_goal_trajectories \
         to have velocities or accelerations integrated"
    )]
    NoPositions {
        /// The point.
        point: usize,
    },
    /// A goal for a body that moves freely.
    #[error("multi_dof_trajectory has {count} points: this arm has single joints, leave it empty")]
    MultiDof {
        /// How many points it has.
        count: usize,
    },
    /// A tolerance that makes no sense.
    #[error(
        "{kind} tolerance {value} of joint {joint:?}: positive, 0 (default) or negative (unlimited)"
    )]
    Tolerance {
        /// Path or goal.
        kind: &'static str,
        /// The joint.
        joint: String,
        /// What was given.
        value: f64,
    },
    /// A goal time that makes no sense.
    #[error("goal_time_tolerance is {value} s, it must be finite and not negative")]
    GoalTime {
        /// What was given, s.
        value: f64,
    },
    /// One of a stream while a goal is under way.
    #[error("a goal is under way: wait for its end or cancel it")]
    GoalUnderWay,
    /// The arm cannot take a trajectory now.
    #[error("the arm cannot move: {reason}")]
    NotReady {
        /// Why, and what to do.
        reason: String,
    },
}

impl Rejection {
    /// The `error_code` of `FollowJointTrajectory`: -1 invalid goal, -2 invalid joints, -3 old
    /// header timestamp.
    #[must_use]
    pub fn code(&self) -> i32 {
        match self {
            Self::NoJoints
            | Self::UnknownJoint { .. }
            | Self::DuplicateJoint { .. }
            | Self::MissingJoint { .. } => crate::code::INVALID_JOINTS,
            Self::EndsInThePast { .. } => crate::code::OLD_HEADER_TIMESTAMP,
            _ => crate::code::INVALID_GOAL,
        }
    }
}
