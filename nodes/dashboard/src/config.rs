//! Parameters of the dashboard, as in `config/dashboard.yaml`.

use serde::Deserialize;
use std::net::IpAddr;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};

/// Why the node cannot start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error("{0}")]
    OutOfRange(String),
    /// `host` is no address.
    #[error(
        "parameter host = {0:?} is no IP address: give 127.0.0.1, 0.0.0.0 or one of this machine"
    )]
    Host(String),
    /// A token that could be guessed.
    #[error("the token has {0} characters: give at least {SHORTEST_TOKEN}, or none for read-only")]
    ShortToken(usize),
    /// A token that no HTTP header can carry.
    #[error("the token may hold only visible ASCII characters, without spaces")]
    TokenCharacters,
}

impl From<OutOfRange> for ConfigError {
    fn from(error: OutOfRange) -> Self {
        Self::OutOfRange(error.to_string())
    }
}

/// Shorter tokens are refused: 12 random characters outlast any guessing at the rate allowed.
pub const SHORTEST_TOKEN: usize = 12;

/// Parameters of the dashboard.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address to listen at.
    pub host: String,
    /// TCP port; 0: the system chooses.
    pub port: u16,
    /// File whose first line is the token; empty: environment `ARMATURE_DASHBOARD_TOKEN`.
    pub token_file: String,
    /// Names besides `localhost` and IP addresses under which browsers may ask for this page.
    pub allowed_hosts: Vec<String>,
    /// Rate of the picture, Hz.
    pub frame_rate_hz: f64,
    /// Browsers at a time.
    pub clients: usize,
    /// Folder of recordings; empty: where the recorder puts them.
    pub recordings_folder: String,
    /// A node not heard for longer is silent, s.
    pub silence: f64,
    /// Length of the plots, s.
    pub history: f64,
    /// Put before every frame name of the text markers, as in joint_state.yaml.
    pub frame_prefix: String,
    /// Nice value of the page's threads: with a higher one a busy machine makes a stop wait.
    pub nice: i32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8460,
            token_file: String::new(),
            allowed_hosts: Vec::new(),
            frame_rate_hz: 40.0,
            clients: 16,
            recordings_folder: String::new(),
            silence: 1.0,
            history: 600.0,
            frame_prefix: String::new(),
            nice: 0,
        }
    }
}

impl Config {
    /// Checks every value; the address to listen at.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<IpAddr, ConfigError> {
        in_range("frame_rate_hz", self.frame_rate_hz, 5.0..=100.0)?;
        in_range("clients", self.clients as f64, 1.0..=256.0)?;
        in_range("silence", self.silence, 0.2..=60.0)?;
        in_range("history", self.history, 10.0..=3600.0)?;
        in_range("nice", f64::from(self.nice), 0.0..=19.0)?;
        self.host.parse().map_err(|_| ConfigError::Host(self.host.clone()))
    }
}

/// The token in the first line of a text; `None` for an empty one: read-only.
///
/// # Errors
/// [`ConfigError`] for a token that could be guessed or never be sent.
pub fn token(text: &str) -> Result<Option<String>, ConfigError> {
    let token = text.lines().next().unwrap_or_default().trim();
    if token.is_empty() {
        return Ok(None);
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::TokenCharacters);
    }
    if token.len() < SHORTEST_TOKEN {
        return Err(ConfigError::ShortToken(token.len()));
    }
    Ok(Some(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_stay_on_the_loopback() {
        assert!(Config::default().validate().unwrap().is_loopback());
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let config = Config { frame_rate_hz: 500.0, ..Config::default() };
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("frame_rate_hz = 500"), "{message}");
        let config = Config { host: "everywhere".into(), ..Config::default() };
        assert!(config.validate().unwrap_err().to_string().contains("everywhere"));
    }

    #[test]
    fn a_token_is_a_line_long_enough_or_none() {
        assert_eq!(token("\n").unwrap(), None);
        assert_eq!(
            token("correct-horse-9\nsecond line").unwrap().as_deref(),
            Some("correct-horse-9")
        );
        assert_eq!(token("short"), Err(ConfigError::ShortToken(5)));
        assert_eq!(token("with spaces in it"), Err(ConfigError::TokenCharacters));
    }
}
