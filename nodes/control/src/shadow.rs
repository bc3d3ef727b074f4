//! What a controller without the lease knows of the one that holds it.
//!
//! The one rule: a command counts only when the drivers would obey it. It counts whole, together
//! with the hand-over of the same cycle, or not at all.

use std::time::Duration;
use vocabulary::command::JointCommand;
use vocabulary::gate::Admitted;
use vocabulary::handover::HandOver;
use vocabulary::time::Monotonic;

/// Difference up to which shadow and holder do the same, rad.
pub(crate) const AGREEMENT: f64 = 1e-3;

/// How long a candidate must have agreed before it may be appointed.
const SETTLED: Duration = Duration::from_millis(500);

/// Words of the holder in a row that differ before a shadow begins anew.
const PATIENCE: u32 = 5;

/// How long a difference may last before the shadow is no candidate any more: a plan begins in
/// another cycle here than there.
const HICCUP: Duration = Duration::from_millis(150);

/// What the holder said in one cycle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    /// Its command.
    pub(crate) command: JointCommand,
    /// When its reference holds, on our clock.
    pub(crate) at: Monotonic,
    /// Where it is.
    pub(crate) handover: HandOver,
}

/// The holder as seen from here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shadow {
    command: Option<Admitted>,
    heard: Monotonic,
    handover: Option<HandOver>,
    /// Sequence of the last word given out.
    given: (u64, u64),
    differing: u32,
    agrees_since: Option<Monotonic>,
    differs_since: Option<Monotonic>,
    difference: f64,
    disagreement: &'static str,
}

impl Shadow {
    /// The drivers obey this command.
    pub(crate) fn obeyed(&mut self, now: Monotonic, admitted: &Admitted) {
        self.command = Some(*admitted);
        self.heard = now;
    }

    /// The last command that the drivers obey, and when it was heard.
    pub(crate) fn last(&self) -> Option<(&Admitted, Monotonic)> {
        self.command.as_ref().map(|admitted| (admitted, self.heard))
    }

    /// What somebody says of where he is.
    pub(crate) fn told(&mut self, handover: &HandOver) {
        self.handover = Some(*handover);
    }

    /// The newest word of the holder, once.
    pub(crate) fn news(&mut self) -> Option<Word> {
        let (admitted, handover) = (self.command.as_ref()?, self.handover.as_ref()?);
        let command = &admitted.command;
        let key = (command.epoch, command.sequence);
        let of_one_cycle = (handover.boot_id, handover.epoch, handover.sequence)
            == (command.boot_id, key.0, key.1);
        if !of_one_cycle || key == self.given {
            return None;
        }
        self.given = key;
        Some(Word { command: *command, at: admitted.setpoint_at, handover: *handover })
    }

    /// Notes by how much we differ, rad, and in what if not by that; true when it is time to begin
    /// anew.
    pub(crate) fn compare(&mut self, now: Monotonic, difference: f64, what: &'static str) -> bool {
        let agrees = what.is_empty() && difference <= AGREEMENT;
        if agrees {
            // The worst of late, forgotten in about a second.
            self.difference = difference.max(self.difference * 0.99);
            self.agrees_since = self.agrees_since.or(Some(now));
            (self.differing, self.differs_since, self.disagreement) = (0, None, "");
            return false;
        }
        self.difference = difference;
        self.disagreement = if what.is_empty() { "its commands" } else { what };
        self.differing += 1;
        let since = *self.differs_since.get_or_insert(now);
        if now.since(since) > HICCUP {
            self.agrees_since = None;
        }
        self.differing.is_multiple_of(PATIENCE)
    }

    /// Nothing known is of use any more.
    pub(crate) fn lose(&mut self, why: &'static str) {
        (self.agrees_since, self.differs_since) = (None, None);
        self.disagreement = why;
    }

    /// Whether it may take over: what it does has agreed for a while.
    pub(crate) fn is_settled(&self, now: Monotonic) -> bool {
        self.agrees_since.is_some_and(|since| now.since(since) >= SETTLED)
    }

    /// How it compares, for people.
    pub(crate) fn text(&self) -> String {
        match self.disagreement {
            "" if self.agrees_since.is_none() => "shadowing: has heard no holder yet".to_owned(),
            "" => format!("shadowing: differs by {:.3} mrad", self.difference * 1e3),
            what => {
                format!("shadowing: differs in {what} by {:.3} mrad", self.difference * 1e3)
            }
        }
    }
}
