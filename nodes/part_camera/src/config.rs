//! Parameters of the camera.

use serde::Deserialize;
use vocabulary::config::{OutOfRange, in_range};

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

impl Config {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`OutOfRange`] naming the parameter.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        in_range("bad", self.bad, 0.0..=1.0)?;
        in_range("rate", self.rate, 0.1..=30.0)
    }
}
