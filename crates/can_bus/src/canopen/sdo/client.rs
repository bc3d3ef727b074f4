//! SDO client: one transfer with one node, driven by frames and by time.
//!
//! The one rule: every call says what to send and whether the transfer is over; nothing waits here.

use std::time::Duration;

use thiserror::Error;
use vocabulary::time::Monotonic;

use super::{AbortCode, Chunk, MAX_OBJECT, Reply, Request};
use crate::canopen::od::Address;
use crate::canopen::{NodeId, cob};
use crate::frame::Frame;

/// Why a transfer failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SdoError {
    /// A transfer with this node is still open.
    #[error("node {node}: a transfer is still open, wait for it")]
    Busy {
        /// The node.
        node: NodeId,
    },
    /// Nothing to write, or more than [`MAX_OBJECT`] bytes.
    #[error("node {node}, object {address}: {len} bytes cannot be transferred (1..={MAX_OBJECT})")]
    Length {
        /// The node.
        node: NodeId,
        /// Object.
        address: Address,
        /// Bytes offered or announced.
        len: usize,
    },
    /// No answer in time.
    #[error("node {node}, object {address}: no answer within {} ms; is the drive powered and its node id right?", after.as_millis())]
    Timeout {
        /// The node.
        node: NodeId,
        /// Object.
        address: Address,
        /// The time allowed per message.
        after: Duration,
    },
    /// The drive refused.
    #[error("node {node}, object {address}: {code}")]
    Aborted {
        /// The node.
        node: NodeId,
        /// Object.
        address: Address,
        /// The drive's reason.
        code: AbortCode,
    },
    /// The drive broke the protocol; the transfer was aborted by us.
    #[error("node {node}, object {address}: wrong answer from the drive: {code}")]
    Protocol {
        /// The node.
        node: NodeId,
        /// Object.
        address: Address,
        /// What we told the drive.
        code: AbortCode,
    },
}

/// What to do with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Read it.
    Upload(Address),
    /// Write these little-endian bytes.
    Download(Address, Vec<u8>),
}

impl Operation {
    /// The object concerned.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Upload(address) | Self::Download(address, _) => *address,
        }
    }
}

/// What one call brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// A frame to send now.
    pub send: Option<Frame>,
    /// Set when the transfer is over: the bytes read (empty after a write) or the failure.
    pub done: Option<Result<Vec<u8>, SdoError>>,
}

#[derive(Debug, Clone)]
enum Phase {
    Expedited,
    Upload,
    UploadSegments { data: Vec<u8>, announced: Option<u32>, toggle: bool },
    Download { data: Vec<u8>, sent: usize, toggle: Option<bool> },
}

#[derive(Debug, Clone)]
struct Transfer {
    address: Address,
    deadline: Monotonic,
    phase: Phase,
}

/// What a reply does to the open transfer.
enum Turn {
    /// Not ours: change nothing.
    Ignore,
    Continue(Request),
    Finish(Vec<u8>),
    Refused(AbortCode),
    Break(AbortCode),
}

/// The client of one node.
#[derive(Debug, Clone)]
pub struct SdoClient {
    node: NodeId,
    timeout: Duration,
    transfer: Option<Transfer>,
    stray_replies: u64,
}

impl SdoClient {
    /// A client that waits `timeout` (50 to 200 ms is usual) for each message.
    #[must_use]
    pub const fn new(node: NodeId, timeout: Duration) -> Self {
        Self { node, timeout, transfer: None, stray_replies: 0 }
    }

    /// The node spoken to.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// Whether a transfer is open.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        self.transfer.is_some()
    }

    /// Replies that belonged to no transfer: late ones, or a second node with the same id.
    #[must_use]
    pub const fn stray_replies(&self) -> u64 {
        self.stray_replies
    }

    /// When [`SdoClient::poll`] has to be called at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Monotonic> {
        self.transfer.as_ref().map(|t| t.deadline)
    }

    /// Drops an open transfer without a word (the node was reset).
    pub fn reset(&mut self) {
        self.transfer = None;
    }

    /// Opens a transfer; returns its first frame.
    ///
    /// # Errors
    /// [`SdoError::Busy`] while one is open, [`SdoError::Length`] for impossible sizes.
    pub fn start(&mut self, operation: &Operation, now: Monotonic) -> Result<Frame, SdoError> {
        if self.is_busy() {
            return Err(SdoError::Busy { node: self.node });
        }
        let address = operation.address();
        let (phase, request) = match operation {
            Operation::Upload(_) => (Phase::Upload, Request::Upload { address }),
            Operation::Download(_, data) => self.open_download(address, data)?,
        };
        self.transfer = Some(Transfer { address, deadline: now + self.timeout, phase });
        Ok(self.frame(&request))
    }

    fn open_download(&self, address: Address, data: &[u8]) -> Result<(Phase, Request), SdoError> {
        match data.len() {
            1..=4 => {
                let data = Chunk::first_of(data, 4);
                Ok((Phase::Expedited, Request::DownloadExpedited { address, data, sized: true }))
            }
            len @ 5..=MAX_OBJECT => {
                let phase = Phase::Download { data: data.to_vec(), sent: 0, toggle: None };
                let size = u32::try_from(len).ok();
                Ok((phase, Request::DownloadSegmented { address, size }))
            }
            len => Err(SdoError::Length { node: self.node, address, len }),
        }
    }

    /// Takes a frame from the bus; frames that are no SDO reply of this node are ignored.
    pub fn on_frame(&mut self, frame: &Frame, now: Monotonic) -> Progress {
        if frame.cob_id() != Some(cob::sdo_reply(self.node)) {
            return Progress::default();
        }
        let reply = Reply::decode(frame.data());
        let (Some(transfer), Some(reply)) = (self.transfer.as_mut(), reply) else {
            self.stray_replies += 1;
            return Progress::default();
        };
        let address = transfer.address;
        match transfer.turn(&reply) {
            Turn::Ignore => {
                self.stray_replies += 1;
                Progress::default()
            }
            Turn::Continue(request) => {
                transfer.deadline = now + self.timeout;
                Progress { send: Some(self.frame(&request)), done: None }
            }
            Turn::Finish(data) => self.finish(Ok(data), None),
            Turn::Refused(code) => {
                self.finish(Err(SdoError::Aborted { node: self.node, address, code }), None)
            }
            Turn::Break(code) => {
                let error = SdoError::Protocol { node: self.node, address, code };
                self.finish(Err(error), Some(Request::Abort { address, code }))
            }
        }
    }

    /// Looks at the clock: past the deadline the transfer ends with an abort to the drive.
    pub fn poll(&mut self, now: Monotonic) -> Progress {
        let Some(transfer) = self.transfer.as_ref().filter(|t| now >= t.deadline) else {
            return Progress::default();
        };
        let address = transfer.address;
        let error = SdoError::Timeout { node: self.node, address, after: self.timeout };
        self.finish(Err(error), Some(Request::Abort { address, code: AbortCode::Timeout }))
    }

    fn finish(&mut self, result: Result<Vec<u8>, SdoError>, last: Option<Request>) -> Progress {
        self.transfer = None;
        Progress { send: last.map(|request| self.frame(&request)), done: Some(result) }
    }

    fn frame(&self, request: &Request) -> Frame {
        Frame::from_cob(cob::sdo_request(self.node), &request.encode())
    }
}

impl Transfer {
    fn turn(&mut self, reply: &Reply) -> Turn {
        let ours = self.address;
        match (*reply, &mut self.phase) {
            (Reply::Abort { address, code }, _) if address == ours || address.index == 0 => {
                Turn::Refused(code)
            }
            (Reply::Download { address }, Phase::Expedited) if address == ours => {
                Turn::Finish(Vec::new())
            }
            (Reply::UploadExpedited { address, data, .. }, Phase::Upload) if address == ours => {
                Turn::Finish(data.data().to_vec())
            }
            (Reply::UploadSegmented { address, size }, Phase::Upload) if address == ours => {
                if size.is_some_and(|size| size as usize > MAX_OBJECT) {
                    return Turn::Break(AbortCode::OutOfMemory);
                }
                self.phase =
                    Phase::UploadSegments { data: Vec::new(), announced: size, toggle: false };
                Turn::Continue(Request::UploadSegment { toggle: false })
            }
            (
                Reply::UploadSegment { toggle, data: chunk, last },
                Phase::UploadSegments { data, announced, toggle: expected },
            ) => {
                if toggle != *expected {
                    return Turn::Break(AbortCode::ToggleBit);
                }
                data.extend_from_slice(chunk.data());
                *expected = !toggle;
                uploaded(data, *announced, last, *expected)
            }
            (Reply::Download { address }, Phase::Download { data, sent, toggle })
                if address == ours && toggle.is_none() =>
            {
                Turn::Continue(next_segment(data, sent, toggle))
            }
            (
                Reply::DownloadSegment { toggle: got },
                Phase::Download { data, sent, toggle: toggle @ Some(_) },
            ) => {
                if Some(got) != *toggle {
                    Turn::Break(AbortCode::ToggleBit)
                } else if *sent >= data.len() {
                    Turn::Finish(Vec::new())
                } else {
                    Turn::Continue(next_segment(data, sent, toggle))
                }
            }
            _ => Turn::Ignore,
        }
    }
}

fn uploaded(data: &mut Vec<u8>, announced: Option<u32>, last: bool, next: bool) -> Turn {
    if data.len() > MAX_OBJECT {
        return Turn::Break(AbortCode::OutOfMemory);
    }
    if !last {
        return Turn::Continue(Request::UploadSegment { toggle: next });
    }
    match announced {
        Some(size) if size as usize != data.len() => Turn::Break(AbortCode::LengthMismatch),
        _ => Turn::Finish(std::mem::take(data)),
    }
}

fn next_segment(data: &[u8], sent: &mut usize, toggle: &mut Option<bool>) -> Request {
    let chunk = Chunk::first_of(data.get(*sent..).unwrap_or_default(), 7);
    *sent += chunk.data().len();
    let next = toggle.is_some_and(|t| !t);
    *toggle = Some(next);
    Request::DownloadSegment { toggle: next, data: chunk, last: *sent >= data.len() }
}
