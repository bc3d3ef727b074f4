//! Torques along a curve and along a motion, by inverse dynamics.
//!
//! The rule: gravity alone must leave something of every torque limit, or nothing can be timed.
//! What it leaves is shared by acceleration and turning, both linear in (u, x) = (s̈, ṡ²).
#![allow(clippy::indexing_slicing)] // arrays of N, indices below N

use arm_model::{ArmModel, JointVector, Load};

use crate::curve::Jet;
use crate::error::{Place, TimingError};
use crate::limits::Limits;
use crate::timed::State;

/// The arm and what it carries.
#[derive(Debug, Clone, Copy)]
pub struct Dynamics<'a, const N: usize> {
    /// The arm.
    pub arm: &'a ArmModel<N>,
    /// Gravity and payload.
    pub load: Load,
}

/// Torques at a place of a curve: push·s̈ + swing·ṡ² + hold, N·m.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TorqueTerms<const N: usize> {
    pub push: [f64; N],
    pub swing: [f64; N],
    pub hold: [f64; N],
}

impl<const N: usize> Dynamics<'_, N> {
    /// Torques of a state, N·m.
    #[must_use]
    pub fn torque(&self, state: &State<N>) -> [f64; N] {
        let [q, v, a] = [&state.position, &state.velocity, &state.acceleration].map(vector);
        self.arm.inverse_dynamics(&q, &v, &a, &self.load).into()
    }

    /// Torques that hold the arm still, N·m.
    pub(crate) fn hold(&self, position: &[f64; N]) -> [f64; N] {
        self.arm.gravity_torque(&vector(position), &self.load).into()
    }

    pub(crate) fn terms(&self, jet: &Jet<N>) -> TorqueTerms<N> {
        let hold = self.hold(&jet.position);
        let still = [0.0; N];
        let more = |velocity: &[f64; N], acceleration: &[f64; N]| {
            let (velocity, acceleration) = (*velocity, *acceleration);
            let torque = self.torque(&State { position: jet.position, velocity, acceleration });
            std::array::from_fn(|j| torque[j] - hold[j])
        };
        let (push, swing) = (more(&still, &jet.first), more(&jet.first, &jet.second));
        TorqueTerms { push, swing, hold }
    }

    /// Refuses a place where gravity takes all of a torque limit.
    pub(crate) fn check_hold(
        &self,
        position: &[f64; N],
        limits: &Limits<N>,
        place: Place,
    ) -> Result<(), TimingError> {
        let hold = self.hold(position);
        let weak = (0..N).find(|j| hold[*j].abs() >= limits.torque[*j]);
        weak.map_or(Ok(()), |j| {
            let (joint, needed, limit) = (limits.names[j].clone(), hold[j], limits.torque[j]);
            Err(TimingError::Gravity { place, joint, needed, limit })
        })
    }

    /// How much more slowly a motion must pass a state for the torques to suffice, squared; below 1
    /// when they do. The state must be one that the arm can hold.
    pub(crate) fn slowing(&self, state: &State<N>, limits: &Limits<N>) -> f64 {
        let (torque, hold) = (self.torque(state), self.hold(&state.position));
        let mut most = 0.0_f64;
        for j in 0..N {
            let more = torque[j] - hold[j];
            most = most.max(more.abs() / (limits.torque[j] - hold[j] * more.signum()));
        }
        most
    }
}

fn vector<const N: usize>(values: &[f64; N]) -> JointVector<N> {
    JointVector::from(*values)
}
