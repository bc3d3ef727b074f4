//! The working half of `cargo xtask bench control`, and of `bench planning` where it needs the whole
//! arm: launches the arm, keeps it moving, hurts it and
//! looks at what the drivers say.
//!
//! The one rule: what is judged comes from the drivers' feedback of bus samples and from the steady
//! clock of the host; no controller grades itself.

mod alarm;
mod cell;
mod composition;
mod cycles;
mod dashboard;
mod ears;
mod idle;
mod judge;
mod motion;
mod move_to;
mod picture;
mod places;
mod planned;
mod restart;
mod takeover;
mod witness;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use report::Report;
use std::path::PathBuf;
use std::time::Duration;
use takeover::Blow;
use witness::Witness;

/// Measures takeover, upgrade, cycle and latency of the running arm.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where bench_control.json goes.
    #[arg(long)]
    report: PathBuf,
    /// Fewer trials.
    #[arg(long)]
    quick: bool,
    /// One part only; it takes its place in the report there is, if that is of the same revision.
    #[arg(long)]
    only: Option<Part>,
    /// What example `law_cost` of control printed.
    #[arg(long)]
    law: Option<String>,
    /// What its peer `pinocchio_cost.py` printed.
    #[arg(long, default_value = "")]
    pinocchio: String,
    /// How many random requests the server of the dashboard answered or refused.
    #[arg(long)]
    fuzzed: Option<String>,
    /// Measures nothing: takes a picture of the dashboard of the working arm, a PNG.
    #[arg(long)]
    picture: Option<PathBuf>,
}

/// Parts of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Undisturbed work.
    Idle,
    /// The holder of the lease is killed.
    Kill,
    /// The holder of the lease is frozen.
    Freeze,
    /// The lease is handed over on purpose.
    HandOver,
    /// The lease is handed to controllers that go bad.
    RollBack,
    /// Another process dies and comes back.
    Restart,
    /// The load jumps and thermal raises its alarm: for bench_thermal.json, so only when asked for.
    Alarm,
    /// People look at the arm: for bench_dashboard.json, so only when asked for.
    Dashboard,
    /// Stations join, leave and inspect: for bench_cell.json, so only when asked for.
    Cell,
    /// Many processes, some and one: for bench_composition.json, so only when asked for.
    Composition,
    /// Planning's `move_to`, from a request to motion: for bench_move_to.json, so only when asked for.
    MoveTo,
}

impl Part {
    /// The report that it belongs to.
    fn report(only: Option<Self>) -> &'static str {
        match only {
            Some(Self::Alarm) => "bench_thermal",
            Some(Self::Cell) => "bench_cell",
            Some(Self::Composition) => "bench_composition",
            Some(Self::Dashboard) => "bench_dashboard",
            Some(Self::MoveTo) => "bench_move_to",
            _ => "bench_control",
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    rig::launch::without_quarantine();
    let wanted = |part| arguments.only.is_none_or(|only| only == part);
    if let Some(path) = &arguments.picture {
        return picture::take(path);
    }
    let mut report = Report::new(Vec::new());
    report.quick = arguments.quick;
    let witness = Witness::start();
    if let Some(law) = &arguments.law {
        report.targets.push(planned::law_cost(law, &arguments.pinocchio)?);
    }
    if wanted(Part::Idle) {
        let beside = Witness::start();
        let idle = idle::measure(if arguments.quick { 30 } else { 600 })?;
        report.targets.extend(idle.targets(&beside.testimony()));
        report = report.with("idle", idle.detail());
    }
    for (part, blow, name, trials) in [
        (Part::Kill, Blow::Kill, "SIGKILL", if arguments.quick { 8 } else { 50 }),
        (Part::Freeze, Blow::Freeze, "SIGSTOP", if arguments.quick { 3 } else { 10 }),
    ] {
        if wanted(part) {
            let takeovers = takeover::measure(trials, blow)?;
            report.targets.extend(takeovers.targets(name));
            report = report.with(name, takeovers.detail(&witness.testimony()));
        }
    }
    if wanted(Part::HandOver) {
        let hand_overs = planned::hand_over(if arguments.quick { 6 } else { 50 })?;
        report.targets.extend(hand_overs.targets());
        report = report.with("hand_over", hand_overs.detail(&witness.testimony()));
    }
    if wanted(Part::RollBack) {
        let roll_backs = planned::roll_back(if arguments.quick { 1 } else { 20 })?;
        report.targets.extend(roll_backs.targets());
        report = report.with("roll_back", roll_backs.detail());
    }
    if wanted(Part::Restart) {
        let gaps = restart::measure(if arguments.quick { 5 } else { 20 })?;
        let milliseconds: Vec<f64> = gaps.iter().map(|gap| gap * 1e3).collect();
        report = report.with("gap_ms_when_joint_state_restarts", milliseconds);
    }
    if arguments.only == Some(Part::Alarm) {
        let (runs, seconds) = if arguments.quick { (1, 20) } else { (3, 60) };
        let alarms = alarm::measure(runs, seconds)?;
        report.targets.extend(alarms.targets());
        report = report.with("alarm_in_real_time", alarms.detail());
    }
    if arguments.only == Some(Part::Dashboard) {
        let looks = dashboard::measure(arguments.quick, arguments.fuzzed.as_deref())?;
        report.targets.extend(looks.targets());
        report = report.with("dashboard", looks.detail());
    }
    if arguments.only == Some(Part::Cell) {
        let cell = cell::measure(arguments.quick)?;
        report.targets.extend(cell.targets());
        report = report.with("cell", cell.detail());
    }
    if arguments.only == Some(Part::Composition) {
        let (rounds, seconds) = if arguments.quick { (1, 10) } else { (5, 60) };
        let time = Duration::from_secs(seconds);
        let effort = composition::Effort { rounds, time, briefly: arguments.quick };
        let comparison = composition::measure(effort)?;
        println!("{}\n", comparison.table());
        report.targets.extend(comparison.targets());
        report = report.with("composition", comparison.detail());
    }
    if arguments.only == Some(Part::MoveTo) {
        report = move_to::measure(if arguments.quick { 20 } else { 100 })?;
        report.quick = arguments.quick;
    }
    report = report.with("bare_loop_beside", witness.testimony().detail());
    println!("{}", report.table());
    let name = Part::report(arguments.only);
    if arguments.only.is_some()
        && let Ok(earlier) = Report::read(&arguments.report.join(format!("{name}.json")))
    {
        report = report.after(earlier);
    }
    let path = report.write(&arguments.report, name).context("cannot write the report")?;
    println!("report: {}", path.display());
    if !report.ok() {
        std::process::exit(1);
    }
    Ok(())
}
