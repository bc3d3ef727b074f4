//! Why parameters are refused: each line names the parameter and says what is allowed.

use can_bus::bus_load::BusLoadError;
use thiserror::Error;
use vocabulary::config::OutOfRange;

/// Why the parameters cannot be used.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A joint that the arm has not.
    #[error("parameter {key}: no joint {joint:?}, the arm has {known}")]
    UnknownJoint {
        /// The parameter.
        key: &'static str,
        /// The name given.
        joint: String,
        /// All names.
        known: String,
    },
    /// A joint named twice.
    #[error("parameter joints: {joint} is named twice")]
    RepeatedJoint {
        /// The name.
        joint: String,
    },
    /// A joint without drive.
    #[error(
        "parameter drives.{joint} is missing: give node_id, counts_per_revolution, rated_torque"
    )]
    MissingDrive {
        /// The joint.
        joint: String,
    },
    /// Two joints with one drive.
    #[error(
        "parameter drives.{second}.node_id = {node_id} is already that of {first}: each drive on \
         a bus needs its own"
    )]
    RepeatedNode {
        /// The joint that came first.
        first: String,
        /// The joint in error.
        second: String,
        /// The id both have.
        node_id: u8,
    },
    /// A direction that is neither 1 nor -1.
    #[error("parameter drives.{joint}.direction = {value}: use 1 or -1")]
    Direction {
        /// The joint.
        joint: String,
        /// What was given.
        value: i8,
    },
    /// The period cannot be told to the drive.
    #[error(
        "parameter period = {0} s does not fit object 0x60C2: use up to 255 units of 1 ms, 0.1 ms, \
         10 us or 1 us"
    )]
    InterpolationPeriod(f64),
    /// Limits that cannot be used.
    #[error("limits of {joint}: {what}")]
    Limits {
        /// The joint.
        joint: String,
        /// What is wrong with them.
        what: String,
    },
    /// More telemetry than one PDO carries.
    #[error("parameter drives.{joint}.telemetry: {reason}")]
    Telemetry {
        /// The joint.
        joint: String,
        /// What is wrong.
        reason: String,
    },
    /// More traffic than the bus carries.
    #[error("bus {bus}, parameters arm.period, bus.bitrate and bus.drives: {reason}")]
    BusLoad {
        /// The bus.
        bus: String,
        /// The load and what would fit.
        reason: BusLoadError,
    },
}
