//! Who produces SYNC: the first living driver of the bus.
//!
//! The one rule: a driver of higher rank waits until nobody has produced for (3 + rank) periods, and
//! yields as soon as it hears somebody else. Rank 0 never yields; at its start it listens first and
//! slips in shortly before a substitute's next SYNC, so that the drives see one short period at most.

use std::time::Duration;
use vocabulary::time::Monotonic;

/// Decides when this driver sends SYNC.
#[derive(Debug, Clone)]
pub struct SyncProducer {
    rank: u32,
    period: Duration,
    role: Role,
    foreign: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Silent,
    /// Somebody else produces; the last one was heard then.
    Listening(Monotonic),
    /// We produce; the next is due then.
    Producing(Monotonic),
}

impl SyncProducer {
    /// Silent until [`SyncProducer::start`]. Rank 0 is the regular producer.
    #[must_use]
    pub fn new(rank: usize, period: Duration) -> Self {
        let rank = u32::try_from(rank).unwrap_or(u32::MAX).min(100);
        Self { rank, period, role: Role::Silent, foreign: 0 }
    }

    /// Begins to listen, and to produce when nobody does.
    pub fn start(&mut self, now: Monotonic) {
        if self.role == Role::Silent {
            self.role = Role::Listening(now);
        }
    }

    /// Neither listens nor produces (bus lost, another driver in our place).
    pub fn stop(&mut self) {
        self.role = Role::Silent;
    }

    /// Whether this driver produces.
    #[must_use]
    pub fn is_producing(&self) -> bool {
        matches!(self.role, Role::Producing(_))
    }

    /// SYNCs of others heard while producing ourselves.
    #[must_use]
    pub fn foreign(&self) -> u64 {
        self.foreign
    }

    /// Somebody else's SYNC came.
    pub fn heard(&mut self, at: Monotonic) {
        self.role = match self.role {
            Role::Silent => Role::Silent,
            Role::Listening(_) if self.rank == 0 => Role::Producing(at + self.period * 3 / 4),
            Role::Listening(_) => Role::Listening(at),
            Role::Producing(due) => {
                self.foreign = self.foreign.saturating_add(1);
                if self.rank == 0 { Role::Producing(due) } else { Role::Listening(at) }
            }
        };
    }

    /// When the next SYNC of ours is due, if nobody else sends one.
    #[must_use]
    pub fn due(&self) -> Option<Monotonic> {
        match self.role {
            Role::Silent => None,
            Role::Listening(last) => Some(last + self.period * (3 + self.rank)),
            Role::Producing(due) => Some(due),
        }
    }

    /// Whether a SYNC has to be sent now; returns by how much it is late. Missed ones are skipped.
    pub fn take_due(&mut self, now: Monotonic) -> Option<Duration> {
        let due = self.due().filter(|due| now >= *due)?;
        let next = due + self.period;
        let caught_up = if next > now { next } else { now + self.period };
        self.role = Role::Producing(caught_up);
        Some(now.since(due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(4);

    fn at(us: u64) -> Monotonic {
        Monotonic(us * 1000)
    }

    fn started(rank: usize) -> SyncProducer {
        let mut sync = SyncProducer::new(rank, PERIOD);
        sync.start(at(0));
        sync
    }

    #[test]
    fn the_regular_producer_begins_after_three_silent_periods_and_keeps_its_grid() {
        let mut sync = started(0);
        assert_eq!(sync.take_due(at(11_999)), None);
        assert!(sync.take_due(at(12_300)).is_some());
        assert_eq!(sync.due(), Some(at(16_000)));
        assert_eq!(sync.take_due(at(16_000)), Some(Duration::ZERO));
        sync.heard(at(17_000));
        assert!(sync.is_producing());
        assert_eq!(sync.foreign(), 1);
    }

    #[test]
    fn a_substitute_takes_over_in_the_order_of_rank_and_yields_at_once() {
        let (mut second, mut third) = (started(1), started(2));
        assert_eq!(third.take_due(at(16_000)), None);
        assert!(second.take_due(at(16_000)).is_some());
        third.heard(at(16_000));
        assert_eq!(third.due(), Some(at(36_000)));
        second.heard(at(17_000));
        assert!(!second.is_producing());
    }

    #[test]
    fn the_regular_producer_comes_back_just_before_its_substitute() {
        let mut sync = started(0);
        sync.heard(at(2_000));
        assert_eq!(sync.due(), Some(at(5_000)));
        assert!(sync.is_producing());
    }

    #[test]
    fn missed_syncs_are_skipped_not_sent_in_a_burst() {
        let mut sync = started(0);
        sync.take_due(at(12_000));
        assert_eq!(sync.take_due(at(40_000)), Some(Duration::from_millis(24)));
        assert_eq!(sync.due(), Some(at(44_000)));
        assert_eq!(sync.take_due(at(40_001)), None);
    }
}
