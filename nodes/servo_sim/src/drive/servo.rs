//! The loops inside a drive: position over velocity over current.
//!
//! The one rule: torque never exceeds the limit, and the integrator never winds up beyond it. With
//! the right torque feed-forward only its residue is left to the loops.
//!
//! Position P, velocity PI, current loop as a first-order lag. Gains follow from the joint's
//! inertia and the bandwidths of the configuration.

use super::setpoint::Reference;

/// Numbers of one joint's loops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gains {
    /// Velocity loop, N·m·s/rad.
    pub velocity: f64,
    /// Position loop, 1/s.
    pub position: f64,
    /// Integral of the velocity loop, N·m/rad.
    pub integral: f64,
    /// Lag of the current loop, s.
    pub current_lag: f64,
    /// Coulomb friction the drive compensates, N·m.
    pub coulomb: f64,
    /// Viscous friction the drive compensates, N·m·s/rad.
    pub viscous: f64,
    /// Torque the motor can make at most, N·m.
    pub peak: f64,
}

/// Speed at which the Coulomb compensation has reached its full value, rad/s.
const COMPENSATION_SPEED: f64 = 0.01;

/// State of the loops of one joint.
#[derive(Debug, Clone, Default)]
pub struct Servo {
    integral: f64,
    torque: f64,
    saturated: bool,
    /// The next step of the position loop begins with the torque that is there.
    bumpless: bool,
}

impl Servo {
    /// Torque the motor makes now, N·m at the joint.
    #[must_use]
    pub fn torque(&self) -> f64 {
        self.torque
    }

    /// Whether the last command was cut by the torque limit.
    #[must_use]
    pub fn saturated(&self) -> bool {
        self.saturated
    }

    /// Starts with `torque` N·m already there, as a drive does that takes the load over from its
    /// brake.
    pub fn start(&mut self, torque: f64) {
        *self = Self { torque, bumpless: true, ..Self::default() };
    }

    /// No torque.
    pub fn release(&mut self) {
        *self = Self::default();
    }

    /// One step of the position loop: `limit` N·m, `dt` s.
    pub fn follow(
        &mut self,
        gains: &Gains,
        reference: &Reference,
        measured: (f64, f64),
        limit: f64,
        dt: f64,
    ) {
        let (position, velocity) = measured;
        let wanted = reference.velocity + gains.position * (reference.position - position);
        let error = wanted - velocity;
        let direction = (reference.velocity / COMPENSATION_SPEED).clamp(-1.0, 1.0);
        let friction = gains.coulomb * direction + gains.viscous * reference.velocity;
        let proportional = reference.torque + friction + gains.velocity * error;
        if std::mem::take(&mut self.bumpless) {
            self.integral = self.torque - proportional;
        }
        let integral = self.integral + gains.integral * error * dt;
        let command = proportional + integral;
        let limit = limit.min(gains.peak);
        self.saturated = command.abs() > limit;
        if !self.saturated || integral.abs() < self.integral.abs() {
            self.integral = integral.clamp(-limit, limit);
        }
        self.drive_current(command.clamp(-limit, limit), gains.current_lag, dt);
    }

    /// One step of the torque mode.
    pub fn push(&mut self, gains: &Gains, torque: f64, limit: f64, dt: f64) {
        let limit = limit.min(gains.peak);
        self.saturated = torque.abs() > limit;
        self.integral = 0.0;
        self.drive_current(torque.clamp(-limit, limit), gains.current_lag, dt);
    }

    /// The position loop takes over from another one without a step in torque: its integrator begins
    /// with what its other parts leave.
    pub fn hand_over(&mut self) {
        self.bumpless = true;
    }

    fn drive_current(&mut self, command: f64, lag: f64, dt: f64) {
        let share = if lag > 0.0 { 1.0 - (-dt / lag).exp() } else { 1.0 };
        self.torque += share * (command - self.torque);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAINS: Gains = Gains {
        velocity: 240.0,
        position: 60.0,
        integral: 6000.0,
        current_lag: 5e-4,
        coulomb: 0.0,
        viscous: 0.0,
        peak: 100.0,
    };

    /// A joint of 1 kg·m² under `load` N·m; returns position and largest torque.
    fn run(servo: &mut Servo, target: f64, load: f64, limit: f64) -> (f64, f64) {
        let (mut q, mut v, mut most) = (0.0, 0.0, 0.0_f64);
        for _ in 0..2000 {
            let reference = Reference { position: target, ..Reference::default() };
            servo.follow(&GAINS, &reference, (q, v), limit, 1e-3);
            most = most.max(servo.torque().abs());
            v += 1e-3 * (servo.torque() - load);
            q += 1e-3 * v;
        }
        (q, most)
    }

    #[test]
    fn a_constant_load_leaves_no_lasting_error() {
        let (q, _) = run(&mut Servo::default(), 0.1, 30.0, 100.0);
        assert!((q - 0.1).abs() < 1e-6, "{q}");
    }

    #[test]
    fn torque_stays_below_the_limit_and_the_integrator_does_not_wind_up() {
        let mut servo = Servo::default();
        let (q, most) = run(&mut servo, 0.05, 0.0, 20.0);
        assert!(most <= 20.0, "{most}");
        assert!((q - 0.05).abs() < 1e-3, "{q}");
    }

    #[test]
    fn taking_over_from_the_brake_does_not_sag() {
        let mut servo = Servo::default();
        servo.start(30.0);
        servo.follow(&GAINS, &Reference::default(), (0.0, 0.0), 100.0, 1e-3);
        assert!((servo.torque() - 30.0).abs() < 1e-9);
    }
}
