//! The bus as a host sees it: one interface for SocketCAN, socketcand and the in-process bus.
//!
//! The rules: sending never waits (a setpoint that cannot go now is replaced by the next one, see
//! [`TxSlots`]); receiving waits, may be cancelled at any point, and repairs the connection by
//! itself with a growing pause. Every outage and return is reported as a [`BusEvent`].

mod event;
mod filter;
mod tx;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vocabulary::time::Monotonic;

pub use event::{BusEvent, BusInput, Counters, ErrorCounters, class, from_error_frame};
pub use filter::Filter;
pub use tx::{MESSAGE_QUEUE, TxCounters, TxSlots};

use crate::frame::Frame;
use crate::in_process::InProcessBus;
#[cfg(target_os = "linux")]
use crate::socket_can::SocketCanBus;
use crate::socketcand::{SocketcandBus, SocketcandConfig};

/// The host's steady clock; reception times are taken with it.
pub type Clock = fn() -> Monotonic;

/// Which bus to use, as it stands in the YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "transport", rename_all = "lowercase", deny_unknown_fields)]
pub enum BusConfig {
    /// A CAN interface of the Linux kernel.
    Socketcan {
        /// Interface name, as `can0`.
        interface: String,
    },
    /// A server that speaks socketcand.
    Socketcand(SocketcandConfig),
}

/// What every transport wants to know.
#[derive(Debug, Clone)]
pub struct BusOptions {
    /// What to receive.
    pub filter: Filter,
    /// How long a setpoint may wait: one control cycle.
    pub setpoint_age: Duration,
    /// The host's steady clock.
    pub clock: Clock,
}

/// A bus that cannot even be tried.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BusError {
    /// A name that no bus can have.
    #[error("{what} {name:?} is not valid: 1 to {max} characters without blanks, < and >")]
    Name {
        /// What is named.
        what: &'static str,
        /// The name given.
        name: String,
        /// Longest allowed name.
        max: usize,
    },
    /// SocketCAN exists on Linux only.
    #[error("SocketCAN needs Linux: use transport socketcand here")]
    NoSocketCan,
}

pub(crate) fn check_name(what: &'static str, name: &str, max: usize) -> Result<(), BusError> {
    let fits = (1..=max).contains(&name.len());
    let clean = name.chars().all(|c| c.is_ascii_graphic() && !"<>/".contains(c));
    if fits && clean { Ok(()) } else { Err(BusError::Name { what, name: name.to_owned(), max }) }
}

/// Pause between attempts to get a bus back: doubles from 50 ms to 1 s.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(1);

    pub(crate) const fn new() -> Self {
        Self(Self::FIRST)
    }

    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(Self::LONGEST);
        pause
    }
}

/// Any of the transports.
#[derive(Debug)]
pub enum AnyBus {
    /// The Linux kernel.
    #[cfg(target_os = "linux")]
    SocketCan(SocketCanBus),
    /// A socketcand server.
    Socketcand(SocketcandBus),
    /// In this process.
    InProcess(InProcessBus),
}

macro_rules! each {
    ($self:expr, $bus:ident => $call:expr) => {
        match $self {
            #[cfg(target_os = "linux")]
            AnyBus::SocketCan($bus) => $call,
            AnyBus::Socketcand($bus) => $call,
            AnyBus::InProcess($bus) => $call,
        }
    };
}

impl AnyBus {
    /// A bus of that configuration. Nothing is opened yet: the first [`AnyBus::recv`] does, and
    /// reports [`BusEvent::Connected`] or what is wrong, and tries again by itself.
    ///
    /// # Errors
    /// [`BusError`] for names that no bus can have.
    pub fn new(config: &BusConfig, options: BusOptions) -> Result<Self, BusError> {
        match config {
            #[cfg(target_os = "linux")]
            BusConfig::Socketcan { interface } => {
                SocketCanBus::new(interface, options).map(Self::SocketCan)
            }
            #[cfg(not(target_os = "linux"))]
            BusConfig::Socketcan { .. } => Err(BusError::NoSocketCan),
            BusConfig::Socketcand(config) => {
                SocketcandBus::new(config.clone(), options).map(Self::Socketcand)
            }
        }
    }

    /// Puts a setpoint or a SYNC into its slot; the newest wins. Call [`AnyBus::flush`] after the
    /// last one of a cycle.
    pub fn setpoint(&mut self, frame: Frame) {
        each!(self, bus => bus.setpoint(frame));
    }

    /// Queues a message (NMT, SDO, heartbeat); false when the bus is down or the queue full.
    pub fn message(&mut self, frame: Frame) -> bool {
        each!(self, bus => bus.message(frame))
    }

    /// Hands over what the bus takes now, in one write where the transport can. Never waits.
    pub fn flush(&mut self) {
        each!(self, bus => bus.flush());
    }

    /// The next frame or event. May be cancelled (dropped) without loss; also sends what waits and
    /// restores a lost connection, so it should be awaited whenever the host has nothing to do.
    pub async fn recv(&mut self) -> BusInput {
        each!(self, bus => bus.recv().await)
    }

    /// What has been received already, without waiting: call after [`AnyBus::recv`] to empty the
    /// batch that one read brought.
    pub fn try_recv(&mut self) -> Option<BusInput> {
        each!(self, bus => bus.try_recv())
    }

    /// What happened to frames on the way out.
    #[must_use]
    pub fn tx_counters(&self) -> TxCounters {
        each!(self, bus => bus.tx_counters())
    }

    /// Whether frames can be sent now.
    #[must_use]
    pub fn is_up(&self) -> bool {
        each!(self, bus => bus.is_up())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_break_the_protocol_are_refused() {
        for name in ["", "a b", "a>b", "averyveryverylongname"] {
            assert!(check_name("interface", name, 15).is_err(), "{name}");
        }
        assert!(check_name("interface", "can0", 15).is_ok());
    }

    #[test]
    fn pauses_between_attempts_grow_to_one_second() {
        let mut backoff = Backoff::new();
        let pauses: Vec<u128> = (0..7).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1000, 1000]);
    }
}
