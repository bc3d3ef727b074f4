//! One limit of one joint at one node, as a pair of inequalities with slacks and forces.
//!
//! A row is |cx·x + cu·u + cw·w + c0| ≤ bound, with the coefficients divided by the limit. Each side
//! has a slack (how far the limit is) and a force (how strongly it holds the motion back); the solver
//! drives their product to the small number μ.

/// Where a row is evaluated.
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
    /// The bound, in parts of [`Row::bound`]: 1, or 1/ṡ for jerk.
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

impl Reach {
    #[inline]
    pub(crate) fn and(self, other: Self) -> Self {
        Self { slack: self.slack.max(other.slack), force: self.force.max(other.force) }
    }
}

/// At which end of the interval behind a node a row is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// At the node itself: no w.
    Node,
    /// At the start of the interval.
    Start,
    /// At its end, which is the next node.
    End,
}

/// What a row limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Speed,
    Acceleration,
    Torque,
    Jerk,
}

/// The limit of a joint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub kind: Kind,
    pub spot: Spot,
    /// Index of the joint; none for a row that holds for all joints.
    pub joint: Option<usize>,
    pub cx: f64,
    pub cu: f64,
    pub cw: f64,
    pub c0: f64,
    /// 1, less what the motion overshoots between the nodes.
    pub bound: f64,
}

/// A row that the solver heeds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Active {
    pub row: Row,
    /// Number of the row among all.
    pub index: usize,
    over: Side,
    under: Side,
}

/// One side of the inequality.
#[derive(Debug, Clone, Copy)]
struct Side {
    slack: f64,
    force: f64,
    /// Change of the slack in the step at hand.
    change: f64,
}

impl Side {
    fn new(slack: f64, mu: f64) -> Self {
        Self { slack, force: mu / slack, change: 0.0 }
    }

    /// How much of its slack a step takes, and of its force.
    #[inline(always)]
    fn shrinks(&self, mu: f64) -> (f64, f64) {
        let shrink = -self.change / self.slack;
        // The force grows by (μ - force·change) / slack - force.
        (shrink, 1.0 - shrink - mu / (self.slack * self.force))
    }

    #[inline(always)]
    fn go(&mut self, slack_share: f64, force_share: f64, mu: f64, real: f64) {
        let growth = (mu - self.force * self.change) / self.slack - self.force;
        self.force += force_share * growth;
        self.slack = (self.slack + slack_share * self.change).max(real);
    }
}

impl Row {
    /// The value over its limit.
    #[inline(always)]
    pub(crate) fn share(&self, at: &At) -> f64 {
        self.value(at).abs() / at.root
    }

    #[inline(always)]
    fn value(&self, at: &At) -> f64 {
        self.cx * at.x + self.cu * at.u + self.cw * at.ratio * at.w + self.c0
    }
}

impl Active {
    /// Heeds a row; slacks that are violated are set to `least` of the bound.
    pub(crate) fn new(row: Row, index: usize, at: &At, least: f64, mu: f64) -> Self {
        let (value, bound) = (row.value(at), row.bound * at.root);
        let side = |slack: f64| Side::new(slack.max(least * at.root), mu);
        Self { row, index, over: side(bound - value), under: side(bound + value) }
    }

    /// The same with another bound.
    pub(crate) fn with(self, row: Row) -> Self {
        Self { row, ..self }
    }

    /// What the row adds to the quadratic model of the step.
    #[inline(always)]
    pub(crate) fn add_to(&self, sums: &mut Sums, at: &At, mu: f64) {
        let Row { cx, cu, cw, bound, .. } = self.row;
        let (value, cw) = (self.row.value(at), cw * at.ratio);
        let (slope, bound) = (bound * at.slope, bound * at.root);
        let (per_over, per_under) = (1.0 / self.over.slack, 1.0 / self.under.slack);
        let stiff_over = self.over.force * per_over;
        let stiff_under = self.under.force * per_under;
        let push_over = mu * per_over - stiff_over * (bound - value - self.over.slack);
        let push_under = mu * per_under - stiff_under * (bound + value - self.under.slack);
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

    /// Takes note of a step and says how far it may go.
    #[inline(always)]
    pub(crate) fn plan(&mut self, at: &At, step: &Step, mu: f64) -> Reach {
        let Row { cx, cu, cw, bound, .. } = self.row;
        let value = self.row.value(at);
        let change = cx * step.x + cu * step.u + cw * at.ratio * step.w;
        let bound = bound * (at.root + at.slope * step.x);
        self.over.change = bound - value - change - self.over.slack;
        self.under.change = bound + value + change - self.under.slack;
        let (over, under) = (self.over.shrinks(mu), self.under.shrinks(mu));
        Reach { slack: over.0.max(under.0), force: over.1.max(under.1) }
    }

    /// Goes the planned step, shares of it for slacks and forces, to where the row now is. Real
    /// slacks are taken where they are larger. Returns the sum of the products of slack and force,
    /// and the violation.
    #[inline(always)]
    pub(crate) fn go(&mut self, (slack, force): (f64, f64), mu: f64, at: &At) -> (f64, f64) {
        let (value, bound) = (self.row.value(at), self.row.bound * at.root);
        let (over, under) = (bound - value, bound + value);
        self.over.go(slack, force, mu, over);
        self.under.go(slack, force, mu, under);
        let products = self.over.slack * self.over.force + self.under.slack * self.under.force;
        (products, (self.over.slack - over).max(self.under.slack - under) / at.root)
    }
}
