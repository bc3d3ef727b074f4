//! Clocks and dice: where every process gets its time and every accident its chance.
//!
//! The one rule: there is one true time, the *world time*, and no node ever sees it. Each process
//! reads a steady clock with an origin of its own and the common ROS time; all chance comes from
//! one seed, through dice of separate streams, so that one more roll here changes nothing there.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;
use vocabulary::time::{Monotonic, Now, Stamp};

/// World time at which everything begins: what never happened lies long ago then.
pub const BEGIN: Monotonic = Monotonic(10_000_000_000);

/// ROS time at world time 0, ns.
const ROS_ORIGIN: i64 = 1_750_000_000_000_000_000;

/// The clocks of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    offset: Duration,
}

impl Clock {
    /// A steady clock that reads `offset` at world time 0.
    #[must_use]
    pub fn new(offset: Duration) -> Self {
        Self { offset }
    }

    /// What the process reads at world time `at`.
    #[must_use]
    pub fn now(&self, at: Monotonic) -> Now {
        Now { mono: self.local(at), stamp: stamp(at) }
    }

    /// A world time on this process's steady clock.
    #[must_use]
    pub fn local(&self, at: Monotonic) -> Monotonic {
        at + self.offset
    }

    /// An instant of this process's steady clock as world time.
    #[must_use]
    pub fn world(&self, local: Monotonic) -> Monotonic {
        local - self.offset
    }
}

/// ROS time at a world time.
#[must_use]
pub fn stamp(at: Monotonic) -> Stamp {
    Stamp(ROS_ORIGIN.saturating_add_unsigned(at.0))
}

/// One stream of chance.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Stream number `stream` of a seed.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.0.random_bool(probability.min(1.0))
    }

    /// Evenly between the two.
    pub fn between(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let span = longest.saturating_sub(shortest);
        shortest + Duration::from_nanos(self.0.random_range(0..=nanoseconds(span)))
    }

    /// Often short, seldom long: `mean` on average, at most ten times that.
    pub fn tail(&mut self, mean: Duration) -> Duration {
        let even: f64 = self.0.random();
        mean.mul_f64((-(1.0 - even).ln()).min(10.0))
    }

    /// A number that is not zero.
    pub fn id(&mut self) -> u64 {
        self.0.random_range(1..=u64::MAX)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_its_own_time_and_finds_back() {
        let clock = Clock::new(Duration::from_secs(3600));
        let local = clock.now(BEGIN).mono;
        assert_eq!(local, Monotonic(3_610_000_000_000));
        assert_eq!(clock.world(local), BEGIN);
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let roll = |stream| Dice::new(7, stream).id();
        assert_eq!(roll(1), roll(1));
        assert_ne!(roll(1), roll(2));
    }
}
