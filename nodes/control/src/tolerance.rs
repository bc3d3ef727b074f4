//! Whether the arm is where the reference was, joint by joint, every cycle.

use crate::law::Measured;
use vocabulary::joint::PerJoint;
use vocabulary::plan::{Tolerance, Violation};

/// The first joint outside its tolerance.
pub(crate) fn first_violation(
    measured: &PerJoint<Option<Measured>>,
    tolerance: &PerJoint<Tolerance>,
    at_goal: bool,
    path_time: f64,
) -> Option<Violation> {
    measured.iter().zip(tolerance).enumerate().find_map(|(joint, (measured, tolerance))| {
        let measured = measured.as_ref()?;
        let checks = [
            (false, measured.error_position, tolerance.position),
            (true, measured.error_velocity, tolerance.velocity),
        ];
        checks.into_iter().find(|(_, error, limit)| error.abs() > *limit).map(
            |(velocity, error, limit)| Violation {
                joint,
                at_goal,
                velocity,
                error,
                limit,
                path_time,
            },
        )
    })
}
