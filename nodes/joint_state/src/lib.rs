//! Position feedback for everybody else: `joint_states`, `arm_state`, tf, each joint with its age.
//!
//! The rule: a stamp is the time of a bus sample and nobody re-stamps. A message that joins several
//! joints carries the oldest of their stamps; a silent joint is left out of `joint_states`, not
//! repeated.
#![forbid(unsafe_code)]

pub mod config;
pub mod frames;
#[cfg(feature = "ros")]
pub mod host;
pub mod track;

use arm_model::ArmModel;
use std::time::Duration;
use vocabulary::arm::{ArmState, Freshness};
use vocabulary::command::{JointFeedback, JointTelemetry};
use vocabulary::health::{CycleStatistics, Health, LogLine, NodeHealth};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};
use vocabulary::time::{Monotonic, Now, Pace, Received, Stamp};

pub use config::{Config, ConfigError};
pub use frames::Transform;

use frames::Frames;
use track::{AgeLimits, Track};

/// A stamp this far behind the last one is a clock that was set back, not an older sample.
const CLOCK_SET_BACK: i64 = 1_000_000_000;

/// What the node is told of the arm.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Joint names, base to tip.
    pub order: JointOrder,
    /// Period of the bus samples, s.
    pub period: f64,
    /// The robot description.
    pub model: ArmModel<JOINTS>,
}

/// What came in since the last step.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Newest feedback of each joint.
    pub feedback: PerJoint<Option<Received<JointFeedback>>>,
    /// Newest telemetry of each joint.
    pub telemetry: PerJoint<Option<Received<JointTelemetry>>>,
}

/// `sensor_msgs/JointState` of the joints that are heard.
#[derive(Debug, Clone, PartialEq)]
pub struct JointStates {
    /// Oldest bus sample among them.
    pub stamp: Stamp,
    /// Indices in the joint order.
    pub joints: Vec<usize>,
    /// Position, rad.
    pub position: Vec<f64>,
    /// Velocity, rad/s.
    pub velocity: Vec<f64>,
    /// Torque at the joint, N·m.
    pub effort: Vec<f64>,
}

/// Interfaces of [`DynamicJoint::values`], in their order.
pub const INTERFACES: [&str; 11] = [
    "position",
    "velocity",
    "effort",
    "age",
    "freshness",
    "temperature",
    "winding_temperature",
    "housing_temperature",
    "drive_temperature",
    "current",
    "voltage",
];

/// One joint of `control_msgs/DynamicJointState`: the values of [`INTERFACES`], NaN when unknown.
/// The age is that at publication, s; freshness is the number in `ArmState`.
pub type DynamicJoint = [f64; INTERFACES.len()];

/// `control_msgs/DynamicJointState` of all joints.
#[derive(Debug, Clone, PartialEq)]
pub struct DynamicJointStates {
    /// Oldest bus sample of the joints that are not silent; those that are say so by their age.
    pub stamp: Stamp,
    /// Values per joint.
    pub joints: PerJoint<DynamicJoint>,
}

/// What goes out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outputs {
    /// Publish on `arm_state`.
    pub arm_state: Option<ArmState>,
    /// Publish on `joint_states`.
    pub joint_states: Option<JointStates>,
    /// Publish on `dynamic_joint_states`.
    pub dynamic_joint_states: Option<DynamicJointStates>,
    /// Publish on `tf`, when there are any.
    pub transforms: Vec<Transform>,
    /// Publish on `tf_static`, when there are any: once.
    pub static_transforms: Vec<Transform>,
    /// For people.
    pub log: Vec<LogLine>,
}

/// The node; see the crate's documentation.
#[derive(Debug, Clone)]
pub struct JointState {
    order: JointOrder,
    boot_id: u64,
    limits: AgeLimits,
    tracks: PerJoint<Track>,
    judged: PerJoint<Option<Freshness>>,
    frames: Frames,
    fixed_sent: bool,
    last_stamp: Option<Stamp>,
    paces: [Pace; 4],
    cycles: CycleStatistics,
    began: Option<Monotonic>,
}

/// How long a new process listens for joints before it calls one silent: its subscriptions need a
/// moment, and others would take its word.
const LISTENING: Duration = Duration::from_secs(1);

impl JointState {
    /// Checks the parameters and that the description has the joints of the arm.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn new(config: Config, arm: Arm, boot_id: u64) -> Result<Self, ConfigError> {
        config.validate()?;
        for (described, listed) in arm.model.joint_names().iter().zip(arm.order.names()) {
            if described != listed {
                let (described, listed) = (described.clone(), listed.clone());
                return Err(ConfigError::Joints { described, listed });
            }
        }
        let cycles = CycleStatistics { period: config.step_period(), ..CycleStatistics::default() };
        Ok(Self {
            order: arm.order,
            boot_id,
            limits: AgeLimits {
                fresh: 2.0 * arm.period,
                silence: config.silence,
                telemetry: config.telemetry_timeout,
                frozen_distance: config.frozen_distance,
            },
            tracks: Default::default(),
            judged: [None; JOINTS],
            frames: Frames::new(arm.model, config.frame_prefix),
            fixed_sent: false,
            last_stamp: None,
            paces: [
                config.arm_state_rate_hz,
                config.joint_states_rate_hz,
                config.dynamic_joint_states_rate_hz,
                config.tf_rate_hz,
            ]
            .map(|rate| Pace::new(Duration::from_secs_f64(1.0 / rate))),
            cycles,
            began: None,
        })
    }

    /// Process start of this node.
    #[must_use]
    pub fn boot_id(&self) -> u64 {
        self.boot_id
    }

    /// The joint names.
    #[must_use]
    pub fn order(&self) -> &JointOrder {
        &self.order
    }

    /// Takes in what came and returns what is due.
    pub fn step(&mut self, now: Now, inputs: &Inputs) -> Outputs {
        self.take_in(inputs);
        self.cycles.count += 1;
        let knows = self.has_listened(now.mono);
        let log = self.judge(now.mono);
        let [arm_state, joint_states, dynamic, tf] =
            self.paces.each_mut().map(|pace| pace.due(now.mono));
        let static_transforms =
            if self.fixed_sent { Vec::new() } else { self.frames.fixed(now.stamp) };
        self.fixed_sent = true;
        Outputs {
            arm_state: (arm_state && knows).then(|| self.arm_state(now)),
            joint_states: if joint_states { self.joint_states(now.mono) } else { None },
            dynamic_joint_states: if dynamic { self.dynamic(now.mono) } else { None },
            transforms: if tf { self.transforms(now.mono) } else { Vec::new() },
            static_transforms,
            log,
        }
    }

    /// Whether every joint was heard, or had its time.
    fn has_listened(&mut self, now: Monotonic) -> bool {
        let began = *self.began.get_or_insert(now);
        let heard = self.judged.iter().all(|judged| judged.is_some_and(|f| f != Freshness::Silent));
        heard || now.since(began) >= LISTENING
    }

    /// What this node says of itself.
    #[must_use]
    pub fn health(&self) -> NodeHealth {
        let mut words = Vec::new();
        for (joint, judged) in self.order.names().iter().zip(&self.judged) {
            match judged {
                Some(Freshness::Silent) => words.push(format!("{joint} is silent")),
                Some(Freshness::Frozen) => words.push(format!("{joint} is frozen")),
                _ => {}
            }
        }
        let health = if words.is_empty() { Health::Ok } else { Health::Warn };
        NodeHealth { health, message: words.join(", "), cycles: self.cycles, ..Default::default() }
    }

    fn take_in(&mut self, inputs: &Inputs) {
        let news = inputs.feedback.iter().zip(&inputs.telemetry);
        for (track, (feedback, telemetry)) in self.tracks.iter_mut().zip(news) {
            if let Some(feedback) = feedback {
                track.hear(feedback.clone());
            }
            if let Some(telemetry) = telemetry {
                track.hear_telemetry(telemetry.clone());
            }
        }
    }

    /// Logs when a joint falls silent or freezes, and when it is well again.
    fn judge(&mut self, now: Monotonic) -> Vec<LogLine> {
        let mut log = Vec::new();
        let joints = self.order.names().iter().zip(&self.tracks);
        for ((joint, track), judged) in joints.zip(&mut self.judged) {
            let freshness = track.freshness(now, &self.limits);
            if judged.is_none() && freshness == Freshness::Silent {
                continue;
            }
            let ill = |f: Freshness| matches!(f, Freshness::Silent | Freshness::Frozen);
            let before = judged.replace(freshness);
            match (before, freshness) {
                (Some(old), new) if old == new || !(ill(old) || ill(new)) => {}
                (_, Freshness::Silent) => log.push(LogLine::warn(format!(
                    "{joint} is silent: last bus sample {:.3} s ago",
                    track.age(now)
                ))),
                (_, Freshness::Frozen) => {
                    log.push(LogLine::warn(format!(
                        "{joint} is frozen: its samples do not change"
                    )));
                }
                _ => log.push(LogLine::info(format!("{joint} is heard"))),
            }
        }
        log
    }

    fn per_joint<T>(&self, value: impl Fn(&Track) -> T) -> PerJoint<T> {
        self.tracks.each_ref().map(value)
    }

    fn of_sample(&self, value: impl Fn(&JointFeedback) -> f64) -> PerJoint<f64> {
        self.per_joint(|track| track.sample().map_or(f64::NAN, &value))
    }

    fn arm_state(&self, now: Now) -> ArmState {
        let limits = &self.limits;
        ArmState {
            stamp: now.stamp,
            age: self.per_joint(|track| track.age(now.mono)),
            freshness: self.per_joint(|track| track.freshness(now.mono, limits)),
            position: self.of_sample(|sample| sample.position),
            velocity: self.of_sample(|sample| sample.velocity),
            effort: self.of_sample(|sample| sample.effort),
            temperature: self.per_joint(|track| track.temperature(now.mono, limits)),
            drive: self.per_joint(|track| track.sample().map(|s| s.drive).unwrap_or_default()),
            driver: self.per_joint(|track| track.sample().map(|s| s.driver).unwrap_or_default()),
        }
    }

    /// Samples of the joints that are not silent.
    fn heard(&self, now: Monotonic) -> impl Iterator<Item = (usize, &JointFeedback)> {
        let heard =
            self.tracks.iter().enumerate().filter(move |(_, t)| t.age(now) <= self.limits.silence);
        heard.filter_map(|(joint, track)| Some((joint, track.sample()?)))
    }

    fn oldest(&self, now: Monotonic) -> Option<Stamp> {
        self.heard(now).map(|(_, sample)| sample.stamp).min()
    }

    fn joint_states(&mut self, now: Monotonic) -> Option<JointStates> {
        let stamp = self.oldest(now)?;
        let backwards = |last: Stamp| stamp <= last && last.0 - stamp.0 < CLOCK_SET_BACK;
        if self.last_stamp.is_some_and(backwards) {
            return None;
        }
        self.last_stamp = Some(stamp);
        Some(JointStates {
            stamp,
            joints: self.heard(now).map(|(joint, _)| joint).collect(),
            position: self.heard(now).map(|(_, sample)| sample.position).collect(),
            velocity: self.heard(now).map(|(_, sample)| sample.velocity).collect(),
            effort: self.heard(now).map(|(_, sample)| sample.effort).collect(),
        })
    }

    fn dynamic(&self, now: Monotonic) -> Option<DynamicJointStates> {
        let stamp = self.oldest(now)?;
        Some(DynamicJointStates { stamp, joints: self.per_joint(|track| self.values(track, now)) })
    }

    fn values(&self, track: &Track, now: Monotonic) -> DynamicJoint {
        let sample = |value: fn(&JointFeedback) -> f64| track.sample().map_or(f64::NAN, value);
        let telemetry = track.telemetry(now, &self.limits);
        let slow = |value: fn(&JointTelemetry) -> f64| telemetry.map_or(f64::NAN, value);
        [
            sample(|s| s.position),
            sample(|s| s.velocity),
            sample(|s| s.effort),
            track.age(now),
            freshness_number(track.freshness(now, &self.limits)),
            track.temperature(now, &self.limits),
            slow(|t| t.winding_temperature),
            slow(|t| t.housing_temperature),
            slow(|t| t.drive_temperature),
            slow(|t| t.current),
            slow(|t| t.voltage),
        ]
    }

    fn transforms(&mut self, now: Monotonic) -> Vec<Transform> {
        let mut samples = [None; JOINTS];
        for (joint, sample) in self.heard(now) {
            if let Some(slot) = samples.get_mut(joint) {
                *slot = Some((sample.stamp, sample.position));
            }
        }
        self.frames.moving(&samples)
    }
}

fn freshness_number(freshness: Freshness) -> f64 {
    match freshness {
        Freshness::Fresh => 0.0,
        Freshness::Late => 1.0,
        Freshness::Silent => 2.0,
        Freshness::Frozen => 3.0,
    }
}

#[cfg(test)]
mod situations;
