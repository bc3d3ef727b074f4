//! What waits to be sent.
//!
//! The one rule: a setpoint never queues. Each COB-ID has one slot, the newest value wins, and a
//! value older than one cycle is dropped. NMT, SDO and the like are messages: each counts, so they
//! wait in order in a small queue.

use std::collections::VecDeque;
use std::time::Duration;

use vocabulary::time::Monotonic;

use crate::frame::Frame;

/// Most messages that wait.
pub const MESSAGE_QUEUE: usize = 64;

/// What happened to frames on the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TxCounters {
    /// Frames handed to the bus.
    pub sent: u64,
    /// Setpoints replaced by a newer one before they were sent.
    pub superseded: u64,
    /// Setpoints dropped because they had waited longer than one cycle.
    pub stale: u64,
    /// Messages refused because the queue was full.
    pub refused: u64,
    /// Times the bus would not take a frame (queue full, ENOBUFS).
    pub overflows: u64,
}

#[derive(Debug, Clone)]
struct Slot {
    frame: Frame,
    since: Monotonic,
}

/// The slots for setpoints and the queue for messages.
#[derive(Debug, Clone)]
pub struct TxSlots {
    max_age: Duration,
    setpoints: VecDeque<Slot>,
    messages: VecDeque<Frame>,
    counters: TxCounters,
}

impl TxSlots {
    /// Slots whose setpoints live for `max_age`: one control cycle.
    #[must_use]
    pub fn new(max_age: Duration) -> Self {
        Self {
            max_age,
            setpoints: VecDeque::with_capacity(16),
            messages: VecDeque::with_capacity(MESSAGE_QUEUE),
            counters: TxCounters::default(),
        }
    }

    /// Puts a setpoint (or a SYNC) into its slot; replaces the one that waits there.
    pub fn put_setpoint(&mut self, frame: Frame, now: Monotonic) {
        if let Some(slot) = self.setpoints.iter_mut().find(|s| s.frame.id() == frame.id()) {
            *slot = Slot { frame, since: now };
            self.counters.superseded += 1;
        } else {
            self.setpoints.push_back(Slot { frame, since: now });
        }
    }

    /// Queues a message; false when the queue is full and the message is refused.
    pub fn put_message(&mut self, frame: Frame) -> bool {
        let room = self.messages.len() < MESSAGE_QUEUE;
        if room {
            self.messages.push_back(frame);
        } else {
            self.counters.refused += 1;
        }
        room
    }

    /// The frame to send next: setpoints first, in the order of their slots. Stale ones are dropped.
    pub fn front(&mut self, now: Monotonic) -> Option<Frame> {
        while let Some(slot) = self.setpoints.front() {
            if now.since(slot.since) <= self.max_age {
                return Some(slot.frame);
            }
            self.setpoints.pop_front();
            self.counters.stale += 1;
        }
        self.messages.front().copied()
    }

    /// Removes the frame [`TxSlots::front`] gave: the bus has taken it.
    pub fn taken(&mut self) {
        if self.setpoints.pop_front().is_none() {
            self.messages.pop_front();
        }
        self.counters.sent += 1;
    }

    /// Notes that the bus would not take a frame; it stays in its slot.
    pub fn overflowed(&mut self) {
        self.counters.overflows += 1;
    }

    /// Whether anything waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.setpoints.is_empty() && self.messages.is_empty()
    }

    /// Throws everything away: after an outage nothing old may reach a drive.
    pub fn clear(&mut self) {
        self.counters.stale += self.setpoints.len() as u64;
        self.counters.refused += self.messages.len() as u64;
        self.setpoints.clear();
        self.messages.clear();
    }

    /// The counters so far.
    #[must_use]
    pub const fn counters(&self) -> TxCounters {
        self.counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CYCLE: Duration = Duration::from_millis(4);

    fn frame(id: u16, value: u8) -> Frame {
        Frame::standard(id, &[value]).unwrap()
    }

    fn drain(slots: &mut TxSlots, now: Monotonic) -> Vec<Frame> {
        std::iter::from_fn(|| {
            let frame = slots.front(now)?;
            slots.taken();
            Some(frame)
        })
        .collect()
    }

    #[test]
    fn newest_setpoint_wins_and_messages_keep_their_order() {
        let mut slots = TxSlots::new(CYCLE);
        slots.put_message(frame(0x601, 1));
        slots.put_setpoint(frame(0x201, 1), Monotonic(0));
        slots.put_setpoint(frame(0x202, 1), Monotonic(0));
        slots.put_setpoint(frame(0x201, 2), Monotonic(1));
        slots.put_message(frame(0x601, 2));
        let sent = drain(&mut slots, Monotonic(2));
        assert_eq!(sent, [frame(0x201, 2), frame(0x202, 1), frame(0x601, 1), frame(0x601, 2)]);
        assert_eq!((slots.counters().superseded, slots.counters().sent), (1, 4));
    }

    #[test]
    fn setpoint_older_than_a_cycle_is_dropped_and_counted() {
        let mut slots = TxSlots::new(CYCLE);
        slots.put_setpoint(frame(0x201, 1), Monotonic(0));
        slots.put_setpoint(frame(0x202, 1), Monotonic(2_000_000));
        assert_eq!(drain(&mut slots, Monotonic(4_000_001)), [frame(0x202, 1)]);
        assert_eq!(slots.counters().stale, 1);
    }

    #[test]
    fn full_message_queue_refuses_and_counts() {
        let mut slots = TxSlots::new(CYCLE);
        for _ in 0..MESSAGE_QUEUE {
            assert!(slots.put_message(frame(0x601, 0)));
        }
        assert!(!slots.put_message(frame(0x601, 0)));
        assert_eq!(slots.counters().refused, 1);
    }

    #[test]
    fn nothing_survives_an_outage() {
        let mut slots = TxSlots::new(CYCLE);
        slots.put_setpoint(frame(0x201, 1), Monotonic(0));
        slots.put_message(frame(0x601, 0));
        slots.clear();
        assert!(slots.is_empty() && slots.front(Monotonic(0)).is_none());
    }
}
