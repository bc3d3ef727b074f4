//! Which objects a simulated drive has, and their values at power-on.
//!
//! The one rule: positions are counts, velocities counts/s, torques per mille of the rated torque
//! and currents per mille of the rated current, as in the objects' descriptions in `can_bus`.

use super::dictionary::{Access, Entry};
use crate::config::Config;
use can_bus::canopen::od::{self, Address, DataType, Object};
use can_bus::canopen::{NodeId, cob};

/// Winding temperature, 0.1 °C.
pub const WINDING_TEMPERATURE: Object = Object::new(0x2031, 0, DataType::I16);
/// Housing temperature, 0.1 °C.
pub const HOUSING_TEMPERATURE: Object = Object::new(0x2032, 0, DataType::I16);
/// Driver stage temperature, 0.1 °C.
pub const STAGE_TEMPERATURE: Object = Object::new(0x2033, 0, DataType::I16);
/// Motor current, 0.01 A.
pub const CURRENT: Object = Object::new(0x2034, 0, DataType::I16);
/// Supply voltage, 0.1 V.
pub const VOLTAGE: Object = Object::new(0x2035, 0, DataType::I16);
/// Second heartbeat the drive watches.
pub const CONSUMER_HEARTBEATS: [Object; 2] =
    [od::CONSUMER_HEARTBEAT, Object::new(0x1016, 2, DataType::U32)];
/// Error history: count, then the newest errors.
pub const HISTORY: u16 = 0x1003;
/// Entries the error history holds.
pub const HISTORY_LENGTH: u8 = 8;
/// Following error window that switches the check off.
pub const NO_WINDOW: i64 = 0xFFFF_FFFF;
/// PDOs per direction.
pub const PDO_COUNT: u16 = 4;
/// Entries of a PDO mapping.
const MAPPING_LENGTH: u8 = 8;

/// Device name, hardware and software version.
#[must_use]
pub fn text(address: Address) -> Option<&'static str> {
    match (address.index, address.sub) {
        (0x1008, 0) => Some("Armature simulated servo"),
        (0x1009, 0) => Some("simulated"),
        (0x100A, 0) => Some(env!("CARGO_PKG_VERSION")),
        _ => None,
    }
}

/// All objects of the drive of joint `joint`.
#[must_use]
pub fn all(config: &Config, joint: usize, node: NodeId) -> Vec<Entry> {
    let mut entries = communication(joint, node);
    entries.extend(pdos(node));
    entries.extend(control());
    entries.extend(units(config, joint));
    entries.extend(measurements());
    entries
}

fn sub(index: u16, sub: u8, kind: DataType) -> Object {
    Object::new(index, sub, kind)
}

fn count(index: u16, value: i64) -> Entry {
    Entry::new(sub(index, 0, DataType::U8), Access::ReadOnly, value)
}

fn communication(joint: usize, node: NodeId) -> Vec<Entry> {
    use Access::{ReadOnly, ReadWrite};
    let emcy = i64::from(cob::emcy(node));
    let [watched, second] = CONSUMER_HEARTBEATS;
    let history = (1..=HISTORY_LENGTH)
        .map(|i| Entry::new(sub(HISTORY, i, DataType::U32), ReadOnly, 0))
        .chain([Entry::new(sub(HISTORY, 0, DataType::U8), ReadWrite, 0).within(0, 0)]);
    let fixed = [
        Entry::new(od::DEVICE_TYPE, ReadOnly, 0x0002_0192), // servo drive, profile 402
        Entry::new(od::ERROR_REGISTER, Access::Transmit, 0),
        Entry::new(od::SYNC_COB_ID, ReadWrite, 0x80).within(0x80, 0x80),
        Entry::new(od::EMCY_COB_ID, ReadWrite, emcy),
        count(0x1016, 2),
        Entry::new(watched, ReadWrite, 0).within(0, 0x7F_FFFF),
        Entry::new(second, ReadWrite, 0).within(0, 0x7F_FFFF),
        Entry::new(od::PRODUCER_HEARTBEAT, ReadWrite, 0),
        count(0x1018, 4),
        Entry::new(od::IDENTITY_VENDOR, ReadOnly, 0x0000_A12A),
        Entry::new(od::IDENTITY_PRODUCT, ReadOnly, 1),
        Entry::new(od::IDENTITY_REVISION, ReadOnly, 0x0001_0000),
        Entry::new(od::IDENTITY_SERIAL, ReadOnly, 1000 + joint as i64),
        count(0x1029, 1),
        Entry::new(od::ERROR_BEHAVIOUR, ReadWrite, 0).within(0, 2),
    ];
    fixed.into_iter().chain(history).collect()
}

fn pdos(node: NodeId) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (number, offset) in cob::PdoNumber::ALL.into_iter().zip(0_u16..) {
        // As the profile wants it: PDO 1 carries controlword and statusword, the others are off.
        let off = if offset == 0 { 0 } else { 1 << 31 };
        let (rpdo, tpdo) = (i64::from(cob::rpdo(number, node)), i64::from(cob::tpdo(number, node)));
        entries.extend(connection(od::RPDO_COMMUNICATION + offset, rpdo | off));
        entries.extend(connection(od::TPDO_COMMUNICATION + offset, tpdo | off | 1 << 30));
        entries.extend(mapping(od::RPDO_MAPPING + offset, 0x6040_0010, offset == 0));
        entries.extend(mapping(od::TPDO_MAPPING + offset, 0x6041_0010, offset == 0));
    }
    entries
}

fn connection(index: u16, cob_id: i64) -> [Entry; 5] {
    let entry = |s, kind, value| Entry::new(sub(index, s, kind), Access::ReadWrite, value);
    [
        count(index, 5),
        entry(1, DataType::U32, cob_id),
        entry(2, DataType::U8, 255),
        entry(3, DataType::U16, 0),
        entry(5, DataType::U16, 0),
    ]
}

fn mapping(index: u16, first: i64, used: bool) -> Vec<Entry> {
    let entry = |s, kind, value| Entry::new(sub(index, s, kind), Access::ReadWrite, value);
    let mut entries: Vec<Entry> =
        (1..=MAPPING_LENGTH).map(|s| entry(s, DataType::U32, 0)).collect();
    if let (true, Some(one)) = (used, entries.first_mut()) {
        one.value = first;
    }
    entries.push(entry(0, DataType::U8, used.into()).within(0, MAPPING_LENGTH.into()));
    entries
}

fn control() -> Vec<Entry> {
    use Access::{ReadOnly, ReadWrite, Receive, Transmit};
    vec![
        Entry::new(od::ABORT_CONNECTION_OPTION, ReadWrite, 1).within(0, 3),
        Entry::new(od::ERROR_CODE, Transmit, 0),
        Entry::new(od::CONTROLWORD, Receive, 0),
        Entry::new(od::STATUSWORD, Transmit, 0),
        Entry::new(od::QUICK_STOP_OPTION, ReadWrite, 2).within(0, 8),
        Entry::new(od::SHUTDOWN_OPTION, ReadWrite, 0).within(0, 1),
        Entry::new(od::DISABLE_OPERATION_OPTION, ReadWrite, 1).within(0, 1),
        Entry::new(od::HALT_OPTION, ReadWrite, 1).within(1, 4),
        Entry::new(od::FAULT_REACTION_OPTION, ReadWrite, 2).within(0, 4),
        Entry::new(od::MODE, Receive, 0).within(-128, 127),
        Entry::new(od::MODE_DISPLAY, Transmit, 0),
        Entry::new(od::TARGET_POSITION, Receive, 0),
        Entry::new(od::TARGET_TORQUE, Receive, 0),
        Entry::new(od::TORQUE_OFFSET, Receive, 0),
        count(0x607D, 2),
        Entry::new(od::POSITION_LIMIT_MIN, ReadWrite, 0),
        Entry::new(od::POSITION_LIMIT_MAX, ReadWrite, 0),
        count(0x60C2, 2),
        Entry::new(od::INTERPOLATION_PERIOD, ReadWrite, 4).within(1, 255),
        Entry::new(od::INTERPOLATION_INDEX, ReadWrite, -3).within(-6, 0),
        Entry::new(od::SUPPORTED_MODES, ReadOnly, 0x280),
    ]
}

fn units(config: &Config, joint: usize) -> Vec<Entry> {
    use Access::{ReadOnly, ReadWrite, Receive};
    let of = |list: &[f64; 6]| list.get(joint).copied().unwrap_or(1.0);
    let counts = f64::from(config.counts_per_revolution.get(joint).copied().unwrap_or(1 << 20));
    let rad = counts / std::f64::consts::TAU;
    let rated = of(&config.motor.rated_torque);
    let current = rated / of(&config.motor.joint_torque_constant());
    let peak = (config.motor.peak_ratio * 1000.0) as i64;
    let window = (config.servo.following_error_window * rad) as i64;
    let deceleration = (config.servo.quick_stop_deceleration * rad) as i64;
    vec![
        Entry::new(od::FOLLOWING_ERROR_WINDOW, ReadWrite, window),
        Entry::new(
            od::FOLLOWING_ERROR_TIMEOUT,
            ReadWrite,
            (config.servo.following_error_timeout * 1000.0) as i64,
        ),
        Entry::new(od::MAX_TORQUE, Receive, peak).within(0, peak),
        Entry::new(od::MAX_CURRENT, ReadOnly, peak),
        Entry::new(od::RATED_CURRENT, ReadOnly, (current * 1000.0) as i64),
        Entry::new(od::RATED_TORQUE, ReadOnly, (rated * 1000.0) as i64),
        Entry::new(od::QUICK_STOP_DECELERATION, ReadWrite, deceleration).within(1, 0xFFFF_FFFF),
        count(0x608F, 2),
        // At the joint: gear 1:1, so that positions are counts of the joint.
        Entry::new(od::ENCODER_INCREMENTS, ReadOnly, counts as i64),
        Entry::new(od::ENCODER_REVOLUTIONS, ReadOnly, 1),
        count(0x6091, 2),
        Entry::new(od::GEAR_MOTOR_REVOLUTIONS, ReadOnly, 1),
        Entry::new(od::GEAR_SHAFT_REVOLUTIONS, ReadOnly, 1),
    ]
}

fn measurements() -> Vec<Entry> {
    [
        od::POSITION_ACTUAL,
        od::VELOCITY_ACTUAL,
        od::TORQUE_ACTUAL,
        od::CURRENT_ACTUAL,
        od::DC_LINK_VOLTAGE,
        od::FOLLOWING_ERROR_ACTUAL,
        WINDING_TEMPERATURE,
        HOUSING_TEMPERATURE,
        STAGE_TEMPERATURE,
        CURRENT,
        VOLTAGE,
    ]
    .map(|object| Entry::new(object, Access::Transmit, 0))
    .into()
}
