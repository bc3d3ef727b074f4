//! What the numeric solver is asked for.

use crate::JointVector;

/// Where a redundant arm, of more than six joints, should stand when it has a choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Posture<const N: usize> {
    /// Anywhere: fastest.
    Any,
    /// Near the reference of the call.
    Reference,
    /// Near these joint positions [rad].
    At(JointVector<N>),
}

/// Bounds and tolerances of the numeric solver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericSettings<const N: usize> {
    /// Same seed, same answer.
    pub seed: u64,
    /// Largest accepted error of the position [m].
    pub position_tolerance: f64,
    /// Largest accepted error of the orientation [rad].
    pub rotation_tolerance: f64,
    /// Iterations before it gives up, over all starts; one takes less than a microsecond.
    pub iterations: usize,
    /// Starts that `solve_all` makes to find different solutions.
    pub starts: usize,
    /// What to do with redundancy.
    pub posture: Posture<N>,
    /// Steps towards the posture.
    pub posture_steps: usize,
    /// A step towards the posture that is shorter ends the search for it [rad].
    pub posture_tolerance: f64,
}

impl<const N: usize> Default for NumericSettings<N> {
    fn default() -> Self {
        Self {
            seed: 0,
            position_tolerance: 1e-9,
            rotation_tolerance: 1e-9,
            iterations: 2000,
            starts: 16,
            posture: Posture::Reference,
            posture_steps: 20,
            posture_tolerance: 1e-3,
        }
    }
}
