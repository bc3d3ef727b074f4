//! Parameters of the driver, as in `config/joint_driver.yaml`.
//!
//! The one rule: a parameter that is missing, unknown or out of range stops the start, with a line
//! that names it. What several nodes share (joint names, limits) is not here but in [`Arm`].

use can_bus::bus_load::{BusLoad, BusLoadConfig, BusLoadError, Traffic, bus_load};
use can_bus::canopen::od::{DataType, Object};
use can_bus::socketcand::SocketcandConfig;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};
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

/// How the driver reaches the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A `socketcand` server: can_hub, or a gateway.
    #[default]
    Socketcand,
    /// A network interface of the kernel.
    Socketcan,
}

/// One CAN bus.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusConfig {
    /// How to reach it.
    pub transport: Transport,
    /// Network interface, for `socketcan`.
    pub interface: String,
    /// Host of the `socketcand` server.
    pub host: String,
    /// Port of the `socketcand` server.
    pub port: u16,
    /// Name of the bus at the `socketcand` server.
    pub channel: String,
    /// Bits per second, for the load.
    pub bitrate: u32,
    /// Drives on this bus, whoever drives them, for the load.
    pub drives: u32,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            transport: Transport::default(),
            interface: "can0".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 29536,
            channel: "vcan0".to_owned(),
            bitrate: 1_000_000,
            drives: 6,
        }
    }
}

impl BusConfig {
    /// What the host opens.
    #[must_use]
    pub fn to_open(&self) -> can_bus::bus::BusConfig {
        match self.transport {
            Transport::Socketcan => {
                can_bus::bus::BusConfig::Socketcan { interface: self.interface.clone() }
            }
            Transport::Socketcand => can_bus::bus::BusConfig::Socketcand(SocketcandConfig {
                host: self.host.clone(),
                port: self.port,
                channel: self.channel.clone(),
            }),
        }
    }

    /// The bus as people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self.transport {
            Transport::Socketcan => self.interface.clone(),
            Transport::Socketcand => {
                format!("{} (socketcand {}:{})", self.channel, self.host, self.port)
            }
        }
    }
}

/// A slow value that a drive offers in an object of its maker; index 0: it does not.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ValueObject {
    /// Index, 0 for none.
    pub index: u16,
    /// Subindex.
    pub sub: u8,
    /// SI units (or °C) per count.
    pub scale: f64,
}

impl ValueObject {
    /// The object, a 16-bit signed one; `None` when the drive has none.
    #[must_use]
    pub fn object(&self) -> Option<Object> {
        (self.index != 0).then(|| Object::new(self.index, self.sub, DataType::I16))
    }
}

/// Slow values of one drive.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryObjects {
    /// Winding temperature, °C.
    pub winding_temperature: ValueObject,
    /// Housing temperature, °C.
    pub housing_temperature: ValueObject,
    /// Temperature of the driver stage, °C.
    pub drive_temperature: ValueObject,
    /// Motor current, A.
    pub current: ValueObject,
    /// Supply voltage, V.
    pub voltage: ValueObject,
}

impl Default for TelemetryObjects {
    fn default() -> Self {
        let at = |n: u16, scale| ValueObject { index: 0x2030 + n, sub: 0, scale };
        Self {
            winding_temperature: at(1, 0.1),
            housing_temperature: at(2, 0.1),
            drive_temperature: at(3, 0.1),
            current: at(4, 0.01),
            voltage: at(5, 0.1),
        }
    }
}

/// One drive and its joint.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriveConfig {
    /// CANopen node id, 1 to 99.
    pub node_id: u8,
    /// Counts of 0x6064 per revolution of the joint.
    pub counts_per_revolution: u32,
    /// Rated torque at the joint, N·m: 1000 per mille.
    pub rated_torque: f64,
    /// 1, or -1 when the drive counts against the joint.
    #[serde(default = "forward")]
    pub direction: i8,
    /// Position of the joint at zero counts, rad.
    #[serde(default)]
    pub offset: f64,
    /// Serial number (0x1018:4) that the drive must have; 0: any.
    #[serde(default)]
    pub serial: u32,
    /// Whether statusword bit 12 says that the drive follows its setpoint (CiA 402; some makers use
    /// it otherwise).
    #[serde(default = "yes")]
    pub reports_following: bool,
    /// Slow values.
    #[serde(default)]
    pub telemetry: TelemetryObjects,
}

fn forward() -> i8 {
    1
}

fn yes() -> bool {
    true
}

impl DriveConfig {
    /// A drive with 2^20 counts and 10 N·m.
    #[cfg(test)]
    pub(crate) fn for_test(node_id: u8) -> Self {
        Self::simulated(node_id, 10.0)
    }

    fn simulated(node_id: u8, rated_torque: f64) -> Self {
        Self {
            node_id,
            counts_per_revolution: 1 << 20,
            rated_torque,
            direction: 1,
            offset: 0.0,
            serial: 0,
            reports_following: true,
            telemetry: TelemetryObjects::default(),
        }
    }

    fn validate(&self, joint: &str) -> Result<(), ConfigError> {
        let key = |name: &str| format!("drives.{joint}.{name}");
        let highest = f64::from(DRIVER_NODE_IDS - 1);
        in_range(&key("node_id"), self.node_id.into(), 1.0..=highest)?;
        in_range(&key("counts_per_revolution"), self.counts_per_revolution.into(), 100.0..=1e9)?;
        in_range(&key("rated_torque"), self.rated_torque, 1e-3..=1e5)?;
        in_range(&key("offset"), self.offset, -100.0..=100.0)?;
        if self.direction.abs() != 1 {
            return Err(ConfigError::Direction { joint: joint.to_owned(), value: self.direction });
        }
        let t = &self.telemetry;
        for (name, value) in [
            ("winding_temperature", t.winding_temperature),
            ("housing_temperature", t.housing_temperature),
            ("drive_temperature", t.drive_temperature),
            ("current", t.current),
            ("voltage", t.voltage),
        ] {
            let scale = if value.index == 0 { 1.0 } else { value.scale.abs() };
            in_range(&key(&format!("telemetry.{name}.scale")), scale, 1e-6..=1e3)?;
        }
        Ok(())
    }
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
