//! How near a timed motion comes to its limits: exactly, between the points too.
#![allow(clippy::indexing_slicing)] // arrays of N, indices below N

use trajectory::Polynomial;

use crate::limits::Limits;
use crate::timed::{Point, Timed};

/// The largest shares of the limits that a motion takes: 1 is just allowed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Peaks {
    /// Of a velocity limit.
    pub velocity: f64,
    /// Of an acceleration limit.
    pub acceleration: f64,
    /// Of a jerk limit.
    pub jerk: f64,
}

impl Peaks {
    fn and(self, other: Self) -> Self {
        Self {
            velocity: self.velocity.max(other.velocity),
            acceleration: self.acceleration.max(other.acceleration),
            jerk: self.jerk.max(other.jerk),
        }
    }

    /// How much more slowly the motion must go to take no more than all.
    #[must_use]
    pub fn stretch(self) -> f64 {
        self.velocity.max(self.acceleration.sqrt()).max(self.jerk.cbrt())
    }
}

/// A joint that leaves its position limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Swing {
    /// Index of the joint.
    pub joint: usize,
    /// How far it goes, rad.
    pub value: f64,
}

impl<const N: usize> Timed<N> {
    /// The largest shares of velocity, acceleration and jerk limits at any instant.
    #[must_use]
    pub fn peaks(&self, limits: &Limits<N>) -> Peaks {
        let segments = self.points().windows(2);
        segments
            .fold(Peaks::default(), |peaks, pair| peaks.and(segment(&pair[0], &pair[1], limits)))
    }

    /// The first joint that leaves its position limits by more than `slack` rad.
    #[must_use]
    pub fn swing(&self, limits: &Limits<N>, slack: f64) -> Option<Swing> {
        self.points().windows(2).find_map(|pair| {
            (0..N).find_map(|joint| {
                let beyond = |min: f64, max: f64| {
                    let (lower, upper) = (limits.lower[joint] - slack, limits.upper[joint] + slack);
                    [min, max].into_iter().find(|value| *value < lower || *value > upper)
                };
                let polynomial = quintic(&pair[0], &pair[1], joint);
                let hull = polynomial.hull().position;
                beyond(hull.min, hull.max)?;
                let exact = polynomial.extremes().position;
                Some(Swing { joint, value: beyond(exact.min, exact.max)? })
            })
        })
    }
}

fn quintic<const N: usize>(from: &Point<N>, to: &Point<N>, joint: usize) -> Polynomial {
    Polynomial::quintic(from.state.knot(joint), to.state.knot(joint), to.time - from.time)
}

fn segment<const N: usize>(from: &Point<N>, to: &Point<N>, limits: &Limits<N>) -> Peaks {
    let shares = Shares::between(from, to, limits);
    let most = |values: &[f64; N]| values.iter().copied().fold(0.0, f64::max);
    let mut peaks = Peaks {
        velocity: most(&shares.velocity),
        acceleration: most(&shares.acceleration),
        jerk: most(&shares.jerk),
    };
    if peaks.velocity > 1.0 {
        let exact = (0..N)
            .map(|j| quintic(from, to, j).extremes().velocity.peak().abs() / limits.velocity[j]);
        peaks.velocity = exact.fold(0.0, f64::max);
    }
    peaks
}

/// The largest shares of each joint's limits between two points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shares<const N: usize> {
    /// Not exact, but never too small.
    pub velocity: [f64; N],
    pub acceleration: [f64; N],
    pub jerk: [f64; N],
}

impl<const N: usize> Shares<N> {
    #[inline]
    pub(crate) fn between(from: &Point<N>, to: &Point<N>, limits: &Limits<N>) -> Self {
        let h = to.time - from.time;
        let rate = 1.0 / h;
        let zero = [0.0; N];
        let mut shares = Self { velocity: zero, acceleration: zero, jerk: zero };
        for j in 0..N {
            let shape = Shape::between(from.state.knot(j), to.state.knot(j), h);
            shares.velocity[j] = shape.velocity_bound() * rate / limits.velocity[j];
            shares.acceleration[j] = shape.acceleration() * rate * rate / limits.acceleration[j];
            shares.jerk[j] = shape.jerk() * rate * rate * rate / limits.jerk[j];
        }
        shares
    }
}

/// A quintic over x from 0 to 1 by its derivatives: velocity v0 + a0 x + … in rad per segment.
struct Shape {
    v: [f64; 5],
}

impl Shape {
    #[inline]
    fn between(from: (f64, f64, f64), to: (f64, f64, f64), h: f64) -> Self {
        let (v0, v1) = (from.1 * h, to.1 * h);
        let (a0, a1) = (from.2 * h * h, to.2 * h * h);
        let rise = to.0 - from.0;
        let cubic = 10.0 * rise - 6.0 * v0 - 4.0 * v1 - 1.5 * a0 + 0.5 * a1;
        let quartic = -15.0 * rise + 8.0 * v0 + 7.0 * v1 + 1.5 * a0 - a1;
        let quintic = 6.0 * rise - 3.0 * (v0 + v1) - 0.5 * (a0 - a1);
        Self { v: [v0, a0, 3.0 * cubic, 4.0 * quartic, 5.0 * quintic] }
    }

    /// A bound of the velocity: its Bézier points.
    #[inline]
    fn velocity_bound(&self) -> f64 {
        let [a, b, c, d, e] = self.v;
        let inner = [
            a + b / 4.0,
            a + b / 2.0 + c / 6.0,
            a + 0.75 * b + c / 2.0 + d / 4.0,
            a + b + c + d + e,
        ];
        inner.into_iter().fold(a.abs(), |bound, point| bound.max(point.abs()))
    }

    /// The largest acceleration, exact: at the ends and where the jerk is zero.
    #[inline]
    fn acceleration(&self) -> f64 {
        let [_, b, c, d, e] = self.v;
        let at = |x: f64| (b + x * (2.0 * c + x * (3.0 * d + x * 4.0 * e))).abs();
        // The jerk is 2c + 6d x + 12e x²; both roots without cancellation.
        let half = 3.0 * d;
        let root = (half * half - 24.0 * c * e).max(0.0).sqrt();
        let q = -(half + root.copysign(half));
        let (first, second) = (inside(q / (12.0 * e)), inside(2.0 * c / q));
        at(0.0).max(at(1.0)).max(at(first)).max(at(second))
    }

    /// The largest jerk, exact: at the ends and the vertex.
    #[inline]
    fn jerk(&self) -> f64 {
        let [_, _, c, d, e] = self.v;
        let at = |x: f64| (2.0 * c + x * (6.0 * d + x * 12.0 * e)).abs();
        at(0.0).max(at(1.0)).max(at(inside(-d / (4.0 * e))))
    }
}

/// The nearest number from 0 to 1; 0 for what is no number.
#[inline]
#[allow(clippy::manual_clamp)] // which would keep NaN
fn inside(x: f64) -> f64 {
    x.max(0.0).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::limits;
    use crate::timed::State;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn peaks_are_those_of_a_dense_sampling(
            from in prop::array::uniform3(-2.0..2.0), to in prop::array::uniform3(-2.0..2.0),
            h in 0.1..2.0,
        ) {
            let point = |time, k: [f64; 3]| Point {
                time, state: State::from_knots([(k[0], k[1], k[2]); 6]),
            };
            let timed = Timed::new(vec![point(0.0, from), point(h, to)]);
            let (limits, found) = (limits(), timed.peaks(&limits()));
            let mut worst = [0.0_f64; 3];
            let mut last = timed.sample(0.0);
            let step = h / 20_000.0;
            for k in 1..20_000 {
                let now = timed.sample(step * f64::from(k));
                for j in 0..6 {
                    let jerk = (now.acceleration[j] - last.acceleration[j]) / step;
                    worst[0] = worst[0].max(now.velocity[j].abs() / limits.velocity[j]);
                    worst[1] = worst[1].max(now.acceleration[j].abs() / limits.acceleration[j]);
                    worst[2] = worst[2].max(jerk.abs() / limits.jerk[j]);
                }
                last = now;
            }
            prop_assert!(found.acceleration >= worst[1] * (1.0 - 1e-9));
            prop_assert!(found.acceleration <= worst[1] * 1.001 + 1e-3);
            prop_assert!(found.jerk >= worst[2] * (1.0 - 1e-6) && found.jerk <= worst[2] * 1.001 + 1e-3);
            prop_assert!(found.velocity >= worst[0] * (1.0 - 1e-9));
            prop_assert!(found.velocity <= worst[0] * 1.001 + 1e-3 || found.velocity <= 1.0);
        }
    }
}
