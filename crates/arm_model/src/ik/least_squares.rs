//! One step of damped least squares: the joint step that best reduces the error of the tip when
//! steps cost something too.
#![allow(clippy::indexing_slicing)] // loops over 0..M into arrays of M

use nalgebra::{Matrix3, Vector3, Vector6};

use crate::spatial::{Transform, product};
use crate::{ArmModel, Jacobian, JointVector};

/// Where the tip is, against where it should be.
#[derive(Clone, Copy)]
pub(super) struct Gap<const N: usize> {
    /// Shift [m] and turn (2 sin of half the angle, about its axis) that are missing, along the
    /// axes of the base.
    pub shift: Vector3<f64>,
    pub turn: Vector3<f64>,
    /// What the joints can do about it.
    pub jacobian: Jacobian<N>,
}

impl<const N: usize> Gap<N> {
    #[inline]
    pub fn new(arm: &ArmModel<N>, target: &Transform, q: &JointVector<N>) -> Self {
        let (tip, jacobian) = arm.tip_and_jacobian(q);
        let off = product(&target.rotation, &tip.rotation.transpose());
        Self { shift: target.origin - tip.origin, turn: half_sine(&off), jacobian }
    }

    /// Whether both are within their tolerance [m, rad].
    #[inline]
    pub fn closed(&self, position: f64, rotation: f64) -> bool {
        self.shift.norm_squared() <= position * position
            && self.turn.norm_squared() <= rotation * rotation
    }

    /// As one vector, with lengths divided by `size`.
    #[inline]
    pub fn error(&self, size: f64) -> Vector6<f64> {
        let (s, t) = (self.shift / size, self.turn);
        Vector6::new(s.x, s.y, s.z, t.x, t.y, t.z)
    }

    /// The Jacobian with lengths divided by `size`, without the joints that are `stuck`.
    #[inline]
    pub fn scaled_jacobian(&self, size: f64, stuck: &[bool; N]) -> Jacobian<N> {
        let mut jacobian = self.jacobian;
        for (mut column, stuck) in jacobian.column_iter_mut().zip(stuck) {
            for row in 0..3 {
                column[row] /= size;
            }
            if *stuck {
                column.fill(0.0);
            }
        }
        jacobian
    }
}

/// The step that minimises `|error − jacobian × step|² + damping |step|²`; none when the numbers
/// are degenerate.
#[inline]
pub(super) fn step<const N: usize>(
    jacobian: &Jacobian<N>,
    error: &Vector6<f64>,
    damping: f64,
) -> Option<JointVector<N>> {
    if N > 6 {
        let mut normal: [[f64; 6]; 6] = (jacobian * jacobian.transpose()).into();
        for (i, row) in normal.iter_mut().enumerate() {
            row[i] += damping;
        }
        return Some(jacobian.tr_mul(&Vector6::from(solve(normal, (*error).into())?)));
    }
    let mut normal: [[f64; N]; N] = jacobian.tr_mul(jacobian).into();
    for (i, row) in normal.iter_mut().enumerate() {
        row[i] += damping;
    }
    solve(normal, jacobian.tr_mul(error).into()).map(JointVector::from)
}

/// `m x = b` for a symmetric positive definite matrix, by Cholesky's factors.
#[inline]
fn solve<const M: usize>(mut m: [[f64; M]; M], mut b: [f64; M]) -> Option<[f64; M]> {
    for i in 0..M {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| m[i][k] * m[j][k]).sum();
            let rest = m[i][j] - dot;
            if i > j {
                m[i][j] = rest * m[j][j];
            } else if rest > 0.0 {
                m[i][i] = 1.0 / rest.sqrt(); // of the diagonal, the reciprocal
            } else {
                return None;
            }
        }
    }
    for i in 0..M {
        let dot: f64 = (0..i).map(|k| m[i][k] * b[k]).sum();
        b[i] = (b[i] - dot) * m[i][i];
    }
    for i in (0..M).rev() {
        let dot: f64 = (i + 1..M).map(|k| m[k][i] * b[k]).sum();
        b[i] = (b[i] - dot) * m[i][i];
    }
    Some(b)
}

/// `2 sin(angle / 2) axis` of a rotation.
#[inline]
fn half_sine(r: &Matrix3<f64>) -> Vector3<f64> {
    let across = Vector3::new(r.m32 - r.m23, r.m13 - r.m31, r.m21 - r.m12);
    let cosine = 1.0 + r.trace();
    if cosine > 1e-3 {
        return across / cosine.sqrt();
    }
    // Almost half a turn.
    let quaternion = crate::spatial::quaternion(r);
    quaternion.imag() * (2.0 * quaternion.w.signum())
}
