//! `cargo xtask bench planning`: plans every problem of a set many times, beside OMPL in the same run,
//! and compares what came out with the true geometry.
//!
//! The rule: every pass plans every problem once, ours and the peer's in turn, so that a busy machine
//! slows both; a problem's figure is the best of its passes (the others are in the file).

mod blocks;
mod measure;
mod ompl;
mod recorded;
mod tables;
mod truth;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use report::{Report, Target};
use serde_json::{Value, json};

use crate::Arm;
use crate::problem::ProblemSet;
use measure::{Effort, Measured, measure};

/// What to measure.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[command(flatten)]
    arm: Arm,
    /// The problems; without them, the reference arm's and the UR5's own.
    #[arg(long)]
    problems: Option<PathBuf>,
    /// Another seed, other samples.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Fewer passes, at most three minutes.
    #[arg(long)]
    quick: bool,
    /// Folder of the report.
    #[arg(long, default_value = "target/report")]
    report: PathBuf,
    /// Folder for what is built on the way.
    #[arg(long, default_value = "target/planning_peer")]
    scratch: PathBuf,
}

/// Measures; true when every target is met.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    let peer = ompl::Peer::build(&arguments.scratch);
    if let Err(reason) = &peer {
        eprintln!("no OMPL beside us: {reason:#}");
    }
    let peer = peer.ok();
    let own = crate::problem_folder();
    let (file, custom) = match &arguments.problems {
        Some(file) => (file.clone(), true),
        None => (own.join("armature.json"), arguments.arm.urdf.is_some()),
    };
    let set = ProblemSet::read(&file)?;
    let robot = arguments.arm.read(Some(set.joints()))?;
    println!("{}: {} problems, {}", robot.name(), set.problems.len(), file.display());
    let main = measure(&robot, &set, effort, arguments.seed, peer.as_ref())?;
    main.print();
    let blocks = blocks::measure(&robot, effort)?;
    blocks.print();
    let dense = truth::check(&robot, &set, effort.paths, arguments.seed)?;
    println!("{} of {} planned ways touch in truth", dense.touching, dense.paths);
    let mut report = Report::new(targets(&main, &blocks, &dense))
        .with("robot", robot.name())
        .with("problems_file", file.display().to_string())
        .with("seed", arguments.seed)
        .with("set", main.json())
        .with("blocks", blocks.json())
        .with("truth", dense.json())
        .with("recorded_peers", recorded::json())
        .with("load_average", load_average());
    if !custom {
        report = report.with("ur5", ur5(&own, effort, arguments.seed, peer.as_ref())?);
    }
    report.quick = arguments.quick;
    print!("{}", report.table());
    let path = report.write(&arguments.report, "bench_planning")?;
    println!("{}", path.display());
    Ok(report.ok())
}

/// The UR5 with a gripper, as VAMP has it, on scenes of the same kinds.
fn ur5(
    own: &std::path::Path,
    effort: Effort,
    seed: u64,
    peer: Option<&ompl::Peer>,
) -> Result<Value> {
    let arm = Arm {
        urdf: Some(own.join("ur5.urdf")),
        srdf: Some(own.join("ur5.srdf")),
        spheres: Some(own.join("ur5_spheres.json")),
        tip: None,
        meshes: Vec::new(),
    };
    let set = ProblemSet::read(&own.join("ur5.json"))?;
    let robot = arm.read(Some(set.joints()))?;
    println!("{}: {} problems", robot.name(), set.problems.len());
    let measured = measure(&robot, &set, effort, seed, peer)?;
    measured.print();
    let blocks = blocks::measure(&robot, effort)?;
    blocks.print();
    Ok(json!({ "set": measured.json(), "blocks": blocks.json() }))
}

fn targets(main: &Measured, blocks: &blocks::Blocks, dense: &truth::Dense) -> Vec<Target> {
    let plan = main.plan();
    let total = main.total();
    let beside = |target: Target, peer: Option<f64>| match peer {
        Some(peer) => target.with_peer(peer),
        None => target,
    };
    vec![
        Target::at_least("planning: problems solved", "%", main.solved_share(), 100.0),
        beside(
            Target::at_most("planning: plan, median", "us", plan.median, 40.0),
            main.ompl_median(),
        ),
        beside(Target::at_most("planning: plan, p95", "us", plan.p95, 600.0), main.ompl_p95()),
        Target::at_most("planning: plan and simplify, median", "us", total.median, 100.0),
        Target::at_most("planning: cost after simplifying", "% of raw", main.cost_share(), 60.0),
        Target::at_most("planning: 8 configurations, 20 boxes", "ns", blocks.per_eight(), 250.0),
        Target::at_most("planning: ways that touch in truth", "ways", dense.touching as f64, 0.0),
        Target::at_least(
            "planning: ways compared with truth",
            "ways",
            dense.paths as f64,
            10_000.0,
        ),
    ]
}

fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}
