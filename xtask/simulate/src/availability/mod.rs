//! `cargo xtask availability`: the same faults for the arm in many processes and in one.
//!
//! The one rule: what is compared is counted, kind by kind, with the kinds that only a distributed
//! system can have; nothing is left out because it does not suit.

mod meter;
mod mix;
mod play;
mod plot;
mod summary;

use anyhow::{Context, Result, bail};
use mix::Fault;
use play::{Build, Life};
use report::Report;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use summary::{Row, Tally};

/// What is compared.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// First seed of three.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Faults per seed.
    #[arg(long, default_value_t = 200)]
    faults: usize,
    /// Where report and plot go.
    #[arg(long, default_value = "target/report")]
    report: PathBuf,
}

/// One seed in both builds.
pub struct Pair {
    /// The seed.
    pub seed: u64,
    /// What went wrong.
    pub faults: Vec<Fault>,
    /// The arm in one process.
    pub monolith: Life,
    /// The arm in many.
    pub split: Life,
}

/// Compares; true when every target is met.
///
/// # Errors
/// When an invariant is broken, or nothing can be written.
pub fn compare(options: &Options) -> Result<bool> {
    if options.faults == 0 || options.seeds == 0 {
        bail!("--faults and --seeds: use at least 1");
    }
    let pairs = live_all(options)?;
    let rows = summary::rows(&pairs);
    println!("{}", summary::table(&rows, &pairs));
    std::fs::create_dir_all(&options.report)?;
    let picture = options.report.join("availability.svg");
    plot::draw(&picture, &rows, &pairs).context("cannot draw the plot")?;
    let report = Report::new(summary::targets(&pairs))
        .with("time", "virtual: both builds, all faults, on the virtual arm")
        .with("faults_per_seed", options.faults as u64)
        .with("person_reacts_after_s", play::REACTION)
        .with("planning_and_recorder", "processes that nobody needs: their code is not run")
        .with("seeds", json!(pairs.iter().map(seed_json).collect::<Vec<_>>()))
        .with("kinds", json!(rows.iter().map(Row::json).collect::<Vec<_>>()))
        .with("plot", picture.display().to_string());
    print!("{}", report.table());
    report.write(&options.report, "availability")?;
    Ok(report.ok())
}

fn seed_json(pair: &Pair) -> serde_json::Value {
    let life = |life: &Life| {
        json!({
            "events": life.events.len(),
            "seconds": life.events.iter().map(|event| event.length).sum::<f64>(),
            "with_person": life.events.iter().filter(|event| event.person).count(),
            "started_anew_by_hand": life.despair,
            "goals": life.goals,
            "hours": life.length / 3600.0,
            "available": 1.0 - Tally::of(&life.events).seconds / life.length,
        })
    };
    json!({"seed": pair.seed, "monolith": life(&pair.monolith), "split": life(&pair.split)})
}

/// All seeds in both builds, on all cores.
fn live_all(options: &Options) -> Result<Vec<Pair>> {
    let seeds: Vec<u64> = (options.seed..options.seed + options.seeds).collect();
    let builds = [Build::Monolith, Build::Split];
    let jobs: Vec<(u64, Build)> =
        seeds.iter().flat_map(|seed| builds.map(|build| (*seed, build))).collect();
    let (next, lives) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some((seed, build)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let life = play::play(*build, *seed, &mix::draw(*seed, options.faults));
                    eprintln!("seed {seed}, {}: {}", build.name(), said(&life));
                    let mut lives = lives.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    lives.push((*seed, *build, life));
                }
            });
        }
    });
    let lives = lives.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    pair_up(&seeds, lives, options.faults)
}

fn said(life: &Result<Life>) -> String {
    match life {
        Ok(life) => {
            let tally = Tally::of(&life.events);
            format!("{} downtimes, {:.0} s of {:.0} s", tally.events, tally.seconds, life.length)
        }
        Err(error) => format!("{error:#}"),
    }
}

fn pair_up(
    seeds: &[u64],
    mut lives: Vec<(u64, Build, Result<Life>)>,
    count: usize,
) -> Result<Vec<Pair>> {
    let mut take = |seed: u64, build: Build| {
        let at = lives.iter().position(|(s, b, _)| (*s, *b) == (seed, build));
        let (_, _, life) = lives.swap_remove(at.context("a run is missing")?);
        life.with_context(|| format!("seed {seed}, {}", build.name()))
    };
    let pair = |seed: &u64| {
        let (monolith, split) = (take(*seed, Build::Monolith)?, take(*seed, Build::Split)?);
        Ok(Pair { seed: *seed, faults: mix::draw(*seed, count), monolith, split })
    };
    seeds.iter().map(pair).collect()
}
