//! Invariant 1: each command that a driver applies was sent by the holder of its epoch, is younger
//! than the one before, and its epoch was not over when it was applied.

use super::{Finding, Rule};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;
use vocabulary::command::{JointCommand, JointFeedback, Lease};
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// Commands remembered: those of a quarter of a minute.
const REMEMBERED: usize = 4096;

/// What one driver did last, and what it knows.
#[derive(Debug, Clone, Copy, Default)]
struct Applied {
    boot_id: u64,
    epoch: u64,
    sequence: u64,
    /// Highest epoch it was told, and when.
    told: (u64, Monotonic),
}

/// Commands sent, leases granted, commands applied.
#[derive(Debug, Clone)]
pub(super) struct Commands {
    /// Time from hearing of a lease to obeying it.
    reaction: Duration,
    sent: BTreeMap<(u64, u64), u64>,
    holders: BTreeMap<u64, u64>,
    successors: BTreeMap<u64, u64>,
    /// Who yields owns the epoch after the next.
    returners: BTreeMap<u64, u64>,
    applied: PerJoint<Applied>,
}

impl Commands {
    pub fn new(period: Duration) -> Self {
        Self {
            reaction: period * 3,
            sent: BTreeMap::new(),
            holders: BTreeMap::new(),
            successors: BTreeMap::new(),
            returners: BTreeMap::new(),
            applied: [Applied::default(); JOINTS],
        }
    }

    pub fn on_command(&mut self, command: &JointCommand) {
        self.sent.insert((command.epoch, command.sequence), command.boot_id);
        if self.sent.len() > REMEMBERED {
            self.sent.pop_first();
        }
    }

    pub fn on_lease(&mut self, lease: &Lease) {
        self.holders.insert(lease.epoch, lease.holder);
        self.successors.insert(lease.epoch + 1, lease.successor);
        if lease.transfer {
            self.returners.insert(lease.epoch + 2, lease.holder);
        }
    }

    pub fn on_lease_heard(&mut self, at: Monotonic, joints: Range<usize>, epoch: u64) {
        for applied in self.applied.get_mut(joints).into_iter().flatten() {
            if epoch > applied.told.0 {
                applied.told = (epoch, at);
            }
        }
    }

    pub fn on_driver_end(&mut self, joints: Range<usize>) {
        for applied in self.applied.get_mut(joints).into_iter().flatten() {
            applied.told = (0, Monotonic(0));
        }
    }

    pub fn on_feedback(&mut self, at: Monotonic, feedback: &JointFeedback) -> Option<Finding> {
        let key = (feedback.applied_epoch, feedback.applied_sequence);
        let joint = self.applied.get_mut(feedback.joint)?;
        let before = *joint;
        if key.0 == 0
            || (before.boot_id, before.epoch, before.sequence) == (feedback.boot_id, key.0, key.1)
        {
            return None;
        }
        (joint.boot_id, joint.epoch, joint.sequence) = (feedback.boot_id, key.0, key.1);
        let finding = |text: String| {
            let index = feedback.joint;
            Some((Rule::Epoch, format!("driver of joint {index} applied {key:?}: {text}")))
        };
        let Some(sender) = self.sent.get(&key) else {
            return finding("nobody sent that command".to_owned());
        };
        let entitled =
            [&self.holders, &self.successors, &self.returners].map(|owners| owners.get(&key.0));
        if !entitled.contains(&Some(sender)) {
            return finding(format!("sent by {sender:016x}, who does not hold that epoch"));
        }
        if before.boot_id == feedback.boot_id && key <= (before.epoch, before.sequence) {
            return finding(format!("after {:?}", (before.epoch, before.sequence)));
        }
        let (epoch, told) = before.told;
        if key.0 < epoch && at.since(told) > self.reaction {
            return finding(format!("told of epoch {epoch} {:?} before", at.since(told)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(epoch: u64, sequence: u64, boot_id: u64) -> JointCommand {
        JointCommand {
            stamp: Default::default(),
            boot_id,
            epoch,
            sequence,
            sent_at: Monotonic(0),
            setpoint_at: Monotonic(0),
            valid_for: Duration::from_millis(50),
            joint_order: 0,
            yields: false,
            mode: Default::default(),
            position: [0.0; JOINTS],
            velocity: [0.0; JOINTS],
            acceleration: [0.0; JOINTS],
            effort: [0.0; JOINTS],
        }
    }

    fn applied(applied_epoch: u64, applied_sequence: u64) -> JointFeedback {
        JointFeedback { boot_id: 9, applied_epoch, applied_sequence, ..JointFeedback::default() }
    }

    fn commands() -> Commands {
        let mut commands = Commands::new(Duration::from_millis(4));
        commands.on_lease(&Lease { epoch: 1, holder: 70, successor: 71, ..Lease::default() });
        commands
    }

    #[test]
    fn commands_of_holder_and_successor_pass() {
        let mut commands = commands();
        commands.on_command(&command(1, 5, 70));
        commands.on_command(&command(2, 1, 71));
        assert_eq!(commands.on_feedback(Monotonic(0), &applied(1, 5)), None);
        assert_eq!(commands.on_feedback(Monotonic(0), &applied(2, 1)), None);
    }

    #[test]
    fn a_stranger_a_repetition_and_an_old_epoch_are_found() {
        let mut commands = commands();
        for (epoch, sequence, sender) in [(1, 5, 72), (1, 6, 70), (1, 7, 70)] {
            commands.on_command(&command(epoch, sequence, sender));
        }
        let mut find = |e, s| commands.on_feedback(Monotonic(0), &applied(e, s)).is_some();
        assert!(find(1, 5));
        assert!(!find(1, 7));
        assert!(find(1, 6));
        assert!(find(1, 99));
        commands.on_lease_heard(Monotonic(0), 0..6, 2);
        commands.on_command(&command(1, 8, 70));
        let late = Monotonic(20_000_000);
        assert!(commands.on_feedback(late, &applied(1, 8)).is_some());
    }
}
