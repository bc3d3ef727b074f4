//! Arithmetic on vectors of numbers, one lane per configuration.

use fearless_simd::prelude::*;

/// One coordinate triple per lane.
pub(super) type Triple<S> = [<S as Simd>::f32s; 3];

/// Rotation by its columns, and place.
#[derive(Clone, Copy)]
pub(super) struct Frame<S: Simd> {
    pub x: Triple<S>,
    pub y: Triple<S>,
    pub z: Triple<S>,
    pub p: Triple<S>,
}

#[inline(always)]
pub(super) fn splat<S: Simd>(simd: S, v: [f32; 3]) -> Triple<S> {
    let [x, y, z] = v;
    [x.simd_into(simd), y.simd_into(simd), z.simd_into(simd)]
}

impl<S: Simd> Frame<S> {
    /// The point that is `c` in this frame.
    #[inline(always)]
    pub fn point(&self, c: [f32; 3]) -> Triple<S> {
        let [cx, cy, cz] = c;
        along::<S>(along::<S>(along::<S>(self.p, self.z, cz), self.y, cy), self.x, cx)
    }
}

impl<S: Simd> Frame<S> {
    /// The direction that is `d` in this frame.
    #[inline(always)]
    pub fn direction(&self, d: [f32; 3]) -> Triple<S> {
        let [dx, dy, dz] = d;
        let [x, y, z] = self.z;
        along::<S>(along::<S>([x * dz, y * dz, z * dz], self.y, dy), self.x, dx)
    }
}

/// `a + b * c` on triples.
#[inline(always)]
pub(super) fn along<S: Simd>(a: Triple<S>, b: Triple<S>, c: f32) -> Triple<S> {
    let ([ax, ay, az], [bx, by, bz]) = (a, b);
    [bx.mul_add(c, ax), by.mul_add(c, ay), bz.mul_add(c, az)]
}

/// `a * c + b * s` on triples.
#[inline(always)]
pub(super) fn mix<S: Simd>(a: Triple<S>, c: S::f32s, b: Triple<S>, s: S::f32s) -> Triple<S> {
    let ([ax, ay, az], [bx, by, bz]) = (a, b);
    [ax.mul_add(c, bx * s), ay.mul_add(c, by * s), az.mul_add(c, bz * s)]
}

#[inline(always)]
pub(super) fn minus<S: Simd>([x, y, z]: Triple<S>) -> Triple<S> {
    [-x, -y, -z]
}

#[inline(always)]
pub(super) fn distance_squared<S: Simd>(a: Triple<S>, b: Triple<S>) -> S::f32s {
    let ([ax, ay, az], [bx, by, bz]) = (a, b);
    let (x, y, z) = (ax - bx, ay - by, az - bz);
    x.mul_add(x, y.mul_add(y, z * z))
}

/// Square of the distance from `p` to the segment at `from` along `way`.
#[inline(always)]
pub(super) fn distance_to_axis_squared<S: Simd>(
    p: Triple<S>,
    from: Triple<S>,
    way: Triple<S>,
    inverse_square: f32,
) -> S::f32s {
    let ([px, py, pz], [fx, fy, fz], [wx, wy, wz]) = (p, from, way);
    let (x, y, z) = (px - fx, py - fy, pz - fz);
    let along = x.mul_add(wx, y.mul_add(wy, z * wz));
    let share = -(along * inverse_square).max(0.0).min(1.0);
    let (x, y, z) = (wx.mul_add(share, x), wy.mul_add(share, y), wz.mul_add(share, z));
    x.mul_add(x, y.mul_add(y, z * z))
}

/// Sine and cosine: the angle is brought to ±π/4 by subtracting a multiple of π/2 in three parts
/// (W. Cody and W. Waite 1980), polynomials do the rest. The error is below 2e-7 for angles within
/// ±100 rad.
#[inline(always)]
#[allow(clippy::excessive_precision)] // the parts of π/2 are exact in binary
pub(super) fn sin_cos<S: Simd>(angle: S::f32s) -> (S::f32s, S::f32s) {
    let quarters = (angle * std::f32::consts::FRAC_2_PI).round_ties_even();
    let r = quarters.mul_add(-1.570_312_5, angle);
    let r = quarters.mul_add(-4.837_512_969_970_703_1e-4, r);
    let r = quarters.mul_add(-7.549_789_954_891_89e-8, r);
    let t = r * r;
    let simd = t.token();
    // Taylor series with its last terms adjusted to the interval.
    let sin = t.mul_add(-1.950_727_5e-4, 8.332_067_6e-3);
    let sin = t.mul_add(sin, -1.666_665_2e-1);
    let sin = (t * r).mul_add(sin, r);
    let cos = t.mul_add(2.440_872_6e-5, -1.388_717_4e-3);
    let cos = t.mul_add(cos, 4.166_664_4e-2);
    let cos = t.mul_add(t * cos, t.mul_add(-0.5, 1.0));
    let turn: S::i32s = quarters.to_int();
    let zero: S::i32s = 0.simd_into(simd);
    let swap = (turn & 1).simd_eq(zero);
    let (s, k) = (swap.select(sin, cos), swap.select(cos, sin));
    let keep_sin = (turn & 2).simd_eq(zero);
    let keep_cos = ((turn + 1) & 2).simd_eq(zero);
    (keep_sin.select(s, -s), keep_cos.select(k, -k))
}
