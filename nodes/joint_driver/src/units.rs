//! Between the drive's integers and SI units at the joint.
//!
//! The one rule: counts are compared by wrapping subtraction, never by value, so that a counter
//! that runs over is a small step and not a full turn. Whatever else is far from the last sample is
//! refused as implausible.

use crate::config::DriveConfig;
use std::f64::consts::TAU;
use vocabulary::time::Monotonic;

/// Fixed relation of one drive's integers to its joint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Counts per radian, with the sign of the direction.
    counts: f64,
    /// Position at zero counts, rad.
    offset: f64,
    /// 1/1000 of rated torque per N·m, with the sign of the direction.
    torque: f64,
}

impl Scale {
    /// From a validated configuration.
    #[must_use]
    pub fn new(drive: &DriveConfig) -> Self {
        let sign = f64::from(drive.direction);
        Self {
            counts: sign * f64::from(drive.counts_per_revolution) / TAU,
            offset: drive.offset,
            torque: sign * 1000.0 / drive.rated_torque,
        }
    }

    /// Joint position, rad.
    #[must_use]
    pub fn position(&self, counts: i64) -> f64 {
        counts as f64 / self.counts + self.offset
    }

    /// Counts of a joint position, cut to the 32 bits of 0x607A as the drive's own counter is.
    #[must_use]
    pub fn counts(&self, position: f64) -> i32 {
        ((position - self.offset) * self.counts).round() as i64 as i32
    }

    /// Torque at the joint, N·m, of 1/1000 of rated torque.
    #[must_use]
    pub fn torque(&self, permille: i64) -> f64 {
        permille as f64 / self.torque
    }

    /// 1/1000 of rated torque of a torque at the joint, and whether it had to be cut to 16 bits.
    #[must_use]
    pub fn permille(&self, torque: f64) -> (i16, bool) {
        let exact = (torque * self.torque).round();
        (exact as i16, exact.abs() > f64::from(i16::MAX))
    }
}

/// Follows a wrapping 32-bit counter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwrap {
    last: Option<(i32, i64)>,
}

impl Unwrap {
    /// The counter without wrapping. The first value counts as it stands.
    pub fn take(&mut self, raw: i32) -> i64 {
        let total = self.peek(raw);
        self.last = Some((raw, total));
        total
    }

    /// What [`Unwrap::take`] would say.
    #[must_use]
    pub fn peek(&self, raw: i32) -> i64 {
        match self.last {
            Some((last, total)) => total.saturating_add(i64::from(raw.wrapping_sub(last))),
            None => i64::from(raw),
        }
    }

    /// Forgets: after a gap the drive's value is absolute again.
    pub fn reset(&mut self) {
        self.last = None;
    }
}

/// Velocity from position differences, with a first-order low pass.
#[derive(Debug, Clone, Copy)]
pub struct VelocityEstimate {
    cutoff_hz: f64,
    last: Option<(Monotonic, f64)>,
    value: f64,
}

impl VelocityEstimate {
    /// An estimate at rest.
    #[must_use]
    pub fn new(cutoff_hz: f64) -> Self {
        Self { cutoff_hz, last: None, value: 0.0 }
    }

    /// Takes a sample; returns rad/s.
    pub fn take(&mut self, at: Monotonic, position: f64) -> f64 {
        if let Some((before, from)) = self.last {
            let dt = at.seconds_from(before);
            if dt <= 0.0 {
                return self.value;
            }
            let weight = 1.0 - (-TAU * self.cutoff_hz * dt).exp();
            self.value += weight * ((position - from) / dt - self.value);
        }
        self.last = Some((at, position));
        self.value
    }

    /// The newest sample's time and position.
    #[must_use]
    pub fn last(&self) -> Option<(Monotonic, f64)> {
        self.last
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        (self.last, self.value) = (None, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scale(direction: i8) -> Scale {
        Scale::new(&DriveConfig { direction, offset: 0.5, ..DriveConfig::for_test(1) })
    }

    #[test]
    fn a_reversed_joint_turns_position_and_torque() {
        let (plus, minus) = (scale(1), scale(-1));
        assert_eq!(plus.position(0), 0.5);
        assert!((plus.position(1 << 18) - (0.5 + TAU / 4.0)).abs() < 1e-12);
        assert!((minus.position(1 << 18) - (0.5 - TAU / 4.0)).abs() < 1e-12);
        assert_eq!((plus.permille(10.0), minus.permille(10.0)), ((1000, false), (-1000, false)));
        assert_eq!(minus.torque(-1000), 10.0);
    }

    #[test]
    fn torque_beyond_16_bits_saturates_and_says_so() {
        assert_eq!(scale(1).permille(1e6), (i16::MAX, true));
        assert_eq!(scale(1).permille(-1e6), (i16::MIN, true));
    }

    #[test]
    fn a_counter_that_runs_over_is_a_small_step() {
        let mut unwrap = Unwrap::default();
        assert_eq!(unwrap.take(i32::MAX - 1), i64::from(i32::MAX) - 1);
        assert_eq!(unwrap.take(i32::MIN + 1), i64::from(i32::MAX) + 2);
        assert_eq!(unwrap.take(i32::MAX), i64::from(i32::MAX));
    }

    #[test]
    fn a_constant_speed_is_estimated_without_bias() {
        let mut estimate = VelocityEstimate::new(40.0);
        let speed =
            (0..100).map(|k| estimate.take(Monotonic(k * 4_000_000), k as f64 * 0.004)).last();
        assert!((speed.unwrap() - 1.0).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn positions_survive_the_way_to_the_drive_and_back(position in -12.0_f64..12.0) {
            for direction in [1, -1] {
                let scale = scale(direction);
                let back = scale.position(i64::from(scale.counts(position)));
                prop_assert!((back - position).abs() <= TAU / f64::from(1 << 20));
            }
        }
    }
}
