//! Tracking errors at places of the program.
//!
//! The one rule: two runs are compared only where both were. An arm that moves fast somewhere errs
//! more there, whoever commands it.

use rig::tracking::Deviation;
use std::collections::BTreeMap;

/// Length of a place, s of path time.
const PLACE: f64 = 0.1;

/// Squared errors of all joints, summed up.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    squares: f64,
    count: usize,
}

impl Sum {
    fn mean(self) -> f64 {
        self.squares / self.count.max(1) as f64
    }
}

/// Tracking errors, by place.
#[derive(Debug, Default, Clone)]
pub struct Errors {
    places: BTreeMap<u64, Sum>,
}

impl Errors {
    /// Adds what was seen.
    pub fn add(&mut self, deviations: &[Deviation]) {
        for deviation in deviations {
            let place = self.places.entry((deviation.path_time / PLACE) as u64).or_default();
            place.squares += deviation.error.iter().map(|e| e * e).sum::<f64>();
            place.count += deviation.error.len();
        }
    }

    /// Root of the mean square over all places, rad, and that of `usual` at the same places.
    pub fn rms_beside(&self, usual: &Self) -> (f64, f64) {
        let (mut ours, mut theirs) = (Sum::default(), Sum::default());
        for (place, sum) in &self.places {
            let Some(known) = usual.places.get(place) else { continue };
            ours = Sum { squares: ours.squares + sum.squares, count: ours.count + sum.count };
            theirs.squares += known.mean() * sum.count as f64;
            theirs.count += sum.count;
        }
        (ours.mean().sqrt(), theirs.mean().sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path_time: f64, error: f64) -> Deviation {
        Deviation { time: 0.0, path_time, error: vec![error, -error] }
    }

    #[test]
    fn an_arm_that_errs_as_usual_where_it_is_fast_errs_no_more() {
        let (mut usual, mut ours) = (Errors::default(), Errors::default());
        usual.add(&[seen(0.01, 1e-4), seen(3.01, 1e-2), seen(3.02, 1e-2)]);
        ours.add(&[seen(3.05, 1e-2), seen(9.0, 1.0)]);
        let (now, before) = ours.rms_beside(&usual);
        assert!((now - 1e-2).abs() < 1e-12 && (before - 1e-2).abs() < 1e-12, "{now} {before}");
    }

    #[test]
    fn twice_the_usual_error_is_seen_as_twice() {
        let (mut usual, mut ours) = (Errors::default(), Errors::default());
        usual.add(&[seen(0.01, 1e-3), seen(0.02, 1e-3)]);
        ours.add(&[seen(0.03, 2e-3)]);
        let (now, before) = ours.rms_beside(&usual);
        assert!((now / before - 2.0).abs() < 1e-9);
    }
}
