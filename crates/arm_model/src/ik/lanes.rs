//! Two configurations at a time: the closed forms hold the arm that faces its target in one lane
//! and the arm that has turned its back on it in the other.

use nalgebra::{Matrix3, Vector3};
use wide::f64x2;

/// A number per lane.
pub(super) type Pair = f64x2;

/// Three coordinates per lane.
pub(super) type Triple = [Pair; 3];

/// A turn in a plane as a unit complex number, per lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub cos: Pair,
    pub sin: Pair,
}

impl Turn {
    /// The same angle [rad] in both lanes.
    #[inline]
    pub fn of(angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { cos: Pair::splat(cos), sin: Pair::splat(sin) }
    }

    /// The direction of a point in the plane.
    #[inline]
    pub fn towards(x: Pair, y: Pair) -> Self {
        let shorten = Pair::ONE / (x * x + y * y).sqrt();
        Self { cos: x * shorten, sin: y * shorten }
    }

    /// The angle in (-π, π] [rad].
    #[inline]
    pub fn angle(self) -> Pair {
        angle(self.cos, self.sin)
    }

    /// Half a turn more.
    #[inline]
    pub fn flipped(self) -> Self {
        Self { cos: -self.cos, sin: -self.sin }
    }

    /// The opposite turn.
    #[inline]
    pub fn back(self) -> Self {
        Self { cos: self.cos, sin: -self.sin }
    }

    /// This turn and then another.
    #[inline]
    pub fn and(self, other: Self) -> Self {
        let (cos, sin) = self.apply(other.cos, other.sin);
        Self { cos, sin }
    }

    /// A point after the turn.
    #[inline]
    pub fn apply(self, x: Pair, y: Pair) -> (Pair, Pair) {
        (self.cos * x - self.sin * y, self.sin * x + self.cos * y)
    }

    /// This turn, or `other` in the lanes of `mask`.
    #[inline]
    pub fn or(self, other: Self, mask: Pair) -> Self {
        Self { cos: mask.bitselect(other.cos, self.cos), sin: mask.bitselect(other.sin, self.sin) }
    }
}

/// A matrix times a vector in each lane.
#[inline]
pub(super) fn times(m: &Matrix3<f64>, [x, y, z]: Triple) -> Triple {
    let row = |a: f64, b: f64, c: f64| Pair::splat(a) * x + Pair::splat(b) * y + Pair::splat(c) * z;
    [row(m.m11, m.m12, m.m13), row(m.m21, m.m22, m.m23), row(m.m31, m.m32, m.m33)]
}

/// The same vector in both lanes.
#[inline]
pub(super) fn both(v: &Vector3<f64>) -> Triple {
    [Pair::splat(v.x), Pair::splat(v.y), Pair::splat(v.z)]
}

/// Lanes in which `value` is below `limit`, all bits set.
#[inline]
pub(super) fn below(value: Pair, limit: f64) -> Pair {
    value.simd_lt(Pair::splat(limit))
}

/// The square root, taking what is below `least` for it.
#[inline]
pub(super) fn root(value: Pair, least: f64) -> Pair {
    value.fast_max(Pair::splat(least)).sqrt()
}

/// fdlibm's minimax polynomial of the arc tangent (Sun Microsystems 1993, s_atan.c), odd powers
/// from the third, good up to 7/16.
const ARC_TANGENT: [f64; 11] = [
    3.333_333_333_333_293e-1,
    -1.999_999_999_987_648_3e-1,
    1.428_571_427_250_346_6e-1,
    -1.111_111_040_546_235_6e-1,
    9.090_887_133_436_507e-2,
    -7.691_876_205_044_83e-2,
    6.661_073_137_387_531e-2,
    -5.833_570_133_790_573_5e-2,
    4.976_877_994_615_932_4e-2,
    -3.653_157_274_421_691_6e-2,
    1.628_582_011_536_578_2e-2,
];
/// Tangent of an eighth of half a turn: above it the angle is counted from 45°.
const EIGHTH: f64 = 0.414_213_562_373_095_03;

/// The angle of a point in the plane, in [-π, π] [rad], within two units in the last place. Half of
/// the time of the general arc tangent, because nothing here is infinite; NaN at the origin.
#[inline]
fn angle(x: Pair, y: Pair) -> Pair {
    let (across, up) = (x.abs(), y.abs());
    let (large, small) = (across.fast_max(up), across.fast_min(up));
    let wide = small.simd_gt(large * Pair::splat(EIGHTH));
    let z = (small - (wide & large)) / (large + (wide & small));
    let octant = (wide & Pair::splat(std::f64::consts::FRAC_PI_4)) + arc_tangent(z);
    let steep = up.simd_gt(across);
    let quadrant = steep.bitselect(Pair::splat(std::f64::consts::FRAC_PI_2) - octant, octant);
    let half = below(x, 0.0).bitselect(Pair::splat(std::f64::consts::PI) - quadrant, quadrant);
    half ^ (y & Pair::splat(-0.0))
}

#[inline]
fn arc_tangent(z: Pair) -> Pair {
    let [a, b, c, d, e, f, g, h, i, j, k] = ARC_TANGENT.map(Pair::splat);
    let s = z * z;
    let w = s * s;
    let even = s * (a + w * (c + w * (e + w * (g + w * (i + w * k)))));
    let odd = w * (b + w * (d + w * (f + w * (h + w * j))));
    z - z * (even + odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angle_agrees_with_the_library_all_around() {
        for step in -100_000..=100_000 {
            let (sin, cos) = (f64::from(step) * std::f64::consts::PI / 1e5).sin_cos();
            for size in [1e-12, 0.3, 1.0, 7e8] {
                let [ours, _] = angle(Pair::splat(size * cos), Pair::splat(size * sin)).to_array();
                let theirs = (size * sin).atan2(size * cos);
                assert!((ours - theirs).abs() <= 4.5e-16, "{ours} {theirs}");
            }
        }
    }

    #[test]
    fn angle_along_the_axes_is_exact() {
        let at = |x: f64, y: f64| angle(Pair::splat(x), Pair::splat(y)).to_array()[0];
        let pi = std::f64::consts::PI;
        assert_eq!(
            [at(1.0, 0.0), at(0.0, 2.0), at(-3.0, 0.0), at(0.0, -1.0), at(-1.0, -0.0)],
            [0.0, pi / 2.0, pi, -pi / 2.0, -pi]
        );
    }
}
