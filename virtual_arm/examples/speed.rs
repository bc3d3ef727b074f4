//! How much faster than life the virtual arm is, and how well it follows the demo's move.
//!
//! `cargo run --release -p virtual_arm --example speed` prints the table and writes
//! `target/report/virtual_arm.json`.

#[path = "../tests/support/mod.rs"]
mod support;

use anyhow::{Result, anyhow, ensure};
use report::{Report, Target};
use std::path::Path;
use std::time::Instant;
use virtual_arm::{TrackingFigures, VirtualArm, VirtualConfig};

/// Runs measured.
const RUNS: u64 = 5;

/// One run.
struct Figures {
    ratio: f64,
    tracking: TrackingFigures,
    last: f64,
    refused: u64,
    messages: u64,
    frames: u64,
}

fn run(seed: u64) -> Result<Figures> {
    let config = VirtualConfig::reference()?;
    let points = support::pick_and_place(&config)?;
    let begin = Instant::now();
    let mut arm = VirtualArm::new(seed, config)?;
    let switched_on = arm.now();
    arm.enable().map_err(|text| anyhow!(text))?;
    arm.restart_tracking();
    let goal = arm.send_goal(arm.trajectory(&points));
    let state = arm.wait(&goal, support::PATIENCE);
    let life = arm.now().since(switched_on).as_secs_f64();
    let ratio = life / begin.elapsed().as_secs_f64();
    support::succeeded(&arm, &state)?;
    let place = points.last().map_or([0.0; 6], |(position, _)| *position);
    let errors = arm.truth().position.into_iter().zip(place).map(|(p, q)| (p - q).abs());
    let (messages, frames) = arm.record().counts();
    let last = errors.fold(0.0, f64::max);
    let (tracking, refused) = (arm.tracking(), arm.refused());
    Ok(Figures { ratio, tracking, last, refused, messages, frames })
}

fn main() -> Result<()> {
    let runs = (1..=RUNS).map(run).collect::<Result<Vec<_>>>()?;
    let mut ratios: Vec<f64> = runs.iter().map(|run| run.ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let worst = |of: fn(&Figures) -> f64| runs.iter().map(of).fold(0.0, f64::max);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or_default();
    let targets = vec![
        Target::at_least("virtual arm, times faster than life", "x", median, 50.0),
        Target::at_most(
            "virtual arm, tracking RMS",
            "rad",
            worst(|r| r.tracking.worst_rms()),
            0.002,
        ),
        Target::at_most(
            "virtual arm, tracking maximum",
            "rad",
            worst(|r| r.tracking.worst_max()),
            0.010,
        ),
        Target::at_most("virtual arm, final error", "rad", worst(|r| r.last), 0.001),
        Target::at_most("virtual arm, refused commands", "", worst(|r| r.refused as f64), 0.0),
    ];
    let (messages, frames) = runs.first().map_or((0, 0), |run| (run.messages, run.frames));
    let report = Report::new(targets)
        .with("runs", RUNS)
        .with("ratios", ratios)
        .with("messages", messages)
        .with("frames", frames);
    print!("{}", report.table());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/report");
    report.write(&root, "virtual_arm")?;
    ensure!(report.ok(), "a target was missed");
    Ok(())
}
