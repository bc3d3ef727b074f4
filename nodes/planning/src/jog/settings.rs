//! Parameters below `jog.`.

use serde::Deserialize;
use vocabulary::config::{OutOfRange, in_range};

/// How the arm is jogged.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A command counts for so long, s.
    pub timeout: f64,
    /// Share of each joint's speed limit.
    pub speed: f64,
    /// Share of each joint's limits of acceleration and jerk.
    pub ramp: f64,
    /// Greatest speed of the tip, m/s.
    pub linear: f64,
    /// Greatest turning of the tip, rad/s.
    pub angular: f64,
    /// Nearer to an object than this the arm slows down, m.
    pub slow_distance: f64,
    /// Nearer to an object than this the arm does not go, m.
    pub stop_distance: f64,
    /// The same of the arm and itself, m.
    pub self_slow_distance: f64,
    /// The same of the arm and itself, m.
    pub self_stop_distance: f64,
    /// Closer to a singularity than this no twist goes; 0 in it, 1 far away.
    pub stop_margin: f64,
    /// Nearer to a position limit than this no joint goes, rad.
    pub limit_margin: f64,
    /// How far ahead of now a trajectory begins, s: the way to control, with reserve.
    pub ahead: f64,
    /// `lead` of control, s.
    pub control_lead: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: 0.25,
            speed: 0.3,
            ramp: 0.5,
            linear: 0.25,
            angular: 1.0,
            slow_distance: 0.1,
            stop_distance: 0.02,
            self_slow_distance: 0.03,
            self_stop_distance: 0.003,
            stop_margin: 0.05,
            limit_margin: 0.02,
            ahead: 0.04,
            control_lead: 0.010,
        }
    }
}

impl Settings {
    /// Checks every value.
    ///
    /// # Errors
    /// [`OutOfRange`] naming the key.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        in_range("jog.timeout", self.timeout, 0.05..=2.0)?;
        in_range("jog.speed", self.speed, 0.01..=1.0)?;
        in_range("jog.ramp", self.ramp, 0.05..=1.0)?;
        in_range("jog.linear", self.linear, 0.001..=5.0)?;
        in_range("jog.angular", self.angular, 0.001..=10.0)?;
        in_range("jog.slow_distance", self.slow_distance, 0.002..=1.0)?;
        in_range("jog.stop_distance", self.stop_distance, 0.001..=self.slow_distance / 1.5)?;
        let slow = self.self_slow_distance;
        in_range("jog.self_slow_distance", slow, 0.002..=1.0)?;
        in_range("jog.self_stop_distance", self.self_stop_distance, 0.001..=slow / 1.5)?;
        in_range("jog.stop_margin", self.stop_margin, 0.001..=0.5)?;
        in_range("jog.limit_margin", self.limit_margin, 0.001..=0.5)?;
        in_range("jog.ahead", self.ahead, 0.01..=0.5)?;
        in_range("jog.control_lead", self.control_lead, 0.0..=0.1)
    }
}
