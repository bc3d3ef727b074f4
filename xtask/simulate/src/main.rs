//! `cargo xtask simulate`: plays seeded schedules of faults on the virtual arm until so many virtual
//! hours are over, and shrinks what fails.
//!
//! The one rule: a run is said by its seed and number alone; how many cores played changes nothing.

mod availability;
mod campaign;
mod outcome;

use anyhow::{Result, bail};
use campaign::Campaign;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use virtual_arm::VirtualConfig;
use virtual_arm::schedule::{Kind, Schedule};

/// Faults on virtual time.
#[derive(Debug, Parser)]
enum Arguments {
    /// Seeded schedules of faults; every invariant is checked at every step.
    Campaign(Options),
    /// The same faults for the arm in many processes and in one.
    Availability(availability::Options),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Seed of the schedules.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Virtual hours.
    #[arg(long, default_value_t = 10.0)]
    hours: f64,
    /// Families of faults, separated by commas; without it, all.
    #[arg(long, value_delimiter = ',')]
    faults: Vec<Kind>,
    /// Play one schedule from a file instead.
    #[arg(long, conflicts_with_all = ["hours", "faults"])]
    replay: Option<PathBuf>,
    /// Play only this schedule of the seed.
    #[arg(long, conflicts_with = "hours")]
    schedule: Option<u64>,
    /// Threads; without it, one per core.
    #[arg(long)]
    threads: Option<usize>,
    /// How long shrinking one failure may take, s.
    #[arg(long, default_value_t = 120)]
    shrink: u64,
    /// Stop after so many failures.
    #[arg(long, default_value_t = 1)]
    failures: usize,
    /// Where reports go.
    #[arg(long, default_value = "target/report")]
    report: PathBuf,
}

impl Options {
    fn kinds(&self) -> Vec<Kind> {
        if self.faults.is_empty() {
            return Kind::ALL.map(|(kind, _)| kind).to_vec();
        }
        self.faults.clone()
    }
}

fn campaign(arguments: &Options) -> Result<bool> {
    if let Some(file) = &arguments.replay {
        return replay(file);
    }
    if !(arguments.hours > 0.0 && arguments.hours <= 1e5) {
        bail!("--hours {}: use a number above 0, at most 100000", arguments.hours);
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let campaign = Campaign {
        seed: arguments.seed,
        wanted: Duration::from_secs_f64(arguments.hours * 3600.0),
        kinds: arguments.kinds(),
        threads: arguments.threads.unwrap_or(cores).max(1),
        failures: arguments.failures.max(1),
        only: arguments.schedule,
        reference: VirtualConfig::reference()?,
    };
    let tally = campaign.play();
    let shrink = Duration::from_secs(arguments.shrink);
    outcome::tell(&campaign, &tally, shrink, &arguments.report)
}

/// Plays one schedule; true when it keeps all rules.
fn replay(file: &std::path::Path) -> Result<bool> {
    let schedule = Schedule::read(file)?;
    match schedule.play(&VirtualConfig::reference()?) {
        Ok(played) => {
            let (life, hash) = (played.life.as_secs_f64(), played.hash);
            println!("kept all rules for {life:.1} s, recording {hash:016x}");
            Ok(true)
        }
        Err(broken) => {
            println!("{broken}");
            Ok(false)
        }
    }
}

fn main() -> ExitCode {
    let done = match Arguments::parse() {
        Arguments::Campaign(options) => campaign(&options),
        Arguments::Availability(options) => availability::compare(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
