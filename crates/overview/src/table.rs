//! All nodes by name.
//!
//! The rule: what is told of a node is told once, when it changes.

use crate::node::{Node, NodeRow, Presence};
use std::collections::BTreeMap;
use std::time::Duration;
use vocabulary::health::Heartbeat;
use vocabulary::time::{Monotonic, Received};

/// More names than any arm has; what comes beyond is ignored.
const MAX_NODES: usize = 128;

/// A change worth a line.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeEvent {
    /// Heard for the first time.
    Appeared {
        /// Node name.
        node: String,
        /// Process id on its host.
        pid: u32,
    },
    /// Its heartbeats stopped.
    Silent {
        /// Node name.
        node: String,
        /// Process id on its host.
        pid: u32,
    },
    /// The same process is heard again.
    Back {
        /// Node name.
        node: String,
    },
    /// A new process took the place of one that is gone.
    Restarted {
        /// Node name.
        node: String,
        /// Process id of the new one.
        pid: u32,
        /// Processes seen under this name.
        boots: u64,
        /// Between the last heartbeat of the old and the first of the new process.
        gap: Duration,
    },
}

/// The node table.
#[derive(Debug, Clone)]
pub struct NodeTable {
    nodes: BTreeMap<String, Node>,
    silence: Duration,
}

impl NodeTable {
    /// An empty table; a node not heard for `silence` is silent.
    #[must_use]
    pub fn new(silence: Duration) -> Self {
        Self { nodes: BTreeMap::new(), silence }
    }

    /// Takes a heartbeat in.
    pub fn hear(&mut self, beat: Received<Heartbeat>) -> Option<NodeEvent> {
        let (name, pid) = (beat.value.node.clone(), beat.value.pid);
        let node = self.entry(&name)?;
        let first = node.boots() == 0;
        let new = node.hear(beat);
        (first && new).then_some(NodeEvent::Appeared { node: name, pid })
    }

    /// What the supervisor says of a node: whether the arm needs it, which joints it serves, how many
    /// processes of it were seen.
    pub fn learn(&mut self, name: &str, expected: bool, joints: &str, boots: u64) {
        if let Some(node) = self.entry(name) {
            node.expected = expected;
            joints.clone_into(&mut node.joints);
            node.learn_boots(boots);
        }
    }

    /// Judges who is silent; returns what changed.
    pub fn judge(&mut self, now: Monotonic) -> Vec<NodeEvent> {
        let silence = self.silence;
        self.nodes.iter_mut().filter_map(|(name, node)| judge(name, node, now, silence)).collect()
    }

    /// All rows, by name.
    #[must_use]
    pub fn rows(&self, now: Monotonic) -> Vec<NodeRow> {
        self.nodes.iter().map(|(name, node)| node.row(name, now)).collect()
    }

    fn entry(&mut self, name: &str) -> Option<&mut Node> {
        if !self.nodes.contains_key(name) && self.nodes.len() >= MAX_NODES {
            return None;
        }
        Some(self.nodes.entry(name.to_owned()).or_default())
    }
}

fn judge(name: &str, node: &mut Node, now: Monotonic, silence: Duration) -> Option<NodeEvent> {
    let name = name.to_owned();
    if let Some(gap) = node.succeed(now, silence) {
        node.presence = Presence::Live;
        return Some(NodeEvent::Restarted {
            node: name,
            pid: node.pid(),
            boots: node.boots(),
            gap,
        });
    }
    let live = node.age(now)? <= silence;
    let before = node.presence;
    node.presence = if live { Presence::Live } else { Presence::Silent };
    match (before, node.presence) {
        (Presence::Live, Presence::Silent) => {
            Some(NodeEvent::Silent { node: name, pid: node.pid() })
        }
        (Presence::Silent, Presence::Live) => Some(NodeEvent::Back { node: name }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use vocabulary::health::CycleStatistics;

    const SILENCE: Duration = Duration::from_millis(500);

    fn at(ms: u64) -> Monotonic {
        Monotonic(ms * 1_000_000)
    }

    /// A node with a cycle of 4 ms, 3 % of a core and a late cycle per 100.
    fn beat(node: &str, boot_id: u64, sequence: u64, ms: u64) -> Received<Heartbeat> {
        let cycles = CycleStatistics {
            period: 0.004,
            count: sequence * 50 / 4,
            late: sequence / 8,
            ..CycleStatistics::default()
        };
        let value = Heartbeat {
            node: node.to_owned(),
            boot_id,
            pid: boot_id as u32 + 1000,
            sequence,
            cycles,
            cpu_time: sequence as f64 * 0.05 * 0.03,
            ..Heartbeat::default()
        };
        Received { at: at(ms), value }
    }

    fn run(table: &mut NodeTable, boot: u64, from: u64, to: u64) -> Vec<NodeEvent> {
        let mut events = Vec::new();
        for (sequence, ms) in (from..to).step_by(50).enumerate() {
            events.extend(table.hear(beat("control", boot, sequence as u64 + 1, ms)));
            events.extend(table.judge(at(ms)));
        }
        events
    }

    #[test]
    fn a_node_that_beats_has_rate_load_and_uptime() {
        let mut table = NodeTable::new(SILENCE);
        assert_eq!(run(&mut table, 1, 0, 4000).len(), 1, "it appears, and nothing else");
        let row = table.rows(at(4000)).remove(0);
        assert_eq!((row.presence, row.boots, row.pid), (Presence::Live, 1, 1001));
        assert!((row.rate - 250.0).abs() < 2.0, "{}", row.rate);
        assert!((row.cpu - 0.03).abs() < 1e-3, "{}", row.cpu);
        assert!((row.uptime - 4.0).abs() < 0.06, "{}", row.uptime);
        assert!(row.late_now >= 2 && row.late_now <= 6, "{}", row.late_now);
    }

    #[test]
    fn a_node_that_falls_silent_keeps_its_row_and_is_named_once() {
        let mut table = NodeTable::new(SILENCE);
        run(&mut table, 1, 0, 1000);
        let mut events = Vec::new();
        for ms in (1000..5000).step_by(20) {
            events.extend(table.judge(at(ms)));
        }
        assert_eq!(events, [NodeEvent::Silent { node: "control".into(), pid: 1001 }]);
        let row = table.rows(at(5000)).remove(0);
        assert_eq!(row.presence, Presence::Silent);
        assert!((row.age - 4.05).abs() < 0.06, "{}", row.age);
    }

    #[test]
    fn a_quick_restart_is_told_with_its_gap_although_it_never_was_silent_for_long() {
        let mut table = NodeTable::new(SILENCE);
        run(&mut table, 1, 0, 1000);
        let events = run(&mut table, 2, 1300, 2000);
        let gap = Duration::from_millis(350);
        let restarted = NodeEvent::Restarted { node: "control".into(), pid: 1002, boots: 2, gap };
        assert_eq!(events, [restarted]);
        assert!(!table.rows(at(2000))[0].double);
    }

    #[test]
    fn a_late_return_is_first_silence_then_a_restart() {
        let mut table = NodeTable::new(SILENCE);
        run(&mut table, 1, 0, 1000);
        let mut events = table.judge(at(2000));
        events.extend(run(&mut table, 2, 3000, 3500));
        assert!(matches!(events[0], NodeEvent::Silent { .. }), "{events:?}");
        assert!(matches!(events[1], NodeEvent::Restarted { boots: 2, .. }), "{events:?}");
    }

    #[test]
    fn a_frozen_process_that_thaws_is_back_not_restarted() {
        let mut table = NodeTable::new(SILENCE);
        run(&mut table, 1, 0, 1000);
        table.judge(at(3000));
        table.hear(beat("control", 1, 21, 3010));
        assert_eq!(table.judge(at(3011)), [NodeEvent::Back { node: "control".into() }]);
    }

    #[test]
    fn two_living_processes_of_one_name_are_a_double() {
        let mut table = NodeTable::new(SILENCE);
        for (n, ms) in (0..2000).step_by(50).enumerate() {
            table.hear(beat("control", 1, n as u64 + 1, ms));
            table.hear(beat("control", 2, n as u64 + 1, ms + 3));
            assert!(
                table.judge(at(ms + 4)).iter().all(|e| !matches!(e, NodeEvent::Restarted { .. }))
            );
        }
        let row = table.rows(at(2000)).remove(0);
        assert!(row.double);
        assert_eq!(row.pid, 1001);
    }

    #[test]
    fn a_node_only_the_supervisor_knows_has_a_row() {
        let mut table = NodeTable::new(SILENCE);
        table.learn("driver_joint_3", true, "joint_3", 0);
        let row = table.rows(at(10)).remove(0);
        assert_eq!((row.presence, row.expected), (Presence::Unseen, true));
        assert!(row.age.is_infinite());
    }

    #[test]
    fn a_driver_serves_what_the_supervisor_says_or_else_the_joint_in_its_name() {
        let mut row = NodeRow { node: "driver_joint_3".into(), ..NodeRow::default() };
        assert!(row.serves("joint_3") && !row.serves("joint_4"));
        row.joints = "joint_3, joint_4".into();
        assert!(row.serves("joint_4") && !row.serves("joint_5"));
    }

    proptest! {
        #[test]
        fn whatever_is_heard_the_table_stays_bounded_and_never_shows_a_negative_age(
            beats in proptest::collection::vec((0..200_u32, 0..4_u64, 0..50_u64, 0..5_000_u64), 1..300)
        ) {
            let mut table = NodeTable::new(SILENCE);
            for (node, boot, sequence, ms) in beats {
                table.hear(beat(&format!("n{node}"), boot, sequence, ms));
                table.judge(at(ms));
            }
            let rows = table.rows(at(2_500));
            prop_assert!(rows.len() <= MAX_NODES);
            prop_assert!(rows.iter().all(|row| row.age >= 0.0 && row.boots >= 1));
        }
    }
}
