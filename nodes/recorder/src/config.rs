//! Parameters of the recorder, as in `config/recorder.yaml`.

use crate::rules::{Rule, RuleError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};

/// Bytes of a megabyte.
pub const MEGABYTE: f64 = 1e6;

/// Why the parameters cannot be used.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A rule that cannot be followed.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The budget does not hold what is being written and one finished file.
    #[error(
        "parameter budget_mb = {budget} is less than two segments of segment_size_mb = {segment}: \
         the recorder would delete what it has just written"
    )]
    Budget {
        /// MB for all files.
        budget: f64,
        /// MB of one file.
        segment: f64,
    },
}

/// Parameters of the recorder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the files go; empty for the default place.
    pub folder: String,
    /// A file is ended at this size, MB.
    pub segment_size_mb: f64,
    /// A file is ended at this age, s.
    pub segment_time: f64,
    /// The oldest files are deleted when all together are larger than this, MB.
    pub budget_mb: f64,
    /// Left free on the disk for others, MB: the oldest files are deleted for it, too.
    pub keep_free_mb: f64,
    /// Memory for messages that wait for the disk, MB.
    pub cache_mb: f64,
    /// What was received is part of the file after this time at the latest, s.
    pub commit_period: f64,
    /// How often the middleware is emptied, s.
    pub poll_period: f64,
    /// How often new topics are looked for, s.
    pub discovery_period: f64,
    /// How often a disk that failed is tried again, s.
    pub retry_period: f64,
    /// A snapshot keeps the files of this time back, s.
    pub snapshot_time: f64,
    /// Messages of a topic that the middleware keeps until they are taken, unless a rule says otherwise.
    pub depth: u64,
    /// Which topics are recorded, and how: by name, applied in the order of the names.
    pub rules: BTreeMap<String, Rule>,
    /// When something counts as a fault, and how its causes are gathered.
    pub causes: CausesConfig,
}

/// Parameters of the chain of causes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CausesConfig {
    /// Silence of a node's heartbeat that is noticed, s.
    pub heartbeat_timeout: f64,
    /// Warnings this long before a fault belong to its causes, s.
    pub lookback: f64,
    /// A fault is told completely when nothing was added for so long, s.
    pub quiet: f64,
    /// It is told completely after this time at the latest, s.
    pub longest: f64,
}

impl Default for CausesConfig {
    fn default() -> Self {
        Self { heartbeat_timeout: 0.3, lookback: 2.0, quiet: 1.0, longest: 10.0 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: String::new(),
            segment_size_mb: 256.0,
            segment_time: 600.0,
            budget_mb: 10_000.0,
            keep_free_mb: 1_000.0,
            cache_mb: 128.0,
            commit_period: 0.25,
            poll_period: 0.01,
            discovery_period: 0.1,
            retry_period: 0.5,
            snapshot_time: 60.0,
            depth: 1_000,
            rules: BTreeMap::new(),
            causes: CausesConfig::default(),
        }
    }
}

impl Config {
    /// Checks every key.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        in_range("segment_size_mb", self.segment_size_mb, 0.1..=100_000.0)?;
        in_range("segment_time", self.segment_time, 1.0..=86_400.0)?;
        in_range("budget_mb", self.budget_mb, 0.2..=100_000_000.0)?;
        in_range("keep_free_mb", self.keep_free_mb, 0.0..=100_000_000.0)?;
        in_range("cache_mb", self.cache_mb, 0.1..=16_000.0)?;
        in_range("commit_period", self.commit_period, 0.02..=0.8)?;
        in_range("poll_period", self.poll_period, 0.001..=0.1)?;
        in_range("discovery_period", self.discovery_period, 0.02..=10.0)?;
        in_range("retry_period", self.retry_period, 0.1..=10.0)?;
        in_range("snapshot_time", self.snapshot_time, 1.0..=86_400.0)?;
        in_range("depth", self.depth as f64, 1.0..=100_000.0)?;
        self.causes.validate()?;
        if self.budget_mb < 2.0 * self.segment_size_mb {
            let (budget, segment) = (self.budget_mb, self.segment_size_mb);
            return Err(ConfigError::Budget { budget, segment });
        }
        self.rules.iter().try_for_each(|(name, rule)| rule.validate(name))?;
        Ok(())
    }

    /// What the keeper of the files needs of them.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let bytes = |megabytes: f64| (megabytes * MEGABYTE) as u64;
        Limits {
            segment_size: bytes(self.segment_size_mb),
            segment_time: Duration::from_secs_f64(self.segment_time),
            budget: bytes(self.budget_mb),
            keep_free: bytes(self.keep_free_mb),
            commit: Duration::from_secs_f64(self.commit_period),
            retry: Duration::from_secs_f64(self.retry_period),
            snapshot: Duration::from_secs_f64(self.snapshot_time),
        }
    }
}

impl CausesConfig {
    fn validate(&self) -> Result<(), OutOfRange> {
        in_range("causes.heartbeat_timeout", self.heartbeat_timeout, 0.1..=10.0)?;
        in_range("causes.lookback", self.lookback, 0.0..=60.0)?;
        in_range("causes.quiet", self.quiet, 0.1..=60.0)?;
        in_range("causes.longest", self.longest, 0.5..=600.0)
    }
}

/// Limits of files and disk, in bytes and durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A file is ended at this size.
    pub segment_size: u64,
    /// A file is ended at this age.
    pub segment_time: Duration,
    /// Size of all files together.
    pub budget: u64,
    /// Left free on the disk.
    pub keep_free: u64,
    /// Between two commits.
    pub commit: Duration,
    /// Between two attempts at a disk that failed.
    pub retry: Duration,
    /// How far back a snapshot reaches.
    pub snapshot: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn a_commit_period_that_could_lose_a_second_is_refused() {
        let config = Config { commit_period: 1.0, ..Config::default() };
        let text = config.validate().unwrap_err().to_string();
        assert_eq!(text, "parameter commit_period = 1 is out of range: 0.02 to 0.8 is allowed");
    }

    #[test]
    fn a_budget_below_two_segments_is_refused() {
        let config = Config { budget_mb: 300.0, ..Config::default() };
        let text = config.validate().unwrap_err().to_string();
        assert!(text.contains("budget_mb = 300") && text.contains("= 256"), "{text}");
    }
}
