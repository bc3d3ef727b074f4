//! One connection: where it is in the handshake, what waits for it, and what it did.

use can_bus::in_process::EndpointId;
use can_bus::socketcand::{Message, Splitter, Timestamp};
use vocabulary::time::Monotonic;

/// Names a connection. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u32);

/// What a connection did so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientStatistics {
    /// Its name here.
    pub id: ClientId,
    /// Where it comes from.
    pub peer: String,
    /// Its place on the bus, once it is in raw mode; faults can select it.
    pub endpoint: Option<EndpointId>,
    /// Frames it sent.
    pub sent: u64,
    /// Frames written for it.
    pub received: u64,
    /// Frames dropped because it did not read.
    pub dropped: u64,
    /// Frames of its own the bus did not take (queue full, bus off).
    pub refused: u64,
    /// Messages of its own that could not be read.
    pub malformed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Greeted,
    Opened,
    Raw { endpoint: EndpointId, hold_until: Option<Monotonic> },
}

#[derive(Debug)]
pub(crate) struct Client {
    pub stage: Stage,
    pub splitter: Splitter,
    pub out: Vec<u8>,
    pub statistics: ClientStatistics,
    limit: usize,
}

impl Client {
    pub fn new(id: ClientId, peer: String, limit: usize) -> Self {
        let statistics = ClientStatistics {
            id,
            peer,
            endpoint: None,
            sent: 0,
            received: 0,
            dropped: 0,
            refused: 0,
            malformed: 0,
        };
        let (stage, splitter) = (Stage::Greeted, Splitter::default());
        let mut client = Self { stage, splitter, out: Vec::with_capacity(4096), statistics, limit };
        client.say(&Message::Hi);
        client
    }

    /// Queues a message for this client; false when it reads too slowly and the message is dropped.
    pub fn say(&mut self, message: &Message) -> bool {
        let room = self.out.len() < self.limit;
        if room {
            message.encode(&mut self.out);
        } else {
            self.statistics.dropped += 1;
        }
        room
    }

    /// Refuses something, in words that fit between the brackets. In raw mode class and time go
    /// first, as in an error frame: python-can's receiver dies of anything else.
    pub fn refuse(&mut self, text: &str, at: Timestamp) {
        let clean = text.replace(['<', '>'], "?");
        let text = match self.stage {
            Stage::Raw { .. } => {
                format!("000 {}.{:06} {clean}", at.0 / 1_000_000, at.0 % 1_000_000)
            }
            _ => clean,
        };
        self.say(&Message::ErrorText(text));
    }

    /// The end of the silence after `rawmode`, while it lasts.
    pub fn hold_until(&self) -> Option<Monotonic> {
        match self.stage {
            Stage::Raw { hold_until, .. } => hold_until,
            _ => None,
        }
    }

    /// Ends the silence when its time is over, or when the client speaks: then it has read `< ok >`.
    pub fn end_hold(&mut self, over: impl FnOnce(Monotonic) -> bool) {
        if let Stage::Raw { hold_until, .. } = &mut self.stage
            && hold_until.is_some_and(over)
        {
            *hold_until = None;
        }
    }
}
