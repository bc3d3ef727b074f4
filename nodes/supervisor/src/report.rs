//! What people see on `diagnostics`: the arm, the lease, and every node with its availability.

use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::health::Health;
use vocabulary::time::Monotonic;

use crate::grant::LeaseBook;
use crate::watch::{Node, Presence, Process, Registry};

/// Level of `diagnostic_msgs/DiagnosticStatus` (REP-107).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DiagnosticLevel {
    /// As it should be.
    Ok = 0,
    /// Worth looking at.
    Warn = 1,
    /// Somebody must act.
    Error = 2,
    /// No news.
    Stale = 3,
}

/// `diagnostic_msgs/DiagnosticStatus`.
#[derive(Debug, Clone, PartialEq)]
pub struct DiagnosticStatus {
    /// How it is.
    pub level: DiagnosticLevel,
    /// `supervisor: <subject>`.
    pub name: String,
    /// One line for people.
    pub message: String,
    /// The joints concerned; empty for none.
    pub hardware_id: String,
    /// Keys and values.
    pub values: Vec<(String, String)>,
}

/// Everything at once.
#[must_use]
pub fn diagnose(
    status: &ArmStatus,
    book: &LeaseBook,
    registry: &Registry,
    now: Monotonic,
) -> Vec<DiagnosticStatus> {
    let nodes = registry.iter().map(|(name, node)| node_status(name, node, now));
    [arm(status), lease(book)].into_iter().chain(nodes).collect()
}

fn pair(key: &str, value: impl ToString) -> (String, String) {
    (key.to_owned(), value.to_string())
}

fn arm(status: &ArmStatus) -> DiagnosticStatus {
    let (level, mode) = match status.mode {
        ArmMode::Disabled => (DiagnosticLevel::Ok, "disabled"),
        ArmMode::Enabled => (DiagnosticLevel::Ok, "enabled"),
        ArmMode::Stopped => (DiagnosticLevel::Warn, "stopped"),
        ArmMode::Hold => (DiagnosticLevel::Error, "hold"),
    };
    DiagnosticStatus {
        level,
        name: "supervisor: arm".to_owned(),
        message: format!("{mode}: {}", status.reason),
        hardware_id: String::new(),
        values: vec![
            pair("mode", mode),
            pair("permit", status.permit),
            pair("fault_reset", status.fault_reset),
        ],
    }
}

fn lease(book: &LeaseBook) -> DiagnosticStatus {
    let held = book.is_held();
    let lease = book.lease();
    DiagnosticStatus {
        level: if held { DiagnosticLevel::Ok } else { DiagnosticLevel::Error },
        name: "supervisor: lease".to_owned(),
        message: if held {
            format!("{} holds epoch {}", book.holder_name(), lease.epoch)
        } else {
            "nobody commands the arm".to_owned()
        },
        hardware_id: String::new(),
        values: vec![
            pair("epoch", lease.epoch),
            pair("holder", format!("{:016x}", lease.holder)),
            pair("successor", format!("{:016x}", lease.successor)),
        ],
    }
}

fn node_status(name: &str, node: &Node, now: Monotonic) -> DiagnosticStatus {
    let (level, message) = judgement(node, now);
    let mut values = vec![
        pair("boots", node.boots),
        pair("up_s", format!("{:.1}", node.up.as_secs_f64())),
        pair("expected", node.expected),
    ];
    if let Some(process) = &node.current {
        values.extend(process_values(process));
    }
    let name = format!("supervisor: {name}");
    DiagnosticStatus { level, name, message, hardware_id: node.joints(), values }
}

fn judgement(node: &Node, now: Monotonic) -> (DiagnosticLevel, String) {
    let missing = if node.expected { DiagnosticLevel::Error } else { DiagnosticLevel::Stale };
    match (node.presence, &node.current) {
        (Presence::Live, Some(process)) => {
            let level = match process.beat.health {
                Health::Ok => DiagnosticLevel::Ok,
                Health::Warn => DiagnosticLevel::Warn,
                Health::Error => DiagnosticLevel::Error,
            };
            (level, process.beat.message.clone())
        }
        (_, Some(process)) => {
            let silence = now.since(process.heard).as_secs_f64();
            (missing, format!("silent for {silence:.1} s"))
        }
        (_, None) => (missing, "never heard".to_owned()),
    }
}

fn process_values(process: &Process) -> Vec<(String, String)> {
    let cycles = &process.beat.cycles;
    vec![
        pair("pid", process.beat.pid),
        pair("boot_id", format!("{:016x}", process.beat.boot_id)),
        pair("cycles", cycles.count),
        pair("late_cycles", cycles.late),
        pair("worst_lateness_s", format!("{:.6}", cycles.worst_lateness)),
        pair("refused", cycles.refused),
        pair("cpu_time_s", format!("{:.3}", process.beat.cpu_time)),
    ]
}
