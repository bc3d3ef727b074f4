//! EMCY: what a drive says when something breaks (CiA 301). Unconfirmed, so it can be lost; poll
//! the statusword and read [`super::od::ERROR_CODE`] as well.
//!
//! Layout: error code u16 LE, error register u8, five bytes of the maker's. Code 0x00xx: all clear.

use super::{NodeId, cob};
use crate::frame::Frame;

/// Object 0x1001: which kinds of error are present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErrorRegister(pub u8);

impl ErrorRegister {
    /// Some error is present.
    pub const GENERIC: u8 = 1;
    /// Current.
    pub const CURRENT: u8 = 1 << 1;
    /// Voltage.
    pub const VOLTAGE: u8 = 1 << 2;
    /// Temperature.
    pub const TEMPERATURE: u8 = 1 << 3;
    /// Communication.
    pub const COMMUNICATION: u8 = 1 << 4;
    /// Device profile.
    pub const PROFILE: u8 = 1 << 5;
    /// The maker's own.
    pub const VENDOR: u8 = 1 << 7;

    /// Whether all bits of `mask` are set.
    #[must_use]
    pub const fn has(self, mask: u8) -> bool {
        self.0 & mask == mask
    }
}

/// One emergency message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emcy {
    /// Error code, the same numbers as object 0x603F; see [`crate::cia402::error_code`].
    pub code: u16,
    /// Error register at that moment.
    pub register: ErrorRegister,
    /// The maker's five bytes.
    pub vendor: [u8; 5],
}

impl Emcy {
    /// Whether this message says that the error is gone (code 0x00xx).
    #[must_use]
    pub const fn is_reset(&self) -> bool {
        self.code >> 8 == 0
    }

    /// The frame a node sends.
    #[must_use]
    pub fn frame(&self, node: NodeId) -> Frame {
        let [low, high] = self.code.to_le_bytes();
        let [a, b, c, d, e] = self.vendor;
        Frame::from_cob(cob::emcy(node), &[low, high, self.register.0, a, b, c, d, e])
    }

    /// Reads a frame on 0x080 + id; `None` unless it is an EMCY of exactly 8 bytes.
    #[must_use]
    pub fn decode(frame: &Frame) -> Option<(NodeId, Self)> {
        let Some(cob::Service::Emcy(node)) = cob::Service::of(frame.cob_id()?) else {
            return None;
        };
        let &[low, high, register, a, b, c, d, e] = frame.data() else { return None };
        let code = u16::from_le_bytes([low, high]);
        Some((node, Self { code, register: ErrorRegister(register), vendor: [a, b, c, d, e] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emergency_survives_a_round_trip() {
        let node = NodeId::new(5).unwrap();
        let emcy = Emcy { code: 0x4310, register: ErrorRegister(9), vendor: [1, 2, 3, 4, 5] };
        assert_eq!(emcy.frame(node).data(), [0x10, 0x43, 9, 1, 2, 3, 4, 5]);
        assert_eq!(Emcy::decode(&emcy.frame(node)), Some((node, emcy)));
        assert!(emcy.register.has(ErrorRegister::TEMPERATURE) && !emcy.is_reset());
    }

    #[test]
    fn sync_and_short_frames_are_no_emergency() {
        assert_eq!(Emcy::decode(&Frame::standard(0x80, &[0; 8]).unwrap()), None);
        assert_eq!(Emcy::decode(&Frame::standard(0x81, &[0; 7]).unwrap()), None);
    }
}
