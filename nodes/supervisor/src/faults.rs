//! What stands against motion, in words a person can act upon.
//!
//! The rule: an enabled arm is held only for what was *seen* to be wrong. Missing knowledge (a
//! restarted `joint_state`, a joint it has not heard yet) stops nobody, but gets no new permit
//! either.

use std::fmt;
use std::time::Duration;
use vocabulary::arm::{ArmState, Freshness};
use vocabulary::command::DriverState;
use vocabulary::joint::PerJoint;
use vocabulary::time::Monotonic;

use crate::watch::{Node, Presence, Registry};

/// Something that forbids motion.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// A driver process is not there.
    Driver {
        /// Node name.
        node: String,
        /// Its joints.
        joints: String,
        /// Since its last heartbeat; none when never heard.
        silence: Option<Duration>,
    },
    /// A driver asks for a new permit.
    ResumeRequired {
        /// Node name.
        node: String,
        /// Its joints.
        joints: String,
        /// What it says.
        message: String,
    },
    /// A joint is in a state in which it follows nobody.
    Joint {
        /// Joint name.
        joint: String,
        /// What its driver does.
        state: DriverState,
    },
    /// A joint's feedback cannot be trusted.
    Feedback {
        /// Joint name.
        joint: String,
        /// Judgement of `joint_state`.
        freshness: Freshness,
        /// Age of the last sample, s.
        age: f64,
    },
    /// Nobody commands.
    NoControl,
    /// `joint_state` is silent, so the joints cannot be seen.
    Blind,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver { node, joints, silence: None } => {
                write!(f, "{node} ({joints}) was never heard: start it")
            }
            Self::Driver { node, joints, silence: Some(silence) } => {
                let silence = silence.as_secs_f64();
                write!(f, "{node} ({joints}) is silent for {silence:.2} s: wait for its restart")
            }
            Self::ResumeRequired { node, joints, message } if message.is_empty() => {
                write!(f, "{node} ({joints}) asks for arm/resume")
            }
            Self::ResumeRequired { node, joints, message } => {
                write!(f, "{node} ({joints}): {message}")
            }
            Self::Joint { joint, state: DriverState::Faulted } => {
                write!(f, "{joint} has a latched drive fault: call arm/clear_faults")
            }
            Self::Joint { joint, state } => write!(f, "{joint} is {}", state_name(*state)),
            Self::Feedback { joint, freshness: Freshness::Frozen, .. } => {
                write!(f, "the feedback of {joint} is frozen: check its encoder")
            }
            Self::Feedback { joint, age, .. } if age.is_finite() => {
                write!(f, "{joint} is silent for {age:.2} s: check its drive and the bus")
            }
            Self::Feedback { joint, .. } => {
                write!(f, "{joint} was never heard: check its drive and the bus")
            }
            Self::NoControl => f.write_str("no control node is active: start or activate one"),
            Self::Blind => f.write_str(
                "joint_state is silent, the joints cannot be seen: wait for its restart",
            ),
        }
    }
}

/// The word for a driver state, as in the messages' constants.
#[must_use]
pub fn state_name(state: DriverState) -> &'static str {
    match state {
        DriverState::Offline => "offline",
        DriverState::Disabled => "disabled",
        DriverState::Enabling => "enabling",
        DriverState::Holding => "holding",
        DriverState::Following => "following",
        DriverState::Blocked => "blocked until arm/resume",
        DriverState::Faulted => "faulted",
    }
}

/// What the faults are read from.
pub struct View<'a> {
    /// Everybody known.
    pub registry: &'a Registry,
    /// News of the joints, when they are new enough.
    pub arm: Option<&'a ArmState>,
    /// Joint names.
    pub joints: &'a PerJoint<String>,
    /// Whether a live controller holds the lease.
    pub held: bool,
    /// Steady clock.
    pub now: Monotonic,
}

/// One joint's news.
#[derive(Debug, Clone, Copy)]
struct News<'a> {
    joint: &'a str,
    driver: DriverState,
    freshness: Freshness,
    age: f64,
}

impl News<'_> {
    fn heard(&self) -> bool {
        self.freshness != Freshness::Silent
    }

    fn feedback_fault(&self) -> Option<Fault> {
        let (joint, freshness, age) = (self.joint.to_owned(), self.freshness, self.age);
        let bad = matches!(freshness, Freshness::Silent | Freshness::Frozen);
        bad.then_some(Fault::Feedback { joint, freshness, age })
    }

    fn driver_fault(&self, bad: &[DriverState]) -> Option<Fault> {
        let fault = Fault::Joint { joint: self.joint.to_owned(), state: self.driver };
        (self.heard() && bad.contains(&self.driver)).then_some(fault)
    }
}

impl View<'_> {
    fn news(&self) -> impl Iterator<Item = News<'_>> {
        self.arm.into_iter().flat_map(|arm| {
            let words = arm.driver.iter().zip(&arm.freshness).zip(&arm.age).zip(self.joints);
            words.map(|(((driver, freshness), age), joint)| News {
                joint,
                driver: *driver,
                freshness: *freshness,
                age: *age,
            })
        })
    }

    fn absent(&self, judged: impl Fn(&Node) -> bool) -> impl Iterator<Item = Fault> {
        let lost: Vec<_> = self.registry.drivers().filter(|(_, node)| judged(node)).collect();
        lost.into_iter().map(|(name, node)| Fault::Driver {
            node: name.clone(),
            joints: node.joints(),
            silence: node.current.as_ref().map(|process| self.now.since(process.heard)),
        })
    }

    /// Drivers that ask for a new permit.
    pub fn unpermitted(&self) -> Vec<Fault> {
        let asking = self.registry.drivers().filter_map(|(name, node)| {
            let beat = &node.current.as_ref().filter(|p| p.beat.resume_required)?.beat;
            let (node, message) = (node.joints(), beat.message.clone());
            Some(Fault::ResumeRequired { node: name.clone(), joints: node, message })
        });
        asking.collect()
    }

    /// What takes the permit from an arm that is coming up: seen, and not cured by waiting.
    pub fn hard(&self) -> Vec<Fault> {
        let mut faults: Vec<_> = self.absent(|node| node.presence == Presence::Lost).collect();
        faults.extend(self.news().filter_map(|news| news.driver_fault(&[DriverState::Faulted])));
        let frozen = self.news().filter(|news| news.freshness == Freshness::Frozen);
        faults.extend(frozen.filter_map(|news| news.feedback_fault()));
        faults.extend((!self.held).then_some(Fault::NoControl));
        faults
    }

    /// What takes the permit from an enabled arm.
    pub fn running(&self) -> Vec<Fault> {
        let bad = [DriverState::Offline, DriverState::Disabled, DriverState::Blocked];
        let mut faults = self.hard();
        faults.extend(self.unpermitted());
        faults.extend(self.news().filter_map(|news| news.driver_fault(&bad)));
        faults
    }

    /// What forbids a new permit.
    pub fn forbidding(&self) -> Vec<Fault> {
        let bad = [DriverState::Offline, DriverState::Faulted];
        let mut faults: Vec<_> = self.absent(|node| node.presence != Presence::Live).collect();
        faults.extend(self.arm.is_none().then_some(Fault::Blind));
        let joints =
            self.news().filter_map(|news| news.feedback_fault().or(news.driver_fault(&bad)));
        faults.extend(joints);
        faults.extend((!self.held).then_some(Fault::NoControl));
        faults
    }

    /// Joints that do not follow commands yet, in words.
    pub fn unready(&self) -> Vec<String> {
        if self.arm.is_none() {
            return vec![Fault::Blind.to_string()];
        }
        let ready = [DriverState::Holding, DriverState::Following];
        let unready = self.news().filter(|news| !(news.heard() && ready.contains(&news.driver)));
        let words = unready.map(|news| match news.feedback_fault() {
            Some(fault) => fault.to_string(),
            None => format!("{} is {}", news.joint, state_name(news.driver)),
        });
        words.collect()
    }

    /// Whether every joint has power and at least one only waits for a permit.
    pub fn only_blocked(&self) -> bool {
        let powered = [DriverState::Holding, DriverState::Following, DriverState::Blocked];
        let mut blocked = false;
        for news in self.news() {
            if !(news.heard() && powered.contains(&news.driver)) {
                return false;
            }
            blocked |= news.driver == DriverState::Blocked;
        }
        blocked
    }

    /// Whether every joint that is heard stands still, rad/s.
    pub fn at_rest(&self, rest_velocity: f64) -> bool {
        let Some(arm) = self.arm else { return false };
        let joints = arm.velocity.iter().zip(&arm.freshness);
        joints.filter(|(_, f)| **f != Freshness::Silent).all(|(v, _)| v.abs() < rest_velocity)
    }
}

/// Joins faults for one line.
#[must_use]
pub fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
