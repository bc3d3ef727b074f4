//! Makes problem sets: scenes from a seed, start and goals by inverse kinematics.
//!
//! The rule: a problem is kept when start and goals are free, no straight motion solves it, and some
//! long search solves it; nothing is kept or dropped for how long that took.

mod ik;
mod scenes;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use collision::{Checker, Pose, Robot, Tally};
use planner::{Planner, Settings};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::problem::{Problem, ProblemSet};

/// Most goals of one problem.
const GOALS: usize = 4;
/// Scenes drawn per problem before giving up.
const DRAWS: u64 = 400;

/// Writes a set with `count` problems of each kind.
pub fn generate(robot: &Robot, seed: u64, count: usize, output: &Path) -> Result<()> {
    let mut set = ProblemSet::default();
    for (k, kind) in scenes::KINDS.iter().enumerate() {
        for index in 0..count {
            let seed = seed * 1_000_000 + k as u64 * 10_000 + index as u64;
            let name = format!("{kind}_{:02}", index + 1);
            let problem = problem(robot, kind, seed).with_context(|| name.clone())?;
            println!("{name}: {} objects, {} goals", objects(&problem), problem.goals.len());
            set.problems.push(Problem { name, ..problem });
        }
    }
    std::fs::write(output, serde_json::to_string(&set)? + "\n")?;
    Ok(())
}

fn objects(problem: &Problem) -> usize {
    problem.spheres.len() + problem.boxes.len() + problem.cylinders.len()
}

fn problem(robot: &Robot, kind: &str, seed: u64) -> Result<Problem> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..DRAWS {
        let draft = scenes::draw(kind, robot, &mut rng);
        let scene = draft.problem.scene()?;
        let checker = Checker::new(robot, &scene)?;
        let [from, to] = &draft.wanted;
        let Some(start) = free(robot, &checker, from, &mut rng).into_iter().next() else {
            continue;
        };
        let goals = free(robot, &checker, to, &mut rng);
        let goals: Vec<Vec<f64>> = goals.into_iter().take(GOALS).collect();
        if goals.is_empty() || is_straight(&checker, &start, &goals) {
            continue;
        }
        let settings = Settings { iterations: 300_000, ..Settings::default() };
        let mut planner = Planner::new(robot.joints().len());
        if planner.plan(&checker, (&start, &goals), &settings, &mut || false).is_ok() {
            return Ok(Problem { start, goals, ..draft.problem });
        }
    }
    ensure!(false, "no scene of {DRAWS} gave a problem");
    Ok(Problem::default())
}

/// Free configurations for the first wanted pose that has any.
fn free(robot: &Robot, checker: &Checker, wanted: &[Pose], rng: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
    for pose in wanted {
        let mut solutions = ik::solutions(robot, pose, rng);
        for q in &mut solutions {
            // What the file will say.
            q.iter_mut().for_each(|x| *x = (*x * 1e5).round() / 1e5);
        }
        solutions.retain(|q| checker.is_free(&single(q)) && inside(robot, q));
        solutions.shuffle(rng);
        if !solutions.is_empty() {
            return solutions;
        }
    }
    Vec::new()
}

fn inside(robot: &Robot, q: &[f64]) -> bool {
    robot.joints().iter().zip(q).all(|(j, x)| (j.lower..=j.upper).contains(x))
}

fn is_straight(checker: &Checker, start: &[f64], goals: &[Vec<f64>]) -> bool {
    let start = single(start);
    goals.iter().any(|g| checker.is_motion_free(&start, &single(g), &mut Tally::default()))
}

fn single(q: &[f64]) -> Vec<f32> {
    q.iter().map(|x| *x as f32).collect()
}
