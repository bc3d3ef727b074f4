//! The mechanics: coupled rigid bodies, friction, brakes and end stops.
//!
//! The one rule: semi-implicit Euler in steps that the configuration bounds, so equal torques give
//! equal motion to the last bit. A closed brake holds exactly, as a constraint, until its torque is
//! exceeded; then it slips.
#![allow(clippy::indexing_slicing)] // loops over 0..JOINTS into vectors of JOINTS

use crate::config::{BrakeConfig, Config, FrictionConfig};
use arm_model::{ArmModel, JointLimits, JointVector, Load, LoadError, Payload};
use nalgebra::{Matrix3, Vector3};
use vocabulary::joint::{JOINTS, PerJoint};

type Vector = JointVector<JOINTS>;

/// How far beyond the limits of the description the end stops stand, rad.
const STOP_MARGIN: f64 = 0.03;
/// Natural frequency of a joint that leans on its end stop, rad/s.
const STOP_FREQUENCY: f64 = 150.0;
/// Share of a joint's momentum that friction may take in one step without overshooting zero.
const FRICTION_GRIP: f64 = 0.3;
/// A closed brake catches a joint below this speed, rad/s; above, it rubs, unless it is strong enough
/// to stop the joint within one step.
const CATCH_SPEED: f64 = 0.05;

/// The arm as a mechanism.
#[derive(Debug, Clone)]
pub struct Plant {
    model: ArmModel<JOINTS>,
    load: Load,
    friction: FrictionConfig,
    brake: BrakeConfig,
    inertia: PerJoint<f64>,
    step: f64,
    /// Position, rad.
    pub position: Vector,
    /// Velocity, rad/s.
    pub velocity: Vector,
    /// Acceleration in the last step, rad/s².
    pub acceleration: Vector,
    /// Power that friction turns into heat, W.
    pub friction_power: Vector,
    /// Torque that the closed brakes carry, N·m.
    pub brake_torque: Vector,
    caught: [bool; JOINTS],
}

impl Plant {
    /// The arm at rest at the initial position.
    ///
    /// # Errors
    /// [`LoadError`] when the model refuses the rotor inertias.
    pub fn new(config: &Config, model: ArmModel<JOINTS>) -> Result<Self, LoadError> {
        let rotors = Vector::from(config.motor.reflected_inertia());
        let model = model.with_rotor_inertia(rotors)?;
        let inertia = felt_inertia(&model);
        Ok(Self {
            model,
            load: Load::EMPTY,
            friction: config.friction.clone(),
            brake: config.brake.clone(),
            inertia,
            step: config.physics_step,
            position: Vector::from(config.initial_position),
            velocity: Vector::zeros(),
            acceleration: Vector::zeros(),
            friction_power: Vector::zeros(),
            brake_torque: Vector::zeros(),
            caught: [false; JOINTS],
        })
    }

    /// Least inertia each joint feels, kg·m²: what its loops are tuned for.
    #[must_use]
    pub fn inertia(&self) -> &PerJoint<f64> {
        &self.inertia
    }

    /// The arm's model with its rotors.
    #[must_use]
    pub fn model(&self) -> &ArmModel<JOINTS> {
        &self.model
    }

    /// What hangs at the tool, and gravity.
    #[must_use]
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// Hangs `mass` kg at `center` m in the tool frame; takes effect at once. `inertia` about that
    /// place along the tool's axes, kg·m²: xx, xy, xz, yy, yz, zz; zero for a point mass.
    ///
    /// # Errors
    /// [`LoadError`] for a body that is not physical.
    pub fn set_payload(
        &mut self,
        mass: f64,
        center: [f64; 3],
        inertia: [f64; 6],
    ) -> Result<(), LoadError> {
        let [xx, xy, xz, yy, yz, zz] = inertia;
        let inertia = Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz);
        self.load.payload = Payload::new(mass, Vector3::from(center), inertia)?;
        Ok(())
    }

    /// Advances by `dt` s under the motors' torques, N·m at the joint; `closed`: brakes.
    pub fn advance(&mut self, motor: &PerJoint<f64>, closed: &[bool; JOINTS], dt: f64) {
        let closed = closed.map(|c| c && self.brake.fitted);
        self.catch(motor, &closed);
        let torque = self.applied(motor, &closed);
        self.acceleration = if self.caught.contains(&true) {
            self.constrained(&torque)
        } else {
            self.brake_torque.fill(0.0);
            self.model.forward_dynamics(&self.position, &self.velocity, &torque, &self.load)
        };
        self.velocity += self.acceleration * dt;
        self.position += self.velocity * dt;
    }

    fn catch(&mut self, motor: &PerJoint<f64>, closed: &[bool; JOINTS]) {
        let fast = |(v, closed): (&f64, &bool)| *closed && v.abs() >= CATCH_SPEED;
        let rubs = self.velocity.iter().zip(closed).any(fast);
        let bias = rubs.then(|| self.bias());
        for i in 0..JOINTS {
            let v = self.velocity[i];
            let stops = |bias: Vector| {
                let needed = bias[i] - motor[i] - self.inertia[i] / self.step * v;
                needed.abs() < self.brake.torque[i]
            };
            let catches = v.abs() < CATCH_SPEED || bias.is_some_and(stops);
            self.caught[i] = closed[i] && (self.caught[i] || catches);
            if self.caught[i] {
                self.velocity[i] = 0.0;
            }
        }
    }

    /// Torques that gravity and the other joints' motion ask for.
    fn bias(&self) -> Vector {
        let zero = Vector::zeros();
        self.model.inverse_dynamics(&self.position, &self.velocity, &zero, &self.load)
    }

    /// Torques on the links: motors, end stops, friction and rubbing brakes.
    fn applied(&mut self, motor: &PerJoint<f64>, closed: &[bool; JOINTS]) -> Vector {
        let mut torque = Vector::from(*motor);
        for i in 0..JOINTS {
            let v = self.velocity[i];
            let rubbing = if closed[i] && !self.caught[i] { self.brake.torque[i] } else { 0.0 };
            let fade = (v / self.friction.stribeck_velocity).powi(2);
            let stiction = self.friction.stiction[i] * (-fade).exp();
            let dry = self.friction.coulomb[i] + stiction;
            let stop = self.inertia[i] / self.step * v;
            let grip = (FRICTION_GRIP * stop).clamp(-dry, dry) + stop.clamp(-rubbing, rubbing);
            let friction = grip + self.friction.viscous[i] * v;
            self.friction_power[i] = friction * v;
            torque[i] += self.stop_torque(i) - friction;
        }
        torque
    }

    fn stop_torque(&self, i: usize) -> f64 {
        let JointLimits { lower, upper, .. } = self.model.limits()[i];
        let q = self.position[i];
        let depth = q - q.clamp(lower - STOP_MARGIN, upper + STOP_MARGIN);
        if depth == 0.0 {
            return 0.0;
        }
        let spring = self.inertia[i] * STOP_FREQUENCY * STOP_FREQUENCY;
        -spring * depth - self.inertia[i] * STOP_FREQUENCY * self.velocity[i]
    }

    /// Accelerations when some joints are held; a brake that would have to carry too much lets go.
    fn constrained(&mut self, torque: &Vector) -> Vector {
        let zero = Vector::zeros();
        let bias = self.bias();
        if !self.caught.contains(&false) {
            return self.held(&zero, torque, &bias);
        }
        let mass = self.model.mass_matrix(&self.position, &self.load.payload);
        let mut free = mass;
        let mut push = torque - bias;
        for i in (0..JOINTS).filter(|&i| self.caught[i]) {
            free.row_mut(i).fill(0.0);
            free.column_mut(i).fill(0.0);
            free[(i, i)] = 1.0;
            push[i] = 0.0;
        }
        let acceleration = free.cholesky().map_or(zero, |c| c.solve(&push));
        let inertial = mass * acceleration;
        self.held(&acceleration, torque, &(bias + inertial))
    }

    fn held(&mut self, acceleration: &Vector, torque: &Vector, needed: &Vector) -> Vector {
        for i in 0..JOINTS {
            self.brake_torque[i] = if self.caught[i] { needed[i] - torque[i] } else { 0.0 };
            if self.brake_torque[i].abs() > self.brake.torque[i] {
                self.caught[i] = false;
                // Beyond the speed of catching, so that it rubs from the next step on.
                self.velocity[i] = -CATCH_SPEED.copysign(self.brake_torque[i]);
            }
        }
        *acceleration
    }
}

/// The least inertia each joint feels over a few postures, the others free to give way.
fn felt_inertia(model: &ArmModel<JOINTS>) -> PerJoint<f64> {
    let mut least = [f64::INFINITY; JOINTS];
    for posture in 0..27 {
        let q = Vector::from_fn(|i, _| {
            let digit = posture / 3_i32.pow((i % 3) as u32) % 3;
            let limits = model.limits()[i];
            let reach = limits.upper - limits.lower;
            limits.lower + reach * (0.2 + 0.3 * f64::from(digit))
        });
        let mass = model.mass_matrix(&q, &Payload::NONE);
        let Some(inverse) = mass.cholesky().map(|c| c.inverse()) else { continue };
        for (i, felt) in least.iter_mut().enumerate() {
            *felt = felt.min(1.0 / inverse[(i, i)]);
        }
    }
    least.map(|felt| if felt.is_finite() { felt.max(1e-4) } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::model;

    const OFF: PerJoint<f64> = [0.0; JOINTS];

    fn plant(config: &Config) -> Plant {
        Plant::new(config, model()).unwrap()
    }

    fn frictionless() -> Config {
        let mut config = Config::default();
        config.friction.coulomb = OFF;
        config.friction.stiction = OFF;
        config.friction.viscous = OFF;
        config.initial_position = [0.3, 0.4, -0.3, 0.2, 0.5, 0.1];
        config
    }

    #[test]
    fn without_friction_energy_is_kept_while_the_arm_falls() {
        let mut config = frictionless();
        config.physics_step = 1e-4;
        let mut p = plant(&config);
        let energy = |p: &Plant| {
            p.model.kinetic_energy(&p.position, &p.velocity, &p.load.payload)
                + p.model.potential_energy(&p.position, &p.load)
        };
        let (before, mut swing) = (energy(&p), 0.0_f64);
        for _ in 0..3000 {
            p.advance(&OFF, &[false; JOINTS], 1e-4);
            swing = swing.max(p.model.kinetic_energy(&p.position, &p.velocity, &p.load.payload));
        }
        let change = (energy(&p) - before).abs();
        assert!(swing > 5.0 && change < 0.005 * swing, "change {change} J of {swing} J");
    }

    #[test]
    fn friction_only_takes_energy() {
        let mut p = plant(&Config::default());
        p.velocity = Vector::from([1.0, -1.0, 1.0, 2.0, -2.0, 3.0]);
        p.load.gravity = Vector3::zeros();
        let mut last = f64::INFINITY;
        for _ in 0..3000 {
            p.advance(&OFF, &[false; JOINTS], 1e-3);
            let now = p.model.kinetic_energy(&p.position, &p.velocity, &p.load.payload);
            assert!(now <= last * (1.0 + 1e-3) + 1e-6, "{now} J after {last} J");
            last = now;
        }
        assert!(last < 1e-3, "{last} J left");
    }

    #[test]
    fn closed_brakes_hold_exactly_under_gravity() {
        let mut p = plant(&frictionless());
        let before = p.position;
        for _ in 0..1000 {
            p.advance(&OFF, &[true; JOINTS], 1e-3);
        }
        assert_eq!(p.position, before);
        let gravity = p.model.gravity_torque(&before, &p.load);
        assert!((p.brake_torque - gravity).amax() < 1e-9);
    }

    #[test]
    fn brakes_that_close_on_a_falling_arm_bring_it_to_rest() {
        for speed in [0.06, 0.15, 0.5, 2.0] {
            let mut config = frictionless();
            config.initial_position = [0.0, 1.0, 0.5, 0.0, 0.5, 0.0];
            let mut p = plant(&config);
            p.velocity = Vector::from([0.0, speed, speed, 0.0, speed, 0.0]);
            for _ in 0..200 {
                p.advance(&OFF, &[true; JOINTS], 1e-3);
            }
            assert_eq!(p.velocity, Vector::zeros(), "from {speed} rad/s");
        }
    }

    #[test]
    fn one_open_brake_lets_only_its_joint_move() {
        let mut p = plant(&frictionless());
        let before = p.position;
        let mut closed = [true; JOINTS];
        closed[1] = false;
        for _ in 0..200 {
            p.advance(&OFF, &closed, 1e-3);
        }
        let moved = p.position - before;
        assert!(moved[1].abs() > 0.05, "{moved}");
        assert!(moved.iter().enumerate().all(|(i, m)| i == 1 || *m == 0.0), "{moved}");
    }

    #[test]
    fn an_overloaded_brake_slips_and_the_end_stop_catches_the_arm() {
        let mut config = frictionless();
        config.initial_position = [0.0, 1.4, 0.0, 0.0, 0.0, 0.0];
        config.brake.torque[1] = 5.0;
        let mut p = plant(&config);
        for _ in 0..5000 {
            p.advance(&OFF, &[true; JOINTS], 1e-3);
        }
        let upper = p.model.limits()[1].upper;
        assert!(p.position[1] > 1.9 && p.position[1] < upper + 0.1, "{}", p.position[1]);
    }
}
