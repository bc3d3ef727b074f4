//! Which command a joint follows, and what it does without one.
//!
//! The one rule: a joint moves only as far as its [`Freedom`] allows; whatever else a command asks
//! is refused and counted, and the joint decelerates from where its setpoint is.

use crate::setpoint::{JUMP_MARGIN, REST_SPEED, Setpoint};
use std::time::Duration;
use vocabulary::command::{Mode, Refusal, extrapolate};
use vocabulary::gate::{Admitted, RefusalCounts};
use vocabulary::time::Monotonic;

/// One joint's part of an admitted command.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Position, rad.
    pub position: f64,
    /// Velocity, rad/s.
    pub velocity: f64,
    /// Acceleration, rad/s².
    pub acceleration: f64,
    /// Torque feed-forward, N·m.
    pub effort: f64,
    /// Mode in which it is meant.
    pub mode: Mode,
    /// When `position` holds.
    pub setpoint_at: Monotonic,
    /// When it came.
    pub received_at: Monotonic,
    /// When it expires.
    pub valid_until: Monotonic,
    /// Epoch of the command.
    pub epoch: u64,
    /// Sequence of the command.
    pub sequence: u64,
}

impl Target {
    /// The part of joint `index`.
    #[must_use]
    pub fn of(admitted: &Admitted, index: usize) -> Option<Self> {
        let command = &admitted.command;
        Some(Self {
            position: *command.position.get(index)?,
            velocity: *command.velocity.get(index)?,
            acceleration: *command.acceleration.get(index)?,
            effort: *command.effort.get(index)?,
            mode: command.mode,
            setpoint_at: admitted.setpoint_at,
            received_at: admitted.received_at(),
            valid_until: admitted.valid_until,
            epoch: command.epoch,
            sequence: command.sequence,
        })
    }

    /// Position, rad, and velocity, rad/s, at an instant near the setpoint's.
    fn motion_at(&self, at: Monotonic) -> (f64, f64) {
        let there = (self.position, self.velocity, self.acceleration);
        extrapolate(there, at.seconds_from(self.setpoint_at))
    }
}

/// What a joint may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freedom {
    /// Decelerate and stand; commands count for nothing.
    None,
    /// Decelerate and stand; commands that agree are followed.
    Stand,
    /// Follow commands.
    Follow,
}

/// What happened to the commands in a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// A command was followed.
    Following,
    /// Braking or standing.
    Holding,
    /// The last command expired while the joint moved; braking.
    Expired,
}

/// Setpoint of one joint and the command behind it.
#[derive(Debug, Clone)]
pub struct Motion {
    setpoint: Setpoint,
    target: Option<Target>,
    pending: Option<Target>,
    /// Torque feed-forward, N·m; none as long as the drive has no torque.
    effort: Option<f64>,
    /// The drive has no torque mode.
    only_position: bool,
    refused: RefusalCounts,
    /// Refusals when the last command was taken.
    refused_before: RefusalCounts,
    /// When the last command was offered, taken or not.
    offered_at: Option<Monotonic>,
}

impl Motion {
    /// Without command.
    #[must_use]
    pub fn new(setpoint: Setpoint) -> Self {
        Self {
            setpoint,
            target: None,
            pending: None,
            effort: None,
            only_position: false,
            refused: RefusalCounts::default(),
            refused_before: RefusalCounts::default(),
            offered_at: None,
        }
    }

    /// The setpoint.
    #[must_use]
    pub fn setpoint(&self) -> &Setpoint {
        &self.setpoint
    }

    /// The setpoint, to be put where the joint is.
    pub fn setpoint_mut(&mut self) -> &mut Setpoint {
        &mut self.setpoint
    }

    /// Whether commands for the torque mode are refused, because the drive has none.
    pub fn refuse_torque(&mut self, only_position: bool) {
        self.only_position = only_position;
    }

    /// The mode that the command followed asks for now. A torque that was not renewed for `stale` is
    /// none: the joint goes on by position.
    #[must_use]
    pub fn mode(&self, now: Monotonic, stale: Duration) -> Mode {
        let fresh = |t: &&Target| now.since(t.received_at) < stale && !self.only_position;
        self.target(now).filter(fresh).map_or(Mode::Position, |target| target.mode)
    }

    /// Torque feed-forward or torque, N·m.
    #[must_use]
    pub fn effort(&self) -> f64 {
        self.effort.unwrap_or(0.0)
    }

    /// The command being followed, while it is valid.
    #[must_use]
    pub fn target(&self, now: Monotonic) -> Option<&Target> {
        self.target.as_ref().filter(|target| now < target.valid_until)
    }

    /// The drive is gone, and with it whatever it was told.
    pub fn forget(&mut self) {
        (self.target, self.pending) = (None, None);
    }

    /// Commands this joint refused.
    #[must_use]
    pub fn refused(&self) -> RefusalCounts {
        self.refused
    }

    /// A command passed the gate; it is judged in the next cycle.
    pub fn offer(&mut self, target: Target) {
        self.offered_at = Some(target.received_at);
        self.pending = Some(target);
    }

    /// Why the command followed was not renewed: what passed the gate since, and became of it.
    #[must_use]
    pub fn unheard(&self, now: Monotonic) -> String {
        let refused = self.refused.since(&self.refused_before);
        let ago = self.offered_at.map_or(0.0, |at| now.seconds_from(at));
        format!("the last one came {:.0} ms ago, of this joint's {refused}", ago * 1e3)
    }

    /// A cycle in which the drive follows no setpoints: the setpoint is where the joint is. `torque`,
    /// N·m, is what a drive that holds the joint by itself needs for it: the feed-forward we gave it
    /// goes on, and one we do not know begins with that torque, so that the joint does not sag when
    /// the drive follows us again.
    pub fn track(&mut self, at: Monotonic, measured: f64, torque: Option<f64>) {
        self.setpoint.settle(at, measured);
        self.target = None;
        self.effort = torque.map(|torque| self.effort.unwrap_or(torque));
        if let Some(new) = self.pending.take() {
            self.ignore(&new, at);
        }
    }

    /// A cycle under torque: moves the setpoint to the instant `apply`.
    pub fn advance(&mut self, now: Monotonic, apply: Monotonic, freedom: Freedom) -> Moved {
        if freedom == Freedom::None {
            self.target = None;
        }
        if self.target.is_some_and(|target| now >= target.valid_until) {
            self.target = None;
            if !self.setpoint.is_at_rest() {
                // A new command does not heal this: the joint may have stood still meanwhile.
                self.pending = None;
                self.setpoint.brake(apply);
                return Moved::Expired;
            }
        }
        let new = self.pending.take().filter(|new| now < new.valid_until);
        if new.is_some_and(|new| self.take(new, apply, freedom)) {
            return Moved::Following;
        }
        let Some(target) = self.target else {
            self.setpoint.brake(apply);
            return Moved::Holding;
        };
        let followed = freedom == Freedom::Follow
            && self.setpoint.follow(apply, target.motion_at(apply)).is_ok();
        if !followed {
            self.setpoint.brake(apply);
        }
        Moved::Following
    }

    /// Tries a new command; false when it is refused or asks for nothing.
    fn take(&mut self, new: Target, apply: Monotonic, freedom: Freedom) -> bool {
        let verdict = match freedom {
            _ if new.mode != Mode::Position && self.only_position => Err(Refusal::Mode),
            Freedom::Follow => self.setpoint.follow(apply, new.motion_at(apply)),
            Freedom::Stand if self.agrees(&new, apply) => {
                self.setpoint.brake(apply);
                Ok(())
            }
            Freedom::Stand => Err(Refusal::NotPermitted),
            Freedom::None => {
                self.ignore(&new, apply);
                return false;
            }
        };
        match verdict {
            Ok(()) => {
                self.effort = Some(new.effort);
                self.target = Some(new);
                self.refused_before = self.refused;
                true
            }
            Err(reason) => {
                self.refused.add(reason);
                false
            }
        }
    }

    /// A command for a joint that may not move: refused, unless it asks for nothing.
    fn ignore(&mut self, new: &Target, apply: Monotonic) {
        if !self.agrees(new, apply) {
            self.refused.add(Refusal::NotPermitted);
        }
    }

    /// Whether the command asks to stand where the setpoint is.
    fn agrees(&self, new: &Target, apply: Monotonic) -> bool {
        let away = (new.motion_at(apply).0 - self.setpoint.position()).abs();
        away <= JUMP_MARGIN && new.velocity.abs() <= REST_SPEED
    }
}

#[cfg(test)]
mod tests;
