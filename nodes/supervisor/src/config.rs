//! Parameters of the supervisor, as in `config/supervisor.yaml`.

use serde::Deserialize;
use std::time::Duration;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};
use vocabulary::joint::JOINTS;

/// Why the parameters cannot be used.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// The joints cannot be dealt out evenly.
    #[error("parameter joints_per_driver = {0}: use 1, 2, 3 or 6")]
    JointsPerDriver(usize),
    /// An expected node has no name.
    #[error("parameter expected holds an empty node name: name nodes without namespace")]
    EmptyName,
}

/// Parameters of the supervisor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many joints one driver process serves: 1, 2, 3 or 6.
    pub joints_per_driver: usize,
    /// Whether a second controller, `control_standby`, is expected.
    pub standby: bool,
    /// Nodes that shall run besides the drivers.
    pub expected: Vec<String>,
    /// Silence after which a controller is lost, s.
    pub control_timeout: f64,
    /// Silence after which a driver is lost, s.
    pub driver_timeout: f64,
    /// Silence after which any other node is lost, s.
    pub node_timeout: f64,
    /// After its own start the supervisor judges nobody for so long, s.
    pub grace: f64,
    /// An expected node that was not heard for so long after the start is named, s.
    pub appear_timeout: f64,
    /// How long `arm/enable` may take, s.
    pub enable_timeout: f64,
    /// How long the drivers may take to follow again after `arm/resume`, s.
    pub resume_timeout: f64,
    /// How long `arm/disable` waits for the arm to come to rest, s.
    pub disable_timeout: f64,
    /// Below this speed a joint is at rest, rad/s.
    pub rest_velocity: f64,
    /// Older news of the joints is no news, s.
    pub arm_state_timeout: f64,
    /// How long a controller that was handed the lease may lose it again, s.
    pub canary: f64,
    /// Time between two steps, s.
    pub step_period: f64,
    /// Time between two diagnostics, s.
    pub diagnostics_period: f64,
    /// Where the host keeps the state; empty for its default place.
    pub state_file: String,
    /// Tells one start of the whole arm from the next; launch draws it. A state stored in another
    /// session gives power to nobody.
    pub session: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            joints_per_driver: 1,
            standby: false,
            expected: ["arm_controller", "control", "joint_state"].map(str::to_owned).to_vec(),
            control_timeout: 0.15,
            driver_timeout: 0.3,
            node_timeout: 1.0,
            grace: 1.0,
            appear_timeout: 10.0,
            enable_timeout: 10.0,
            resume_timeout: 2.0,
            disable_timeout: 2.0,
            rest_velocity: 0.01,
            arm_state_timeout: 0.5,
            canary: 5.0,
            step_period: 0.02,
            diagnostics_period: 1.0,
            state_file: String::new(),
            session: String::new(),
        }
    }
}

impl Config {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if ![1, 2, 3, JOINTS].contains(&self.joints_per_driver) {
            return Err(ConfigError::JointsPerDriver(self.joints_per_driver));
        }
        if self.expected.iter().any(String::is_empty) {
            return Err(ConfigError::EmptyName);
        }
        in_range("control_timeout", self.control_timeout, 0.1..=10.0)?;
        in_range("driver_timeout", self.driver_timeout, 0.1..=10.0)?;
        in_range("node_timeout", self.node_timeout, 0.1..=60.0)?;
        in_range("grace", self.grace, 0.1..=30.0)?;
        in_range("appear_timeout", self.appear_timeout, 0.1..=300.0)?;
        in_range("enable_timeout", self.enable_timeout, 0.5..=120.0)?;
        in_range("resume_timeout", self.resume_timeout, 0.1..=60.0)?;
        in_range("disable_timeout", self.disable_timeout, 0.1..=60.0)?;
        in_range("rest_velocity", self.rest_velocity, 0.0001..=1.0)?;
        in_range("arm_state_timeout", self.arm_state_timeout, 0.05..=10.0)?;
        in_range("canary", self.canary, 0.1..=600.0)?;
        in_range("step_period", self.step_period, 0.001..=0.05)?;
        in_range("diagnostics_period", self.diagnostics_period, 0.1..=60.0)?;
        Ok(())
    }
}

/// A time in seconds that [`Config::validate`] has let pass.
pub(crate) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn four_joints_per_driver_are_refused() {
        let config = Config { joints_per_driver: 4, ..Config::default() };
        let message = config.validate().unwrap_err().to_string();
        assert_eq!(message, "parameter joints_per_driver = 4: use 1, 2, 3 or 6");
    }

    #[test]
    fn a_timeout_that_is_no_number_is_refused_by_name() {
        let config = Config { grace: f64::NAN, ..Config::default() };
        assert!(config.validate().unwrap_err().to_string().contains("parameter grace = NaN"));
    }
}
