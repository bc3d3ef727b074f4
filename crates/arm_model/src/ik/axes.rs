//! The joint axes as lines in the base at joint position 0, and how lines lie to each other: all
//! that a closed form needs to know of an arm.

use nalgebra::{Matrix3, Vector3};

use crate::spatial::Transform;
use crate::{ArmModel, JointVector};

/// An axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Of length 1.
    pub direction: Vector3<f64>,
    /// Any point of it [m].
    pub point: Vector3<f64>,
}

/// Axes and tip of an arm at joint position 0.
pub(super) struct Skeleton {
    pub axes: Vec<Line>,
    pub tip: Transform,
    /// Sum of the distances between joints [m]: no point of the arm is farther from the base.
    pub size: f64,
}

impl Skeleton {
    pub fn of<const N: usize>(arm: &ArmModel<N>) -> Self {
        let mut last = arm.root.transform;
        let mut size = arm.tip.transform.origin.norm();
        let mut axes = Vec::with_capacity(N);
        for hinge in arm.hinges(&JointVector::zeros()) {
            size += hinge.origin.norm();
            last = hinge.after(&last);
            axes.push(Line { direction: last.rotation.column(2).into(), point: last.origin });
        }
        Self { axes, tip: last.then(&arm.tip.transform), size: size.max(f64::MIN_POSITIVE) }
    }
}

/// 1 when the directions agree, -1 when they are opposite.
pub(super) fn parallel_sign(a: &Vector3<f64>, b: &Vector3<f64>) -> f64 {
    if a.dot(b) < 0.0 { -1.0 } else { 1.0 }
}

/// How far two directions are from parallel [rad].
pub(super) fn skew(a: &Vector3<f64>, b: &Vector3<f64>) -> f64 {
    a.cross(b).norm().atan2(a.dot(b).abs())
}

/// The point nearest to all lines and its largest distance from one [m]; none when all are
/// parallel.
pub(super) fn meeting(lines: &[Line]) -> Option<(Vector3<f64>, f64)> {
    let away = |line: &Line| Matrix3::identity() - line.direction * line.direction.transpose();
    let sum: Matrix3<f64> = lines.iter().map(away).sum();
    let wanted: Vector3<f64> = lines.iter().map(|line| away(line) * line.point).sum();
    let least = sum.symmetric_eigenvalues().min();
    let point = (least > 1e-6).then(|| sum.try_inverse())?? * wanted;
    let distance = |line: &Line| (away(line) * (point - line.point)).norm();
    Some((point, lines.iter().map(distance).fold(0.0, f64::max)))
}
