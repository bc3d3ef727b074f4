//! The arm as a whole: whether it may move, and how fresh what we know of it is.

use crate::command::{DriveState, DriverState};
use crate::joint::PerJoint;
use crate::time::Stamp;

/// Turns the tip link in the base so that the tool points down (z of the tip), its x axis to the base, as
/// it stands there with the last joint at 0: quaternion x, y, z, w.
pub const TOOL_DOWN: [f64; 4] = [0.0, 1.0, 0.0, 0.0];

/// What the supervisor wants of every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArmMode {
    /// Drives without power.
    #[default]
    Disabled,
    /// Drives powered; motion allowed to whoever carries the current permit.
    Enabled,
    /// Somebody called `arm/stop`: decelerate on the path, hold under power; `arm/resume` goes on.
    Stopped,
    /// A fault: decelerate, hold under power; `arm/resume` goes on once the fault is gone.
    Hold,
}

/// Latched word of the supervisor to all nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArmStatus {
    /// ROS time of the change.
    pub stamp: Stamp,
    /// What the nodes shall do.
    pub mode: ArmMode,
    /// Counts the human "yes": rises with each `arm/enable` and `arm/resume`, never otherwise, and
    /// survives restarts of the supervisor.
    pub permit: u64,
    /// Counts `arm/clear_faults`: drivers reset latched drive faults when it rises.
    pub fault_reset: u64,
    /// Why the arm is in this mode, for people.
    pub reason: String,
}

/// How much a joint's feedback can be trusted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Freshness {
    /// Younger than two periods.
    Fresh,
    /// Older than two periods, younger than the silence limit.
    Late,
    /// Older than the silence limit, or never heard.
    #[default]
    Silent,
    /// New samples keep coming but repeat the same sequence, or the value stands still while the
    /// joint is commanded to move.
    Frozen,
}

/// What `joint_state` knows of all joints, each with its age.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArmState {
    /// ROS time at which the ages were computed.
    pub stamp: Stamp,
    /// Age of each joint's bus sample, s; infinite when never heard.
    pub age: PerJoint<f64>,
    /// Judgement of that age.
    pub freshness: PerJoint<Freshness>,
    /// Position, rad; NaN when never heard.
    pub position: PerJoint<f64>,
    /// Velocity, rad/s; NaN when never heard.
    pub velocity: PerJoint<f64>,
    /// Torque at the joint, N·m; NaN when never heard.
    pub effort: PerJoint<f64>,
    /// Winding (else housing, else driver stage) temperature, °C; NaN when unknown.
    pub temperature: PerJoint<f64>,
    /// Power state of each drive.
    pub drive: PerJoint<DriveState>,
    /// What each driver does with commands.
    pub driver: PerJoint<DriverState>,
}

/// Limits that thermal asks for, 1 = unrestricted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Derating {
    /// ROS time of the computation.
    pub stamp: Stamp,
    /// Process start of the sender.
    pub boot_id: u64,
    /// Decelerate on the path and hold: damage is near.
    pub stop: bool,
    /// Fraction of each joint's torque limit, 0 to 1.
    pub torque: PerJoint<f64>,
    /// Fraction of the programmed speed of the whole arm, 0 to 1.
    pub speed: f64,
}
