//! Whether the drivers go where they are told.
//!
//! The one rule: nobody is left behind. A driver refuses a command that is further away than its joint
//! can move, and stands; whoever goes on as if nothing was, commands that joint ever further away. So
//! the reference goes back to where the joint is, and comes from there within the joint's limits.

use vocabulary::joint::PerJoint;

/// A setpoint this far from the command, rad, is no matter of rounding or of a command that was lost:
/// refused is what is further away than a joint goes in a period and a little more.
pub(crate) const ASTRAY: f64 = 0.012;

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
