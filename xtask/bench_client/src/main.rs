//! The working half of `cargo xtask bench control`: launches the arm, keeps it moving, hurts it and
//! looks at what the drivers say.
//!
//! The one rule: what is judged comes from the drivers' feedback of bus samples and from the steady
//! clock of the host; no controller grades itself.

mod ears;
mod idle;
mod judge;
mod motion;
mod restart;
mod takeover;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use report::Report;
use std::path::PathBuf;
use takeover::Blow;

/// Measures takeover, upgrade, cycle and latency of the running arm.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where bench_control.json goes.
    #[arg(long)]
    report: PathBuf,
    /// Fewer trials.
    #[arg(long)]
    quick: bool,
    /// One part only; its figures are printed, no report is written.
    #[arg(long)]
    only: Option<Part>,
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
    /// Another process dies and comes back.
    Restart,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let wanted = |part| arguments.only.is_none_or(|only| only == part);
    let mut report = Report::new(Vec::new());
    report.quick = arguments.quick;
    if wanted(Part::Idle) {
        let idle = idle::measure(if arguments.quick { 30 } else { 600 })?;
        report.targets.extend(idle.targets());
        report = report.with("idle", idle.detail());
    }
    for (part, blow, name, trials) in [
        (Part::Kill, Blow::Kill, "SIGKILL", if arguments.quick { 8 } else { 50 }),
        (Part::Freeze, Blow::Freeze, "SIGSTOP", if arguments.quick { 3 } else { 10 }),
    ] {
        if wanted(part) {
            let takeovers = takeover::measure(trials, blow)?;
            report.targets.extend(takeovers.targets(name));
            report = report.with(name, takeovers.detail());
        }
    }
    if wanted(Part::Restart) {
        let gaps = restart::measure(if arguments.quick { 5 } else { 20 })?;
        let milliseconds: Vec<f64> = gaps.iter().map(|gap| gap * 1e3).collect();
        report = report.with("gap_ms_when_joint_state_restarts", milliseconds);
    }
    println!("{}", report.table());
    if arguments.only.is_some() {
        println!("{}", serde_json::to_string_pretty(&report.detail)?);
        return Ok(());
    }
    let path =
        report.write(&arguments.report, "bench_control").context("cannot write the report")?;
    println!("report: {}", path.display());
    if !report.ok() {
        std::process::exit(1);
    }
    Ok(())
}
