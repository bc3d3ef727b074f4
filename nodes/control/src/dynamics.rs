//! The torque that the model expects for a reference: rigid body, payload and friction.

use crate::config::{Config, ConfigError, PayloadConfig};
use arm_model::{ArmModel, JointVector, Load, Payload};
use trajectory::State;
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};

#[derive(Debug, Clone, Copy, Default)]
struct Friction {
    coulomb: f64,
    viscous: f64,
}

/// What the arm is expected to need.
#[derive(Debug, Clone)]
pub struct Dynamics {
    model: Option<ArmModel<JOINTS>>,
    load: Load,
    friction: PerJoint<Friction>,
    /// Speed at which the smooth sign of the friction has gone over, rad/s.
    friction_speed: f64,
}

impl Dynamics {
    pub(crate) fn new(
        config: &Config,
        order: &JointOrder,
        model: Option<ArmModel<JOINTS>>,
    ) -> Result<Self, ConfigError> {
        let rotors = order.names().each_ref().map(|j| config.rotor_inertia.get(j).copied());
        let model = model.map(|model| {
            let rotors = JointVector::from(rotors.map(Option::unwrap_or_default));
            model.with_rotor_inertia(rotors)
        });
        let friction = order.names().each_ref().map(|joint| {
            let known = config.friction.get(joint).copied().unwrap_or_default();
            Friction { coulomb: known.coulomb, viscous: known.viscous }
        });
        let mut dynamics = Self {
            model: model
                .transpose()
                .map_err(|source| ConfigError::Model { key: "rotor_inertia", source })?,
            load: Load::EMPTY,
            friction,
            friction_speed: config.friction_speed,
        };
        let PayloadConfig { mass, center_of_mass } = config.payload;
        dynamics
            .set_payload(mass, center_of_mass)
            .map_err(|source| ConfigError::Model { key: "payload", source })?;
        Ok(dynamics)
    }

    /// Takes over a point mass [kg] at a place in the tip frame [m].
    pub(crate) fn set_payload(
        &mut self,
        mass: f64,
        center_of_mass: [f64; 3],
    ) -> Result<(), arm_model::LoadError> {
        self.load = Load::with_payload(Payload::point(mass, center_of_mass.into())?);
        Ok(())
    }

    /// The torque for `reference`, N·m; zero without a model. Allocates nothing.
    #[must_use]
    pub fn torque(&self, reference: &State) -> PerJoint<f64> {
        let Some(model) = &self.model else { return [0.0; JOINTS] };
        let [q, v, a] = [&reference.position, &reference.velocity, &reference.acceleration]
            .map(|values| JointVector::from(*values));
        let mut torque: PerJoint<f64> = model.inverse_dynamics(&q, &v, &a, &self.load).into();
        for ((torque, friction), v) in torque.iter_mut().zip(&self.friction).zip(reference.velocity)
        {
            *torque += friction.coulomb * (v / self.friction_speed).tanh() + friction.viscous * v;
        }
        torque
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::config::FrictionConfig;

    pub(crate) const URDF: &str = include_str!("../../../config/description/armature.urdf");

    pub(crate) fn model() -> ArmModel<JOINTS> {
        ArmModel::from_urdf(URDF, "base_link", "tool0").unwrap()
    }

    fn order() -> JointOrder {
        JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap()
    }

    #[test]
    fn at_rest_the_torque_is_that_of_gravity() {
        let model = model();
        let dynamics = Dynamics::new(&Config::default(), &order(), Some(model.clone())).unwrap();
        let pose = [0.1, -0.5, 0.9, 0.2, 0.4, 0.0];
        let gravity = model.gravity_torque(&JointVector::from(pose), &Load::EMPTY);
        for (torque, gravity) in dynamics.torque(&State::at_rest(pose)).iter().zip(gravity.iter()) {
            assert!((torque - gravity).abs() < 1e-9);
        }
    }

    #[test]
    fn friction_works_against_motion_and_is_smooth_around_rest() {
        let mut config = Config::default();
        config.friction.insert("joint_1".into(), FrictionConfig { coulomb: 2.0, viscous: 1.0 });
        let dynamics = Dynamics::new(&config, &order(), Some(model())).unwrap();
        let without = Dynamics::new(&Config::default(), &order(), Some(model())).unwrap();
        let at = |v: f64| {
            let state =
                State { velocity: [v, 0.0, 0.0, 0.0, 0.0, 0.0], ..State::at_rest([0.0; 6]) };
            dynamics.torque(&state)[0] - without.torque(&state)[0]
        };
        assert!((at(0.5) - 2.5).abs() < 1e-6 && (at(-0.5) + 2.5).abs() < 1e-6);
        assert!(at(1e-5).abs() < 0.01);
    }

    #[test]
    fn a_payload_adds_torque_and_a_negative_one_is_refused() {
        let mut dynamics = Dynamics::new(&Config::default(), &order(), Some(model())).unwrap();
        let pose = State::at_rest([0.0, 0.8, 0.0, 0.0, 0.0, 0.0]);
        let empty = dynamics.torque(&pose);
        assert!(dynamics.set_payload(-1.0, [0.0; 3]).is_err());
        dynamics.set_payload(2.0, [0.0, 0.0, 0.05]).unwrap();
        assert_ne!(dynamics.torque(&pose), empty);
    }
}
