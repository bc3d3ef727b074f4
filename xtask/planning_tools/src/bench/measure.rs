//! Plans a set pass by pass and keeps what every problem took.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use collision::{Checker, Joint, Robot, Tally};
use planner::{PlanError, Planner, Settings, Simplification};
use serde_json::{Value, json};
use time_parameterization::{JointLimits, Limits, PathRequest, Shape, Timing};

use super::ompl::{self, Peer};
use super::tables::{Spread, row};
use crate::problem::{Problem, ProblemSet};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Passes over the set.
    pub passes: usize,
    /// Passes of the peer, which is slower.
    pub peer_passes: usize,
    /// How long the peer may search, s.
    pub peer_seconds: f64,
    /// Ways compared with the truth.
    pub paths: usize,
    /// Repetitions of the check of blocks.
    pub repetitions: usize,
}

impl Effort {
    pub const FULL: Self =
        Self { passes: 25, peer_passes: 3, peer_seconds: 5.0, paths: 10_000, repetitions: 200 };
    pub const QUICK: Self =
        Self { passes: 7, peer_passes: 1, peer_seconds: 0.2, paths: 500, repetitions: 40 };
}

/// How long a search may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one problem took.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub name: String,
    pub kind: String,
    pub failure: Option<String>,
    /// Per pass, µs.
    pub plan: Vec<f64>,
    pub simplify: Vec<f64>,
    pub raw_cost: f64,
    pub cost: f64,
    /// Of the time-parameterised motion, s.
    pub duration: Option<f64>,
    pub tally: Tally,
    pub simplify_tally: Tally,
    pub nodes: [usize; 2],
    pub iterations: u64,
    /// Preparing the scene, ms.
    pub scene: f64,
    /// Per pass, µs; the peer with whole motions and with single configurations.
    pub ompl: [Vec<f64>; 2],
}

/// What a set took.
pub struct Measured {
    pub figures: Vec<Figures>,
}

/// A description has no accelerations: each is reached within this time, s, and with its jerk within
/// [`JERK_TIME`], s.
const ACCELERATION_TIME: f64 = 0.25;
const JERK_TIME: f64 = 0.1;
/// Corners may be rounded by this much, rad.
const ACCURACY: f64 = 0.05;

/// From the corners of a way to the duration of the motion along it [s]; none for arms that have not
/// six joints with speeds, and for ways that cannot be timed.
fn duration(robot: &Robot, corners: &[Vec<f64>]) -> Option<f64> {
    let joints: &[Joint; 6] = robot.joints().try_into().ok()?;
    let limits = joints.each_ref().map(|joint| {
        let acceleration = joint.velocity / ACCELERATION_TIME;
        JointLimits {
            // Corners are of single precision.
            lower: joint.lower - 1e-6,
            upper: joint.upper + 1e-6,
            velocity: joint.velocity,
            acceleration,
            jerk: acceleration / JERK_TIME,
            torque: f64::INFINITY,
        }
    });
    let limits = Limits::new(joints.each_ref().map(|joint| joint.name.clone()), &limits).ok()?;
    let corners: Option<Vec<[f64; 6]>> =
        corners.iter().map(|corner| corner.as_slice().try_into().ok()).collect();
    let request = PathRequest { speed: 1.0, accuracy: ACCURACY, shape: Shape::Lines };
    Timing::new(limits, None).path(&corners?, &request).ok().map(|timed| timed.duration())
}

/// Plans every problem of a set in every pass.
pub fn measure(
    robot: &Robot,
    set: &ProblemSet,
    effort: Effort,
    seed: u64,
    peer: Option<&Peer>,
) -> Result<Measured> {
    let mut prepared = Vec::new();
    for problem in &set.problems {
        let scene = problem.scene()?;
        let begin = Instant::now();
        let checker = Checker::new(robot, &scene)?;
        let figures = Figures {
            name: problem.name.clone(),
            kind: problem.kind().into(),
            scene: begin.elapsed().as_secs_f64() * 1e3,
            ..Figures::default()
        };
        prepared.push((problem, checker, figures));
    }
    let mut planner = Planner::new(set.joints());
    for pass in 0..effort.passes {
        for (problem, checker, figures) in &mut prepared {
            once(&mut planner, robot, checker, problem, seed, figures);
            if let Some(peer) = peer.filter(|_| pass < effort.peer_passes) {
                beside(peer, checker, problem, effort.peer_seconds, pass, figures);
            }
        }
    }
    Ok(Measured { figures: prepared.into_iter().map(|(_, _, figures)| figures).collect() })
}

fn once(
    planner: &mut Planner,
    robot: &Robot,
    checker: &Checker,
    problem: &Problem,
    seed: u64,
    figures: &mut Figures,
) {
    let settings = Settings { seed, ..Settings::default() };
    let begin = Instant::now();
    let ask = (problem.start.as_slice(), problem.goals.as_slice());
    let plan = planner.plan(checker, ask, &settings, &mut || begin.elapsed() > PATIENCE);
    let took = begin.elapsed();
    match plan {
        Err(error) => figures.failure = Some(explained(&error)),
        Ok(plan) => {
            let mut path = plan.path;
            figures.plan.push(micros(took));
            figures.raw_cost = path.cost();
            let begin = Instant::now();
            let shorten = Simplification { seed, ..Simplification::default() };
            let tally = planner.simplify(checker, &mut path, &shorten, &mut || false);
            figures.simplify.push(micros(begin.elapsed()));
            figures.cost = path.cost();
            if figures.duration.is_none() {
                figures.duration = duration(robot, &path.corners());
            }
            (figures.tally, figures.simplify_tally) = (plan.tally, tally);
            (figures.nodes, figures.iterations) = (plan.nodes, plan.iterations);
        }
    }
}

fn explained(error: &PlanError) -> String {
    error.to_string()
}

fn beside(
    peer: &Peer,
    checker: &Checker,
    problem: &Problem,
    seconds: f64,
    pass: usize,
    figures: &mut Figures,
) {
    for (kind, list) in ompl::KINDS.into_iter().zip(&mut figures.ompl) {
        let answer = peer.solve(checker, problem, kind, seconds, pass as u32);
        // A search that failed counts with the time it was given.
        list.push(if answer.solved { answer.microseconds } else { seconds * 1e6 });
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn best(passes: &[f64]) -> Option<f64> {
    passes.iter().copied().min_by(f64::total_cmp)
}

impl Figures {
    fn solved(&self) -> bool {
        self.failure.is_none() && !self.plan.is_empty()
    }

    fn json(&self) -> Value {
        let median = |passes: &[f64]| Spread::of(passes.to_vec()).median;
        json!({
            "name": self.name,
            "solved": self.solved(),
            "failure": self.failure,
            "plan_us": best(&self.plan),
            "plan_us_median_pass": median(&self.plan),
            "simplify_us": best(&self.simplify),
            "simplify_us_median_pass": median(&self.simplify),
            "path_cost_raw": self.raw_cost,
            "path_cost": self.cost,
            "trajectory_duration_s": self.duration,
            "checks": {
                "motions": self.tally.motions, "blocks": self.tally.blocks,
                "configurations": self.tally.configurations,
            },
            "simplify_checks": {
                "motions": self.simplify_tally.motions, "blocks": self.simplify_tally.blocks,
                "configurations": self.simplify_tally.configurations,
            },
            "nodes": self.nodes,
            "samples": self.iterations,
            "scene_ms": self.scene,
            "ompl_same_motion_check_us": best(&self.ompl[0]),
            "ompl_single_configurations_us": best(&self.ompl[1]),
        })
    }
}

impl Measured {
    fn over(&self, pick: impl Fn(&Figures) -> Option<f64>) -> Spread {
        Spread::of(self.figures.iter().filter(|f| f.solved()).filter_map(pick).collect())
    }

    /// Planning, best pass of each problem, µs.
    pub fn plan(&self) -> Spread {
        self.over(|f| best(&f.plan))
    }

    /// Planning and simplifying, µs.
    pub fn total(&self) -> Spread {
        self.over(|f| {
            let sums: Vec<f64> = f.plan.iter().zip(&f.simplify).map(|(a, b)| a + b).collect();
            best(&sums)
        })
    }

    pub fn solved_share(&self) -> f64 {
        let solved = self.figures.iter().filter(|f| f.solved()).count();
        solved as f64 / self.figures.len().max(1) as f64 * 100.0
    }

    /// Summed cost after simplifying, in % of the raw one.
    pub fn cost_share(&self) -> f64 {
        let sum = |pick: fn(&Figures) -> f64| -> f64 {
            self.figures.iter().filter(|f| f.solved()).map(pick).sum()
        };
        sum(|f| f.cost) / sum(|f| f.raw_cost) * 100.0
    }

    fn ompl(&self, which: usize) -> Option<Spread> {
        let spread = self.over(|f| best(f.ompl.get(which)?));
        spread.median.is_finite().then_some(spread)
    }

    /// The peer with one configuration per check, µs.
    pub fn ompl_median(&self) -> Option<f64> {
        self.ompl(1).map(|s| s.median)
    }

    pub fn ompl_p95(&self) -> Option<f64> {
        self.ompl(1).map(|s| s.p95)
    }

    pub fn print(&self) {
        println!("{}", Spread::HEAD);
        println!("{}", row("plan", "us", &self.plan()));
        println!("{}", row("simplify", "us", &self.over(|f| best(&f.simplify))));
        println!("{}", row("plan and simplify", "us", &self.total()));
        println!("{}", row("cost, raw", "rad", &self.over(|f| Some(f.raw_cost))));
        println!("{}", row("cost", "rad", &self.over(|f| Some(f.cost))));
        println!("{}", row("blocks, plan", "", &self.over(|f| Some(f.tally.blocks as f64))));
        let blocks = self.over(|f| Some(f.simplify_tally.blocks as f64));
        println!("{}", row("blocks, simplify", "", &blocks));
        println!("{}", row("scene", "ms", &self.over(|f| Some(f.scene))));
        for (which, name) in
            ["OMPL, our check of motions", "OMPL, single configurations"].iter().enumerate()
        {
            if let Some(spread) = self.ompl(which) {
                println!("{}", row(name, "us", &spread));
            }
        }
        for (kind, spread) in self.kinds() {
            println!("{}", row(&format!("  plan and simplify, {kind}"), "us", &spread));
        }
        for figures in self.figures.iter().filter(|f| !f.solved()) {
            println!("  {} failed: {}", figures.name, figures.failure.as_deref().unwrap_or("?"));
        }
    }

    fn kinds(&self) -> BTreeMap<&str, Spread> {
        let mut kinds: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for f in self.figures.iter().filter(|f| f.solved()) {
            let sums: Vec<f64> = f.plan.iter().zip(&f.simplify).map(|(a, b)| a + b).collect();
            kinds.entry(&f.kind).or_default().extend(best(&sums));
        }
        kinds.into_iter().map(|(kind, values)| (kind, Spread::of(values))).collect()
    }

    pub fn json(&self) -> Value {
        json!({
            "figure_per_problem": "best of interleaved passes; median pass beside it",
            "plan_us": self.plan().json(),
            "plan_us_median_pass": self.over(|f| Some(Spread::of(f.plan.clone()).median)).json(),
            "simplify_us": self.over(|f| best(&f.simplify)).json(),
            "plan_and_simplify_us": self.total().json(),
            "path_cost_raw": self.over(|f| Some(f.raw_cost)).json(),
            "path_cost": self.over(|f| Some(f.cost)).json(),
            "scene_ms": self.over(|f| Some(f.scene)).json(),
            "ompl_same_motion_check_us": self.ompl(0).map(|s| s.json()),
            "ompl_single_configurations_us": self.ompl(1).map(|s| s.json()),
            "problems": self.figures.iter().map(Figures::json).collect::<Vec<_>>(),
        })
    }
}
