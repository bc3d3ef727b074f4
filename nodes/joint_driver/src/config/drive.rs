//! One drive: its numbers, its joint, its objects of the maker.

use super::{ConfigError, DRIVER_NODE_IDS};
use can_bus::canopen::od::{DataType, Object};
use serde::Deserialize;
use vocabulary::config::in_range;

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
    /// Whether it works by torque, too (CST), with mode and target torque in RPDO2.
    #[serde(default = "yes")]
    pub torque_mode: bool,
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

    pub(super) fn simulated(node_id: u8, rated_torque: f64) -> Self {
        Self {
            node_id,
            counts_per_revolution: 1 << 20,
            rated_torque,
            direction: 1,
            offset: 0.0,
            serial: 0,
            reports_following: true,
            torque_mode: true,
            telemetry: TelemetryObjects::default(),
        }
    }

    pub(super) fn validate(&self, joint: &str) -> Result<(), ConfigError> {
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
