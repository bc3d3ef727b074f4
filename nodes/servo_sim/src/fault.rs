//! Requests to make a drive misbehave: the vocabulary, and which words go together.
//!
//! The one rule: a request that means nothing is refused with the list of what is allowed.
//!
//! Terms: *signal*, what a drive reports or depends on; *kind*, how it goes wrong. Faults of
//! position, velocity, effort, temperature and statusword change what the drive reports, not what
//! its loops use; the temperature protection of the drive acts on the reported value.

use std::time::Duration;
use thiserror::Error;

/// A request as it arrives from a service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultRequest {
    /// Joint name; empty for all joints.
    pub joint: String,
    /// One of [`Signal::ALL`] by name.
    pub signal: String,
    /// `none` to end the fault, or one of [`Kind::ALL`] by name.
    pub kind: String,
    /// Depends on the kind: see [`Kind`].
    pub amount: f64,
    /// s; 0 = until ended.
    pub duration: f64,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FaultError {
    /// No such joint.
    #[error("joint {name:?} is unknown: use one of {allowed}, or an empty name for all")]
    Joint {
        /// The name asked for.
        name: String,
        /// The arm's joints.
        allowed: String,
    },
    /// No such signal.
    #[error("signal {name:?} is unknown: use one of {allowed}")]
    Signal {
        /// The name asked for.
        name: String,
        /// The signals.
        allowed: String,
    },
    /// The kind is unknown or means nothing for this signal.
    #[error("kind {name:?} is not possible for {signal}: use one of none, {allowed}")]
    Kind {
        /// The kind asked for.
        name: String,
        /// The signal.
        signal: &'static str,
        /// The kinds of this signal.
        allowed: String,
    },
    /// The amount is out of range.
    #[error("amount is {value} for {kind}: allowed is {allowed}")]
    Amount {
        /// The amount asked for.
        value: f64,
        /// The kind.
        kind: &'static str,
        /// The range, in words.
        allowed: &'static str,
    },
    /// The duration is out of range.
    #[error("duration is {value} s: allowed is 0 (until ended) to 86400")]
    Duration {
        /// The duration asked for, s.
        value: f64,
    },
}

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $item:literal])+ $variant:ident = $text:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[doc = $item])+ $variant,)+ }

        impl $name {
            /// All words.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads a word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.name() == text)
            }
        }
    };
}

words! {
    /// What goes wrong.
    Signal {
        /// Reported position, rad.
        Position = "position",
        /// Reported velocity, rad/s.
        Velocity = "velocity",
        /// Reported torque, N·m.
        Effort = "effort",
        /// All reported temperatures, °C.
        Temperature = "temperature",
        /// Reported winding temperature, °C.
        Winding = "winding_temperature",
        /// Reported housing temperature, °C.
        Housing = "housing_temperature",
        /// Reported driver stage temperature, °C.
        Stage = "stage_temperature",
        /// Reported statusword.
        Statusword = "statusword",
        /// Heartbeat frames.
        Heartbeat = "heartbeat",
        /// Feedback frames (TPDOs).
        Feedback = "feedback",
        /// The power stage.
        Power = "power",
        /// Every frame of the drive.
        All = "all",
    }
}

words! {
    /// How it goes wrong.
    Kind {
        /// Gone: no frames, the lowest number there is for a value, no supply for power.
        Off = "off",
        /// Keeps what it had when the fault began; power: new setpoints are ignored.
        Stuck = "stuck",
        /// Random: within ± amount for a value or for torque (power), any bits for frames.
        Garbage = "garbage",
        /// Value + amount; statusword: bits of amount flipped; heartbeat: state byte = amount;
        /// feedback: a byte too short; power: a disturbing torque of amount N·m.
        Wrong = "wrong",
        /// Value: time constant amount s; statusword: renewed every amount s; heartbeat and
        /// feedback: at most one frame per amount s; power: lag of the current loop amount s.
        Slow = "slow",
        /// Late by amount s.
        Delayed = "delayed",
        /// Each value or frame is lost with probability amount; power: each 0.1 s.
        Intermittent = "intermittent",
    }
}

impl Signal {
    /// The kinds that mean something for this signal.
    #[must_use]
    pub fn kinds(self) -> &'static [Kind] {
        use Kind::{Delayed, Garbage, Intermittent, Off, Slow, Stuck, Wrong};
        match self {
            Self::Power => &[Off, Stuck, Garbage, Wrong, Slow, Intermittent],
            Self::All => &[Off, Stuck, Garbage, Delayed, Intermittent],
            _ => Kind::ALL,
        }
    }
}

/// A request that was understood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub signal: Signal,
    /// How; `None` ends the fault.
    pub kind: Option<Kind>,
    /// See [`Kind`].
    pub amount: f64,
    /// `None`: until ended.
    pub duration: Option<Duration>,
}

impl FaultRequest {
    /// Reads the request, all but the joint.
    ///
    /// # Errors
    /// [`FaultError`] naming what is wrong and what is allowed.
    pub fn parse(&self) -> Result<Fault, FaultError> {
        let signal = Signal::parse(&self.signal).ok_or_else(|| FaultError::Signal {
            name: self.signal.clone(),
            allowed: join(Signal::ALL.iter().map(|s| s.name())),
        })?;
        let kind = self.kind(signal)?;
        if let Some(kind) = kind {
            check_amount(kind, self.amount)?;
        }
        if !(0.0..=86_400.0).contains(&self.duration) {
            return Err(FaultError::Duration { value: self.duration });
        }
        let limited = self.duration > 0.0 && kind.is_some();
        let duration = limited.then(|| Duration::from_secs_f64(self.duration));
        Ok(Fault { signal, kind, amount: self.amount, duration })
    }

    fn kind(&self, signal: Signal) -> Result<Option<Kind>, FaultError> {
        if self.kind == "none" {
            return Ok(None);
        }
        let known = Kind::parse(&self.kind).filter(|kind| signal.kinds().contains(kind));
        known.map(Some).ok_or_else(|| FaultError::Kind {
            name: self.kind.clone(),
            signal: signal.name(),
            allowed: join(signal.kinds().iter().map(|k| k.name())),
        })
    }
}

fn check_amount(kind: Kind, value: f64) -> Result<(), FaultError> {
    let (fits, allowed) = match kind {
        Kind::Off | Kind::Stuck => (true, "anything"),
        Kind::Garbage => ((0.0..=1e9).contains(&value), "0 to 1e9"),
        Kind::Wrong => ((-1e9..=1e9).contains(&value), "-1e9 to 1e9"),
        Kind::Slow | Kind::Delayed => (value > 0.0 && value <= 60.0, "above 0 to 60 s"),
        Kind::Intermittent => ((0.0..=1.0).contains(&value), "0 to 1"),
    };
    if fits { Ok(()) } else { Err(FaultError::Amount { value, kind: kind.name(), allowed }) }
}

/// The words with commas between them.
pub(crate) fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(signal: &str, kind: &str, amount: f64) -> FaultRequest {
        FaultRequest { signal: signal.into(), kind: kind.into(), amount, ..FaultRequest::default() }
    }

    #[test]
    fn a_refusal_names_the_word_and_lists_the_allowed_ones() {
        let text = request("torque", "off", 0.0).parse().unwrap_err().to_string();
        assert!(
            text.contains("\"torque\"") && text.contains("position, velocity, effort"),
            "{text}"
        );
        let text = request("all", "slow", 1.0).parse().unwrap_err().to_string();
        assert!(text.contains("\"slow\"") && text.contains("off, stuck, garbage"), "{text}");
        let text = request("position", "intermittent", 2.0).parse().unwrap_err().to_string();
        assert_eq!(text, "amount is 2 for intermittent: allowed is 0 to 1");
        let text = request("position", "wrong", f64::NAN).parse().unwrap_err().to_string();
        assert!(text.contains("NaN"), "{text}");
    }

    #[test]
    fn every_kind_of_every_signal_is_understood() {
        for signal in Signal::ALL {
            for kind in signal.kinds() {
                let fault = request(signal.name(), kind.name(), 0.5).parse().unwrap();
                assert_eq!((fault.signal, fault.kind), (*signal, Some(*kind)));
            }
            assert_eq!(request(signal.name(), "none", f64::NAN).parse().unwrap().kind, None);
        }
    }
}
