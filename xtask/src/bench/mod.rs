//! `cargo xtask bench …`: measures what was promised and writes `target/report/bench_<name>.json`.
//!
//! A new benchmark is one file here and one entry in [`Bench`].

mod cell;
mod composition;
mod control;
mod dashboard;
mod planning;
mod recorder;
mod thermal;

pub use dashboard::picture as draw_dashboard;
pub use planning::draw as draw_planning;

use anyhow::{Result, ensure};
use clap::ValueEnum;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Bench {
    /// Takeover, planned upgrade and its rollback, cycle, latency, cost of the law.
    Control,
    /// Kinematics, collision checks, planning and time parameterisation, beside their peers.
    Planning,
    /// Loss, CPU time and kills of the recorder, beside a recorder of others.
    Recorder,
    /// Alarm, derating, prediction, sensor faults and cost of the thermal node on virtual time; what an
    /// alarm costs the running arm.
    Thermal,
    /// Stations that join and leave in motion, and a thousand parts judged by the inspection station.
    Cell,
    /// What the arm costs as many processes, as some and as one, and what a crash of each service takes
    /// with it.
    Composition,
    /// First paint and frame rate of the page, cost of its server, what it costs control.
    Dashboard,
}

impl Bench {
    /// What can be measured alone.
    fn parts(self) -> &'static [&'static str] {
        match self {
            Self::Control => &["idle", "kill", "freeze", "hand-over", "roll-back", "restart"],
            Self::Planning | Self::Recorder => &[],
            Self::Thermal => &thermal::PARTS,
            Self::Cell | Self::Composition | Self::Dashboard => &[],
        }
    }
}

/// Runs one benchmark, or `only` a part of it, with fewer trials when `quick`; true when every target is met.
///
/// # Errors
/// When something cannot be built or started.
pub fn bench(which: Bench, quick: bool, only: Option<&str>) -> Result<bool> {
    let parts = which.parts();
    if let Some(only) = only {
        let known = if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
        ensure!(parts.contains(&only), "no part {only:?} of this benchmark: there are {known}");
    }
    match which {
        Bench::Control => control::run(quick, only),
        Bench::Planning => planning::run(quick),
        Bench::Recorder => recorder::run(quick),
        Bench::Thermal => thermal::run(quick, only),
        Bench::Cell => cell::run(quick),
        Bench::Composition => composition::run(quick),
        Bench::Dashboard => dashboard::run(quick),
    }
}
