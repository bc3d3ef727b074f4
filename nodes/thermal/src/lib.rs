//! Temperature of every joint: estimated, predicted, alarmed, derated.
//!
//! The one rule: control never waits for this node. It tells what it knows and what it asks for; who
//! applies it, and what happens when this process dies, is decided elsewhere.
//!
//! Terms: the *estimate* is the best guess, the *bound* what it will not exceed with some confidence;
//! the *load* is the mean-square current of the last seconds; the *horizon* is how far ahead the
//! winding is kept below its *limit*; *derating* is slowing down for that.
#![forbid(unsafe_code)]

pub mod alarm;
pub mod config;
pub mod derating;
pub mod filter;
#[cfg(feature = "ros")]
pub mod host;
pub mod identify;
pub mod joint;
pub mod network;
pub mod observer;
pub mod predict;
pub mod sensor;

mod report;
#[cfg(test)]
mod situations;

use alarm::{Alarm, Asked};
use arm_model::{ArmModel, JointVector, Load, Payload};
use derating::{Demand, Governor, Pace};
use joint::{Joint, Surroundings};
use predict::{Dynamics, Prediction, Request, RequestError};
use vocabulary::arm::{ArmMode, ArmStatus, Derating};
use vocabulary::command::JointTelemetry;
use vocabulary::health::{CycleStatistics, Health, LogLine, NodeHealth};
use vocabulary::joint::{JOINTS, JointLimits, JointOrder, PerJoint};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::thermal::{ThermalAlarm, ThermalLevel, ThermalState};
use vocabulary::time::{Monotonic, Now, Received};

pub use config::{Config, ConfigError, MotorConfig, PayloadConfig, SensorConfig};
pub use report::JointReport;

/// What control says is forgotten after this time, s.
const CONTROL_SILENT: f64 = 0.5;
/// Derating is repeated this often even when nothing changed, s: control tightens an old one.
const REPEAT: f64 = 0.5;
/// Refusals of one joint are logged at most this often, s.
const QUIET: f64 = 10.0;

/// A node that has just started says nothing before it knows every joint, or for so long, s: what it
/// could say without a single reading would stop an arm in warm surroundings.
const FIRST_LOOK: f64 = 2.0;

/// The arm to be kept cool.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Joint names, base to tip.
    pub order: JointOrder,
    /// Limits of the joints.
    pub limits: PerJoint<JointLimits>,
    /// For predictions.
    pub model: ArmModel<JOINTS>,
}

/// What is new since the last step.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Newest telemetry of each joint.
    pub telemetry: PerJoint<Option<Received<JointTelemetry>>>,
    /// `control_state`.
    pub control: Option<Received<ControlState>>,
    /// `arm/status`.
    pub status: Option<ArmStatus>,
}

/// What goes out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outputs {
    /// Publish on `thermal_state`.
    pub state: Option<ThermalState>,
    /// Publish on `thermal_alarm`: something changed.
    pub alarm: Option<ThermalAlarm>,
    /// Publish on `derating`.
    pub derating: Option<Derating>,
    /// For people.
    pub log: Vec<LogLine>,
}

/// The node; see the crate's documentation.
#[derive(Debug, Clone)]
pub struct Thermal {
    config: Config,
    boot_id: u64,
    limits: PerJoint<JointLimits>,
    joints: PerJoint<Joint>,
    alarms: PerJoint<Alarm>,
    demands: PerJoint<Demand>,
    governor: Governor,
    dynamics: Dynamics,
    control: Option<Received<ControlState>>,
    powered: bool,
    speed: f64,
    /// The arm shall stand.
    stop: bool,
    next_state: Monotonic,
    started: Option<Monotonic>,
    judged: Option<Monotonic>,
    told: bool,
    announced: Option<(Derating, Monotonic)>,
    quiet_until: PerJoint<Monotonic>,
    cycles: CycleStatistics,
}

impl Thermal {
    /// Nothing heard yet.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn new(config: Config, arm: Arm, boot_id: u64) -> Result<Self, ConfigError> {
        config.validate()?;
        let motors = config.motors(&arm.order)?;
        let rotors = JointVector::from(motors.each_ref().map(|(_, motor)| motor.rotor_inertia));
        let PayloadConfig { mass, center_of_mass } = config.payload;
        let payload = Payload::point(mass, center_of_mass.into()).map_err(ConfigError::Payload)?;
        let model = arm.model.with_rotor_inertia(rotors).map_err(ConfigError::Rotor)?;
        let joints = motors.map(|(name, motor)| Joint::new(&name, &config, &motor));
        let idle = Demand { speed: 1.0, torque: 1.0, predicted: config.ambient };
        let period = 1.0 / config.rate_hz;
        Ok(Self {
            boot_id,
            limits: arm.limits,
            joints,
            alarms: Default::default(),
            demands: [idle; JOINTS],
            governor: Governor::new(&config),
            dynamics: Dynamics { model, load: Load::with_payload(payload) },
            control: None,
            powered: false,
            speed: 1.0,
            stop: false,
            next_state: Monotonic(0),
            started: None,
            judged: None,
            told: false,
            announced: None,
            quiet_until: Default::default(),
            cycles: CycleStatistics { period, ..CycleStatistics::default() },
            config,
        })
    }

    /// One step; the host calls it `rate_hz` times a second.
    pub fn step(&mut self, now: Now, inputs: &Inputs) -> Outputs {
        let mut out = Outputs::default();
        self.cycles.count += 1;
        self.hear(inputs);
        for (index, sample) in inputs.telemetry.iter().enumerate() {
            self.take(now, index, sample.as_ref(), &mut out.log);
        }
        if self.knows_joints(now.mono) && now.mono >= self.next_state {
            let period = 1.0 / self.config.state_rate_hz;
            let raster = self.next_state.shifted(period);
            self.next_state = if raster > now.mono { raster } else { now.mono.shifted(period) };
            self.judge(now, &mut out);
        }
        out
    }

    fn knows_joints(&mut self, now: Monotonic) -> bool {
        let started = *self.started.get_or_insert(now);
        self.judged.is_some()
            || self.joints.iter().all(|joint| joint.observer.is_begun())
            || now.since(started).as_secs_f64() >= FIRST_LOOK
    }

    fn hear(&mut self, inputs: &Inputs) {
        if let Some(control) = &inputs.control {
            self.control = Some(control.clone());
        }
        if let Some(status) = &inputs.status {
            self.powered = status.mode != ArmMode::Disabled;
        }
    }

    fn take(
        &mut self,
        now: Now,
        index: usize,
        sample: Option<&Received<JointTelemetry>>,
        log: &mut Vec<LogLine>,
    ) {
        let around = self.surroundings(index, now.mono);
        let Some(joint) = self.joints.get_mut(index) else { return };
        let Some(sample) = sample else {
            joint.wait(now.mono, &around);
            return;
        };
        let before = joint.observer.sensors();
        let taken = joint.take(now, sample, &around);
        if joint.observer.sensors() != before {
            self.next_state = now.mono;
        }
        if let Err(refusal) = taken {
            joint.wait(now.mono, &around);
            self.cycles.refused += 1;
            if let Some(quiet) = self.quiet_until.get_mut(index).filter(|at| **at <= now.mono) {
                *quiet = now.mono.shifted(QUIET);
                log.push(LogLine::warn(refusal.to_string()));
            }
        }
    }

    fn fresh_control(&self, now: Monotonic) -> Option<&ControlState> {
        let heard = self.control.as_ref()?;
        (now.since(heard.at).as_secs_f64() < CONTROL_SILENT).then_some(&heard.value)
    }

    fn surroundings(&self, index: usize, now: Monotonic) -> Surroundings {
        let control = self.fresh_control(now);
        let of = |values: &PerJoint<f64>| values.get(index).copied().filter(|x| x.is_finite());
        Surroundings {
            velocity: control.and_then(|c| of(&c.feedback_velocity)).unwrap_or(0.0),
            effort: control.and_then(|c| of(&c.output_effort)),
            powered: self.powered,
        }
    }

    /// What the estimates mean for the arm.
    fn judge(&mut self, now: Now, out: &mut Outputs) {
        let length = self.judged.map_or(0.0, |last| now.mono.since(last).as_secs_f64());
        self.judged = Some(now.mono);
        if let Some(control) = self.fresh_control(now.mono) {
            let moving = control.phase == ControlPhase::Executing;
            let pace = Pace { speed: control.speed_scaling, moving };
            self.governor.note(pace, length);
        }
        for ((demand, joint), limits) in self.demands.iter_mut().zip(&self.joints).zip(&self.limits)
        {
            *demand = self.governor.demand(joint, limits.effort);
        }
        self.speed = self.governor.decide(&self.demands, length);
        if self.raise(now.mono, &mut out.log) || !self.told {
            self.told = true;
            out.alarm = Some(self.alarm(now));
        }
        self.stop = self.alarms.iter().any(|alarm| alarm.level() == ThermalLevel::Stop);
        out.derating = self.announce(now);
        out.state = Some(self.state(now));
    }

    /// Judges all alarms; true when one changed.
    fn raise(&mut self, now: Monotonic, log: &mut Vec<LogLine>) -> bool {
        let mut any = false;
        for ((alarm, joint), demand) in self.alarms.iter_mut().zip(&self.joints).zip(&self.demands)
        {
            let asked = Asked { speed: self.speed, demand: *demand };
            if alarm.judge(now, joint, &asked, &self.config) {
                any = true;
                log.push(line(joint, alarm));
            }
        }
        any
    }

    fn announce(&mut self, now: Now) -> Option<Derating> {
        let torque = self.demands.map(|demand| demand.torque);
        let (boot_id, stop, speed) = (self.boot_id, self.stop, self.speed);
        let derating = Derating { stamp: now.stamp, boot_id, stop, torque, speed };
        if let Some((last, at)) = &self.announced {
            let same = (last.stop, last.torque, last.speed) == (stop, torque, speed);
            if same && now.mono.seconds_from(*at) < REPEAT {
                return None;
            }
        }
        self.announced = Some((derating, now.mono));
        Some(derating)
    }

    /// Says everything again at the next step: a shadow calls this until it is the one that is obeyed.
    pub fn take_over(&mut self) {
        self.told = false;
        self.announced = None;
    }

    /// Somebody has seen the alarms; says which.
    pub fn acknowledge(&mut self) -> String {
        let names = self.joints.iter().map(|joint| joint.name.as_str());
        let seen = names.zip(&mut self.alarms).filter_map(|(n, a)| a.acknowledge().then_some(n));
        let seen: Vec<_> = seen.collect();
        self.told = false;
        if seen.is_empty() {
            return "no alarm waits to be acknowledged".to_owned();
        }
        format!("acknowledged: {}", seen.join(", "))
    }

    /// How hot a trajectory makes the joints, from the present temperatures.
    ///
    /// # Errors
    /// [`RequestError`] naming what is wrong with the request.
    pub fn predict(&self, request: &Request) -> Result<Prediction, RequestError> {
        let position = self.control.as_ref().map(|heard| heard.value.feedback_position);
        let position = position.filter(|p| p.iter().all(|x| x.is_finite()));
        predict::predict(request, &self.joints, &self.dynamics, position)
    }

    /// Takes over a payload for predictions: kg, m in the tip frame.
    ///
    /// # Errors
    /// [`arm_model::LoadError`] when there is no such payload; the old one stays.
    pub fn set_payload(
        &mut self,
        mass: f64,
        center_of_mass: [f64; 3],
    ) -> Result<(), arm_model::LoadError> {
        self.dynamics.load = Load::with_payload(Payload::point(mass, center_of_mass.into())?);
        Ok(())
    }

    /// The joints, for those who judge the estimates: tests and the bench.
    #[must_use]
    pub fn joints(&self) -> &PerJoint<Joint> {
        &self.joints
    }

    /// What to say in the heartbeat.
    #[must_use]
    pub fn health(&self) -> NodeHealth {
        let worst = self.alarms.iter().max_by_key(|alarm| alarm.level());
        let (health, message) = match worst.map(|alarm| (alarm.level(), alarm.reason())) {
            None | Some((ThermalLevel::Normal, _)) => (Health::Ok, String::new()),
            Some((ThermalLevel::Stop, reason)) => (Health::Error, reason.to_owned()),
            Some((_, reason)) => (Health::Warn, reason.to_owned()),
        };
        NodeHealth { health, message, cycles: self.cycles, ..NodeHealth::default() }
    }
}

fn line(joint: &Joint, alarm: &Alarm) -> LogLine {
    let name = &joint.name;
    match alarm.level() {
        ThermalLevel::Normal => LogLine::info(format!("{name}: temperature is normal")),
        ThermalLevel::Stop => LogLine::error(format!("stop: {}", alarm.reason())),
        level => LogLine::warn(format!("{}: {}", level.name(), alarm.reason())),
    }
}
