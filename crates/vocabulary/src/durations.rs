//! How durations are distributed, counted without allocation.
//!
//! The one rule: buckets are the same everywhere, so that histograms of processes can be added. A
//! quantile is the upper bound of its bucket: never better than the truth, at most 19 % worse.

use crate::health::Histogram;

/// Bounded buckets; one more holds what is longer.
pub const BUCKETS: usize = 48;
/// Upper bound of the first bucket, s.
const FIRST: f64 = 10e-6;
/// Buckets per factor of two.
const PER_OCTAVE: f64 = 4.0;

/// Counts durations from 10 µs to 34 ms in buckets a fourth of an octave wide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DurationHistogram {
    counts: [u64; BUCKETS + 1],
    worst: f64,
}

impl Default for DurationHistogram {
    fn default() -> Self {
        Self { counts: [0; BUCKETS + 1], worst: 0.0 }
    }
}

/// Upper bound of a bucket, s.
fn bound(bucket: usize) -> f64 {
    FIRST * ((bucket as f64) / PER_OCTAVE).exp2()
}

impl DurationHistogram {
    /// Counts one duration, s.
    pub fn record(&mut self, duration: f64) {
        // What is below the first bound, negative or no number goes into the first bucket.
        let above = (duration / FIRST).log2() * PER_OCTAVE;
        let bucket = (above.ceil().max(0.0) as usize).min(BUCKETS);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.worst = self.worst.max(duration);
    }

    /// Durations counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The longest, s.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.worst
    }

    /// A duration, s, that the share `q` (0 to 1) does not exceed; 0 when nothing was counted.
    #[must_use]
    pub fn quantile(&self, q: f64) -> f64 {
        let wanted = (q * self.count() as f64).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return if bucket < BUCKETS { bound(bucket).min(self.worst) } else { self.worst };
            }
        }
        0.0
    }

    /// As it is sent.
    #[must_use]
    pub fn named(&self, name: &str) -> Histogram {
        Histogram {
            name: name.to_owned(),
            bounds: (0..BUCKETS).map(bound).collect(),
            counts: self.counts.to_vec(),
            worst: self.worst,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_counted_has_no_quantile() {
        assert_eq!(DurationHistogram::default().quantile(0.99), 0.0);
    }

    #[test]
    fn what_is_longer_than_every_bucket_is_kept_as_worst() {
        let mut durations = DurationHistogram::default();
        durations.record(1.5);
        assert_eq!((durations.quantile(0.5), durations.worst()), (1.5, 1.5));
    }

    #[test]
    fn counts_and_bounds_fit_as_sent() {
        let mut durations = DurationHistogram::default();
        durations.record(-1.0);
        durations.record(f64::NAN);
        let sent = durations.named("lateness");
        assert_eq!(
            (sent.bounds.len() + 1, sent.counts.iter().sum::<u64>()),
            (sent.counts.len(), 2)
        );
        assert!(sent.bounds.windows(2).all(|pair| pair[0] < pair[1]));
    }

    proptest! {
        #[test]
        fn a_quantile_is_never_better_than_the_truth_and_close_to_it(
            mut values in prop::collection::vec(1e-5_f64..0.03, 1..200), q in 0.01_f64..1.0,
        ) {
            let mut durations = DurationHistogram::default();
            values.iter().for_each(|value| durations.record(*value));
            values.sort_by(f64::total_cmp);
            let rank = ((q * values.len() as f64).ceil() as usize).max(1);
            let truth = values[rank - 1];
            let told = durations.quantile(q);
            prop_assert!(told >= truth && told <= truth * 1.19 + 1e-9, "{told} for {truth}");
        }
    }
}
