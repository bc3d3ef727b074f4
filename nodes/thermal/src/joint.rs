//! One joint: what its telemetry says, what it is loaded with, where that leads.
//!
//! The one rule: a sample is taken or refused as a whole, with a reason; the estimate goes on either
//! way.

use crate::config::{Config, MotorConfig};
use crate::observer::{Interval, Observer, Reading};
use thiserror::Error;
use vocabulary::command::JointTelemetry;
use vocabulary::time::{Monotonic, Now, Received, Stamp};

/// A sample may lie this far in the future before it is refused, s: hosts whose clocks are
/// synchronised differ by milliseconds.
const FUTURE: f64 = 0.5;
/// A sample older than the last by more than this means that a clock was set back, s.
const SET_BACK: f64 = 1.0;
/// Currents beyond this multiple of the rated one are no currents.
const MOST_CURRENT: f64 = 10.0;
/// Memory of the load for forecasts, as a multiple of the short one.
const LONG: f64 = 6.0;
/// Difference of the two memories up to which the load is steady, relative.
const STEADY: f64 = 0.1;
/// Periods without telemetry after which a sample is missing.
const MISSED: f64 = 1.25;

/// Why a sample of telemetry is refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refusal {
    /// From the future.
    #[error(
        "telemetry of {joint} is stamped {ahead:.3} s in the future: at most {FUTURE} s is believed"
    )]
    Future {
        /// The joint.
        joint: String,
        /// How far, s.
        ahead: f64,
    },
    /// Older than the one before.
    #[error("telemetry of {joint} is {behind:.3} s older than the sample before")]
    Old {
        /// The joint.
        joint: String,
        /// How far, s.
        behind: f64,
    },
    /// No such current.
    #[error("telemetry of {joint}: current {current} A is not believed, rated is {rated:.2} A")]
    Current {
        /// The joint.
        joint: String,
        /// What was said, A.
        current: f64,
        /// Rated current, A.
        rated: f64,
    },
}

/// Exponentially fading mean.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fading {
    value: f64,
    weight: f64,
}

impl Fading {
    /// Takes `value` that held for `length` s; memory of `window` s.
    pub fn take(&mut self, value: f64, length: f64, window: f64) {
        let keep = (-length / window).exp();
        self.weight = keep * self.weight + (1.0 - keep);
        self.value = keep * self.value + (1.0 - keep) * value;
    }

    /// The mean; zero when nothing was taken.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.weight > 0.0 { self.value / self.weight } else { 0.0 }
    }
}

/// What else is known while a sample is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Surroundings {
    /// Speed of the joint, rad/s; zero when unknown.
    pub velocity: f64,
    /// Torque written to the drive, N·m; none when unknown.
    pub effort: Option<f64>,
    /// The drive is powered, so its brake is open.
    pub powered: bool,
}

/// One joint.
#[derive(Debug, Clone)]
pub struct Joint {
    /// Its name.
    pub name: String,
    /// Its data sheet.
    pub motor: MotorConfig,
    /// Its temperatures.
    pub observer: Observer,
    window: f64,
    period: f64,
    /// Mean-square current, A².
    load: Fading,
    /// The same over a longer time.
    long_load: Fading,
    /// Power into the housing, W.
    power: Fading,
    heard: Option<Monotonic>,
    passed: Monotonic,
    next_miss: Monotonic,
    stamp: Stamp,
    current: Option<f64>,
}

impl Joint {
    /// A joint that was never heard.
    #[must_use]
    pub fn new(name: &str, config: &Config, motor: &MotorConfig) -> Self {
        Self {
            name: name.to_owned(),
            motor: *motor,
            observer: Observer::new(config, motor),
            window: config.load_window,
            period: 1.0 / config.telemetry_rate_hz,
            load: Fading::default(),
            long_load: Fading::default(),
            power: Fading::default(),
            heard: None,
            passed: Monotonic(0),
            next_miss: Monotonic(0),
            stamp: Stamp(i64::MIN),
            current: None,
        }
    }

    /// Takes a sample in.
    ///
    /// # Errors
    /// [`Refusal`] of a sample that cannot be true; nothing of it is used.
    pub fn take(
        &mut self,
        now: Now,
        sample: &Received<JointTelemetry>,
        around: &Surroundings,
    ) -> Result<(), Refusal> {
        let telemetry = &sample.value;
        self.check(now, telemetry)?;
        self.stamp = telemetry.stamp;
        let current = self.current_of(telemetry, around);
        self.pass_until(sample.at, current, around);
        self.current = current;
        self.heard = Some(sample.at);
        self.next_miss = sample.at.shifted(MISSED * self.period);
        self.observer.take(&Reading {
            winding: telemetry.winding_temperature,
            housing: telemetry.housing_temperature,
            stage: telemetry.drive_temperature,
        });
        Ok(())
    }

    fn check(&self, now: Now, telemetry: &JointTelemetry) -> Result<(), Refusal> {
        let joint = || self.name.clone();
        let seconds = |from: Stamp, to: Stamp| (to.0 as f64 - from.0 as f64) * 1e-9;
        let ahead = seconds(now.stamp, telemetry.stamp);
        if ahead > FUTURE {
            return Err(Refusal::Future { joint: joint(), ahead });
        }
        let behind = seconds(telemetry.stamp, self.stamp);
        if behind > 0.0 && behind < SET_BACK {
            return Err(Refusal::Old { joint: joint(), behind });
        }
        let (current, rated) = (telemetry.current, self.motor.rated_current());
        if current.abs() > MOST_CURRENT * rated {
            return Err(Refusal::Current { joint: joint(), current, rated });
        }
        Ok(())
    }

    /// The current as measured, or as control wrote it.
    fn current_of(&self, telemetry: &JointTelemetry, around: &Surroundings) -> Option<f64> {
        let written = || around.effort.map(|effort| effort / self.motor.torque_constant);
        Some(telemetry.current).filter(|current| current.is_finite()).or_else(written)
    }

    /// Lets time pass without a sample, when one is overdue.
    pub fn wait(&mut self, now: Monotonic, around: &Surroundings) {
        if self.heard.is_none() || now < self.next_miss {
            return;
        }
        self.next_miss = now.shifted(self.period);
        self.current = None;
        self.pass_until(now, None, around);
        self.observer.miss();
    }

    fn pass_until(&mut self, at: Monotonic, current: Option<f64>, around: &Surroundings) {
        if self.heard.is_none() {
            self.passed = at;
        }
        let length = at.since(self.passed).as_secs_f64();
        self.passed = self.passed.max(at);
        if length <= 0.0 {
            return;
        }
        let power = self.housing_power(around);
        let measured = current.is_some();
        let current_squared = match (self.current, current) {
            // Of squares, not of a line between them: that would lose power between samples.
            (Some(a), Some(b)) => 0.5 * (a * a + b * b),
            (None, Some(b)) => b * b,
            (_, None) => self.load.mean(),
        };
        self.observer.pass(&Interval { length, current_squared, power, measured });
        if measured {
            self.load.take(current_squared, length, self.window);
            self.long_load.take(current_squared, length, LONG * self.window);
            self.power.take(power, length, self.window);
        }
    }

    /// Heat of friction and of the open brake, W.
    fn housing_power(&self, around: &Surroundings) -> f64 {
        let speed = around.velocity.abs();
        let friction = (self.motor.coulomb + self.motor.viscous * speed) * speed;
        friction + if around.powered { self.motor.brake_power } else { 0.0 }
    }

    /// Mean-square current of the present load, A².
    #[must_use]
    pub fn current_squared(&self) -> f64 {
        self.load.mean()
    }

    /// Power into the housing of the present load, W.
    #[must_use]
    pub fn power(&self) -> f64 {
        self.power.mean()
    }

    /// RMS torque as a fraction of the rated torque.
    #[must_use]
    pub fn load_ratio(&self) -> f64 {
        self.current_squared().sqrt() / self.motor.rated_current()
    }

    /// Age of the telemetry, s; infinite when never heard.
    #[must_use]
    pub fn age(&self, now: Monotonic) -> f64 {
        self.heard.map_or(f64::INFINITY, |at| now.since(at).as_secs_f64())
    }

    /// Mean-square current for forecasts, A²: while the load is steady, that of a longer time, which
    /// the beat of the work does not shake.
    fn steady_current_squared(&self) -> f64 {
        let (present, long) = (self.load.mean(), self.long_load.mean());
        if (present - long).abs() <= STEADY * long { long } else { present }
    }

    /// Time until the winding passes its limit at the present load, s.
    #[must_use]
    pub fn time_to_limit(&self) -> f64 {
        let course = self.observer.course(self.steady_current_squared(), self.power());
        course.time_to(self.motor.winding_limit)
    }
}
