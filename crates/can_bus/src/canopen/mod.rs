//! CANopen (CiA 301) as pure codecs and state machines: no I/O, no clock.
//!
//! The one rule: bytes from the bus are decoded into values here and nowhere else, and no bytes
//! whatever make these functions panic. Layouts: CiA 301, as listed in the module that needs them.

pub mod cob;
pub mod emcy;
pub mod nmt;
pub mod od;
pub mod pdo;
pub mod pdo_config;
pub mod sdo;
pub mod sequence;

use thiserror::Error;

/// A value that CANopen does not allow, found in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CanOpenError {
    /// Node ids run from 1 to 127.
    #[error("node id {0} is outside 1..=127: set the id the drive is configured for")]
    NodeId(u8),
    /// A CANopen node has four predefined PDOs per direction.
    #[error("PDO number {0} is outside 1..=4")]
    PdoNumber(u8),
    /// A PDO carries at most 64 bits.
    #[error("PDO mapping has {bits} bits, a frame carries 64: move an object to another PDO")]
    MappingTooLong {
        /// Sum of the mapped bits.
        bits: u32,
    },
    /// More entries than fit even at 8 bits each.
    #[error("PDO mapping has {count} entries, at most 8 fit")]
    TooManyEntries {
        /// Number of entries offered.
        count: usize,
    },
    /// An entry of no bits or more than 64.
    #[error("PDO entry 0x{index:04X}:{sub} has {bits} bits, 1..=64 are possible")]
    EntryBits {
        /// Object index.
        index: u16,
        /// Object subindex.
        sub: u8,
        /// Bits asked for.
        bits: u8,
    },
    /// Fewer or more bytes than the mapping says (CiA 301 EMCY 0x8210 or 0x8220).
    #[error("PDO has {got} data bytes, its mapping says {expected}")]
    PdoLength {
        /// Bytes the mapping adds up to.
        expected: usize,
        /// Bytes received.
        got: usize,
    },
    /// Fewer or more values than the mapping has entries.
    #[error("{got} values for a PDO mapping of {expected} entries")]
    ValueCount {
        /// Entries of the mapping.
        expected: usize,
        /// Values given.
        got: usize,
    },
}

/// A CANopen node id, 1 to 127.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u8);

impl NodeId {
    /// Checks the range.
    ///
    /// # Errors
    /// [`CanOpenError::NodeId`] outside 1..=127.
    pub fn new(id: u8) -> Result<Self, CanOpenError> {
        if (1..=127).contains(&id) { Ok(Self(id)) } else { Err(CanOpenError::NodeId(id)) }
    }

    /// The number, 1 to 127.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for NodeId {
    type Error = CanOpenError;

    fn try_from(id: u8) -> Result<Self, CanOpenError> {
        Self::new(id)
    }
}

impl std::fmt::Display for NodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
