//! How long a frame occupies the wire.
//!
//! Bits are counted with the interframe space of 3. *Stuffing*: after five equal bits the
//! controller inserts one of the other polarity, so the length depends on the content.

use std::time::Duration;

use crate::frame::{Frame, Id};

/// Identifier format, for lengths that do not depend on content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 11-bit identifiers.
    Standard,
    /// 29-bit identifiers.
    Extended,
}

/// Longest possible frame with `len` data bytes, in bits: 55 + 10 n, or 80 + 10 n extended.
#[must_use]
pub const fn worst_case_bits(format: Format, len: u8) -> u32 {
    let base = match format {
        Format::Standard => 55,
        Format::Extended => 80,
    };
    base + 10 * len as u32
}

/// The exact length of this frame in bits, stuffing included.
#[must_use]
pub fn bits(frame: &Frame) -> u32 {
    let mut stream = Stuffer::default();
    stream.push(0, 1);
    match frame.id() {
        Id::Standard(id) => {
            stream.push(id.into(), 11);
            stream.push(0, 3); // RTR, IDE, r0
        }
        Id::Extended(id) => {
            stream.push(id >> 18, 11);
            stream.push(0b11, 2); // SRR, IDE
            stream.push(id & 0x3_FFFF, 18);
            stream.push(0, 3); // RTR, r1, r0
        }
    }
    stream.push(frame.data().len() as u32, 4);
    for &byte in frame.data() {
        stream.push(byte.into(), 8);
    }
    let crc = stream.crc;
    stream.push(crc.into(), 15);
    // CRC delimiter, ACK, ACK delimiter, end of frame 7, interframe space 3: never stuffed.
    stream.count + 13
}

/// The time `bits` take at `bitrate` bits per second.
#[must_use]
pub fn duration(bits: u32, bitrate: u32) -> Duration {
    Duration::from_nanos(u64::from(bits) * 1_000_000_000 / u64::from(bitrate.max(1)))
}

/// Counts bits with stuffing and keeps the CRC-15 (polynomial 0x4599) of the unstuffed ones.
#[derive(Default)]
struct Stuffer {
    count: u32,
    run: u32,
    last: Option<bool>,
    crc: u16,
}

impl Stuffer {
    fn push(&mut self, value: u32, bits: u32) {
        for at in (0..bits).rev() {
            self.bit(value >> at & 1 == 1);
        }
    }

    fn bit(&mut self, bit: bool) {
        let feedback = bit ^ (self.crc >> 14 & 1 == 1);
        self.crc = (self.crc << 1 & 0x7FFF) ^ if feedback { 0x4599 } else { 0 };
        self.count += 1;
        self.run = if self.last == Some(bit) { self.run + 1 } else { 1 };
        self.last = Some(bit);
        if self.run == 5 {
            self.count += 1;
            self.run = 1;
            self.last = Some(!bit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sync_takes_51_bits() {
        assert_eq!(bits(&Frame::standard(0x80, &[]).unwrap()), 51);
    }

    #[test]
    fn worst_case_matches_the_formulas() {
        assert_eq!(worst_case_bits(Format::Standard, 8), 135);
        assert_eq!(worst_case_bits(Format::Extended, 8), 160);
        assert_eq!(duration(135, 1_000_000), Duration::from_micros(135));
    }

    proptest! {
        #[test]
        fn every_frame_lies_between_no_stuffing_and_the_worst_case(
            id in 0_u32..0x2000_0000, extended: bool, data in prop::collection::vec(any::<u8>(), 0..=8),
        ) {
            let n = data.len() as u32;
            let (frame, format, least) = if extended {
                (Frame::extended(id, &data).unwrap(), Format::Extended, 67 + 8 * n)
            } else {
                (Frame::standard((id & 0x7FF) as u16, &data).unwrap(), Format::Standard, 47 + 8 * n)
            };
            let exact = bits(&frame);
            prop_assert!(least <= exact && exact <= worst_case_bits(format, n as u8), "{exact}");
        }
    }
}
