//! Object dictionary: addresses and types of the objects this project reads and writes.
//!
//! The one rule: an index is written down here once, with its unit, and used by name elsewhere.
//! Sources: CiA 301, CiA 402; positions, velocities and torques are in the drive's own units, which
//! the joint configuration scales to SI.

/// Index and subindex of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Object index.
    pub index: u16,
    /// Subindex, 0 for plain variables.
    pub sub: u8,
}

impl Address {
    /// An address.
    #[must_use]
    pub const fn new(index: u16, sub: u8) -> Self {
        Self { index, sub }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{:04X}:{}", self.index, self.sub)
    }
}

/// Integer types of the dictionary; little-endian on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataType {
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 16 bits.
    U16,
    /// Signed, 16 bits.
    I16,
    /// Unsigned, 32 bits.
    U32,
    /// Signed, 32 bits.
    I32,
}

impl DataType {
    /// Size in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        self.bits() as usize / 8
    }

    /// Size in bits, as a PDO mapping entry wants it.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::U8 | Self::I8 => 8,
            Self::U16 | Self::I16 => 16,
            Self::U32 | Self::I32 => 32,
        }
    }

    /// Whether the value is in two's complement.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32)
    }

    /// The little-endian bytes of `value`, cut to this type's size. Values out of range wrap, so
    /// check the range where the value is made.
    #[must_use]
    pub fn encode(self, value: i64) -> Vec<u8> {
        value.to_le_bytes().into_iter().take(self.size()).collect()
    }

    /// Reads a value; `None` unless there are exactly [`DataType::size`] bytes.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<i64> {
        if bytes.len() != self.size() {
            return None;
        }
        let raw = bytes.iter().rev().fold(0_u64, |acc, &b| acc << 8 | u64::from(b));
        Some(extend(raw, self.bits(), self.is_signed()))
    }
}

/// Widens the lowest `bits` of `raw` to 64 bits, repeating the sign bit when `signed`.
#[must_use]
pub(crate) const fn extend(raw: u64, bits: u8, signed: bool) -> i64 {
    if bits == 0 || bits >= 64 {
        return raw as i64;
    }
    let shift = 64 - bits as u32;
    if signed { ((raw << shift) as i64) >> shift } else { ((raw << shift) >> shift) as i64 }
}

/// An object: where it is and what type it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Object {
    /// Index and subindex.
    pub address: Address,
    /// Its integer type.
    pub data_type: DataType,
}

impl Object {
    /// An object.
    #[must_use]
    pub const fn new(index: u16, sub: u8, data_type: DataType) -> Self {
        Self { address: Address::new(index, sub), data_type }
    }

    /// The bytes of `value` for this object; see [`DataType::encode`].
    #[must_use]
    pub fn encode(self, value: i64) -> Vec<u8> {
        self.data_type.encode(value)
    }

    /// Reads a value of this object; see [`DataType::decode`].
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<i64> {
        self.data_type.decode(bytes)
    }
}

macro_rules! objects {
    ($($(#[doc = $doc:literal])+ $name:ident = $index:literal : $sub:literal, $data_type:ident;)+) => {
        $($(#[doc = $doc])+ pub const $name: Object = Object::new($index, $sub, DataType::$data_type);)+
        /// Every object named here.
        pub const ALL: &[Object] = &[$($name),+];
    };
}

objects! {
    /// Device type: profile number in the low 16 bits, 402 for drives.
    DEVICE_TYPE = 0x1000:0, U32;
    /// Error register, bits of [`super::emcy::ErrorRegister`].
    ERROR_REGISTER = 0x1001:0, U8;
    /// COB-ID of SYNC.
    SYNC_COB_ID = 0x1005:0, U32;
    /// COB-ID of EMCY.
    EMCY_COB_ID = 0x1014:0, U32;
    /// Heartbeat the drive watches: bits 23..16 node id, 15..0 time-out \[ms\].
    CONSUMER_HEARTBEAT = 0x1016:1, U32;
    /// Heartbeat the drive sends \[ms\], 0 = none.
    PRODUCER_HEARTBEAT = 0x1017:0, U16;
    /// Identity: maker.
    IDENTITY_VENDOR = 0x1018:1, U32;
    /// Identity: product.
    IDENTITY_PRODUCT = 0x1018:2, U32;
    /// Identity: revision.
    IDENTITY_REVISION = 0x1018:3, U32;
    /// Identity: serial number.
    IDENTITY_SERIAL = 0x1018:4, U32;
    /// What a communication error does: 0 pre-operational, 1 nothing, 2 stopped.
    ERROR_BEHAVIOUR = 0x1029:1, U8;
    /// Reaction to a lost connection (bus-off, heartbeat, NMT stop): see `AbortConnectionOption`.
    ABORT_CONNECTION_OPTION = 0x6007:0, I16;
    /// Last error code, same numbers as EMCY.
    ERROR_CODE = 0x603F:0, U16;
    /// Controlword.
    CONTROLWORD = 0x6040:0, U16;
    /// Statusword.
    STATUSWORD = 0x6041:0, U16;
    /// Reaction to quick stop: see `QuickStopOption`.
    QUICK_STOP_OPTION = 0x605A:0, I16;
    /// Reaction to shutdown: 0 coast, 1 ramp.
    SHUTDOWN_OPTION = 0x605B:0, I16;
    /// Reaction to disable operation: 0 coast, 1 ramp.
    DISABLE_OPERATION_OPTION = 0x605C:0, I16;
    /// Reaction to halt, 1 to 4.
    HALT_OPTION = 0x605D:0, I16;
    /// Reaction to a fault: see `FaultReactionOption`.
    FAULT_REACTION_OPTION = 0x605E:0, I16;
    /// Mode of operation asked for.
    MODE = 0x6060:0, I8;
    /// Mode of operation in force.
    MODE_DISPLAY = 0x6061:0, I8;
    /// Actual position \[position units\].
    POSITION_ACTUAL = 0x6064:0, I32;
    /// Following error window \[position units\].
    FOLLOWING_ERROR_WINDOW = 0x6065:0, U32;
    /// Following error time-out \[ms\].
    FOLLOWING_ERROR_TIMEOUT = 0x6066:0, U16;
    /// Actual velocity \[velocity units\].
    VELOCITY_ACTUAL = 0x606C:0, I32;
    /// Target torque \[1/1000 of rated torque\].
    TARGET_TORQUE = 0x6071:0, I16;
    /// Torque limit \[1/1000 of rated torque\].
    MAX_TORQUE = 0x6072:0, U16;
    /// Current limit \[1/1000 of rated current\].
    MAX_CURRENT = 0x6073:0, U16;
    /// Rated current \[mA\].
    RATED_CURRENT = 0x6075:0, U32;
    /// Rated torque \[mNm\].
    RATED_TORQUE = 0x6076:0, U32;
    /// Actual torque \[1/1000 of rated torque\].
    TORQUE_ACTUAL = 0x6077:0, I16;
    /// Actual current \[1/1000 of rated current\].
    CURRENT_ACTUAL = 0x6078:0, I16;
    /// DC-link voltage \[mV\].
    DC_LINK_VOLTAGE = 0x6079:0, U32;
    /// Target position \[position units\].
    TARGET_POSITION = 0x607A:0, I32;
    /// Position range, lower end: where the position wraps \[position units\].
    POSITION_RANGE_MIN = 0x607B:1, I32;
    /// Position range, upper end \[position units\].
    POSITION_RANGE_MAX = 0x607B:2, I32;
    /// Software position limit, lower \[position units\].
    POSITION_LIMIT_MIN = 0x607D:1, I32;
    /// Software position limit, upper \[position units\].
    POSITION_LIMIT_MAX = 0x607D:2, I32;
    /// Velocity limit of the motor \[velocity units\].
    MAX_MOTOR_SPEED = 0x6080:0, U32;
    /// Quick-stop deceleration \[acceleration units\].
    QUICK_STOP_DECELERATION = 0x6085:0, U32;
    /// Encoder increments per [`ENCODER_REVOLUTIONS`].
    ENCODER_INCREMENTS = 0x608F:1, U32;
    /// Motor revolutions for [`ENCODER_INCREMENTS`].
    ENCODER_REVOLUTIONS = 0x608F:2, U32;
    /// Gear: motor revolutions.
    GEAR_MOTOR_REVOLUTIONS = 0x6091:1, U32;
    /// Gear: shaft revolutions.
    GEAR_SHAFT_REVOLUTIONS = 0x6091:2, U32;
    /// Position offset \[position units\].
    POSITION_OFFSET = 0x60B0:0, I32;
    /// Velocity feed-forward \[velocity units\].
    VELOCITY_OFFSET = 0x60B1:0, I32;
    /// Torque feed-forward \[1/1000 of rated torque\].
    TORQUE_OFFSET = 0x60B2:0, I16;
    /// Interpolation period, mantissa: value * 10^index s.
    INTERPOLATION_PERIOD = 0x60C2:1, U8;
    /// Interpolation period, power of ten, -3 for ms.
    INTERPOLATION_INDEX = 0x60C2:2, I8;
    /// Actual following error \[position units\].
    FOLLOWING_ERROR_ACTUAL = 0x60F4:0, I32;
    /// Target velocity \[velocity units\].
    TARGET_VELOCITY = 0x60FF:0, I32;
    /// Supported modes, bit (mode - 1).
    SUPPORTED_MODES = 0x6502:0, U32;
}

/// RPDO communication parameters, + offset of the PDO.
pub const RPDO_COMMUNICATION: u16 = 0x1400;
/// RPDO mapping, + offset of the PDO.
pub const RPDO_MAPPING: u16 = 0x1600;
/// TPDO communication parameters, + offset of the PDO.
pub const TPDO_COMMUNICATION: u16 = 0x1800;
/// TPDO mapping, + offset of the PDO.
pub const TPDO_MAPPING: u16 = 0x1A00;

/// The object of that address, if it is named here.
#[must_use]
pub fn find(address: Address) -> Option<Object> {
    ALL.iter().copied().find(|object| object.address == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_a_round_trip_and_wrong_lengths_are_refused() {
        for (kind, value) in [
            (DataType::I8, -128),
            (DataType::U8, 255),
            (DataType::I16, -1),
            (DataType::U16, 0xFFFF),
            (DataType::I32, i64::from(i32::MIN)),
            (DataType::U32, i64::from(u32::MAX)),
        ] {
            assert_eq!(kind.decode(&kind.encode(value)), Some(value), "{kind:?}");
            assert_eq!(kind.decode(&[0; 3]), None);
        }
    }

    #[test]
    fn no_address_is_named_twice() {
        for (i, object) in ALL.iter().enumerate() {
            assert!(ALL[i + 1..].iter().all(|other| other.address != object.address));
        }
    }
}
