//! Heartbeat at 20 Hz and diagnostics at 1 Hz, made from what a node says of itself.
//!
//! The rule: the node judges its work, the shell adds only what the kernel knows of the process.

use crate::clock;
use crate::topics::{Publisher, profile};
use r2r::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus, KeyValue};
use std::rc::Rc;
use std::time::Duration;
use vocabulary::health::{Health, Heartbeat, Histogram, Lifecycle, NodeHealth};
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Now, Pace};
use vocabulary::topics::{HEARTBEAT, Qos};

const BEAT: Duration = Duration::from_millis(50);
const DIAGNOSTICS: Duration = Duration::from_secs(1);

/// The two publishers and what they say again and again.
pub(crate) struct Heart {
    beat: Publisher<Heartbeat>,
    diagnostics: r2r::Publisher<DiagnosticArray>,
    node: String,
    full_name: String,
    boot_id: u64,
    sequence: u64,
    beat_due: Pace,
    diagnostics_due: Pace,
}

impl Heart {
    /// Creates the publishers.
    pub fn create(node: &mut r2r::Node, boot_id: u64, order: Rc<JointOrder>) -> r2r::Result<Self> {
        Ok(Self {
            beat: Publisher::create(node, HEARTBEAT.name, HEARTBEAT.qos, order)?,
            diagnostics: node.create_publisher("/diagnostics", profile(Qos::Reliable))?,
            node: node.name()?,
            full_name: node.fully_qualified_name()?,
            boot_id,
            sequence: 0,
            beat_due: Pace::new(BEAT),
            diagnostics_due: Pace::new(DIAGNOSTICS),
        })
    }

    /// Whether a heartbeat is due.
    pub fn is_due(&mut self, now: Monotonic) -> bool {
        self.beat_due.due(now)
    }

    /// Sends a heartbeat, and diagnostics when their turn has come.
    pub fn send(
        &mut self,
        now: Now,
        lifecycle: Lifecycle,
        of: &NodeHealth,
        extra: &[(&str, String)],
    ) {
        let cpu_time = clock::cpu_time().as_secs_f64();
        let detailed = self.diagnostics_due.due(now.mono);
        self.sequence += 1;
        self.beat.send(&Heartbeat {
            stamp: now.stamp,
            node: self.node.clone(),
            boot_id: self.boot_id,
            pid: std::process::id(),
            sequence: self.sequence,
            lifecycle,
            health: of.health,
            message: of.message.clone(),
            resume_required: of.resume_required,
            cycles: of.cycles,
            cpu_time,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            histograms: if detailed { histograms(of) } else { Vec::new() },
        });
        if detailed {
            let status = self.status(lifecycle, of, extra, cpu_time);
            self.diagnose(now, vec![status]);
        }
    }

    /// Publishes on `/diagnostics`.
    pub fn diagnose(&self, now: Now, status: Vec<DiagnosticStatus>) {
        let mut report = DiagnosticArray { status, ..DiagnosticArray::default() };
        report.header.stamp = crate::convert::time(now.stamp);
        let _ending = self.diagnostics.publish(&report);
    }

    fn status(
        &self,
        lifecycle: Lifecycle,
        of: &NodeHealth,
        extra: &[(&str, String)],
        cpu_time: f64,
    ) -> DiagnosticStatus {
        let cycles = &of.cycles;
        let own = [
            ("lifecycle", format!("{lifecycle:?}").to_lowercase()),
            ("resume_required", of.resume_required.to_string()),
            ("period_ms", format!("{:.3}", cycles.period * 1e3)),
            ("cycles", cycles.count.to_string()),
            ("late_cycles", cycles.late.to_string()),
            ("worst_lateness_ms", format!("{:.3}", cycles.worst_lateness * 1e3)),
            ("refused", cycles.refused.to_string()),
            ("cpu_time_s", format!("{cpu_time:.3}")),
            ("pid", std::process::id().to_string()),
        ];
        let pair = |(key, value): &(&str, String)| KeyValue {
            key: (*key).to_owned(),
            value: value.clone(),
        };
        DiagnosticStatus {
            level: of.health as u8,
            name: format!("{}: health", self.full_name.trim_start_matches('/')),
            message: if of.message.is_empty() { "OK".to_owned() } else { of.message.clone() },
            hardware_id: String::new(),
            values: own.iter().chain(&quantiles(of)).chain(extra).map(pair).collect(),
        }
    }
}

fn histograms(of: &NodeHealth) -> Vec<Histogram> {
    of.durations.iter().map(|(name, durations)| durations.named(name)).collect()
}

/// Median, 99 % and worst of each duration, for people.
fn quantiles(of: &NodeHealth) -> Vec<(&'static str, String)> {
    let told = of.durations.iter().filter(|(_, durations)| durations.count() > 0);
    told.map(|(name, d)| {
        let [p50, p99, worst] = [d.quantile(0.5), d.quantile(0.99), d.worst()].map(|s| s * 1e3);
        (*name, format!("p50 {p50:.3} ms, p99 {p99:.3} ms, worst {worst:.3} ms"))
    })
    .collect()
}

/// `DiagnosticStatus` levels happen to be the numbers of [`Health`]: OK 0, WARN 1, ERROR 2.
const _: () = assert!(Health::Ok as u8 == 0 && Health::Warn as u8 == 1 && Health::Error as u8 == 2);
