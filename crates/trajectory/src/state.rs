//! Where all joints are, how fast, and how that changes.

use vocabulary::joint::{JOINTS, PerJoint};

/// Position, velocity and acceleration of all joints at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// Position, rad.
    pub position: PerJoint<f64>,
    /// Velocity, rad/s.
    pub velocity: PerJoint<f64>,
    /// Acceleration, rad/s².
    pub acceleration: PerJoint<f64>,
}

impl State {
    /// Standing still at `position`, rad.
    #[must_use]
    pub const fn at_rest(position: PerJoint<f64>) -> Self {
        Self { position, velocity: [0.0; JOINTS], acceleration: [0.0; JOINTS] }
    }

    /// Whether all numbers are finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        [&self.position, &self.velocity, &self.acceleration]
            .iter()
            .all(|values| values.iter().all(|x| x.is_finite()))
    }

    /// Whether no joint is faster than `tolerance`, rad/s.
    #[must_use]
    pub fn is_at_rest(&self, tolerance: f64) -> bool {
        self.velocity.iter().all(|v| v.abs() <= tolerance)
    }
}
