//! The numbers by which messages name states: each table once, for the door of ROS messages and for
//! readers of recordings.
//!
//! The one rule: a number that a table does not list means nothing; nobody guesses.

use crate::arm::{ArmMode, Freshness};
use crate::command::{DriveState, DriverState, Mode};
use crate::event::EventKind;
use crate::health::{Health, Level, Lifecycle};
use crate::plan::ControlPhase;
use crate::thermal::{SensorState, ThermalLevel};

/// The value of a number.
#[must_use]
pub fn value_of<T: Copy>(code: u8, table: &[(T, u8)]) -> Option<T> {
    table.iter().find(|(_, known)| *known == code).map(|(value, _)| *value)
}

/// The number of a value; 0 for one that the table does not list.
#[must_use]
pub fn code_of<T: Copy + PartialEq>(value: T, table: &[(T, u8)]) -> u8 {
    table.iter().find(|(known, _)| *known == value).map_or(0, |(_, code)| *code)
}

/// `ArmStatus.mode`.
pub const MODE: [(ArmMode, u8); 4] =
    [(ArmMode::Disabled, 0), (ArmMode::Enabled, 1), (ArmMode::Stopped, 2), (ArmMode::Hold, 3)];

/// `ArmState.freshness`.
pub const FRESHNESS: [(Freshness, u8); 4] =
    [(Freshness::Fresh, 0), (Freshness::Late, 1), (Freshness::Silent, 2), (Freshness::Frozen, 3)];

/// `JointCommand.mode`: CiA 402 modes of operation.
pub const MODES: [(Mode, u8); 2] = [(Mode::Position, 8), (Mode::Torque, 10)];

/// `JointFeedback.DRIVE_*`.
pub const DRIVE: [(DriveState, u8); 9] = [
    (DriveState::Unknown, 0),
    (DriveState::NotReady, 1),
    (DriveState::SwitchOnDisabled, 2),
    (DriveState::ReadyToSwitchOn, 3),
    (DriveState::SwitchedOn, 4),
    (DriveState::OperationEnabled, 5),
    (DriveState::QuickStopActive, 6),
    (DriveState::FaultReaction, 7),
    (DriveState::Fault, 8),
];

/// `JointFeedback.DRIVER_*`.
pub const DRIVER: [(DriverState, u8); 7] = [
    (DriverState::Offline, 0),
    (DriverState::Disabled, 1),
    (DriverState::Enabling, 2),
    (DriverState::Holding, 3),
    (DriverState::Following, 4),
    (DriverState::Blocked, 5),
    (DriverState::Faulted, 6),
];

/// `Heartbeat.lifecycle`: ids of `lifecycle_msgs/State`.
pub const LIFECYCLE: [(Lifecycle, u8); 4] = [
    (Lifecycle::Unconfigured, 1),
    (Lifecycle::Inactive, 2),
    (Lifecycle::Active, 3),
    (Lifecycle::Finalized, 4),
];

/// `Heartbeat.health`.
pub const HEALTH: [(Health, u8); 3] = [(Health::Ok, 0), (Health::Warn, 1), (Health::Error, 2)];

/// `ThermalState.SENSOR_*`.
pub const SENSOR: [(SensorState, u8); 7] = [
    (SensorState::None, 0),
    (SensorState::Ok, 1),
    (SensorState::Silent, 2),
    (SensorState::Stuck, 3),
    (SensorState::Jumping, 4),
    (SensorState::Offset, 5),
    (SensorState::Implausible, 6),
];

/// Levels of `ThermalState` and `ThermalAlarm`.
pub const LEVEL: [(ThermalLevel, u8); 4] = [
    (ThermalLevel::Normal, 0),
    (ThermalLevel::Warning, 1),
    (ThermalLevel::Derate, 2),
    (ThermalLevel::Stop, 3),
];

/// `ControlState.phase`.
pub const PHASE: [(ControlPhase, u8); 8] = [
    (ControlPhase::Inactive, 0),
    (ControlPhase::Holding, 1),
    (ControlPhase::Blending, 2),
    (ControlPhase::Executing, 3),
    (ControlPhase::Settling, 4),
    (ControlPhase::Reached, 5),
    (ControlPhase::Stopping, 6),
    (ControlPhase::Paused, 7),
];

/// `Event.kind`.
pub const EVENT: [(EventKind, u8); 3] =
    [(EventKind::Mark, 0), (EventKind::Fault, 1), (EventKind::Loss, 2)];

/// `Notice.level`.
pub const NOTICE: [(Level, u8); 3] = [(Level::Info, 0), (Level::Warn, 1), (Level::Error, 2)];
