//! Three turns that make an orientation: the wrist of an arm whose last axes meet, and the sum of
//! three parallel joints with the two that follow.
//!
//! An orientation is seen in frames that make it `Rz(first) Rx(α) Rz(middle) Rx(β) Rz(last)`, with
//! α and β the angles between the axes; both are right angles on most arms, but need not be.

use nalgebra::{Matrix3, Vector3};

use super::axes::Line;
use super::lanes::{Pair, Triple, Turn, below, root};
use super::waist::Slack;

/// Square of the sine of the angle between first and last axis below which they are one.
const ALIGNED: f64 = 1e-24;

#[derive(Debug, Clone)]
pub(super) struct Wrist {
    /// The frame on the first axis, in the base: takes base coordinates to it.
    pub into_first: Matrix3<f64>,
    /// The frame on the last axis, in the base.
    pub last: Matrix3<f64>,
    alpha: (f64, f64),
    beta: (f64, f64),
    /// The middle turn at zero [rad].
    zero: f64,
    /// Whether both angles are right angles: the two ways then differ by half a turn.
    right: bool,
    slack: Slack,
}

/// Which turn keeps its place [rad] when only the sum of first and last matters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held {
    First(f64),
    Last(f64),
}

/// Cosine and sine of the middle turn, per lane: the other way has the opposite sine.
#[derive(Clone, Copy)]
pub(super) struct Tilt {
    cos: Pair,
    sin: Pair,
    /// First and third column of the orientation.
    x: Triple,
    z: Triple,
    /// Sine of the angle between first and last axis, or of the middle turn if that is smaller.
    pub margin: Pair,
    aligned: Pair,
    /// Lanes in which the orientation can be made.
    pub reached: Pair,
}

/// The three turns, per lane.
#[derive(Clone, Copy)]
struct Turns {
    first: Turn,
    middle: Turn,
    last: Turn,
}

/// The same as angles [rad], the middle one as its joint counts it.
#[derive(Clone, Copy)]
pub(super) struct Angles {
    pub first_turn: Turn,
    pub first: Pair,
    pub middle: Pair,
    pub last: Pair,
}

impl Wrist {
    /// From three axes at zero; none when neighbours are parallel.
    pub fn new(
        first: &Vector3<f64>,
        middle: &Vector3<f64>,
        last: &Line,
        slack: Slack,
    ) -> Option<Self> {
        let x = first.cross(middle).try_normalize(1e-3)?;
        let frame = Matrix3::from_columns(&[x, first.cross(&x), *first]);
        let alpha = (first.cross(middle).norm(), first.dot(middle));
        let tilted = frame * about_x(alpha);
        let end = tilted.transpose() * last.direction;
        let beta = (end.x.hypot(end.y), end.z);
        let zero = end.x.atan2(-end.y);
        let last = tilted * crate::hinge::about_z(zero) * about_x(beta);
        let right = alpha.1.abs().max(beta.1.abs()) < 1e-15;
        let into_first = frame.transpose();
        (beta.0 > 1e-3).then_some(Self { into_first, last, alpha, beta, zero, right, slack })
    }

    /// The middle turn for an orientation, given by its first and third column.
    #[inline]
    pub fn tilt(&self, x: Triple, z: Triple) -> Tilt {
        let ((sa, ca), (sb, cb)) = (self.alpha, self.beta);
        let scale = Pair::splat(1.0 / (sa * sb));
        let aside = z[0] * z[0] + z[1] * z[1];
        let cos = (Pair::splat(ca * cb) - z[2]) * scale;
        let free = aside - Pair::splat(ca * ca + cb * cb) + Pair::splat(2.0 * ca * cb) * z[2];
        let reached = !below(free, -self.slack.beyond);
        let sin = root(free, self.slack.within) * scale;
        let margin = root(aside, 0.0).fast_min(sin);
        Tilt { cos, sin, x, z, margin, aligned: below(aside, ALIGNED), reached }
    }

    /// The angles of both ways, by the sign of the middle turn.
    #[inline]
    pub fn both_ways(&self, tilt: &Tilt, held: Held) -> [Angles; 2] {
        let one = self.turns(tilt, 1.0, held).angles();
        let other = if self.right { one.flipped() } else { self.turns(tilt, -1.0, held).angles() };
        [one, other].map(|way| Angles { middle: way.middle - Pair::splat(self.zero), ..way })
    }

    /// The turns, with the middle one this way (`side` 1) or the other (-1).
    #[inline]
    fn turns(&self, tilt: &Tilt, side: f64, held: Held) -> Turns {
        let ((sa, ca), (sb, cb)) = (self.alpha, self.beta);
        let (c, s) = (tilt.cos, tilt.sin * Pair::splat(side));
        let (vx, vy) = (s * Pair::splat(sb), -(c * Pair::splat(sb * ca)) - Pair::splat(cb * sa));
        let mut first =
            Turn::towards(tilt.z[0] * vx + tilt.z[1] * vy, tilt.z[1] * vx - tilt.z[0] * vy);
        if tilt.aligned.any() {
            let angle = if let Held::First(angle) = held { angle } else { 0.0 };
            first = first.or(Turn::of(angle), tilt.aligned);
        }
        // The rest follows from the first turn, so that both make the orientation together also
        // where the first is ill-determined.
        let (across, up) = (first.back().apply(tilt.x[0], tilt.x[1]), tilt.x[2]);
        let cos = c * across.0 + s * (Pair::splat(ca) * across.1 + Pair::splat(sa) * up);
        let sin = (c * across.1 * Pair::splat(ca) + c * up * Pair::splat(sa) - s * across.0)
            * Pair::splat(cb)
            + (up * Pair::splat(ca) - across.1 * Pair::splat(sa)) * Pair::splat(sb);
        let turns = Turns { first, middle: Turn { cos: c, sin: s }, last: Turn { cos, sin } };
        match held {
            Held::Last(angle) if tilt.aligned.any() => turns.with_last(angle, tilt),
            _ => turns,
        }
    }
}

impl Turns {
    #[inline]
    fn angles(self) -> Angles {
        let (first, middle, last) = (self.first.angle(), self.middle.angle(), self.last.angle());
        Angles { first_turn: self.first, first, middle, last }
    }

    /// The same orientation with the last turn at `angle` [rad] where only the sum matters.
    #[cold]
    fn with_last(self, angle: f64, tilt: &Tilt) -> Self {
        let last = Turn::of(angle);
        let moved = self.last.and(last.back());
        // First and last axis point the same way, or against each other.
        let moved = moved.or(moved.back(), below(tilt.z[2], 0.0));
        let first = self.first.and(moved);
        Self {
            first: self.first.or(first, tilt.aligned),
            last: self.last.or(last, tilt.aligned),
            ..self
        }
    }
}

impl Angles {
    /// The other way of a wrist with right angles.
    #[inline]
    fn flipped(self) -> Self {
        let half = Pair::splat(std::f64::consts::PI);
        Self {
            first_turn: self.first_turn.flipped(),
            first: self.first + half,
            middle: -self.middle,
            last: self.last + half,
        }
    }
}

/// A turn about x by the angle of this sine and cosine.
fn about_x((sin, cos): (f64, f64)) -> Matrix3<f64> {
    Matrix3::new(1.0, 0.0, 0.0, 0.0, cos, -sin, 0.0, sin, cos)
}
