//! Parameters of the cell.

use crate::registry::Patience;
use serde::Deserialize;
use std::time::Duration;
use thiserror::Error;

/// As in `config/cell.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// File of the job to load at the start; empty for none.
    pub job: String,
    /// Begin it at once.
    pub run: bool,
    /// File of the state; empty for the default place.
    pub state_file: String,
    /// Tells one start of the whole arm from the next.
    pub session: String,
    /// Failures in a row after which a station rests.
    pub strikes: u32,
    /// For how long it rests, s.
    pub rest: f64,
    /// After our own start: how long stations may take to be found, s.
    pub grace: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            job: String::new(),
            run: false,
            state_file: String::new(),
            session: String::new(),
            strikes: 3,
            rest: 10.0,
            grace: 1.5,
        }
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
        for (key, value, lowest, highest) in [
            ("strikes", f64::from(self.strikes), 1.0, 1000.0),
            ("rest", self.rest, 0.0, 86_400.0),
            ("grace", self.grace, 0.0, 60.0),
        ] {
            if !(lowest..=highest).contains(&value) {
                return Err(ConfigError { key, value, lowest, highest });
            }
        }
        Ok(())
    }

    pub(crate) fn patience(&self) -> Patience {
        Patience { strikes: self.strikes, rest: seconds(self.rest) }
    }
}

/// A length of time that was checked before; none for nonsense.
pub(crate) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_range_and_nan_is_not() {
        assert_eq!(Config::default().validate(), Ok(()));
        let wrong = Config { rest: f64::NAN, ..Config::default() }.validate().unwrap_err();
        assert_eq!(wrong.to_string(), "parameter rest = NaN is not from 0 to 86400");
    }
}
