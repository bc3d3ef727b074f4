//! Whether the drivers go where they are told.
//!
//! The one rule: nobody is left behind. A driver refuses a command that is further away than its joint
//! can move, and stands; whoever goes on as if nothing was, commands that joint ever further away. So
//! the reference goes back to where the joint is, and comes from there within the joint's limits.

use crate::control::Control;
use crate::joints::Readiness;
use vocabulary::command::Mode;
use vocabulary::health::LogLine;
use vocabulary::joint::PerJoint;
use vocabulary::time::Monotonic;

/// A setpoint this far from the command, rad, is no matter of rounding or of a command that was lost:
/// refused is what is further away than a joint goes in a period and a little more.
const ASTRAY: f64 = 0.012;

/// Samples in a row that are needed: what was commanded by somebody else just now is none of ours.
const STRIKES: u32 = 3;

/// Counts samples of setpoints that are astray, joint by joint.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Obedience {
    joints: PerJoint<(u64, u32)>,
}

impl Obedience {
    /// Takes the newest sample of a joint, whose setpoint is `off` from the command for its instant, rad;
    /// whether the joint has been left behind.
    pub(crate) fn hear(&mut self, joint: usize, sequence: u64, off: f64) -> bool {
        let Some((heard, strikes)) = self.joints.get_mut(joint) else { return false };
        if *heard == sequence {
            return false;
        }
        *heard = sequence;
        *strikes = if off.abs() > ASTRAY { *strikes + 1 } else { 0 };
        let behind = *strikes >= STRIKES;
        if behind {
            *strikes = 0;
        }
        behind
    }
}

impl Control {
    /// Puts the reference of a joint that its driver has left behind where that joint is on its way to; from
    /// there it comes back within its limits.
    pub(crate) fn wait_for_those_behind(&mut self, now: Monotonic, log: &mut Vec<LogLine>) {
        if !self.commands || self.applied.mode != Mode::Position {
            return;
        }
        let mut state = *self.course.reference();
        let mut behind = None;
        let slots = state.position.iter_mut().zip(&mut state.velocity).zip(&mut state.acceleration);
        for ((index, joint), ((p, v), a)) in self.joints.iter().zip(slots) {
            let (at, heard) = (joint.setpoint_at, joint.newest());
            let Some((feedback, (asked, _))) = heard.zip(self.history.at(index, at)) else {
                continue;
            };
            let ready = self.joints.readiness(index, now) == Readiness::Ready;
            let off = if ready { feedback.setpoint_position - asked } else { 0.0 };
            if self.obedience.hear(index, feedback.sequence, off) {
                behind = Some((index, off));
                (*p, *v) = joint.heading(self.reference_at).unwrap_or((*p, *v));
                *a = 0.0;
            }
        }
        if let Some((index, off)) = behind {
            let name = self.order.names().get(index).map_or("?", String::as_str);
            let text = format!("{name} was left behind by {:.0} mrad: comes from there", off * 1e3);
            log.push(LogLine::warn(text));
            self.course.set_reference(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_samples_count_and_one_that_obeys_is_a_new_beginning() {
        let mut obedience = Obedience::default();
        let mut hear = |sequence, off| obedience.hear(2, sequence, off);
        assert!(!hear(1, 0.1) && !hear(2, -0.1));
        assert!((0..9).all(|_| !hear(2, 0.1)), "the same sample again");
        assert!(!hear(3, 0.01) && !hear(4, 0.1) && !hear(5, 0.1));
        assert!(hear(6, 0.1));
        assert!(!hear(7, 0.1), "it has only begun to come back");
    }
}
