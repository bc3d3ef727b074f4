//! Bus load from the configuration, before anything is sent.
//!
//! The one rule: a configuration that cannot fit the wire is refused at start with the numbers and
//! what to change. Worst-case stuffing is assumed, see [`crate::wire::worst_case_bits`].

use thiserror::Error;

use crate::wire::{Format, worst_case_bits};

/// Load above which a warning is due: EMCY, SDO and retries need the rest.
pub const WARN_ABOVE: f64 = 0.80;

/// Frames that are sent again and again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Identifier format.
    pub format: Format,
    /// Data bytes, 0 to 8.
    pub len: u8,
    /// How many such frames per second \[Hz\].
    pub rate: f64,
}

impl Traffic {
    /// `count` frames of `len` bytes with 11-bit identifiers, each at `rate` \[Hz\].
    #[must_use]
    pub fn standard(len: u8, count: usize, rate: f64) -> Self {
        Self { format: Format::Standard, len, rate: rate * count as f64 }
    }

    fn bits_per_second(&self) -> f64 {
        f64::from(worst_case_bits(self.format, self.len)) * self.rate
    }
}

/// Everything periodic on one bus.
#[derive(Debug, Clone, PartialEq)]
pub struct BusLoadConfig {
    /// Bit rate \[bit/s\].
    pub bitrate: u32,
    /// Control rate \[Hz\]; only used to say what would fit.
    pub rate: f64,
    /// What is sent once per control cycle, per cycle (rate = [`BusLoadConfig::rate`]).
    pub cyclic: Vec<Traffic>,
    /// What is sent at its own rate: heartbeats, slow PDOs.
    pub background: Vec<Traffic>,
}

impl BusLoadConfig {
    /// The usual CiA 402 set: per servo one 8-byte command and one 8-byte feedback PDO per cycle,
    /// a heartbeat every `heartbeat_ms`, and one SYNC per cycle for all.
    #[must_use]
    pub fn cia402(bitrate: u32, servos: usize, rate: f64, heartbeat_ms: u16) -> Self {
        let cyclic = vec![Traffic::standard(8, 2 * servos, rate), Traffic::standard(0, 1, rate)];
        let beats = if heartbeat_ms == 0 { 0.0 } else { 1000.0 / f64::from(heartbeat_ms) };
        Self { bitrate, rate, cyclic, background: vec![Traffic::standard(1, servos, beats)] }
    }
}

/// Worst-case load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BusLoad {
    /// Bits per second, worst-case stuffing.
    pub bits_per_second: f64,
    /// Share of the wire, 1 = full.
    pub fraction: f64,
    /// Control rate \[Hz\] at which the load would be [`WARN_ABOVE`].
    pub rate_at_warning: f64,
}

/// Loads that are refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BusLoadError {
    /// More than the wire carries.
    #[error(
        "the bus would be loaded to {:.0} % ({bits_per_second:.0} of {bitrate} bit/s): lower the \
         control rate from {rate:.0} to at most {possible:.0} Hz, or spread the servos over two buses",
        fraction * 100.0
    )]
    Overloaded {
        /// Share of the wire, 1 = full.
        fraction: f64,
        /// Worst-case bits per second.
        bits_per_second: f64,
        /// Bit rate \[bit/s\].
        bitrate: u32,
        /// Configured control rate \[Hz\].
        rate: f64,
        /// Highest advisable control rate \[Hz\].
        possible: f64,
    },
    /// Rate or bit rate is zero, negative or not a number.
    #[error("bit rate {bitrate} bit/s and control rate {rate} Hz must both be above zero")]
    Rate {
        /// Bit rate \[bit/s\].
        bitrate: u32,
        /// Control rate \[Hz\].
        rate: f64,
    },
}

impl BusLoad {
    /// A warning with numbers when little is left, `None` when the load is comfortable.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        (self.fraction > WARN_ABOVE).then(|| {
            format!(
                "bus load {:.0} % at worst-case stuffing, above {:.0} %: errors and SDO have little \
                 room; a control rate of at most {:.0} Hz keeps below it",
                self.fraction * 100.0,
                WARN_ABOVE * 100.0,
                self.rate_at_warning
            )
        })
    }
}

/// The worst-case load of a configuration.
///
/// # Errors
/// [`BusLoadError`] above 100 %, or when a rate makes no sense.
pub fn bus_load(config: &BusLoadConfig) -> Result<BusLoad, BusLoadError> {
    let (bitrate, rate) = (config.bitrate, config.rate);
    let sum = |list: &[Traffic]| list.iter().map(Traffic::bits_per_second).sum::<f64>();
    let (cyclic, background) = (sum(&config.cyclic), sum(&config.background));
    let bits_per_second = cyclic + background;
    if bitrate == 0 || !(rate > 0.0 && rate.is_finite() && bits_per_second.is_finite()) {
        return Err(BusLoadError::Rate { bitrate, rate });
    }
    let fraction = bits_per_second / f64::from(bitrate);
    let room = (WARN_ABOVE * f64::from(bitrate) - background).max(0.0);
    let rate_at_warning = if cyclic > 0.0 { rate * room / cyclic } else { f64::INFINITY };
    if fraction > 1.0 {
        let possible = rate_at_warning;
        return Err(BusLoadError::Overloaded {
            fraction,
            bits_per_second,
            bitrate,
            rate,
            possible,
        });
    }
    Ok(BusLoad { bits_per_second, fraction, rate_at_warning })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_servos_at_250_hz_fill_42_percent() {
        let load = bus_load(&BusLoadConfig::cia402(1_000_000, 6, 250.0, 0)).unwrap();
        assert!((load.fraction - 0.41875).abs() < 1e-9, "{load:?}");
        assert!((load.rate_at_warning - 477.6).abs() < 0.1, "{load:?}");
        assert_eq!(load.warning(), None);
    }

    #[test]
    fn six_servos_at_1_khz_are_refused_with_the_rate_that_fits() {
        let error = bus_load(&BusLoadConfig::cia402(1_000_000, 6, 1000.0, 0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the bus would be loaded to 168 % (1675000 of 1000000 bit/s): lower the control rate \
             from 1000 to at most 478 Hz, or spread the servos over two buses"
        );
    }

    #[test]
    fn six_servos_at_500_hz_warn() {
        let load = bus_load(&BusLoadConfig::cia402(1_000_000, 6, 500.0, 100)).unwrap();
        assert!(load.warning().unwrap().starts_with("bus load 84 %"), "{:?}", load.warning());
    }

    #[test]
    fn senseless_rates_are_refused() {
        for (bitrate, rate) in [(0, 250.0), (1_000_000, 0.0), (1_000_000, f64::NAN)] {
            assert!(bus_load(&BusLoadConfig::cia402(bitrate, 6, rate, 100)).is_err());
        }
    }
}
