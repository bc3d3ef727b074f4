//! What really happens in the simulated arm, for those who judge it: tests, the demo, the bench.
//!
//! The one rule: nothing here is quantised, noisy or faulty, and no node of the arm may read it.

use arm_model::JointVector;
use std::collections::VecDeque;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// The true state at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    /// When.
    pub time: Monotonic,
    /// rad.
    pub position: PerJoint<f64>,
    /// rad/s.
    pub velocity: PerJoint<f64>,
    /// rad/s².
    pub acceleration: PerJoint<f64>,
    /// Motor torque at the joint, N·m.
    pub effort: PerJoint<f64>,
    /// Motor current, A.
    pub current: PerJoint<f64>,
    /// °C.
    pub winding_temperature: PerJoint<f64>,
    /// °C.
    pub housing_temperature: PerJoint<f64>,
    /// °C.
    pub stage_temperature: PerJoint<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    time: Monotonic,
    position: JointVector<JOINTS>,
    velocity: JointVector<JOINTS>,
}

/// Position and velocity over the last moments.
#[derive(Debug, Clone)]
pub struct History {
    samples: VecDeque<Sample>,
    length: f64,
}

impl History {
    /// Keeps `length` s.
    #[must_use]
    pub fn new(length: f64) -> Self {
        Self { samples: VecDeque::new(), length }
    }

    /// Adds the newest sample.
    pub fn push(
        &mut self,
        time: Monotonic,
        position: JointVector<JOINTS>,
        velocity: JointVector<JOINTS>,
    ) {
        self.samples.push_back(Sample { time, position, velocity });
        let oldest = time.shifted(-self.length);
        while self.samples.get(1).is_some_and(|second| second.time < oldest) {
            self.samples.pop_front();
        }
    }

    /// Positions and velocities at an instant, by a cubic between two samples; `None` outside the
    /// history.
    #[must_use]
    pub fn at(&self, time: Monotonic) -> Option<(PerJoint<f64>, PerJoint<f64>)> {
        let after = self.samples.partition_point(|s| s.time < time);
        let b = self.samples.get(after)?;
        if b.time == time {
            return Some((b.position.into(), b.velocity.into()));
        }
        let a = self.samples.get(after.checked_sub(1)?)?;
        let length = b.time.seconds_from(a.time);
        let s = time.seconds_from(a.time) / length;
        let rise = b.position - a.position;
        let (da, db) = (a.velocity * length, b.velocity * length);
        let (c2, c3) = (rise * 3.0 - da * 2.0 - db, da + db - rise * 2.0);
        let position = a.position + (da + (c2 + c3 * s) * s) * s;
        let velocity = (da + (c2 * 2.0 + c3 * 3.0 * s) * s) / length;
        Some((position.into(), velocity.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_samples_the_motion_is_interpolated_and_outside_there_is_none() {
        let mut history = History::new(0.1);
        for ms in 0..300_u64 {
            let t = ms as f64 * 1e-3;
            let place = JointVector::<JOINTS>::repeat(t * t);
            history.push(Monotonic(ms * 1_000_000), place, JointVector::repeat(2.0 * t));
        }
        let (position, velocity) = history.at(Monotonic(250_400_000)).unwrap();
        assert!((position[3] - 0.2504_f64.powi(2)).abs() < 1e-12);
        assert!((velocity[3] - 0.5008).abs() < 1e-9);
        assert!(history.at(Monotonic(100_000_000)).is_none());
        assert!(history.at(Monotonic(300_000_000)).is_none());
    }
}
