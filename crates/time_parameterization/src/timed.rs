//! The result: points in time, between which each joint follows the quintic that they determine.
//!
//! The rule: times are whole nanoseconds, as in the messages that carry them, and positions,
//! velocities and accelerations belong to just those times. (A point whose time is rounded by half
//! a nanosecond afterwards asks for other accelerations between the points.)
#![allow(clippy::indexing_slicing)] // arrays of N, indices below N

use trajectory::Polynomial;
use vocabulary::joint::JOINTS;
use vocabulary::plan::Waypoint;

/// Position [rad], velocity [rad/s] and acceleration [rad/s²] of all joints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State<const N: usize> {
    /// Position, rad.
    pub position: [f64; N],
    /// Velocity, rad/s.
    pub velocity: [f64; N],
    /// Acceleration, rad/s².
    pub acceleration: [f64; N],
}

impl<const N: usize> State<N> {
    /// Standing still at `position`, rad.
    #[must_use]
    pub const fn at_rest(position: [f64; N]) -> Self {
        Self { position, velocity: [0.0; N], acceleration: [0.0; N] }
    }

    /// Of each joint's position, velocity and acceleration.
    pub(crate) fn from_knots(joints: [(f64, f64, f64); N]) -> Self {
        Self {
            position: joints.map(|joint| joint.0),
            velocity: joints.map(|joint| joint.1),
            acceleration: joints.map(|joint| joint.2),
        }
    }

    pub(crate) fn knot(&self, j: usize) -> (f64, f64, f64) {
        (self.position[j], self.velocity[j], self.acceleration[j])
    }
}

/// A state and when it is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point<const N: usize> {
    /// Time from the start, s, in whole nanoseconds.
    pub time: f64,
    /// The state at that time.
    pub state: State<N>,
}

/// A timed motion: at least one point, the first at zero, times rising.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed<const N: usize> {
    points: Vec<Point<N>>,
}

/// The nearest time in whole nanoseconds, s.
pub(crate) fn whole_nanoseconds(time: f64) -> f64 {
    (time * 1e9).round() / 1e9
}

impl<const N: usize> Timed<N> {
    pub(crate) fn new(points: Vec<Point<N>>) -> Self {
        Self { points }
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> &[Point<N>] {
        &self.points
    }

    /// How long it takes, s.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.points.last().map_or(0.0, |last| last.time)
    }

    /// The state at `t` s; before the start the first point, after the end the last.
    #[must_use]
    pub fn sample(&self, t: f64) -> State<N> {
        let next = self.points.partition_point(|point| point.time <= t);
        let (from, to) = (self.points.get(next.wrapping_sub(1)), self.points.get(next));
        match (from, to) {
            (Some(from), Some(to)) => State::from_knots(std::array::from_fn(|j| {
                let (duration, at) = (to.time - from.time, t - from.time);
                Polynomial::quintic(from.state.knot(j), to.state.knot(j), duration).at(at)
            })),
            (Some(only), None) | (None, Some(only)) => only.state,
            (None, None) => State::at_rest([f64::NAN; N]),
        }
    }

    /// The same way `factor` ≥ 1 times as slowly.
    #[must_use]
    pub(crate) fn stretched(mut self, factor: f64) -> Self {
        for point in &mut self.points {
            let time = whole_nanoseconds(point.time * factor);
            point.state = point.state.slower(factor).after(time - point.time * factor);
            point.time = time;
        }
        self
    }

    /// Goes on with another motion that starts where this one ends.
    pub(crate) fn extend(&mut self, next: &Self) {
        let offset = self.duration();
        let points = next.points.iter().skip(1);
        self.points.extend(points.map(|point| Point {
            time: whole_nanoseconds(offset + point.time),
            state: point.state,
        }));
    }
}

impl<const N: usize> State<N> {
    fn slower(mut self, factor: f64) -> Self {
        for j in 0..N {
            self.velocity[j] /= factor;
            self.acceleration[j] /= factor * factor;
        }
        self
    }

    /// The state a moment later (or earlier), less than a nanosecond.
    pub(crate) fn after(mut self, moment: f64) -> Self {
        for j in 0..N {
            self.position[j] += self.velocity[j] * moment;
            self.velocity[j] += self.acceleration[j] * moment;
        }
        self
    }
}

impl Timed<JOINTS> {
    /// As waypoints of a motion plan, with or without the first.
    #[must_use]
    pub fn waypoints(&self) -> Vec<Waypoint> {
        let waypoint = |point: &Point<JOINTS>| Waypoint {
            time: point.time,
            position: point.state.position,
            velocity: Some(point.state.velocity),
            acceleration: Some(point.state.acceleration),
        };
        self.points.iter().map(waypoint).collect()
    }
}
