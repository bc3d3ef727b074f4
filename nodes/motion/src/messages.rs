//! What the trajectory API hears and says in one step.

use crate::request::{GoalId, GoalRequest, TrajectoryRequest};
use trajectory::State;
use vocabulary::arm::{ArmState, ArmStatus};
use vocabulary::health::LogLine;
use vocabulary::joint::PerJoint;
use vocabulary::plan::{ControlState, MotionPlan};
use vocabulary::time::Stamp;

/// Result codes of `control_msgs/action/FollowJointTrajectory`.
pub mod code {
    /// The goal was reached, or cancelled.
    pub const SUCCESSFUL: i32 = 0;
    /// The trajectory is invalid, was preempted, or the arm cannot move.
    pub const INVALID_GOAL: i32 = -1;
    /// The joint names are wrong.
    pub const INVALID_JOINTS: i32 = -2;
    /// The trajectory is over before it begins.
    pub const OLD_HEADER_TIMESTAMP: i32 = -3;
    /// A joint left the path.
    pub const PATH_TOLERANCE_VIOLATED: i32 = -4;
    /// A joint did not reach the goal in time.
    pub const GOAL_TOLERANCE_VIOLATED: i32 = -5;
}

/// What is new since the last step.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Goals of the action.
    pub goals: Vec<GoalRequest>,
    /// Goals whose clients cancel them.
    pub cancels: Vec<GoalId>,
    /// Trajectories that came by topic.
    pub topic_trajectories: Vec<TrajectoryRequest>,
    /// Why everything under way is to be given up; none as long as the node is active.
    pub give_up: Option<String>,
    /// `control_state`.
    pub control_state: Option<ControlState>,
    /// `arm/status`.
    pub status: Option<ArmStatus>,
    /// `arm_state`.
    pub arm_state: Option<ArmState>,
}

/// What a step yields.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// A plan for control.
    pub plan: Option<MotionPlan>,
    /// Answers to action clients, in order.
    pub goal_events: Vec<GoalEvent>,
    /// Lines for people.
    pub log: Vec<LogLine>,
}

/// An answer to an action client.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalEvent {
    /// The goal.
    pub id: GoalId,
    /// What became of it.
    pub event: Event,
}

/// What became of a goal.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It was taken; whether it is valid is told by what follows.
    Accepted,
    /// It is under way.
    Feedback(Box<Feedback>),
    /// It was reached.
    Succeeded {
        /// For people.
        text: String,
    },
    /// It was refused, preempted or given up.
    Aborted {
        /// One of [`code`].
        code: i32,
        /// Why, for people.
        text: String,
    },
    /// Its client cancelled it and the arm stands.
    Canceled {
        /// For people.
        text: String,
    },
}

/// Feedback of a goal under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// ROS time at which `desired` holds.
    pub stamp: Stamp,
    /// The reference.
    pub desired: State,
    /// Measured position, rad.
    pub actual_position: PerJoint<f64>,
    /// Measured velocity, rad/s.
    pub actual_velocity: PerJoint<f64>,
    /// Reference minus measurement at the instant of the measurement, rad.
    pub error_position: PerJoint<f64>,
    /// Time on the path, s.
    pub path_time: f64,
}
