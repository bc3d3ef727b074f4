//! From a pose with a tolerance to the configurations that will do.
//!
//! The rule: the pose itself comes first; only when no free way of standing there exists are others
//! within the tolerance tried, in a fixed order.

use arm_model::ik::{Ik, IkError};
use arm_model::{JointVector, Pose};
use collision::Checker;
use nalgebra::{UnitQuaternion, Vector3};

use super::MotionError;
use crate::halton::Halton;

/// How many other poses are tried.
const OTHERS: usize = 64;

/// How far from a pose the tip may end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tolerance {
    /// Along each axis of the base [m].
    pub position: f64,
    /// About each axis of the base [rad].
    pub rotation: f64,
}

impl Tolerance {
    fn check(&self) -> Result<(), MotionError> {
        let all = [("position", self.position), ("rotation", self.rotation)];
        match all.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            Some((name, value)) => Err(MotionError::Tolerance { name, value }),
            None => Ok(()),
        }
    }

    fn is_none(&self) -> bool {
        self.position == 0.0 && self.rotation == 0.0
    }

    /// The pose moved to a place in the region, `shares` of it from 0 to 1.
    fn moved(&self, pose: &Pose, shares: [f32; 6]) -> Pose {
        let [x, y, z, a, b, c] = shares.map(|share| f64::from(2.0 * share - 1.0));
        let shift = Vector3::new(x, y, z) * self.position;
        let turn = UnitQuaternion::from_scaled_axis(Vector3::new(a, b, c) * self.rotation);
        Pose::from_parts((pose.translation.vector + shift).into(), turn * pose.rotation)
    }
}

/// All ways of standing at the pose, or else within the tolerance of it, nearest to `start` first. If
/// none is free, those at the pose, so that whoever plans can say what is in the way.
pub(super) fn goals<const N: usize>(
    ik: &Ik<N>,
    checker: &Checker,
    start: &[f64; N],
    (pose, tolerance): (&Pose, &Tolerance),
) -> Result<Vec<Vec<f64>>, MotionError> {
    tolerance.check()?;
    let reference = JointVector::<N>::from(*start);
    let at = |pose: &Pose| -> Result<Vec<Vec<f64>>, IkError> {
        let solutions = ik.solve_all(pose, &reference)?;
        let all = ik.all_turns(&solutions, &reference);
        Ok(all.iter().map(|joints| joints.iter().copied().collect()).collect())
    };
    let first = at(pose);
    if matches!(first, Err(IkError::Pose(_) | IkError::Reference { .. })) {
        return first.map_err(MotionError::Unreachable);
    }
    if first.as_ref().is_ok_and(|goals| any_free(checker, goals)) || tolerance.is_none() {
        return first.map_err(MotionError::Unreachable);
    }
    let mut halton = Halton::new(6, 0);
    for _ in 0..OTHERS {
        let mut shares = [0.0; 6];
        halton.next(&mut shares);
        match at(&tolerance.moved(pose, shares)) {
            Ok(goals) if any_free(checker, &goals) => return Ok(goals),
            _ => {}
        }
    }
    first.map_err(MotionError::Unreachable)
}

fn any_free(checker: &Checker, goals: &[Vec<f64>]) -> bool {
    let single = |goal: &Vec<f64>| goal.iter().map(|x| *x as f32).collect::<Vec<f32>>();
    goals.iter().any(|goal| checker.is_free(&single(goal)))
}
