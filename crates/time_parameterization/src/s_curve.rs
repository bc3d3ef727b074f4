//! The quickest motion from rest to rest of one coordinate: velocity, acceleration and jerk limited.
//!
//! Seven phases, mirrored in the middle: jerk up, constant acceleration, jerk down, cruise, and back.
//! Which of them exist follows from the distance in closed form (L. Biagiotti, C. Melchiorri,
//! *Trajectory Planning for Automatic Machines and Robots*, Springer 2008, §3.4).

/// Position, velocity, acceleration of one coordinate.
pub(crate) type Knot = (f64, f64, f64);

/// A motion from rest to rest over a distance that may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct SCurve {
    distance: f64,
    /// Jerk at the start, with the sign of the distance.
    jerk: f64,
    /// How long each phase of jerk lasts, s.
    ramp: f64,
    /// How long speed rises, s: two ramps and what lies between.
    rise: f64,
    /// How long speed is constant, s.
    cruise: f64,
}

impl SCurve {
    /// The quickest for the limits of velocity, acceleration and jerk, all positive.
    #[inline]
    pub(crate) fn quickest(distance: f64, [velocity, acceleration, jerk]: [f64; 3]) -> Self {
        let way = distance.abs();
        let (full, curve) = (acceleration / jerk, Self { distance, ..Self::default() });
        // What it takes to reach the velocity limit.
        let (ramp, rise) = if velocity >= acceleration * full {
            (full, full + velocity / acceleration)
        } else {
            let ramp = (velocity / jerk).sqrt();
            (ramp, 2.0 * ramp)
        };
        let jerk = jerk.copysign(distance);
        let cruise = way / velocity - rise;
        if cruise >= 0.0 {
            return Self { jerk, ramp, rise, cruise, ..curve };
        }
        if way >= 2.0 * acceleration * full * full {
            let rise = 0.5 * full + (0.25 * full * full + way / acceleration).sqrt();
            return Self { jerk, ramp: full, rise, ..curve };
        }
        let ramp = (0.5 * way / jerk.abs()).cbrt();
        Self { jerk, ramp, rise: 2.0 * ramp, ..curve }
    }

    /// How long it takes, s.
    #[inline]
    pub(crate) fn duration(&self) -> f64 {
        2.0 * self.rise + self.cruise
    }

    /// The largest velocity, acceleration and jerk, without sign.
    #[inline]
    pub(crate) fn peaks(&self) -> [f64; 3] {
        let acceleration = self.jerk.abs() * self.ramp;
        [acceleration * (self.rise - self.ramp), acceleration, self.jerk.abs()]
    }

    /// The same motion over `factor` times the distance, with `factor` times the peaks.
    #[inline]
    pub(crate) fn scaled(&self, factor: f64) -> Self {
        Self { distance: self.distance * factor, jerk: self.jerk * factor, ..*self }
    }

    /// When each phase begins, s, and its jerk; the last ends with the motion.
    pub(crate) fn phases(&self) -> [(f64, f64); 7] {
        let Self { ramp, rise, cruise, jerk, .. } = *self;
        let back = rise + cruise;
        [
            (0.0, jerk),
            (ramp, 0.0),
            (rise - ramp, -jerk),
            (rise, 0.0),
            (back, -jerk),
            (back + ramp, 0.0),
            (back + rise - ramp, jerk),
        ]
    }

    /// The state at `t` s; before the start the start, after the end the end.
    pub(crate) fn at(&self, t: f64) -> Knot {
        let left = self.duration() - t;
        if t <= 0.0 {
            (0.0, 0.0, 0.0)
        } else if left <= 0.0 {
            (self.distance, 0.0, 0.0)
        } else if t <= left {
            self.first_half(t)
        } else {
            let (p, v, a) = self.first_half(left);
            (self.distance - p, v, -a)
        }
    }

    fn first_half(&self, t: f64) -> Knot {
        let Self { jerk, ramp, rise, .. } = *self;
        let top = jerk * ramp;
        if t <= ramp {
            let a = jerk * t;
            (a * t * t / 6.0, 0.5 * a * t, a)
        } else if t <= rise - ramp {
            let (v, more) = (0.5 * top * ramp, t - ramp);
            (v * ramp / 3.0 + (v + 0.5 * top * more) * more, v + top * more, top)
        } else {
            let (v, left) = (top * (rise - ramp), rise - t);
            let a = jerk * left.max(0.0);
            (0.5 * v * rise - v * left + a * left * left / 6.0, v - 0.5 * a * left, a)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Steps through the phases by their jerks.
    fn integrated(curve: &SCurve) -> Knot {
        let phases = curve.phases();
        let ends = phases.iter().skip(1).map(|phase| phase.0).chain([curve.duration()]);
        phases.iter().zip(ends).fold((0.0, 0.0, 0.0), |(p, v, a), ((start, j), end)| {
            let h = end - start;
            assert!(h >= -1e-12, "{phases:?}");
            (p + h * (v + h * (a / 2.0 + h * j / 6.0)), v + h * (a + h * j / 2.0), a + h * j)
        })
    }

    #[test]
    fn a_long_way_reaches_every_limit() {
        let curve = SCurve::quickest(-3.0, [1.0, 2.0, 10.0]);
        for (peak, limit) in curve.peaks().into_iter().zip([1.0, 2.0, 10.0]) {
            assert!((peak - limit).abs() < 1e-12);
        }
        assert!((curve.duration() - (3.0 + 0.2 + 0.5)).abs() < 1e-12);
        assert!((curve.at(curve.duration() / 2.0).1 + 1.0).abs() < 1e-12);
    }

    #[test]
    fn no_way_takes_no_time() {
        let curve = SCurve::quickest(0.0, [1.0, 2.0, 10.0]);
        assert_eq!((curve.duration(), curve.at(1.0)), (0.0, (0.0, 0.0, 0.0)));
    }

    proptest! {
        #[test]
        fn it_ends_at_rest_at_its_distance_within_limits_and_touches_one(
            distance in -6.0..6.0, v in 0.1..10.0, a in 0.1..50.0, j in 0.1..1000.0,
        ) {
            let curve = SCurve::quickest(distance, [v, a, j]);
            let (position, velocity, acceleration) = integrated(&curve);
            prop_assert!((position - distance).abs() < 1e-9);
            prop_assert!(velocity.abs() < 1e-9 && acceleration.abs() < 1e-9);
            let [pv, pa, pj] = curve.peaks();
            prop_assert!(pv <= v * (1.0 + 1e-9) && pa <= a * (1.0 + 1e-9) && pj == j);
            for k in 0..=100 {
                let t = curve.duration() * f64::from(k) / 100.0;
                let (p, w, b) = curve.at(t);
                let (before, after) = (curve.at(t - 1e-6), curve.at(t + 1e-6));
                prop_assert!(w.abs() <= v * (1.0 + 1e-9) && b.abs() <= a * (1.0 + 1e-9));
                prop_assert!((after.0 - before.0 - 2e-6 * w).abs() < 1e-11 * j.max(1.0));
                prop_assert!((after.1 - before.1 - 2e-6 * b).abs() < 1e-11 * j.max(1.0));
                prop_assert!(p.abs() <= distance.abs() + 1e-9);
            }
        }
    }
}
