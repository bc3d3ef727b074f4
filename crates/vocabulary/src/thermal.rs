//! How warm the joints are, how much of that is known, and what is asked of the arm because of it.

use crate::joint::PerJoint;
use crate::time::Stamp;

/// How far a temperature sensor can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SensorState {
    /// The drive measures nothing here.
    #[default]
    None,
    /// Agrees with physics.
    Ok,
    /// Gives no values any more.
    Silent,
    /// Repeats one value while the temperature must have changed.
    Stuck,
    /// Changes faster than heat can, and comes back.
    Jumping,
    /// Is off by a constant amount.
    Offset,
    /// Outside of what a motor can be, or random.
    Implausible,
}

impl SensorState {
    /// The word used in messages for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ok => "ok",
            Self::Silent => "silent",
            Self::Stuck => "stuck",
            Self::Jumping => "jumping",
            Self::Offset => "offset",
            Self::Implausible => "implausible",
        }
    }

    /// Whether a sensor that was there cannot be used now.
    #[must_use]
    pub fn is_faulty(self) -> bool {
        !matches!(self, Self::None | Self::Ok)
    }
}

/// How serious the heat of a joint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ThermalLevel {
    /// Nothing to do.
    #[default]
    Normal,
    /// The limit comes into sight, or a sensor is faulty.
    Warning,
    /// The arm is slowed.
    Derate,
    /// The arm is stopped: damage is near.
    Stop,
}

impl ThermalLevel {
    /// The word used in messages for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Warning => "warning",
            Self::Derate => "derate",
            Self::Stop => "stop",
        }
    }
}

/// Estimated temperatures of all joints.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ThermalState {
    /// ROS time of the estimate.
    pub stamp: Stamp,
    /// Process start of the sender.
    pub boot_id: u64,
    /// Winding, °C.
    pub winding: PerJoint<f64>,
    /// Upper bound of the winding, °C.
    pub winding_bound: PerJoint<f64>,
    /// Housing, °C.
    pub housing: PerJoint<f64>,
    /// Upper bound of the housing, °C.
    pub housing_bound: PerJoint<f64>,
    /// Never to be passed by the winding, °C.
    pub winding_limit: PerJoint<f64>,
    /// Time to the limit at the present load, s; infinite when never.
    pub time_to_limit: PerJoint<f64>,
    /// RMS torque over the window as a fraction of the rated torque.
    pub load: PerJoint<f64>,
    /// Fraction of each joint's torque limit asked for, 0 to 1.
    pub torque_limit: PerJoint<f64>,
    /// Fraction of the programmed speed asked for, 0 to 1.
    pub speed: f64,
    /// Estimate of the surroundings, °C.
    pub ambient: f64,
    /// Sensors in the windings.
    pub winding_sensor: PerJoint<SensorState>,
    /// Sensors at the housings.
    pub housing_sensor: PerJoint<SensorState>,
    /// Sensors of the driver stages.
    pub drive_sensor: PerJoint<SensorState>,
    /// Age of each joint's telemetry, s; infinite when never heard.
    pub telemetry_age: PerJoint<f64>,
    /// How serious it is.
    pub level: PerJoint<ThermalLevel>,
}

/// Alarms of all joints, sent at every change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThermalAlarm {
    /// ROS time of the change.
    pub stamp: Stamp,
    /// Process start of the sender.
    pub boot_id: u64,
    /// Highest of the joints.
    pub level: ThermalLevel,
    /// Per joint.
    pub levels: PerJoint<ThermalLevel>,
    /// Not yet acknowledged although it may be over.
    pub latched: PerJoint<bool>,
    /// Joint, estimate, bound, limit, predicted time; empty when normal.
    pub reasons: PerJoint<String>,
}
