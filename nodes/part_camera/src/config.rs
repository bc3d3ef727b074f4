//! Parameters of the camera.

use serde::Deserialize;
use thiserror::Error;

/// As in `config/part_camera.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which parts are bad, and how.
    pub seed: u64,
    /// Share of bad parts.
    pub bad: f64,
    /// Pictures a second.
    pub rate: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { seed: 1, bad: 0.3, rate: 2.0 }
    }
}

/// A parameter out of range.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("parameter {key} = {value} is not from {lowest} to {highest}")]
pub struct ConfigError {
    key: &'static str,
    value: f64,
    lowest: f64,
    highest: f64,
}

impl Config {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError`] naming the parameter.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (key, value, lowest, highest) in
            [("bad", self.bad, 0.0, 1.0), ("rate", self.rate, 0.1, 30.0)]
        {
            if !(lowest..=highest).contains(&value) {
                return Err(ConfigError { key, value, lowest, highest });
            }
        }
        Ok(())
    }
}
