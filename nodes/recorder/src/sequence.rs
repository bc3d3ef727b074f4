//! What is missing: every publisher numbers its messages without gaps.
//!
//! The one rule: a gap is a loss and is counted; a number that was seen is a repetition and is dropped.

use std::collections::BTreeMap;

/// The middleware's number of a publisher.
pub type Publisher = [u8; 16];

/// Publishers remembered per topic: they come and go.
const MOST: usize = 64;

/// What a number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The message is new, and so many are missing in front of it.
    New {
        /// Messages lost in between.
        missing: u64,
    },
    /// It was there already.
    Repeated,
}

/// The last number of each publisher of a topic.
#[derive(Debug, Clone, Default)]
pub struct Sequences {
    last: BTreeMap<Publisher, (u64, u64)>,
    clock: u64,
}

impl Sequences {
    /// Judges a number; 0 says that the middleware does not count.
    pub fn judge(&mut self, publisher: Publisher, sequence: u64) -> Verdict {
        if sequence == 0 {
            return Verdict::New { missing: 0 };
        }
        self.clock += 1;
        let clock = self.clock;
        let verdict = match self.last.get_mut(&publisher) {
            None => Verdict::New { missing: 0 },
            Some((last, _)) if sequence <= *last => return Verdict::Repeated,
            Some((last, _)) => Verdict::New { missing: sequence - *last - 1 },
        };
        self.last.insert(publisher, (sequence, clock));
        self.forget();
        verdict
    }

    /// Forgets who was silent longest.
    fn forget(&mut self) {
        if self.last.len() <= MOST {
            return;
        }
        let oldest = self.last.iter().min_by_key(|(_, (_, clock))| *clock).map(|(id, _)| *id);
        oldest.map(|id| self.last.remove(&id));
    }
}

/// Lets through at most so many messages a second.
#[derive(Debug, Clone, Copy, Default)]
pub struct Throttle {
    /// Between two messages, ns; 0 lets all through.
    period: u64,
    next: u64,
}

impl Throttle {
    /// For a rate in Hz; 0 for all.
    #[must_use]
    pub fn new(max_rate_hz: f64) -> Self {
        let period = if max_rate_hz > 0.0 { (1e9 / max_rate_hz) as u64 } else { 0 };
        Self { period, next: 0 }
    }

    /// Whether a message received at this time, ns, is recorded.
    pub fn lets_through(&mut self, received: u64) -> bool {
        if received < self.next && self.next - received <= self.period {
            return false;
        }
        // On a raster, so that half the rate of a topic is every second message.
        let raster = self.next + self.period;
        self.next = if raster > received { raster } else { received + self.period };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Verdict = Verdict::New { missing: 0 };

    #[test]
    fn gaps_are_counted_and_repetitions_dropped_per_publisher() {
        let mut sequences = Sequences::default();
        let (a, b) = ([1; 16], [2; 16]);
        assert_eq!(sequences.judge(a, 7), NEW);
        assert_eq!(sequences.judge(b, 1), NEW);
        assert_eq!(sequences.judge(a, 8), NEW);
        assert_eq!(sequences.judge(a, 11), Verdict::New { missing: 2 });
        assert_eq!(sequences.judge(a, 11), Verdict::Repeated);
        assert_eq!(sequences.judge(a, 9), Verdict::Repeated);
        assert_eq!(sequences.judge(b, 2), NEW);
    }

    #[test]
    fn a_middleware_that_does_not_count_loses_nothing() {
        let mut sequences = Sequences::default();
        assert_eq!((0..3).map(|_| sequences.judge([1; 16], 0)).collect::<Vec<_>>(), [NEW; 3]);
    }

    #[test]
    fn publishers_that_are_gone_are_forgotten() {
        let mut sequences = Sequences::default();
        for id in 0..200_u8 {
            sequences.judge([id; 16], 1);
        }
        assert_eq!(sequences.last.len(), MOST);
        assert_eq!(sequences.judge([199; 16], 3), Verdict::New { missing: 1 });
    }

    #[test]
    fn a_rate_is_kept_and_zero_lets_all_through() {
        let mut throttle = Throttle::new(50.0);
        let passed = (0..250).filter(|n| throttle.lets_through(n * 4_000_000)).count();
        assert_eq!(passed, 50);
        let mut all = Throttle::new(0.0);
        assert!((0..100).all(|n| all.lets_through(n)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_a_throttled_topic() {
        let mut throttle = Throttle::new(1.0);
        assert!(throttle.lets_through(1_000_000_000_000));
        assert!(throttle.lets_through(5));
    }
}
