//! The one door for poses from outside: behind it they are finite and their rotations turn.

use nalgebra::{Quaternion, UnitQuaternion, Vector3};

use super::PoseError;
use crate::Pose;

/// How far from 1 the length of a quaternion may be by printed digits.
const PRINTED_DIGITS: f64 = 1e-3;
/// Below this a quaternion has no direction.
const ZERO: f64 = 1e-9;

/// A pose from a position [m] and a quaternion `[x, y, z, w]`, which is normalised.
///
/// # Errors
/// When a number is not finite, or the quaternion is zero or not of length 1 within 0.1 %.
pub fn pose_from(position: [f64; 3], quaternion: [f64; 4]) -> Result<Pose, PoseError> {
    let [x, y, z, w] = quaternion;
    check_finite(&position, &quaternion)?;
    let length = x.hypot(y).hypot(z.hypot(w));
    if length < ZERO {
        return Err(PoseError::ZeroQuaternion);
    }
    if (length - 1.0).abs() > PRINTED_DIGITS {
        return Err(PoseError::QuaternionLength(length));
    }
    let rotation = UnitQuaternion::new_normalize(Quaternion::new(w, x, y, z));
    Ok(Pose::from_parts(Vector3::from(position).into(), rotation))
}

/// Ok when a pose that somebody made in code is one.
#[inline]
pub(crate) fn check(pose: &Pose) -> Result<(), PoseError> {
    let sum = pose.translation.vector.sum() + pose.rotation.coords.norm_squared();
    let off = pose.rotation.coords.norm_squared() - 1.0;
    if sum.is_finite() && off.abs() < 1e-9 { Ok(()) } else { examine(pose) }
}

#[cold]
fn examine(pose: &Pose) -> Result<(), PoseError> {
    check_finite(&pose.translation.vector.into(), &pose.rotation.coords.into())?;
    match pose.rotation.coords.norm() {
        length if length < ZERO => Err(PoseError::ZeroQuaternion),
        length if (length - 1.0).abs() > 1e-9 => Err(PoseError::QuaternionLength(length)),
        _ => Ok(()),
    }
}

fn check_finite(position: &[f64; 3], quaternion: &[f64; 4]) -> Result<(), PoseError> {
    let wrong = |x: &&f64| !x.is_finite();
    if let Some((value, name)) = position.iter().zip(["x", "y", "z"]).find(|(x, _)| wrong(x)) {
        return Err(PoseError::Position(name, *value));
    }
    let named = quaternion.iter().zip(["x", "y", "z", "w"]);
    match named.into_iter().find(|(x, _)| wrong(x)) {
        Some((value, name)) => Err(PoseError::Orientation(name, *value)),
        None => Ok(()),
    }
}
