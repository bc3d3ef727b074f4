//! What motion asks of control, and what control reports of it.

use crate::command::Mode;
use crate::joint::PerJoint;
use crate::time::{Monotonic, Stamp};
use std::sync::Arc;

/// One waypoint for all joints; derivatives are optional for the whole plan, not per point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waypoint {
    /// Time on the path from its start, s.
    pub time: f64,
    /// Position, rad.
    pub position: PerJoint<f64>,
    /// Velocity, rad/s.
    pub velocity: Option<PerJoint<f64>>,
    /// Acceleration, rad/s².
    pub acceleration: Option<PerJoint<f64>>,
}

/// Allowed deviations of one joint; infinite where unrestricted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Position, rad.
    pub position: f64,
    /// Velocity, rad/s.
    pub velocity: f64,
}

/// What control shall do with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlanAction {
    /// Execute from `from_path_time`, blending from wherever the arm holds.
    #[default]
    Execute,
    /// Decelerate on the path within limits and hold (cancel, preempt, time-out).
    Stop,
}

/// When a plan was issued. The epoch counts: wall clocks of two processes need not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Issue {
    /// ROS time.
    pub stamp: Stamp,
    /// Newest epoch that was heard of control; 0 for none.
    pub epoch: u64,
}

/// A validated trajectory for all joints, in joint order; latched.
#[derive(Debug, Clone, PartialEq)]
pub struct MotionPlan {
    /// When it was published: who came to command in a later epoch without knowing where the motion was
    /// does not begin it.
    pub issued: Issue,
    /// Never 0, never reused.
    pub plan_id: u64,
    /// Rises when the same plan is re-issued (resumed, stopped).
    pub revision: u32,
    /// The permit under which it was issued; control executes it only under that very permit.
    pub permit: u64,
    /// Execute or stop.
    pub action: PlanAction,
    /// At least one waypoint, times strictly rising from ≥ 0; the start state is not among them.
    pub waypoints: Arc<[Waypoint]>,
    /// Where on the path to begin, s; 0 for a new plan.
    pub from_path_time: f64,
    /// ROS time at which the path begins; `Stamp(0)` for at once.
    pub start: Stamp,
    /// Allowed deviation on the way.
    pub path_tolerance: PerJoint<Tolerance>,
    /// Allowed deviation at the end.
    pub goal_tolerance: PerJoint<Tolerance>,
    /// How long after the end the goal may take to settle, s.
    pub goal_time: f64,
}

/// What control is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ControlPhase {
    /// No lease, or no valid feedback of all joints yet: writes nothing.
    #[default]
    Inactive,
    /// Holds position.
    Holding,
    /// Moves from the hold position to the path.
    Blending,
    /// Follows the plan.
    Executing,
    /// Past the end of the path, waiting for the arm to settle.
    Settling,
    /// The goal was reached and is held.
    Reached,
    /// Decelerates on the path.
    Stopping,
    /// Stopped before the end of the plan; goes on by a plan re-issued under a new permit.
    Paused,
}

/// The worst deviation beyond a tolerance since the plan began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Violation {
    /// Index in the joint order.
    pub joint: usize,
    /// Path or goal tolerance.
    pub at_goal: bool,
    /// Velocity instead of position.
    pub velocity: bool,
    /// The deviation, rad or rad/s.
    pub error: f64,
    /// The tolerance, rad or rad/s.
    pub limit: f64,
    /// Time on the path, s.
    pub path_time: f64,
}

/// Report of the holder, 50 Hz and at every change of phase.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ControlState {
    /// ROS time at which `reference` holds.
    pub stamp: Stamp,
    /// Steady clock of the sender at that instant.
    pub reference_at: Monotonic,
    /// Process start of the sender.
    pub boot_id: u64,
    /// Its epoch; 0 without a lease.
    pub epoch: u64,
    /// The plan at hand; 0 for none.
    pub plan_id: u64,
    /// Its revision.
    pub revision: u32,
    /// What control is doing.
    pub phase: ControlPhase,
    /// Time on the path at `stamp`, s.
    pub path_time: f64,
    /// Length of the path, s.
    pub path_duration: f64,
    /// Path seconds per second, 0 to 1.
    pub speed_scaling: f64,
    /// Reference position, rad.
    pub reference_position: PerJoint<f64>,
    /// Reference velocity, rad/s.
    pub reference_velocity: PerJoint<f64>,
    /// Reference acceleration, rad/s².
    pub reference_acceleration: PerJoint<f64>,
    /// Measured position, rad; NaN when never heard.
    pub feedback_position: PerJoint<f64>,
    /// Measured velocity, rad/s.
    pub feedback_velocity: PerJoint<f64>,
    /// Reference minus feedback at the instant of the feedback sample, rad.
    pub error_position: PerJoint<f64>,
    /// Effort written, N·m.
    pub output_effort: PerJoint<f64>,
    /// How the drives close their loops.
    pub mode: Mode,
    /// Integral of the law, N·m; 0 where it has none.
    pub integral: PerJoint<f64>,
    /// First violation of a tolerance since the plan began.
    pub violation: Option<Violation>,
    /// It took the lease back because its successor on probation did wrong, not for its silence.
    pub found_bad: bool,
    /// Why it is paused or inactive, for people.
    pub reason: String,
}
