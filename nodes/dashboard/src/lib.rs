//! The whole arm in a browser: what a page gets, what it may ask for, and what of it is an alarm.
//!
//! The rule: people watch, the arm works. Nothing here can make a node of the arm wait: the page is
//! told what was heard anyway, a slow browser gets the newest only, and without the token nobody is
//! asked for anything.
//!
//! [`Dashboard`] is the node, free of ROS, clocks and sockets; [`server`] is its other side: HTTP and
//! WebSocket on a thread of its own, free of ROS as well, so that it is tested with real requests.
//!
//! Terms: an *update* is one JSON object of some [`view::Kind`]; a *call* is a service that a person
//! with the token may ask for.
#![forbid(unsafe_code)]

pub mod alarms;
pub mod call;
pub mod config;
pub mod events;
pub mod gate;
pub mod history;
#[cfg(feature = "ros")]
pub mod host;
pub mod markers;
pub mod preview;
pub mod server;
pub mod surroundings;
pub mod view;
pub mod words;

pub use call::{Answer, Call};
pub use config::{Config, ConfigError};
pub use view::Hello;

use alarms::{Alarm, Alarms, Severity, Situation};
use events::Events;
use history::{Decimator, Point, Sample};
use overview::{NodeRow, NodeTable, Presence};
use preview::{Motion, Preview};
use std::time::Duration;
use surroundings::Shape;
use view::{ArmView, CellTopic, Update};
use vocabulary::arm::{ArmState, ArmStatus, Derating};
use vocabulary::command::Lease;
use vocabulary::health::{Health, Heartbeat, LogLine, NodeHealth};
use vocabulary::joint::JointOrder;
use vocabulary::plan::ControlState;
use vocabulary::settings::ControlSettings;
use vocabulary::thermal::{ThermalAlarm, ThermalState};
use vocabulary::time::{Monotonic, Now, Pace, Received};

/// A pose older than this is not shown as the arm's, s.
const STALE: f64 = 0.5;
/// Temperatures older than this are not shown, s.
const STALE_THERMAL: f64 = 3.0;
/// Between two looks at who is an alarm.
const JUDGE: Duration = Duration::from_millis(100);
/// Between two node tables and temperatures.
const SLOW: Duration = Duration::from_millis(500);

/// After its start the node hears everybody for the first time.
const SETTLING: Duration = Duration::from_secs(5);

/// What the supervisor says of one node on `/diagnostics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Node name.
    pub node: String,
    /// Whether the arm needs it.
    pub expected: bool,
    /// Joints it serves.
    pub joints: String,
    /// Processes of it that the supervisor saw.
    pub boots: u64,
}

/// What came in since the last step.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// All heartbeats.
    pub heartbeats: Vec<Received<Heartbeat>>,
    /// Newest state of the joints.
    pub arm: Option<Received<ArmState>>,
    /// Newest report of control.
    pub control: Option<Received<ControlState>>,
    /// Newest word of the supervisor.
    pub status: Option<ArmStatus>,
    /// Newest lease.
    pub lease: Option<Lease>,
    /// Newest temperatures.
    pub thermal: Option<Received<ThermalState>>,
    /// Newest thermal alarms.
    pub thermal_alarm: Option<ThermalAlarm>,
    /// Newest derating.
    pub derating: Option<Derating>,
    /// What control works with.
    pub settings: Option<ControlSettings>,
    /// The motion that planning announced.
    pub motion: Option<Motion>,
    /// Everything that planning shows.
    pub shapes: Option<Vec<Shape>>,
    /// The supervisor's table.
    pub watched: Vec<Watched>,
    /// All topics of the cell, when one of them has news.
    pub cell: Option<Vec<CellTopic>>,
    /// Calls that ended, each with who asked.
    pub answered: Vec<(Call, String, Answer)>,
    /// Browsers that watch now.
    pub browsers: usize,
}

/// What goes out.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// For browsers.
    pub updates: Vec<Update>,
    /// For the plots.
    pub point: Option<Point>,
    /// All alarms, when they changed: for text markers.
    pub alarms: Option<Vec<Alarm>>,
    /// For people.
    pub log: Vec<LogLine>,
}

/// Newest values.
#[derive(Debug, Clone, Default)]
struct World {
    arm: Option<Received<ArmState>>,
    control: Option<Received<ControlState>>,
    status: Option<ArmStatus>,
    lease: Option<Lease>,
    thermal: Option<Received<ThermalState>>,
    thermal_alarm: Option<ThermalAlarm>,
    derating: Option<Derating>,
    settings: Option<ControlSettings>,
    /// Node name by boot id, newest last: who holds the lease.
    boots: Vec<(u64, String)>,
}

/// Boot ids remembered.
const BOOTS: usize = 64;

/// The value, unless it is older than `limit`, s.
fn young<T>(value: Option<&Received<T>>, now: Monotonic, limit: f64) -> Option<&T> {
    value.filter(|v| now.since(v.at).as_secs_f64() <= limit).map(|v| &v.value)
}

impl World {
    fn arm(&self, now: Monotonic) -> Option<&ArmState> {
        young(self.arm.as_ref(), now, STALE)
    }

    fn control(&self, now: Monotonic) -> Option<&ControlState> {
        young(self.control.as_ref(), now, STALE)
    }

    fn thermal(&self, now: Monotonic) -> Option<&ThermalState> {
        young(self.thermal.as_ref(), now, STALE_THERMAL)
    }

    fn holder(&self) -> &str {
        let holder = self.lease.as_ref().map_or(0, |lease| lease.holder);
        let found = self.boots.iter().rev().find(|(boot, _)| *boot == holder);
        found.map_or("", |(_, name)| name)
    }

    fn remember(&mut self, beat: &Heartbeat) {
        if self.boots.iter().any(|(boot, _)| *boot == beat.boot_id) {
            return;
        }
        if self.boots.len() >= BOOTS {
            self.boots.remove(0);
        }
        self.boots.push((beat.boot_id, beat.node.clone()));
    }

    fn sample(&self, now: Monotonic) -> Sample {
        let mut sample = Sample::default();
        if let Some(arm) = self.arm(now) {
            sample.position = arm.position;
            sample.effort = arm.effort;
            sample.winding = arm.temperature;
        }
        if let Some(control) = self.control(now) {
            sample.setpoint = control.reference_position;
            sample.error = control.error_position;
        }
        if let Some(thermal) = self.thermal(now) {
            sample.winding = thermal.winding;
            sample.bound = thermal.winding_bound;
        }
        sample
    }
}

/// The node; see the crate's documentation.
#[derive(Debug, Clone)]
pub struct Dashboard {
    order: JointOrder,
    table: NodeTable,
    world: World,
    alarms: Alarms,
    events: Events,
    decimator: Decimator,
    preview: Preview,
    browsers: usize,
    judge: Pace,
    slow: Pace,
    trouble: String,
    began: Option<Monotonic>,
    /// Alarms were told at least once, also that there are none.
    judged: bool,
}

impl Dashboard {
    /// A dashboard that has heard nothing yet.
    #[must_use]
    pub fn new(config: &Config, order: JointOrder) -> Self {
        Self {
            order,
            table: NodeTable::new(Duration::from_secs_f64(config.silence)),
            world: World::default(),
            alarms: Alarms::default(),
            events: Events::default(),
            decimator: Decimator::default(),
            preview: Preview::default(),
            browsers: 0,
            judge: Pace::new(JUDGE),
            slow: Pace::new(SLOW),
            trouble: String::new(),
            began: None,
            judged: false,
        }
    }

    /// Takes in what came and returns what is due.
    pub fn step(&mut self, now: Now, inputs: Inputs) -> Outputs {
        let mut outputs = Outputs::default();
        if self.browsers == 0 && inputs.browsers > 0 {
            // Whoever comes first sees everything at once, not what the last one left.
            self.judge.hurry();
            self.slow.hurry();
        }
        self.browsers = inputs.browsers;
        self.take_in(now, inputs, &mut outputs);
        self.track(now, &mut outputs);
        if self.judge.due(now.mono) {
            self.look_around(now, &mut outputs);
        }
        if let Some(lines) = self.events.take_changed() {
            outputs.updates.push(view::events(&lines));
        }
        outputs
    }

    /// What this node says of itself.
    #[must_use]
    pub fn health(&self) -> NodeHealth {
        let health = if self.trouble.is_empty() { Health::Ok } else { Health::Warn };
        NodeHealth { health, message: self.trouble.clone(), ..NodeHealth::default() }
    }

    /// Why nobody can see the page; empty when all is well.
    pub fn set_trouble(&mut self, trouble: String) {
        self.trouble = trouble;
    }

    fn take_in(&mut self, now: Now, inputs: Inputs, outputs: &mut Outputs) {
        // Whoever was there before us does not appear.
        let began = *self.began.get_or_insert(now.mono);
        let settled = now.mono.since(began) >= SETTLING;
        for beat in inputs.heartbeats {
            self.world.remember(&beat.value);
            let event = self.table.hear(beat);
            if let Some(event) = event.filter(|_| settled) {
                self.events.node(now.stamp, &event);
            }
        }
        for Watched { node, expected, joints, boots } in &inputs.watched {
            self.table.learn(node, *expected, joints, *boots);
        }
        self.note_mode(now, inputs.status.as_ref());
        for (call, who, answer) in inputs.answered {
            self.note_call(now, call, &who, &answer, outputs);
        }
        let world = &mut self.world;
        world.arm = inputs.arm.or(world.arm.take());
        world.control = inputs.control.or(world.control.take());
        world.status = inputs.status.or(world.status.take());
        world.lease = inputs.lease.or(world.lease.take());
        world.thermal = inputs.thermal.or(world.thermal.take());
        world.thermal_alarm = inputs.thermal_alarm.or(world.thermal_alarm.take());
        world.derating = inputs.derating.or(world.derating.take());
        world.settings = inputs.settings.or(world.settings.take());
        // A motion that was announced before we listened may be over.
        let motion = inputs.motion.filter(|_| settled);
        outputs.updates.extend(motion.map(|motion| self.preview.announce(now.mono, &motion)));
        outputs.updates.extend(inputs.shapes.map(surroundings::surroundings));
        outputs.updates.extend(inputs.cell.map(|topics| view::cell(&topics)));
    }

    /// A change of mode that is no alarm is an event all the same.
    fn note_mode(&mut self, now: Now, status: Option<&ArmStatus>) {
        use vocabulary::arm::ArmMode::{Disabled, Enabled};
        let Some(status) = status else { return };
        let before = self.world.status.as_ref().map(|old| old.mode);
        if before != Some(status.mode) && matches!(status.mode, Enabled | Disabled) {
            let mode = words::Word::word(status.mode);
            let text = if status.reason.is_empty() {
                mode.to_owned()
            } else {
                format!("{mode}: {}", status.reason)
            };
            self.events.add(now.stamp, Severity::Notice, "arm", text);
        }
    }

    fn note_call(
        &mut self,
        now: Now,
        call: Call,
        who: &str,
        answer: &Answer,
        outputs: &mut Outputs,
    ) {
        let (name, said) = (call.name(), &answer.message);
        let (severity, text) = if answer.success {
            (Severity::Notice, format!("{name}, asked for by {who}: {said}"))
        } else {
            (Severity::Warning, format!("{name}, asked for by {who}, was refused: {said}"))
        };
        outputs.log.push(match severity {
            Severity::Notice => LogLine::info(text.clone()),
            _ => LogLine::warn(text.clone()),
        });
        self.events.add(now.stamp, severity, "dashboard", text);
    }

    /// Pose and plots: every step.
    fn track(&mut self, now: Now, outputs: &mut Outputs) {
        let phase = self.world.control(now.mono).map(|control| control.phase);
        outputs.updates.extend(self.preview.judge(now.mono, phase));
        let sample = self.world.sample(now.mono);
        outputs.point = self.decimator.take(now, &sample);
        if self.browsers == 0 {
            return;
        }
        let (arm, control) = (self.world.arm(now.mono), self.world.control(now.mono));
        outputs.updates.push(view::frame(now, arm, control));
        outputs.updates.extend(outputs.point.as_ref().map(view::point));
    }

    /// Nodes, alarms and the slow tables.
    fn look_around(&mut self, now: Now, outputs: &mut Outputs) {
        for event in self.table.judge(now.mono) {
            self.events.node(now.stamp, &event);
        }
        let rows = self.table.rows(now.mono);
        self.judge_alarms(now, &rows, outputs);
        if self.browsers == 0 {
            return;
        }
        outputs.updates.push(self.arm_update(now, &rows));
        if self.slow.due(now.mono) {
            let temperature = |row: &NodeRow| self.temperature(row, now.mono);
            outputs.updates.push(view::nodes(&rows, temperature));
            let thermal = self.world.thermal(now.mono);
            outputs.updates.push(view::thermal(thermal, self.world.thermal_alarm.as_ref()));
        }
    }

    fn judge_alarms(&mut self, now: Now, rows: &[NodeRow], outputs: &mut Outputs) {
        let world = &self.world;
        let situation = Situation {
            order: &self.order,
            nodes: rows,
            status: world.status.as_ref(),
            arm: world.arm(now.mono),
            control: world.control(now.mono),
            thermal: world.thermal_alarm.as_ref(),
            derating: world.derating.as_ref(),
        };
        let before: Vec<Alarm> = self.alarms.list().into_iter().cloned().collect();
        for change in self.alarms.judge(now.stamp, &situation) {
            self.events.alarm(now.stamp, &change);
        }
        let list = self.alarms.list();
        if !std::mem::replace(&mut self.judged, true) || !list.iter().copied().eq(before.iter()) {
            outputs.updates.push(view::alarms(&list));
            outputs.alarms = Some(list.into_iter().cloned().collect());
        }
    }

    fn arm_update(&self, now: Now, rows: &[NodeRow]) -> Update {
        let world = &self.world;
        let lives = |row: &NodeRow| row.node == "supervisor" && row.presence == Presence::Live;
        view::arm(&ArmView {
            status: world.status.as_ref(),
            lease: world.lease.as_ref(),
            holder: world.holder(),
            supervised: rows.iter().any(lives),
            arm: world.arm(now.mono),
            control: world.control(now.mono),
            settings: world.settings.as_ref(),
            age: world.arm.as_ref().map_or(f64::NAN, |arm| now.mono.since(arm.at).as_secs_f64()),
        })
    }

    /// The hottest joint of those a node serves, °C; NaN for none.
    fn temperature(&self, row: &NodeRow, now: Monotonic) -> f64 {
        let Some(arm) = self.world.arm(now) else { return f64::NAN };
        let served = self.order.names().iter().zip(&arm.temperature);
        let served = served.filter(|(name, _)| row.serves(name));
        served.map(|(_, temperature)| *temperature).fold(f64::NAN, f64::max)
    }
}

#[cfg(test)]
mod situations;
