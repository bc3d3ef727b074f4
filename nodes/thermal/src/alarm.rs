//! Alarms: levels with hysteresis, latches, and reasons a person can act upon.
//!
//! The one rule: a level rises at once and falls only when its cause has been gone for a while; what
//! was raised stays latched until somebody acknowledges it.

use crate::config::Config;
use crate::derating::Demand;
use crate::joint::Joint;
use vocabulary::thermal::{SensorState, ThermalLevel};
use vocabulary::time::Monotonic;

/// A cause must be gone for this long before its level falls, s.
const CALM: f64 = 5.0;
/// Bound of the winding below its limit at which a warning comes whatever the prediction says, K.
const NEAR: f64 = 5.0;
/// A fraction below this is a derating.
const UNRESTRICTED: f64 = 0.995;

/// What is asked of the arm now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// Fraction of the programmed speed of the arm.
    pub speed: f64,
    /// What this joint asks for.
    pub demand: Demand,
}

/// The alarm of one joint.
#[derive(Debug, Clone, Default)]
pub struct Alarm {
    level: ThermalLevel,
    latched: bool,
    calm_since: Option<Monotonic>,
    faults: Vec<&'static str>,
    reason: String,
}

impl Alarm {
    /// How serious it is.
    #[must_use]
    pub fn level(&self) -> ThermalLevel {
        self.level
    }

    /// Not yet acknowledged.
    #[must_use]
    pub fn latched(&self) -> bool {
        self.latched
    }

    /// Why; empty when normal.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Somebody has seen it.
    pub fn acknowledge(&mut self) -> bool {
        std::mem::take(&mut self.latched)
    }

    /// Judges the joint; true when level, latch or sensor faults changed.
    pub fn judge(&mut self, now: Monotonic, joint: &Joint, asked: &Asked, config: &Config) -> bool {
        let found = cause(joint, asked, config, self.level);
        let faults = sensor_faults(joint);
        let before = (self.level, self.latched, self.faults.len());
        let same_faults = self.faults == faults;
        self.faults = faults;
        self.settle(now, found);
        self.latched |= self.level > before.0;
        let changed = before != (self.level, self.latched, self.faults.len()) || !same_faults;
        if changed {
            self.reason = reason(joint, asked, self.level, &self.faults);
        }
        changed
    }

    fn settle(&mut self, now: Monotonic, found: ThermalLevel) {
        if found >= self.level {
            self.level = found;
            self.calm_since = None;
            return;
        }
        let since = *self.calm_since.get_or_insert(now);
        if now.seconds_from(since) >= CALM {
            self.level = found;
            self.calm_since = None;
        }
    }
}

/// The level that the present state deserves; thresholds of the level at hand are lowered.
fn cause(joint: &Joint, asked: &Asked, config: &Config, at: ThermalLevel) -> ThermalLevel {
    let bound = joint.observer.bound().winding;
    let limit = joint.motor.winding_limit;
    let (_, stage) = joint.observer.stage();
    let slack = |level| if at >= level { config.hysteresis } else { 0.0 };
    let stop = slack(ThermalLevel::Stop);
    if bound >= limit - stop || stage >= joint.motor.stage_limit - stop {
        return ThermalLevel::Stop;
    }
    let Demand { speed, torque, .. } = asked.demand;
    if speed < UNRESTRICTED || torque < UNRESTRICTED {
        return ThermalLevel::Derate;
    }
    let slack = slack(ThermalLevel::Warning);
    let soon = time_to_bound(joint, limit - slack, config.warning_horizon).is_finite();
    if soon || bound >= limit - NEAR - slack || joint.observer.sensors().any_faulty() {
        return ThermalLevel::Warning;
    }
    ThermalLevel::Normal
}

/// Time until the bound passes `limit` at the present load, s; infinite beyond `horizon`.
fn time_to_bound(joint: &Joint, limit: f64, horizon: f64) -> f64 {
    let (load, power) = (joint.current_squared(), joint.power());
    let unsure = joint.observer.uncertainty(load, power, horizon);
    let time = joint.observer.course(load, power).time_to(limit - unsure);
    if time <= horizon { time } else { f64::INFINITY }
}

/// What is wrong with the sensors, in words.
fn sensor_faults(joint: &Joint) -> Vec<&'static str> {
    let sensors = joint.observer.sensors();
    let all = [
        (sensors.winding, WINDING_WORDS),
        (sensors.housing, HOUSING_WORDS),
        (sensors.stage, STAGE_WORDS),
    ];
    let word = |(state, words): &(SensorState, [&'static str; 5])| match state {
        SensorState::None | SensorState::Ok => None,
        SensorState::Silent => Some(words[0]),
        SensorState::Stuck => Some(words[1]),
        SensorState::Jumping => Some(words[2]),
        SensorState::Offset => Some(words[3]),
        SensorState::Implausible => Some(words[4]),
    };
    all.iter().filter_map(word).collect()
}

const WINDING_WORDS: [&str; 5] = [
    "winding sensor silent",
    "winding sensor stuck",
    "winding sensor jumping",
    "winding sensor offset",
    "winding sensor implausible",
];
const HOUSING_WORDS: [&str; 5] = [
    "housing sensor silent",
    "housing sensor stuck",
    "housing sensor jumping",
    "housing sensor offset",
    "housing sensor implausible",
];
const STAGE_WORDS: [&str; 5] = [
    "drive sensor silent",
    "drive sensor stuck",
    "drive sensor jumping",
    "drive sensor offset",
    "drive sensor implausible",
];

/// The sentence of an alarm.
fn reason(joint: &Joint, asked: &Asked, level: ThermalLevel, faults: &[&str]) -> String {
    if level == ThermalLevel::Normal && faults.is_empty() {
        return String::new();
    }
    let (estimate, bound) = (joint.observer.estimate().winding, joint.observer.bound().winding);
    let (name, limit) = (&joint.name, joint.motor.winding_limit);
    let (stage, stage_limit) = (joint.observer.stage().1, joint.motor.stage_limit);
    let time = joint.time_to_limit();
    let when = if time.is_finite() {
        format!("passes {limit:.0} °C in {time:.0} s at the present load")
    } else {
        format!("stays below {limit:.0} °C at the present load")
    };
    let load = 100.0 * joint.load_ratio();
    let mut text = format!(
        "{name}: winding {estimate:.1} °C (at most {bound:.1} °C), {when} of {load:.0} % of rated \
         torque"
    );
    if stage > stage_limit - NEAR {
        text += &format!("; driver stage at most {stage:.1} °C of {stage_limit:.0} °C");
    }
    match level {
        ThermalLevel::Stop => {
            text += "; the arm is stopped: unload it or let it cool, then arm/resume"
        }
        ThermalLevel::Derate => text += &format!("; slowed to {:.0} %", 100.0 * asked.speed),
        ThermalLevel::Normal | ThermalLevel::Warning => {}
    }
    for fault in faults {
        text += "; ";
        text += fault;
    }
    text
}
