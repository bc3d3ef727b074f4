//! Parameters of the driver, as in `config/joint_driver.yaml`.
//!
//! The one rule: a parameter that is missing, unknown or out of range stops the start, with a line
//! that names it. What several nodes share (joint names, limits) is not here but in [`Arm`].

mod bus;
mod drive;
mod error;

pub use bus::{BusConfig, Transport};
pub use drive::{DriveConfig, TelemetryObjects, ValueObject};
pub use error::ConfigError;

use can_bus::bus_load::{BusLoad, BusLoadConfig, Traffic, bus_load};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use vocabulary::config::in_range;
use vocabulary::joint::{JointLimits, JointOrder, PerJoint};

/// Heartbeats of driver processes use node ids from here: 100 + rank. Drives must lie below.
pub const DRIVER_NODE_IDS: u8 = 100;

/// What the driver is told of the arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Joint names, base to tip.
    pub order: JointOrder,
    /// Limits of all joints.
    pub limits: PerJoint<JointLimits>,
}

/// Parameters of the driver.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Time between two SYNCs, s; the host sets it from `arm.period`.
    pub period: f64,
    /// Joints this process drives; empty for all.
    pub joints: Vec<String>,
    /// The bus.
    pub bus: BusConfig,
    /// The drives by joint; those of joints not driven here are ignored.
    pub drives: BTreeMap<String, DriveConfig>,
    /// Whether the controllers run on this host, so that their steady clock is ours.
    pub shared_clock: bool,
    /// Longest validity of a command, s.
    pub max_valid_for: f64,
    /// How long a stopped arm may still follow commands in order to decelerate, s.
    pub stop_grace: f64,
    /// Period of the heartbeats of driver and drives, s.
    pub heartbeat_period: f64,
    /// Silence after which drive or driver is lost for the other, s.
    pub heartbeat_timeout: f64,
    /// SYNCs without feedback after which a drive is silent.
    pub silent_after_syncs: u32,
    /// How long the driver listens before it sends anything, s.
    pub listen_time: f64,
    /// How long a drive may take to be found before it is reported missing, s.
    pub boot_timeout: f64,
    /// How long a drive may take to come under power, s.
    pub enable_timeout: f64,
    /// How long a drive may take to answer an SDO message, s.
    pub sdo_timeout: f64,
    /// Longest time between two attempts to find a drive, s.
    pub retry_longest: f64,
    /// Cut-off of the velocity estimate, Hz.
    pub velocity_cutoff_hz: f64,
    /// Rate of telemetry, Hz.
    pub telemetry_rate_hz: f64,
}

impl Default for Config {
    fn default() -> Self {
        let torques = [75.0, 110.0, 50.0, 12.0, 12.0, 6.0];
        let drives = (1..).zip(torques);
        Self {
            period: 0.004,
            joints: Vec::new(),
            bus: BusConfig::default(),
            drives: drives
                .map(|(n, torque)| (format!("joint_{n}"), DriveConfig::simulated(n, torque)))
                .collect(),
            shared_clock: true,
            max_valid_for: 0.5,
            stop_grace: 1.0,
            heartbeat_period: 0.1,
            heartbeat_timeout: 0.3,
            silent_after_syncs: 8,
            listen_time: 0.25,
            boot_timeout: 2.0,
            enable_timeout: 2.0,
            sdo_timeout: 0.1,
            retry_longest: 2.0,
            velocity_cutoff_hz: 40.0,
            telemetry_rate_hz: 10.0,
        }
    }
}

/// One driven joint: its index in the arm's order, name and drive.
pub(crate) struct Driven<'a> {
    pub index: usize,
    pub name: &'a str,
    pub drive: &'a DriveConfig,
}

impl Config {
    /// Checks every key against its range and against the arm.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self, arm: &Arm) -> Result<(), ConfigError> {
        in_range("period", self.period, 0.001..=0.1)?;
        in_range("max_valid_for", self.max_valid_for, 0.001..=0.5)?;
        in_range("stop_grace", self.stop_grace, 0.0..=10.0)?;
        in_range("heartbeat_period", self.heartbeat_period, 0.01..=1.0)?;
        let shortest = self.heartbeat_period * 1.5;
        in_range("heartbeat_timeout", self.heartbeat_timeout, shortest..=10.0)?;
        in_range("silent_after_syncs", self.silent_after_syncs.into(), 1.0..=250.0)?;
        in_range("listen_time", self.listen_time, 0.0..=10.0)?;
        in_range("boot_timeout", self.boot_timeout, 0.1..=60.0)?;
        in_range("enable_timeout", self.enable_timeout, 0.1..=60.0)?;
        in_range("sdo_timeout", self.sdo_timeout, 0.005..=5.0)?;
        in_range("retry_longest", self.retry_longest, 0.1..=60.0)?;
        in_range("velocity_cutoff_hz", self.velocity_cutoff_hz, 0.1..=10_000.0)?;
        in_range("telemetry_rate_hz", self.telemetry_rate_hz, 0.1..=100.0)?;
        in_range("bus.bitrate", self.bus.bitrate.into(), 10_000.0..=1e6)?;
        in_range("bus.drives", self.bus.drives.into(), 1.0..=99.0)?;
        self.interpolation()?;
        self.validate_joints(arm)?;
        self.bus_load().map(drop)
    }

    fn validate_joints(&self, arm: &Arm) -> Result<(), ConfigError> {
        let known = |joint: &String| arm.order.index_of(joint).is_some();
        let unknown = |key, joint: &String| ConfigError::UnknownJoint {
            key,
            joint: joint.clone(),
            known: arm.order.names().join(", "),
        };
        if let Some(joint) = self.drives.keys().find(|joint| !known(joint)) {
            return Err(unknown("drives", joint));
        }
        for (index, joint) in self.joints.iter().enumerate() {
            if !known(joint) {
                return Err(unknown("joints", joint));
            }
            if self.joints.iter().take(index).any(|earlier| earlier == joint) {
                return Err(ConfigError::RepeatedJoint { joint: joint.clone() });
            }
        }
        let driven = self.driven(arm)?;
        for (at, joint) in driven.iter().enumerate() {
            joint.drive.validate(joint.name)?;
            check_limits(joint.name, arm.limits.get(joint.index))?;
            let same = |other: &&Driven<'_>| other.drive.node_id == joint.drive.node_id;
            if let Some(first) = driven.iter().take(at).find(same) {
                return Err(ConfigError::RepeatedNode {
                    first: first.name.to_owned(),
                    second: joint.name.to_owned(),
                    node_id: joint.drive.node_id,
                });
            }
        }
        Ok(())
    }

    /// Worst-case load of the bus with all its drives: the cyclic PDOs, the slow ones, heartbeats.
    ///
    /// # Errors
    /// [`ConfigError::BusLoad`] above 100 %.
    pub fn bus_load(&self) -> Result<BusLoad, ConfigError> {
        let rate = 1.0 / self.period;
        let heartbeat_ms = (self.heartbeat_period * 1000.0).round() as u16;
        let drives = self.bus.drives as usize;
        let mut load = BusLoadConfig::cia402(self.bus.bitrate, drives, rate, heartbeat_ms);
        let slow = Traffic::standard(8, 2 * drives, self.telemetry_rate_hz);
        let drivers = Traffic::standard(1, drives, 1.0 / self.heartbeat_period);
        load.background.extend([slow, drivers]);
        bus_load(&load).map_err(|reason| ConfigError::BusLoad { bus: self.bus.name(), reason })
    }

    /// The driven joints in the arm's order.
    pub(crate) fn driven<'a>(&'a self, arm: &'a Arm) -> Result<Vec<Driven<'a>>, ConfigError> {
        let ours = |name: &str| self.joints.is_empty() || self.joints.iter().any(|j| j == name);
        let names = arm.order.names().iter().enumerate();
        names
            .filter(|(_, name)| ours(name))
            .map(|(index, name)| match self.drives.get(name) {
                Some(drive) => Ok(Driven { index, name, drive }),
                None => Err(ConfigError::MissingDrive { joint: name.clone() }),
            })
            .collect()
    }

    /// 0x60C2: mantissa and power of ten.
    pub(crate) fn interpolation(&self) -> Result<(u8, i8), ConfigError> {
        let fits = |exponent: i8| {
            let units = self.period / 10_f64.powi(exponent.into());
            let whole = units.round();
            let exact = (units - whole).abs() < 1e-6 && (1.0..=255.0).contains(&whole);
            exact.then_some((whole as u8, exponent))
        };
        let found = [-3, -4, -5, -6].into_iter().find_map(fits);
        found.ok_or(ConfigError::InterpolationPeriod(self.period))
    }

    pub(crate) fn period(&self) -> Duration {
        Duration::from_secs_f64(self.period)
    }
}

fn check_limits(joint: &str, limits: Option<&JointLimits>) -> Result<(), ConfigError> {
    let wrong = |what: &str| ConfigError::Limits { joint: joint.to_owned(), what: what.to_owned() };
    let Some(l) = limits else { return Err(wrong("missing")) };
    let numbers = [l.lower, l.upper, l.velocity, l.acceleration, l.effort];
    if !numbers.iter().all(|n| n.is_finite()) {
        return Err(wrong("not all are finite numbers; a continuous joint needs limits, too"));
    }
    if l.lower >= l.upper {
        return Err(wrong(&format!("lower {} is not below upper {}", l.lower, l.upper)));
    }
    match [("velocity", l.velocity), ("acceleration", l.acceleration), ("effort", l.effort)]
        .into_iter()
        .find(|(_, value)| *value <= 0.0)
    {
        Some((name, value)) => Err(wrong(&format!("{name} {value} is not above 0"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
