//! What must hold whatever is killed, frozen, lost or delayed; judged from the traffic and from the
//! simulator's true state, never from what a node says of itself alone.
//!
//! 1. *Epoch*: no driver applies a command of a wrong epoch, of a process that does not hold it, or
//!    one older than the last applied.
//! 2. *Permit*: no joint moves without a yes that is younger than the last stop, fault or start that
//!    asks for one; it may decelerate.
//! 3. *Limits*: no joint is beyond its limits of position or velocity.
//! 4. *Silence*: a joint whose driver hears no command stands.
//! 5. *Continuity*: setpoints, as their drivers send them, do not jump.

mod commands;
mod motion;

use crate::message::Message;
use can_bus::frame::Frame;
use commands::Commands;
use motion::Motions;
use servo_sim::Truth;
use std::fmt;
use std::time::Duration;
use thiserror::Error;
use vocabulary::joint::{JointLimits, PerJoint};
use vocabulary::time::Monotonic;

/// The invariants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// No command of a wrong epoch.
    Epoch,
    /// No motion without a yes.
    Permit,
    /// No joint beyond its limits.
    Limits,
    /// Hold after silence.
    Silence,
    /// No jump of a setpoint.
    Continuity,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Epoch => "no command of a wrong epoch is applied",
            Self::Permit => "no motion without a yes",
            Self::Limits => "no joint beyond its limits",
            Self::Silence => "hold after silence",
            Self::Continuity => "setpoints do not jump",
        })
    }
}

/// A broken invariant, with what it takes to see it again.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("seed {seed} at {time:.6} s, {rule}: {text}\nlast events:\n{}", .events.join("\n"))]
pub struct Violation {
    /// Seed of the run.
    pub seed: u64,
    /// World time, s.
    pub time: f64,
    /// Which one.
    pub rule: Rule,
    /// What happened, with names and numbers.
    pub text: String,
    /// The last events before it.
    pub events: Vec<String>,
}

/// A finding: the rule and what happened.
pub(crate) type Finding = (Rule, String);

/// What the checker knows of one joint.
#[derive(Debug, Clone)]
pub struct JointFacts {
    /// Joint name.
    pub name: String,
    /// Its limits.
    pub limits: JointLimits,
    /// Node id of its drive.
    pub node_id: u8,
    /// Counts of 0x607A per radian.
    pub counts_per_radian: f64,
}

/// What the checker knows of the arm.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The joints.
    pub joints: PerJoint<JointFacts>,
    /// Period of SYNC.
    pub period: Duration,
    /// Validity of commands.
    pub valid_for: Duration,
}

/// Judges a run while it runs.
#[derive(Debug, Clone)]
pub struct Checker {
    commands: Commands,
    motions: Motions,
    finding: Option<Finding>,
}

impl Checker {
    /// A checker that has seen nothing.
    #[must_use]
    pub fn new(facts: Facts) -> Self {
        let commands = Commands::new(facts.period);
        Self { commands, motions: Motions::new(facts), finding: None }
    }

    /// Until then drives may do what nobody asked for: motion and limits cannot be judged.
    pub fn distrust_drives(&mut self, until: Monotonic) {
        self.motions.distrust_drives(until);
    }

    /// Drives are healthy: from then on at the latest motion and limits are judged.
    pub fn trust_drives(&mut self, from: Monotonic) {
        self.motions.trust_drives(from);
    }

    /// A message was sent.
    pub fn on_send(&mut self, at: Monotonic, message: &Message) {
        let finding = match message {
            Message::Command(command) => {
                self.commands.on_command(command);
                None
            }
            Message::Lease(lease) => {
                self.commands.on_lease(lease);
                None
            }
            Message::Status(status) => {
                self.motions.on_status(status);
                None
            }
            Message::Feedback(feedback) => {
                self.motions.on_feedback(at, feedback);
                self.commands.on_feedback(at, feedback)
            }
            _ => None,
        };
        self.note(finding);
    }

    /// A message reached the driver of `joints`, which is not frozen.
    pub fn on_driver_hears(
        &mut self,
        at: Monotonic,
        joints: std::ops::Range<usize>,
        message: &Message,
    ) {
        match message {
            Message::Lease(lease) => self.commands.on_lease_heard(at, joints, lease.epoch),
            Message::Command(_) => self.motions.on_command_heard(at, joints),
            Message::Status(status) => self.motions.on_status_heard(at, joints, status),
            _ => {}
        }
    }

    /// The driver of `joints` ended.
    pub fn on_driver_end(&mut self, at: Monotonic, joints: std::ops::Range<usize>) {
        self.commands.on_driver_end(joints.clone());
        self.motions.on_driver_end(at, joints);
    }

    /// A driver sent a frame. What a faulty bus makes of it, late and out of order, is not his doing.
    pub fn on_sent(&mut self, at: Monotonic, frame: &Frame) {
        let finding = self.motions.on_sent(at, frame);
        self.note(finding);
    }

    /// The true state.
    pub fn on_truth(&mut self, truth: &Truth) {
        let finding = self.motions.on_truth(truth);
        self.note(finding);
    }

    fn note(&mut self, finding: Option<Finding>) {
        if self.finding.is_none() {
            self.finding = finding;
        }
    }

    /// The first finding, once.
    pub(crate) fn take(&mut self) -> Option<Finding> {
        self.finding.take()
    }
}
