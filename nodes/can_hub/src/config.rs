//! Settings of the hub, and their ranges.

use can_bus::in_process::CoreConfig;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Settings of the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address to listen at. The protocol has no password: keep it on the loopback.
    pub host: String,
    /// TCP port; 0 lets the system choose.
    pub port: u16,
    /// Name of the bus, as clients open it.
    pub channel: String,
    /// Bit rate \[bit/s\], 10 000 to 1 000 000.
    pub bitrate: u32,
    /// Whether frames take their time on the wire and arbitrate; otherwise they pass at once.
    pub model_time: bool,
    /// Frames a client can have waiting to be sent, 1 to 1000; only with `model_time`.
    pub tx_queue: usize,
    /// How long a client hears nothing after `rawmode` \[ms\], 0 to 1000.
    pub hold_ms: u64,
    /// Bytes that wait for a slow client before frames for it are dropped, 4096 to 16 MiB.
    pub client_buffer: usize,
    /// Seed of the dice that faults throw.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 29_536,
            channel: "vcan0".into(),
            bitrate: 1_000_000,
            model_time: false,
            tx_queue: 32,
            hold_ms: 50,
            client_buffer: 256 * 1024,
            seed: 0,
        }
    }
}

/// A setting out of its range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A number outside its range.
    #[error("{key}: {value} is outside {min}..={max}")]
    Range {
        /// The parameter.
        key: &'static str,
        /// Its value.
        value: u64,
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// A name the protocol cannot carry.
    #[error("{key}: {value:?} must be 1 to 31 printable characters without blanks, < and >")]
    Name {
        /// The parameter.
        key: &'static str,
        /// Its value.
        value: String,
    },
}

impl Config {
    /// Checks every range.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let range = |key, value: u64, min, max| {
            let ok = (min..=max).contains(&value);
            if ok { Ok(()) } else { Err(ConfigError::Range { key, value, min, max }) }
        };
        range("bitrate", self.bitrate.into(), 10_000, 1_000_000)?;
        range("tx_queue", self.tx_queue as u64, 1, 1000)?;
        range("hold_ms", self.hold_ms, 0, 1000)?;
        range("client_buffer", self.client_buffer as u64, 4096, 16 << 20)?;
        let clean = |c: char| c.is_ascii_graphic() && c != '<' && c != '>';
        let value = &self.channel;
        if !(1..=31).contains(&value.len()) || !value.chars().all(clean) {
            return Err(ConfigError::Name { key: "channel", value: value.clone() });
        }
        Ok(())
    }

    pub(crate) fn wire(&self) -> CoreConfig {
        CoreConfig {
            bitrate: self.bitrate,
            model_time: self.model_time,
            tx_queue: self.tx_queue,
            seed: self.seed,
            ..CoreConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn value_out_of_range_is_named_with_its_limits() {
        let error = Config { hold_ms: 2000, ..Config::default() }.validate().unwrap_err();
        assert_eq!(error.to_string(), "hold_ms: 2000 is outside 0..=1000");
        let channel = "a b".to_owned();
        assert!(Config { channel, ..Config::default() }.validate().is_err());
    }
}
