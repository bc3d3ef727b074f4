//! From rest to rest, all joints together, as quickly as the slowest joint can: in closed form.
//!
//! Whatever one joint can do in its least time it can do in any longer time, so the duration is the
//! longest of the least times. Where the limits of all joints allow it, the joints then follow the
//! slowest one in proportion, along the straight line; else each takes its own quickest motion,
//! slowed to the common duration.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // arrays of N, indices below N

use crate::limits::Limits;
use crate::phases::{Joint, Phase};
use crate::s_curve::SCurve;
use crate::timed::State;

/// Rounding allowed beyond a limit on the straight line, relative.
const ROUNDING: f64 = 1e-12;

/// A joint that could be quicker by less than this, relative, sets the duration.
const CRITICAL: f64 = 1e-9;

/// A motion from rest to rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestToRest<const N: usize> {
    from: [f64; N],
    to: [f64; N],
    duration: f64,
    shape: Shape<N>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape<const N: usize> {
    /// All joints in proportion to the way of one, from 0 to 1.
    Straight(SCurve),
    /// Each joint by its own, and how many times as slowly as it could.
    Single([SCurve; N], [f64; N]),
}

impl<const N: usize> RestToRest<N> {
    /// The quickest from one position to another [rad], both finite.
    #[inline]
    pub(crate) fn quickest(from: &[f64; N], to: &[f64; N], limits: &Limits<N>) -> Self {
        let mut curves = [SCurve::default(); N];
        let mut slowest = 0;
        let mut duration = 0.0;
        for j in 0..N {
            let bounds = [limits.velocity[j], limits.acceleration[j], limits.jerk[j]];
            curves[j] = SCurve::quickest(to[j] - from[j], bounds);
            if curves[j].duration() > duration {
                (slowest, duration) = (j, curves[j].duration());
            }
        }
        let shape = straight(from, to, (slowest, &curves), limits);
        let single = || {
            let slower = curves.map(|curve| duration / curve.duration().max(f64::MIN_POSITIVE));
            Shape::Single(curves, slower)
        };
        Self { from: *from, to: *to, duration, shape: shape.unwrap_or_else(single) }
    }

    /// The quickest on the straight line.
    pub(crate) fn straight(from: &[f64; N], to: &[f64; N], limits: &Limits<N>) -> Self {
        let mut bounds = [f64::INFINITY; 3];
        for j in 0..N {
            let way = (to[j] - from[j]).abs();
            let limits = [limits.velocity[j], limits.acceleration[j], limits.jerk[j]];
            for (bound, limit) in bounds.iter_mut().zip(limits) {
                *bound = bound.min(limit / way);
            }
        }
        let way = if bounds.iter().all(|bound| bound.is_finite()) { 1.0 } else { 0.0 };
        let bounds = if way > 0.0 { bounds } else { [1.0; 3] };
        let curve = SCurve::quickest(way, bounds);
        Self { from: *from, to: *to, duration: curve.duration(), shape: Shape::Straight(curve) }
    }

    /// How long it takes, s.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.duration
    }

    /// Whether all joints move in proportion: on the straight line from start to target.
    #[must_use]
    pub fn is_straight(&self) -> bool {
        matches!(self.shape, Shape::Straight(_))
    }

    /// The state at `t` s, exactly at rest at both ends.
    #[must_use]
    pub fn at(&self, t: f64) -> State<N> {
        if t <= 0.0 {
            return State::at_rest(self.from);
        }
        if t >= self.duration {
            return State::at_rest(self.to);
        }
        State::from_knots(std::array::from_fn(|j| self.joint(j, t)))
    }

    fn joint(&self, j: usize, t: f64) -> (f64, f64, f64) {
        let (scale, slower, curve) = self.curve(j);
        let (p, v, a) = curve.at(t / slower);
        let rate = scale / slower;
        (self.from[j] + scale * p, rate * v, rate / slower * a)
    }

    /// The motion of a joint: a curve, by what to multiply it, and how much more slowly.
    fn curve(&self, j: usize) -> (f64, f64, &SCurve) {
        match &self.shape {
            Shape::Straight(curve) => (self.to[j] - self.from[j], 1.0, curve),
            Shape::Single(curves, slower) => (1.0, slower[j], &curves[j]),
        }
    }

    /// Each joint's phases of constant jerk.
    pub(crate) fn joints(&self) -> [Joint; N] {
        std::array::from_fn(|j| {
            let (scale, slower, curve) = self.curve(j);
            if self.to[j] == self.from[j] {
                return Joint::still(self.from[j]);
            }
            let jerk = scale / (slower * slower * slower);
            let phases = curve.phases().map(|(time, sign)| {
                let start = time * slower;
                Phase { start, knot: self.joint(j, start), jerk: jerk * sign }
            });
            Joint { phases: phases.into(), critical: slower < 1.0 + CRITICAL }
        })
    }
}

/// The motion of the slowest joint for all of them, if every joint can follow.
#[inline]
fn straight<const N: usize>(
    from: &[f64; N],
    to: &[f64; N],
    (slowest, curves): (usize, &[SCurve; N]),
    limits: &Limits<N>,
) -> Option<Shape<N>> {
    let way = to[slowest] - from[slowest];
    let unit = curves[slowest].scaled(1.0 / way);
    let [velocity, acceleration, jerk] = unit.peaks();
    let fits = (0..N).all(|j| {
        let share = (to[j] - from[j]).abs() * (1.0 - ROUNDING);
        share * velocity <= limits.velocity[j]
            && share * acceleration <= limits.acceleration[j]
            && share * jerk <= limits.jerk[j]
    });
    (fits && way != 0.0).then_some(Shape::Straight(unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::limits;

    #[test]
    fn joints_with_like_limits_go_straight() {
        let to = [1.0, 0.2, 0.1, 0.1, 0.1, -0.3];
        let motion = RestToRest::quickest(&[0.0; 6], &to, &limits());
        assert!(motion.is_straight());
        let half = motion.at(motion.duration() / 2.0);
        for j in 0..6 {
            assert!((half.position[j] - to[j] / 2.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_quick_joint_that_cannot_follow_the_slow_one_takes_its_own_way_in_the_same_time() {
        // Joint 1 is limited by its speed, joint 2 by its acceleration.
        let mut limits = limits();
        (limits.velocity[1], limits.acceleration[1]) = (10.0, 2.0);
        let motion = RestToRest::quickest(&[0.0; 6], &[6.0, 3.0, 0.0, 0.0, 0.0, 0.0], &limits);
        assert!(!motion.is_straight());
        assert_eq!(motion.at(motion.duration()).position[1], 3.0);
        let peak = (0..1000).fold(0.0_f64, |peak, k| {
            peak.max(motion.at(motion.duration() * f64::from(k) / 1000.0).acceleration[1])
        });
        assert!(peak <= 2.0 + 1e-12 && peak > 1.0, "{peak}");
    }

    #[test]
    fn standing_still_takes_no_time() {
        let motion = RestToRest::quickest(&[0.5; 6], &[0.5; 6], &limits());
        assert_eq!(motion.duration(), 0.0);
        assert_eq!(motion.at(3.0), State::at_rest([0.5; 6]));
    }
}
