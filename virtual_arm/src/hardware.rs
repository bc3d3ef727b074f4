//! The drives and the wire, which know nothing of processes and run on world time.
//!
//! The one rule: a frame takes its time on the wire, and the tap hears every frame once, in the
//! order of the wire.

use can_bus::bus::{BusInput, Filter};
use can_bus::canopen::cob::Service;
use can_bus::frame::Frame;
use can_bus::in_process::{BusCore, EndpointId};
use servo_sim::{Simulator, Truth};
use std::time::Duration;
use vocabulary::time::Monotonic;

/// How often the true state is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// A drive that is overdue is asked again after this: as in the process of the simulated drives, so
/// that one that cannot do what is due lets others go on.
const OVERDUE: Duration = Duration::from_micros(500);

/// Drives and wire.
pub struct Hardware {
    /// The wire.
    pub wire: BusCore,
    /// The drives and the mechanics.
    pub drives: Simulator,
    endpoint: EndpointId,
    tap: EndpointId,
    look: Monotonic,
    /// When the drives want to run next.
    drives_due: Monotonic,
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
            drives_due: at,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// When something happens next.
    #[must_use]
    pub fn next(&self) -> Monotonic {
        let soon = self.look.min(self.drives_due);
        self.wire.next_event().map_or(soon, |event| event.min(soon))
    }

    /// Lets time pass until `now`.
    pub fn step(&mut self, now: Monotonic) -> Shown {
        self.wire.step(now);
        let mut urgent = false;
        while let Some(input) = self.wire.receive(self.endpoint) {
            if let BusInput::Frame { frame, .. } = input {
                urgent |= is_urgent(&frame);
                self.incoming.push(frame);
            }
        }
        let looking = now >= self.look;
        if looking || urgent || now >= self.drives_due {
            self.drives.step_into(now, &self.incoming, &mut self.outgoing);
            self.incoming.clear();
            let due = self.drives.next_wake().unwrap_or(self.look);
            self.drives_due = if due > now { due } else { now + OVERDUE };
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

/// Setpoints act at the next SYNC and heartbeats are waited for much longer: drives may read both
/// with the next look.
fn is_urgent(frame: &Frame) -> bool {
    let service = frame.cob_id().and_then(Service::of);
    !matches!(service, Some(Service::Rpdo(..) | Service::Heartbeat(_)))
}
