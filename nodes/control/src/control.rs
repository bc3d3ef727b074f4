//! One cycle of the servo loop: hear, decide, go on, tell.

use crate::canary::{Canary, Finding};
use crate::config::{Config, ConfigError};
use crate::course::Course;
use crate::derating::Heat;
use crate::gap::Gap;
use crate::history::History;
use crate::joints::{Joints, Readiness};
use crate::law::{LawOutput, Laws, Measured};
use crate::obedience::Obedience;
use crate::payload::PayloadEstimator;
use crate::plan::AtHand;
use crate::rules::Rules;
use crate::shadow::Shadow;
use crate::stages::Stage;
use crate::succession::Slip;
use crate::tenure::Tenure;
use crate::tolerance::Excuse;
use crate::tuning::Tuner;
use arm_model::ArmModel;
use std::time::Duration;
use trajectory::State;
use vocabulary::arm::{ArmStatus, Derating};
use vocabulary::command::{DriverState, JointCommand, JointFeedback, Lease, Mode};
use vocabulary::gate::{GateConfig, MAX_VALIDITY};
use vocabulary::handover::HandOver;
use vocabulary::health::{CycleStatistics, Health, LogLine, NodeHealth};
use vocabulary::joint::{JOINTS, JointLimits, JointOrder, PerJoint};
use vocabulary::lease::takeover_silence;
use vocabulary::plan::{ControlState, MotionPlan, Violation};
use vocabulary::settings::LoadEstimate;
use vocabulary::time::{Monotonic, Now, Received};

/// A cycle is late when it begins this much after its time, s.
const LATE: f64 = 0.001;

/// The arm to be controlled.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Joint names, base to tip.
    pub order: JointOrder,
    /// Limits of the joints.
    pub limits: PerJoint<JointLimits>,
    /// Its dynamics; without a model there is no torque feed-forward.
    pub model: Option<ArmModel<JOINTS>>,
}

/// What is new since the last cycle.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Newest feedback of each joint, and when it came, on our steady clock.
    pub feedback: PerJoint<Option<(JointFeedback, Monotonic)>>,
    /// `arm/status`.
    pub status: Option<ArmStatus>,
    /// `lease`.
    pub lease: Option<Lease>,
    /// `motion_plan`.
    pub plan: Option<MotionPlan>,
    /// `derating`.
    pub derating: Option<Derating>,
    /// `speed_scaling_input`: fraction of the programmed speed, 0 to 1; 0 pauses.
    pub speed_scaling: Option<f64>,
    /// All of `joint_command`, our own among them.
    pub commands: Vec<Received<JointCommand>>,
    /// All of `handover`.
    pub handovers: Vec<HandOver>,
}

/// What a cycle yields.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// The command of this cycle; none without the lease.
    pub command: Option<JointCommand>,
    /// What a standby needs, beside every command.
    pub handover: Option<HandOver>,
    /// The report, when it is due.
    pub state: Option<ControlState>,
    /// Lines for people.
    pub log: Vec<LogLine>,
}

/// The servo loop.
pub struct Control {
    pub(crate) config: Config,
    pub(crate) order: JointOrder,
    pub(crate) order_hash: u64,
    pub(crate) limits: PerJoint<JointLimits>,
    pub(crate) boot_id: u64,
    pub(crate) rules: Rules,
    pub(crate) tuner: Tuner,
    pub(crate) law: Laws,
    /// The settings changed since they were last told.
    pub(crate) untold: bool,
    pub(crate) load: PayloadEstimator,
    /// The estimate as it was told last, and when.
    pub(crate) load_told: (Option<LoadEstimate>, Monotonic),
    pub(crate) joints: Joints,
    pub(crate) history: History,
    pub(crate) course: Course,
    pub(crate) status: Option<ArmStatus>,
    pub(crate) tenure: Tenure,
    pub(crate) shadow: Shadow,
    pub(crate) canary: Canary,
    pub(crate) slip: Slip,
    pub(crate) gap: Gap,
    pub(crate) obedience: Obedience,
    /// We send commands.
    pub(crate) commands: bool,
    /// Why and when the lease was taken back.
    pub(crate) took_back: Option<(Option<Finding>, Monotonic)>,
    /// The epoch in which this process first knew what the arm does: as its holder, or along with the
    /// holder. What was issued before is not begun.
    pub(crate) since_epoch: Option<u64>,
    pub(crate) sequence: u64,
    /// The reference continues from what the drives do.
    pub(crate) seeded: bool,
    /// The joint that keeps it from doing so.
    missing: Option<usize>,
    /// Joints whose reference follows their driver's setpoint.
    pub(crate) tracking: PerJoint<bool>,
    /// As it was in the last cycle.
    pub(crate) tracked: PerJoint<bool>,
    /// How much more torque than the model expects acts at the joints, N·m.
    pub(crate) beyond: PerJoint<f64>,
    pub(crate) stage: Stage,
    pub(crate) plan: Option<AtHand>,
    /// A plan whose start lies in the future.
    pub(crate) next: Option<MotionPlan>,
    pub(crate) scaling: f64,
    pub(crate) heat: Heat,
    pub(crate) measured: PerJoint<Option<Measured>>,
    /// When the reference holds.
    pub(crate) reference_at: Monotonic,
    pub(crate) applied: LawOutput,
    pub(crate) next_report: Monotonic,
    pub(crate) report_now: bool,
    pub(crate) violation: Option<Violation>,
    pub(crate) excuse: Excuse,
    pub(crate) reason: String,
    cycles: CycleStatistics,
    pub(crate) last_cycle: Option<Monotonic>,
}

impl Control {
    /// A controller without lease.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key.
    pub fn new(config: Config, arm: Arm, boot_id: u64) -> Result<Self, ConfigError> {
        let rules = Rules::new(&config, &arm)?;
        let tuner = Tuner::new(rules.tuning(&config)?);
        let mut law = Laws::default();
        law.select(&config.law, &[None; JOINTS]);
        let idle = [0.0; JOINTS];
        let period = Duration::from_secs_f64(config.period);
        let gate = gate_config(&config, &arm);
        let applied = LawOutput {
            mode: Mode::Position,
            position: idle,
            velocity: idle,
            acceleration: idle,
            effort: idle,
        };
        Ok(Self {
            order_hash: arm.order.hash(),
            boot_id,
            rules,
            tuner,
            law,
            untold: true,
            load: PayloadEstimator::new(),
            load_told: (None, Monotonic(0)),
            joints: Joints::new(config.period, config.silence_periods, config.shared_clock),
            history: History::new(),
            course: Course::new(arm.limits, config.scaling_ramp),
            status: None,
            tenure: Tenure::new(boot_id, gate, period),
            shadow: Shadow::default(),
            canary: Canary::new(config.canary),
            slip: Slip::default(),
            gap: Gap::new(config.period),
            obedience: Obedience::default(),
            commands: false,
            took_back: None,
            since_epoch: None,
            sequence: 0,
            seeded: false,
            missing: None,
            tracking: [false; JOINTS],
            tracked: [false; JOINTS],
            beyond: [0.0; JOINTS],
            stage: Stage::Hold,
            plan: None,
            next: None,
            scaling: config.initial_speed_scaling,
            heat: Heat::default(),
            measured: [None; JOINTS],
            reference_at: Monotonic(0),
            applied,
            next_report: Monotonic(0),
            report_now: true,
            violation: None,
            excuse: Excuse::default(),
            reason: "no lease".to_owned(),
            cycles: CycleStatistics { period: config.period, ..CycleStatistics::default() },
            last_cycle: None,
            order: arm.order,
            limits: arm.limits,
            config,
        })
    }

    /// One cycle; the host calls it every period.
    pub fn step(&mut self, now: Now, inputs: &Inputs) -> Outputs {
        let mut out = Outputs::default();
        let punctual = self.count_cycle(now.mono);
        self.joints.hear(&inputs.feedback, punctual);
        self.heat.advance(now.mono);
        self.take_settings(inputs, &mut out.log);
        self.attend(now, inputs, &mut out.log);
        if let Some(plan) = &inputs.plan {
            self.take_plan(plan, now.stamp, &mut out.log);
        }
        self.promote_next(now.stamp, &mut out.log);
        if self.commands {
            let command = self.cycle(now, &mut out.log);
            out.command = command.and_then(|command| self.seal(command));
            out.handover = out.command.is_some().then(|| self.hand_over());
            self.canary.learn(&self.measured);
        } else {
            self.shadow_cycle(now);
        }
        out.state = self.report(now);
        out
    }

    /// Whether this process may command.
    #[must_use]
    pub fn is_holder(&self) -> bool {
        self.commands
    }

    /// How long after a bus sample a cycle shall begin, s.
    #[must_use]
    pub fn phase(&self) -> f64 {
        self.config.phase * self.config.period
    }

    /// The newest beat of the bus on our clock. All joints are sampled at once; a driver that was
    /// held up stamps its sample late, never early.
    #[must_use]
    pub fn newest_beat(&self) -> Option<Monotonic> {
        let heard = || self.joints.iter().filter(|(_, joint)| joint.newest().is_some());
        let samples = || heard().map(|(_, joint)| joint.sampled_at);
        let newest = samples().max()?;
        let half = 0.5 * self.config.period;
        samples().filter(|at| newest.seconds_from(*at) < half).min()
    }

    /// What to say in the heartbeat.
    #[must_use]
    pub fn health(&self) -> NodeHealth {
        let (health, message) = match () {
            () if !self.is_holder() => self.shadow_health(),
            () if !self.seeded || self.stage == Stage::Paused => {
                (Health::Warn, self.reason.clone())
            }
            () => self.took_back_lately(),
        };
        let durations = vec![("command_gap", self.gap.durations())];
        NodeHealth { health, message, durations, cycles: self.cycles, ..NodeHealth::default() }
    }

    /// Whether this cycle begins about a period after the last one.
    fn count_cycle(&mut self, now: Monotonic) -> bool {
        let mut punctual = true;
        if let Some(last) = self.last_cycle {
            let lateness = now.seconds_from(last) - self.config.period;
            punctual = lateness <= 0.5 * self.config.period;
            self.cycles.late += u64::from(lateness > LATE);
            self.cycles.worst_lateness = self.cycles.worst_lateness.max(lateness);
        }
        self.cycles.count += 1;
        self.last_cycle = Some(now);
        punctual
    }

    fn take_settings(&mut self, inputs: &Inputs, log: &mut Vec<LogLine>) {
        if let Some(status) = &inputs.status {
            self.status = Some(status.clone());
        }
        if let Some(Err(reason)) = inputs.derating.map(|derating| self.heat.take(derating)) {
            self.cycles.refused += 1;
            log.push(LogLine::warn(reason));
        }
        match inputs.speed_scaling {
            Some(factor) if (0.0..=1.0).contains(&factor) => self.scaling = factor,
            Some(factor) => {
                self.cycles.refused += 1;
                let text =
                    format!("speed scaling {factor} refused, {} stays: 0 to 1", self.scaling);
                log.push(LogLine::warn(text));
            }
            None => {}
        }
    }

    /// What a holder does in a step, and a shadow after it.
    pub(crate) fn cycle(&mut self, now: Now, log: &mut Vec<LogLine>) -> Option<JointCommand> {
        let setpoint_at = now.mono.shifted(self.config.lead);
        let dt = setpoint_at.seconds_from(self.reference_at);
        let valid_for = self.config.valid_for_ms * 1e-3;
        if self.seeded && dt > valid_for {
            let text = format!("no cycle for {:.0} ms", dt * 1e3);
            log.push(LogLine::error(text.clone()));
            self.interrupt(&text);
            self.seeded = false;
        }
        if !self.seeded {
            self.seed(now.mono, setpoint_at)?;
        } else if dt > 0.0 {
            self.measure(now.mono);
            self.wait_for_those_behind(now.mono, log);
            self.decide(now, log);
            self.course.advance(dt, self.pace());
        } else {
            return None;
        }
        self.reference_at = setpoint_at;
        self.track(now.mono);
        let State { position, velocity, .. } = *self.course.reference();
        self.history.push(setpoint_at, position, velocity);
        self.arrive(now.mono, log);
        Some(self.command(now, dt.clamp(0.0, valid_for)))
    }

    /// Continues from the drivers' setpoints; not before all joints were heard.
    fn seed(&mut self, now: Monotonic, setpoint_at: Monotonic) -> Option<()> {
        if let Some(joint) = self.joints.first_silent(now) {
            if self.missing.replace(joint) != Some(joint) {
                let name = self.order.names().get(joint).map_or("?", String::as_str);
                self.reason = format!("no feedback of {name}");
                self.report_now = true;
            }
            return None;
        }
        let (mut position, mut velocity) = ([0.0; JOINTS], [0.0; JOINTS]);
        let mut effort = [0.0; JOINTS];
        let slots = position.iter_mut().zip(&mut velocity).zip(&mut effort);
        for ((index, joint), ((p, v), effort)) in self.joints.iter().zip(slots) {
            let feedback = joint.newest()?;
            *effort = feedback.effort;
            let follows = self.joints.readiness(index, now) == Readiness::Ready;
            *v = if follows { feedback.setpoint_velocity } else { 0.0 };
            *p = feedback.setpoint_position + *v * setpoint_at.seconds_from(joint.setpoint_at);
        }
        self.course.seed(position, velocity);
        self.history.clear();
        let (mode, acceleration) = (self.law.mode(), [0.0; JOINTS]);
        self.applied = LawOutput { mode, position, velocity, acceleration, effort };
        // Every joint begins with what its drive makes now.
        (self.tracking, self.tracked) = ([false; JOINTS], [true; JOINTS]);
        (self.seeded, self.report_now, self.missing) = (true, true, None);
        if self.stage != Stage::Paused {
            self.reason.clear();
        }
        Some(())
    }

    /// Compares the newest sample of each joint with the reference of its instant.
    fn measure(&mut self, now: Monotonic) {
        let mut measured = [None; JOINTS];
        for ((index, joint), slot) in self.joints.iter().zip(&mut measured) {
            let silent = self.joints.readiness(index, now) == Readiness::Silent;
            let (Some(feedback), false) = (joint.newest(), silent) else { continue };
            let there = self.history.at(index, joint.sampled_at);
            let (p, v) = there.unwrap_or((feedback.position, feedback.velocity));
            *slot = Some(Measured {
                at: joint.sampled_at,
                position: feedback.position,
                velocity: feedback.velocity,
                effort: feedback.effort,
                error_position: p - feedback.position,
                error_velocity: v - feedback.velocity,
            });
        }
        self.measured = measured;
    }

    /// The reference of a joint that does not follow is where its driver holds it, so that it
    /// continues from there when it follows again.
    fn track(&mut self, now: Monotonic) {
        let moving = self.stage.is_moving();
        for index in 0..JOINTS {
            let readiness = self.joints.readiness(index, now);
            let Some(feedback) = self.joints.feedback(index) else { continue };
            let holds_by_itself = feedback.driver == DriverState::Holding && !moving;
            let Some(tracking) = self.tracking.get_mut(index) else { continue };
            let follow_it = match readiness {
                Readiness::Silent => false,
                Readiness::Unready(_) => true,
                Readiness::Ready => *tracking || holds_by_itself,
            };
            if readiness != Readiness::Silent {
                *tracking = readiness != Readiness::Ready;
            }
            if follow_it {
                let position = feedback.setpoint_position;
                self.course.place(index, position);
            }
        }
    }

    /// Fraction of the programmed speed allowed now.
    pub(crate) fn allowed_speed(&self) -> f64 {
        self.scaling.min(self.heat.speed())
    }
}

/// What the drivers check of a command.
pub(crate) fn gate_config(config: &Config, arm: &Arm) -> GateConfig {
    GateConfig {
        joint_order: arm.order.hash(),
        limits: arm.limits.map(Some),
        max_validity: MAX_VALIDITY,
        takeover_silence: takeover_silence(Duration::from_secs_f64(config.period)),
        shared_clock: config.shared_clock,
    }
}
