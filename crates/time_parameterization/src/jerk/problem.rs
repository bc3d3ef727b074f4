//! The limits at every node and interval, as rows in (x, u, w) = (ṡ², s̈, ds̈/ds).
//!
//! Joint velocities bound x. Joint accelerations q′u + q″x and torques are rows at the nodes. Joint
//! jerk is ṡ(q′w + 3q″u + q‴x), so its rows, at both ends of an interval, have the bound J/ṡ. On a
//! straight interval all rows of a kind are multiples of one.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // one index over the nodes, arrays of N

use super::grid::Grid;
use super::rows::{At, Block, Reach, Step, Sums};
use crate::along::Bounds;
use crate::curve::Jet;
use crate::limits::Limits;
use crate::reach::fastest;
use crate::torque::TorqueTerms;

/// One row for all joints, or one for each.
#[derive(Debug, Clone)]
pub(crate) enum Rows<const N: usize> {
    One(Block<1>),
    Each(Box<Block<N>>),
}

/// Calls the same method of either.
macro_rules! either {
    ($rows:expr, $block:ident => $call:expr) => {
        match $rows {
            Rows::One($block) => $call,
            Rows::Each($block) => $call,
        }
    };
}

/// What is limited at a node and along the interval behind it.
#[derive(Debug, Clone)]
pub(crate) struct Stage<const N: usize> {
    /// Bounds of x: velocity, and at the ends jerk.
    pub speed: Block<1>,
    pub acceleration: Rows<N>,
    pub torque: Option<Box<Block<N>>>,
    /// At the start of the interval; on a straight one for all of it.
    pub jerk: Option<Rows<N>>,
    /// At its end.
    pub jerk_behind: Option<Rows<N>>,
}

/// Where the blocks of a stage are evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub node: At,
    pub start: At,
    pub end: At,
}

/// Derivatives of the barrier: of the node, and of the interval by its start and by its end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StageSums {
    pub node: Sums,
    pub start: Sums,
    pub end: Sums,
}

/// Steps of a stage: of the node with its interval, and of the interval's end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageStep {
    pub start: Step,
    pub end: Step,
}

impl<const N: usize> Rows<N> {
    pub(crate) fn sums(&self, at: &At, mu: f64) -> Sums {
        either!(self, block => block.sums(at, mu))
    }

    fn plan(&mut self, at: &At, step: &Step, mu: f64) -> Reach {
        either!(self, block => block.plan(at, step, mu))
    }

    fn go(&mut self, slack: f64, force: f64, mu: f64) {
        either!(self, block => block.go(slack, force, mu));
    }

    fn settle(&mut self, at: &At) -> (f64, f64) {
        either!(self, block => block.settle(at))
    }

    fn reset(&mut self, at: &At, least: f64, mu: f64) {
        either!(self, block => block.reset(at, least, mu));
    }

    fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Each(_) => N,
        }
    }

    /// The values over their limits; of a row for all joints for each.
    pub(crate) fn shares(&self, at: &At) -> [f64; N] {
        match self {
            Self::One(block) => block.shares(at).map(|share| [share; N])[0],
            Self::Each(block) => block.shares(at),
        }
    }

    /// Keeps joints from overshooting by these shares of their limits between the nodes.
    pub(crate) fn tighten(&mut self, overshoot: &[f64; N], bounds: Bounds) {
        match self {
            Self::One(block) => {
                bounds.without(overshoot.iter().copied().fold(0.0, f64::max), &mut block.bound[0]);
            }
            Self::Each(block) => {
                for j in 0..N {
                    bounds.without(overshoot[j], &mut block.bound[j]);
                }
            }
        }
    }
}

impl<const N: usize> Stage<N> {
    pub(crate) fn sums(&self, at: &Places, mu: f64) -> StageSums {
        let mut sums = StageSums { node: self.speed.sums(&at.node, mu), ..StageSums::default() };
        sums.node.add(&self.acceleration.sums(&at.node, mu));
        if let Some(torque) = &self.torque {
            sums.node.add(&torque.sums(&at.node, mu));
        }
        if let Some(jerk) = &self.jerk {
            sums.start = jerk.sums(&at.start, mu);
        }
        if let Some(jerk) = &self.jerk_behind {
            sums.end = jerk.sums(&at.end, mu);
        }
        sums
    }

    pub(crate) fn plan(&mut self, at: &Places, step: &StageStep, mu: f64) -> Reach {
        let mut reach = self.speed.plan(&at.node, &step.start, mu);
        reach.and(self.acceleration.plan(&at.node, &step.start, mu));
        if let Some(torque) = &mut self.torque {
            reach.and(torque.plan(&at.node, &step.start, mu));
        }
        if let Some(jerk) = &mut self.jerk {
            reach.and(jerk.plan(&at.start, &step.start, mu));
        }
        if let Some(jerk) = &mut self.jerk_behind {
            reach.and(jerk.plan(&at.end, &step.end, mu));
        }
        reach
    }

    pub(crate) fn go(&mut self, slack: f64, force: f64, mu: f64) {
        self.speed.go(slack, force, mu);
        self.acceleration.go(slack, force, mu);
        if let Some(torque) = &mut self.torque {
            torque.go(slack, force, mu);
        }
        for jerk in [&mut self.jerk, &mut self.jerk_behind].into_iter().flatten() {
            jerk.go(slack, force, mu);
        }
    }

    pub(crate) fn settle(&mut self, at: &Places) -> (f64, f64) {
        let mut all = self.speed.settle(&at.node);
        let mut and = |more: (f64, f64)| all = (all.0 + more.0, all.1.max(more.1));
        and(self.acceleration.settle(&at.node));
        if let Some(torque) = &mut self.torque {
            and(torque.settle(&at.node));
        }
        if let Some(jerk) = &mut self.jerk {
            and(jerk.settle(&at.start));
        }
        if let Some(jerk) = &mut self.jerk_behind {
            and(jerk.settle(&at.end));
        }
        all
    }

    pub(crate) fn reset(&mut self, at: &Places, least: f64, mu: f64) {
        self.speed.reset(&at.node, least, mu);
        self.acceleration.reset(&at.node, least, mu);
        if let Some(torque) = &mut self.torque {
            torque.reset(&at.node, least, mu);
        }
        if let Some(jerk) = &mut self.jerk {
            jerk.reset(&at.start, least, mu);
        }
        if let Some(jerk) = &mut self.jerk_behind {
            jerk.reset(&at.end, least, mu);
        }
    }

    /// Number of inequalities.
    pub(crate) fn count(&self) -> usize {
        let jerks = [&self.jerk, &self.jerk_behind].into_iter().flatten().map(Rows::count);
        let torque = if self.torque.is_some() { N } else { 0 };
        2 * (1 + self.acceleration.count() + torque + jerks.sum::<usize>())
    }
}

impl Sums {
    fn add(&mut self, more: &Self) {
        self.xx += more.xx;
        self.xu += more.xu;
        self.uu += more.uu;
        self.xw += more.xw;
        self.uw += more.uw;
        self.ww += more.ww;
        self.x += more.x;
        self.u += more.u;
        self.w += more.w;
    }
}

impl Reach {
    pub(crate) fn and(&mut self, more: Self) {
        self.slack = self.slack.max(more.slack);
        self.force = self.force.max(more.force);
    }
}

/// The stages of all nodes, of which the first and the last are without meaning.
pub(crate) fn stages<const N: usize>(
    grid: &Grid<N>,
    limits: &Limits<N>,
    torque: impl Fn(&Jet<N>) -> Option<TorqueTerms<N>>,
) -> Vec<Stage<N>> {
    let last = grid.s.len() - 1;
    let mut stages = Vec::with_capacity(last + 1);
    for i in 0..=last {
        let jet = &grid.jets[i];
        let inner = i > 0 && i + 1 < last;
        let behind = grid.jets.get(i + 1).zip(grid.third_before.get(i + 1));
        let jerk_behind = behind
            .filter(|_| inner && !grid.straight[i])
            .map(|(jet, third)| jerk_rows(jet, third, false, limits));
        stages.push(Stage {
            speed: Block::new([1.0 / largest(grid, limits, i)], [0.0], [0.0]),
            acceleration: acceleration_rows(jet, grid.straight[i], limits),
            torque: torque(jet).map(|terms| Box::new(torque_rows(&terms, limits))),
            jerk: inner.then(|| jerk_rows(jet, &jet.third, grid.straight[i], limits)),
            jerk_behind,
        });
    }
    stages
}

/// The bound of x at a node: by velocity, and beside the ends by the jerk that starts the motion.
fn largest<const N: usize>(grid: &Grid<N>, limits: &Limits<N>, i: usize) -> f64 {
    let last = grid.s.len() - 1;
    let by_velocity = fastest(&grid.jets[i], limits);
    let end = if i == 1 {
        (grid.s[1] - grid.s[0], &grid.jets[0])
    } else if i + 1 == last {
        (grid.s[last] - grid.s[i], &grid.jets[last])
    } else {
        return by_velocity;
    };
    // From rest with jerk j over the way d: ṡ³ = 9/2 j d².
    let jerk = 1.0 / steepest(end.1, &limits.jerk);
    by_velocity.min((4.5 * jerk * end.0 * end.0).powf(2.0 / 3.0))
}

/// The largest first derivative over its limit.
fn steepest<const N: usize>(jet: &Jet<N>, limit: &[f64; N]) -> f64 {
    (0..N).map(|j| jet.first[j].abs() / limit[j]).fold(0.0, f64::max)
}

fn acceleration_rows<const N: usize>(jet: &Jet<N>, straight: bool, limits: &Limits<N>) -> Rows<N> {
    if straight {
        return Rows::One(Block::new([0.0], [steepest(jet, &limits.acceleration)], [0.0]));
    }
    let over = |values: &[f64; N]| std::array::from_fn(|j| values[j] / limits.acceleration[j]);
    Rows::Each(Box::new(Block::new(over(&jet.second), over(&jet.first), [0.0; N])))
}

fn jerk_rows<const N: usize>(
    jet: &Jet<N>,
    third: &[f64; N],
    straight: bool,
    limits: &Limits<N>,
) -> Rows<N> {
    if straight {
        return Rows::One(Block::new([0.0], [0.0], [steepest(jet, &limits.jerk)]));
    }
    let over = |factor: f64, values: &[f64; N]| -> [f64; N] {
        std::array::from_fn(|j| factor * values[j] / limits.jerk[j])
    };
    let (cx, cu, cw) = (over(1.0, third), over(3.0, &jet.second), over(1.0, &jet.first));
    Rows::Each(Box::new(Block::new(cx, cu, cw)))
}

fn torque_rows<const N: usize>(terms: &TorqueTerms<N>, limits: &Limits<N>) -> Block<N> {
    let over =
        |values: &[f64; N]| -> [f64; N] { std::array::from_fn(|j| values[j] / limits.torque[j]) };
    let mut block = Block::new(over(&terms.swing), over(&terms.push), [0.0; N]);
    block.c0 = over(&terms.hold);
    block
}
