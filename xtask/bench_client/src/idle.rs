//! The undisturbed arm in motion: late cycles and the time from a command to its feedback.

use crate::judge::quantile;
use crate::motion::Moving;
use crate::witness::Testimony;
use anyhow::Result;
use indicatif::ProgressBar;
use r2r::armature_msgs::msg::Heartbeat;
use report::Target;
use std::collections::BTreeMap;
use std::time::Duration;

/// Figures of an undisturbed run.
pub struct Idle {
    seconds: u64,
    late: u64,
    cycles: u64,
    p50: f64,
    p99: f64,
    answers: usize,
    per_node: serde_json::Value,
}

/// Lets the arm work for a while.
pub fn measure(seconds: u64) -> Result<Idle> {
    let mut moving = Moving::start("bench-idle", &[])?;
    moving.keep_moving(Duration::from_secs(2))?;
    moving.forget();
    let before = moving.scenario.arm.world.heartbeats.clone();
    let bar = ProgressBar::new(seconds);
    let mut answers = Vec::new();
    for _ in 0..seconds {
        moving.keep_moving(Duration::from_secs(1))?;
        answers.extend(moving.ears.with(|heard| heard.answers.clone()));
        moving.forget();
        bar.inc(1);
    }
    bar.finish_and_clear();
    let after = &moving.scenario.arm.world.heartbeats;
    let (late, cycles) = cyclic(&before, after);
    Ok(Idle {
        seconds,
        late,
        cycles,
        p50: quantile(&answers, 0.5),
        p99: quantile(&answers, 0.99),
        answers: answers.len(),
        per_node: per_node(&before, after),
    })
}

/// Late and all cycles of control and the drivers.
fn cyclic(before: &BTreeMap<String, Heartbeat>, after: &BTreeMap<String, Heartbeat>) -> (u64, u64) {
    let ours = |node: &str| node.starts_with("control") || node.starts_with("driver");
    let grown = after.iter().filter(|(node, _)| ours(node)).filter_map(|(node, now)| {
        let then = before.get(node)?;
        Some((now.late_cycles - then.late_cycles, now.cycles - then.cycles))
    });
    grown.fold((0, 0), |(late, all), (l, a)| (late + l, all + a))
}

fn per_node(
    before: &BTreeMap<String, Heartbeat>,
    after: &BTreeMap<String, Heartbeat>,
) -> serde_json::Value {
    let rows = after.iter().filter_map(|(node, now)| {
        let then = before.get(node)?;
        let row = serde_json::json!({
            "late_cycles": now.late_cycles - then.late_cycles,
            "cycles": now.cycles - then.cycles,
            "worst_lateness_ms_since_start": now.worst_lateness * 1e3,
        });
        Some((node.clone(), row))
    });
    serde_json::Value::Object(rows.collect())
}

impl Idle {
    /// Its figures against the limits, beside a bare real-time loop in the same time.
    pub fn targets(&self, bare: &Testimony) -> Vec<Target> {
        let late = Target::at_most("late cycles of control and drivers", "", self.late as f64, 0.0);
        vec![
            late.with_peer(bare.late() as f64),
            Target::at_most("command to feedback, p99", "ms", self.p99 * 1e3, 3.0),
        ]
    }

    /// Everything else.
    pub fn detail(&self) -> serde_json::Value {
        serde_json::json!({
            "seconds": self.seconds, "cycles": self.cycles, "answers": self.answers,
            "command_to_feedback_p50_ms": self.p50 * 1e3, "nodes": self.per_node,
        })
    }
}
