//! `cargo xtask bench …`: measures what was promised and writes `target/report/bench_<name>.json`.
//!
//! A new benchmark is one file here and one entry in [`Bench`].

mod control;
mod planning;
mod thermal;

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
    /// Alarm, derating, prediction, sensor faults and cost of the thermal node, on virtual time.
    Thermal,
}

/// Runs one benchmark, or `only` a part of it, with fewer trials when `quick`; true when every target is met.
///
/// # Errors
/// When something cannot be built or started.
pub fn bench(which: Bench, quick: bool, only: Option<&str>) -> Result<bool> {
    ensure!(only.is_none() || which == Bench::Control, "only `control` has parts");
    match which {
        Bench::Control => control::run(quick, only),
        Bench::Planning => planning::run(quick),
        Bench::Thermal => thermal::run(quick),
    }
}
