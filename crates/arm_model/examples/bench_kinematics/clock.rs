//! Nanoseconds of calls, as medians of batches that took turns with something else.
//!
//! All times are processor time of the thread, ours and the peers': what else runs on the machine
//! takes caches from us, but its time does not count.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

const CALLS: usize = 100;
const BATCHES: usize = 400;

/// Nanoseconds per call, batch by batch.
#[derive(Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// Calls on inputs that differ from call to call, in batches.
    pub fn measure<I, O>(&mut self, inputs: &[I], mut call: impl FnMut(&I) -> O) {
        let mut cycle = inputs.iter().cycle();
        for _ in 0..BATCHES {
            let start = now();
            for input in cycle.by_ref().take(CALLS) {
                black_box(call(black_box(input)));
            }
            self.0.push((now() - start) / CALLS as f64);
        }
    }

    /// The median of all batches; NaN when there are none.
    pub fn median(&self) -> f64 {
        quantile(&self.0, 0.5)
    }

    /// The fastest batch.
    pub fn best(&self) -> f64 {
        quantile(&self.0, 0.0)
    }
}

/// Processor time of this thread [ns].
pub fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// The value below which a share of all lies; NaN of nothing.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}
