//! `torque`: computed torque. The drives make the torque they are told (CST); the position loop is
//! closed here.
//!
//! The torque is the sum of the inverse dynamics of the reference with payload and friction, stiffness
//! times position error, damping times velocity error, and the integral. Errors are those of the sample's own instant, so that the
//! delay of the bus is no tracking error. The derivative is taken from the measured positions through
//! a first-order filter; the reference of the same instants goes through it, too, so that its lag
//! cancels, and it cannot kick because references are continuous. The integral is unwound by
//! back-calculation while the torque is cut by its limit (Åström and Hägglund 1995, section 3.5).

use super::{Acting, Law, LawInput, LawOutput, Measured};
use crate::tuning::JointTuning;
use std::f64::consts::TAU;
use trajectory::State;
use vocabulary::command::Mode;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// Samples further apart than this say nothing about velocity, s.
const LONGEST_GAP: f64 = 0.1;

/// For the registry.
pub(super) fn law() -> TorqueLaw {
    TorqueLaw::default()
}

/// Integrators and derivative filters of all joints.
#[derive(Debug, Default)]
pub(super) struct TorqueLaw {
    joints: PerJoint<Loop>,
    /// Torques to continue from in the next cycle, N·m.
    adopted: PerJoint<Option<Acting>>,
}

/// One joint's loop.
#[derive(Debug, Clone, Copy, Default)]
struct Loop {
    integral: f64,
    derivative: Derivative,
}

/// Rate of the position error, rad/s, through a first-order low pass.
#[derive(Debug, Clone, Copy, Default)]
struct Derivative {
    last: Option<(Monotonic, f64)>,
    value: f64,
}

impl Derivative {
    /// The filtered rate; a sample that was seen already changes nothing.
    fn take(&mut self, sample: &Measured, cutoff_hz: f64) -> f64 {
        let Some((before, from)) = self.last.replace((sample.at, sample.error_position)) else {
            self.value = sample.error_velocity;
            return self.value;
        };
        let dt = sample.at.seconds_from(before);
        if dt > LONGEST_GAP {
            self.value = sample.error_velocity;
        } else if dt > 0.0 {
            let share = TAU * cutoff_hz * dt;
            let rate = (sample.error_position - from) / dt;
            self.value += share / (1.0 + share) * (rate - self.value);
        }
        self.value
    }
}

/// Torques of one joint in one cycle, N·m.
struct Parts {
    model: f64,
    adopted: Option<Acting>,
    limit: f64,
    dt: f64,
}

impl Loop {
    fn update(&mut self, gains: &JointTuning, measured: Option<&Measured>, parts: &Parts) -> f64 {
        let (mut error, mut correction) = (0.0, 0.0);
        if let Some(sample) = measured {
            let rate = self.derivative.take(sample, gains.derivative_filter_hz);
            error = sample.error_position;
            correction = gains.stiffness * error + gains.damping() * rate;
        }
        let limit = parts.limit;
        match parts.adopted {
            Some(Acting::Torque(effort)) => {
                self.integral = (effort - parts.model - correction).clamp(-limit, limit);
            }
            Some(Acting::Beyond(effort)) => self.integral = effort.clamp(-limit, limit),
            None => {}
        }
        let wanted = parts.model + correction + self.integral;
        let torque = wanted.clamp(-limit, limit);
        if parts.adopted.is_none() {
            let unwind = (torque - wanted) / gains.tracking_time();
            self.integrate(gains, gains.integral * error + unwind, parts.dt);
        }
        torque
    }

    /// One that was adopted beyond its limit only shrinks.
    fn integrate(&mut self, gains: &JointTuning, rate: f64, dt: f64) {
        let bound = gains.integral_limit.max(self.integral.abs());
        let next = (self.integral + rate * dt).clamp(-bound, bound);
        self.integral = if next.is_finite() { next } else { 0.0 };
    }
}

impl Law for TorqueLaw {
    fn mode(&self) -> Mode {
        Mode::Torque
    }

    fn adopt(&mut self, acting: &PerJoint<Option<Acting>>) {
        for (joint, acting) in self.joints.iter_mut().zip(acting) {
            if acting.is_some() {
                *joint = Loop::default();
            }
        }
        for (adopted, acting) in self.adopted.iter_mut().zip(acting) {
            *adopted = acting.or(*adopted);
        }
    }

    fn integral(&self) -> PerJoint<f64> {
        self.joints.map(|joint| joint.integral)
    }

    fn restore(&mut self, integral: &PerJoint<f64>) {
        self.adopted = [None; JOINTS];
        for (joint, integral) in self.joints.iter_mut().zip(integral) {
            joint.integral = *integral;
        }
    }

    fn update(&mut self, input: &LawInput<'_>) -> LawOutput {
        let model = input.dynamics.torque(input.reference, input.tuning, 1.0);
        let adopted = std::mem::take(&mut self.adopted);
        let mut effort = [0.0; JOINTS];
        let known = model.iter().zip(input.effort_limit).zip(adopted);
        let known = known.zip(&input.tuning.joints).zip(input.measured);
        for ((joint, effort), known) in self.joints.iter_mut().zip(&mut effort).zip(known) {
            let ((((model, limit), adopted), gains), measured) = known;
            let model = if model.is_finite() { *model } else { 0.0 };
            let parts = Parts { model, adopted, limit: *limit, dt: input.dt };
            *effort = joint.update(gains, measured.as_ref(), &parts);
        }
        let State { position, velocity, acceleration } = *input.reference;
        LawOutput { mode: Mode::Torque, position, velocity, acceleration, effort }
    }
}
