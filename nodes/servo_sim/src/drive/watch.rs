//! Heartbeats: the one the drive sends, and those it watches (objects 0x1017 and 0x1016).
//!
//! The one rule: watching starts with the first heartbeat heard, not with a boot-up, as in
//! CANopenNode.

use super::dictionary::Dictionary;
use super::objects::CONSUMER_HEARTBEATS;
use can_bus::canopen::nmt::Heartbeat;
use can_bus::canopen::{NodeId, od};
use std::time::Duration;
use vocabulary::time::Monotonic;

#[derive(Debug, Clone, Copy)]
struct Watched {
    node: u8,
    timeout: Duration,
    last: Option<Monotonic>,
    lost: bool,
}

/// The heartbeats of one drive.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    watched: Vec<Watched>,
    period: Duration,
    next: Option<Monotonic>,
}

impl Watch {
    /// As the dictionary says now; watching starts anew.
    #[must_use]
    pub fn read(od: &Dictionary, now: Monotonic) -> Self {
        let entries = CONSUMER_HEARTBEATS.into_iter().map(|object| od.get(object));
        let watched = entries.filter_map(|raw| {
            let (node, ms) = ((raw >> 16 & 0x7F) as u8, (raw & 0xFFFF) as u64);
            let timeout = Duration::from_millis(ms);
            (node > 0 && ms > 0).then_some(Watched { node, timeout, last: None, lost: false })
        });
        let period = Duration::from_millis(od.get(od::PRODUCER_HEARTBEAT).max(0) as u64);
        let next = (!period.is_zero()).then_some(now);
        Self { watched: watched.collect(), period, next }
    }

    /// A heartbeat of `node`; whether a lost one came back.
    pub fn hear(&mut self, node: NodeId, beat: Heartbeat, now: Monotonic) -> bool {
        if beat == Heartbeat::BootUp {
            return false;
        }
        let mut back = false;
        for watched in self.watched.iter_mut().filter(|w| w.node == node.get()) {
            watched.last = Some(now);
            back |= std::mem::take(&mut watched.lost);
        }
        back
    }

    /// Whether a watched heartbeat has just been lost.
    pub fn check(&mut self, now: Monotonic) -> bool {
        let mut lost = false;
        for w in self.watched.iter_mut().filter(|w| !w.lost) {
            w.lost = w.last.is_some_and(|last| now.since(last) > w.timeout);
            lost |= w.lost;
        }
        lost
    }

    /// Whether some watched heartbeat is missing.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.watched.iter().any(|w| w.lost)
    }

    /// Whether the drive's own heartbeat is due; the next one is planned.
    pub fn beat(&mut self, now: Monotonic) -> bool {
        let Some(next) = self.next.filter(|next| *next <= now) else { return false };
        let planned = next + self.period;
        self.next = Some(if planned > now { planned } else { now + self.period });
        true
    }

    /// When something is due.
    #[must_use]
    pub fn next_wake(&self) -> Option<Monotonic> {
        let open = self.watched.iter().filter(|w| !w.lost);
        let limits = open.filter_map(|w| Some(w.last? + w.timeout + Duration::from_nanos(1)));
        limits.chain(self.next).min()
    }
}
