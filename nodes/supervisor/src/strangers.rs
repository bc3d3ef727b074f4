//! Who publishes commands without being a controller.
//!
//! The rule: the drivers refuse them anyway; here they get a name, once when they come and once when
//! they are gone.

use std::collections::BTreeSet;
use vocabulary::health::LogLine;

use crate::report::{DiagnosticLevel, DiagnosticStatus};
use crate::watch::is_controller;

/// More names than these are told as a number only.
const MAX_NAMES: usize = 16;

/// Publishers of `joint_command` that are no controllers.
#[derive(Debug, Clone, Default)]
pub struct Strangers {
    names: BTreeSet<String>,
}

impl Strangers {
    /// Takes the node names of all publishers of `joint_command`.
    pub fn hear(&mut self, commanders: &[String], log: &mut Vec<LogLine>) {
        let strangers = commanders.iter().filter(|name| !is_controller(name)).take(MAX_NAMES);
        let names: BTreeSet<_> = strangers.cloned().collect();
        for name in names.difference(&self.names) {
            log.push(LogLine::error(format!(
                "{name} publishes joint_command and is no controller: its commands are refused"
            )));
        }
        for name in self.names.difference(&names) {
            log.push(LogLine::info(format!("{name} does not publish joint_command any more")));
        }
        self.names = names;
    }

    /// What people see of it; none when there is nobody.
    #[must_use]
    pub fn diagnose(&self) -> Option<DiagnosticStatus> {
        let names: Vec<_> = self.names.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| DiagnosticStatus {
            level: DiagnosticLevel::Error,
            name: "supervisor: strangers".to_owned(),
            message: format!("publish joint_command without a lease: {}", names.join(", ")),
            hardware_id: String::new(),
            values: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_named_once_when_it_comes_and_once_when_it_is_gone() {
        let (mut strangers, mut log) = (Strangers::default(), Vec::new());
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        strangers.hear(&names(&["control", "control_standby"]), &mut log);
        assert_eq!((log.len(), strangers.diagnose()), (0, None));
        for _ in 0..3 {
            strangers.hear(&names(&["control", "rogue"]), &mut log);
        }
        assert_eq!(log.len(), 1);
        assert!(strangers.diagnose().unwrap().message.ends_with(": rogue"));
        strangers.hear(&names(&["control"]), &mut log);
        assert!(log[1].text.starts_with("rogue does not"));
    }
}
