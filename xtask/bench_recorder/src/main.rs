//! The working half of `cargo xtask bench recorder`: the whole arm, a camera of 50 MB/s, our recorder
//! and another one beside it, one after the other on the same stream; and kills at random moments.
//!
//! The one rule: what was lost is read from the files by the numbers that the senders gave their
//! messages; no recorder grades itself.

mod count;
mod images;
mod kills;
mod phase;
mod process;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use phase::{Phase, Recorder, Setting};
use report::{Report, Target};
use rig::Scenario;
use std::path::PathBuf;
use std::time::Duration;

/// Measures loss, CPU time and what a kill costs.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Where bench_recorder.json goes.
    #[arg(long, global = true, default_value = ".")]
    report: PathBuf,
    /// Fewer trials, shorter phases.
    #[arg(long)]
    quick: bool,
    /// Without the other recorder.
    #[arg(long)]
    alone: bool,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Publishes images; started by the benchmark itself.
    Images {
        /// Images per second, Hz.
        #[arg(long)]
        rate: f64,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::Images { rate }) => images::publish(rate),
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let seconds = if arguments.quick { 15 } else { 60 };
    let length = Duration::from_secs(seconds);
    let mut arm = Scenario::enabled("bench-recorder", &[])?;
    let mut phases = Vec::new();
    for images in [false, true] {
        for who in [Recorder::Ours, Recorder::Peer] {
            if who == Recorder::Peer && arguments.alone {
                continue;
            }
            let phase = phase::run(&mut arm, Setting { who, images, length })?;
            println!("{}", phase.line());
            phases.push(phase);
        }
    }
    let kills = kills::measure(&mut arm, if arguments.quick { 3 } else { 20 })?;
    let worst = kills.iter().copied().fold(0.0, f64::max);
    let mut report = Report::new(targets(&phases, worst))
        .with("phases", phases.iter().map(Phase::detail).collect::<Vec<_>>())
        .with("lost_before_kill_s", kills)
        .with("load_average", report::load_average());
    report.quick = arguments.quick;
    println!("{}", report.table());
    let path =
        report.write(&arguments.report, "bench_recorder").context("cannot write the report")?;
    println!("report: {}", path.display());
    if !report.ok() {
        std::process::exit(1);
    }
    Ok(())
}

fn targets(phases: &[Phase], worst_kill: f64) -> Vec<Target> {
    let of =
        |who, images| phases.iter().find(|p| p.setting.who == who && p.setting.images == images);
    let figure = |who, images, value: fn(&Phase) -> f64| of(who, images).map_or(f64::NAN, value);
    let target = |name: &str, unit, images, limit, value: fn(&Phase) -> f64| {
        let target = Target::at_most(name, unit, figure(Recorder::Ours, images, value), limit);
        match of(Recorder::Peer, images) {
            Some(peer) => target.with_peer(value(peer)),
            None => target,
        }
    };
    vec![
        target("messages lost, arm alone", "", false, 0.0, Phase::lost),
        target("messages lost, arm and 50 MB/s of images", "", true, 0.0, Phase::lost),
        target("CPU for the arm's traffic", "% of a core", false, 15.0, |p| p.cpu * 100.0),
        Target::at_least(
            "images recorded",
            "MB/s",
            figure(Recorder::Ours, true, |p| p.image_rate / 1e6),
            49.0,
        ),
        Target::at_most("lost before SIGKILL, worst", "s", worst_kill, 1.0),
    ]
}
