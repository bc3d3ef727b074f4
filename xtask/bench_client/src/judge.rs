//! What samples tell: gaps without an accepted command, steps of the setpoint, holds.
//!
//! The one rule: where this client missed a sample, the doubt counts against the arm.

use crate::ears::Sample;
use r2r::armature_msgs::msg::JointFeedback;

/// Longest time between two bus samples that showed a newly accepted command, s. The bus is sampled
/// once per period, so an arm without any gap shows one period here.
pub fn longest_gap(samples: &[Sample]) -> f64 {
    gap(samples).0
}

/// The samples taken between two instants, s.
pub fn between(samples: &[Sample], from: f64, to: f64) -> Vec<Sample> {
    samples.iter().filter(|sample| (from..=to).contains(&sample.at)).copied().collect()
}

/// The longest gap, and when it began, s.
pub fn gap(samples: &[Sample]) -> (f64, f64) {
    let mut fresh = samples.windows(2).filter_map(|pair| match pair {
        [before, after] if before.applied != after.applied => Some(after.at),
        _ => None,
    });
    let Some(mut last) = fresh.next() else { return (f64::INFINITY, 0.0) };
    let mut longest = (0.0, last);
    for at in fresh.chain(samples.last().map(|newest| newest.at)) {
        if at - last > longest.0 {
            longest = (at - last, last);
        }
        last = at;
    }
    longest
}

/// Largest step of the setpoint beside what its velocity explains, rad.
pub fn largest_step(samples: &[Sample]) -> f64 {
    let steps = samples.windows(2).map(|pair| match pair {
        [a, b] if b.number == a.number + 1 => {
            let explained = 0.5 * (a.setpoint.1 + b.setpoint.1) * (b.setpoint_at - a.setpoint_at);
            (b.setpoint.0 - a.setpoint.0 - explained).abs()
        }
        _ => 0.0,
    });
    steps.fold(0.0, f64::max)
}

/// Whether the joint followed commands in every sample.
pub fn always_followed(samples: &[Sample]) -> bool {
    samples.iter().all(|sample| sample.state == JointFeedback::DRIVER_FOLLOWING as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(k: u64, applied: u64) -> Sample {
        let at = k as f64 * 0.004;
        let (applied, setpoint) = ((1, applied), (0.5 * at, 0.5));
        Sample { at, number: k, applied, setpoint, setpoint_at: at + 0.008, state: 4 }
    }

    #[test]
    fn a_new_command_in_every_sample_is_a_gap_of_one_period() {
        let samples: Vec<_> = (0..50).map(|k| sample(k, k)).collect();
        assert!((longest_gap(&samples) - 0.004).abs() < 1e-9);
        assert!(largest_step(&samples) < 1e-9 && always_followed(&samples));
    }

    #[test]
    fn a_silence_in_the_middle_and_one_at_the_end_are_found() {
        let held = |from: u64, to: u64| {
            (0..60).map(|k| sample(k, if k < from { k } else { k.max(to) })).collect::<Vec<_>>()
        };
        assert!((longest_gap(&held(20, 25)) - 0.020).abs() < 0.0041);
        assert!(longest_gap(&held(40, 100)) > 0.07);
        assert_eq!(longest_gap(&[]), f64::INFINITY);
    }

    #[test]
    fn a_step_is_what_the_velocity_does_not_explain() {
        let mut samples: Vec<_> = (0..10).map(|k| sample(k, k)).collect();
        samples[5].setpoint.0 += 0.001;
        assert!((largest_step(&samples) - 0.001).abs() < 1e-9);
    }
}
