//! Sines and cosines of all joints at once, in straight-line arithmetic that the compiler turns
//! into SIMD: half the time of one call of the C library per joint.
//!
//! The rule: within one unit in the last place of 1 of the C library, for every angle; angles too
//! large for the reduction here go to the C library itself.
//!
//! Method: reduction by multiples of π/2 in three parts and the minimax polynomials of fdlibm
//! (Sun Microsystems 1993, k_sin.c and k_cos.c).
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use std::f64::consts::FRAC_2_PI;

/// Sine and cosine of one angle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SinCos {
    pub sin: f64,
    pub cos: f64,
}

impl SinCos {
    /// Of the opposite angle.
    #[inline]
    pub fn back(self) -> Self {
        Self { sin: -self.sin, cos: self.cos }
    }
}

/// Below this the multiple of π/2 times the first part of π/2 is exact.
const LARGEST_REDUCED: f64 = 1e6;
/// Adding it leaves the nearest integer in the low bits of the mantissa.
const ROUNDER: f64 = 6_755_399_441_055_744.0; // 1.5 × 2^52
/// π/2 in parts of 33 bits.
const HALF_PI: [f64; 3] =
    [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
/// Odd powers from the third.
const SINE: [f64; 6] = [
    -1.666_666_666_666_663_2e-1,
    8.333_333_333_322_49e-3,
    -1.984_126_982_985_795e-4,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
/// Even powers from the fourth.
const COSINE: [f64; 6] = [
    4.166_666_666_666_66e-2,
    -1.388_888_888_887_411e-3,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// Sine and cosine of every angle [rad].
#[inline]
pub(crate) fn sin_cos<const N: usize>(angles: &[f64; N]) -> [SinCos; N] {
    // Written so that NaN counts as too large.
    if !angles.iter().all(|x| x.abs() < LARGEST_REDUCED) {
        return angles.map(of_any_size);
    }
    let (mut sin, mut cos) = ([0.0; N], [0.0; N]);
    for i in 0..N {
        (sin[i], cos[i]) = reduced(angles[i]);
    }
    let mut found = [SinCos { sin: 0.0, cos: 1.0 }; N];
    for i in 0..N {
        found[i] = SinCos { sin: sin[i], cos: cos[i] };
    }
    found
}

#[cold]
fn of_any_size(angle: f64) -> SinCos {
    let (sin, cos) = angle.sin_cos();
    SinCos { sin, cos }
}

/// Branch-free, so that it becomes SIMD.
#[inline(always)]
fn reduced(x: f64) -> (f64, f64) {
    let shifted = x * FRAC_2_PI + ROUNDER;
    let quadrant = shifted.to_bits();
    let k = shifted - ROUNDER;
    let r = ((x - k * HALF_PI[0]) - k * HALF_PI[1]) - k * HALF_PI[2];
    let z = r * r;
    let sin = r + r * z * polynomial(&SINE, z);
    let half = 0.5 * z;
    let near_one = 1.0 - half;
    let cos = near_one + (((1.0 - near_one) - half) + z * z * polynomial(&COSINE, z));
    // Odd quadrants swap sine and cosine; the second and third turn the sign of the sine, the
    // first and second that of the cosine.
    let swap = 0_u64.wrapping_sub(quadrant & 1);
    let (s, c) = (sin.to_bits(), cos.to_bits());
    let sign = |bits: u64| (bits & 2) << 62;
    (
        f64::from_bits(((s & !swap) | (c & swap)) ^ sign(quadrant)),
        f64::from_bits(((c & !swap) | (s & swap)) ^ sign(quadrant.wrapping_add(1))),
    )
}

#[inline(always)]
fn polynomial(factors: &[f64; 6], z: f64) -> f64 {
    let [a, b, c, d, e, f] = *factors;
    a + z * (b + z * (c + z * (d + z * (e + z * f))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One unit in the last place of numbers just below 1, and half of one above.
    const CLOSE: f64 = 2.3e-16;

    fn assert_close(angle: f64) {
        let [ours] = sin_cos(&[angle]);
        let (sin, cos) = angle.sin_cos();
        assert!((ours.sin - sin).abs() <= CLOSE, "sin {angle}: {} {sin}", ours.sin);
        assert!((ours.cos - cos).abs() <= CLOSE, "cos {angle}: {} {cos}", ours.cos);
    }

    #[test]
    fn quarter_turns_are_as_exact_as_the_library() {
        for quarter in -4000..4000 {
            for nudge in [-1e-9, 0.0, 1e-9] {
                assert_close(f64::from(quarter) * std::f64::consts::FRAC_PI_4 + nudge);
            }
        }
    }

    #[test]
    fn tiny_angle_is_its_own_sine() {
        let [tiny] = sin_cos(&[1e-300]);
        assert_eq!((tiny.sin, tiny.cos), (1e-300, 1.0));
    }

    #[test]
    fn angle_that_is_not_finite_has_no_sine() {
        for angle in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let [ours] = sin_cos(&[angle]);
            assert!(ours.sin.is_nan() && ours.cos.is_nan());
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_library(x in -1e6..1e6, small in -7.0..7.0, huge in -1e300..1e300) {
            assert_close(x);
            assert_close(small);
            assert_close(huge);
        }
    }
}
