//! The torque that the model expects for a reference: rigid body, payload and friction.

use crate::config::{Config, ConfigError};
use crate::tuning::Tuning;
use arm_model::{ArmModel, JointVector, Load, Payload};
use trajectory::State;
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};

/// Values per joint at which a search over postures looks: the ends of its range and three between.
const GRID: u32 = 5;

/// What the arm is expected to need.
#[derive(Debug, Clone)]
pub struct Dynamics {
    model: Option<ArmModel<JOINTS>>,
}

impl Dynamics {
    /// `model` with the rotors of the configuration.
    ///
    /// # Errors
    /// [`ConfigError`] for a rotor inertia that cannot be.
    pub fn new(
        config: &Config,
        order: &JointOrder,
        model: Option<ArmModel<JOINTS>>,
    ) -> Result<Self, ConfigError> {
        let rotors = order.names().each_ref().map(|j| config.rotor_inertia.get(j).copied());
        let rotors = JointVector::from(rotors.map(Option::unwrap_or_default));
        let model = model.map(|model| model.with_rotor_inertia(rotors)).transpose();
        let model = model.map_err(|source| ConfigError::Model { key: "rotor_inertia", source })?;
        Ok(Self { model })
    }

    /// The torque for `reference`, N·m, with this share of the joints' friction; without a model only
    /// the friction. Allocates nothing.
    #[must_use]
    pub fn torque(&self, reference: &State, tuning: &Tuning, friction: f64) -> PerJoint<f64> {
        let mut torque = self.rigid(reference, &tuning.payload);
        let joints = torque.iter_mut().zip(&tuning.joints).zip(reference.velocity);
        for ((torque, joint), v) in joints {
            let dry = joint.coulomb * (v / tuning.friction_speed).tanh();
            *torque += friction * (dry + joint.viscous * v);
        }
        torque
    }

    /// The torque without friction, N·m; zero without a model.
    #[must_use]
    pub fn rigid(&self, reference: &State, payload: &Payload) -> PerJoint<f64> {
        let Some(model) = &self.model else { return [0.0; JOINTS] };
        let [q, v, a] = [&reference.position, &reference.velocity, &reference.acceleration]
            .map(|values| JointVector::from(*values));
        model.inverse_dynamics(&q, &v, &a, &Load::with_payload(*payload)).into()
    }

    /// Largest torque that any posture needs to stand still with `payload`, N·m; zero without a
    /// model. The first joint is left out of the search: its axis is vertical or nearly so.
    #[must_use]
    pub fn worst_static(&self, payload: &Payload) -> PerJoint<f64> {
        let mut worst = [0.0_f64; JOINTS];
        let Some(model) = &self.model else { return worst };
        let load = Load::with_payload(*payload);
        for posture in 0..GRID.pow(4) {
            let torque = model.gravity_torque(&self.posture(posture), &load);
            for (worst, torque) in worst.iter_mut().zip(torque.iter()) {
                *worst = worst.max(torque.abs());
            }
        }
        worst
    }

    /// The least inertia each joint feels over a grid of postures, the other joints free to give
    /// way, kg·m²; none without a model.
    #[must_use]
    pub fn least_inertia(&self) -> Option<PerJoint<f64>> {
        let model = self.model.as_ref()?;
        let mut least = [f64::INFINITY; JOINTS];
        for posture in 0..GRID.pow(4) {
            let mass = model.mass_matrix(&self.posture(posture), &Payload::NONE);
            let Some(inverse) = mass.cholesky().map(|c| c.inverse()) else { continue };
            for (least, inverse) in least.iter_mut().zip(inverse.diagonal().iter()) {
                *least = least.min(1.0 / inverse);
            }
        }
        least.iter().all(|x| x.is_finite() && *x > 0.0).then_some(least)
    }

    /// One of the grid's postures: joints 2 to 5 at five places each, the others in the middle.
    fn posture(&self, number: u32) -> JointVector<JOINTS> {
        let limits = self.model.as_ref().map(|model| *model.limits());
        let mut digits = number;
        JointVector::from_fn(|joint, _| {
            let Some(l) = limits.as_ref().and_then(|limits| limits.get(joint)) else { return 0.0 };
            let place = if (1..5).contains(&joint) { digits % GRID } else { GRID / 2 };
            if (1..5).contains(&joint) {
                digits /= GRID;
            }
            l.lower + (l.upper - l.lower) * f64::from(place) / f64::from(GRID - 1)
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::config::{FrictionConfig, PayloadConfig};
    use crate::rules::Rules;

    pub(crate) const URDF: &str = include_str!("../../../config/description/armature.urdf");

    pub(crate) fn model() -> ArmModel<JOINTS> {
        ArmModel::from_urdf(URDF, "base_link", "tool0").unwrap()
    }

    fn expected(config: &Config, state: &State) -> PerJoint<f64> {
        let rules = Rules::for_test();
        rules.dynamics().torque(state, &rules.tuning(config).unwrap(), 1.0)
    }

    #[test]
    fn at_rest_the_torque_is_that_of_gravity() {
        let pose = [0.1, -0.5, 0.9, 0.2, 0.4, 0.0];
        let gravity = model().gravity_torque(&JointVector::from(pose), &Load::EMPTY);
        let torque = expected(&Config::default(), &State::at_rest(pose));
        for (torque, gravity) in torque.iter().zip(gravity.iter()) {
            assert!((torque - gravity).abs() < 1e-9);
        }
    }

    #[test]
    fn friction_works_against_motion_and_is_smooth_around_rest() {
        let mut config = Config::default();
        config.friction.insert("joint_1".into(), FrictionConfig { coulomb: 2.0, viscous: 1.0 });
        let at = |v: f64| {
            let state =
                State { velocity: [v, 0.0, 0.0, 0.0, 0.0, 0.0], ..State::at_rest([0.0; 6]) };
            expected(&config, &state)[0] - expected(&Config::default(), &state)[0]
        };
        assert!((at(0.5) - 2.5).abs() < 1e-6 && (at(-0.5) + 2.5).abs() < 1e-6);
        assert!(at(1e-5).abs() < 0.01);
    }

    #[test]
    fn a_payload_adds_torque_and_a_negative_one_is_refused() {
        let pose = State::at_rest([0.0, 0.8, 0.0, 0.0, 0.0, 0.0]);
        let hung = |mass: f64| Config {
            payload: PayloadConfig { mass, center_of_mass: [0.0, 0.0, 0.05], ..Default::default() },
            ..Config::default()
        };
        assert!(Rules::for_test().tuning(&hung(-1.0)).is_err());
        assert_ne!(expected(&hung(2.0), &pose), expected(&Config::default(), &pose));
    }

    #[test]
    fn the_worst_posture_needs_more_than_any_other_and_more_with_a_payload() {
        let dynamics = Rules::for_test().dynamics().clone();
        let worst = dynamics.worst_static(&Payload::NONE);
        let stretched =
            dynamics.rigid(&State::at_rest([0.0, 1.5, -0.4, 0.0, 0.0, 0.0]), &Payload::NONE);
        assert!(worst[1] >= stretched[1].abs() && worst[1] > 20.0, "{worst:?}");
        let heavy = Payload::point(3.0, [0.0; 3].into()).unwrap();
        assert!(dynamics.worst_static(&heavy)[1] > worst[1] + 10.0);
    }
}
