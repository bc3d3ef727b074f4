//! SDO server: the drive's side, one transfer at a time.
//!
//! The one rule: the dictionary is written only when all bytes are there, and decides alone whether
//! a value is accepted.

use super::{AbortCode, Chunk, MAX_OBJECT, Reply, Request};
use crate::canopen::od::Address;
use crate::canopen::{NodeId, cob};
use crate::frame::Frame;

/// The objects behind the server.
pub trait ObjectDictionary {
    /// The little-endian bytes of an object.
    ///
    /// # Errors
    /// The abort code for the client.
    fn read(&mut self, address: Address) -> Result<Vec<u8>, AbortCode>;

    /// Stores the little-endian bytes of an object.
    ///
    /// # Errors
    /// The abort code for the client; the object is unchanged.
    fn write(&mut self, address: Address, data: &[u8]) -> Result<(), AbortCode>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Transfer {
    Idle,
    Download { address: Address, announced: Option<u32>, data: Vec<u8>, toggle: bool },
    Upload { address: Address, data: Vec<u8>, sent: usize, toggle: bool },
}

/// The state of one node's SDO server.
#[derive(Debug, Clone)]
pub struct SdoServer {
    node: NodeId,
    transfer: Transfer,
}

type Answer = Result<Reply, (Address, AbortCode)>;

impl SdoServer {
    /// A server with no transfer open.
    #[must_use]
    pub const fn new(node: NodeId) -> Self {
        Self { node, transfer: Transfer::Idle }
    }

    /// Forgets an open transfer (communication reset).
    pub fn reset(&mut self) {
        self.transfer = Transfer::Idle;
    }

    /// Answers a frame on 0x600 + id; `None` for other frames and for aborts by the client.
    pub fn on_frame(&mut self, frame: &Frame, od: &mut impl ObjectDictionary) -> Option<Frame> {
        if frame.cob_id() != Some(cob::sdo_request(self.node)) || frame.data().len() != 8 {
            return None;
        }
        let answer = match Request::decode(frame.data()) {
            None => Err((self.open_address(), AbortCode::UnknownCommand)),
            Some(Request::Abort { .. }) => {
                self.reset();
                return None;
            }
            Some(request) => self.answer(&request, od),
        };
        let reply = answer.unwrap_or_else(|(address, code)| {
            self.reset();
            Reply::Abort { address, code }
        });
        Some(Frame::from_cob(cob::sdo_reply(self.node), &reply.encode()))
    }

    fn open_address(&self) -> Address {
        match self.transfer {
            Transfer::Idle => Address::new(0, 0),
            Transfer::Download { address, .. } | Transfer::Upload { address, .. } => address,
        }
    }

    fn answer(&mut self, request: &Request, od: &mut impl ObjectDictionary) -> Answer {
        match *request {
            Request::DownloadExpedited { address, data, .. } => {
                self.reset();
                od.write(address, data.data()).map_err(|code| (address, code))?;
                Ok(Reply::Download { address })
            }
            Request::DownloadSegmented { address, size } => self.open_download(address, size),
            Request::DownloadSegment { toggle, data, last } => {
                self.store_segment(toggle, &data, last, od)
            }
            Request::Upload { address } => {
                let data = od.read(address).map_err(|code| (address, code))?;
                Ok(self.open_upload(address, data))
            }
            Request::UploadSegment { toggle } => self.next_segment(toggle),
            Request::Abort { address, code } => Err((address, code)),
        }
    }

    fn open_download(&mut self, address: Address, announced: Option<u32>) -> Answer {
        if announced.is_some_and(|size| size as usize > MAX_OBJECT) {
            return Err((address, AbortCode::OutOfMemory));
        }
        self.transfer = Transfer::Download { address, announced, data: Vec::new(), toggle: false };
        Ok(Reply::Download { address })
    }

    fn store_segment(
        &mut self,
        toggle: bool,
        chunk: &Chunk,
        last: bool,
        od: &mut impl ObjectDictionary,
    ) -> Answer {
        let Transfer::Download { address, announced, data, toggle: expected } = &mut self.transfer
        else {
            return Err((self.open_address(), AbortCode::UnknownCommand));
        };
        let address = *address;
        if toggle != *expected {
            return Err((address, AbortCode::ToggleBit));
        }
        *expected = !*expected;
        data.extend_from_slice(chunk.data());
        if data.len() > MAX_OBJECT {
            return Err((address, AbortCode::OutOfMemory));
        }
        if last {
            check_length(*announced, data.len()).map_err(|code| (address, code))?;
            let data = std::mem::take(data);
            self.reset();
            od.write(address, &data).map_err(|code| (address, code))?;
        }
        Ok(Reply::DownloadSegment { toggle })
    }

    fn open_upload(&mut self, address: Address, data: Vec<u8>) -> Reply {
        self.reset();
        if (1..=4).contains(&data.len()) {
            let data = Chunk::first_of(&data, 4);
            return Reply::UploadExpedited { address, data, sized: true };
        }
        let size = u32::try_from(data.len()).ok();
        self.transfer = Transfer::Upload { address, data, sent: 0, toggle: false };
        Reply::UploadSegmented { address, size }
    }

    fn next_segment(&mut self, toggle: bool) -> Answer {
        let Transfer::Upload { address, data, sent, toggle: expected } = &mut self.transfer else {
            return Err((self.open_address(), AbortCode::UnknownCommand));
        };
        if toggle != *expected {
            return Err((*address, AbortCode::ToggleBit));
        }
        *expected = !*expected;
        let chunk = Chunk::first_of(data.get(*sent..).unwrap_or_default(), 7);
        *sent += chunk.data().len();
        let last = *sent >= data.len();
        if last {
            self.reset();
        }
        Ok(Reply::UploadSegment { toggle, data: chunk, last })
    }
}

fn check_length(announced: Option<u32>, got: usize) -> Result<(), AbortCode> {
    match announced.map(|size| got.cmp(&(size as usize))) {
        Some(std::cmp::Ordering::Less) => Err(AbortCode::TooShort),
        Some(std::cmp::Ordering::Greater) => Err(AbortCode::TooLong),
        _ => Ok(()),
    }
}
