//! The quickest motion along a curve within all limits: an interior-point method.
//!
//! The problem in (x, u, w) is convex but for the jerk limits, whose bound J/ṡ is a convex function
//! of x: its tangent is on the safe side, and is taken anew in every step. Ratios of speeds within an
//! interval and its duration are taken from the step before. Each step costs time proportional to the
//! number of nodes; about fifteen suffice.
#![allow(clippy::indexing_slicing)] // one index over the nodes

use super::grid::{Grid, Motion};
use super::newton::{Ends, Link, Steps};
use super::problem::Rows;
use super::rows::{Active, At, Reach, Row, Spot, Step, Sums};

/// Newton steps at most.
const STEPS: usize = 80;
/// Slack to begin with, where a limit is broken, in parts of the limit.
const LEAST_SLACK: f64 = 0.1;
/// Gap to begin with, in parts of the duration.
const FIRST_GAP: f64 = 0.3;
/// Share of its limit that a row must take to be heeded, at the beginning.
const FIRST_HEED: f64 = 0.25;
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
    pub rows: Rows,
    pub motion: Motion,
    /// The rows that are heeded, node by node, and where those of each node begin.
    active: Vec<Active>,
    first: Vec<usize>,
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
    tremble: f64,
}

/// Where the rows of a node and of the interval behind it are evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    node: At,
    start: At,
    end: At,
}

impl Places {
    pub(crate) fn of(&self, spot: Spot) -> &At {
        match spot {
            Spot::Node => &self.node,
            Spot::Start => &self.start,
            Spot::End => &self.end,
        }
    }
}

/// Derivatives of the barrier: of the node, and of the interval by its start and by its end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StageSums {
    pub node: Sums,
    pub start: Sums,
    pub end: Sums,
}

impl StageSums {
    fn of(&mut self, spot: Spot) -> &mut Sums {
        match spot {
            Spot::Node => &mut self.node,
            Spot::Start => &mut self.start,
            Spot::End => &mut self.end,
        }
    }
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
    pub(crate) fn new(rows: Rows, grid: Grid<N>, motion: Motion) -> Self {
        let count = grid.s.len();
        let at = At::node(0.0, 0.0);
        let mut solver = Self {
            active: Vec::with_capacity(rows.all.len()),
            first: vec![0; count + 1],
            rows,
            motion,
            w: vec![0.0; count],
            steps: Steps::new(count),
            links: vec![Link::default(); count],
            places: vec![Places { node: at, start: at, end: at }; count],
            weights: vec![0.0; count],
            durations: vec![0.0; count],
            mu: 0.0,
            share: 0.5,
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
        // About as many rows as there will be.
        self.mu = FIRST_GAP * duration / self.rows.all.len() as f64;
        self.select(FIRST_HEED);
    }

    /// Heeds the rows that take more than the share `least` of their limit, and of every kind at
    /// every spot the one that takes most. Rows that were heeded keep their slacks and forces.
    pub(crate) fn select(&mut self, least: f64) {
        let old = std::mem::take(&mut self.active);
        let mut known = old.iter().peekable();
        self.active.reserve(old.len().max(4 * self.grid.s.len()));
        for i in 0..self.grid.s.len() {
            self.first[i] = self.active.len();
            let range = self.rows.of(i);
            let rows = &self.rows.all[range.clone()];
            let share = |row: &Row| row.share(self.places[i].of(row.spot));
            let mut from = 0;
            for group in rows.chunk_by(|a, b| a.kind == b.kind && a.spot == b.spot) {
                let most = group.iter().map(share).fold(0.0, f64::max);
                for (k, row) in group.iter().enumerate() {
                    let index = range.start + from + k;
                    while known.next_if(|row| row.index < index).is_some() {}
                    if share(row) < least.min(most) {
                        continue;
                    }
                    let at = self.places[i].of(row.spot);
                    let active = known.next_if(|row| row.index == index).map_or_else(
                        || Active::new(*row, index, at, LEAST_SLACK, self.mu),
                        |known| known.with(*row),
                    );
                    self.active.push(active);
                }
                from += group.len();
            }
        }
        self.first[self.grid.s.len()] = self.active.len();
    }

    /// Number of inequalities.
    fn count(&self) -> f64 {
        2.0 * self.active.len() as f64
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
        let least = floor * self.duration() / self.count();
        let target = (lazy.clamp(0.05, 0.8) * self.mu).max(least);
        self.direction(target);
        let shares = self.shares(target);
        for i in 1..self.grid.s.len() - 1 {
            self.motion.x[i] += shares.0 * self.steps.x[i];
            self.motion.u[i] += shares.0 * self.steps.u[i];
            self.w[i] += shares.0 * self.steps.w[i];
        }
        self.share = shares.0.min(shares.1);
        self.look();
        self.go(shares, target)
    }

    fn direction(&mut self, mu: f64) {
        let ends = self.ends();
        let Self { active, first, places, links, weights, motion, w, steps, tremble, .. } = self;
        steps.solve(links, ends, |i| {
            let mut sums = StageSums::default();
            for row in &active[first[i]..first[i + 1]] {
                let spot = row.row.spot;
                row.add_to(sums.of(spot), places[i].of(spot), mu);
            }
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
        let Steps { x, u, w, .. } = &self.steps;
        for i in 1..self.grid.s.len() - 1 {
            let start = Step { x: x[i], u: u[i], w: w[i] };
            let end = Step { x: x[i + 1], u: u[i + 1], w: w[i] };
            for row in &mut self.active[self.first[i]..self.first[i + 1]] {
                let spot = row.row.spot;
                let step = if spot == Spot::End { &end } else { &start };
                reach = reach.and(row.plan(self.places[i].of(spot), step, mu));
            }
            let slower = -x[i] / self.motion.x[i] * BEFORE_LIMIT / BEFORE_STANDSTILL;
            reach.slack = reach.slack.max(slower);
        }
        (BEFORE_LIMIT / reach.slack, BEFORE_LIMIT / reach.force)
    }

    /// Goes the step with slacks and forces, the motion being there already.
    fn go(&mut self, shares: (f64, f64), mu: f64) -> Quality {
        let (mut products, mut violation) = (0.0, 0.0_f64);
        for i in 1..self.grid.s.len() - 1 {
            for row in &mut self.active[self.first[i]..self.first[i + 1]] {
                let (product, broken) = row.go(shares, mu, self.places[i].of(row.row.spot));
                products += product;
                violation = violation.max(broken);
            }
        }
        self.mu = products / self.count();
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
