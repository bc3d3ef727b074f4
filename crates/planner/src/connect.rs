//! RRT-Connect: one tree from the start, one from the goals; each sample extends the smaller one by a
//! step, and the other one then reaches for the new node (J. Kuffner and S. LaValle, ICRA 2000).
//!
//! With dynamic domains (A. Yershova and others, ICRA 2005): a node that could not be extended takes
//! only samples near to it, since the far ones would run it against the same obstacle.

use collision::{Checker, MAX_JOINTS, Tally};

use crate::halton::Halton;
use crate::path::between;
use crate::tree::{Found, ROOT, Tree};
use crate::{Path, PlanError, Settings, Which};

/// By how much a radius grows or shrinks.
const ADAPT: f32 = 1e-4;
/// Failed extensions of a tree that has nothing but its roots, before it counts as enclosed.
const ENCLOSED: u64 = 20_000;
/// Steps between two questions whether to stop.
const STOP_EVERY: u64 = 16;

/// Both trees and what is needed around them; kept from one search to the next.
#[derive(Debug)]
pub(crate) struct Search {
    joints: usize,
    /// From the start and from the goals.
    trees: [Tree; 2],
    /// Per node of the goals' tree that is a root: which goal.
    roots: Vec<usize>,
}

/// What is searched.
pub(crate) struct Question<'a> {
    pub checker: &'a Checker,
    pub start: &'a [f32],
    /// Index and configuration of every goal that can be reached at all.
    pub goals: &'a [(usize, Vec<f32>)],
    /// Lower limit and width of every joint's range.
    pub ranges: &'a [(f32, f32)],
    pub settings: &'a Settings,
}

/// A connection: the path's corners, the goal reached, the steps it took.
pub(crate) struct Answer {
    pub goal: usize,
    pub iterations: u64,
}

/// One configuration.
type Point = [f32; MAX_JOINTS];

#[derive(Clone, Copy, PartialEq)]
enum Reach {
    /// The target itself.
    Arrived,
    /// A step towards it.
    Advanced,
}

impl Search {
    pub fn new(joints: usize) -> Self {
        let trees = [Tree::new(joints), Tree::new(joints)];
        Self { joints, trees, roots: Vec::new() }
    }

    /// How many configurations were reached from the start and from the goals.
    pub fn nodes(&self) -> [usize; 2] {
        let [start, goals] = &self.trees;
        [start.len(), goals.len()]
    }

    /// Searches; the path's corners are appended to `path`.
    pub fn run(
        &mut self,
        question: &Question,
        stop: &mut dyn FnMut() -> bool,
        path: &mut Path,
        tally: &mut Tally,
    ) -> Result<Answer, PlanError> {
        // Many a way is straight.
        for (index, goal) in question.goals {
            if question.checker.is_motion_free(question.start, goal, tally) {
                path.push(question.start);
                path.push(goal);
                return Ok(Answer { goal: *index, iterations: 0 });
            }
        }
        self.plant(question);
        let mut halton = Halton::new(self.joints, question.settings.seed);
        for iteration in 1..=question.settings.iterations {
            if iteration % STOP_EVERY == 0 && stop() {
                let [from_start, from_goals] = self.nodes();
                return Err(PlanError::TimeOver { iterations: iteration, from_start, from_goals });
            }
            let mut sample = [0.0; MAX_JOINTS];
            let sample = self.sample(&mut halton, question.ranges, &mut sample);
            if let Some(goal) = self.grow(question, sample, path, tally) {
                return Ok(Answer { goal, iterations: iteration });
            }
            if iteration % ENCLOSED == 0 {
                self.check_enclosed(question, iteration)?;
            }
        }
        let [from_start, from_goals] = self.nodes();
        let iterations = question.settings.iterations;
        Err(PlanError::Unreachable { iterations, from_start, from_goals })
    }

    fn plant(&mut self, question: &Question) {
        let [start, goals] = &mut self.trees;
        start.clear();
        goals.clear();
        self.roots.clear();
        start.add(question.start, ROOT);
        for (index, goal) in question.goals {
            goals.add(goal, ROOT);
            self.roots.push(*index);
        }
    }

    fn sample<'a>(
        &self,
        halton: &mut Halton,
        ranges: &[(f32, f32)],
        sample: &'a mut Point,
    ) -> &'a [f32] {
        let sample = sample.get_mut(..self.joints).unwrap_or_default();
        halton.next(sample);
        for (x, (low, width)) in sample.iter_mut().zip(ranges) {
            *x = low + *x * width;
        }
        sample
    }

    /// One step: the smaller tree towards the sample, then the other one to where that came. The goal
    /// when the trees met.
    fn grow(
        &mut self,
        question: &Question,
        sample: &[f32],
        path: &mut Path,
        tally: &mut Tally,
    ) -> Option<usize> {
        let [from_start, from_goals] = self.nodes();
        let forward = from_start <= from_goals;
        let [start, goals] = &mut self.trees;
        let (tree, other) = if forward { (start, goals) } else { (goals, start) };
        let step = Step { question, range: question.settings.range };
        let found = tree.nearest(sample);
        let radius = tree.radius(found.node);
        if found.distance_squared > radius * radius {
            return None;
        }
        let (node, _) = step.extend(tree, found, sample, tally)?;
        let mut target = [0.0; MAX_JOINTS];
        let target = target.get_mut(..self.joints)?;
        target.copy_from_slice(tree.position(node));
        let mut near = other.nearest(target);
        loop {
            let (reached, reach) = step.extend(other, near, target, tally)?;
            if reach == Reach::Arrived {
                let (a, b) = if forward { (node, reached) } else { (reached, node) };
                return self.trace(a, b, path);
            }
            let left = crate::path::distance(other.position(reached), target);
            near = Found { node: reached, distance_squared: left * left };
        }
    }

    /// Writes the way from the start to node `a`, on to node `b` of the other tree, and to its goal.
    fn trace(&self, a: u32, b: u32, path: &mut Path) -> Option<usize> {
        let [start, goals] = &self.trees;
        let first = path.len();
        let mut at = a;
        while at != ROOT {
            path.insert(first, start.position(at));
            at = start.parent(at);
        }
        // Node b is where node a is.
        let (mut last, mut at) = (b, goals.parent(b));
        while at != ROOT {
            path.push(goals.position(at));
            (last, at) = (at, goals.parent(at));
        }
        self.roots.get(last as usize).copied()
    }

    /// A tree that still has nothing but roots after so many tries will not get away.
    fn check_enclosed(&self, question: &Question, tries: u64) -> Result<(), PlanError> {
        let [from_start, from_goals] = self.nodes();
        let enclosed = match question.goals.first() {
            _ if from_start == 1 => Some((Which::Start, question.start)),
            Some((index, goal)) if from_goals == question.goals.len() => {
                Some((Which::Goal(*index), goal.as_slice()))
            }
            _ => None,
        };
        let Some((which, at)) = enclosed else { return Ok(()) };
        let at: Vec<f64> = at.iter().map(|x| f64::from(*x)).collect();
        Err(PlanError::Enclosed { which, tries, nearest: question.checker.nearest(&at) })
    }
}

/// How a tree is extended.
struct Step<'a> {
    question: &'a Question<'a>,
    range: f32,
}

impl Step<'_> {
    /// Extends a tree from `found` towards a target by at most the range; the new node, or none when
    /// the way is blocked.
    fn extend(
        &self,
        tree: &mut Tree,
        found: Found,
        target: &[f32],
        tally: &mut Tally,
    ) -> Option<(u32, Reach)> {
        let distance = found.distance_squared.sqrt();
        let mut to = [0.0; MAX_JOINTS];
        let to = to.get_mut(..target.len())?;
        let from = tree.position(found.node);
        let reach = if distance <= self.range { Reach::Arrived } else { Reach::Advanced };
        match reach {
            Reach::Arrived => to.copy_from_slice(target),
            _ => between(from, target, self.range / distance, to),
        }
        if !self.question.checker.is_motion_free(from, to, tally) {
            let settings = self.question.settings;
            tree.narrow(found.node, settings.radius, ADAPT, settings.least_radius);
            return None;
        }
        tree.widen(found.node, ADAPT);
        Some((tree.add(to, found.node), reach))
    }
}
