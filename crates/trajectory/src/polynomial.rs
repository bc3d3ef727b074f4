//! The polynomial of one joint over one segment, and its exact extremes.
//!
//! Coefficients are kept over the normalised time x = t / duration, from 0 to 1, so that short and
//! long segments are equally well conditioned.
#![allow(clippy::indexing_slicing)] // fixed-size coefficient arrays, indices are degrees

/// Highest degree, plus one.
const TERMS: usize = 6;
type Coefficients = [f64; TERMS];

/// A closed interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl Range {
    fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let empty = Self { min: f64::INFINITY, max: f64::NEG_INFINITY };
        values.into_iter().fold(empty, |r, v| Self { min: r.min.min(v), max: r.max.max(v) })
    }

    /// The value with the largest magnitude.
    #[must_use]
    pub fn peak(self) -> f64 {
        if self.max.abs() >= self.min.abs() { self.max } else { self.min }
    }

    fn scaled(self, factor: f64) -> Self {
        Self { min: self.min * factor, max: self.max * factor }
    }
}

/// What a polynomial reaches over its segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extremes {
    /// Position, rad.
    pub position: Range,
    /// Velocity, rad/s.
    pub velocity: Range,
    /// Acceleration, rad/s².
    pub acceleration: Range,
}

/// A polynomial of degree at most five over `0..=duration` seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Polynomial {
    c: Coefficients,
    duration: f64,
}

/// Value, velocity and acceleration of one joint at one instant.
pub(crate) type Knot = (f64, f64, f64);

impl Polynomial {
    /// The straight line from `from` to `to`, rad, in `duration` > 0 s.
    #[must_use]
    pub fn linear(from: f64, to: f64, duration: f64) -> Self {
        Self { c: [from, to - from, 0.0, 0.0, 0.0, 0.0], duration }
    }

    /// The cubic Hermite from (position, velocity) to (position, velocity) in `duration` > 0 s.
    #[must_use]
    pub fn cubic(from: (f64, f64), to: (f64, f64), duration: f64) -> Self {
        let (v0, v1, rise) = (from.1 * duration, to.1 * duration, to.0 - from.0);
        let c = [from.0, v0, 3.0 * rise - 2.0 * v0 - v1, v0 + v1 - 2.0 * rise, 0.0, 0.0];
        Self { c, duration }
    }

    /// The quintic from (position, velocity, acceleration) to the same in `duration` > 0 s.
    #[must_use]
    pub fn quintic(from: Knot, to: Knot, duration: f64) -> Self {
        let (v0, v1) = (from.1 * duration, to.1 * duration);
        let (a0, a1) = (from.2 * duration * duration, to.2 * duration * duration);
        let rise = to.0 - from.0;
        let c = [
            from.0,
            v0,
            a0 / 2.0,
            10.0 * rise - 6.0 * v0 - 4.0 * v1 - 1.5 * a0 + 0.5 * a1,
            -15.0 * rise + 8.0 * v0 + 7.0 * v1 + 1.5 * a0 - a1,
            6.0 * rise - 3.0 * (v0 + v1) - 0.5 * (a0 - a1),
        ];
        Self { c, duration }
    }

    /// Position [rad], velocity [rad/s] and acceleration [rad/s²] at `t` s from its start.
    #[must_use]
    pub fn at(&self, t: f64) -> Knot {
        let x = t / self.duration;
        let [mut p, mut v, mut a] = [self.c[TERMS - 1], 0.0, 0.0];
        for k in (0..TERMS - 1).rev() {
            a = a * x + 2.0 * v;
            v = v * x + p;
            p = p * x + self.c[k];
        }
        (p, v / self.duration, a / (self.duration * self.duration))
    }

    /// The exact extremes, found at the ends and at the roots of the next derivative.
    #[must_use]
    pub fn extremes(&self) -> Extremes {
        self.each_derivative(|c, degree| {
            let (roots, count) = roots(&derivative(c), degree - 1);
            let inner = roots.into_iter().take(count);
            Range::of([0.0, 1.0].into_iter().chain(inner).map(|x| value(c, x)))
        })
    }

    /// Bounds that hold for certain but may be too wide: the hull of the Bézier points.
    /// Ten times cheaper than [`Self::extremes`].
    #[must_use]
    pub fn hull(&self) -> Extremes {
        self.each_derivative(|c, degree| Range::of(bezier_points(c, degree)))
    }

    fn each_derivative(&self, range: impl Fn(&Coefficients, usize) -> Range) -> Extremes {
        let velocity = derivative(&self.c);
        let acceleration = derivative(&velocity);
        let rate = 1.0 / self.duration;
        Extremes {
            position: range(&self.c, 5),
            velocity: range(&velocity, 4).scaled(rate),
            acceleration: range(&acceleration, 3).scaled(rate * rate),
        }
    }
}

fn value(c: &Coefficients, x: f64) -> f64 {
    c.iter().rev().fold(0.0, |sum, term| sum * x + term)
}

fn derivative(c: &Coefficients) -> Coefficients {
    std::array::from_fn(|k| if k + 1 < TERMS { (k + 1) as f64 * c[k + 1] } else { 0.0 })
}

/// The Bézier points of a polynomial of `degree`: b_i = Σ_k C(i,k) / C(degree,k) · c_k.
fn bezier_points(c: &Coefficients, degree: usize) -> impl Iterator<Item = f64> + '_ {
    (0..=degree).map(move |i| {
        let mut ratio = 1.0;
        let mut sum = 0.0;
        for (k, term) in c.iter().enumerate().take(i + 1) {
            sum += ratio * term;
            ratio *= i.saturating_sub(k) as f64 / (degree - k).max(1) as f64;
        }
        sum
    })
}

/// Where a polynomial of `degree` ≤ 4 changes its sign between 0 and 1, ascending.
///
/// The roots of the derivative cut the interval into monotone pieces, each with at most one root.
fn roots(c: &Coefficients, degree: usize) -> ([f64; 4], usize) {
    let mut found = ([0.0; 4], 0);
    if degree == 0 || c.iter().skip(1).all(|term| *term == 0.0) {
        return found;
    }
    let (cuts, count) = roots(&derivative(c), degree - 1);
    let mut low = 0.0;
    for high in cuts.into_iter().take(count).chain([1.0]) {
        if value(c, low) * value(c, high) < 0.0 && found.1 < degree {
            found.0[found.1] = bisect(c, low, high);
            found.1 += 1;
        }
        low = high;
    }
    found
}

/// The root between `low` and `high`, where the signs differ, to the last bits of x.
fn bisect(c: &Coefficients, mut low: f64, mut high: f64) -> f64 {
    let rising = value(c, low) < 0.0;
    for _ in 0..44 {
        let middle = 0.5 * (low + high);
        if (value(c, middle) < 0.0) == rising { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use proptest::prelude::*;

    #[test]
    fn a_cubic_between_two_knots_is_the_known_one() {
        // p = x³ − 2x over 2 s
        let p = Polynomial::cubic((0.0, -2.0), (4.0, 10.0), 2.0);
        let (position, velocity, acceleration) = p.at(2.0_f64.sqrt());
        assert_abs_diff_eq!(position, 0.0, epsilon = 1e-12);
        assert_abs_diff_eq!(velocity, 4.0, epsilon = 1e-12);
        assert_abs_diff_eq!(acceleration, 6.0 * 2.0_f64.sqrt(), epsilon = 1e-12);
        assert_abs_diff_eq!(p.at(2.0).2, 12.0, epsilon = 1e-12);
    }

    #[test]
    fn a_quintic_between_two_knots_is_the_known_one() {
        // p = x(x−1)(x−2)(x−3)(x−4) over 2 s
        let p = Polynomial::quintic((0.0, 24.0, -100.0), (0.0, 4.0, 0.0), 2.0);
        let (position, velocity, acceleration) = p.at(1.0);
        assert_abs_diff_eq!(position, 0.0, epsilon = 1e-12);
        assert_abs_diff_eq!(velocity, -6.0, epsilon = 1e-12);
        assert_abs_diff_eq!(acceleration, 10.0, epsilon = 1e-11);
    }

    #[test]
    fn a_straight_line_has_constant_velocity() {
        let extremes = Polynomial::linear(1.0, 3.0, 4.0).extremes();
        assert_eq!(extremes.velocity, Range { min: 0.5, max: 0.5 });
        assert_eq!(extremes.acceleration, Range { min: 0.0, max: 0.0 });
    }

    /// Smallest and largest of the three quantities over 2,000 samples.
    fn sampled(p: &Polynomial) -> [(f64, f64); 3] {
        let mut seen = [(f64::INFINITY, f64::NEG_INFINITY); 3];
        for k in 0..=2000 {
            let (x, v, a) = p.at(p.duration * f64::from(k) / 2000.0);
            for (range, value) in seen.iter_mut().zip([x, v, a]) {
                *range = (range.0.min(value), range.1.max(value));
            }
        }
        seen
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn the_extremes_are_those_of_dense_sampling(
            from in prop::array::uniform3(-5.0..5.0), to in prop::array::uniform3(-5.0..5.0),
            duration in 0.01..10.0, degree in 0..3,
        ) {
            let p = match degree {
                0 => Polynomial::linear(from[0], to[0], duration),
                1 => Polynomial::cubic((from[0], from[1]), (to[0], to[1]), duration),
                _ => Polynomial::quintic(from.into(), to.into(), duration),
            };
            let (exact, hull) = (p.extremes(), p.hull());
            let exact = [exact.position, exact.velocity, exact.acceleration];
            let hull = [hull.position, hull.velocity, hull.acceleration];
            for ((exact, hull), (low, high)) in exact.iter().zip(hull).zip(sampled(&p)) {
                let scale = 1e-5 * (1.0 + exact.peak().abs());
                prop_assert!((exact.min - low).abs() < scale && exact.min <= low + 1e-9 * (1.0 + low.abs()));
                prop_assert!((exact.max - high).abs() < scale && exact.max >= high - 1e-9 * (1.0 + high.abs()));
                prop_assert!(hull.min <= exact.min + scale && hull.max >= exact.max - scale);
            }
        }

        #[test]
        fn a_quintic_meets_its_knots(
            from in prop::array::uniform3(-5.0..5.0), to in prop::array::uniform3(-5.0..5.0),
            duration in 0.05..10.0,
        ) {
            let p = Polynomial::quintic(from.into(), to.into(), duration);
            for (t, knot) in [(0.0, from), (duration, to)] {
                let (x, v, a) = p.at(t);
                let scale = 1.0 / (duration * duration) + 1.0;
                prop_assert!((x - knot[0]).abs() < 1e-9);
                prop_assert!((v - knot[1]).abs() < 1e-9 * scale);
                prop_assert!((a - knot[2]).abs() < 1e-9 * scale);
            }
        }
    }
}
