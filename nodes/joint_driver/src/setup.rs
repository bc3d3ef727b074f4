//! What a drive is configured to: the PDOs of the cycle, its watchdogs and its mode.
//!
//! Cycle: RPDO1 = controlword, target position, torque offset, applied at the next SYNC. RPDO2 = mode
//! and target torque, sent only while the mode changes, applied at the same SYNC. TPDO1 =
//! statusword, position, torque, at each SYNC. TPDO2 and TPDO3 carry slow values at the telemetry
//! rate. The drive watches the driver's heartbeat and stops by itself, keeping its torque.

use crate::config::{Config, ConfigError, DriveConfig, TelemetryObjects, ValueObject};
use can_bus::canopen::NodeId;
use can_bus::canopen::cob::PdoNumber;
use can_bus::canopen::od::{self, Object};
use can_bus::canopen::pdo::Mapping;
use can_bus::canopen::pdo_config::{PdoConfig, Transmission};
use can_bus::canopen::sequence::Write;
use can_bus::cia402::{AbortConnectionOption, Mode, QuickStopOption};

/// A slow value of a drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slow {
    /// Winding temperature.
    Winding,
    /// Housing temperature.
    Housing,
    /// Temperature of the driver stage.
    Stage,
    /// Motor current.
    Current,
    /// Supply voltage.
    Voltage,
}

/// A slow value, where it is mapped and by what it is multiplied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlowEntry {
    /// Which one.
    pub value: Slow,
    /// Its place in the PDO.
    pub place: usize,
    /// Units per count.
    pub scale: f64,
}

/// A transmit PDO of slow values.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowPdo {
    /// Its setting.
    pub pdo: PdoConfig,
    /// What of it is telemetry.
    pub entries: Vec<SlowEntry>,
}

/// The configuration of one drive.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The drive.
    pub node: NodeId,
    /// Serial number it must have, 0 for any.
    pub serial: u32,
    /// Controlword, target position, torque offset.
    pub command: Mapping,
    /// Mode and target torque; `None` for a drive that works by position only.
    pub mode: Option<Mapping>,
    /// Statusword, position, torque.
    pub feedback: Mapping,
    /// TPDO2: velocity, mode display, winding temperature.
    pub second: SlowPdo,
    /// TPDO3: the other slow values; `None` when there are none.
    pub third: Option<SlowPdo>,
    /// All SDO writes, in order.
    pub writes: Vec<Write>,
}

impl Setup {
    /// From a validated configuration; `joint` names the drive in errors, `watched` is the node id
    /// of this driver's heartbeat.
    ///
    /// # Errors
    /// [`ConfigError`] when the drive cannot be configured like this.
    pub fn new(
        config: &Config,
        joint: &str,
        drive: &DriveConfig,
        watched: NodeId,
    ) -> Result<Self, ConfigError> {
        let refused = |reason: String| ConfigError::Telemetry { joint: joint.to_owned(), reason };
        let pdo = |result: Result<PdoConfig, _>| {
            result.map_err(|error: can_bus::canopen::CanOpenError| refused(error.to_string()))
        };
        let node = NodeId::new(drive.node_id).map_err(|error| refused(error.to_string()))?;
        let cyclic = Transmission::EverySync(1);
        let command = [od::CONTROLWORD, od::TARGET_POSITION, od::TORQUE_OFFSET];
        let command = pdo(PdoConfig::receive(PdoNumber::One, cyclic, &command))?;
        let mode = [od::MODE, od::TARGET_TORQUE];
        let mode = drive.torque_mode.then(|| PdoConfig::receive(PdoNumber::Two, cyclic, &mode));
        let mode = mode.map(pdo).transpose()?;
        let feedback = [od::STATUSWORD, od::POSITION_ACTUAL, od::TORQUE_ACTUAL];
        let feedback = pdo(PdoConfig::transmit(PdoNumber::One, cyclic, &feedback))?;
        let slow = slow_transmission(config);
        let t = &drive.telemetry;
        let fixed = [od::VELOCITY_ACTUAL, od::MODE_DISPLAY];
        let winding = [(Slow::Winding, t.winding_temperature)];
        let second = slow_pdo(PdoNumber::Two, slow, &fixed, &winding);
        let second = second.map_err(|error| refused(error.to_string()))?;
        let third = slow_pdo(PdoNumber::Three, slow, &[], &others(t));
        let third = third.map_err(|error| refused(error.to_string()))?;
        let third = Some(third).filter(|pdo| !pdo.entries.is_empty());
        let mut writes = settings(config, watched)?;
        let pdos = [&command, &feedback, &second.pdo];
        let pdos = pdos.into_iter().chain(mode.as_ref());
        for pdo in pdos.chain(third.as_ref().map(|slow| &slow.pdo)) {
            writes.extend(pdo.writes(node));
        }
        Ok(Self {
            node,
            serial: drive.serial,
            command: command.mapping,
            mode: mode.map(|pdo| pdo.mapping),
            feedback: feedback.mapping,
            second,
            third,
            writes,
        })
    }

    /// What a drive that is configured already must read: the last value written to each object. Its
    /// mode does not count: a drive left in torque mode is brought back under power.
    #[must_use]
    pub fn settled(&self) -> Vec<Write> {
        let mut last: Vec<Write> = Vec::new();
        let lasting = |w: &&Write| w.verify.is_some() && w.address != od::MODE.address;
        for write in self.writes.iter().filter(lasting) {
            match last.iter_mut().find(|known| known.address == write.address) {
                Some(known) => *known = write.clone(),
                None => last.push(write.clone()),
            }
        }
        last
    }
}

fn slow_transmission(config: &Config) -> Transmission {
    let every = (1.0 / (config.telemetry_rate_hz * config.period)).round().clamp(1.0, 240.0);
    Transmission::EverySync(every as u8)
}

fn others(t: &TelemetryObjects) -> [(Slow, ValueObject); 4] {
    [
        (Slow::Housing, t.housing_temperature),
        (Slow::Stage, t.drive_temperature),
        (Slow::Current, t.current),
        (Slow::Voltage, t.voltage),
    ]
}

fn slow_pdo(
    number: PdoNumber,
    transmission: Transmission,
    fixed: &[Object],
    values: &[(Slow, ValueObject)],
) -> Result<SlowPdo, can_bus::canopen::CanOpenError> {
    let offered = values.iter().filter_map(|(value, at)| Some((*value, at.object()?, at.scale)));
    let offered: Vec<_> = offered.collect();
    let objects: Vec<Object> =
        fixed.iter().copied().chain(offered.iter().map(|(_, object, _)| *object)).collect();
    let entries = offered.iter().zip(fixed.len()..);
    let entries =
        entries.map(|(&(value, _, scale), place)| SlowEntry { value, place, scale }).collect();
    Ok(SlowPdo { pdo: PdoConfig::transmit(number, transmission, &objects)?, entries })
}

fn settings(config: &Config, watched: NodeId) -> Result<Vec<Write>, ConfigError> {
    let milliseconds = |seconds: f64| (seconds * 1000.0).round() as i64;
    let consumer = i64::from(watched.get()) << 16 | milliseconds(config.heartbeat_timeout);
    let (mantissa, exponent) = config.interpolation()?;
    Ok(vec![
        Write::new(od::PRODUCER_HEARTBEAT, milliseconds(config.heartbeat_period)),
        Write::new(od::CONSUMER_HEARTBEAT, consumer),
        Write::new(od::ABORT_CONNECTION_OPTION, AbortConnectionOption::QuickStop.code().into()),
        Write::new(od::QUICK_STOP_OPTION, QuickStopOption::QuickStopRampHold.code().into()),
        Write::new(od::INTERPOLATION_PERIOD, mantissa.into()),
        Write::new(od::INTERPOLATION_INDEX, exponent.into()),
        Write::new(od::MODE, Mode::CyclicPosition.code().into()),
    ])
}

/// Whether a value read back is the one to be written.
#[must_use]
pub fn reads_as(write: &Write, data: &[u8]) -> bool {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |acc, &b| acc << 8 | u64::from(b));
    let mask = write.verify.unwrap_or(0);
    write.data.len() == data.len() && (word(&write.data) ^ word(data)) & mask == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use can_bus::canopen::od::Address;

    fn setup(drive: &DriveConfig) -> Setup {
        let watched = NodeId::new(100).unwrap();
        Setup::new(&Config::default(), "joint_1", drive, watched).unwrap()
    }

    #[test]
    fn a_configured_drive_reads_each_object_as_last_written() {
        let setup = setup(&DriveConfig::for_test(3));
        let settled = setup.settled();
        let tpdo = settled.iter().find(|w| w.address == Address::new(0x1800, 1)).unwrap();
        assert_eq!(tpdo.data, 0x4000_0183_u32.to_le_bytes());
        assert!(reads_as(tpdo, &0x0000_0183_u32.to_le_bytes()));
        assert!(!reads_as(tpdo, &0x8000_0183_u32.to_le_bytes()));
        let heartbeat = settled.iter().find(|w| w.address == Address::new(0x1016, 1)).unwrap();
        assert_eq!(heartbeat.data, 0x0064_012C_u32.to_le_bytes());
    }

    #[test]
    fn a_drive_without_slow_values_has_no_third_pdo() {
        let none = ValueObject::default();
        let telemetry = TelemetryObjects {
            winding_temperature: none,
            housing_temperature: none,
            drive_temperature: none,
            current: none,
            voltage: none,
        };
        let setup = setup(&DriveConfig { telemetry, ..DriveConfig::for_test(3) });
        assert!(setup.third.is_none());
        assert_eq!(setup.second.pdo.mapping.payload_len(), 5);
    }
}
