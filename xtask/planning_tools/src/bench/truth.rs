//! Ways of the planner, checked all along against the original geometry with parry.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use collision::{Checker, Robot, Truth};
use planner::{Planner, Settings, Simplification};
use serde_json::{Value, json};

use crate::problem::{Problem, ProblemSet};

/// No joint moves more between two places that are compared [rad or m].
const STEP: f64 = 0.01;

/// How the ways fared.
pub struct Dense {
    /// Ways compared.
    pub paths: usize,
    /// Those of them that touch.
    pub touching: usize,
    /// Configurations compared.
    pub configurations: usize,
}

impl Dense {
    pub fn json(&self) -> Value {
        json!({
            "paths": self.paths, "touching": self.touching, "configurations": self.configurations,
            "step": STEP,
        })
    }
}

/// Plans and simplifies with ever other seeds and compares every way.
pub fn check(robot: &Robot, set: &ProblemSet, paths: usize, seed: u64) -> Result<Dense> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let count = set.problems.len();
    let parts: Vec<Result<[usize; 3]>> = std::thread::scope(|scope| {
        let work = || -> Result<[usize; 3]> {
            let mut sum = [0; 3];
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(problem) = set.problems.get(index) else { return Ok(sum) };
                let share = paths / count + usize::from(index < paths % count);
                let part = one(robot, problem, share, seed)?;
                sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|w| w.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
            .collect()
    });
    let mut dense = Dense { paths: 0, touching: 0, configurations: 0 };
    for part in parts {
        let [paths, touching, configurations] = part?;
        dense.paths += paths;
        dense.touching += touching;
        dense.configurations += configurations;
    }
    Ok(dense)
}

fn one(robot: &Robot, problem: &Problem, paths: usize, seed: u64) -> Result<[usize; 3]> {
    let scene = problem.scene()?;
    let checker = Checker::new(robot, &scene)?;
    let truth = Truth::new(robot, &scene);
    let mut planner = Planner::new(problem.start.len());
    let [mut planned, mut touching, mut configurations] = [0; 3];
    for k in 0..paths as u64 {
        let seed = seed + 1 + k;
        let ask = (problem.start.as_slice(), problem.goals.as_slice());
        let settings = Settings { seed, ..Settings::default() };
        let Ok(plan) = planner.plan(&checker, ask, &settings, &mut || false) else { continue };
        let mut path = plan.path;
        let shorten = Simplification { seed, ..Simplification::default() };
        planner.simplify(&checker, &mut path, &shorten, &mut || false);
        planned += 1;
        let corners = path.corners();
        let places = corners.windows(2).flat_map(places);
        let mut found = None;
        for place in places {
            configurations += 1;
            found = truth.collision(&place).map(|pair| (pair, place));
            if found.is_some() {
                break;
            }
        }
        if let Some((pair, place)) = found {
            touching += 1;
            eprintln!("{}, seed {seed}: {pair:?} touch at {place:?}", problem.name);
        }
    }
    Ok([planned, touching, configurations])
}

/// Places along a piece, both ends included.
fn places(piece: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let [a, b] = piece else { return Vec::new() };
    let widest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let steps = (widest / STEP).ceil().max(1.0);
    let at = |k: usize| {
        let share = k as f64 / steps;
        a.iter().zip(b).map(|(a, b)| a + (b - a) * share).collect()
    };
    (0..=steps as usize).map(at).collect()
}
