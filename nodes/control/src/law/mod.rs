//! Control laws: what turns the reference into what the drives are told.
//!
//! A law sees the reference, the newest measurements, the model and the gains in force, and keeps
//! whatever state it needs. Changing the law while the arm moves is bumpless because the new one is
//! told what acts at the joints ([`Law::adopt`]). A further law is a file beside this one and its
//! name in the list below.

use crate::dynamics::Dynamics;
use crate::tuning::Tuning;
use std::fmt::Debug;
use trajectory::State;
use vocabulary::command::Mode;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// Makes each name a module with a function `law` in it, and the registry of them all.
macro_rules! laws {
    ($($name:ident),*) => {
        $(mod $name;)*

        /// The laws by the names that parameters know them by; the first one is the default.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        fn all() -> Vec<Box<dyn Law>> {
            vec![$(Box::new($name::law())),*]
        }
    };
}

laws!(position, torque);

/// A joint as it was at its newest sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The instant of the sample, on our steady clock.
    pub at: Monotonic,
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
    /// The arm's mechanics.
    pub dynamics: &'a Dynamics,
    /// Gains, payload and friction in force.
    pub tuning: &'a Tuning,
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
    /// Acceleration at the setpoint, rad/s².
    pub acceleration: PerJoint<f64>,
    /// Torque feed-forward (position mode) or setpoint (torque mode), N·m.
    pub effort: PerJoint<f64>,
}

/// What a law begins with at a joint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Acting {
    /// This torque acts, N·m.
    Torque(f64),
    /// This much more than the model expects, N·m; 0 where nothing is known or a brake holds the joint.
    Beyond(f64),
}

/// A control law. `update` runs in the cycle: no allocation, no lock, no I/O.
pub trait Law: Debug + Send {
    /// How the drives close their loops under it.
    fn mode(&self) -> Mode;

    /// Continues from what acts at the joints now: sets integrators so that the next output equals
    /// it. Joints without go on as they are.
    fn adopt(&mut self, acting: &PerJoint<Option<Acting>>);

    /// Its integrators, N·m; zero where it has none.
    fn integral(&self) -> PerJoint<f64> {
        [0.0; JOINTS]
    }

    /// Continues with the integrators of a predecessor under the same law.
    fn restore(&mut self, _integral: &PerJoint<f64>) {}

    /// The output of this cycle.
    fn update(&mut self, input: &LawInput<'_>) -> LawOutput;
}

/// All laws, one of them at work. Changing it allocates nothing.
#[derive(Debug)]
pub struct Laws {
    all: Vec<Box<dyn Law>>,
    active: usize,
    /// What acts when none is there, which cannot be.
    idle: position::PositionLaw,
}

impl Default for Laws {
    fn default() -> Self {
        Self { all: all(), active: 0, idle: position::law() }
    }
}

impl Laws {
    /// Name of the law at work.
    #[must_use]
    pub fn name(&self) -> &'static str {
        NAMES.get(self.active).copied().unwrap_or_default()
    }

    /// Puts the law of this name to work, which continues from what acts at the joints; false when
    /// there is none, or it is at work already.
    pub fn select(&mut self, name: &str, acting: &PerJoint<Option<Acting>>) -> bool {
        let found = NAMES.iter().position(|known| *known == name);
        let Some(found) = found.filter(|found| *found != self.active) else { return false };
        self.active = found;
        self.adopt(acting);
        true
    }

    /// How the drives close their loops under the law at work.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.all.get(self.active).map_or_else(|| self.idle.mode(), |law| law.mode())
    }

    /// See [`Law::adopt`].
    pub fn adopt(&mut self, acting: &PerJoint<Option<Acting>>) {
        if let Some(law) = self.all.get_mut(self.active) {
            law.adopt(acting);
        }
    }

    /// See [`Law::integral`].
    #[must_use]
    pub fn integral(&self) -> PerJoint<f64> {
        self.all.get(self.active).map_or([0.0; JOINTS], |law| law.integral())
    }

    /// See [`Law::restore`].
    pub fn restore(&mut self, integral: &PerJoint<f64>) {
        if let Some(law) = self.all.get_mut(self.active) {
            law.restore(integral);
        }
    }

    /// See [`Law::update`].
    pub fn update(&mut self, input: &LawInput<'_>) -> LawOutput {
        match self.all.get_mut(self.active) {
            Some(law) => law.update(input),
            None => self.idle.update(input),
        }
    }
}

#[cfg(test)]
mod tests;
