//! The limits at every node and interval, as rows in (x, u, w) = (ṡ², s̈, ds̈/ds).
//!
//! Joint velocities bound x. Joint accelerations q′u + q″x and torques are rows at the nodes. Joint
//! jerk is ṡ(q′w + 3q″u + q‴x), so its rows, at both ends of an interval, have the bound J/ṡ. On a
//! straight interval all rows of a kind are multiples of one.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // one index over the nodes, arrays of N

use super::grid::Grid;
use super::rows::{Kind, Row, Spot};
use crate::curve::Jet;
use crate::limits::Limits;
use crate::reach::fastest;
use crate::torque::TorqueTerms;

/// The rows of all nodes.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub all: Vec<Row>,
    /// Where the rows of each node begin.
    pub first: Vec<usize>,
}

impl Rows {
    /// For each inner node: speed, acceleration, torque, and jerk behind it.
    pub(crate) fn new<const N: usize>(
        grid: &Grid<N>,
        limits: &Limits<N>,
        torque: impl Fn(&Jet<N>) -> Option<TorqueTerms<N>>,
    ) -> Self {
        let last = grid.s.len() - 1;
        let mut rows =
            Self { all: Vec::with_capacity(8 * last), first: Vec::with_capacity(last + 2) };
        rows.first.push(0);
        for i in 0..=last {
            rows.first.push(rows.all.len());
            if i == 0 || i == last {
                continue;
            }
            let jet = &grid.jets[i];
            rows.push(Kind::Speed, Spot::Node, None, [1.0 / largest(grid, limits, i), 0.0, 0.0]);
            rows.acceleration(jet, grid.straight[i], limits);
            if let Some(terms) = torque(jet) {
                rows.torque(&terms, limits);
            }
            if i + 1 == last {
                continue;
            }
            rows.jerk(Spot::Start, (jet, &jet.third), grid.straight[i], limits);
            if !grid.straight[i] {
                let behind = (&grid.jets[i + 1], &grid.third_before[i + 1]);
                rows.jerk(Spot::End, behind, false, limits);
            }
        }
        rows.first.remove(0);
        rows.first.push(rows.all.len());
        rows
    }

    /// The rows of node `i`.
    pub(crate) fn of(&self, i: usize) -> std::ops::Range<usize> {
        self.first[i]..self.first[i + 1]
    }

    fn push(&mut self, kind: Kind, spot: Spot, joint: Option<usize>, [cx, cu, cw]: [f64; 3]) {
        self.all.push(Row { kind, spot, joint, cx, cu, cw, c0: 0.0, bound: 1.0 });
    }

    fn acceleration<const N: usize>(&mut self, jet: &Jet<N>, straight: bool, limits: &Limits<N>) {
        let (kind, spot) = (Kind::Acceleration, Spot::Node);
        if straight {
            let most = steepest(jet, &limits.acceleration);
            return self.push(kind, spot, None, [0.0, most, 0.0]);
        }
        for j in 0..N {
            let limit = 1.0 / limits.acceleration[j];
            self.push(kind, spot, Some(j), [jet.second[j] * limit, jet.first[j] * limit, 0.0]);
        }
    }

    fn torque<const N: usize>(&mut self, terms: &TorqueTerms<N>, limits: &Limits<N>) {
        for j in (0..N).filter(|j| limits.torque[*j].is_finite()) {
            let limit = 1.0 / limits.torque[j];
            let coefficients = [terms.swing[j] * limit, terms.push[j] * limit, 0.0];
            self.push(Kind::Torque, Spot::Node, Some(j), coefficients);
            if let Some(row) = self.all.last_mut() {
                row.c0 = terms.hold[j] * limit;
            }
        }
    }

    fn jerk<const N: usize>(
        &mut self,
        spot: Spot,
        (jet, third): (&Jet<N>, &[f64; N]),
        straight: bool,
        limits: &Limits<N>,
    ) {
        if straight {
            return self.push(Kind::Jerk, spot, None, [0.0, 0.0, steepest(jet, &limits.jerk)]);
        }
        for j in 0..N {
            let limit = 1.0 / limits.jerk[j];
            let coefficients =
                [third[j] * limit, 3.0 * jet.second[j] * limit, jet.first[j] * limit];
            self.push(Kind::Jerk, spot, Some(j), coefficients);
        }
    }
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
