//! The quickest motion along a curve within all limits: an interior-point method.
//!
//! The problem in (x, u, w) is convex but for the jerk limits, whose bound J/ṡ is a convex function
//! of x: its tangent is on the safe side, and is taken anew in every step. Ratios of speeds within an
//! interval and its duration are taken from the step before. Each step costs time proportional to the
//! number of nodes; about fifteen suffice.
#![allow(clippy::indexing_slicing)] // one index over the nodes

use super::grid::{Grid, Motion};
use super::newton::{Ends, Link, Steps};
use super::problem::{Places, Stage, StageStep, StageSums};
use super::rows::{At, Reach, Step};

/// Newton steps at most.
const STEPS: usize = 80;
/// Slack to begin with, where a limit is broken, in parts of the limit.
const LEAST_SLACK: f64 = 0.1;
/// Gap to begin with, in parts of the duration.
const FIRST_GAP: f64 = 0.3;
/// Share of the way to the nearest limit that a step may go.
const BEFORE_LIMIT: f64 = 0.99;
/// Share of x that a step may take away.
const BEFORE_STANDSTILL: f64 = 0.9;
/// Cost of changing s̈ from node to node, in parts of the duration: keeps it from trembling where
/// that costs no time.
const TREMBLE: f64 = 1e-5;
/// Steps that restore the relation between nodes at the end.
const RESTORING: usize = 4;

/// The solver with all it knows of one curve.
pub(crate) struct Solver<const N: usize> {
    pub grid: Grid<N>,
    pub stages: Vec<Stage<N>>,
    pub motion: Motion,
    w: Vec<f64>,
    steps: Steps,
    links: Vec<Link>,
    places: Vec<Places>,
    /// Weights of 1/√x in the duration, rad.
    weights: Vec<f64>,
    /// Durations of the intervals, s.
    pub durations: Vec<f64>,
    mu: f64,
    /// Share of the last step that was gone.
    share: f64,
    rows: f64,
    tremble: f64,
}

/// How good a motion is.
#[derive(Debug, Clone, Copy)]
struct Quality {
    /// How much shorter it might be, in parts of the duration.
    gap: f64,
    /// The largest violation of a limit, in parts of it.
    violation: f64,
}

impl<const N: usize> Solver<N> {
    pub(crate) fn new(stages: Vec<Stage<N>>, grid: Grid<N>, motion: Motion) -> Self {
        let count = grid.s.len();
        let rows: usize = stages[1..count - 1].iter().map(Stage::count).sum();
        let at = At::node(0.0, 0.0);
        let mut solver = Self {
            stages,
            motion,
            w: vec![0.0; count],
            steps: Steps::new(count),
            links: vec![Link::default(); count],
            places: vec![Places { node: at, start: at, end: at }; count],
            weights: vec![0.0; count],
            durations: vec![0.0; count],
            mu: 0.0,
            share: 0.0,
            rows: rows as f64,
            tremble: 0.0,
            grid,
        };
        solver.begin();
        solver
    }

    fn begin(&mut self) {
        let count = self.grid.s.len();
        let ends = self.ends();
        self.motion.u[1] = ends.rise * self.motion.x[1];
        for i in 1..count - 2 {
            self.w[i] = (self.motion.u[i + 1] - self.motion.u[i]) / self.delta(i);
        }
        self.look();
        let duration = self.duration();
        let hardest = self.motion.u.iter().fold(0.0, |most: f64, u| most.max(u.abs()));
        self.tremble = TREMBLE * duration / (hardest * hardest);
        self.loosen(FIRST_GAP);
    }

    /// Begins anew from the present motion with this gap, in parts of the duration.
    pub(crate) fn loosen(&mut self, gap: f64) {
        self.look();
        self.mu = gap * self.duration() / self.rows;
        self.share = 0.5;
        for i in 1..self.grid.s.len() - 1 {
            self.stages[i].reset(&self.places[i], LEAST_SLACK, self.mu);
        }
    }

    /// How long the motion takes, s.
    pub(crate) fn duration(&self) -> f64 {
        self.durations.iter().sum()
    }

    /// Improves the motion until it is at most `gap` longer than the best, in parts of it; false
    /// when it does not come so far.
    pub(crate) fn improve(&mut self, gap: f64) -> bool {
        for _ in 0..STEPS {
            let quality = self.step(0.5 * gap);
            if !quality.gap.is_finite() {
                return false;
            }
            if quality.gap <= gap && quality.violation <= 3.0 * gap {
                return true;
            }
        }
        false
    }

    /// Where the rows of the interval behind node `i` are evaluated.
    pub(crate) fn place(&self, i: usize) -> &Places {
        &self.places[i]
    }

    fn delta(&self, i: usize) -> f64 {
        self.grid.s[i + 1] - self.grid.s[i]
    }

    fn ends(&self) -> Ends {
        let last = self.grid.s.len() - 2;
        let fall = 2.0 / 3.0 / self.delta(last);
        let miss = self.motion.u[last] + fall * self.motion.x[last];
        Ends { rise: 2.0 / 3.0 / self.delta(0), fall, miss }
    }

    /// Looks where the motion is: speeds, durations, links and weights.
    fn look(&mut self) {
        let last = self.grid.s.len() - 2;
        let Motion { x, u } = &self.motion;
        let speed: Vec<f64> = x.iter().map(|x| x.sqrt()).collect();
        self.weights.fill(0.0);
        self.durations[0] = 3.0 * self.delta(0) / speed[1];
        self.durations[last] = 3.0 * self.delta(last) / speed[last];
        self.weights[1] += 3.0 * self.delta(0);
        self.weights[last] += 3.0 * self.delta(last);
        for i in 1..last {
            let (delta, w) = (self.delta(i), self.w[i]);
            let middle = 0.5 * (speed[i] + speed[i + 1]);
            let per_middle = 1.0 / middle;
            let (start, end) = (speed[i] * per_middle, speed[i + 1] * per_middle);
            self.weights[i] += 0.5 * delta * start * start;
            self.weights[i + 1] += 0.5 * delta * end * end;
            let h = interval_time(delta, per_middle, delta * w);
            self.durations[i] = h;
            let bend = h * h / 12.0;
            let behind = u[i] + delta * w;
            let squares = behind * behind - u[i] * u[i];
            // h shrinks as speeds grow.
            let shrink = 0.5 * bend * squares * per_middle;
            let share = 1.0 / (1.0 + shrink / speed[i + 1]);
            let gap = x[i] - x[i + 1] + delta * (u[i] + behind) + bend * squares;
            let link = Link {
                delta,
                by_x: share * (1.0 - shrink / speed[i]),
                by_u: share * 2.0 * delta * (1.0 + bend * w),
                by_w: share * delta * (delta + 2.0 * bend * behind),
                gap_x: share * gap,
                gap_u: behind - u[i + 1],
            };
            let ends = [(speed[i], u[i]), (speed[i + 1], u[i + 1])];
            self.places[i] = places(ends, w);
            self.links[i] = link;
        }
        let node = At::node(x[last], u[last]);
        self.places[last] = Places { node, start: node, end: node };
    }

    /// One Newton step; μ goes down to what makes `floor` of the duration at least.
    fn step(&mut self, floor: f64) -> Quality {
        let lazy = (1.0 - self.share) * (1.0 - self.share);
        let target = (lazy.clamp(0.05, 0.8) * self.mu).max(floor * self.duration() / self.rows);
        self.direction(target);
        let (slack, force) = self.shares(target);
        for i in 1..self.grid.s.len() - 1 {
            self.motion.x[i] += slack * self.steps.x[i];
            self.motion.u[i] += slack * self.steps.u[i];
            self.w[i] += slack * self.steps.w[i];
            self.stages[i].go(slack, force, target);
        }
        self.share = slack.min(force);
        self.look();
        self.settle()
    }

    fn direction(&mut self, mu: f64) {
        let ends = self.ends();
        let Self { stages, places, links, weights, motion, w, steps, tremble, .. } = self;
        steps.solve(links, ends, |i| {
            let mut sums = stages[i].sums(&places[i], mu);
            add_duration(&mut sums, weights[i], motion.x[i]);
            let delta = links[i].delta;
            let cost = *tremble * delta * delta;
            sums.start.ww += cost;
            sums.start.w += cost * w[i];
            sums
        });
    }

    /// How much of the step the slacks and the forces may go.
    fn shares(&mut self, mu: f64) -> (f64, f64) {
        let mut reach = Reach { slack: BEFORE_LIMIT, force: BEFORE_LIMIT };
        for i in 1..self.grid.s.len() - 1 {
            let at = |k: usize| (self.steps.x[k], self.steps.u[k]);
            let ((x, u), (next_x, next_u)) = (at(i), at(i + 1));
            let w = self.steps.w[i];
            let step = StageStep { start: Step { x, u, w }, end: Step { x: next_x, u: next_u, w } };
            reach.and(self.stages[i].plan(&self.places[i], &step, mu));
            reach.slack = reach.slack.max(-x / self.motion.x[i] * BEFORE_LIMIT / BEFORE_STANDSTILL);
        }
        (BEFORE_LIMIT / reach.slack, BEFORE_LIMIT / reach.force)
    }

    fn settle(&mut self) -> Quality {
        let (mut products, mut violation) = (0.0, 0.0_f64);
        for i in 1..self.grid.s.len() - 1 {
            let (product, worst) = self.stages[i].settle(&self.places[i]);
            products += product;
            violation = violation.max(worst);
        }
        self.mu = products / self.rows;
        Quality { gap: products / self.duration(), violation }
    }

    /// Makes the nodes fit each other to the last digits, by changes as small as possible.
    pub(crate) fn restore(&mut self) {
        for _ in 0..RESTORING {
            let ends = self.ends();
            let Self { links, motion, steps, .. } = self;
            steps.solve(links, ends, |i| {
                let mut sums = StageSums::default();
                sums.node.xx = 1.0 / (motion.x[i] * motion.x[i]);
                sums.start.ww = links[i].delta * links[i].delta;
                sums
            });
            for i in 1..self.grid.s.len() - 1 {
                self.motion.x[i] += self.steps.x[i].max(-0.5 * self.motion.x[i]);
                self.motion.u[i] += self.steps.u[i];
                self.w[i] += self.steps.w[i];
            }
            self.look();
        }
    }
}

/// How long an interval takes in which s̈ changes by `change`: the root of
/// h = δ/v + change·h²/(12 v).
fn interval_time(delta: f64, per_speed: f64, change: f64) -> f64 {
    let first = delta * per_speed;
    let bend = change * per_speed / 12.0;
    // The smaller root, without cancellation; a motion that has none is on its way to one.
    let root = (1.0 - 4.0 * bend * first).max(0.25).sqrt();
    2.0 * first / (1.0 + root)
}

/// Where the rows of an interval are evaluated, with (speed, u) at both ends.
fn places([(v, u), (next_v, next_u)]: [(f64, f64); 2], w: f64) -> Places {
    let middle = 0.5 * (v + next_v);
    let jerk = |v: f64, u: f64| {
        let root = 1.0 / v;
        At { x: v * v, u, w, ratio: middle * root, root, slope: -0.5 * root * root * root }
    };
    Places { node: At::node(v * v, u), start: jerk(v, u), end: jerk(next_v, next_u) }
}

/// The duration by x: weight/√x.
fn add_duration(sums: &mut StageSums, weight: f64, x: f64) {
    let root = 1.0 / x.sqrt();
    let slope = 0.5 * weight * root * root * root;
    sums.node.x -= slope;
    sums.node.xx += 1.5 * slope * root * root;
}
