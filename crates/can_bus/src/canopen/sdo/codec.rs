//! SDO messages and their 8 bytes. Byte 0 command, 1-2 index LE, 3 subindex, 4-7 data LE.
//!
//! Terms: *expedited* carries up to 4 bytes in the first message, *segmented* announces a size and
//! sends 7 bytes per message, with a *toggle* bit that alternates from 0. Block transfer is not
//! supported and is answered with an abort.

use super::AbortCode;
use crate::canopen::od::Address;

/// Up to 7 data bytes of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    bytes: [u8; 7],
    len: u8,
}

impl Chunk {
    /// The first `max` bytes of `data` (at most 7).
    #[must_use]
    pub fn first_of(data: &[u8], max: usize) -> Self {
        let mut bytes = [0; 7];
        let mut len = 0;
        for (to, from) in bytes.iter_mut().zip(data).take(max) {
            *to = *from;
            len += 1;
        }
        Self { bytes, len }
    }

    /// The bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }
}

/// Client to server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Write 1 to 4 bytes at once. `sized` false: length not given, 4 bytes follow.
    DownloadExpedited {
        /// Object.
        address: Address,
        /// The value.
        data: Chunk,
        /// Whether the length is stated.
        sized: bool,
    },
    /// Announce a segmented write.
    DownloadSegmented {
        /// Object.
        address: Address,
        /// Announced length in bytes.
        size: Option<u32>,
    },
    /// One segment of a write.
    DownloadSegment {
        /// Toggle bit.
        toggle: bool,
        /// Data.
        data: Chunk,
        /// Whether this is the last one.
        last: bool,
    },
    /// Read an object.
    Upload {
        /// Object.
        address: Address,
    },
    /// Ask for the next segment of a read.
    UploadSegment {
        /// Toggle bit.
        toggle: bool,
    },
    /// Give up.
    Abort {
        /// Object.
        address: Address,
        /// Reason.
        code: AbortCode,
    },
}

/// Server to client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Write accepted (expedited: done; segmented: send segments).
    Download {
        /// Object.
        address: Address,
    },
    /// Segment of a write accepted.
    DownloadSegment {
        /// Toggle bit.
        toggle: bool,
    },
    /// The whole value. `sized` false: length not stated, 4 bytes follow.
    UploadExpedited {
        /// Object.
        address: Address,
        /// The value.
        data: Chunk,
        /// Whether the length is stated.
        sized: bool,
    },
    /// The value follows in segments.
    UploadSegmented {
        /// Object.
        address: Address,
        /// Announced length in bytes.
        size: Option<u32>,
    },
    /// One segment of a read.
    UploadSegment {
        /// Toggle bit.
        toggle: bool,
        /// Data.
        data: Chunk,
        /// Whether this is the last one.
        last: bool,
    },
    /// Refused.
    Abort {
        /// Object.
        address: Address,
        /// Reason.
        code: AbortCode,
    },
}

const ABORT: u8 = 0x80;

fn initiate(command: u8, address: Address, tail: [u8; 4]) -> [u8; 8] {
    let [low, high] = address.index.to_le_bytes();
    let [a, b, c, d] = tail;
    [command, low, high, address.sub, a, b, c, d]
}

/// `base | nn | e | s` and the data: nn = unused bytes of 4, e = expedited, s = size stated.
fn expedited(base: u8, address: Address, data: &Chunk, sized: bool) -> [u8; 8] {
    let [a, b, c, d, ..] = data.bytes;
    let unused = 4_u8.saturating_sub(data.len);
    let flags = if sized { unused << 2 | 0b11 } else { 0b10 };
    initiate(base | flags, address, [a, b, c, d])
}

fn announced(base: u8, address: Address, size: Option<u32>) -> [u8; 8] {
    let flag = u8::from(size.is_some());
    initiate(base | flag, address, size.unwrap_or(0).to_le_bytes())
}

fn segment(base: u8, toggle: bool, data: &Chunk, last: bool) -> [u8; 8] {
    let [a, b, c, d, e, f, g] = data.bytes;
    let unused = 7_u8.saturating_sub(data.len);
    let command = base | u8::from(toggle) << 4 | unused << 1 | u8::from(last);
    [command, a, b, c, d, e, f, g]
}

const fn toggled(command: u8) -> bool {
    command & 0x10 != 0
}

/// What the 8 bytes hold beside the command.
struct Parts {
    command: u8,
    address: Address,
    tail: [u8; 4],
    rest: [u8; 7],
}

fn parts(data: &[u8]) -> Option<Parts> {
    let &[command, a, b, c, d, e, f, g] = data else { return None };
    Some(Parts {
        command,
        address: Address::new(u16::from_le_bytes([a, b]), c),
        tail: [d, e, f, g],
        rest: [a, b, c, d, e, f, g],
    })
}

impl Parts {
    fn expedited(&self) -> Option<(Chunk, bool)> {
        let sized = self.command & 1 != 0;
        let unused = if sized { self.command >> 2 & 0b11 } else { 0 };
        (self.command & 0b10 != 0)
            .then(|| (Chunk::first_of(&self.tail, usize::from(4 - unused)), sized))
    }

    fn size(&self) -> Option<u32> {
        (self.command & 1 != 0).then(|| u32::from_le_bytes(self.tail))
    }

    fn segment(&self) -> (Chunk, bool) {
        let unused = self.command >> 1 & 0b111;
        (Chunk::first_of(&self.rest, usize::from(7 - unused)), self.command & 1 != 0)
    }

    fn abort(&self) -> AbortCode {
        u32::from_le_bytes(self.tail).into()
    }
}

impl Request {
    /// The 8 bytes on the bus.
    #[must_use]
    pub fn encode(&self) -> [u8; 8] {
        match self {
            Self::DownloadExpedited { address, data, sized } => {
                expedited(0x20, *address, data, *sized)
            }
            Self::DownloadSegmented { address, size } => announced(0x20, *address, *size),
            Self::DownloadSegment { toggle, data, last } => segment(0x00, *toggle, data, *last),
            Self::Upload { address } => initiate(0x40, *address, [0; 4]),
            Self::UploadSegment { toggle } => [0x60 | u8::from(*toggle) << 4, 0, 0, 0, 0, 0, 0, 0],
            Self::Abort { address, code } => initiate(ABORT, *address, code.code().to_le_bytes()),
        }
    }

    /// Reads a request; `None` when it has not 8 bytes or an unknown command (block transfer
    /// among them).
    #[must_use]
    pub fn decode(data: &[u8]) -> Option<Self> {
        let parts = parts(data)?;
        let (command, address) = (parts.command, parts.address);
        Some(match command >> 5 {
            0 => {
                let (data, last) = parts.segment();
                Self::DownloadSegment { toggle: toggled(command), data, last }
            }
            1 => match parts.expedited() {
                Some((data, sized)) => Self::DownloadExpedited { address, data, sized },
                None => Self::DownloadSegmented { address, size: parts.size() },
            },
            2 => Self::Upload { address },
            3 => Self::UploadSegment { toggle: toggled(command) },
            4 => Self::Abort { address, code: parts.abort() },
            _ => return None,
        })
    }
}

impl Reply {
    /// The 8 bytes on the bus.
    #[must_use]
    pub fn encode(&self) -> [u8; 8] {
        match self {
            Self::Download { address } => initiate(0x60, *address, [0; 4]),
            Self::DownloadSegment { toggle } => {
                [0x20 | u8::from(*toggle) << 4, 0, 0, 0, 0, 0, 0, 0]
            }
            Self::UploadExpedited { address, data, sized } => {
                expedited(0x40, *address, data, *sized)
            }
            Self::UploadSegmented { address, size } => announced(0x40, *address, *size),
            Self::UploadSegment { toggle, data, last } => segment(0x00, *toggle, data, *last),
            Self::Abort { address, code } => initiate(ABORT, *address, code.code().to_le_bytes()),
        }
    }

    /// Reads a reply; `None` when it has not 8 bytes or an unknown command.
    #[must_use]
    pub fn decode(data: &[u8]) -> Option<Self> {
        let parts = parts(data)?;
        let (command, address) = (parts.command, parts.address);
        Some(match command >> 5 {
            0 => {
                let (data, last) = parts.segment();
                Self::UploadSegment { toggle: toggled(command), data, last }
            }
            1 => Self::DownloadSegment { toggle: toggled(command) },
            2 => match parts.expedited() {
                Some((data, sized)) => Self::UploadExpedited { address, data, sized },
                None => Self::UploadSegmented { address, size: parts.size() },
            },
            3 => Self::Download { address },
            4 => Self::Abort { address, code: parts.abort() },
            _ => return None,
        })
    }
}
