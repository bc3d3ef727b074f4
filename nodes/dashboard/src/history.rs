//! The last ten minutes, decimated: two points a second.
//!
//! The rule: a peak between two points is not lost; tracking error and torque keep the largest value
//! of their half second, with its sign.

use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::{Monotonic, Now, Stamp};

/// Between two points.
pub const PERIOD: Duration = Duration::from_millis(500);

/// What is plotted, at one instant; NaN where unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Measured position, rad.
    pub position: PerJoint<f64>,
    /// Reference of control, rad.
    pub setpoint: PerJoint<f64>,
    /// Reference minus measurement, rad.
    pub error: PerJoint<f64>,
    /// Measured torque, N·m.
    pub effort: PerJoint<f64>,
    /// Winding, °C.
    pub winding: PerJoint<f64>,
    /// Upper bound of the winding, °C.
    pub bound: PerJoint<f64>,
}

impl Default for Sample {
    fn default() -> Self {
        let unknown = [f64::NAN; JOINTS];
        Self {
            position: unknown,
            setpoint: unknown,
            error: unknown,
            effort: unknown,
            winding: unknown,
            bound: unknown,
        }
    }
}

/// Numbers as the page gets them: rounded, `null` where unknown.
pub type Row = PerJoint<Option<f64>>;

/// `value` to so many decimals; `None` where unknown.
#[must_use]
pub fn rounded(value: f64, decimals: i32) -> Option<f64> {
    let scale = 10_f64.powi(decimals);
    // Adding zero turns a negative zero into the ordinary one: two characters less on the wire.
    value.is_finite().then(|| (value * scale).round() / scale + 0.0)
}

/// One value per joint to so many decimals.
#[must_use]
pub fn row(values: &PerJoint<f64>, decimals: i32) -> Row {
    values.map(|value| rounded(value, decimals))
}

/// One point of all plots.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Rises by one per point; a hole means that some were missed.
    pub n: u64,
    /// ROS time, s.
    pub t: f64,
    /// Position, rad.
    pub p: Row,
    /// Setpoint, rad.
    pub s: Row,
    /// Largest error, rad.
    pub e: Row,
    /// Largest torque, N·m.
    pub m: Row,
    /// Winding, °C.
    pub w: Row,
    /// Its bound, °C.
    pub b: Row,
}

/// Joins samples to points.
#[derive(Debug, Clone, Default)]
pub struct Decimator {
    gathered: Option<Sample>,
    next: Monotonic,
    count: u64,
}

impl Decimator {
    /// Takes a sample in; a point when its half second is over.
    pub fn take(&mut self, now: Now, sample: &Sample) -> Option<Point> {
        let gathered = self.gathered.get_or_insert_with(Sample::default);
        let peaks = [(&mut gathered.error, &sample.error), (&mut gathered.effort, &sample.effort)];
        for (kept, new) in peaks {
            for (kept, new) in kept.iter_mut().zip(new) {
                if kept.is_nan() || kept.abs() < new.abs() {
                    *kept = *new;
                }
            }
        }
        if now.mono < self.next {
            return None;
        }
        let raster = self.next + PERIOD;
        self.next = if raster > now.mono { raster } else { now.mono + PERIOD };
        let peaks = self.gathered.take()?;
        self.count += 1;
        Some(point(
            self.count,
            now.stamp,
            &Sample { error: peaks.error, effort: peaks.effort, ..*sample },
        ))
    }
}

fn point(n: u64, stamp: Stamp, sample: &Sample) -> Point {
    let (sec, nanosec) = stamp.parts();
    Point {
        n,
        t: f64::from(sec) + f64::from(nanosec / 1_000_000) * 1e-3,
        p: row(&sample.position, 4),
        s: row(&sample.setpoint, 4),
        e: row(&sample.error, 5),
        m: row(&sample.effort, 2),
        w: row(&sample.winding, 1),
        b: row(&sample.bound, 1),
    }
}

/// The points kept, each as the text a browser gets.
#[derive(Debug, Clone)]
pub struct Ring {
    points: VecDeque<Arc<str>>,
    capacity: usize,
}

impl Ring {
    /// Keeps `seconds`.
    #[must_use]
    pub fn new(seconds: f64) -> Self {
        let capacity = (seconds / PERIOD.as_secs_f64()).ceil().max(1.0) as usize;
        Self { points: VecDeque::new(), capacity }
    }

    /// Adds a point, forgets the oldest.
    pub fn push(&mut self, point: Arc<str>) {
        while self.points.len() >= self.capacity {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// All of them as one JSON object.
    #[must_use]
    pub fn json(&self) -> String {
        let joined = self.points.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(",\n");
        format!("{{\"period\":{},\"points\":[{joined}]}}", PERIOD.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(ms: u64) -> Now {
        Now { mono: Monotonic(ms * 1_000_000), stamp: Stamp(ms as i64 * 1_000_000) }
    }

    fn run(of: impl Fn(u64) -> Sample, to: u64) -> Vec<Point> {
        let mut decimator = Decimator::default();
        (0..to).step_by(20).filter_map(|ms| decimator.take(now(ms), &of(ms))).collect()
    }

    #[test]
    fn there_are_two_points_a_second_with_rising_numbers() {
        let points = run(|_| Sample::default(), 10_000);
        assert_eq!(points.len(), 20);
        assert!(points.windows(2).all(|pair| pair[1].n == pair[0].n + 1));
    }

    #[test]
    fn a_single_peak_is_kept_with_its_sign_and_only_once() {
        let error = |ms| if ms == 760 { -0.3 } else { 0.01 };
        let points = run(|ms| Sample { error: [error(ms); 6], ..Sample::default() }, 3_000);
        let peaks: Vec<_> = points.iter().filter_map(|p| p.e[0]).filter(|e| *e == -0.3).collect();
        assert_eq!(peaks, [-0.3]);
    }

    #[test]
    fn what_is_unknown_stays_unknown_and_never_becomes_zero() {
        let points = run(|_| Sample::default(), 1_000);
        assert_eq!(points[1].p, [None; 6]);
        assert!(serde_json::to_string(&points[1]).unwrap().contains("null"));
    }

    #[test]
    fn the_ring_keeps_the_newest() {
        let mut ring = Ring::new(600.0);
        (0..5_000).for_each(|n| ring.push(n.to_string().into()));
        let json: serde_json::Value = serde_json::from_str(&ring.json()).unwrap();
        let points = json["points"].as_array().unwrap();
        assert_eq!(
            (points.len(), points[0].as_u64(), points[1199].as_u64()),
            (1200, Some(3800), Some(4999))
        );
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(rounded(0.123_456_789, 4), Some(0.1235));
        assert_eq!(serde_json::to_string(&rounded(-1e-9, 4)).unwrap(), "0.0");
        assert_eq!(rounded(f64::INFINITY, 2), None);
    }
}
