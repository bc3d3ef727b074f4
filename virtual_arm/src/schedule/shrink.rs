//! Finds a short schedule that still fails.
//!
//! The one rule: what is left failed, as it stands, in the same way. Faults are taken out in halves,
//! quarters and so on down to single ones (delta debugging, Zeller and Hildebrandt 2002), then what
//! is left is made simpler. Taking one out moves all chance after it, so each candidate has a few
//! seeds to fail with.

use super::{Broken, Event, Fault, Schedule};
use crate::config::VirtualConfig;
use std::time::Instant;

/// Seeds a candidate may fail with, its own among them.
const SEEDS: u64 = 4;

/// A failing schedule, and how it fails.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The schedule.
    pub schedule: Schedule,
    /// What it breaks.
    pub broken: Broken,
    /// Candidates tried.
    pub tried: u64,
}

/// The shortest schedule found until `deadline` that fails as `schedule` does.
#[must_use]
pub fn shrink(
    schedule: &Schedule,
    broken: Broken,
    reference: &VirtualConfig,
    deadline: Instant,
) -> Shrunk {
    let class = broken.class();
    let best = Shrunk { schedule: schedule.clone(), broken, tried: 0 };
    let mut search = Search { best, class, reference, deadline };
    search.cut_the_end();
    search.thin_out();
    search.simplify();
    search.thin_out();
    search.best
}

struct Search<'a> {
    best: Shrunk,
    class: String,
    reference: &'a VirtualConfig,
    deadline: Instant,
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Keeps the candidate when it fails in the same way, with one of a few seeds.
    fn keeps(&mut self, candidate: &Schedule) -> bool {
        for more in 0..SEEDS {
            if self.is_over() {
                return false;
            }
            let seed = self.best.schedule.seed.wrapping_add(more);
            let candidate = Schedule { seed, ..candidate.clone() };
            self.best.tried += 1;
            let Err(broken) = candidate.play(self.reference) else { continue };
            if broken.class() == self.class {
                (self.best.schedule, self.best.broken) = (candidate, broken);
                return true;
            }
        }
        false
    }

    fn with_events(&self, events: Vec<Event>) -> Schedule {
        Schedule { events, ..self.best.schedule.clone() }
    }

    /// What comes after the failure has no part in it.
    fn cut_the_end(&mut self) {
        let Broken::Invariant(violation) = &self.best.broken else { return };
        let failed = (violation.time * 1e3) as u64;
        let mut shorter = self.best.schedule.clone();
        // World time began before the arm was enabled, so this is later than the failure.
        shorter.length = shorter.length.min(failed);
        shorter.events.retain(|event| event.at <= failed);
        self.keeps(&shorter);
    }

    fn thin_out(&mut self) {
        let mut parts = 2;
        loop {
            let count = self.best.schedule.events.len();
            if count < 2 || self.is_over() {
                break;
            }
            parts = parts.min(count);
            if self.without_some(parts) {
                parts = (parts - 1).max(2);
            } else if parts == count {
                break;
            } else {
                parts *= 2;
            }
        }
        if self.best.schedule.events.len() == 1 {
            let nothing = self.with_events(Vec::new());
            self.keeps(&nothing);
        }
    }

    /// Tries to do without one of `parts` parts; whether it can.
    fn without_some(&mut self, parts: usize) -> bool {
        let events = self.best.schedule.events.clone();
        let size = events.len().div_ceil(parts);
        (0..events.len()).step_by(size).any(|begin| {
            let left = events.iter().take(begin).chain(events.iter().skip(begin + size));
            let candidate = self.with_events(left.cloned().collect());
            self.keeps(&candidate)
        })
    }

    /// A plainer arm, an earlier end, shorter faults.
    fn simplify(&mut self) {
        let plainer: [fn(&mut Schedule); 5] = [
            |s| s.arm.stalls = false,
            |s| s.arm.thermal = false,
            |s| s.arm.one_clock = true,
            |s| s.arm.standby = false,
            |s| s.length = s.events.last().map_or(0, |event| event.at + 1500).min(s.length),
        ];
        for change in plainer {
            let mut candidate = self.best.schedule.clone();
            change(&mut candidate);
            let names = candidate.processes();
            candidate.events.retain(|event| event.fault.fits(&names));
            if candidate != self.best.schedule {
                self.keeps(&candidate);
            }
        }
        for index in 0..self.best.schedule.events.len() {
            while self.halve(index) {}
        }
    }

    fn halve(&mut self, index: usize) -> bool {
        let mut candidate = self.best.schedule.clone();
        let Some(event) = candidate.events.get_mut(index) else { return false };
        event.fault.halve() && self.keeps(&candidate)
    }
}

impl Fault {
    /// Whether all processes it names are there.
    fn fits(&self, names: &[String]) -> bool {
        match self {
            Self::Crash { process, .. } | Self::Hang { process, .. } => names.contains(process),
            Self::Partition { apart, .. } => apart.iter().all(|name| names.contains(name)),
            _ => true,
        }
    }

    /// Half as long; false when it is short already.
    fn halve(&mut self) -> bool {
        match self {
            Self::Hang { ms, .. }
            | Self::Messages { ms, .. }
            | Self::Partition { ms, .. }
            | Self::Bus { ms, .. }
            | Self::Drive { ms, .. }
                if *ms > 40 =>
            {
                *ms /= 2;
                true
            }
            Self::Rogue { count, .. } if *count > 1 => {
                *count /= 2;
                true
            }
            Self::Partition { apart, .. } if apart.len() > 1 => {
                apart.pop();
                true
            }
            _ => false,
        }
    }
}
