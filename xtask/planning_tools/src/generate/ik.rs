//! Some configurations that bring the tip to a pose: damped least squares from many beginnings. For
//! making problems only, where speed does not matter.

use collision::{Pose, Robot};
use nalgebra::{DMatrix, DVector, Vector6};
use rand::Rng;

/// Beginnings tried per pose.
const BEGINNINGS: usize = 60;
/// Steps from each.
const STEPS: usize = 100;
/// Good enough [m and rad].
const CLOSE: f64 = 1e-6;
/// Solutions nearer than this to another one are the same [rad].
const SAME: f64 = 0.1;

/// Solutions within the limits.
pub fn solutions(robot: &Robot, target: &Pose, rng: &mut impl Rng) -> Vec<Vec<f64>> {
    let mut found: Vec<Vec<f64>> = Vec::new();
    for _ in 0..BEGINNINGS {
        let begin = robot.joints().iter().map(|j| rng.random_range(j.lower..j.upper)).collect();
        if let Some(solution) = descend(robot, target, begin) {
            let differs =
                |other: &Vec<f64>| other.iter().zip(&solution).any(|(a, b)| (a - b).abs() > SAME);
            if found.iter().all(differs) {
                found.push(solution);
            }
        }
    }
    found
}

fn descend(robot: &Robot, target: &Pose, mut q: Vec<f64>) -> Option<Vec<f64>> {
    for _ in 0..STEPS {
        let error = difference(&robot.tip_pose(&q), target);
        if error.norm() < CLOSE {
            return Some(q);
        }
        let jacobian = jacobian(robot, &q);
        let damping = 1e-3 * error.norm().min(0.1);
        let square = &jacobian * jacobian.transpose() + DMatrix::identity(6, 6) * damping;
        let step = jacobian.transpose()
            * square.try_inverse()?
            * DVector::from_row_slice(error.as_slice());
        for ((x, step), joint) in q.iter_mut().zip(step.iter()).zip(robot.joints()) {
            *x = (*x + step.clamp(-0.5, 0.5)).clamp(joint.lower, joint.upper);
        }
    }
    None
}

/// From one pose to another one: shift and turn in the root's frame.
fn difference(from: &Pose, to: &Pose) -> Vector6<f64> {
    let shift = to.translation.vector - from.translation.vector;
    let turn = (to.rotation * from.rotation.inverse()).scaled_axis();
    Vector6::new(shift.x, shift.y, shift.z, turn.x, turn.y, turn.z)
}

fn jacobian(robot: &Robot, q: &[f64]) -> DMatrix<f64> {
    let here = robot.tip_pose(q);
    let small = 1e-6;
    let columns: Vec<DVector<f64>> = (0..q.len())
        .map(|i| {
            let mut moved = q.to_vec();
            moved.iter_mut().skip(i).take(1).for_each(|x| *x += small);
            let change = difference(&here, &robot.tip_pose(&moved)) / small;
            DVector::from_row_slice(change.as_slice())
        })
        .collect();
    DMatrix::from_columns(&columns)
}
