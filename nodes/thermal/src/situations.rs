//! The node against a motor whose physics is integrated here, step by step and on its own.

use crate::config::Config;
use crate::joint::{Joint, Surroundings};
use vocabulary::command::JointTelemetry;
use vocabulary::thermal::SensorState;
use vocabulary::time::{Monotonic, Now, Received, Stamp};

/// joint_6 of the reference arm, integrated by Euler steps of a millisecond.
struct Motor {
    winding: f64,
    housing: f64,
    stage: f64,
    time: f64,
}

impl Motor {
    fn at(temperature: f64) -> Self {
        Self { winding: temperature, housing: temperature, stage: temperature, time: 1.0 }
    }

    fn run(&mut self, current: impl Fn(f64) -> f64, power: f64, time: f64) {
        let steps = (time / 1e-3).round() as usize;
        for _ in 0..steps {
            let q = current(self.time).powi(2);
            let inward = (self.winding - self.housing) / 2.5;
            self.winding +=
                1e-3 * (1.6 * q * (1.0 + 0.0039 * (self.winding - 25.0)) - inward) / 18.0;
            self.housing += 1e-3 * (inward + power - (self.housing - 25.0) / 8.0) / 200.0;
            self.stage += 1e-3 * (25.0 + 20.0 * q / 1.875_f64.powi(2) - self.stage) / 90.0;
            self.time += 1e-3;
        }
    }
}

struct Rig {
    motor: Motor,
    joint: Joint,
    resolution: f64,
}

impl Rig {
    fn new(temperature: f64, resolution: f64) -> Self {
        let config = Config::default();
        let mut joint = Joint::new("joint_6", &config, &config.motors["joint_6"]);
        // As in life, frames without temperatures come first.
        for k in 1..5 {
            let stamp = Stamp(k * 100_000_000);
            let nan = f64::NAN;
            let value = JointTelemetry {
                stamp,
                winding_temperature: nan,
                housing_temperature: nan,
                drive_temperature: nan,
                current: 0.0,
                ..JointTelemetry::default()
            };
            let now = Now { mono: Monotonic(stamp.0 as u64), stamp };
            let around = Surroundings::default();
            joint.take(now, &Received { at: now.mono, value }, &around).unwrap();
        }
        Self { motor: Motor::at(temperature), joint, resolution }
    }

    /// One sample of telemetry after 0.1 s; the sensors show what `shown` makes of the truth.
    fn sample(&mut self, current: impl Fn(f64) -> f64, shown: impl Fn(f64) -> f64) {
        self.motor.run(&current, 2.0, 0.1);
        let ns = (self.motor.time * 1e9) as u64;
        let round = |x: f64| (x / self.resolution).round() * self.resolution;
        let value = JointTelemetry {
            stamp: Stamp(ns as i64),
            winding_temperature: round(shown(self.motor.winding)),
            housing_temperature: round(self.motor.housing),
            drive_temperature: round(self.motor.stage),
            current: (current(self.motor.time) * 100.0).round() / 100.0,
            ..JointTelemetry::default()
        };
        let now = Now { mono: Monotonic(ns), stamp: Stamp(ns as i64) };
        let around = Surroundings { powered: true, ..Surroundings::default() };
        self.joint.take(now, &Received { at: now.mono, value }, &around).unwrap();
    }

    fn error(&self) -> f64 {
        self.joint.observer.estimate().winding - self.motor.winding
    }
}

#[test]
fn light_work_for_an_hour_leaves_all_sensors_believed_and_the_estimate_right() {
    for (resolution, allowed) in [(0.1, 0.5), (1.0, 1.5)] {
        let mut rig = Rig::new(25.0, resolution);
        for k in 0..36_000 {
            let level = if k / 300 % 2 == 0 { 0.6 } else { 0.0 };
            rig.sample(|t| level * (5.0 * t).sin(), |x| x);
            let sensors = rig.joint.observer.sensors();
            assert!(!sensors.any_faulty(), "{resolution} K, {k}: {sensors:?} {}", rig.error());
            assert!(rig.error().abs() < allowed, "{resolution} K, {k}: {}", rig.error());
        }
    }
}

#[test]
fn a_winding_sensor_that_falls_silent_is_bridged_and_its_bound_rises() {
    let mut rig = Rig::new(25.0, 0.1);
    let work = |t: f64| 2.0 * (5.0 * t).sin();
    for _ in 0..3000 {
        rig.sample(work, |x| x);
    }
    let mut last = rig.joint.observer.bound().winding - rig.joint.observer.estimate().winding;
    for k in 1..=6 {
        for _ in 0..100 {
            rig.sample(work, |_| f64::NAN);
        }
        assert_eq!(rig.joint.observer.sensors().winding, SensorState::Silent);
        let spread = rig.joint.observer.bound().winding - rig.joint.observer.estimate().winding;
        assert!(spread > last, "after {k}0 s: {spread} K after {last} K");
        assert!(rig.error().abs() < spread, "{} K of {spread} K", rig.error());
        last = spread;
    }
    rig.sample(work, |x| x);
    assert_eq!(rig.joint.observer.sensors().winding, SensorState::Ok);
}

#[test]
fn a_drive_that_measures_nothing_is_estimated_by_the_model_within_its_bound() {
    let config = Config::default();
    let mut rig = Rig::new(25.0, 0.1);
    let mut joint = Joint::new("joint_6", &config, &config.motors["joint_6"]);
    let work = |t: f64| 2.2 * (5.0 * t).sin();
    for _ in 0..6000 {
        rig.sample(work, |x| x);
        let ns = (rig.motor.time * 1e9) as u64;
        let now = Now { mono: Monotonic(ns), stamp: Stamp(ns as i64) };
        let nan = f64::NAN;
        let value = JointTelemetry {
            stamp: now.stamp,
            winding_temperature: nan,
            housing_temperature: nan,
            drive_temperature: nan,
            current: work(rig.motor.time),
            ..JointTelemetry::default()
        };
        let around = Surroundings { powered: true, ..Surroundings::default() };
        joint.take(now, &Received { at: now.mono, value }, &around).unwrap();
    }
    let truth = rig.motor.winding;
    assert!((joint.observer.estimate().winding - truth).abs() < 3.0);
    assert!(joint.observer.bound().winding > truth);
    assert!(!joint.observer.sensors().any_faulty());
}

#[test]
fn samples_from_the_future_and_impossible_currents_are_refused_and_the_estimate_goes_on() {
    let mut rig = Rig::new(25.0, 0.1);
    for _ in 0..100 {
        rig.sample(|_| 1.0, |x| x);
    }
    let ns = (rig.motor.time * 1e9) as u64;
    let now = Now { mono: Monotonic(ns), stamp: Stamp(ns as i64) };
    let good = JointTelemetry { stamp: now.stamp, current: 1.0, ..JointTelemetry::default() };
    let future = JointTelemetry { stamp: Stamp(ns as i64 + 2_000_000_000), ..good.clone() };
    let current = JointTelemetry { current: 500.0, ..good };
    let around = Surroundings::default();
    for (value, words) in [(future, "in the future"), (current, "current 500 A")] {
        let refused = rig.joint.take(now, &Received { at: now.mono, value }, &around);
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("joint_6") && text.contains(words), "{text}");
    }
    rig.sample(|_| 1.0, |x| x);
    assert!(rig.error().abs() < 0.3);
}
