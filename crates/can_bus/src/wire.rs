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
        stream.byte(byte);
    }
    let crc = stream.crc;
    stream.byte((crc >> 7) as u8);
    stream.push(u32::from(crc & 0x7F), 7);
    // CRC delimiter, ACK, ACK delimiter, end of frame 7, interframe space 3: never stuffed.
    stream.count + 13
}

/// The time `bits` take at `bitrate` bits per second.
#[must_use]
pub fn duration(bits: u32, bitrate: u32) -> Duration {
    Duration::from_nanos(u64::from(bits) * 1_000_000_000 / u64::from(bitrate.max(1)))
}

/// Counts bits with stuffing and keeps the CRC-15 (polynomial 0x4599) of the unstuffed ones. Whole
/// bytes go by tables: a simulated bus asks this of every frame.
#[derive(Default)]
struct Stuffer {
    count: u32,
    run: Run,
    crc: u16,
}

/// The last bit and how many equal ones it ends: 0 at the start, else 1 to 4 for zeros, 5 to 8 for
/// ones.
type Run = u8;

const POLYNOMIAL: u16 = 0x4599;

/// The run after one more bit, and whether a bit was stuffed behind it.
const fn follow(run: Run, bit: bool) -> (Run, bool) {
    let of_ones = run > 4;
    let length = if run == 0 || of_ones != bit { 1 } else { (run - 1) % 4 + 2 };
    match (length, bit) {
        (5, true) => (1, true),
        (5, false) => (5, true),
        (_, true) => (length + 4, false),
        (_, false) => (length, false),
    }
}

const fn crc_bit(crc: u16, bit: bool) -> u16 {
    let feedback = bit ^ (crc >> 14 & 1 == 1);
    (crc << 1 & 0x7FFF) ^ if feedback { POLYNOMIAL } else { 0 }
}

/// By run and byte: the run after it, and the bits stuffed, in the upper half.
static STUFFED: [[u8; 256]; 9] = stuffed();
/// By byte: the CRC of it after a CRC of zero.
static CRC: [u16; 256] = crc();

#[allow(clippy::indexing_slicing)] // bounds are those of the loops; evaluated when compiled
const fn stuffed() -> [[u8; 256]; 9] {
    let mut table = [[0; 256]; 9];
    let mut start = 0;
    while start < 9 {
        let mut byte = 0;
        while byte < 256 {
            let (mut run, mut extra, mut at) = (start as Run, 0, 8);
            while at > 0 {
                at -= 1;
                let (next, inserted) = follow(run, byte >> at & 1 == 1);
                run = next;
                extra += inserted as u8;
            }
            table[start][byte] = extra << 4 | run;
            byte += 1;
        }
        start += 1;
    }
    table
}

#[allow(clippy::indexing_slicing)] // bounds are those of the loop; evaluated when compiled
const fn crc() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut at) = (0, 8);
        while at > 0 {
            at -= 1;
            crc = crc_bit(crc, byte >> at & 1 == 1);
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

impl Stuffer {
    fn push(&mut self, value: u32, bits: u32) {
        for at in (0..bits).rev() {
            let bit = value >> at & 1 == 1;
            let (run, inserted) = follow(self.run, bit);
            self.crc = crc_bit(self.crc, bit);
            self.run = run;
            self.count += 1 + u32::from(inserted);
        }
    }

    fn byte(&mut self, byte: u8) {
        let at = usize::from(byte);
        let row = STUFFED.get(usize::from(self.run));
        let known = row.and_then(|row| row.get(at)).copied().unwrap_or_default();
        let top = usize::from(self.crc >> 7 & 0xFF ^ u16::from(byte));
        let feedback = CRC.get(top).copied().unwrap_or_default();
        self.crc = (self.crc << 8 & 0x7FFF) ^ feedback;
        self.run = known & 0xF;
        self.count += 8 + u32::from(known >> 4);
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
        fn a_byte_counts_as_its_bits_do(before in 0_u32..0x1_0000, byte: u8) {
            let mut by_bits = Stuffer::default();
            by_bits.push(before, 16);
            let mut by_table = Stuffer { count: by_bits.count, run: by_bits.run, crc: by_bits.crc };
            by_bits.push(byte.into(), 8);
            by_table.byte(byte);
            let found = (by_table.count, by_table.run, by_table.crc);
            prop_assert_eq!(found, (by_bits.count, by_bits.run, by_bits.crc));
        }

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
