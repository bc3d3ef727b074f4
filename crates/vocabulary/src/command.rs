//! Commands to the drives and the feedback that answers them.

use crate::joint::PerJoint;
use crate::time::{Monotonic, Stamp};
use std::time::Duration;

/// How the drives close their loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Cyclic synchronous position (CiA 402 mode 8); effort is feed-forward.
    #[default]
    Position,
    /// Cyclic synchronous torque (CiA 402 mode 10); effort is the setpoint.
    Torque,
}

/// One command for all joints of the arm, good for a short while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointCommand {
    /// ROS time at which it was computed: for logs only.
    pub stamp: Stamp,
    /// Process start of the sender.
    pub boot_id: u64,
    /// The sender's lease.
    pub epoch: u64,
    /// Rises by one per command within an epoch.
    pub sequence: u64,
    /// The sender's steady clock when it was sent.
    pub sent_at: Monotonic,
    /// The sender's steady clock at which `position` holds; before and after it, drivers
    /// extrapolate along `velocity` and `acceleration`.
    pub setpoint_at: Monotonic,
    /// How long it may be followed, counted from its reception.
    pub valid_for: Duration,
    /// [`crate::joint::JointOrder::hash`] of the sender.
    pub joint_order: u64,
    /// The successor named in the lease may take over at once.
    pub yields: bool,
    /// How the drives close their loops.
    pub mode: Mode,
    /// Position setpoint, rad.
    pub position: PerJoint<f64>,
    /// Velocity at the setpoint, rad/s.
    pub velocity: PerJoint<f64>,
    /// Acceleration at the setpoint, rad/s²; 0 when unknown.
    pub acceleration: PerJoint<f64>,
    /// Torque feed-forward (position mode) or setpoint (torque mode), N·m.
    pub effort: PerJoint<f64>,
}

impl JointCommand {
    /// Where joint `index` shall be `dt` s after `setpoint_at`, rad, and how fast, rad/s.
    #[must_use]
    pub fn motion_at(&self, index: usize, dt: f64) -> Option<(f64, f64)> {
        let (position, velocity) = (self.position.get(index)?, self.velocity.get(index)?);
        Some(extrapolate((*position, *velocity, *self.acceleration.get(index)?), dt))
    }
}

/// Position, rad, and velocity, rad/s, of a joint `dt` s after it had this position, velocity and
/// acceleration, rad/s².
#[must_use]
pub fn extrapolate((position, velocity, acceleration): (f64, f64, f64), dt: f64) -> (f64, f64) {
    let then = velocity + acceleration * dt;
    (position + 0.5 * (velocity + then) * dt, then)
}

/// Power state of a drive, after CiA 402.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriveState {
    /// Nothing heard from the drive yet.
    #[default]
    Unknown,
    /// Booting.
    NotReady,
    /// Power is off and may not be switched on yet.
    SwitchOnDisabled,
    /// May be switched on.
    ReadyToSwitchOn,
    /// Switched on, no torque.
    SwitchedOn,
    /// Follows setpoints.
    OperationEnabled,
    /// Stopped by quick stop, torque kept.
    QuickStopActive,
    /// Reacting to a fault.
    FaultReaction,
    /// Latched fault, no torque.
    Fault,
}

/// What the driver does with commands for this joint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriverState {
    /// The drive is not set up (not found, not configured, bus down).
    #[default]
    Offline,
    /// Set up, without power, because nobody asked for power.
    Disabled,
    /// On the way to power.
    Enabling,
    /// Powered and holding because no command has come yet or the last one expired at rest;
    /// the next valid command that continues from here is followed.
    Holding,
    /// Powered and following commands.
    Following,
    /// Powered and holding after a fault or restart: needs a new permit.
    Blocked,
    /// Latched fault of the drive: needs `arm/clear_faults`.
    Faulted,
}

/// One bus sample of one joint.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JointFeedback {
    /// ROS time of the bus sample.
    pub stamp: Stamp,
    /// The driver's steady clock at the bus sample.
    pub sampled_at: Monotonic,
    /// Index in the arm's joint order.
    pub joint: usize,
    /// Process start of the driver.
    pub boot_id: u64,
    /// Rises by one per bus sample.
    pub sequence: u64,
    /// Measured position, rad.
    pub position: f64,
    /// Measured velocity, rad/s.
    pub velocity: f64,
    /// Measured torque at the joint, N·m.
    pub effort: f64,
    /// Last position setpoint given to the drive, rad.
    pub setpoint_position: f64,
    /// Its velocity, rad/s.
    pub setpoint_velocity: f64,
    /// The driver's steady clock at which it holds: a little ahead, when the drive reaches it.
    pub setpoint_at: Monotonic,
    /// Epoch of the command being followed; 0 when none.
    pub applied_epoch: u64,
    /// Sequence of the command being followed.
    pub applied_sequence: u64,
    /// Epoch in force at this driver, whether it follows commands or not: older ones are refused.
    pub lease_epoch: u64,
    /// Process start of whom this driver obeys; 0 for nobody.
    pub lease_holder: u64,
    /// Power state of the drive.
    pub drive: DriveState,
    /// What the driver does with commands.
    pub driver: DriverState,
    /// Bits of [`fault`].
    pub faults: u32,
    /// CiA 402 error code 0x603F; 0 when none.
    pub error_code: u16,
}

/// Fault bits of [`JointFeedback::faults`].
pub mod fault {
    /// The drive reports a fault.
    pub const DRIVE: u32 = 1;
    /// No feedback frame for too many periods.
    pub const FEEDBACK_SILENT: u32 = 1 << 1;
    /// The drive's heartbeat is missing.
    pub const HEARTBEAT_LOST: u32 = 1 << 2;
    /// The drive restarted by itself.
    pub const UNEXPECTED_BOOT: u32 = 1 << 3;
    /// Bus-off, interface down or server gone.
    pub const BUS: u32 = 1 << 4;
    /// The last command expired while moving.
    pub const COMMAND_EXPIRED: u32 = 1 << 5;
    /// The drive ignores setpoints although it is enabled.
    pub const NOT_FOLLOWING: u32 = 1 << 6;
    /// Configuration was refused or read back differently.
    pub const CONFIGURATION: u32 = 1 << 7;
    /// Another device answers with this node id.
    pub const DUPLICATE_NODE: u32 = 1 << 8;
    /// Over-temperature reported by the drive.
    pub const TEMPERATURE: u32 = 1 << 9;
    /// Under torque control the joint was about to leave its limits.
    pub const LIMIT: u32 = 1 << 10;
}

/// Slow values of one joint.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JointTelemetry {
    /// ROS time of the newest value.
    pub stamp: Stamp,
    /// Index in the arm's joint order.
    pub joint: usize,
    /// Process start of the driver.
    pub boot_id: u64,
    /// Winding temperature, °C; NaN when the drive does not measure it.
    pub winding_temperature: f64,
    /// Housing temperature, °C; NaN when not measured.
    pub housing_temperature: f64,
    /// Driver stage temperature, °C; NaN when not measured.
    pub drive_temperature: f64,
    /// Motor current, A; NaN when not measured.
    pub current: f64,
    /// Supply voltage, V; NaN when not measured.
    pub voltage: f64,
    /// Frames received for this joint.
    pub bus_received: u64,
    /// Frames sent for this joint.
    pub bus_sent: u64,
    /// Setpoints dropped because a newer one took their slot or the bus refused them.
    pub bus_dropped: u64,
    /// Malformed or unexpected frames, and bus errors.
    pub bus_errors: u64,
    /// Commands refused, by [`Refusal`] in the order of [`Refusal::ALL`].
    pub refused: [u64; Refusal::ALL.len()],
}

/// Why a command is not applied. A refusal is counted, never obeyed in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A position, velocity or effort is NaN or infinite.
    NotFinite,
    /// The sender has another joint order.
    JointOrder,
    /// The epoch is not the granted one.
    Epoch,
    /// The sender does not hold the lease of that epoch.
    NotHolder,
    /// The sequence does not rise.
    Sequence,
    /// Delayed in transit beyond its validity.
    Late,
    /// The validity is zero, negative or longer than allowed.
    Validity,
    /// Outside the joint's limits.
    Limit,
    /// Further from the last setpoint than the joint can move.
    Jump,
    /// The arm is not enabled, or this joint needs a new permit.
    NotPermitted,
    /// The drive does not run in the commanded mode.
    Mode,
}

impl Refusal {
    /// All reasons, in the order of the counters in [`JointTelemetry::refused`].
    pub const ALL: [Self; 11] = [
        Self::NotFinite,
        Self::JointOrder,
        Self::Epoch,
        Self::NotHolder,
        Self::Sequence,
        Self::Late,
        Self::Validity,
        Self::Limit,
        Self::Jump,
        Self::NotPermitted,
        Self::Mode,
    ];

    /// The name used in messages and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFinite => "not_finite",
            Self::JointOrder => "joint_order",
            Self::Epoch => "epoch",
            Self::NotHolder => "not_holder",
            Self::Sequence => "sequence",
            Self::Late => "late",
            Self::Validity => "validity",
            Self::Limit => "limit",
            Self::Jump => "jump",
            Self::NotPermitted => "not_permitted",
            Self::Mode => "mode",
        }
    }
}

/// The right to command, granted by the supervisor and by nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lease {
    /// Rises with every grant and survives restarts of the supervisor; 0 is "never granted".
    pub epoch: u64,
    /// Process start of the holder; 0 when nobody holds it.
    pub holder: u64,
    /// Process start of the one who may take `epoch + 1` when the holder falls silent; 0 for none.
    pub successor: u64,
    /// The holder shall yield to the successor in its commands.
    pub transfer: bool,
    /// The successor may take back at any moment: the holder is on trial.
    pub probation: bool,
    /// ROS time of the grant.
    pub since: Stamp,
}
