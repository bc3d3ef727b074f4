//! Parameters of the thermal node: `config/thermal.yaml`.
//!
//! The rule: motors are described by what a data sheet states, and a motor whose network would run
//! away at its own rated current is refused, because no estimate of it would mean anything.

use crate::network::{COPPER, Network};
use crate::sensor::Judgement;
use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};

/// Why the parameters make no thermal node.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A motor for a joint that the arm does not have.
    #[error("parameter motors.{joint}: no such joint in arm.joints")]
    UnknownJoint {
        /// The name given.
        joint: String,
    },
    /// A joint without motor.
    #[error("parameter motors.{joint} is missing: give the data sheet of each joint's motor")]
    MissingMotor {
        /// The joint.
        joint: String,
    },
    /// The network is unstable at rated current.
    #[error(
        "motors.{joint} runs away at its rated torque: {loss:.1} W in the cold winding rise by \
         {factor:.2} of themselves on the way out ({resistance:.2} K/W); below 1 is possible. Check \
         resistance, torque_constant, rated_torque, winding_resistance, housing_resistance"
    )]
    Unstable {
        /// The joint.
        joint: String,
        /// Loss at rated current and 25 °C, W.
        loss: f64,
        /// Thermal resistance from winding to surroundings, K/W.
        resistance: f64,
        /// Loop gain of loss over temperature.
        factor: f64,
    },
    /// The payload is not physical.
    #[error("parameter payload: {0}")]
    Payload(arm_model::LoadError),
    /// A rotor inertia is not physical.
    #[error("parameter motors.*.rotor_inertia: {0}")]
    Rotor(arm_model::LoadError),
}

/// The data sheet of one joint's motor and drive.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MotorConfig {
    /// Winding at 25 °C, Ω.
    pub resistance: f64,
    /// Torque at the joint per current, N·m/A: motor constant times gear ratio.
    pub torque_constant: f64,
    /// Continuous torque at the joint, N·m.
    pub rated_torque: f64,
    /// Winding to housing, K/W.
    pub winding_resistance: f64,
    /// Housing to surroundings, K/W.
    pub housing_resistance: f64,
    /// Thermal time constant of the winding, s.
    pub winding_time: f64,
    /// Thermal time constant of the motor, s.
    pub housing_time: f64,
    /// Never to be passed by the winding, °C: below the drive's own limit.
    pub winding_limit: f64,
    /// Heat of the released brake in the housing, W.
    #[serde(default)]
    pub brake_power: f64,
    /// Dry friction, N·m at the joint: warms the housing.
    #[serde(default)]
    pub coulomb: f64,
    /// Viscous friction, N·m·s/rad at the joint.
    #[serde(default)]
    pub viscous: f64,
    /// Rotor at the joint's side of the gear, kg·m²: for predictions.
    #[serde(default)]
    pub rotor_inertia: f64,
    /// Rise of the driver stage at rated current, K.
    pub stage_rise: f64,
    /// Time constant of the driver stage, s.
    pub stage_time: f64,
    /// Never to be passed by the driver stage, °C.
    pub stage_limit: f64,
}

impl MotorConfig {
    /// Current at rated torque, A.
    #[must_use]
    pub fn rated_current(&self) -> f64 {
        self.rated_torque / self.torque_constant
    }

    /// The network; capacities follow from time constants and resistances.
    #[must_use]
    pub fn network(&self) -> Network {
        let resistances = (self.winding_resistance, self.housing_resistance);
        let winding_capacity = self.winding_time / self.winding_resistance;
        let housing_capacity = self.housing_time / self.housing_resistance;
        Network::new(self.resistance, resistances, (winding_capacity, housing_capacity))
    }

    fn validate(&self, joint: &str) -> Result<(), ConfigError> {
        let ranges = [
            ("resistance", self.resistance, 1e-4..=1e3),
            ("torque_constant", self.torque_constant, 1e-4..=1e5),
            ("rated_torque", self.rated_torque, 1e-3..=1e5),
            ("winding_resistance", self.winding_resistance, 1e-3..=1e3),
            ("housing_resistance", self.housing_resistance, 1e-3..=1e3),
            ("winding_time", self.winding_time, 0.5..=1e5),
            ("housing_time", self.housing_time, 1.0..=1e6),
            ("winding_limit", self.winding_limit, 30.0..=250.0),
            ("brake_power", self.brake_power, 0.0..=1e3),
            ("coulomb", self.coulomb, 0.0..=1e4),
            ("viscous", self.viscous, 0.0..=1e4),
            ("rotor_inertia", self.rotor_inertia, 0.0..=100.0),
            ("stage_rise", self.stage_rise, 0.0..=200.0),
            ("stage_time", self.stage_time, 0.1..=1e5),
            ("stage_limit", self.stage_limit, 30.0..=200.0),
        ];
        for (key, value, range) in ranges {
            in_range(&format!("motors.{joint}.{key}"), value, range)?;
        }
        self.check_stability(joint)
    }

    fn check_stability(&self, joint: &str) -> Result<(), ConfigError> {
        let loss = self.rated_current().powi(2) * self.resistance;
        let resistance = self.winding_resistance + self.housing_resistance;
        let factor = loss * COPPER * resistance;
        if factor < 1.0 {
            return Ok(());
        }
        Err(ConfigError::Unstable { joint: joint.to_owned(), loss, resistance, factor })
    }
}

/// A joint's name and its motor.
pub type NamedMotor = (String, MotorConfig);

/// What sensors are judged by.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SensorConfig {
    /// Coldest plausible reading, °C.
    pub low: f64,
    /// Warmest plausible reading, °C.
    pub high: f64,
    /// Error beyond which a reading is not believed, K.
    pub jump: f64,
    /// Expected change beyond which an unchanged reading is stuck, K.
    pub stuck: f64,
    /// Standard deviation of a reading besides its resolution, K.
    pub noise: f64,
}

impl Default for SensorConfig {
    fn default() -> Self {
        Self { low: -40.0, high: 200.0, jump: 5.0, stuck: 0.5, noise: 0.2 }
    }
}

impl From<SensorConfig> for Judgement {
    fn from(of: SensorConfig) -> Self {
        let SensorConfig { low, high, jump, stuck, noise } = of;
        Self { low, high, jump, stuck, noise }
    }
}

/// What hangs at the tip, for predictions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PayloadConfig {
    /// Mass, kg, 0 to 100.
    pub mass: f64,
    /// Centre of mass in the tip frame, m.
    pub center_of_mass: [f64; 3],
}

/// All parameters.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How often the node steps, Hz.
    pub rate_hz: f64,
    /// How often it publishes, Hz.
    pub state_rate_hz: f64,
    /// How often a joint's telemetry comes, Hz.
    pub telemetry_rate_hz: f64,
    /// Surroundings at start, °C, and how well they are known, K.
    pub ambient: f64,
    /// Standard deviation of `ambient`, K.
    pub ambient_uncertainty: f64,
    /// Relative standard deviation of the motors' data.
    pub parameter_uncertainty: f64,
    /// Memory of the load, s.
    pub load_window: f64,
    /// Time over which the winding is kept below its limit, s.
    pub horizon: f64,
    /// Time before the predicted crossing at which a warning comes, s.
    pub warning_horizon: f64,
    /// Distance of the predicted bound to the limit, K.
    pub margin: f64,
    /// Standard deviations between estimate and bound.
    pub confidence: f64,
    /// What an alarm must fall below its threshold to be over, K.
    pub hysteresis: f64,
    /// Speed below which the arm is not slowed, fraction.
    pub minimum_speed: f64,
    /// Rise of the bound while a sensor cannot be used, K/s.
    pub bound_rise: f64,
    /// Largest such rise, K.
    pub bound_rise_most: f64,
    /// Sensors.
    pub sensors: SensorConfig,
    /// Payload.
    pub payload: PayloadConfig,
    /// Motors by joint.
    pub motors: BTreeMap<String, MotorConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rate_hz: 20.0,
            state_rate_hz: 10.0,
            telemetry_rate_hz: 10.0,
            ambient: 25.0,
            ambient_uncertainty: 5.0,
            parameter_uncertainty: 0.2,
            load_window: 15.0,
            horizon: 120.0,
            warning_horizon: 300.0,
            margin: 2.0,
            confidence: 2.0,
            hysteresis: 3.0,
            minimum_speed: 0.1,
            bound_rise: 0.02,
            bound_rise_most: 15.0,
            sensors: SensorConfig::default(),
            payload: PayloadConfig::default(),
            motors: default_motors(),
        }
    }
}

/// Motors of the reference arm, which `servo_sim` simulates.
fn default_motors() -> BTreeMap<String, MotorConfig> {
    let big = MotorConfig {
        resistance: 0.6,
        torque_constant: 10.0,
        rated_torque: 75.0,
        winding_resistance: 0.6,
        housing_resistance: 1.5,
        winding_time: 60.0,
        housing_time: 1800.0,
        winding_limit: 125.0,
        brake_power: 6.0,
        coulomb: 3.0,
        viscous: 4.0,
        rotor_inertia: 0.5,
        stage_rise: 20.0,
        stage_time: 90.0,
        stage_limit: 85.0,
    };
    let wrist = MotorConfig {
        resistance: 1.2,
        torque_constant: 4.0,
        rated_torque: 12.0,
        winding_resistance: 1.5,
        housing_resistance: 5.0,
        winding_time: 45.0,
        housing_time: 1500.0,
        brake_power: 2.0,
        coulomb: 0.5,
        viscous: 0.6,
        rotor_inertia: 0.064,
        ..big
    };
    let motors: PerJoint<MotorConfig> = [
        big,
        MotorConfig {
            resistance: 0.5,
            torque_constant: 12.0,
            rated_torque: 110.0,
            winding_resistance: 0.5,
            housing_resistance: 1.2,
            coulomb: 4.0,
            viscous: 5.0,
            rotor_inertia: 0.6,
            ..big
        },
        MotorConfig {
            torque_constant: 8.0,
            rated_torque: 50.0,
            winding_resistance: 0.8,
            housing_resistance: 2.0,
            winding_time: 56.0,
            coulomb: 2.0,
            viscous: 3.0,
            rotor_inertia: 0.3,
            ..big
        },
        wrist,
        wrist,
        MotorConfig {
            resistance: 1.6,
            torque_constant: 3.2,
            rated_torque: 6.0,
            winding_resistance: 2.5,
            housing_resistance: 8.0,
            housing_time: 1600.0,
            coulomb: 0.3,
            viscous: 0.4,
            rotor_inertia: 0.0384,
            ..wrist
        },
    ];
    (1..=JOINTS).map(|n| format!("joint_{n}")).zip(motors).collect()
}

impl Config {
    /// Checks every key.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let ranges = [
            ("rate_hz", self.rate_hz, 5.0..=200.0),
            ("state_rate_hz", self.state_rate_hz, 1.0..=100.0),
            ("telemetry_rate_hz", self.telemetry_rate_hz, 0.1..=100.0),
            ("ambient", self.ambient, -60.0..=100.0),
            ("ambient_uncertainty", self.ambient_uncertainty, 0.1..=30.0),
            ("parameter_uncertainty", self.parameter_uncertainty, 0.01..=0.5),
            ("load_window", self.load_window, 1.0..=600.0),
            ("horizon", self.horizon, 5.0..=3600.0),
            ("warning_horizon", self.warning_horizon, 5.0..=86_400.0),
            ("margin", self.margin, 0.0..=50.0),
            ("confidence", self.confidence, 0.0..=5.0),
            ("hysteresis", self.hysteresis, 0.1..=50.0),
            ("minimum_speed", self.minimum_speed, 0.01..=1.0),
            ("bound_rise", self.bound_rise, 0.0..=10.0),
            ("bound_rise_most", self.bound_rise_most, 0.0..=200.0),
            ("sensors.low", self.sensors.low, -100.0..=20.0),
            ("sensors.high", self.sensors.high, 50.0..=500.0),
            ("sensors.jump", self.sensors.jump, 0.5..=50.0),
            ("sensors.stuck", self.sensors.stuck, 0.1..=50.0),
            ("sensors.noise", self.sensors.noise, 0.01..=10.0),
            ("payload.mass", self.payload.mass, 0.0..=100.0),
        ];
        for (key, value, range) in ranges {
            in_range(key, value, range)?;
        }
        for value in self.payload.center_of_mass {
            in_range("payload.center_of_mass", value, -10.0..=10.0)?;
        }
        self.motors.iter().try_for_each(|(joint, motor)| motor.validate(joint))
    }

    /// Names and motors in joint order.
    ///
    /// # Errors
    /// [`ConfigError`] naming a joint that is unknown or has no motor.
    pub fn motors(&self, order: &JointOrder) -> Result<PerJoint<NamedMotor>, ConfigError> {
        if let Some(joint) = self.motors.keys().find(|joint| order.index_of(joint).is_none()) {
            return Err(ConfigError::UnknownJoint { joint: joint.clone() });
        }
        let missing = |joint: &String| ConfigError::MissingMotor { joint: joint.clone() };
        let found = order.names().iter().map(|joint| {
            let motor = *self.motors.get(joint).ok_or_else(|| missing(joint))?;
            Ok((joint.clone(), motor))
        });
        let found: Vec<NamedMotor> = found.collect::<Result<_, ConfigError>>()?;
        found.try_into().map_err(|_| missing(&String::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_rated_torque_settles_below_the_limit() {
        let config = Config::default();
        assert_eq!(config.validate(), Ok(()));
        for (joint, motor) in &config.motors {
            let load = crate::network::Load {
                current_squared: motor.rated_current().powi(2),
                power: 0.0,
                ambient: 25.0,
            };
            let settled = motor.network().settled(&load).unwrap();
            assert!(settled.winding < motor.winding_limit, "{joint}: {settled:?}");
        }
    }

    #[test]
    fn a_motor_that_runs_away_is_refused_with_the_reason() {
        let mut config = Config::default();
        config.motors.get_mut("joint_3").unwrap().housing_resistance = 20.0;
        let text = config.validate().unwrap_err().to_string();
        assert!(text.contains("motors.joint_3 runs away"), "{text}");
    }

    #[test]
    fn a_negative_time_constant_and_a_nan_are_refused_by_name() {
        for bad in [-1.0, f64::NAN, 0.0] {
            let mut config = Config::default();
            config.motors.get_mut("joint_2").unwrap().winding_time = bad;
            let text = config.validate().unwrap_err().to_string();
            assert!(text.starts_with("parameter motors.joint_2.winding_time"), "{text}");
        }
    }

    #[test]
    fn a_joint_without_motor_is_named() {
        let order = JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap();
        let mut config = Config::default();
        config.motors.remove("joint_4");
        let text = config.motors(&order).unwrap_err().to_string();
        assert!(text.contains("motors.joint_4 is missing"), "{text}");
        let more = MotorConfig { resistance: 1.0, ..Config::default().motors["joint_1"] };
        config.motors.insert("joint_9".into(), more);
        assert!(config.motors(&order).unwrap_err().to_string().contains("joint_9"));
    }
}
