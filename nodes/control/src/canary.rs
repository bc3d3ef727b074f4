//! Whether the controller that followed us is worse than we were.
//!
//! The one rule: it is judged by what it commands and by what the arm does, never by what it says of
//! itself. Silence is not judged here: the lease itself ends it.

use crate::config::CanaryConfig;
use std::fmt;
use std::time::Duration;
use vocabulary::command::{DriverState, JointFeedback, Refusal};
use vocabulary::joint::{JOINTS, PerJoint};

use vocabulary::time::Monotonic;

use crate::joints::Joints;
use crate::law::Measured;

/// Findings in a row that are needed: one late sample is none.
const STRIKES: u32 = 2;

/// Part of the usual error left after a cycle: forgotten in about two seconds.
const MEMORY: f64 = 0.998;

/// Periods after which each driver must have heard a successor. Commands stay valid for longer than
/// that and what taking back needs, so that no joint holds.
const HEARD_WITHIN: u32 = 8;

/// What is wrong with the successor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Finding {
    /// Its command is none.
    Invalid(Refusal),
    /// It does something else than we would.
    Differs { joint: usize, by: f64, limit: f64 },
    /// It pushes where we would not.
    Pushes { joint: usize, by: f64, limit: f64 },
    /// A driver has not heard it: it does not know of this controller yet.
    Unheard { joint: usize },
    /// The arm follows worse than before.
    Tracks { joint: usize, error: f64, limit: f64 },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(reason) => write!(f, "its command is refused: {}", reason.name()),
            Self::Differs { joint, by, limit } => write!(
                f,
                "its command for joint {} is off by {:.2} mrad, {:.2} allowed",
                joint + 1,
                by * 1e3,
                limit * 1e3
            ),
            Self::Unheard { joint } => {
                write!(f, "the driver of joint {} does not hear it", joint + 1)
            }
            Self::Pushes { joint, by, limit } => write!(
                f,
                "its torque for joint {} is off by {by:.1} N m, {limit:.1} allowed",
                joint + 1
            ),
            Self::Tracks { joint, error, limit } => write!(
                f,
                "joint {} is off its path by {:.2} mrad, {:.2} allowed after what was usual",
                joint + 1,
                error * 1e3,
                limit * 1e3
            ),
        }
    }
}

/// Watches a successor on probation.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    config: CanaryConfig,
    /// Largest tracking error of late, rad.
    usual: PerJoint<f64>,
    differing: u32,
    pushing: u32,
    straying: u32,
    /// The epoch watched, and since when.
    watched: (u64, Monotonic),
}

impl Canary {
    pub(crate) fn new(config: CanaryConfig) -> Self {
        let watched = (0, Monotonic(0));
        Self { config, usual: [0.0; JOINTS], differing: 0, pushing: 0, straying: 0, watched }
    }

    /// A cycle in which all is as usual.
    pub(crate) fn learn(&mut self, measured: &PerJoint<Option<Measured>>) {
        (self.differing, self.pushing, self.straying) = (0, 0, 0);
        for (usual, measured) in self.usual.iter_mut().zip(measured) {
            let error = measured.as_ref().map_or(0.0, |m| m.error_position.abs());
            *usual = (*usual * MEMORY).max(error);
        }
    }

    /// A command that the drivers refuse. What only tells of the way it took proves nothing.
    pub(crate) fn refused(reason: Refusal) -> Option<Finding> {
        match reason {
            Refusal::NotFinite | Refusal::JointOrder | Refusal::Validity | Refusal::Limit => {
                Some(Finding::Invalid(reason))
            }
            _ => None,
        }
    }

    /// Whether all drivers that follow commands follow those of `epoch`. Judged by when a driver
    /// sampled, not by when we heard of it: whoever was held up, is given time.
    pub(crate) fn hearing(
        &mut self,
        now: Monotonic,
        epoch: u64,
        joints: &Joints,
        period: Duration,
    ) -> Option<Finding> {
        if self.watched.0 != epoch {
            self.watched = (epoch, now);
        }
        let in_time = self.watched.1 + period * HEARD_WITHIN;
        let follows_another = |feedback: &JointFeedback| {
            feedback.driver == DriverState::Following
                && (1..epoch).contains(&feedback.applied_epoch)
        };
        let mut judged = joints.iter().filter(|(_, joint)| joint.sampled_at >= in_time);
        let deaf = judged.find(|(_, joint)| joint.newest().is_some_and(follows_another));
        deaf.map(|(joint, _)| Finding::Unheard { joint })
    }

    /// A command that is off by this much from ours at the same instant, rad per joint.
    pub(crate) fn command(&mut self, off: &PerJoint<f64>) -> Option<Finding> {
        let (joint, by) = worst(off.iter().copied());
        let limit = self.config.max_difference;
        self.differing = if by > limit { self.differing + 1 } else { 0 };
        (self.differing >= STRIKES).then_some(Finding::Differs { joint, by, limit })
    }

    /// Torques that are off by this much from ours, N·m per joint, beside the joints' limits.
    pub(crate) fn torque(
        &mut self,
        off: &PerJoint<f64>,
        limits: &PerJoint<f64>,
    ) -> Option<Finding> {
        let allowed = limits.map(|limit| limit * self.config.max_effort_difference);
        let excess = off.iter().zip(&allowed).map(|(off, allowed)| off - allowed);
        let (joint, by) = worst(excess);
        self.pushing = if by > 0.0 { self.pushing + 1 } else { 0 };
        let limit = allowed.get(joint).copied().unwrap_or(0.0);
        (self.pushing >= STRIKES).then_some(Finding::Pushes { joint, by: limit + by, limit })
    }

    /// How the arm follows.
    pub(crate) fn tracking(&mut self, measured: &PerJoint<Option<Measured>>) -> Option<Finding> {
        let error = |m: &Option<Measured>| m.as_ref().map_or(0.0, |m| m.error_position.abs());
        let allowed = self.usual.map(|usual| self.config.max_error_growth + 1.5 * usual);
        let excess = measured.iter().map(error).zip(&allowed).map(|(error, limit)| error - limit);
        let (joint, by) = worst(excess);
        self.straying = if by > 0.0 { self.straying + 1 } else { 0 };
        let limit = allowed.get(joint).copied().unwrap_or(0.0);
        let finding = Finding::Tracks { joint, error: limit + by, limit };
        (self.straying >= STRIKES).then_some(finding)
    }
}

fn worst(values: impl Iterator<Item = f64>) -> (usize, f64) {
    let start = (0, f64::NEG_INFINITY);
    values.enumerate().fold(start, |worst, this| if this.1 > worst.1 { this } else { worst })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(error_position: f64) -> PerJoint<Option<Measured>> {
        let of = Measured {
            at: Default::default(),
            position: 0.0,
            velocity: 0.0,
            effort: 0.0,
            error_position,
            error_velocity: 0.0,
        };
        [None, Some(of), None, None, None, None]
    }

    #[test]
    fn one_command_that_differs_is_no_finding_and_two_are() {
        let mut canary = Canary::new(CanaryConfig::default());
        let off = [0.0, 0.5, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(canary.command(&off), None);
        assert_eq!(canary.command(&[0.0; JOINTS]), None);
        assert_eq!(canary.command(&off), None);
        let found = canary.command(&off).unwrap();
        assert!(found.to_string().contains("joint 2 is off by 500.00 mrad"), "{found}");
    }

    #[test]
    fn torques_are_judged_by_the_joints_limits() {
        let mut canary = Canary::new(CanaryConfig::default());
        let limits = [100.0; JOINTS];
        let off = [0.0, 0.0, 40.0, 0.0, 0.0, 0.0];
        assert_eq!(canary.torque(&off, &limits), None);
        let found = canary.torque(&off, &limits).unwrap();
        assert_eq!(found.to_string(), "its torque for joint 3 is off by 40.0 N m, 30.0 allowed");
        assert_eq!(canary.torque(&[29.0; JOINTS], &limits), None);
    }

    #[test]
    fn tracking_is_judged_by_what_was_usual() {
        let mut canary = Canary::new(CanaryConfig::default());
        let limit = CanaryConfig::default().max_error_growth;
        canary.learn(&measured(0.004));
        for _ in 0..10 {
            assert_eq!(canary.tracking(&measured(limit + 0.005)), None);
        }
        assert_eq!(canary.tracking(&measured(limit + 0.007)), None);
        assert!(canary.tracking(&measured(-limit - 0.007)).is_some());
    }

    #[test]
    fn a_command_that_was_only_late_or_doubled_proves_nothing() {
        for reason in [Refusal::Late, Refusal::Sequence, Refusal::Epoch, Refusal::NotHolder] {
            assert_eq!(Canary::refused(reason), None);
        }
        assert!(Canary::refused(Refusal::NotFinite).is_some());
    }
}
