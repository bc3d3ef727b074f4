//! The recording: every message, every CAN frame and every event of a run, as a running hash and,
//! when asked for, as bytes; and the last events in words, for whoever has to find a fault.
//!
//! The one rule: two runs of one seed have the same bytes.

use crate::encode::{Sink, encode};
use crate::message::Message;
use can_bus::frame::Frame;
use std::collections::VecDeque;
use vocabulary::time::Monotonic;

/// Events kept in words.
const EVENTS: usize = 80;

/// FNV-1a over what passes, and the bytes themselves when wanted.
#[derive(Debug, Clone)]
struct Tape {
    hash: u64,
    log: Option<Vec<u8>>,
}

impl Sink for Tape {
    fn bytes(&mut self, bytes: &[u8]) {
        self.hash = bytes.iter().fold(self.hash, |hash, &byte| mix(hash, byte.into()));
        if let Some(log) = &mut self.log {
            log.extend_from_slice(bytes);
        }
    }

    fn int(&mut self, value: u64) {
        self.hash = mix(self.hash, value);
        if let Some(log) = &mut self.log {
            log.extend_from_slice(&value.to_le_bytes());
        }
    }
}

/// FNV-1a on words, with the high half folded back so that every bit reaches every other.
fn mix(hash: u64, value: u64) -> u64 {
    let product = u128::from(hash ^ value) * 0x9E37_79B9_7F4A_7C15;
    (product as u64) ^ ((product >> 64) as u64).rotate_left(32) ^ 0x0100_0193
}

/// What happened so far.
#[derive(Debug, Clone)]
pub struct Record {
    tape: Tape,
    messages: u64,
    frames: u64,
    events: VecDeque<String>,
}

impl Record {
    /// An empty recording; `keep` keeps the bytes too.
    #[must_use]
    pub fn new(keep: bool) -> Self {
        let tape = Tape { hash: 0xcbf2_9ce4_8422_2325, log: keep.then(Vec::new) };
        Self { tape, messages: 0, frames: 0, events: VecDeque::with_capacity(EVENTS) }
    }

    /// A message was sent.
    pub fn message(&mut self, at: Monotonic, from: usize, message: &Message) {
        self.messages += 1;
        self.tape.int(at.0);
        self.tape.bytes(&[from as u8]);
        encode(message, &mut self.tape);
    }

    /// A message arrived.
    pub fn delivery(&mut self, at: Monotonic, to: usize) {
        self.tape.int(at.0 ^ (to as u64) << 56);
    }

    /// A frame went over the wire.
    pub fn frame(&mut self, at: Monotonic, frame: &Frame) {
        self.frames += 1;
        self.tape.int(at.0);
        self.tape.int(frame.id().arbitration_key().into());
        self.tape.bytes(frame.data());
    }

    /// Something worth telling happened.
    pub fn event(&mut self, at: Monotonic, who: &str, text: &str) {
        self.tape.int(at.0);
        self.tape.text(who);
        self.tape.text(text);
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(format!("{:10.6} {who}: {text}", at.0 as f64 * 1e-9));
    }

    /// Hash of all that happened.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.tape.hash
    }

    /// All that happened, when the bytes were kept.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.tape.log.as_deref()
    }

    /// Messages sent and frames on the wire.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.messages, self.frames)
    }

    /// The last events, oldest first, each with its world time in s.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_more_or_less_is_another_hash() {
        let hash = |data: &[u8]| {
            let mut record = Record::new(false);
            record.frame(Monotonic(5), &Frame::standard(0x181, data).unwrap());
            record.hash()
        };
        assert_eq!(hash(&[1, 2]), hash(&[1, 2]));
        assert_ne!(hash(&[1, 2]), hash(&[1, 3]));
        assert_ne!(hash(&[0]), hash(&[0, 0]));
    }

    #[test]
    fn only_the_last_events_are_kept() {
        let mut record = Record::new(true);
        (0..200).for_each(|n| record.event(Monotonic(n), "x", &n.to_string()));
        assert_eq!(record.events().count(), EVENTS);
        assert!(record.events().last().unwrap().ends_with("199"));
        assert!(record.bytes().is_some_and(|bytes| !bytes.is_empty()));
    }
}
