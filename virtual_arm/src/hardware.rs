//! The drives and the wire, which know nothing of processes and run on world time.
//!
//! The one rule: a frame takes its time on the wire, and the tap hears every frame once, in the
//! order of the wire.

use can_bus::bus::{BusInput, Filter};
use can_bus::frame::Frame;
use can_bus::in_process::{BusCore, EndpointId};
use servo_sim::{Simulator, Truth};
use std::time::Duration;
use vocabulary::time::Monotonic;

/// How often the true state is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// Drives and wire.
pub struct Hardware {
    /// The wire.
    pub wire: BusCore,
    /// The drives and the mechanics.
    pub drives: Simulator,
    endpoint: EndpointId,
    tap: EndpointId,
    look: Monotonic,
    incoming: Vec<Frame>,
    outgoing: Vec<Frame>,
    heard: Vec<(Monotonic, Frame)>,
}

/// What a step of the hardware showed.
pub struct Shown {
    /// The true state, once per millisecond.
    pub truth: Option<Truth>,
}

impl Hardware {
    /// Switched on at the first step.
    #[must_use]
    pub fn new(mut wire: BusCore, drives: Simulator, at: Monotonic) -> Self {
        let endpoint = wire.attach(Filter::All);
        let tap = wire.attach(Filter::All);
        Self {
            wire,
            drives,
            endpoint,
            tap,
            look: at,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// When something happens next.
    #[must_use]
    pub fn next(&self) -> Monotonic {
        let events = self.wire.next_event().into_iter().chain(self.drives.next_wake());
        events.fold(self.look, Monotonic::min)
    }

    /// Lets time pass until `now`.
    pub fn step(&mut self, now: Monotonic) -> Shown {
        self.wire.step(now);
        while let Some(input) = self.wire.receive(self.endpoint) {
            if let BusInput::Frame { frame, .. } = input {
                self.incoming.push(frame);
            }
        }
        let looking = now >= self.look;
        let due = self.drives.next_wake().is_none_or(|at| at <= now);
        if looking || due || !self.incoming.is_empty() {
            self.drives.step_into(now, &self.incoming, &mut self.outgoing);
            self.incoming.clear();
        }
        for frame in self.outgoing.drain(..) {
            // A full queue or a bus that is off loses the frame, as in life.
            let _lost = self.wire.send(self.endpoint, frame, now);
        }
        if looking {
            self.look = now + LOOK;
        }
        Shown { truth: looking.then(|| self.drives.truth()) }
    }

    /// Frames that went over the wire since the last call, each with its time.
    pub fn heard(&mut self) -> &[(Monotonic, Frame)] {
        self.heard.clear();
        while let Some(input) = self.wire.receive(self.tap) {
            if let BusInput::Frame { frame, received_at } = input {
                self.heard.push((received_at, frame));
            }
        }
        &self.heard
    }
}
