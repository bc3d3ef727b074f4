//! The second and third joint: two links in the plane, whose end must come to a point.

use super::axes::{Line, parallel_sign};
use super::lanes::{Pair, Turn, below, root};
use super::waist::{Slack, Waist};

#[derive(Debug, Clone)]
pub(super) struct Elbow {
    /// The second axis in the plane [m].
    shoulder: (f64, f64),
    /// From the second to the third axis, and from there to the end, at zero [m].
    upper: (f64, f64),
    fore: (f64, f64),
    pub upper_length: f64,
    pub fore_length: f64,
    /// The elbow's angle at zero [rad].
    zero: f64,
    /// -1 when the third axis points against the second.
    sign: f64,
    slack: Slack,
}

/// Where the end must come, per lane.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    x: Pair,
    w: Pair,
    squared: Pair,
    /// Products of the link lengths with cosine and sine of the elbow's angle.
    along: Pair,
    across: Pair,
    /// The elbow's angle, when it bends the positive way [rad].
    angle: Pair,
    /// Lanes in which the point is within reach.
    pub reached: Pair,
}

/// One way to bend, per lane.
pub(super) struct Bend {
    /// About the second axis: of joint 2, and of joint 3.
    pub second: Turn,
    pub third: Turn,
}

impl Elbow {
    /// From the second and third axis and the end at zero; none when a link has no length.
    pub fn new(
        waist: &Waist,
        second: &Line,
        third: &Line,
        end: (f64, f64),
        slack: Slack,
    ) -> Option<Self> {
        let shoulder = waist.in_plane(&second.point);
        let elbow = waist.in_plane(&third.point);
        let upper = (elbow.0 - shoulder.0, elbow.1 - shoulder.1);
        let fore = (end.0 - elbow.0, end.1 - elbow.1);
        let (upper_length, fore_length) = (upper.0.hypot(upper.1), fore.0.hypot(fore.1));
        let sign = parallel_sign(&second.direction, &third.direction);
        let zero = (upper.0 * fore.1 - upper.1 * fore.0).atan2(upper.0 * fore.0 + upper.1 * fore.1);
        let solid = upper_length > 1e-4 && fore_length > 1e-4;
        solid.then_some(Self {
            shoulder,
            upper,
            fore,
            upper_length,
            fore_length,
            zero,
            sign,
            slack,
        })
    }

    /// Whether the point of the plane is within reach, and how the elbow must bend for it.
    #[inline]
    pub fn stretch(&self, x: Pair, w: Pair) -> Stretch {
        let (x, w) = (x - Pair::splat(self.shoulder.0), w - Pair::splat(self.shoulder.1));
        let squared = x * x + w * w;
        let (a, b) = (self.upper_length, self.fore_length);
        // So, and not from the cosine, to be exact where the arm is folded onto its shoulder.
        let folded = (squared - Pair::splat((a - b) * (a - b))) * Pair::splat(0.5);
        let stretched = (Pair::splat((a + b) * (a + b)) - squared) * Pair::splat(0.5);
        let (along, free) = (folded - Pair::splat(a * b), folded * stretched);
        let largest = a * b * a * b;
        let reached = !below(free, -self.slack.beyond * largest);
        let across = root(free, self.slack.within * largest);
        let angle = Turn { cos: along, sin: across }.angle();
        Stretch { x, w, squared, along, across, angle, reached }
    }

    /// The sine of the elbow's angle: 0 where both ways to bend are one.
    #[inline]
    pub fn margin(&self, stretch: &Stretch) -> Pair {
        stretch.across * Pair::splat(1.0 / (self.upper_length * self.fore_length))
    }

    /// Bends one way (`side` 1) or the other (-1); when the end comes onto the second axis, that
    /// joint stays at `held` [rad].
    #[inline]
    pub fn bend(&self, stretch: &Stretch, side: f64, held: f64) -> Bend {
        let ((ax, aw), (bx, bw)) = (self.upper, self.fore);
        // The elbow's angle, less the angle at zero.
        let zero =
            Turn { cos: Pair::splat(ax * bx + aw * bw), sin: Pair::splat(ax * bw - aw * bx) };
        let bent = Turn { cos: stretch.along, sin: stretch.across * Pair::splat(side) };
        let product = self.upper_length * self.fore_length;
        let third = zero.back().and(bent);
        let scale = Pair::splat(1.0 / (product * product));
        let third = Turn { cos: third.cos * scale, sin: third.sin * scale };
        let (x, w) = third.apply(Pair::splat(bx), Pair::splat(bw));
        let arm = Turn { cos: x + Pair::splat(ax), sin: w + Pair::splat(aw) };
        let turned = arm.back().and(Turn { cos: stretch.x, sin: stretch.w });
        let shrink = Pair::ONE / stretch.squared;
        let second = Turn { cos: turned.cos * shrink, sin: turned.sin * shrink };
        let folded = below(stretch.squared, (1e-12 * self.upper_length).powi(2));
        if folded.any() {
            return Bend { second: second.or(Turn::of(held), folded), third };
        }
        Bend { second, third }
    }

    /// The turn about the second axis that joint 3 makes [rad], and its position [rad].
    #[inline]
    pub fn third_joint(&self, stretch: &Stretch, side: f64) -> (Pair, Pair) {
        let turn = stretch.angle * Pair::splat(side) - Pair::splat(self.zero);
        (turn, turn * Pair::splat(self.sign))
    }

    /// How far beyond its reach the nearer of both lanes is [m]; 0 when one is within.
    pub fn missing(&self, stretch: &Stretch) -> f64 {
        let (far, near) =
            (self.upper_length + self.fore_length, (self.upper_length - self.fore_length).abs());
        let by = |squared: f64| (squared.sqrt() - far).max(near - squared.sqrt()).max(0.0);
        let [a, b] = stretch.squared.to_array();
        by(a).min(by(b))
    }
}
