//! The door for commands: what passes is finite, current, from the lease holder and within limits.
//!
//! The one rule: a command is obeyed whole or not at all, and each refusal is counted under its
//! reason. Clocks of sender and receiver need not agree: [`ClockOffset`] learns their difference.

use crate::command::{JointCommand, Lease, Refusal};
use crate::joint::{JointLimits, PerJoint};
use crate::lease::LeaseGate;
use crate::time::Monotonic;
use std::fmt;
use std::time::Duration;

/// The longest validity a command may ask for.
pub const MAX_VALIDITY: Duration = Duration::from_millis(500);

/// A joint held at its limit may measure, and be told to stay, so far beyond, rad; drivers never
/// move it further out.
const POSITION_MARGIN: f64 = 1e-3;

/// Rounding allowed at the speed limit, rad/s.
const SPEED_MARGIN: f64 = 1e-6;

/// For how long the smallest delay seen is believed: long against a burst of load, short against
/// the drift of two quartzes (50 ppm make 1 ms in 20 s).
const WINDOW: Duration = Duration::from_secs(10);

/// Delay up to which a sender said to share our clock is believed to do so.
const SHARED_DELAY_NS: i64 = 50_000_000;

/// What a sender's steady clock reads against ours, from the smallest (reception - sending) seen.
///
/// The minimum is taken over the present and the previous window, so an old one is forgotten and
/// drift is followed. One sender per estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    shared: bool,
    window_start: Monotonic,
    current: Option<i64>,
    previous: Option<i64>,
}

impl ClockOffset {
    /// An estimator that knows nothing. `shared`: the sender runs on this host, so the clocks are
    /// one and the offset is exactly zero, unless the delays seen contradict it.
    #[must_use]
    pub fn new(shared: bool) -> Self {
        Self { shared, window_start: Monotonic(0), current: None, previous: None }
    }

    /// Learns from one message.
    pub fn observe(&mut self, received: Monotonic, sent: Monotonic) {
        if received.since(self.window_start) >= WINDOW {
            self.previous = self.current.take();
            self.window_start = received;
        }
        let offset = difference(received, sent);
        self.current = Some(self.current.map_or(offset, |least| least.min(offset)));
    }

    /// Our clock minus the sender's, ns; 0 before the first observation.
    #[must_use]
    pub fn offset(&self) -> i64 {
        let least = match (self.current, self.previous) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b).unwrap_or(0),
        };
        if self.shared && (0..=SHARED_DELAY_NS).contains(&least) { 0 } else { least }
    }

    /// How much longer than the fastest message this one was on its way.
    #[must_use]
    pub fn delay(&self, received: Monotonic, sent: Monotonic) -> Duration {
        let excess = difference(received, sent).saturating_sub(self.offset());
        Duration::from_nanos(u64::try_from(excess).unwrap_or(0))
    }

    /// An instant of the sender's clock on ours.
    #[must_use]
    pub fn to_local(&self, remote: Monotonic) -> Monotonic {
        Monotonic(remote.0.saturating_add_signed(self.offset()))
    }
}

fn difference(a: Monotonic, b: Monotonic) -> i64 {
    let wide = i128::from(a.0) - i128::from(b.0);
    i64::try_from(wide).unwrap_or(if wide < 0 { i64::MIN } else { i64::MAX })
}

/// What a gate needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct GateConfig {
    /// [`crate::joint::JointOrder::hash`] of this arm.
    pub joint_order: u64,
    /// Limits of the joints that this gate knows.
    pub limits: PerJoint<Option<JointLimits>>,
    /// Longest validity accepted, at most [`MAX_VALIDITY`].
    pub max_validity: Duration,
    /// Silence of the holder after which the successor may take over:
    /// [`crate::lease::takeover_silence`].
    pub takeover_silence: Duration,
    /// The sender runs on this host, with the same steady clock.
    pub shared_clock: bool,
}

/// A command that passed, with its instants on our clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Admitted {
    /// The command as sent.
    pub command: JointCommand,
    /// When its position holds.
    pub setpoint_at: Monotonic,
    /// When it stops being valid.
    pub valid_until: Monotonic,
}

impl Admitted {
    /// When it came, on our clock.
    #[must_use]
    pub fn received_at(&self) -> Monotonic {
        let ns = u64::try_from(self.command.valid_for.as_nanos()).unwrap_or(u64::MAX);
        Monotonic(self.valid_until.0.saturating_sub(ns))
    }
}

/// Refusals so far, by reason, in the order of [`Refusal::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefusalCounts(pub [u64; Refusal::ALL.len()]);

impl RefusalCounts {
    /// Counts one refusal.
    pub fn add(&mut self, reason: Refusal) {
        for (count, known) in self.0.iter_mut().zip(Refusal::ALL) {
            if known == reason {
                *count = count.saturating_add(1);
            }
        }
    }

    /// Refusals for one reason.
    #[must_use]
    pub fn of(&self, reason: Refusal) -> u64 {
        self.0.iter().zip(Refusal::ALL).filter(|(_, known)| *known == reason).map(|(n, _)| n).sum()
    }

    /// What has been refused since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let pairs = self.0.iter().zip(&earlier.0);
        let mut news = Self::default();
        news.0.iter_mut().zip(pairs).for_each(|(n, (now, then))| *n = now.saturating_sub(*then));
        news
    }

    /// Refusals for any reason.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl fmt::Display for RefusalCounts {
    /// `3 refused as epoch, 1 as late`; `none refused`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut refused = " refused";
        for (count, reason) in self.0.iter().zip(Refusal::ALL).filter(|(count, _)| **count > 0) {
            let comma = if refused.is_empty() { ", " } else { "" };
            write!(f, "{comma}{count}{refused} as {}", reason.name())?;
            refused = "";
        }
        if refused.is_empty() { Ok(()) } else { f.write_str("none refused") }
    }
}

/// Checks commands in the order of arrival.
#[derive(Debug, Clone)]
pub struct CommandGate {
    config: GateConfig,
    lease: LeaseGate,
    sender: u64,
    epoch: u64,
    sequence: Option<u64>,
    clock: ClockOffset,
    refused: RefusalCounts,
}

impl CommandGate {
    /// A gate that lets nothing through until a lease is granted.
    #[must_use]
    pub fn new(config: GateConfig) -> Self {
        let lease = LeaseGate::new(config.takeover_silence);
        let clock = ClockOffset::new(config.shared_clock);
        let refused = RefusalCounts::default();
        Self { config, lease, sender: 0, epoch: 0, sequence: None, clock, refused }
    }

    /// Takes the supervisor's word, see [`LeaseGate::grant`].
    pub fn grant(&mut self, now: Monotonic, lease: &Lease) {
        self.lease.grant(now, lease);
    }

    /// The lease as enforced here.
    #[must_use]
    pub fn lease(&self) -> &LeaseGate {
        &self.lease
    }

    /// Refusals at this gate.
    #[must_use]
    pub fn refused(&self) -> RefusalCounts {
        self.refused
    }

    /// Whether a command admitted earlier still carries the lease.
    #[must_use]
    pub fn still_holds(&self, command: &JointCommand) -> bool {
        (command.epoch, command.boot_id) == (self.lease.epoch(), self.lease.holder())
    }

    /// Checks one command received at `received`.
    ///
    /// # Errors
    /// The first reason against it, which is also counted. A refused command changes nothing else,
    /// except that a late one of the holder still teaches the clock estimate: else a clock that
    /// stepped would lock its sender out.
    pub fn admit(
        &mut self,
        received: Monotonic,
        command: &JointCommand,
    ) -> Result<Admitted, Refusal> {
        let result = self.check(received, command);
        if let Err(reason) = result {
            self.refused.add(reason);
        }
        result
    }

    fn check(&mut self, received: Monotonic, command: &JointCommand) -> Result<Admitted, Refusal> {
        if command.joint_order != self.config.joint_order {
            return Err(Refusal::JointOrder);
        }
        let claim = self.lease.check(received, command.boot_id, command.epoch)?;
        check_finite(command)?;
        self.check_validity(command)?;
        self.check_sequence(command)?;
        let clock = self.learn_clock(received, command);
        if clock.delay(received, command.sent_at) > command.valid_for {
            return Err(Refusal::Late);
        }
        self.check_limits(command)?;
        self.lease.obey(received, claim, command.yields);
        (self.sender, self.epoch) = (command.boot_id, command.epoch);
        self.sequence = Some(command.sequence);
        self.clock = clock;
        Ok(Admitted {
            command: *command,
            setpoint_at: clock.to_local(command.setpoint_at),
            valid_until: received + command.valid_for,
        })
    }

    fn check_validity(&self, command: &JointCommand) -> Result<(), Refusal> {
        let longest = self.config.max_validity.min(MAX_VALIDITY);
        let ahead = command.setpoint_at.seconds_from(command.sent_at).abs();
        let valid = !command.valid_for.is_zero() && command.valid_for <= longest;
        if valid && ahead <= longest.as_secs_f64() { Ok(()) } else { Err(Refusal::Validity) }
    }

    fn check_sequence(&self, command: &JointCommand) -> Result<(), Refusal> {
        let same_lease = (self.sender, self.epoch) == (command.boot_id, command.epoch);
        match self.sequence {
            Some(last) if same_lease && command.sequence <= last => Err(Refusal::Sequence),
            _ => Ok(()),
        }
    }

    /// The estimate to use for this command. That of the present sender is kept whatever becomes of
    /// the command; that of a new one only when the command passes.
    fn learn_clock(&mut self, received: Monotonic, command: &JointCommand) -> ClockOffset {
        if self.sender == command.boot_id {
            self.clock.observe(received, command.sent_at);
            return self.clock;
        }
        let mut clock = ClockOffset::new(self.config.shared_clock);
        clock.observe(received, command.sent_at);
        clock
    }

    fn check_limits(&self, command: &JointCommand) -> Result<(), Refusal> {
        let joints = self.config.limits.iter().zip(&command.position).zip(&command.velocity);
        for ((limits, position), velocity) in joints {
            let Some(limits) = limits else { continue };
            let range = limits.lower - POSITION_MARGIN..=limits.upper + POSITION_MARGIN;
            if !range.contains(position) || velocity.abs() > limits.velocity + SPEED_MARGIN {
                return Err(Refusal::Limit);
            }
        }
        Ok(())
    }
}

fn check_finite(command: &JointCommand) -> Result<(), Refusal> {
    let motion = command.position.iter().chain(&command.velocity).chain(&command.acceleration);
    let all = motion.chain(&command.effort);
    if all.copied().all(f64::is_finite) { Ok(()) } else { Err(Refusal::NotFinite) }
}

#[cfg(test)]
mod tests;
