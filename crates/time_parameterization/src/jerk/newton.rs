//! One Newton step on the motion: dynamic programming over the nodes.
//!
//! From node to node u changes by δ·w and, with constant jerk in time, x by
//! δ(u₀ + u₁) + h²/12 (u₁² - u₀²), where h is how long the interval takes. The quadratic model of
//! cost and barrier is minimised backwards (a Riccati recursion with two states and one control) and
//! the step rolled out forwards. Next to the ends the motion is a cubic from or to rest, so that
//! u = ±2/3 · x/δ there.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // one index over the nodes

use super::solve::StageSums;

/// The motion between two nodes, linear around the present one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Link {
    /// Length, rad.
    pub delta: f64,
    /// Change of the next x with x.
    pub by_x: f64,
    /// Change of the next x with u.
    pub by_u: f64,
    /// Change of the next x with w.
    pub by_w: f64,
    /// By how much x arrives larger than the next node has it.
    pub gap_x: f64,
    /// The same of u.
    pub gap_u: f64,
}

/// A step of all nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps {
    pub x: Vec<f64>,
    pub u: Vec<f64>,
    pub w: Vec<f64>,
    gains: Vec<[f64; 3]>,
}

/// The cost to go: ½ z′Pz + p′z.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    xx: f64,
    xu: f64,
    uu: f64,
    x: f64,
    u: f64,
}

/// Conditions u = rise · x at the first inner node, u = -fall · x at the last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub rise: f64,
    pub fall: f64,
    /// By how much the last inner node breaks its condition.
    pub miss: f64,
}

impl Steps {
    pub(crate) fn new(count: usize) -> Self {
        let zero = vec![0.0; count];
        Self { x: zero.clone(), u: zero.clone(), w: zero, gains: vec![[0.0; 3]; count] }
    }

    /// The step for inner nodes 1 to n - 2 of n; `sums` gives the model at each, called backwards.
    pub(crate) fn solve(
        &mut self,
        links: &[Link],
        ends: Ends,
        mut sums: impl FnMut(usize) -> StageSums,
    ) {
        let last = self.x.len() - 2;
        let node = sums(last).node;
        let mut cost = Cost { xx: node.xx, xu: node.xu, uu: node.uu, x: node.x, u: node.u };
        for i in (1..last).rev() {
            let end = (i + 1 == last).then_some(ends);
            (cost, self.gains[i]) = cost.before(&links[i], &sums(i), end);
        }
        let rise = ends.rise;
        let stiffness = cost.xx + rise * (2.0 * cost.xu + rise * cost.uu);
        self.x[1] = -(cost.x + rise * cost.u) / stiffness;
        self.u[1] = rise * self.x[1];
        self.roll_out(links, last);
    }

    fn roll_out(&mut self, links: &[Link], last: usize) {
        for i in 1..last {
            let (link, [by_x, by_u, own]) = (&links[i], self.gains[i]);
            let (x, u) = (self.x[i], self.u[i]);
            let w = by_x * x + by_u * u + own;
            self.w[i] = w;
            self.x[i + 1] = link.by_x * x + link.by_u * u + link.by_w * w + link.gap_x;
            self.u[i + 1] = u + link.delta * w + link.gap_u;
        }
    }
}

impl Cost {
    /// The cost to go one node earlier, and the gains of w by x, u and 1.
    #[inline(always)]
    fn before(&self, link: &Link, sums: &StageSums, end: Option<Ends>) -> (Self, [f64; 3]) {
        let StageSums { node, start, end: behind } = sums;
        let (e, f, g, h) = (link.by_x, link.by_u, link.by_w, link.delta);
        let (xx, xu, uu) = (self.xx + behind.xx, self.xu + behind.xu, self.uu + behind.uu);
        let x = self.x + behind.x + xx * link.gap_x + xu * link.gap_u;
        let u = self.u + behind.u + xu * link.gap_x + uu * link.gap_u;
        // Of w alone, and of w with each state.
        let (wx, wu) = (xx * g + xu * h + behind.xw, xu * g + uu * h + behind.uw);
        let ww = g * (wx + behind.xw) + h * (wu + behind.uw) + start.ww + behind.ww;
        let w =
            g * x + h * u + start.w + behind.w + behind.xw * link.gap_x + behind.uw * link.gap_u;
        let (wx0, wu0) = (e * wx + start.xw, f * wx + wu + start.uw);
        let own = Self {
            xx: e * e * xx + start.xx + node.xx,
            xu: e * (f * xx + xu) + start.xu + node.xu,
            uu: f * (f * xx + 2.0 * xu) + uu + start.uu + node.uu,
            x: e * x + start.x + node.x,
            u: f * x + u + start.u + node.u,
        };
        match end {
            None => {
                let inverse = 1.0 / ww;
                let (kx, ku, k) = (-wx0 * inverse, -wu0 * inverse, -w * inverse);
                let cost = Self {
                    xx: own.xx + wx0 * kx,
                    xu: own.xu + wx0 * ku,
                    uu: own.uu + wu0 * ku,
                    x: own.x + wx0 * k,
                    u: own.u + wu0 * k,
                };
                (cost, [kx, ku, k])
            }
            Some(Ends { fall, miss, .. }) => {
                // w follows from the condition at the end.
                let inverse = -1.0 / (fall * g + h);
                let (kx, ku) = (fall * e * inverse, (fall * f + 1.0) * inverse);
                let k = (miss + fall * link.gap_x + link.gap_u) * inverse;
                let cost = Self {
                    xx: own.xx + kx * (2.0 * wx0 + ww * kx),
                    xu: own.xu + wx0 * ku + wu0 * kx + ww * kx * ku,
                    uu: own.uu + ku * (2.0 * wu0 + ww * ku),
                    x: own.x + wx0 * k + kx * (w + ww * k),
                    u: own.u + wu0 * k + ku * (w + ww * k),
                };
                (cost, [kx, ku, k])
            }
        }
    }
}
