//! How well the arm follows: reference and true position at the same instant.
//!
//! The one rule: the reference of an instant is the one written for that instant (`setpoint_at`), so
//! the loop's own delay is neither hidden nor charged twice.

use std::collections::VecDeque;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// Figures of one stretch of motion.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TrackingFigures {
    /// Instants compared.
    pub samples: u64,
    /// Root mean square per joint, rad.
    pub rms: PerJoint<f64>,
    /// Largest per joint, rad.
    pub max: PerJoint<f64>,
}

impl TrackingFigures {
    /// The worst joint's root mean square, rad.
    #[must_use]
    pub fn worst_rms(&self) -> f64 {
        self.rms.iter().copied().fold(0.0, f64::max)
    }

    /// The largest error of any joint, rad.
    #[must_use]
    pub fn worst_max(&self) -> f64 {
        self.max.iter().copied().fold(0.0, f64::max)
    }
}

/// Compares references with the truth once their time has come.
#[derive(Debug, Clone, Default)]
pub struct Tracking {
    waiting: VecDeque<(Monotonic, PerJoint<f64>)>,
    samples: u64,
    squares: PerJoint<f64>,
    max: PerJoint<f64>,
}

impl Tracking {
    /// A reference for world time `at`.
    pub fn expect(&mut self, at: Monotonic, reference: &PerJoint<f64>) {
        self.waiting.push_back((at, *reference));
    }

    /// Compares all references up to `until`; `truth` gives the true position of an instant.
    pub fn compare(
        &mut self,
        until: Monotonic,
        truth: impl Fn(Monotonic) -> Option<PerJoint<f64>>,
    ) {
        while let Some(&(at, reference)) = self.waiting.front().filter(|(at, _)| *at <= until) {
            self.waiting.pop_front();
            let Some(position) = truth(at) else { continue };
            self.samples += 1;
            let joints = self.squares.iter_mut().zip(&mut self.max);
            for ((square, max), (r, p)) in joints.zip(reference.iter().zip(position)) {
                let error = (r - p).abs();
                *square += error * error;
                *max = max.max(error);
            }
        }
    }

    /// Begins anew.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// The figures since the last restart.
    #[must_use]
    pub fn figures(&self) -> TrackingFigures {
        let count = self.samples.max(1) as f64;
        let mut rms = [0.0; JOINTS];
        for (rms, square) in rms.iter_mut().zip(&self.squares) {
            *rms = (square / count).sqrt();
        }
        TrackingFigures { samples: self.samples, rms, max: self.max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_error_is_its_own_rms_and_maximum() {
        let mut tracking = Tracking::default();
        (0..10).for_each(|n| tracking.expect(Monotonic(n), &[0.5; JOINTS]));
        tracking.compare(Monotonic(7), |_| Some([0.4; JOINTS]));
        let figures = tracking.figures();
        assert_eq!(figures.samples, 8);
        assert!((figures.worst_rms() - 0.1).abs() < 1e-12);
        assert!((figures.worst_max() - 0.1).abs() < 1e-12);
    }
}
