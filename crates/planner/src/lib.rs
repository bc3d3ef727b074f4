//! Collision-free motions of a serial arm.
//!
//! A [`Planner`] finds a way from a start to any of several goals ([`Planner::plan`]) and shortens it
//! ([`Planner::simplify`]). It keeps its storage from one search to the next. A [`MotionPlanner`] does
//! that and the rest: joint positions, a pose, a line or an arc in, a timed motion out.
//!
//! The rule: what it returns was found free by the [`Checker`] all along, not only at sampled places;
//! and the same question with the same settings gets the same answer, unless it is stopped.
//!
//! Terms. *Configuration*: one position per joint [rad or m]. *Motion*: straight in joint space.
//! *Cost*: length of a way in joint space.
#![forbid(unsafe_code)]

mod connect;
mod error;
mod halton;
mod motion;
mod path;
mod simplify;
mod tree;

use collision::{Checker, Tally};
use connect::{Question, Search};

pub use error::{PlanError, Which};
pub use motion::{Motion, MotionError, MotionPlanner, Request, Target, Tolerance, first_contact};
pub use path::Path;

/// How to search.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Another seed, another way.
    pub seed: u64,
    /// Longest piece by which a tree grows [rad or m].
    pub range: f32,
    /// Most samples.
    pub iterations: u64,
    /// Radius of a node's domain after its first failure [rad or m].
    pub radius: f32,
    /// Least radius of a domain [rad or m].
    pub least_radius: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 0, range: 1.5, iterations: 1_000_000, radius: 4.0, least_radius: 1.0 }
    }
}

/// How to shorten.
#[derive(Debug, Clone, PartialEq)]
pub struct Simplification {
    /// Another seed, other places.
    pub seed: u64,
    /// Most rounds over all corners.
    pub rounds: usize,
    /// Random short cuts that are tried first.
    pub random_cuts: usize,
    /// A corner is cut when that saves this share of the cost.
    pub worth: f64,
    /// The end when a round saves less than this share of the cost.
    pub enough: f64,
}

impl Default for Simplification {
    fn default() -> Self {
        Self { seed: 0, rounds: 8, random_cuts: 8, worth: 0.005, enough: 0.01 }
    }
}

/// A way, and what it took to find it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The way.
    pub path: Path,
    /// Which goal it leads to.
    pub goal: usize,
    /// Samples taken; 0 when the way was straight.
    pub iterations: u64,
    /// Configurations reached from the start and from the goals.
    pub nodes: [usize; 2],
    /// Checks made.
    pub tally: Tally,
}

/// Searches ways for one arm.
#[derive(Debug)]
pub struct Planner {
    search: Search,
}

impl Planner {
    /// A planner for arms with this many joints.
    #[must_use]
    pub fn new(joints: usize) -> Self {
        Self { search: Search::new(joints) }
    }

    /// A way from `start` to any of `goals` that can be reached at all. `stop` is asked now and then;
    /// the search ends when it says true.
    ///
    /// # Errors
    /// When start or all goals are no place to be, when no way was found, or when it was stopped.
    pub fn plan(
        &mut self,
        checker: &Checker,
        (start, goals): (&[f64], &[Vec<f64>]),
        settings: &Settings,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<Plan, PlanError> {
        let first = check_state(checker, Which::Start, start)?;
        let usable = self.usable_goals(checker, goals)?;
        let limits = checker.robot().joints().iter();
        let ranges: Vec<(f32, f32)> =
            limits.map(|j| (j.lower as f32, (j.upper - j.lower) as f32)).collect();
        let question =
            Question { checker, start: &first, goals: &usable, ranges: &ranges, settings };
        let mut tally = Tally::default();
        let mut path = Path::new(start.len(), start, start);
        let answer = self.search.run(&question, stop, &mut path, &mut tally)?;
        if let Some(goal) = goals.get(answer.goal) {
            path.lead_to(goal);
        }
        let nodes = if answer.iterations == 0 { [1, 1] } else { self.search.nodes() };
        Ok(Plan { path, goal: answer.goal, iterations: answer.iterations, nodes, tally })
    }

    /// Shortens a way as long as that pays and `stop` says false. Every piece of the way must be free.
    pub fn simplify(
        &mut self,
        checker: &Checker,
        path: &mut Path,
        settings: &Simplification,
        stop: &mut dyn FnMut() -> bool,
    ) -> Tally {
        let mut tally = Tally::default();
        simplify::simplify(path, checker, settings, stop, &mut tally);
        tally
    }

    /// The goals that are a place to be, with their index; when none is, why the first one is not.
    fn usable_goals(
        &self,
        checker: &Checker,
        goals: &[Vec<f64>],
    ) -> Result<Vec<(usize, Vec<f32>)>, PlanError> {
        let mut usable = Vec::with_capacity(goals.len());
        let mut refusal = None;
        for (index, goal) in goals.iter().enumerate() {
            match check_state(checker, Which::Goal(index), goal) {
                Ok(goal) => usable.push((index, goal)),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        match (usable.is_empty(), refusal) {
            (false, _) => Ok(usable),
            (true, Some(error)) => Err(error),
            (true, None) => Err(PlanError::NoGoal),
        }
    }
}

/// A position may be this far outside of its limits: it was computed [rad or m].
const LIMIT_SLACK: f64 = 1e-6;

/// A configuration that is finite, within the limits and free, in single precision.
///
/// # Errors
/// [`PlanError`] naming the joint or the pair, and by how much.
pub fn check_state(
    checker: &Checker,
    which: Which,
    positions: &[f64],
) -> Result<Vec<f32>, PlanError> {
    let joints = checker.robot().joints();
    let (found, expected) = (positions.len(), joints.len());
    if found != expected {
        return Err(PlanError::Size { which, found, expected });
    }
    for (joint, &position) in joints.iter().zip(positions) {
        let name = || joint.name.clone();
        if !position.is_finite() {
            return Err(PlanError::NotFinite { which, joint: name(), position });
        }
        let (lower, upper) = (joint.lower, joint.upper);
        let beyond = (lower - position).max(position - upper);
        if beyond > LIMIT_SLACK {
            let joint = name();
            return Err(PlanError::OutsideLimits { which, joint, position, lower, upper, beyond });
        }
    }
    let single: Vec<f32> = positions.iter().map(|x| *x as f32).collect();
    if !checker.is_free(&single)
        && let Some(contact) = checker.nearest(positions)
    {
        return Err(PlanError::InCollision { which, contact });
    }
    Ok(single)
}
