//! The same arm as many processes, as some and as one: what each costs and what a crash takes with it.
//!
//! The one rule: all compositions are measured in turns, in one run, by the same client, doing the same
//! work; the processes of the simulated hardware belong to none of them and are left out.

mod crash;
mod kernel;
mod network;

use crate::cycles::Counts;
use crate::motion::Moving;
use anyhow::{Context, Result, ensure};
use crash::Crash;
use indicatif::ProgressBar;
use report::{Target, quantile};
use rig::{HARDWARE, Launch, Scenario, process};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A way to put nodes into processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Composition {
    name: &'static str,
    /// Launch arguments that make it.
    arguments: &'static [&'static str],
    /// Those with which it is at its best when something crashes.
    at_its_best: &'static [&'static str],
}

/// Both ends, and what comes first when a monolith is split up: motor control, then feedback. Costs are
/// compared with the same nodes, without a standby; in one process it would be none.
const ALL: [Composition; 3] = [
    Composition { name: "many", arguments: &["standby:=false"], at_its_best: &["standby:=true"] },
    Composition {
        name: "middle",
        arguments: &["groups:=joint_driver,control;joint_state;all", "standby:=false"],
        at_its_best: &[
            "groups:=joint_driver,control;control_standby;joint_state;all",
            "standby:=true",
        ],
    },
    Composition {
        name: "one",
        arguments: &["groups:=all", "standby:=false"],
        at_its_best: &["groups:=all", "standby:=false"],
    },
];

/// Nobody new in so long: all nodes are there.
const ALL_HEARD: Duration = Duration::from_secs(2);

/// So long is listened to what the split arm says.
const LISTENING: Duration = Duration::from_secs(30);

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Starts of each composition, each looked at for so long.
    pub rounds: usize,
    /// Time of undisturbed work per start.
    pub time: Duration,
    /// Let one node of each process crash instead of every node.
    pub briefly: bool,
}

/// One start of one composition.
#[derive(Debug, Clone)]
struct Round {
    processes: usize,
    /// From `ros2 launch`, and from the first process of a node, until the arm is held under power, s.
    started: (f64, f64),
    /// From a command to its feedback, s.
    answers: Vec<f64>,
    /// Of a core.
    cpu: f64,
    /// Of a core, the simulated hardware.
    cpu_hardware: f64,
    /// Shared pages divided among those who share them, MB.
    memory: f64,
    counts: Counts,
    goals_failed: Vec<String>,
}

/// What was seen of one composition.
#[derive(Debug)]
struct Seen {
    composition: Composition,
    rounds: Vec<Round>,
    crashes: Vec<Crash>,
}

/// What was seen of all.
#[derive(Debug)]
pub struct Comparison {
    seen: Vec<Seen>,
    topics: Value,
    load: String,
}

/// Measures all compositions.
pub fn measure(effort: Effort) -> Result<Comparison> {
    let seen = |composition| Seen { composition, rounds: Vec::new(), crashes: Vec::new() };
    let mut all: Vec<Seen> = ALL.map(seen).into();
    let bar = ProgressBar::new(((effort.rounds + 1) * all.len()) as u64);
    for _ in 0..effort.rounds {
        for seen in &mut all {
            let round = work(seen.composition, effort.time);
            seen.rounds
                .push(round.with_context(|| format!("composition {}", seen.composition.name))?);
            bar.inc(1);
        }
    }
    for seen in &mut all {
        seen.crashes = crash::measure(seen.composition, effort.briefly)
            .with_context(|| format!("crashes of composition {}", seen.composition.name))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let topics = network::measure(effort.time.min(LISTENING))?;
    Ok(Comparison { seen: all, topics, load: report::load_average() })
}

/// Starts it, lets it work, stops it.
fn work(composition: Composition, time: Duration) -> Result<Round> {
    let launched = Instant::now();
    let name = format!("bench-composition-{}", composition.name);
    let mut scenario = Scenario::over(Launch::start(&name, composition.arguments)?)?;
    scenario.enable()?;
    let held = launched.elapsed().as_secs_f64();
    let (ours, hardware) = all_pids(&mut scenario);
    let since = launched.elapsed().as_secs_f64() - held;
    let began = ours.iter().map(|pid| process::age(*pid)).collect::<Result<Vec<_>>>()?;
    let started = (held, began.into_iter().fold(0.0, f64::max) - since);
    let mut moving = Moving::begin(scenario)?;
    moving.forget();
    let before = moving.scenario.arm.world.heartbeats.clone();
    let (cpu, cpu_hardware) = (kernel::cpu_time(&ours)?, kernel::cpu_time(&hardware)?);
    let (from, until) = (Instant::now(), Instant::now() + time);
    let mut answers = Vec::new();
    while Instant::now() < until {
        moving.keep_moving(Duration::from_secs(1))?;
        answers.extend(moving.ears.with(|heard| heard.answers.clone()));
        moving.forget();
    }
    let passed = from.elapsed().as_secs_f64();
    let (again, _) = pids(&moving.scenario);
    ensure!(again == ours, "a process was started again: {ours:?}, then {again:?}");
    Ok(Round {
        processes: ours.len(),
        started,
        answers,
        cpu: (kernel::cpu_time(&ours)? - cpu) / passed,
        cpu_hardware: (kernel::cpu_time(&hardware)? - cpu_hardware) / passed,
        memory: kernel::memory(&ours)?,
        counts: Counts::between(&before, &moving.scenario.arm.world.heartbeats),
        goals_failed: moving.failures,
    })
}

/// As [`pids`], once nobody new has been heard for a while: the arm is held before all nodes are there.
fn all_pids(scenario: &mut Scenario) -> (BTreeSet<u32>, BTreeSet<u32>) {
    loop {
        let before = pids(scenario);
        scenario.arm.pump_for(ALL_HEARD);
        if pids(scenario) == before {
            return before;
        }
    }
}

/// The processes of the arm, and those of the simulated hardware.
fn pids(scenario: &Scenario) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let beats = scenario.arm.world.heartbeats.iter();
    let of = |hardware: bool| {
        let wanted =
            beats.clone().filter(|(node, _)| HARDWARE.contains(&node.as_str()) == hardware);
        wanted.map(|(_, beat)| beat.pid).collect()
    };
    (of(false), of(true))
}

impl Seen {
    fn median(&self, value: fn(&Round) -> f64) -> f64 {
        quantile(&self.rounds.iter().map(value).collect::<Vec<_>>(), 0.5)
    }

    /// Median over the starts of a quantile of the answers, ms.
    fn latency(&self, q: f64) -> f64 {
        let each = self.rounds.iter().map(|round| quantile(&round.answers, q) * 1e3);
        quantile(&each.collect::<Vec<_>>(), 0.5)
    }

    fn counts(&self) -> Counts {
        self.rounds.iter().fold(Counts::default(), |sum, round| sum.plus(round.counts))
    }

    /// Crashes in which the arm was not under control for longer than that, or a person was needed.
    fn downtimes(&self) -> usize {
        self.crashes.iter().filter(|crash| crash.is_downtime()).count()
    }

    fn detail(&self) -> Value {
        let each = |value: fn(&Round) -> f64| self.rounds.iter().map(value).collect::<Vec<_>>();
        let failed: Vec<_> =
            self.rounds.iter().flat_map(|round| round.goals_failed.clone()).collect();
        json!({
            "launch_arguments": self.composition.arguments,
            "launch_arguments_for_crashes": self.composition.at_its_best,
            "processes": self.rounds.first().map(|round| round.processes),
            "command_to_feedback_p50_ms": self.latency(0.5),
            "command_to_feedback_p99_ms": self.latency(0.99),
            "answers": self.rounds.iter().map(|round| round.answers.len()).sum::<usize>(),
            "cpu_cores": each(|round| round.cpu),
            "cpu_cores_of_the_hardware": each(|round| round.cpu_hardware),
            "memory_pss_mb": each(|round| round.memory),
            "start_s_from_launch": each(|round| round.started.0),
            "start_s_from_the_first_process": each(|round| round.started.1),
            "cycles": self.counts().cycles,
            "late_cycles": self.counts().late,
            "lost_cycles": self.counts().lost,
            "goals_failed": failed,
            "crashes": self.crashes.iter().map(Crash::detail).collect::<Vec<_>>(),
        })
    }
}

impl Comparison {
    /// What an issue asks of it: each composition commands the arm as control must, and split up nothing
    /// but itself is lost with a service. The rest is for people to choose by.
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        for seen in &self.seen {
            let name = seen.composition.name;
            let latency = format!("{name}: command to feedback, p99");
            targets.push(Target::at_most(&latency, "ms", seen.latency(0.99), 3.0));
        }
        let downtimes =
            |name| self.seen.iter().find(|s| s.composition.name == name).map(Seen::downtimes);
        if let (Some(many), Some(one)) = (downtimes("many"), downtimes("one")) {
            let name = "many: crashes that cost the arm its control, beside one process";
            targets.push(
                Target::at_most(name, "", many as f64, 0.1 * one as f64).with_peer(one as f64),
            );
        }
        targets
    }

    /// Everything, and a table of it.
    pub fn detail(&self) -> Value {
        let each = self.seen.iter().map(|seen| (seen.composition.name.to_owned(), seen.detail()));
        json!({
            "load_average_at_the_end": self.load,
            "compositions": Value::Object(each.collect()),
            "topics_of_the_split_arm": self.topics,
        })
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!("{:<34}", "");
        let row = |title: &str, value: &dyn Fn(&Seen) -> String| {
            let cells = self.seen.iter().map(|seen| format!("{:>12}", value(seen)));
            format!("\n{title:<34}{}", cells.collect::<String>())
        };
        text += row("", &|s| s.composition.name.to_owned()).trim_start();
        text += &row("processes", &|s| s.rounds.first().map_or(0, |r| r.processes).to_string());
        text += &row("command to feedback, p50, ms", &|s| format!("{:.2}", s.latency(0.5)));
        text += &row("command to feedback, p99, ms", &|s| format!("{:.2}", s.latency(0.99)));
        text += &row("processor, % of a core", &|s| format!("{:.1}", s.median(|r| r.cpu) * 1e2));
        text += &row("memory (PSS), MB", &|s| format!("{:.1}", s.median(|r| r.memory)));
        text += &row("held after launch, s", &|s| format!("{:.2}", s.median(|r| r.started.0)));
        text +=
            &row("held after first process, s", &|s| format!("{:.2}", s.median(|r| r.started.1)));
        text += &row("late cycles", &|s| s.counts().late.to_string());
        text += &row("crashes", &|s| s.crashes.len().to_string());
        text += &row("  that cost the arm its control", &|s| s.downtimes().to_string());
        for seen in &self.seen {
            text += &format!("\n\n{}: what a crash takes with it", seen.composition.name);
            seen.crashes.iter().for_each(|crash| text += &format!("\n  {crash}"));
        }
        text
    }
}
