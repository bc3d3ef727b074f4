//! What may be tuned while the arm moves: payload, gains, torque limits, friction; and how a change
//! takes place.
//!
//! The one rule: what is in force changes only gradually. A change goes from what is in force now,
//! also from the middle of another change, in a straight line to the new values.

use crate::margin;
use arm_model::Payload;
use vocabulary::joint::{JOINTS, PerJoint};

/// What is tunable of one joint.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct JointTuning {
    /// N·m/rad, of law `torque`, as are all gains.
    pub stiffness: f64,
    /// 1 = critical at the least inertia the joint feels.
    pub damping_ratio: f64,
    /// N·m/(rad·s).
    pub integral: f64,
    /// Largest torque of the integral, N·m.
    pub integral_limit: f64,
    /// Cut-off of the derivative, Hz.
    pub derivative_filter_hz: f64,
    /// Largest torque asked for, N·m.
    pub torque_limit: f64,
    /// Dry friction, N·m.
    pub coulomb: f64,
    /// Viscous friction, N·m·s/rad.
    pub viscous: f64,
    /// Least inertia the joint feels, kg·m²; a fact, not tunable.
    pub inertia: f64,
}

impl JointTuning {
    /// N·m·s/rad.
    #[must_use]
    pub fn damping(&self) -> f64 {
        margin::damping(self.stiffness, self.inertia, self.damping_ratio)
    }

    /// In which the integral of a joint at its torque limit is unwound, s: as fast as the loop
    /// settles.
    #[must_use]
    pub fn tracking_time(&self) -> f64 {
        (self.damping() / self.stiffness).clamp(0.01, 10.0)
    }

    fn between(&self, to: &Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * share;
        Self {
            stiffness: mix(self.stiffness, to.stiffness),
            damping_ratio: mix(self.damping_ratio, to.damping_ratio),
            integral: mix(self.integral, to.integral),
            integral_limit: mix(self.integral_limit, to.integral_limit),
            derivative_filter_hz: mix(self.derivative_filter_hz, to.derivative_filter_hz),
            torque_limit: mix(self.torque_limit, to.torque_limit),
            coulomb: mix(self.coulomb, to.coulomb),
            viscous: mix(self.viscous, to.viscous),
            inertia: to.inertia,
        }
    }
}

/// Everything that is tunable.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// What hangs at the tip.
    pub payload: Payload,
    /// Share of the model's torque that law `position` feeds forward, 0 to 1.
    pub feed_forward: f64,
    /// Share of the friction that the drives make up for by themselves in position mode, 0 to 1.
    pub friction_compensation: f64,
    /// Speed at which the smooth sign of the friction has gone over, rad/s.
    pub friction_speed: f64,
    /// Joint by joint.
    pub joints: PerJoint<JointTuning>,
}

impl Tuning {
    fn between(&self, to: &Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * share;
        let mut joints = [JointTuning::default(); JOINTS];
        for ((mixed, a), b) in joints.iter_mut().zip(&self.joints).zip(&to.joints) {
            *mixed = a.between(b, share);
        }
        Self {
            payload: self.payload.between(&to.payload, share),
            feed_forward: mix(self.feed_forward, to.feed_forward),
            friction_compensation: mix(self.friction_compensation, to.friction_compensation),
            friction_speed: mix(self.friction_speed, to.friction_speed),
            joints,
        }
    }
}

/// What is in force, and on the way to what.
#[derive(Debug, Clone)]
pub struct Tuner {
    now: Tuning,
    from: Tuning,
    to: Tuning,
    gone: f64,
    ramp: f64,
}

impl Tuner {
    /// In force from the start.
    #[must_use]
    pub fn new(tuning: Tuning) -> Self {
        Self { now: tuning, from: tuning, to: tuning, gone: 0.0, ramp: 0.0 }
    }

    /// What is in force.
    #[must_use]
    pub fn now(&self) -> &Tuning {
        &self.now
    }

    /// What is in force when every change is over.
    #[must_use]
    pub fn target(&self) -> &Tuning {
        &self.to
    }

    /// Begins a change that takes `ramp` s.
    pub fn go(&mut self, to: Tuning, ramp: f64) {
        (self.from, self.to) = (self.now, to);
        (self.gone, self.ramp) = (0.0, ramp);
        if ramp <= 0.0 {
            self.now = to;
        }
    }

    /// `dt` s pass.
    pub fn advance(&mut self, dt: f64) {
        if self.gone >= self.ramp {
            return;
        }
        self.gone += dt;
        let over = self.gone >= self.ramp;
        self.now = if over { self.to } else { self.from.between(&self.to, self.gone / self.ramp) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::rules::Rules;

    fn tuning(stiffness: f64) -> Tuning {
        let mut tuning = Rules::for_test().tuning(&Config::default()).unwrap();
        tuning.joints[1].stiffness = stiffness;
        tuning
    }

    #[test]
    fn a_change_goes_straight_and_ends_exactly() {
        let mut tuner = Tuner::new(tuning(100.0));
        tuner.go(tuning(300.0), 0.4);
        tuner.advance(0.1);
        assert!((tuner.now().joints[1].stiffness - 150.0).abs() < 1e-9);
        (0..100).for_each(|_| tuner.advance(0.004));
        assert_eq!(tuner.now().joints[1].stiffness, 300.0);
    }

    #[test]
    fn a_change_in_the_middle_of_another_begins_where_that_one_is() {
        let mut tuner = Tuner::new(tuning(100.0));
        tuner.go(tuning(300.0), 0.4);
        tuner.advance(0.2);
        tuner.go(tuning(100.0), 0.4);
        assert!((tuner.now().joints[1].stiffness - 200.0).abs() < 1e-9);
        tuner.advance(0.2);
        assert!((tuner.now().joints[1].stiffness - 150.0).abs() < 1e-9);
    }
}
