//! How much the arm must hold back so that no winding passes its limit within the horizon.
//!
//! The one rule: slow down as little as will do. Each joint's largest mean-square current that its
//! predicted bound allows is compared with the one it has; heat that motion makes falls with the
//! fourth power of speed (torque with its square), so speed follows with the fourth root. The estimate
//! closes the loop: where heat falls less than that, the next comparison asks for more.

use crate::config::Config;
use crate::joint::{Fading, Joint};

/// Power of speed in the heat of motion. Larger would oscillate, smaller is slower but safe:
/// the true one lies between 0 (gravity) and 4 (inertia), and any up to 8 converges.
const EXPONENT: f64 = 4.0;
/// Time over which torque must be bearable, s: longer than control needs to slow down.
const TORQUE_HORIZON: f64 = 3.0;
/// Rise of speed after it was held back, 1/s.
const RECOVERY: f64 = 0.02;
/// Torque is never cut below this multiple of the rated torque: gravity must be carried, also while
/// the arm stands.
const LEAST_TORQUE: f64 = 1.0;
/// Speed left at the limit itself, as a fraction of what the prediction allows.
const LEAST_NEAR: f64 = 0.3;
/// Halvings in the search for a current.
const HALVINGS: usize = 24;
/// Largest current that is looked at, as a multiple of the rated one.
const MOST: f64 = 4.0;
/// Steps in which fractions are published: finer would only be noise.
const STEP: f64 = 0.005;

/// What one joint asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Fraction of the programmed speed that keeps it cool.
    pub speed: f64,
    /// Fraction of its torque limit that it can bear for a moment.
    pub torque: f64,
    /// Predicted bound of the winding at the end of the horizon at the present load, °C.
    pub predicted: f64,
}

/// What control says of speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Path seconds per second.
    pub speed: f64,
    /// A path is followed.
    pub moving: bool,
}

/// Finds the speed.
#[derive(Debug, Clone)]
pub struct Governor {
    horizon: f64,
    margin: f64,
    window: f64,
    floor: f64,
    /// Fourth power of the speed at which the present load arose.
    pace: Fading,
    speed: f64,
}

impl Governor {
    /// Unrestricted.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            horizon: config.horizon,
            margin: config.margin,
            window: config.load_window,
            floor: config.minimum_speed,
            pace: Fading::default(),
            speed: 1.0,
        }
    }

    /// Notes how fast the arm moved for `length` s.
    pub fn note(&mut self, pace: Pace, length: f64) {
        if pace.moving {
            self.pace.take(pace.speed.powf(EXPONENT), length, self.window);
        }
    }

    /// What a joint asks for; `effort_limit` N·m.
    #[must_use]
    pub fn demand(&self, joint: &Joint, effort_limit: f64) -> Demand {
        let (load, power) = (joint.current_squared(), joint.power());
        let unsure = joint.observer.uncertainty(load, power, self.horizon);
        let target = joint.motor.winding_limit - self.margin;
        let allowed = allowed(joint, power, target - unsure, self.horizon, self.margin);
        let predicted = joint.observer.course(load, power).peak(self.horizon) + unsure;
        let bound = joint.motor.winding_limit - unsure.min(self.margin);
        let brief = self::allowed(joint, power, bound, TORQUE_HORIZON, self.margin).sqrt();
        let least = LEAST_TORQUE * joint.motor.rated_torque;
        let torque = (brief * joint.motor.torque_constant).max(least) / effort_limit;
        // Heat that does not fall with speed as expected shows by a bound beyond its target.
        let room = joint.motor.winding_limit - joint.observer.bound().winding;
        let near = (room / self.margin.max(0.1)).clamp(LEAST_NEAR, 1.0);
        let speed = (near * self.speed_for(load, allowed)).max(self.floor);
        Demand { speed, torque: step(torque.min(1.0)), predicted }
    }

    /// The speed at which `load` A² becomes `allowed` A².
    fn speed_for(&self, load: f64, allowed: f64) -> f64 {
        let pace = self.pace.mean();
        if load <= 0.0 || pace <= 0.0 {
            return 1.0;
        }
        (pace * allowed / load).powf(1.0 / EXPONENT).clamp(self.floor, 1.0)
    }

    /// The speed for the whole arm, `length` s after the last call: at once down, slowly up.
    pub fn decide(&mut self, demands: &[Demand], length: f64) -> f64 {
        let wanted = demands.iter().map(|demand| demand.speed).fold(1.0, f64::min);
        self.speed = wanted.min(self.speed + RECOVERY * length);
        step(self.speed)
    }
}

/// Rounded down, so that no rounding allows what is too much.
fn step(fraction: f64) -> f64 {
    ((fraction / STEP + 1e-9).floor() * STEP).clamp(0.0, 1.0)
}

/// The largest mean-square current, A², that keeps the winding below `target` °C, and the stage below
/// its limit, over `horizon` s.
fn allowed(joint: &Joint, power: f64, target: f64, horizon: f64, margin: f64) -> f64 {
    let most = (MOST * joint.motor.rated_current()).powi(2);
    let stage = joint.motor.stage_limit - margin;
    let fits = |load: f64| {
        joint.observer.course(load, power).at(horizon) <= target
            && joint.observer.stage_bound(load, horizon) <= stage
    };
    if fits(most) {
        return most;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if fits(middle) { low = middle } else { high = middle }
    }
    low
}
