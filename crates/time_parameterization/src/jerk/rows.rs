//! Limits as pairs of inequalities with slacks and forces: one block for each limit at a node.
//!
//! A row is a joint's |cx·x + cu·u + cw·ẇ + c0| ≤ bound, with the coefficients divided by the limit.
//! Each side has a slack (how far the limit is) and a force (how strongly it holds the motion back);
//! the solver drives their product to the small number μ.
#![allow(clippy::indexing_slicing)] // arrays of K, indices below K

/// Where a block is evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    /// ṡ².
    pub x: f64,
    /// s̈.
    pub u: f64,
    /// Change of s̈ along the interval, by the way.
    pub w: f64,
    /// Mean speed of the interval over the speed here.
    pub ratio: f64,
    /// The bound, in parts of [`Block::bound`]: 1, or 1/ṡ for jerk.
    pub root: f64,
    /// Its derivative by x.
    pub slope: f64,
}

impl At {
    /// For rows without w and with a constant bound.
    pub(crate) fn node(x: f64, u: f64) -> Self {
        Self { x, u, w: 0.0, ratio: 1.0, root: 1.0, slope: 0.0 }
    }
}

/// A step from there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub x: f64,
    pub u: f64,
    pub w: f64,
}

/// Second and first derivatives of the barrier by x, u and w.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub xx: f64,
    pub xu: f64,
    pub uu: f64,
    pub xw: f64,
    pub uw: f64,
    pub ww: f64,
    pub x: f64,
    pub u: f64,
    pub w: f64,
}

/// How far a step may go, as one over the share of it: 0 for as far as one likes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reach {
    pub slack: f64,
    pub force: f64,
}

/// K rows at one node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<const K: usize> {
    pub cx: [f64; K],
    pub cu: [f64; K],
    pub cw: [f64; K],
    pub c0: [f64; K],
    /// 1, less what the motion overshoots between the nodes.
    pub bound: [f64; K],
    over: Side<K>,
    under: Side<K>,
}

/// One side of the inequalities.
#[derive(Debug, Clone, Copy)]
struct Side<const K: usize> {
    slack: [f64; K],
    force: [f64; K],
    /// Change of the slack in the step at hand.
    change: [f64; K],
}

impl<const K: usize> Side<K> {
    const FREE: Self = Self { slack: [1.0; K], force: [0.0; K], change: [0.0; K] };
}

impl<const K: usize> Block<K> {
    pub(crate) fn new(cx: [f64; K], cu: [f64; K], cw: [f64; K]) -> Self {
        let (over, under) = (Side::FREE, Side::FREE);
        Self { cx, cu, cw, c0: [0.0; K], bound: [1.0; K], over, under }
    }

    #[inline(always)]
    fn value(&self, at: &At, k: usize) -> f64 {
        self.cx[k] * at.x + self.cu[k] * at.u + self.cw[k] * at.ratio * at.w + self.c0[k]
    }

    /// The values over their limits.
    pub(crate) fn shares(&self, at: &At) -> [f64; K] {
        std::array::from_fn(|k| self.value(at, k).abs() / at.root)
    }

    /// Slacks and forces to begin with: slacks that are violated are set to `least` of the bound.
    pub(crate) fn reset(&mut self, at: &At, least: f64, mu: f64) {
        for k in 0..K {
            let (value, bound) = (self.value(at, k), self.bound[k] * at.root);
            for (side, slack) in [(&mut self.over, bound - value), (&mut self.under, bound + value)]
            {
                side.slack[k] = slack.max(least * at.root);
                side.force[k] = mu / side.slack[k];
            }
        }
    }

    /// What the block adds to the quadratic model of the step.
    #[inline(always)]
    pub(crate) fn sums(&self, at: &At, mu: f64) -> Sums {
        let mut sums = Sums::default();
        for k in 0..K {
            let (value, bound) = (self.value(at, k), self.bound[k] * at.root);
            let (cx, cu, cw) = (self.cx[k], self.cu[k], self.cw[k] * at.ratio);
            let slope = self.bound[k] * at.slope;
            let (over, under) = (self.over.slack[k], self.under.slack[k]);
            let (per_over, per_under) = (1.0 / over, 1.0 / under);
            let stiff_over = self.over.force[k] * per_over;
            let stiff_under = self.under.force[k] * per_under;
            let push_over = mu * per_over - stiff_over * (bound - value - over);
            let push_under = mu * per_under - stiff_under * (bound + value - under);
            let (both, odd) = (stiff_over + stiff_under, stiff_under - stiff_over);
            let (push, pull) = (push_under - push_over, push_over + push_under);
            let mixed = both * cx + odd * slope;
            sums.xx += mixed * cx + (both * slope + odd * cx) * slope;
            sums.xu += mixed * cu;
            sums.xw += mixed * cw;
            sums.uu += both * cu * cu;
            sums.uw += both * cu * cw;
            sums.ww += both * cw * cw;
            sums.x -= pull * slope + push * cx;
            sums.u -= push * cu;
            sums.w -= push * cw;
        }
        sums
    }

    /// Takes note of a step and says how far it may go.
    #[inline(always)]
    pub(crate) fn plan(&mut self, at: &At, step: &Step, mu: f64) -> Reach {
        let mut slack_reach = [0.0_f64; K];
        let mut force_reach = [0.0_f64; K];
        for k in 0..K {
            let (value, bound) = (self.value(at, k), self.bound[k] * at.root);
            let slope = self.bound[k] * at.slope * step.x;
            let change = self.cx[k] * step.x + self.cu[k] * step.u + self.cw[k] * at.ratio * step.w;
            let over = bound - value + slope - change - self.over.slack[k];
            let under = bound + value + slope + change - self.under.slack[k];
            (self.over.change[k], self.under.change[k]) = (over, under);
            let shrink = [-over / self.over.slack[k], -under / self.under.slack[k]];
            slack_reach[k] = shrink[0].max(shrink[1]);
            // Force grows by (μ - force·change) / slack - force.
            let centre = |side: &Side<K>| mu / (side.slack[k] * side.force[k]);
            let fade =
                [1.0 - shrink[0] - centre(&self.over), 1.0 - shrink[1] - centre(&self.under)];
            force_reach[k] = fade[0].max(fade[1]);
        }
        Reach {
            slack: slack_reach.into_iter().fold(0.0, f64::max),
            force: force_reach.into_iter().fold(0.0, f64::max),
        }
    }

    /// Goes the planned step: shares of it for slacks and forces.
    #[inline(always)]
    pub(crate) fn go(&mut self, slack_share: f64, force_share: f64, mu: f64) {
        for side in [&mut self.over, &mut self.under] {
            for k in 0..K {
                let (slack, force) = (side.slack[k], side.force[k]);
                let growth = (mu - force * side.change[k]) / slack - force;
                side.force[k] = force + force_share * growth;
                side.slack[k] = slack + slack_share * side.change[k];
            }
        }
    }

    /// Takes the real slacks where they are larger, and returns the sum of all products of slack and
    /// force and the largest violation.
    #[inline(always)]
    pub(crate) fn settle(&mut self, at: &At) -> (f64, f64) {
        let mut products = [0.0; K];
        let mut worst = [0.0_f64; K];
        for k in 0..K {
            let (value, bound) = (self.value(at, k), self.bound[k] * at.root);
            let (over, under) = (bound - value, bound + value);
            self.over.slack[k] = self.over.slack[k].max(over);
            self.under.slack[k] = self.under.slack[k].max(under);
            products[k] =
                self.over.slack[k] * self.over.force[k] + self.under.slack[k] * self.under.force[k];
            worst[k] = (self.over.slack[k] - over).max(self.under.slack[k] - under) / at.root;
        }
        (products.into_iter().sum(), worst.into_iter().fold(0.0, f64::max))
    }
}
