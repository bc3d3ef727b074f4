//! The control law: turns the reference into what the drives are told.
//!
//! A law sees the reference, the newest measurements and the model, and keeps whatever state it
//! needs. Changing the law while the arm moves is bumpless because the new one is told what was
//! last applied ([`Law::adopt`]).

use crate::dynamics::Dynamics;
use trajectory::State;
use vocabulary::command::Mode;
use vocabulary::joint::{JOINTS, PerJoint};

/// A joint as it was at its newest sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Position, rad.
    pub position: f64,
    /// Velocity, rad/s.
    pub velocity: f64,
    /// Torque, N·m.
    pub effort: f64,
    /// Reference minus position at the instant of the sample, rad.
    pub error_position: f64,
    /// Reference minus velocity at the instant of the sample, rad/s.
    pub error_velocity: f64,
}

/// What a law may use.
#[derive(Debug)]
pub struct LawInput<'a> {
    /// Where the arm shall be at the setpoint's instant.
    pub reference: &'a State,
    /// The joints; none where silent.
    pub measured: &'a PerJoint<Option<Measured>>,
    /// The expected torques.
    pub dynamics: &'a Dynamics,
    /// Whether to use them.
    pub feed_forward: bool,
    /// Largest torque allowed now, N·m.
    pub effort_limit: &'a PerJoint<f64>,
    /// Time since the last cycle, s.
    pub dt: f64,
}

/// What the drives are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LawOutput {
    /// How the drives close their loops.
    pub mode: Mode,
    /// Position setpoint, rad.
    pub position: PerJoint<f64>,
    /// Velocity at the setpoint, rad/s.
    pub velocity: PerJoint<f64>,
    /// Torque feed-forward (position mode) or setpoint (torque mode), N·m.
    pub effort: PerJoint<f64>,
}

/// A control law. `update` runs in the cycle: no allocation, no lock, no I/O.
pub trait Law: Send {
    /// The name by which parameters choose it.
    fn name(&self) -> &'static str;

    /// Continues from what was last applied: sets integrators so that the next output equals it.
    fn adopt(&mut self, applied: &LawOutput);

    /// The output of this cycle.
    fn update(&mut self, input: &LawInput<'_>) -> LawOutput;
}

/// The drives close the position loop (CSP); velocity and torque are fed forward.
#[derive(Debug, Default)]
pub(crate) struct PositionLaw;

impl Law for PositionLaw {
    fn name(&self) -> &'static str {
        "position"
    }

    fn adopt(&mut self, _applied: &LawOutput) {}

    fn update(&mut self, input: &LawInput<'_>) -> LawOutput {
        let mut effort = [0.0; JOINTS];
        if input.feed_forward {
            effort = input.dynamics.torque(input.reference);
        }
        for (effort, limit) in effort.iter_mut().zip(input.effort_limit) {
            *effort = if effort.is_finite() { effort.clamp(-limit, *limit) } else { 0.0 };
        }
        let State { position, velocity, .. } = *input.reference;
        LawOutput { mode: Mode::Position, position, velocity, effort }
    }
}
