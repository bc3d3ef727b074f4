//! Parameters of the servo loop: `config/control.yaml`.

use crate::law::NAMES;
use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};
use vocabulary::joint::{JointOrder, PerJoint};
use vocabulary::settings::{ControlSettings, TipLoad};

/// No gain of any arm is larger; what this arm's joints bear is found by [`crate::Rules`].
const LARGEST_GAIN: f64 = 1e9;

/// Why the parameters make no controller.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A joint that the arm does not have.
    #[error("parameter {key}.{joint}: no such joint in arm.joints")]
    UnknownJoint {
        /// The map.
        key: &'static str,
        /// The name given.
        joint: String,
    },
    /// A law that this program does not know.
    #[error("parameter law = {name:?} is unknown: {} is allowed", NAMES.join(" or "))]
    UnknownLaw {
        /// The name given.
        name: String,
    },
    /// A gain with which the joint would oscillate, or not hold at all.
    #[error(
        "parameter {key} = {value} is refused: {allowed} is allowed for an inertia of {inertia:.3} \
         kg m^2 and a loop delay of {delay_ms:.0} ms; outside, the joint would oscillate or sag"
    )]
    Unsound {
        /// The parameter.
        key: String,
        /// What was given.
        value: f64,
        /// What is allowed.
        allowed: String,
        /// Least inertia the joint feels, kg·m².
        inertia: f64,
        /// Delay of the loop, ms.
        delay_ms: f64,
    },
    /// A torque limit that does not hold the arm.
    #[error(
        "{joint} needs {needed:.1} N m to hold arm and payload of {mass} kg in its worst posture, \
         gains.{joint}.torque_limit is {limit:.1} N m"
    )]
    TooHeavy {
        /// The joint.
        joint: String,
        /// Torque needed, N·m.
        needed: f64,
        /// Torque allowed, N·m.
        limit: f64,
        /// The payload's mass, kg.
        mass: f64,
    },
    /// The model and the parameters do not go together.
    #[error("parameter {key}: {source}")]
    Model {
        /// The parameter.
        key: &'static str,
        /// What is wrong.
        source: arm_model::LoadError,
    },
}

/// What hangs at the tip.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PayloadConfig {
    /// Mass, kg, 0 to 100.
    pub mass: f64,
    /// Centre of mass in the tip frame, m.
    pub center_of_mass: [f64; 3],
    /// Inertia about the centre of mass along the axes of the tip frame, kg·m²: xx, xy, xz, yy, yz,
    /// zz; zero for a point mass.
    pub inertia: [f64; 6],
}

/// Gains of one joint under law `torque`. What is absent follows from the joint's inertia.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GainsConfig {
    /// Torque per position error, N·m/rad.
    pub stiffness: Option<f64>,
    /// 1 is critical at the least inertia the joint feels; 0.1 to 3.
    pub damping_ratio: f64,
    /// Torque per position error and time, N·m/(rad·s).
    pub integral: Option<f64>,
    /// Largest torque of the integral, N·m, 0 to the effort limit.
    pub integral_limit: Option<f64>,
    /// Cut-off of the derivative, Hz, 5 to 1000.
    pub derivative_filter_hz: f64,
    /// Largest torque asked for, N·m, under any law; up to the effort limit.
    pub torque_limit: Option<f64>,
}

impl Default for GainsConfig {
    fn default() -> Self {
        Self {
            stiffness: None,
            damping_ratio: 1.0,
            integral: None,
            integral_limit: None,
            derivative_filter_hz: 60.0,
            torque_limit: None,
        }
    }
}

/// When a controller that has just taken over is found bad.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CanaryConfig {
    /// Largest difference of its commands from ours, rad, 0.001 to 1.
    pub max_difference: f64,
    /// Largest difference of its torques from ours, as a share of the joint's limit, 0.01 to 2.
    pub max_effort_difference: f64,
    /// By how much the arm may follow worse than before, rad, 0.001 to 1.
    pub max_error_growth: f64,
}

impl Default for CanaryConfig {
    fn default() -> Self {
        Self { max_difference: 0.01, max_effort_difference: 0.3, max_error_growth: 0.005 }
    }
}

/// Friction of one joint.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrictionConfig {
    /// Torque against motion at any speed, N·m, 0 to 1000.
    pub coulomb: f64,
    /// Torque per speed, N·m·s/rad, 0 to 1000.
    pub viscous: f64,
}

/// All parameters.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The supervisor's state file: what services set is kept beside it; empty for the default place.
    pub state_file: String,
    /// Control period, s; the host sets it from `arm.period`.
    pub period: f64,
    /// When a cycle begins after the bus sample (SYNC) of the drives, as a share of the period, 0 to
    /// 1: late enough for the feedback of that sample, early enough for the next SYNC.
    pub phase: f64,
    /// How far ahead of now the reference is sampled, s, 0 to 0.1: the way from here to the drive.
    pub lead: f64,
    /// Validity of a command, ms, 5 to 500.
    pub valid_for_ms: f64,
    /// Periods without feedback after which a joint counts as silent, 2 to 50.
    pub silence_periods: f64,
    /// Rate of `control_state`, Hz, 1 to 1000.
    pub state_rate_hz: f64,
    /// The control law, one of [`NAMES`].
    pub law: String,
    /// Send the torque that the model expects, under law `position`.
    pub feed_forward: bool,
    /// Time in which a change of gains, limits, payload or friction takes place, s, 0.05 to 10.
    pub ramp: f64,
    /// Speed scaling at start, 0 to 1.
    pub initial_speed_scaling: f64,
    /// Time in which the path speed rises from 0 to 1, s, 0.01 to 10.
    pub scaling_ramp: f64,
    /// Shortest blend onto a path, s, 0.05 to 10.
    pub min_blend: f64,
    /// Longest way that a blend may bridge, rad per joint, 0 to 7.
    pub max_blend_distance: f64,
    /// How long a new plan waits for arm and joints before it is paused, s, 0 to 10.
    pub start_patience: f64,
    /// Drivers run on this host, with the same steady clock.
    pub shared_clock: bool,
    /// Speed at which the sign of the friction has gone over, rad/s, 0.0001 to 1.
    pub friction_speed: f64,
    /// Share of the friction that the drives make up for by themselves in position mode, 0 to 1.
    pub friction_compensation: f64,
    /// When our successor is found bad and the lease is taken back.
    pub canary: CanaryConfig,
    /// What hangs at the tip.
    pub payload: PayloadConfig,
    /// Gains per joint.
    pub gains: BTreeMap<String, GainsConfig>,
    /// Rotor inertia per joint, at the joint side of the gear, kg·m², 0 to 100.
    pub rotor_inertia: BTreeMap<String, f64>,
    /// Friction per joint.
    pub friction: BTreeMap<String, FrictionConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state_file: String::new(),
            period: 0.004,
            phase: 0.75,
            lead: 0.010,
            valid_for_ms: 100.0,
            silence_periods: 10.0,
            state_rate_hz: 50.0,
            law: NAMES.first().copied().unwrap_or_default().to_owned(),
            feed_forward: true,
            ramp: 0.5,
            initial_speed_scaling: 1.0,
            scaling_ramp: 0.3,
            min_blend: 0.3,
            max_blend_distance: 0.5,
            start_patience: 0.5,
            shared_clock: true,
            friction_speed: 0.02,
            friction_compensation: 0.0,
            canary: CanaryConfig::default(),
            payload: PayloadConfig::default(),
            gains: BTreeMap::new(),
            rotor_inertia: BTreeMap::new(),
            friction: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Checks every key that needs no knowledge of the arm.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let ranges = [
            ("period", self.period, 0.0005..=0.1),
            ("phase", self.phase, 0.0..=1.0),
            ("lead", self.lead, 0.0..=0.1),
            ("valid_for_ms", self.valid_for_ms, 5.0..=500.0),
            ("silence_periods", self.silence_periods, 2.0..=50.0),
            ("state_rate_hz", self.state_rate_hz, 1.0..=1000.0),
            ("initial_speed_scaling", self.initial_speed_scaling, 0.0..=1.0),
            ("scaling_ramp", self.scaling_ramp, 0.01..=10.0),
            ("min_blend", self.min_blend, 0.05..=10.0),
            ("max_blend_distance", self.max_blend_distance, 0.0..=7.0),
            ("start_patience", self.start_patience, 0.0..=10.0),
            ("ramp", self.ramp, 0.05..=10.0),
            ("friction_speed", self.friction_speed, 0.0001..=1.0),
            ("friction_compensation", self.friction_compensation, 0.0..=1.0),
            ("canary.max_difference", self.canary.max_difference, 0.001..=1.0),
            ("canary.max_effort_difference", self.canary.max_effort_difference, 0.01..=2.0),
            ("canary.max_error_growth", self.canary.max_error_growth, 0.001..=1.0),
            ("payload.mass", self.payload.mass, 0.0..=100.0),
        ];
        for (key, value, range) in ranges {
            in_range(key, value, range)?;
        }
        for value in self.payload.center_of_mass {
            in_range("payload.center_of_mass", value, -10.0..=10.0)?;
        }
        for (joint, value) in &self.rotor_inertia {
            in_range(&format!("rotor_inertia.{joint}"), *value, 0.0..=100.0)?;
        }
        for (joint, friction) in &self.friction {
            in_range(&format!("friction.{joint}.coulomb"), friction.coulomb, 0.0..=1000.0)?;
            in_range(&format!("friction.{joint}.viscous"), friction.viscous, 0.0..=1000.0)?;
        }
        for (joint, gains) in &self.gains {
            let key = |field: &str| format!("gains.{joint}.{field}");
            in_range(&key("damping_ratio"), gains.damping_ratio, 0.1..=3.0)?;
            in_range(&key("derivative_filter_hz"), gains.derivative_filter_hz, 5.0..=1000.0)?;
            let integral = gains.integral.unwrap_or(0.0);
            in_range(&key("integral"), integral, 0.0..=LARGEST_GAIN)?;
            let stiffness = gains.stiffness.unwrap_or(0.0);
            in_range(&key("stiffness"), stiffness, 0.0..=LARGEST_GAIN)?;
        }
        if NAMES.contains(&self.law.as_str()) {
            return Ok(());
        }
        Err(ConfigError::UnknownLaw { name: self.law.clone() })
    }

    /// This configuration with everything that may change in motion taken from `other`.
    #[must_use]
    pub(crate) fn tuned_as(&self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            law: other.law,
            feed_forward: other.feed_forward,
            ramp: other.ramp,
            friction_speed: other.friction_speed,
            friction_compensation: other.friction_compensation,
            payload: other.payload,
            gains: other.gains,
            friction: other.friction,
            ..self.clone()
        }
    }

    /// This configuration with what another process says is in force.
    #[must_use]
    pub fn with_settings(&self, told: &ControlSettings, names: &PerJoint<String>) -> Self {
        let TipLoad { mass, center, inertia } = told.payload;
        let mut config = self.clone();
        config.law.clone_from(&told.law);
        config.payload = PayloadConfig { mass, center_of_mass: center, inertia };
        let values = told.torque_limit.iter().zip(&told.stiffness).zip(&told.damping_ratio);
        for (name, ((torque_limit, stiffness), damping_ratio)) in names.iter().zip(values) {
            let gains = config.gains.entry(name.clone()).or_default();
            gains.torque_limit = Some(*torque_limit);
            gains.stiffness = Some(*stiffness);
            gains.damping_ratio = *damping_ratio;
        }
        config
    }

    /// Checks that every joint named is one of the arm's.
    pub(crate) fn check_names(&self, order: &JointOrder) -> Result<(), ConfigError> {
        let rotors = self.rotor_inertia.keys().map(|joint| ("rotor_inertia", joint));
        let frictions = self.friction.keys().map(|joint| ("friction", joint));
        let gains = self.gains.keys().map(|joint| ("gains", joint));
        match rotors
            .chain(frictions)
            .chain(gains)
            .find(|(_, joint)| order.index_of(joint).is_none())
        {
            Some((key, joint)) => Err(ConfigError::UnknownJoint { key, joint: joint.clone() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let config = Config { lead: 1.0, ..Config::default() };
        let message = config.validate().unwrap_err().to_string();
        assert_eq!(message, "parameter lead = 1 is out of range: 0 to 0.1 is allowed");
    }

    #[test]
    fn an_unknown_law_is_named() {
        let config = Config { law: "magic".to_owned(), ..Config::default() };
        assert!(config.validate().unwrap_err().to_string().contains("\"magic\""));
    }
}
