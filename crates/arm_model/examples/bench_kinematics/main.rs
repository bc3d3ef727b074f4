//! Kinematics and dynamics against their limits and their peers:
//!
//! ```text
//! python crates/arm_model/peers/prepare.py      # once, for Pinocchio and ik-geo
//! cargo run --release -p arm_model --example bench_kinematics [-- --quick] [--json]
//! ```
//!
//! Prints a table and writes `target/report/bench_kinematics.json`; with `--json` prints the array
//! of targets instead, for a report that holds more. Ours and the peers run in turns, on the same
//! states of the same arm where the peer allows it.

mod clock;
mod dynamics;
mod inverse;
mod peers;

use std::error::Error;
use std::path::{Path, PathBuf};

use arm_model::ArmModel;
use report::{Report, Target};
use serde_json::{Map, Value};

const ARMATURE: &str = include_str!("../../../../config/description/armature.urdf");
const UR5: &str = include_str!("../../tests/fixtures/ur5.urdf");
const PUMA560: &str = include_str!("../../tests/fixtures/puma560.urdf");
const PANDA: &str = include_str!("../../tests/fixtures/panda.urdf");
const SKEWED: &str = include_str!("../../tests/fixtures/skewed.urdf");

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// How often ours and the peers take turns.
    pub turns: usize,
    /// Random poses for closed forms.
    pub poses: usize,
    /// Random problems for the numeric solver, per arm.
    pub problems: usize,
}

const FULL: Effort = Effort { turns: 5, poses: 1_000_000, problems: 20_000 };
const QUICK: Effort = Effort { turns: 2, poses: 100_000, problems: 2_000 };

/// Figures against limits, and whatever else is worth a look.
#[derive(Default)]
pub struct Findings {
    /// Figures against limits.
    pub targets: Vec<Target>,
    /// By name.
    pub detail: Map<String, Value>,
}

/// The arms, by name.
pub struct Arms {
    /// The reference arm: a spherical wrist.
    pub armature: ArmModel<6>,
    /// Three parallel axes.
    pub ur5: ArmModel<6>,
    /// A spherical wrist and an offset shoulder.
    pub puma560: ArmModel<6>,
    /// Nothing aligned.
    pub skewed: ArmModel<6>,
    /// Seven joints.
    pub panda: ArmModel<7>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let has = |flag: &str| std::env::args().any(|arg| arg == flag);
    let quick = has("--quick");
    let effort = if quick { QUICK } else { FULL };
    let arms = Arms {
        armature: ArmModel::from_urdf(ARMATURE, "base_link", "tool0")?,
        ur5: ArmModel::from_urdf(UR5, "base", "tip")?,
        puma560: ArmModel::from_urdf(PUMA560, "base", "tip")?,
        skewed: ArmModel::from_urdf(SKEWED, "world", "tip")?,
        panda: ArmModel::from_urdf(PANDA, "base", "tip")?,
    };
    let peers = peers::Peers::in_folder(&target().join("peers"));
    let mut findings = Findings::default();
    dynamics::measure(&arms, &peers, effort, &mut findings)?;
    inverse::measure(&arms, &peers, effort, &mut findings);
    let mut report = Report::new(findings.targets).with("load_average", load_average());
    report.quick = quick;
    report.detail.extend(findings.detail);
    if has("--json") {
        println!("{}", serde_json::to_string_pretty(&report.targets)?);
        return Ok(());
    }
    print!("{}", report.table());
    println!("{}", serde_json::to_string_pretty(&report.detail)?);
    println!("{}", report.write(&target().join("report"), "bench_kinematics")?.display());
    Ok(())
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}
