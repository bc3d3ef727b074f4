//! The undisturbed arm in motion: late cycles and the time from a command to its feedback.

use crate::cycles::{Beats, Counts};
use crate::motion::Moving;
use crate::witness::Testimony;
use anyhow::Result;
use indicatif::ProgressBar;
use report::{Target, quantile};
use std::time::Duration;

/// Figures of an undisturbed run.
pub struct Idle {
    seconds: u64,
    counts: Counts,
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
    let counts = Counts::between(&before, after);
    Ok(Idle {
        seconds,
        counts,
        p50: quantile(&answers, 0.5),
        p99: quantile(&answers, 0.99),
        answers: answers.len(),
        per_node: per_node(&before, after),
    })
}

fn per_node(before: &Beats, after: &Beats) -> serde_json::Value {
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
        let late =
            Target::at_most("late cycles of control and drivers", "", self.counts.late as f64, 0.0);
        vec![
            late.with_peer(bare.late() as f64),
            Target::at_most("command to feedback, p99", "ms", self.p99 * 1e3, 3.0),
        ]
    }

    /// Everything else.
    pub fn detail(&self) -> serde_json::Value {
        serde_json::json!({
            "seconds": self.seconds, "cycles": self.counts.cycles, "lost_cycles": self.counts.lost, "answers": self.answers,
            "command_to_feedback_p50_ms": self.p50 * 1e3, "nodes": self.per_node,
        })
    }
}
