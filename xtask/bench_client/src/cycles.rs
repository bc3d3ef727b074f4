//! Cycles of the nodes that may never be late, counted by their heartbeats.

use r2r::armature_msgs::msg::Heartbeat;
use std::collections::BTreeMap;

/// What each node said last.
pub type Beats = BTreeMap<String, Heartbeat>;

/// Cycles of control and the drivers between two heartbeats each.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Cycles run.
    pub cycles: u64,
    /// Begun more than 1 ms after their time.
    pub late: u64,
    /// Due, but never run.
    pub lost: f64,
}

impl Counts {
    /// What was counted from one set of heartbeats to another.
    #[must_use]
    pub fn between(before: &Beats, after: &Beats) -> Self {
        let ours = |node: &str| node.starts_with("control") || node.starts_with("driver");
        let mut counts = Self::default();
        for (node, now) in after.iter().filter(|(node, _)| ours(node)) {
            let Some(then) = before.get(node).filter(|then| then.boot_id == now.boot_id) else {
                continue;
            };
            let ran = now.cycles - then.cycles;
            let due = (seconds(now) - seconds(then)) / now.period;
            counts.cycles += ran;
            counts.late += now.late_cycles - then.late_cycles;
            // A heartbeat may fall on either side of the cycle that is due with it.
            counts.lost += (due - ran as f64 - 1.0).max(0.0).round();
        }
        counts
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cycles: self.cycles + other.cycles,
            late: self.late + other.late,
            lost: self.lost + other.lost,
        }
    }
}

fn seconds(beat: &Heartbeat) -> f64 {
    f64::from(beat.stamp.sec) + f64::from(beat.stamp.nanosec) * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beats(node: &str, sec: i32, cycles: u64, late_cycles: u64) -> Beats {
        let mut beat = Heartbeat { cycles, late_cycles, period: 0.004, ..Heartbeat::default() };
        beat.stamp.sec = sec;
        Beats::from([(node.to_owned(), beat)])
    }

    #[test]
    fn a_cycle_that_was_due_and_did_not_run_is_lost() {
        let all = Counts::between(&beats("control", 1, 0, 0), &beats("control", 11, 2500, 3));
        assert_eq!(all, Counts { cycles: 2500, late: 3, lost: 0.0 });
        let some = Counts::between(&beats("control", 1, 0, 0), &beats("control", 11, 2489, 0));
        assert_eq!(some.lost, 10.0);
    }

    #[test]
    fn nodes_without_a_deadline_do_not_count() {
        let none = Counts::between(&beats("thermal", 1, 0, 0), &beats("thermal", 11, 9, 9));
        assert_eq!(none, Counts::default());
    }
}
