//! Symmetric 3×3 matrices in six numbers. Turning one about a coordinate axis takes a fifth of the
//! arithmetic of two matrix products, and the dynamics do little else.

use nalgebra::{Matrix3, Vector3};
use std::ops::{Add, Sub};

use crate::trig::SinCos;

/// A symmetric matrix, such as a second moment of mass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Symmetric {
    pub xx: f64,
    pub yy: f64,
    pub zz: f64,
    pub xy: f64,
    pub xz: f64,
    pub yz: f64,
}

impl Symmetric {
    pub const ZERO: Self = Self { xx: 0.0, yy: 0.0, zz: 0.0, xy: 0.0, xz: 0.0, yz: 0.0 };

    /// The symmetric part of a matrix.
    #[inline]
    pub fn of(m: &Matrix3<f64>) -> Self {
        let mean = |a, b| (a + b) / 2.0;
        let (xy, xz, yz) = (mean(m.m12, m.m21), mean(m.m13, m.m31), mean(m.m23, m.m32));
        Self { xx: m.m11, yy: m.m22, zz: m.m33, xy, xz, yz }
    }

    /// With all nine entries.
    #[inline]
    pub fn matrix(&self) -> Matrix3<f64> {
        let Self { xx, yy, zz, xy, xz, yz } = *self;
        Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz)
    }

    /// `2 (a·b) 1 − a bᵀ − b aᵀ`: what moving a mass adds to its second moment, when `b` is its
    /// first moment halfway.
    #[inline]
    pub fn parallel_axis(a: &Vector3<f64>, b: &Vector3<f64>) -> Self {
        let (x, y, z) = (2.0 * a.x * b.x, 2.0 * a.y * b.y, 2.0 * a.z * b.z);
        Self {
            xx: y + z,
            yy: x + z,
            zz: x + y,
            xy: -a.x * b.y - a.y * b.x,
            xz: -a.x * b.z - a.z * b.x,
            yz: -a.y * b.z - a.z * b.y,
        }
    }

    /// `a aᵀ × factor`.
    #[inline]
    pub fn outer(a: &Vector3<f64>, factor: f64) -> Self {
        let b = a * factor;
        let (xx, yy, zz) = (a.x * b.x, a.y * b.y, a.z * b.z);
        Self { xx, yy, zz, xy: a.x * b.y, xz: a.x * b.z, yz: a.y * b.z }
    }

    /// This matrix times a vector.
    #[inline]
    pub fn apply(&self, v: &Vector3<f64>) -> Vector3<f64> {
        Vector3::new(
            self.xx * v.x + self.xy * v.y + self.xz * v.z,
            self.xy * v.x + self.yy * v.y + self.yz * v.z,
            self.xz * v.x + self.yz * v.y + self.zz * v.z,
        )
    }

    /// `r m rᵀ` for any rotation.
    #[inline]
    pub fn turned(&self, r: &Matrix3<f64>) -> Self {
        Self::of(&(r * self.matrix() * r.transpose()))
    }

    /// `r m rᵀ` for a rotation about z.
    #[inline]
    pub fn turned_about_z(&self, by: SinCos) -> Self {
        let Self { xx, yy, zz, xy, xz, yz } = *self;
        let (xx, yy, xy) = turned_plane(xx, yy, xy, by);
        let (xz, yz) = turned_pair(xz, yz, by);
        Self { xx, yy, zz, xy, xz, yz }
    }

    /// `r m rᵀ` for a rotation about x.
    #[inline]
    pub fn turned_about_x(&self, by: SinCos) -> Self {
        let Self { xx, yy, zz, xy, xz, yz } = *self;
        let (yy, zz, yz) = turned_plane(yy, zz, yz, by);
        let (xy, xz) = turned_pair(xy, xz, by);
        Self { xx, yy, zz, xy, xz, yz }
    }

    /// Every entry times a factor.
    #[inline]
    pub fn scaled(&self, by: f64) -> Self {
        let Self { xx, yy, zz, xy, xz, yz } = *self;
        Self { xx: xx * by, yy: yy * by, zz: zz * by, xy: xy * by, xz: xz * by, yz: yz * by }
    }
}

impl Add for Symmetric {
    type Output = Self;
    #[inline]
    fn add(self, o: Self) -> Self {
        Self {
            xx: self.xx + o.xx,
            yy: self.yy + o.yy,
            zz: self.zz + o.zz,
            xy: self.xy + o.xy,
            xz: self.xz + o.xz,
            yz: self.yz + o.yz,
        }
    }
}

impl Sub for Symmetric {
    type Output = Self;
    #[inline]
    fn sub(self, o: Self) -> Self {
        self + o.scaled(-1.0)
    }
}

/// A vector in a plane after a turn in that plane.
#[inline]
pub(crate) fn turned_pair(a: f64, b: f64, by: SinCos) -> (f64, f64) {
    (by.cos * a - by.sin * b, by.sin * a + by.cos * b)
}

/// The 2×2 block `[aa, ab; ab, bb]` after a turn in its plane, as `(aa, bb, ab)`.
#[inline]
fn turned_plane(aa: f64, bb: f64, ab: f64, by: SinCos) -> (f64, f64, f64) {
    let moved = by.sin * (by.sin * (aa - bb) + 2.0 * by.cos * ab);
    let across = by.sin * by.cos * (aa - bb) + (by.cos * by.cos - by.sin * by.sin) * ab;
    (aa - moved, bb + moved, across)
}
