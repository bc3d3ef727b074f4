//! What can be on its way between the processes of the model, and its own dice.

use super::{CONTROLS, DRIVERS, World};
use control::tenure::DriverWord;
use std::collections::VecDeque;
use supervisor::ControlReport;
use vocabulary::command::{JointCommand, Lease};
use vocabulary::health::Heartbeat;

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// What can be on its way.
#[derive(Clone)]
pub enum Message {
    Command(JointCommand),
    Lease(Lease),
    Feedback(usize, DriverWord),
    Beat(Heartbeat),
    Report(ControlReport),
}

/// Who gets it.
#[derive(Clone, Copy, PartialEq)]
pub enum To {
    Control(usize),
    Driver(usize),
    Supervisor,
}

impl World {
    /// Best effort: lost and delayed; reliable: delayed, in order.
    pub fn send(&mut self, to: To, message: Message, reliable: bool) {
        let (loss, delay, _) = self.odds;
        if self.faulty() && !reliable && self.dice.once_in(loss) {
            return;
        }
        let late = self.faulty() && self.dice.once_in(delay);
        let mut arrives = self.now + u64::from(late) * self.dice.below(40);
        if reliable {
            let before = self
                .wire
                .iter()
                .filter(|(_, other, m)| *other == to && matches!(m, Message::Lease(_)));
            arrives = before.map(|(at, _, _)| *at).fold(arrives, u64::max);
        }
        self.wire.push_back((arrives, to, message));
    }

    pub fn broadcast(&mut self, message: &Message, reliable: bool) {
        let controls = (0..CONTROLS).map(To::Control);
        let all: Vec<_> = controls.chain((0..DRIVERS).map(To::Driver)).collect();
        for to in all {
            self.send(to, message.clone(), reliable);
        }
    }

    pub fn deliver(&mut self) {
        let now = self.now;
        let mut rest = VecDeque::with_capacity(self.wire.len());
        for (arrives, to, message) in std::mem::take(&mut self.wire) {
            if arrives > now {
                rest.push_back((arrives, to, message));
                continue;
            }
            match to {
                To::Control(index) if !self.controls[index].dead => {
                    self.controls[index].inbox.push(message);
                }
                To::Driver(index) => self.drivers[index].inbox.push(message),
                To::Supervisor if self.supervisor.is_some() => self.supervisor_inbox.push(message),
                _ => {}
            }
        }
        self.wire = rest;
    }
}
