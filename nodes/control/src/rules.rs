//! What is refused: gains and loads that this arm cannot have.
//!
//! The one rule: a configuration becomes a [`Tuning`] as a whole or not at all, and the reason says
//! key, value and what would be allowed.

use crate::config::{Config, ConfigError, GainsConfig};
use crate::control::Arm;
use crate::dynamics::Dynamics;
use crate::margin::{DELAY_PERIODS, JointLoop, damping};
use crate::tuning::{JointTuning, Tuning};
use arm_model::Payload;
use nalgebra::Matrix3;
use vocabulary::config::in_range;
use vocabulary::joint::{JOINTS, JointLimits, JointOrder, PerJoint};

/// Natural frequency of a joint whose stiffness is not configured, rad/s.
const DEFAULT_FREQUENCY: f64 = 15.0;
/// Least natural frequency that counts as a stiffness at all, rad/s.
const LEAST_FREQUENCY: f64 = 1.0;
/// The integral takes over from the stiffness with this time, s, when it is not configured.
const DEFAULT_INTEGRAL_TIME: f64 = 0.4;
/// Share of the effort limit that the integral may take when it is not configured.
const DEFAULT_INTEGRAL_SHARE: f64 = 0.2;

/// What this arm can have.
#[derive(Debug, Clone)]
pub struct Rules {
    order: JointOrder,
    limits: PerJoint<JointLimits>,
    dynamics: Dynamics,
    inertia: PerJoint<f64>,
    period: f64,
}

impl Rules {
    /// For this arm.
    ///
    /// # Errors
    /// [`ConfigError`] for a rotor inertia that cannot be.
    pub fn new(config: &Config, arm: &Arm) -> Result<Self, ConfigError> {
        let dynamics = Dynamics::new(config, &arm.order, arm.model.clone())?;
        // Without a model: the inertia that the effort limit can just accelerate as allowed.
        let guessed = arm.limits.map(|l| (l.effort / l.acceleration).clamp(1e-4, 1e4));
        Ok(Self {
            inertia: dynamics.least_inertia().unwrap_or(guessed),
            order: arm.order.clone(),
            limits: arm.limits,
            period: config.period,
            dynamics,
        })
    }

    /// The arm's mechanics.
    #[must_use]
    pub fn dynamics(&self) -> &Dynamics {
        &self.dynamics
    }

    /// What this configuration asks for.
    ///
    /// # Errors
    /// [`ConfigError`] with key, value and what is allowed.
    pub fn tuning(&self, config: &Config) -> Result<Tuning, ConfigError> {
        config.validate()?;
        config.check_names(&self.order)?;
        let mut joints = [JointTuning::default(); JOINTS];
        for (joint, (index, name)) in joints.iter_mut().zip(self.order.names().iter().enumerate()) {
            *joint = self.joint(config, index, name)?;
        }
        let payload = payload(config)?;
        self.check_load(config, &payload, &joints)?;
        Ok(Tuning {
            payload,
            feed_forward: if config.feed_forward { 1.0 } else { 0.0 },
            friction_compensation: config.friction_compensation,
            friction_speed: config.friction_speed,
            joints,
        })
    }

    fn joint(&self, config: &Config, index: usize, name: &str) -> Result<JointTuning, ConfigError> {
        let given = config.gains.get(name).copied().unwrap_or_default();
        let friction = config.friction.get(name).copied().unwrap_or_default();
        let most = self.limits.get(index).map_or(0.0, |l| l.effort);
        let inertia = self.inertia.get(index).copied().unwrap_or(1.0);
        let usual = inertia * DEFAULT_FREQUENCY.powi(2);
        let stiffness = given.stiffness.unwrap_or(usual);
        let joint = JointTuning {
            stiffness,
            damping_ratio: given.damping_ratio,
            integral: given.integral.unwrap_or(stiffness / DEFAULT_INTEGRAL_TIME),
            integral_limit: given.integral_limit.unwrap_or(most * DEFAULT_INTEGRAL_SHARE),
            derivative_filter_hz: given.derivative_filter_hz,
            torque_limit: given.torque_limit.unwrap_or(most),
            coulomb: friction.coulomb,
            viscous: friction.viscous,
            inertia,
        };
        let key = |field: &str| format!("gains.{name}.{field}");
        in_range(&key("integral_limit"), joint.integral_limit, 0.0..=most)?;
        in_range(&key("torque_limit"), joint.torque_limit, most * 1e-3..=most)?;
        self.check_loop(name, &joint)?;
        Ok(joint)
    }

    /// Whether the loop is calm: first without its integral, so that the right key is named.
    fn check_loop(&self, name: &str, joint: &JointTuning) -> Result<(), ConfigError> {
        let JointTuning { stiffness, damping_ratio, inertia, .. } = *joint;
        let least = inertia * LEAST_FREQUENCY.powi(2);
        let with = |integral: f64| JointLoop {
            stiffness,
            damping: damping(stiffness, inertia, damping_ratio),
            integral,
            derivative_filter_hz: joint.derivative_filter_hz,
            inertia,
            period: self.period,
        };
        let unsound = |field: &str, value: f64, allowed: String| ConfigError::Unsound {
            key: format!("gains.{name}.{field}"),
            value,
            allowed,
            inertia,
            delay_ms: DELAY_PERIODS * self.period * 1e3,
        };
        if stiffness.is_nan() || stiffness < least || !with(0.0).is_sound() {
            let most = with(0.0).largest_stiffness(damping_ratio);
            let range = format!("{least:.3} to {most:.1} with damping_ratio {damping_ratio}");
            return Err(unsound("stiffness", stiffness, range));
        }
        if joint.integral.is_nan() || joint.integral < 0.0 || !with(joint.integral).is_sound() {
            let range = format!("0 to about {:.1}", with(0.0).largest_integral());
            return Err(unsound("integral", joint.integral, range));
        }
        Ok(())
    }

    /// Whether every joint can hold arm and payload in every posture with the torque it may use.
    fn check_load(
        &self,
        config: &Config,
        payload: &Payload,
        joints: &PerJoint<JointTuning>,
    ) -> Result<(), ConfigError> {
        let needed = self.dynamics.worst_static(payload);
        let joints = self.order.names().iter().zip(&needed).zip(joints);
        for ((name, needed), joint) in joints {
            if *needed > joint.torque_limit {
                return Err(ConfigError::TooHeavy {
                    joint: name.clone(),
                    needed: *needed,
                    limit: joint.torque_limit,
                    mass: config.payload.mass,
                });
            }
        }
        Ok(())
    }

    /// Names of the joints.
    #[must_use]
    pub fn names(&self) -> &PerJoint<String> {
        self.order.names()
    }

    /// The gains of a joint in force under a configuration, with the defaults filled in.
    #[must_use]
    pub fn filled_in(&self, tuning: &Tuning) -> PerJoint<GainsConfig> {
        tuning.joints.map(|joint| GainsConfig {
            stiffness: Some(joint.stiffness),
            damping_ratio: joint.damping_ratio,
            integral: Some(joint.integral),
            integral_limit: Some(joint.integral_limit),
            derivative_filter_hz: joint.derivative_filter_hz,
            torque_limit: Some(joint.torque_limit),
        })
    }
}

fn payload(config: &Config) -> Result<Payload, ConfigError> {
    let [xx, xy, xz, yy, yz, zz] = config.payload.inertia;
    let inertia = Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz);
    Payload::new(config.payload.mass, config.payload.center_of_mass.into(), inertia)
        .map_err(|source| ConfigError::Model { key: "payload", source })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::tests::harness::arm;

    impl Rules {
        pub(crate) fn for_test() -> Self {
            let rotors = [0.5, 0.6, 0.3, 0.064, 0.064, 0.0384];
            let mut config = Config::default();
            for (n, rotor) in (1..).zip(rotors) {
                config.rotor_inertia.insert(format!("joint_{n}"), rotor);
            }
            Self::new(&config, &arm()).unwrap()
        }
    }

    fn refusal(change: impl Fn(&mut GainsConfig)) -> String {
        let mut config = Config::default();
        change(config.gains.entry("joint_2".to_owned()).or_default());
        Rules::for_test().tuning(&config).unwrap_err().to_string()
    }

    #[test]
    fn the_default_gains_are_sound() {
        let tuning = Rules::for_test().tuning(&Config::default()).unwrap();
        assert!(
            tuning.joints.iter().all(|joint| joint.stiffness > 0.0 && joint.torque_limit > 0.0)
        );
    }

    #[test]
    fn a_gain_a_thousand_times_too_large_is_refused_with_the_largest_allowed() {
        let usual = Rules::for_test().tuning(&Config::default()).unwrap().joints[1];
        let text = refusal(|gains| gains.stiffness = Some(usual.stiffness * 1000.0));
        assert!(text.contains("gains.joint_2.stiffness") && text.contains("14 ms"), "{text}");
        let text = refusal(|gains| gains.integral = Some(usual.integral * 1000.0));
        assert!(text.contains("gains.joint_2.integral"), "{text}");
    }

    #[test]
    fn gains_that_are_no_numbers_or_negative_are_refused() {
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            let changes: [fn(&mut GainsConfig, f64); 6] = [
                |gains, x| gains.stiffness = Some(x),
                |gains, x| gains.damping_ratio = x,
                |gains, x| gains.integral = Some(x),
                |gains, x| gains.integral_limit = Some(x),
                |gains, x| gains.derivative_filter_hz = x,
                |gains, x| gains.torque_limit = Some(x),
            ];
            for change in changes {
                let text = refusal(|gains| change(gains, bad));
                assert!(text.contains("gains.joint_2."), "{text}");
            }
        }
    }

    #[test]
    fn a_payload_too_heavy_for_the_torque_limit_names_joint_torque_and_limit() {
        let mut config = Config::default();
        config.payload.mass = 40.0;
        let text = Rules::for_test().tuning(&config).unwrap_err().to_string();
        assert!(text.contains("40 kg") && text.contains("joint_"), "{text}");
        let text = refusal(|gains| gains.torque_limit = Some(10.0));
        assert!(text.contains("joint_2") && text.contains("10"), "{text}");
    }

    #[test]
    fn an_inertia_that_no_body_has_is_refused() {
        let mut config = Config::default();
        config.payload.mass = 2.0;
        config.payload.inertia = [1.0, 0.0, 0.0, 0.1, 0.0, 0.1];
        assert!(Rules::for_test().tuning(&config).is_err());
    }
}
