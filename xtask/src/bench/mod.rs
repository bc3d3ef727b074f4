//! `cargo xtask bench …`: measures what was promised and writes `target/report/bench_<name>.json`.
//!
//! A new benchmark is one file here and one entry in [`Bench`].

mod control;
mod planning;
mod thermal;

use anyhow::Result;
use clap::ValueEnum;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Bench {
    /// Takeover, planned upgrade and its rollback, cycle, latency, cost of the law.
    Control,
    /// Kinematics, collision checks, planning and time parameterisation, beside their peers.
    Planning,
    /// Alarm, derating, prediction, sensor faults and cost of the thermal node, on virtual time.
    Thermal,
}

/// Runs one benchmark, with fewer trials when `quick`; true when every target is met.
///
/// # Errors
/// When something cannot be built or started.
pub fn bench(which: Bench, quick: bool) -> Result<bool> {
    match which {
        Bench::Control => control::run(quick),
        Bench::Planning => planning::run(quick),
        Bench::Thermal => thermal::run(quick),
    }
}
