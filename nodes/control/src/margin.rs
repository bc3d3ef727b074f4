//! How far a joint's loop is from oscillating, given that the torque of a sample acts only some
//! periods later.
//!
//! The one rule: of the phase margin that the same loop would have without delay, at least half must
//! be left. So a gain that is a thousand times too large is refused, and so is one that would only
//! ring.
//!
//! Loop: `(stiffness + integral/s + damping·s/(1 + s/filter)) · exp(-s·delay) / (inertia·s²)`.

use std::f64::consts::{PI, TAU};

/// From the sample of a position to the middle of the period in which its torque acts, periods: up to
/// one until control computes, one until the driver's SYNC, one until the drive takes it over, and
/// half of the period for which it is held.
pub const DELAY_PERIODS: f64 = 3.5;

/// Share of the phase margin that the delay may take.
const SPENT: f64 = 0.5;

/// Frequencies looked at per factor of ten.
const STEPS_PER_DECADE: f64 = 100.0;

/// One joint's loop under law `torque`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointLoop {
    /// N·m/rad.
    pub stiffness: f64,
    /// N·m·s/rad.
    pub damping: f64,
    /// N·m/(rad·s).
    pub integral: f64,
    /// Cut-off of the derivative, Hz.
    pub derivative_filter_hz: f64,
    /// Least inertia the joint feels, kg·m².
    pub inertia: f64,
    /// Control period, s.
    pub period: f64,
}

impl JointLoop {
    /// Whether the delay leaves enough of the phase margin.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let ideal = Self { integral: 0.0, derivative_filter_hz: 1e6, ..*self };
        let without = ideal.phase_margin(0.0);
        self.phase_margin(DELAY_PERIODS * self.period) >= (1.0 - SPENT) * without
    }

    /// The largest stiffness with this damping ratio that is sound, N·m/rad.
    #[must_use]
    pub fn largest_stiffness(&self, damping_ratio: f64) -> f64 {
        let sound = |stiffness: f64| {
            let damping = damping(stiffness, self.inertia, damping_ratio);
            Self { stiffness, damping, integral: 0.0, ..*self }.is_sound()
        };
        largest(sound, self.inertia * (PI / self.period).powi(2))
    }

    /// The largest integral that is sound with the other gains as they are, N·m/(rad·s).
    #[must_use]
    pub fn largest_integral(&self) -> f64 {
        let sound = |integral: f64| Self { integral, ..*self }.is_sound();
        largest(sound, self.stiffness * PI / self.period)
    }

    /// Smallest phase margin of all frequencies at which the loop gain falls through 1, rad.
    fn phase_margin(&self, delay: f64) -> f64 {
        let (lowest, highest) = (0.01, PI / self.period);
        let steps = ((highest / lowest).log10() * STEPS_PER_DECADE) as u32;
        let mut least = f64::INFINITY;
        let mut above = f64::INFINITY;
        for step in 0..=steps {
            let frequency = lowest * 10_f64.powf(f64::from(step) / STEPS_PER_DECADE);
            let (gain, phase) = self.controller(frequency, delay > 0.0);
            let gain = gain / (self.inertia * frequency * frequency);
            if gain <= 1.0 && above > 1.0 {
                least = least.min(phase - frequency * delay);
            }
            above = gain;
        }
        // A loop that never falls through 1 below half the sampling rate is beyond all margins.
        if least.is_finite() { least } else { -PI }
    }

    /// Amount and phase [rad] of the controller at a frequency, rad/s. `sampled`: the derivative is
    /// a difference of two samples, and so half a period late.
    fn controller(&self, frequency: f64, sampled: bool) -> (f64, f64) {
        let corner = TAU * self.derivative_filter_hz;
        let late = if sampled { frequency * self.period / 2.0 } else { 0.0 };
        let angle = PI / 2.0 - (frequency / corner).atan() - late;
        let rate = self.damping * frequency / (1.0 + (frequency / corner).powi(2)).sqrt();
        let real = self.stiffness + rate * angle.cos();
        let imaginary = rate * angle.sin() - self.integral / frequency;
        (real.hypot(imaginary), imaginary.atan2(real))
    }
}

/// By halving the range from 0 to `most`.
fn largest(sound: impl Fn(f64) -> bool, most: f64) -> f64 {
    let (mut low, mut high) = (0.0, most);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if sound(middle) { low = middle } else { high = middle }
    }
    low
}

/// Damping of a damping ratio, N·m·s/rad; 1 is critical at this inertia [kg·m²].
#[must_use]
pub fn damping(stiffness: f64, inertia: f64, damping_ratio: f64) -> f64 {
    2.0 * damping_ratio * (stiffness * inertia).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joint(stiffness: f64, ratio: f64, integral: f64) -> JointLoop {
        JointLoop {
            stiffness,
            damping: damping(stiffness, 2.0, ratio),
            integral,
            derivative_filter_hz: 60.0,
            inertia: 2.0,
            period: 0.004,
        }
    }

    /// Largest error of the last of ten seconds after a push, over that of the first second, with
    /// the torque held for a period and `late` periods late.
    fn growth(joint: &JointLoop, late: usize) -> f64 {
        let (mut q, mut v, mut integral, mut rate, mut last) = (0.0, 0.1, 0.0, 0.0, 0.0);
        let mut waiting = vec![0.0; late];
        let (mut first, mut end) = (0.0_f64, 0.0_f64);
        for cycle in 0..2500 {
            let share = TAU * joint.derivative_filter_hz * joint.period;
            rate += share / (1.0 + share) * ((last - q) / joint.period - rate);
            last = q;
            integral -= joint.integral * q * joint.period;
            waiting.push(-joint.stiffness * q + joint.damping * rate + integral);
            let torque = waiting.remove(0);
            for _ in 0..4 {
                v += torque / joint.inertia * joint.period / 4.0;
                q += v * joint.period / 4.0;
            }
            let worst = if cycle < 250 { &mut first } else { &mut end };
            if !(250..2250).contains(&cycle) {
                *worst = worst.max(q.abs());
            }
        }
        end / first
    }

    #[test]
    fn the_largest_stiffness_is_calm_in_simulation_and_four_times_as_much_is_not() {
        for ratio in [0.5, 1.0, 2.0] {
            let largest = joint(1.0, ratio, 0.0).largest_stiffness(ratio);
            assert!(growth(&joint(largest, ratio, 0.0), 3) < 0.01, "{ratio}: {largest}");
            assert!(growth(&joint(largest * 9.0, ratio, 0.0), 3) > 1.0, "{ratio}: {largest}");
            assert!(!joint(largest * 1.1, ratio, 0.0).is_sound());
        }
    }

    #[test]
    fn an_integral_that_outruns_the_loop_is_not_sound() {
        assert!(joint(400.0, 1.0, 400.0).is_sound());
        let fast = joint(400.0, 1.0, 30_000.0);
        assert!(!fast.is_sound());
        assert!(growth(&fast, 3) > 1.0 && growth(&joint(400.0, 1.0, 400.0), 3) < 0.1);
    }
}
