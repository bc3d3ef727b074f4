//! Parameters of `joint_state`, as in `config/joint_state.yaml`.

use serde::Deserialize;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};

/// Why the node cannot start.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// The robot description has other joints than `arm.joints`.
    #[error(
        "robot_description has {described:?} where arm.joints has {listed:?}: list the joints of \
         the description, base to tip"
    )]
    Joints {
        /// Name in the description.
        described: String,
        /// Name in `arm.joints`.
        listed: String,
    },
}

/// Parameters of `joint_state`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Rate of `joint_states`, Hz.
    pub joint_states_rate_hz: f64,
    /// Rate of `dynamic_joint_states`, Hz.
    pub dynamic_joint_states_rate_hz: f64,
    /// Rate of `arm_state`, Hz.
    pub arm_state_rate_hz: f64,
    /// Rate of `tf`, Hz.
    pub tf_rate_hz: f64,
    /// A joint whose last bus sample is older is silent, s.
    pub silence: f64,
    /// Temperatures older than this are unknown, s.
    pub telemetry_timeout: f64,
    /// A position that stands still to the last bit while its setpoint moves this far is frozen,
    /// rad.
    pub frozen_distance: f64,
    /// Put before every frame name on `tf`.
    pub frame_prefix: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            joint_states_rate_hz: 125.0,
            dynamic_joint_states_rate_hz: 10.0,
            arm_state_rate_hz: 50.0,
            tf_rate_hz: 50.0,
            silence: 0.1,
            telemetry_timeout: 1.0,
            frozen_distance: 0.02,
            frame_prefix: String::new(),
        }
    }
}

impl Config {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        in_range("joint_states_rate_hz", self.joint_states_rate_hz, 1.0..=1000.0)?;
        in_range("dynamic_joint_states_rate_hz", self.dynamic_joint_states_rate_hz, 0.1..=1000.0)?;
        in_range("arm_state_rate_hz", self.arm_state_rate_hz, 5.0..=1000.0)?;
        in_range("tf_rate_hz", self.tf_rate_hz, 1.0..=1000.0)?;
        in_range("silence", self.silence, 0.01..=10.0)?;
        in_range("telemetry_timeout", self.telemetry_timeout, 0.2..=60.0)?;
        in_range("frozen_distance", self.frozen_distance, 0.001..=1.0)?;
        Ok(())
    }

    /// How often the host should step, s: often enough for the fastest publication.
    #[must_use]
    pub fn step_period(&self) -> f64 {
        let rates = [self.joint_states_rate_hz, self.arm_state_rate_hz, self.tf_rate_hz];
        1.0 / rates.into_iter().fold(self.dynamic_joint_states_rate_hz, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_steps_with_the_fastest_rate() {
        assert_eq!(Config::default().validate(), Ok(()));
        assert!((Config::default().step_period() - 0.008).abs() < 1e-12);
    }

    #[test]
    fn a_negative_silence_is_refused_by_name() {
        let config = Config { silence: -1.0, ..Config::default() };
        assert!(config.validate().unwrap_err().to_string().contains("parameter silence = -1"));
    }
}
