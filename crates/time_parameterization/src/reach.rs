//! The quickest motion along a curve without jerk limits: reachability analysis over stations.
//!
//! With x = ṡ² and u = s̈ constant between two stations, x grows by 2Δu, and every limit is linear
//! in x and u: joint accelerations are q′u + q″x, torques A u + B x + g. A pass backwards finds the
//! largest x at each station from which the end can be reached, a pass forwards takes the largest u
//! that stays below (H. Pham, Q.-C. Pham, *A New Approach to Time-Optimal Path Parameterization
//! Based on Reachability Analysis*, IEEE T-RO 2018). Acceleration limits hold at both ends of every
//! stretch. The largest x is found by Newton's method on the gap between the highest lower bound of
//! u and the lowest upper one, which is concave in x: a few evaluations instead of a linear program.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // one index over stations, arrays of N

use crate::curve::{Curve, Jet};
use crate::limits::Limits;
use crate::torque::TorqueTerms;

/// Slope below which a joint does not restrict u.
const STILL: f64 = 1e-12;
/// x where nothing restricts it, (rad/s)².
const UNBOUNDED: f64 = 1e12;
/// Newton steps at most: each drops at least one of the 2·3·N + 2 bounds.
const STEPS: usize = 64;

/// A timing along a curve by speed at stations.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Stations, rad along the curve.
    pub ways: Vec<f64>,
    /// ṡ² at the stations, (rad/s)².
    pub squared_speeds: Vec<f64>,
}

impl Profile {
    /// How long it takes, s, with constant s̈ between stations.
    #[must_use]
    pub fn duration(&self) -> f64 {
        let speeds = self.squared_speeds.windows(2).map(|x| x[0].sqrt() + x[1].sqrt());
        self.ways.windows(2).zip(speeds).map(|(s, sum)| 2.0 * (s[1] - s[0]) / sum).sum()
    }
}

/// The quickest timing from rest to rest within velocity and acceleration limits (not jerk) at
/// `stations` + 1 places, evenly spaced.
#[must_use]
pub fn without_jerk<const N: usize>(
    curve: &Curve<N>,
    limits: &Limits<N>,
    stations: usize,
) -> Profile {
    let step = curve.length() / stations as f64;
    let ways: Vec<f64> = (0..=stations).map(|i| step * i as f64).collect();
    let jets = curve.along(&ways);
    let squared_speeds = quickest(&ways, &jets, limits, &Extra::default());
    Profile { ways, squared_speeds }
}

/// Bounds of u for N joints: |u + p x - c| ≤ g.
#[derive(Clone, Copy)]
struct Rows<const N: usize> {
    g: [f64; N],
    p: [f64; N],
    c: [f64; N],
}

impl<const N: usize> Rows<N> {
    const FREE: Self = Self { g: [f64::INFINITY; N], p: [0.0; N], c: [0.0; N] };

    /// From |a u + b x + c| ≤ bound; joints that do not move bound x instead, which comes back.
    #[inline]
    fn new(a: &[f64; N], b: &[f64; N], c: &[f64; N], bound: &[f64; N]) -> (Self, f64) {
        let (mut rows, mut most) = (Self::FREE, UNBOUNDED);
        for j in 0..N {
            if a[j].abs() > STILL {
                let inverse = 1.0 / a[j];
                rows.g[j] = bound[j] * inverse.abs();
                rows.p[j] = b[j] * inverse;
                rows.c[j] = -c[j] * inverse;
            } else if b[j] != 0.0 {
                most = most.min((bound[j] - c[j] * b[j].signum()) / b[j].abs());
            }
        }
        (rows, most)
    }

    /// The bounds of u at x.
    #[inline]
    fn window(&self, x: f64, (mut low, mut high): (f64, f64)) -> (f64, f64) {
        for j in 0..N {
            let middle = self.c[j] - self.p[j] * x;
            high = high.min(middle + self.g[j]);
            low = low.max(middle - self.g[j]);
        }
        (low, high)
    }

    /// The slopes of those bounds that are just `low` and `high` at x.
    fn slopes(&self, x: f64, (low, high): (f64, f64), slopes: &mut (f64, f64)) {
        for j in 0..N {
            let middle = self.c[j] - self.p[j] * x;
            if middle + self.g[j] == high {
                slopes.1 = -self.p[j];
            }
            if middle - self.g[j] == low {
                slopes.0 = -self.p[j];
            }
        }
    }
}

/// The limits between two stations.
struct Stage<const N: usize> {
    here: Rows<N>,
    next: Rows<N>,
    torque: Option<Rows<N>>,
    /// 1 / (2Δ).
    rate: f64,
    /// Bound of x here.
    most: f64,
}

impl<const N: usize> Stage<N> {
    fn new(
        (from, to): (&Jet<N>, &Jet<N>),
        delta: f64,
        limits: &Limits<N>,
        torque: Option<&TorqueTerms<N>>,
    ) -> Self {
        let zero = [0.0; N];
        let (here, most) = Rows::new(&from.first, &from.second, &zero, &limits.acceleration);
        let mut turned = to.first;
        for j in 0..N {
            turned[j] += 2.0 * delta * to.second[j];
        }
        let (next, next_most) = Rows::new(&turned, &to.second, &zero, &limits.acceleration);
        let mut most = most.min(next_most).min(fastest(from, limits));
        let torque = torque.map(|terms| {
            let (rows, bound) = Rows::new(&terms.push, &terms.swing, &terms.hold, &limits.torque);
            most = most.min(bound.max(0.0));
            rows
        });
        Self { here, next, torque, rate: 0.5 / delta, most }
    }

    /// The bounds of u at x, if x may be at most `reachable` at the next station.
    #[inline]
    fn window(&self, x: f64, reachable: f64) -> (f64, f64) {
        let window = (-x * self.rate, (reachable - x) * self.rate);
        let window = self.next.window(x, self.here.window(x, window));
        match &self.torque {
            Some(torque) => torque.window(x, window),
            None => window,
        }
    }

    /// How fast the gap between the bounds at x grows with x.
    fn gap_slope(&self, x: f64, window: (f64, f64)) -> f64 {
        let mut slopes = (-self.rate, -self.rate);
        self.here.slopes(x, window, &mut slopes);
        self.next.slopes(x, window, &mut slopes);
        if let Some(torque) = &self.torque {
            torque.slopes(x, window, &mut slopes);
        }
        slopes.1 - slopes.0
    }

    /// The largest x from which the next station is reached with at most `reachable`.
    fn largest(&self, reachable: f64) -> f64 {
        let mut x = self.most;
        for _ in 0..STEPS {
            let (low, high) = self.window(x, reachable);
            let gap = high - low;
            if gap >= -1e-12 * (high.abs() + low.abs()) {
                break;
            }
            let slope = self.gap_slope(x, (low, high));
            if slope >= 0.0 {
                return 0.0;
            }
            x = (x - gap / slope).max(0.0);
        }
        x
    }
}

/// The bound of x that the velocity limits set.
pub(crate) fn fastest<const N: usize>(jet: &Jet<N>, limits: &Limits<N>) -> f64 {
    let mut slowness = 0.0_f64;
    for j in 0..N {
        slowness = slowness.max(jet.first[j].abs() / limits.velocity[j]);
    }
    (1.0 / (slowness * slowness)).min(UNBOUNDED)
}

/// Limits at the stations besides velocity and acceleration; an empty list is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extra<const N: usize> {
    pub torque: Vec<TorqueTerms<N>>,
    /// Bounds of ṡ².
    pub most: Vec<f64>,
}

/// ṡ² at each station.
pub(crate) fn quickest<const N: usize>(
    ways: &[f64],
    jets: &[Jet<N>],
    limits: &Limits<N>,
    extra: &Extra<N>,
) -> Vec<f64> {
    let last = ways.len().min(jets.len()).saturating_sub(1);
    let mut stages = Vec::with_capacity(last);
    for i in 0..last {
        let (pair, delta) = ((&jets[i], &jets[i + 1]), ways[i + 1] - ways[i]);
        let mut stage = Stage::new(pair, delta, limits, extra.torque.get(i));
        stage.most = extra.most.get(i).map_or(stage.most, |most| stage.most.min(*most));
        stages.push(stage);
    }
    let mut x = vec![0.0; last + 1];
    for i in (0..last).rev() {
        x[i] = stages[i].largest(x[i + 1]);
    }
    if let Some(first) = x.first_mut() {
        *first = 0.0;
    }
    for i in 0..last {
        let (_, push) = stages[i].window(x[i], x[i + 1]);
        let gained = x[i] + push / stages[i].rate;
        x[i + 1] = gained.clamp(0.0, x[i + 1]);
    }
    x
}
