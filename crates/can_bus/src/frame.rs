//! One classic CAN data frame, as a value.
//!
//! The one rule: a `Frame` that exists is valid (11- or 29-bit id in range, at most 8 bytes).
//! Remote and error frames never become a `Frame`; transports report errors as bus events.

use thiserror::Error;

/// Why bytes are no classic CAN data frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The identifier does not fit its format.
    #[error("CAN id 0x{id:X} is above 0x{max:X}")]
    IdOutOfRange {
        /// The refused identifier.
        id: u32,
        /// Largest identifier of the format.
        max: u32,
    },
    /// More than 8 data bytes.
    #[error("{len} data bytes: classic CAN carries at most 8")]
    TooLong {
        /// Number of bytes offered.
        len: usize,
    },
}

/// A CAN identifier; standard identifiers sort before extended ones only by value of their bits on
/// the wire, so use [`Id::arbitration_key`] to decide who wins the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    /// 11-bit identifier (CANopen COB-IDs).
    Standard(u16),
    /// 29-bit identifier.
    Extended(u32),
}

impl Id {
    /// Smaller wins arbitration: 11 base bits first, then a standard frame before an extended one.
    #[must_use]
    pub fn arbitration_key(self) -> u32 {
        match self {
            Self::Standard(id) => u32::from(id) << 19,
            Self::Extended(id) => (id >> 18) << 19 | 1 << 18 | (id & 0x3_FFFF),
        }
    }
}

/// A classic CAN data frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame {
    id: Id,
    len: u8,
    data: [u8; 8],
}

impl Frame {
    /// A frame with an 11-bit identifier.
    ///
    /// # Errors
    /// [`FrameError`] when the id is above 0x7FF or the data longer than 8 bytes.
    pub fn standard(id: u16, data: &[u8]) -> Result<Self, FrameError> {
        if id > 0x7FF {
            return Err(FrameError::IdOutOfRange { id: id.into(), max: 0x7FF });
        }
        Self::with_id(Id::Standard(id), data)
    }

    /// A frame with a 29-bit identifier.
    ///
    /// # Errors
    /// [`FrameError`] when the id is above 0x1FFF_FFFF or the data longer than 8 bytes.
    pub fn extended(id: u32, data: &[u8]) -> Result<Self, FrameError> {
        if id > 0x1FFF_FFFF {
            return Err(FrameError::IdOutOfRange { id, max: 0x1FFF_FFFF });
        }
        Self::with_id(Id::Extended(id), data)
    }

    /// A frame of N bytes for a COB-ID that is known to fit, as those of [`crate::canopen::cob`].
    pub(crate) fn from_cob<const N: usize>(cob: u16, bytes: &[u8; N]) -> Self {
        const { assert!(N <= 8, "classic CAN carries at most 8 bytes") };
        let mut data = [0; 8];
        for (to, from) in data.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self { id: Id::Standard(cob & 0x7FF), len: N as u8, data }
    }

    fn with_id(id: Id, data: &[u8]) -> Result<Self, FrameError> {
        let mut bytes = [0; 8];
        let slot = bytes.get_mut(..data.len()).ok_or(FrameError::TooLong { len: data.len() })?;
        slot.copy_from_slice(data);
        Ok(Self { id, len: data.len() as u8, data: bytes })
    }

    /// The identifier.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// The 11-bit COB-ID, `None` for an extended frame.
    #[must_use]
    pub fn cob_id(&self) -> Option<u16> {
        match self.id {
            Id::Standard(id) => Some(id),
            Id::Extended(_) => None,
        }
    }

    /// The data bytes, 0 to 8 of them.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.data.get(..usize::from(self.len)).unwrap_or(&self.data)
    }
}
