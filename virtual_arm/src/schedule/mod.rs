//! Schedules: an arm, what goes wrong with it and when, and how long it all takes.
//!
//! The one rule: a schedule says everything. Run twice, it is the same run to the byte; written to a
//! file and read again, it is the same schedule.
//!
//! Terms: a *fault* heals by itself, so that a schedule stays whole when one is taken out; a *kind*
//! is a family of faults that a person can ask for by name; the *operator* is the client that sends
//! goals and gives the yes after a stop.

mod draw;
mod operator;
mod run;
mod shrink;

pub use run::{Broken, Played};
pub use shrink::{Shrunk, shrink};

use crate::config::{VirtualConfig, VirtualError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use supervisor::RequestKind;
use thiserror::Error;

/// Families of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A process dies and is started again (SIGKILL, a panic, out of memory).
    Crash,
    /// A process gets no time for a while (SIGSTOP, a page fault, a deadlock that ends).
    Hang,
    /// The supervisor is gone for long.
    SupervisorDeath,
    /// Messages are lost.
    Loss,
    /// Messages come late; best-effort ones overtake each other.
    Delay,
    /// Messages come twice.
    Duplicate,
    /// Some processes cannot reach the others.
    Partition,
    /// The bus is off, loses, delays, doubles, refuses or babbles.
    BusCut,
    /// A drive says nothing: of one signal, or at all.
    Silent,
    /// A drive repeats its last value.
    Stuck,
    /// A drive says what is not so.
    Lying,
    /// Somebody without the lease publishes commands.
    TwoWriters,
    /// The lease is handed over in motion.
    HandOver,
    /// A person stops, disables or enables the arm.
    Person,
}

impl Kind {
    /// All of them, each with the name to ask for it by.
    pub const ALL: [(Self, &'static str); 14] = [
        (Self::Crash, "crash"),
        (Self::Hang, "hang"),
        (Self::SupervisorDeath, "supervisor-death"),
        (Self::Loss, "loss"),
        (Self::Delay, "delay"),
        (Self::Duplicate, "duplicate"),
        (Self::Partition, "partition"),
        (Self::BusCut, "bus-cut"),
        (Self::Silent, "silent"),
        (Self::Stuck, "stuck"),
        (Self::Lying, "lying"),
        (Self::TwoWriters, "two-writers"),
        (Self::HandOver, "hand-over"),
        (Self::Person, "person"),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No family has that name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no fault {name:?}: use some of {known}")]
pub struct UnknownKind {
    name: String,
    known: String,
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(kind, _)| *kind).ok_or_else(|| UnknownKind {
            name: text.to_owned(),
            known: Self::ALL.map(|(_, name)| name).join(", "),
        })
    }
}

/// What a person asks of the arm in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `arm/stop`.
    Stop,
    /// `arm/disable`.
    Disable,
    /// `arm/enable`.
    Enable,
    /// `arm/resume`.
    Resume,
    /// `arm/clear_faults`.
    ClearFaults,
}

impl From<Call> for RequestKind {
    fn from(call: Call) -> Self {
        match call {
            Call::Stop => Self::Stop,
            Call::Disable => Self::Disable,
            Call::Enable => Self::Enable,
            Call::Resume => Self::Resume,
            Call::ClearFaults => Self::ClearFaults,
        }
    }
}

/// What happens to frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// Every controller leaves the bus.
    Off,
    /// Frames are lost with this probability.
    Loss(f64),
    /// Frames come up to so many ms late, half of them.
    Delay(u64),
    /// Frames come twice with this probability.
    Duplicate(f64),
    /// Nothing can be sent.
    Full,
    /// A node without end sends an empty frame of high priority, so many times per second.
    Babble(f64),
}

/// What a command of somebody without the lease looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rogue {
    /// A stranger in the present epoch.
    Stranger,
    /// A stranger in the next epoch.
    Usurper,
    /// What the holder said a second ago.
    Replay,
}

/// One thing that goes wrong and, after a time, right again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// A process dies; it makes its first step again after the respawn delay, or after `away` ms.
    Crash {
        /// The process.
        process: String,
        /// Longer than the host takes by itself, ms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        away: Option<u64>,
    },
    /// A process gets no time for `ms`.
    Hang {
        /// The process.
        process: String,
        /// For how long, ms.
        ms: u64,
    },
    /// Messages between all processes.
    Messages {
        /// Probability that a best-effort one is lost.
        #[serde(default)]
        loss: f64,
        /// Probability that one is late.
        #[serde(default)]
        delay: f64,
        /// By up to so many ms.
        #[serde(default)]
        late: u64,
        /// Probability that a best-effort one comes twice.
        #[serde(default)]
        duplicate: f64,
        /// For how long, ms.
        ms: u64,
    },
    /// These processes hear each other, and nobody else.
    Partition {
        /// The processes.
        apart: Vec<String>,
        /// For how long, ms.
        ms: u64,
    },
    /// The bus.
    Bus {
        /// What happens to frames.
        #[serde(with = "serde_norway::with::singleton_map")]
        wire: Wire,
        /// Only those to or from the drive of this joint, counted from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        joint: Option<usize>,
        /// For how long, ms.
        ms: u64,
    },
    /// A drive misbehaves, in the words of `servo_sim`.
    Drive {
        /// Joint name.
        joint: String,
        /// Signal.
        signal: String,
        /// What is wrong with it.
        how: String,
        /// By how much.
        #[serde(default)]
        amount: f64,
        /// For how long, ms.
        ms: u64,
    },
    /// Commands of somebody who may not.
    Rogue {
        /// What they look like.
        as_if: Rogue,
        /// How many, one per period.
        count: u64,
    },
    /// `arm/hand_over` to the standby.
    HandOver {
        /// For how long the predecessor may take it back, ms.
        canary: u64,
    },
    /// A person asks for something.
    Call {
        /// What.
        what: Call,
    },
}

impl Fault {
    /// The word it has in a schedule file.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Crash { .. } => "crash",
            Self::Hang { .. } => "hang",
            Self::Messages { .. } => "messages",
            Self::Partition { .. } => "partition",
            Self::Bus { .. } => "bus",
            Self::Drive { .. } => "drive",
            Self::Rogue { .. } => "rogue",
            Self::HandOver { .. } => "hand_over",
            Self::Call { .. } => "call",
        }
    }

    /// How long it lasts, as far as it says so.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        match self {
            Self::Crash { away, .. } => Duration::from_millis(away.unwrap_or_default()),
            Self::Hang { ms, .. }
            | Self::Messages { ms, .. }
            | Self::Partition { ms, .. }
            | Self::Bus { ms, .. }
            | Self::Drive { ms, .. } => Duration::from_millis(*ms),
            Self::Rogue { .. } | Self::HandOver { .. } | Self::Call { .. } => Duration::ZERO,
        }
    }
}

/// A fault and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// From the moment the arm was first enabled, ms.
    pub at: u64,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

/// Which arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// A second controller.
    pub standby: bool,
    /// The thermal node.
    pub thermal: bool,
    /// Joints per driver process.
    pub joints_per_driver: usize,
    /// All processes on one host, with one steady clock.
    pub one_clock: bool,
    /// The host holds processes up now and then.
    pub stalls: bool,
}

impl Build {
    /// The reference arm, built in this way.
    #[must_use]
    pub fn config(&self, reference: &VirtualConfig) -> VirtualConfig {
        let mut config = reference.clone();
        config.standby = self.standby;
        config.with_thermal = self.thermal;
        config.joints_per_driver = self.joints_per_driver;
        config.host.one_clock = self.one_clock;
        config.host.stall = if self.stalls { 0.001 } else { 0.0 };
        config
    }
}

/// Everything that makes a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Seed of all chance that is not written here: latencies, identities, dice of faults.
    pub seed: u64,
    /// Which arm.
    pub arm: Build,
    /// Length of the part with faults, ms; recovery comes on top.
    pub length: u64,
    /// What goes wrong, in the order of time.
    pub events: Vec<Event>,
}

/// Why a schedule file cannot be used.
#[derive(Debug, Error)]
pub enum ScheduleError {
    /// The file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Its text.
    #[error("{path}: {source}")]
    Text {
        /// Which.
        path: String,
        /// What is wrong, and where.
        source: serde_norway::Error,
    },
    /// What it asks for.
    #[error(transparent)]
    Virtual(#[from] VirtualError),
}

impl Schedule {
    /// Reads a schedule file.
    ///
    /// # Errors
    /// [`ScheduleError`] naming the file and the place.
    pub fn read(path: &Path) -> Result<Self, ScheduleError> {
        let name = || path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScheduleError::File { path: name(), source })?;
        serde_norway::from_str(&text).map_err(|source| ScheduleError::Text { path: name(), source })
    }

    /// The text of a schedule file.
    ///
    /// # Errors
    /// [`ScheduleError`], which a plain struct like this one never gives.
    pub fn text(&self) -> Result<String, ScheduleError> {
        let path = "schedule".to_owned();
        serde_norway::to_string(self).map_err(|source| ScheduleError::Text { path, source })
    }

    /// Names of its processes, in the order of their start.
    #[must_use]
    pub fn processes(&self) -> Vec<String> {
        draw::processes(&self.arm)
    }
}
