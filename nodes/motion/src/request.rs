//! Trajectories and goals as they come from outside: nothing about them is known to be sensible.

use vocabulary::time::Stamp;

/// The id that the action client chose.
pub type GoalId = [u8; 16];

/// One point of a trajectory, in the order of [`TrajectoryRequest::joint_names`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestPoint {
    /// Positions, rad.
    pub positions: Vec<f64>,
    /// Velocities, rad/s; empty for none.
    pub velocities: Vec<f64>,
    /// Accelerations, rad/s²; empty for none.
    pub accelerations: Vec<f64>,
    /// Efforts, N·m: not supported, must be empty.
    pub effort: Vec<f64>,
    /// Time from the start of the trajectory, s.
    pub time_from_start: f64,
}

/// `trajectory_msgs/JointTrajectory`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrajectoryRequest {
    /// ROS time of the start; `Stamp(0)` for at once.
    pub stamp: Stamp,
    /// Names of the joints, in any order.
    pub joint_names: Vec<String>,
    /// The points.
    pub points: Vec<RequestPoint>,
    /// It is one of a stream and gives way to every goal.
    pub yields: bool,
}

/// `control_msgs/JointTolerance`: 0 takes the default, a negative
/// value means unlimited.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestTolerance {
    /// Name of the joint.
    pub name: String,
    /// Position, rad.
    pub position: f64,
    /// Velocity, rad/s.
    pub velocity: f64,
}

/// `control_msgs/action/FollowJointTrajectory` goal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GoalRequest {
    /// The id that the client chose.
    pub id: GoalId,
    /// The trajectory.
    pub trajectory: TrajectoryRequest,
    /// Points of `multi_dof_trajectory`: not supported, must be 0.
    pub multi_dof_points: usize,
    /// Allowed deviations on the way.
    pub path_tolerance: Vec<RequestTolerance>,
    /// Allowed deviations at the end.
    pub goal_tolerance: Vec<RequestTolerance>,
    /// Time allowed for settling after the end, s; 0 takes the default.
    pub goal_time_tolerance: f64,
}
