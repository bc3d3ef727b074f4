//! What the simulated arm is made of: every number of drive, motor, gear, brake and heat.
//!
//! The one rule: a configuration that passed [`Config::validate`] cannot make the physics diverge.
//! Per-joint lists follow the arm's joint order. The defaults fit `config/description` of this
//! project: rated torque is half of the effort limit, so 2000 per mille reaches that limit.

use serde::Deserialize;
use thiserror::Error;
use vocabulary::joint::{JOINTS, PerJoint};

/// A value that cannot be used: names the key, the value and what is allowed.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{key} is {value}: allowed is {allowed}")]
pub struct ConfigError {
    /// Dotted key, with the joint's index where the key is a list.
    pub key: String,
    /// The refused value.
    pub value: String,
    /// What would be accepted.
    pub allowed: String,
}

/// The whole simulator.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// CANopen node id of each drive, 1 to 127, all different.
    pub node_ids: PerJoint<u8>,
    /// Longest step of the physics, s, at most 0.001.
    pub physics_step: f64,
    /// Length of the history of the true state, s.
    pub history: f64,
    /// From power-on to the boot-up message, s.
    pub boot_time: f64,
    /// Joint positions at power-on, rad.
    pub initial_position: PerJoint<f64>,
    /// Encoder counts per revolution of the joint.
    pub counts_per_revolution: PerJoint<u32>,
    /// Standard deviation of the encoder's noise, counts.
    pub encoder_noise: f64,
    /// Supply voltage, V.
    pub supply_voltage: f64,
    /// Surroundings, °C.
    pub ambient_temperature: f64,
    /// Motors and gears.
    pub motor: MotorConfig,
    /// Friction at the joint.
    pub friction: FrictionConfig,
    /// Holding brakes.
    pub brake: BrakeConfig,
    /// The loops inside the drives.
    pub servo: ServoConfig,
    /// Heat.
    pub thermal: ThermalConfig,
}

/// Motors and gears.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MotorConfig {
    /// Continuous torque at the joint, N·m; object 0x6076, base of all per-mille torques.
    pub rated_torque: PerJoint<f64>,
    /// Largest torque, multiple of the rated one; default of object 0x6072.
    pub peak_ratio: f64,
    /// Motor torque per current, N·m/A.
    pub torque_constant: PerJoint<f64>,
    /// Motor revolutions per joint revolution.
    pub gear_ratio: PerJoint<f64>,
    /// Inertia of the rotor, at the motor's side, kg·m².
    pub rotor_inertia: PerJoint<f64>,
}

/// Friction at the joint.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrictionConfig {
    /// Coulomb friction, N·m.
    pub coulomb: PerJoint<f64>,
    /// What sticks on top of it at rest, N·m.
    pub stiction: PerJoint<f64>,
    /// Speed at which stiction has faded, rad/s.
    pub stribeck_velocity: f64,
    /// Viscous friction, N·m·s/rad.
    pub viscous: PerJoint<f64>,
    /// Share of Coulomb and viscous friction that the drive compensates by itself, 0 to 1.
    pub compensation: f64,
}

/// Holding brakes: closed whenever the power stage is off.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrakeConfig {
    /// Whether the joints have brakes; without, a disabled arm falls.
    pub fitted: bool,
    /// Torque at which a closed brake slips, N·m.
    pub torque: PerJoint<f64>,
    /// What the coil of an open brake needs; it warms the housing, W.
    pub coil_power: PerJoint<f64>,
}

/// The loops inside the drives.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServoConfig {
    /// Bandwidth of the velocity loop, rad/s, at most 400.
    pub velocity_bandwidth: f64,
    /// Bandwidth of the position loop, rad/s, at most a third of the velocity loop's.
    pub position_bandwidth: f64,
    /// Integral time of the velocity loop, s.
    pub integral_time: f64,
    /// Lag of the current loop, s.
    pub current_lag: f64,
    /// Default of the following error window 0x6065, rad.
    pub following_error_window: f64,
    /// Default of the following error time-out 0x6066, s.
    pub following_error_timeout: f64,
    /// Default of the quick-stop deceleration 0x6085, rad/s².
    pub quick_stop_deceleration: f64,
}

/// Heat: winding and housing of each motor, and the driver stage.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThermalConfig {
    /// Resistance of the winding at 25 °C, Ω.
    pub resistance: PerJoint<f64>,
    /// Winding to housing, K/W.
    pub winding_to_housing: PerJoint<f64>,
    /// Housing to ambient, K/W.
    pub housing_to_ambient: PerJoint<f64>,
    /// Heat capacity of the winding, J/K.
    pub winding_capacity: PerJoint<f64>,
    /// Heat capacity of the housing, J/K.
    pub housing_capacity: PerJoint<f64>,
    /// Rise of the driver stage at rated current, K.
    pub stage_rise: f64,
    /// Time constant of the driver stage, s.
    pub stage_time: f64,
    /// Winding temperature that sets the warning bit, °C.
    pub winding_warning: f64,
    /// Winding temperature that switches off, °C.
    pub winding_limit: f64,
    /// Driver stage temperature that sets the warning bit, °C.
    pub stage_warning: f64,
    /// Driver stage temperature that switches off, °C.
    pub stage_limit: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node_ids: [1, 2, 3, 4, 5, 6],
            physics_step: 0.001,
            history: 2.0,
            boot_time: 0.05,
            initial_position: [0.0; JOINTS],
            counts_per_revolution: [1 << 20; JOINTS],
            encoder_noise: 0.0,
            supply_voltage: 48.0,
            ambient_temperature: 25.0,
            motor: MotorConfig::default(),
            friction: FrictionConfig::default(),
            brake: BrakeConfig::default(),
            servo: ServoConfig::default(),
            thermal: ThermalConfig::default(),
        }
    }
}

impl Default for MotorConfig {
    fn default() -> Self {
        Self {
            rated_torque: [75.0, 110.0, 50.0, 12.0, 12.0, 6.0],
            peak_ratio: 2.0,
            torque_constant: [0.10, 0.12, 0.08, 0.05, 0.05, 0.04],
            gear_ratio: [100.0, 100.0, 100.0, 80.0, 80.0, 80.0],
            rotor_inertia: [5e-5, 6e-5, 3e-5, 1e-5, 1e-5, 6e-6],
        }
    }
}

impl Default for FrictionConfig {
    fn default() -> Self {
        Self {
            coulomb: [3.0, 4.0, 2.0, 0.5, 0.5, 0.3],
            stiction: [1.0, 1.2, 0.6, 0.15, 0.15, 0.1],
            stribeck_velocity: 0.05,
            viscous: [4.0, 5.0, 3.0, 0.6, 0.6, 0.4],
            compensation: 0.9,
        }
    }
}

impl Default for BrakeConfig {
    fn default() -> Self {
        Self {
            fitted: true,
            torque: [150.0, 220.0, 100.0, 24.0, 24.0, 12.0],
            coil_power: [6.0, 6.0, 6.0, 2.0, 2.0, 2.0],
        }
    }
}

impl Default for ServoConfig {
    fn default() -> Self {
        Self {
            velocity_bandwidth: 240.0,
            position_bandwidth: 60.0,
            integral_time: 0.04,
            current_lag: 0.0005,
            following_error_window: 0.1,
            following_error_timeout: 0.05,
            quick_stop_deceleration: 10.0,
        }
    }
}

impl Default for ThermalConfig {
    fn default() -> Self {
        Self {
            resistance: [0.6, 0.5, 0.6, 1.2, 1.2, 1.6],
            winding_to_housing: [0.6, 0.5, 0.8, 1.5, 1.5, 2.5],
            housing_to_ambient: [1.5, 1.2, 2.0, 5.0, 5.0, 8.0],
            winding_capacity: [100.0, 120.0, 70.0, 30.0, 30.0, 18.0],
            housing_capacity: [1200.0, 1500.0, 900.0, 300.0, 300.0, 200.0],
            stage_rise: 20.0,
            stage_time: 90.0,
            winding_warning: 110.0,
            winding_limit: 130.0,
            stage_warning: 75.0,
            stage_limit: 90.0,
        }
    }
}

impl MotorConfig {
    /// Torque at the joint per motor current, N·m/A.
    #[must_use]
    pub fn joint_torque_constant(&self) -> PerJoint<f64> {
        times(&self.torque_constant, &self.gear_ratio)
    }

    /// Inertia of the rotor as the joint feels it, kg·m².
    #[must_use]
    pub fn reflected_inertia(&self) -> PerJoint<f64> {
        times(&times(&self.rotor_inertia, &self.gear_ratio), &self.gear_ratio)
    }
}

fn times(a: &PerJoint<f64>, b: &PerJoint<f64>) -> PerJoint<f64> {
    std::array::from_fn(|i| a.get(i).unwrap_or(&0.0) * b.get(i).unwrap_or(&0.0))
}

impl Config {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError`] for the first value that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check_nodes()?;
        number("physics_step", self.physics_step, 1e-5, 1e-3)?;
        number("history", self.history, 0.0, 60.0)?;
        number("boot_time", self.boot_time, 0.0, 60.0)?;
        list("initial_position", &self.initial_position, -7.0, 7.0)?;
        let counts = self.counts_per_revolution.map(f64::from);
        list("counts_per_revolution", &counts, 1000.0, 1e9)?;
        number("encoder_noise", self.encoder_noise, 0.0, 1e6)?;
        number("supply_voltage", self.supply_voltage, 1.0, 1000.0)?;
        number("ambient_temperature", self.ambient_temperature, -60.0, 100.0)?;
        self.motor.check()?;
        self.friction.check()?;
        list("brake.torque", &self.brake.torque, 0.0, 1e5)?;
        list("brake.coil_power", &self.brake.coil_power, 0.0, 1e3)?;
        self.servo.check()?;
        self.thermal.check()
    }

    fn check_nodes(&self) -> Result<(), ConfigError> {
        for (i, id) in self.node_ids.iter().enumerate() {
            let repeated = self.node_ids.iter().take(i).any(|other| other == id);
            if repeated || !(1..=127).contains(id) {
                return Err(ConfigError {
                    key: format!("node_ids[{i}]"),
                    value: id.to_string(),
                    allowed: "1 to 127, each once".into(),
                });
            }
        }
        Ok(())
    }
}

impl MotorConfig {
    fn check(&self) -> Result<(), ConfigError> {
        list("motor.rated_torque", &self.rated_torque, 0.001, 1e5)?;
        number("motor.peak_ratio", self.peak_ratio, 1.0, 10.0)?;
        list("motor.torque_constant", &self.torque_constant, 1e-4, 1e3)?;
        list("motor.gear_ratio", &self.gear_ratio, 1.0, 1e3)?;
        list("motor.rotor_inertia", &self.rotor_inertia, 0.0, 10.0)
    }
}

impl FrictionConfig {
    fn check(&self) -> Result<(), ConfigError> {
        list("friction.coulomb", &self.coulomb, 0.0, 1e4)?;
        list("friction.stiction", &self.stiction, 0.0, 1e4)?;
        number("friction.stribeck_velocity", self.stribeck_velocity, 1e-4, 10.0)?;
        list("friction.viscous", &self.viscous, 0.0, 1e3)?;
        number("friction.compensation", self.compensation, 0.0, 1.0)
    }
}

impl ServoConfig {
    fn check(&self) -> Result<(), ConfigError> {
        number("servo.velocity_bandwidth", self.velocity_bandwidth, 1.0, 400.0)?;
        let third = self.velocity_bandwidth / 3.0;
        number("servo.position_bandwidth", self.position_bandwidth, 0.1, third)?;
        number("servo.integral_time", self.integral_time, 0.005, 10.0)?;
        number("servo.current_lag", self.current_lag, 0.0, 0.01)?;
        number("servo.following_error_window", self.following_error_window, 1e-4, 10.0)?;
        number("servo.following_error_timeout", self.following_error_timeout, 0.0, 60.0)?;
        number("servo.quick_stop_deceleration", self.quick_stop_deceleration, 0.01, 1e4)
    }
}

impl ThermalConfig {
    fn check(&self) -> Result<(), ConfigError> {
        list("thermal.resistance", &self.resistance, 0.0, 1e3)?;
        list("thermal.winding_to_housing", &self.winding_to_housing, 0.01, 1e3)?;
        list("thermal.housing_to_ambient", &self.housing_to_ambient, 0.01, 1e3)?;
        list("thermal.winding_capacity", &self.winding_capacity, 0.5, 1e6)?;
        list("thermal.housing_capacity", &self.housing_capacity, 0.5, 1e6)?;
        number("thermal.stage_rise", self.stage_rise, 0.0, 200.0)?;
        number("thermal.stage_time", self.stage_time, 0.1, 1e5)?;
        number("thermal.winding_warning", self.winding_warning, -50.0, 500.0)?;
        number("thermal.winding_limit", self.winding_limit, -50.0, 500.0)?;
        number("thermal.stage_warning", self.stage_warning, -50.0, 500.0)?;
        number("thermal.stage_limit", self.stage_limit, -50.0, 500.0)
    }
}

fn number(key: &str, value: f64, low: f64, high: f64) -> Result<(), ConfigError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(ConfigError {
        key: key.into(),
        value: value.to_string(),
        allowed: format!("{low} to {high}"),
    })
}

fn list(key: &str, values: &PerJoint<f64>, low: f64, high: f64) -> Result<(), ConfigError> {
    let mut numbered = values.iter().enumerate();
    numbered.try_for_each(|(i, value)| number(&format!("{key}[{i}]"), *value, low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn a_bad_value_is_named_with_its_range() {
        let mut config = Config { physics_step: 0.01, ..Config::default() };
        let text = config.validate().unwrap_err().to_string();
        assert_eq!(text, "physics_step is 0.01: allowed is 0.00001 to 0.001");
        config = Config { node_ids: [1, 2, 3, 3, 5, 6], ..Config::default() };
        assert_eq!(config.validate().unwrap_err().key, "node_ids[3]");
        config = Config::default();
        config.motor.gear_ratio[2] = f64::NAN;
        assert_eq!(config.validate().unwrap_err().key, "motor.gear_ratio[2]");
    }
}
