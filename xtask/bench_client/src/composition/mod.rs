//! The working half of `cargo xtask bench composition`: the arm in many processes, in three and in
//! one, each brought up, watched and hurt in the same way.
//!
//! The one rule: every figure is taken from outside, by what the kernel and the topics say, and in the
//! same way for each composition; the simulated hardware counts for none of them.

mod crash;
mod usage;

use crate::judge::quantile;
use crate::motion::Moving;
use anyhow::Result;
use crash::Crash;
use report::Target;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use usage::Usage;

/// A way to bring the arm up.
#[derive(Debug, Clone, Copy)]
pub struct Composition {
    /// For people.
    pub name: &'static str,
    file: &'static str,
    arguments: &'static [&'static str],
}

/// Both ends and one middle. Every one runs thermal; a second controller is there where a second
/// process makes one worth while.
const ALL: [Composition; 4] = [
    Composition {
        name: "a process per service and joint",
        file: "arm.launch.xml",
        arguments: &["thermal:=true"],
    },
    Composition {
        name: "a process per service",
        file: "arm.launch.xml",
        arguments: &["thermal:=true", "joints_per_driver:=6", "standby:=false"],
    },
    Composition {
        name: "motor control and feedback split off",
        file: "monolith.launch.xml",
        arguments: &[
            "groups:=supervisor,arm_controller,joint_state,thermal;control;driver_joint_1",
        ],
    },
    Composition { name: "one process", file: "monolith.launch.xml", arguments: &[] },
];

/// Figures of one composition.
struct Figures {
    composition: Composition,
    up: f64,
    usage: Usage,
    p50: f64,
    p99: f64,
    answers: usize,
    crashes: Vec<Crash>,
}

/// Measures all of them; seconds of work each, and how often each service is killed.
pub fn measure(seconds: u64, trials: u32) -> Result<(Vec<Target>, Value)> {
    let mut all = Vec::new();
    for composition in ALL {
        eprintln!("{} ...", composition.name);
        all.push(one(composition, seconds, trials)?);
        if let Some(figures) = all.last() {
            print!("{}", figures.text());
        }
    }
    let detail: Vec<Value> = all.iter().map(Figures::json).collect();
    Ok((targets(&all), json!(detail)))
}

fn one(composition: Composition, seconds: u64, trials: u32) -> Result<Figures> {
    let begin = Instant::now();
    let mut moving = Moving::of_file("bench-composition", composition.file, composition.arguments)?;
    let up = moving.brought_up.duration_since(begin).as_secs_f64();
    let usage = usage::measure(&mut moving, seconds)?;
    let answers = latency(&mut moving, seconds)?;
    let crashes = crash::measure(&mut moving, trials)?;
    Ok(Figures {
        composition,
        up,
        usage,
        p50: quantile(&answers, 0.5),
        p99: quantile(&answers, 0.99),
        answers: answers.len(),
        crashes,
    })
}

/// From the sending of a command to the arrival here of the feedback that answers it, s.
fn latency(moving: &mut Moving, seconds: u64) -> Result<Vec<f64>> {
    moving.listen()?;
    moving.keep_moving(Duration::from_secs(2))?;
    moving.forget();
    let mut answers = Vec::new();
    for _ in 0..seconds {
        moving.keep_moving(Duration::from_secs(1))?;
        answers.extend(moving.ears().map_or(Vec::new(), |e| e.with(|h| h.answers.clone())));
        moving.forget();
    }
    Ok(answers)
}

impl Figures {
    fn text(&self) -> String {
        let Usage { processes, threads, cpu, memory } = self.usage;
        let mut text = format!(
            "{}: up in {:.1} s, {processes} processes with {threads} threads, {:.1} % of a core, \
             {:.0} MB, command to feedback {:.2} ms (p99 {:.2} ms)\n",
            self.composition.name,
            self.up,
            cpu * 100.0,
            memory * 1e-6,
            self.p50 * 1e3,
            self.p99 * 1e3
        );
        for crash in &self.crashes {
            text += &format!("  {}\n", crash.text());
        }
        text
    }

    fn json(&self) -> Value {
        let Usage { processes, threads, cpu, memory } = self.usage;
        json!({
            "composition": self.composition.name,
            "launch": self.composition.file,
            "arguments": self.composition.arguments,
            "start_up_s": self.up,
            "processes": processes,
            "threads": threads,
            "cpu_percent_of_a_core": cpu * 100.0,
            "memory_mb": memory * 1e-6,
            "command_to_feedback_p50_ms": self.p50 * 1e3,
            "command_to_feedback_p99_ms": self.p99 * 1e3,
            "answers": self.answers,
            "crashes": self.crashes.iter().map(Crash::json).collect::<Vec<_>>(),
        })
    }
}

/// The limits are those that hold for the arm in any composition; fewer processes must also be
/// cheaper, or nobody needs them.
fn targets(all: &[Figures]) -> Vec<Target> {
    let mut targets: Vec<Target> = all
        .iter()
        .map(|f| {
            let name = format!("{}: command to feedback, p99", f.composition.name);
            Target::at_most(&name, "ms", f.p99 * 1e3, 3.0)
        })
        .collect();
    if let (Some(many), Some(one)) = (all.first(), all.last()) {
        let cpu = |f: &Figures| f.usage.cpu * 100.0;
        let memory = |f: &Figures| f.usage.memory * 1e-6;
        targets.push(
            Target::at_most("one process: CPU, against many", "%", cpu(one), cpu(many))
                .with_peer(cpu(many)),
        );
        targets.push(
            Target::at_most("one process: memory, against many", "MB", memory(one), memory(many))
                .with_peer(memory(many)),
        );
        targets.push(
            Target::at_most("one process: start-up, against many", "s", one.up, many.up)
                .with_peer(many.up),
        );
    }
    targets
}
