//! What the node publishes of its estimates: the state, the alarms, the diagnostics.

use crate::alarm::Alarm;
use crate::joint::Joint;
use crate::{Thermal, derating::Demand};
use vocabulary::joint::PerJoint;
use vocabulary::thermal::{ThermalAlarm, ThermalLevel, ThermalState};
use vocabulary::time::{Monotonic, Now};

/// Diagnostics of one joint, after REP-107.
#[derive(Debug, Clone, PartialEq)]
pub struct JointReport {
    /// Joint name.
    pub joint: String,
    /// How serious it is.
    pub level: ThermalLevel,
    /// For people.
    pub message: String,
    /// Keys and values.
    pub values: Vec<(&'static str, String)>,
}

impl Thermal {
    pub(crate) fn state(&self, now: Now) -> ThermalState {
        let of = |value: fn(&Joint) -> f64| self.joints.each_ref().map(value);
        let sensors = self.joints.each_ref().map(|joint| joint.observer.sensors());
        ThermalState {
            stamp: now.stamp,
            boot_id: self.boot_id,
            winding: of(|j| j.observer.estimate().winding),
            winding_bound: of(|j| j.observer.bound().winding),
            housing: of(|j| j.observer.estimate().housing),
            housing_bound: of(|j| j.observer.bound().housing),
            winding_limit: of(|j| j.motor.winding_limit),
            time_to_limit: of(Joint::time_to_limit),
            load: of(Joint::load_ratio),
            torque_limit: self.demands.map(|demand| demand.torque),
            speed: if self.stop { 0.0 } else { self.speed },
            ambient: self.ambient(),
            winding_sensor: sensors.map(|s| s.winding),
            housing_sensor: sensors.map(|s| s.housing),
            drive_sensor: sensors.map(|s| s.stage),
            telemetry_age: self.joints.each_ref().map(|joint| joint.age(now.mono)),
            level: self.alarms.each_ref().map(Alarm::level),
        }
    }

    /// The joints' estimates of their surroundings, weighted by how well they know.
    fn ambient(&self) -> f64 {
        let estimates = self.joints.iter().map(|joint| joint.observer.ambient());
        let (sum, weight) = estimates.fold((0.0, 0.0), |(sum, weight), (value, deviation)| {
            let trust = 1.0 / (deviation * deviation).max(1e-6);
            (sum + trust * value, weight + trust)
        });
        sum / weight
    }

    pub(crate) fn alarm(&self, now: Now) -> ThermalAlarm {
        let levels = self.alarms.each_ref().map(Alarm::level);
        ThermalAlarm {
            stamp: now.stamp,
            boot_id: self.boot_id,
            level: levels.into_iter().max().unwrap_or_default(),
            levels,
            latched: self.alarms.each_ref().map(Alarm::latched),
            reasons: self.alarms.each_ref().map(|alarm| alarm.reason().to_owned()),
        }
    }

    /// Diagnostics of all joints.
    #[must_use]
    pub fn reports(&self, now: Monotonic) -> PerJoint<JointReport> {
        let mut rest = self.alarms.iter().zip(&self.demands);
        self.joints.each_ref().map(|joint| {
            let known = rest.next();
            joint_report(joint, known, self.speed, now)
        })
    }
}

fn joint_report(
    joint: &Joint,
    known: Option<(&Alarm, &Demand)>,
    speed: f64,
    now: Monotonic,
) -> JointReport {
    let (estimate, bound) = (joint.observer.estimate(), joint.observer.bound());
    let (stage, stage_bound) = joint.observer.stage();
    let sensors = joint.observer.sensors();
    let level = known.map_or(ThermalLevel::Normal, |(alarm, _)| alarm.level());
    let reason = known.map_or("", |(alarm, _)| alarm.reason());
    let latched = known.is_some_and(|(alarm, _)| alarm.latched());
    let torque = known.map_or(1.0, |(_, demand)| demand.torque);
    let values = vec![
        ("winding", format!("{:.1}", estimate.winding)),
        ("winding_bound", format!("{:.1}", bound.winding)),
        ("winding_limit", format!("{:.1}", joint.motor.winding_limit)),
        ("housing", format!("{:.1}", estimate.housing)),
        ("housing_bound", format!("{:.1}", bound.housing)),
        ("drive", format!("{stage:.1}")),
        ("drive_bound", format!("{stage_bound:.1}")),
        ("time_to_limit", format!("{:.0}", joint.time_to_limit())),
        ("load", format!("{:.3}", joint.load_ratio())),
        ("torque_limit", format!("{torque:.3}")),
        ("speed_limit", format!("{speed:.3}")),
        ("winding_sensor", sensors.winding.name().to_owned()),
        ("housing_sensor", sensors.housing.name().to_owned()),
        ("drive_sensor", sensors.stage.name().to_owned()),
        ("telemetry_age", format!("{:.2}", joint.age(now))),
        ("level", level.name().to_owned()),
        ("latched", latched.to_string()),
    ];
    let message = if reason.is_empty() {
        format!("winding {:.1} of {:.0} degC", estimate.winding, joint.motor.winding_limit)
    } else {
        reason.to_owned()
    };
    JointReport { joint: joint.name.clone(), level, message, values }
}
