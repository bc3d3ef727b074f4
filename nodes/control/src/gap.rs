//! How long the drives went without a new command, as their feedback tells.
//!
//! The one rule: one command is due per sample; the gap is the time beyond that, so that an arm that
//! gets each command in time has none.

use vocabulary::command::JointFeedback;
use vocabulary::durations::DurationHistogram;
use vocabulary::joint::PerJoint;

#[derive(Debug, Clone, Copy, Default)]
struct Last {
    sequence: u64,
    applied: (u64, u64),
    stale: u32,
}

/// Counts samples without a new command, joint by joint.
#[derive(Debug, Clone)]
pub(crate) struct Gap {
    period: f64,
    joints: PerJoint<Last>,
    durations: DurationHistogram,
}

impl Gap {
    /// One sample per `period`, s.
    pub(crate) fn new(period: f64) -> Self {
        Self { period, joints: Default::default(), durations: DurationHistogram::default() }
    }

    /// Begins a new measurement; a gap under way counts.
    pub(crate) fn restart(&mut self) {
        self.durations = DurationHistogram::default();
    }

    /// Takes the newest sample of one joint.
    pub(crate) fn hear(&mut self, index: usize, feedback: &JointFeedback) {
        let last = self.joints.get_mut(index).filter(|l| l.sequence != feedback.sequence);
        let Some(last) = last else { return };
        last.sequence = feedback.sequence;
        let applied = (feedback.applied_epoch, feedback.applied_sequence);
        if applied == last.applied {
            last.stale += 1;
            return;
        }
        last.applied = applied;
        self.durations.record(f64::from(std::mem::take(&mut last.stale)) * self.period);
    }

    /// Time without a command beyond the period in which each is due, since the last restart.
    pub(crate) fn durations(&self) -> DurationHistogram {
        self.durations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_without_a_new_command_are_counted_until_one_comes() {
        let mut gap = Gap::new(0.004);
        let mut sequence = 0;
        let mut feel = |gap: &mut Gap, epoch, applied| {
            sequence += 1;
            let feedback = JointFeedback {
                sequence,
                applied_epoch: epoch,
                applied_sequence: applied,
                ..JointFeedback::default()
            };
            gap.hear(2, &feedback);
            gap.durations().worst()
        };
        assert_eq!(feel(&mut gap, 1, 1), 0.0);
        assert_eq!(feel(&mut gap, 1, 2), 0.0);
        assert_eq!(feel(&mut gap, 1, 2), 0.0);
        gap.restart();
        assert_eq!(feel(&mut gap, 1, 2), 0.0);
        assert_eq!(feel(&mut gap, 2, 1), 0.008);
        gap.restart();
        assert_eq!(gap.durations().worst(), 0.0);
    }
}
