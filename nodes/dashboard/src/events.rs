//! What happened lately, one line each.

use crate::alarms::{Alarm, Change, Severity};
use overview::NodeEvent;
use serde::Serialize;
use std::collections::VecDeque;
use vocabulary::time::Stamp;

/// Lines kept.
const KEPT: usize = 100;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// ROS time, s.
    pub t: f64,
    /// How serious it is.
    pub severity: Severity,
    /// Joint, node, `arm` or `dashboard`.
    pub source: String,
    /// For people.
    pub text: String,
}

/// The log.
#[derive(Debug, Clone, Default)]
pub struct Events {
    lines: VecDeque<Event>,
    changed: bool,
}

impl Events {
    /// Adds a line.
    pub fn add(&mut self, now: Stamp, severity: Severity, source: &str, text: impl Into<String>) {
        while self.lines.len() >= KEPT {
            self.lines.pop_back();
        }
        let t = now.0 as f64 * 1e-9;
        let t = (t * 1e3).round() / 1e3;
        self.lines.push_front(Event { t, severity, source: source.to_owned(), text: text.into() });
        self.changed = true;
    }

    /// Adds what became of a node.
    pub fn node(&mut self, now: Stamp, event: &NodeEvent) {
        match event {
            NodeEvent::Appeared { node, pid } => {
                self.add(now, Severity::Notice, node, format!("is here, process {pid}"));
            }
            // The alarm says the same.
            NodeEvent::Silent { .. } => {}
            NodeEvent::Back { node } => self.add(now, Severity::Notice, node, "is heard again"),
            NodeEvent::Restarted { node, pid, boots, gap } => {
                let gap = gap.as_secs_f64();
                let text = format!(
                    "died; started again after {gap:.1} s as process {pid} (start {boots})"
                );
                self.add(now, Severity::Warning, node, text);
            }
        }
    }

    /// Adds what became of an alarm.
    pub fn alarm(&mut self, now: Stamp, change: &Change) {
        match change {
            Change::Raised(Alarm { severity, source, text, .. }) => {
                self.add(now, *severity, source, text.clone());
            }
            Change::Over(Alarm { source, text, since, .. }) => {
                let after = now.seconds_from(*since);
                let text = format!("over after {after:.1} s: {text}");
                self.add(now, Severity::Notice, source, text);
            }
        }
    }

    /// The lines, newest first, when there are new ones.
    pub fn take_changed(&mut self) -> Option<Vec<Event>> {
        std::mem::take(&mut self.changed).then(|| self.lines.iter().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_log_is_bounded_newest_first_and_told_once() {
        let mut events = Events::default();
        for n in 0..500 {
            events.add(Stamp(n * 1_000_000_000), Severity::Notice, "arm", format!("{n}"));
        }
        let lines = events.take_changed().unwrap();
        assert_eq!((lines.len(), lines[0].text.as_str()), (KEPT, "499"));
        assert_eq!(events.take_changed(), None);
    }

    #[test]
    fn a_restart_names_node_process_and_gap() {
        let mut events = Events::default();
        let gap = Duration::from_millis(640);
        let node = "driver_joint_3".to_owned();
        events.node(Stamp(0), &NodeEvent::Restarted { node, pid: 77, boots: 2, gap });
        let line = events.take_changed().unwrap().remove(0);
        assert_eq!(line.source, "driver_joint_3");
        assert_eq!(line.text, "died; started again after 0.6 s as process 77 (start 2)");
    }
}
