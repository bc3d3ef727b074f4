//! What a browser gets: one JSON object per update, its kind under `k`.
//!
//! The rule: every update is whole. Whoever missed ten of a kind and gets the eleventh knows all
//! there is to know, so a slow browser may be given the newest only.

use crate::alarms::{Alarm, Severity};
use crate::events::Event;
use crate::history::{Point, Row, rounded, row};
use crate::words::Word;
use overview::NodeRow;
use serde::Serialize;
use vocabulary::arm::{ArmState, ArmStatus};
use vocabulary::command::Lease;
use vocabulary::joint::{JOINTS, JointLimits, JointOrder, PerJoint};
use vocabulary::plan::ControlState;
use vocabulary::settings::ControlSettings;
use vocabulary::thermal::{ThermalAlarm, ThermalState};
use vocabulary::time::{Now, Stamp};

/// The kinds of updates, in the order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Mode of the arm, state of its joints.
    Arm,
    /// Pose and setpoints.
    Frame,
    /// What somebody should know about.
    Alarms,
    /// The node table.
    Nodes,
    /// Temperatures.
    Thermal,
    /// What happened lately.
    Events,
    /// Newest point of the plots.
    Point,
    /// Files to download.
    Recordings,
    /// The job and its stations.
    Cell,
    /// The motion that planning is about to have driven.
    Plan,
    /// What is around the arm and in its hand.
    Surroundings,
}

impl Kind {
    /// All kinds, by urgency.
    pub const ALL: [Self; 11] = [
        Self::Arm,
        Self::Frame,
        Self::Alarms,
        Self::Nodes,
        Self::Thermal,
        Self::Events,
        Self::Point,
        Self::Recordings,
        Self::Cell,
        Self::Plan,
        Self::Surroundings,
    ];
}

/// One update, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// What it is about.
    pub kind: Kind,
    /// A JSON object.
    pub json: String,
}

impl Update {
    pub(crate) fn new(kind: Kind, body: &impl Serialize) -> Self {
        // Plain structs with string keys: there is nothing that could fail.
        Self { kind, json: serde_json::to_string(body).unwrap_or_default() }
    }
}

/// What a page is told when it opens.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(tag = "k", rename = "hello")]
pub struct Hello {
    /// Version of the program.
    pub version: String,
    /// Namespace of the arm, `/` for none.
    pub namespace: String,
    /// The joints, base to tip.
    pub joints: Vec<Joint>,
    /// No token: nobody may ask for anything. Set by the server, as what follows.
    pub read_only: bool,
    /// Length of the plots, s.
    pub history: f64,
    /// Updates that may be on their way unacknowledged.
    pub window: u64,
}

/// A joint and its limits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Joint {
    /// Name.
    pub name: String,
    /// rad.
    pub lower: f64,
    /// rad.
    pub upper: f64,
    /// rad/s.
    pub velocity: f64,
    /// N·m.
    pub effort: f64,
}

/// The joints of an arm.
#[must_use]
pub fn joints(order: &JointOrder, limits: &PerJoint<JointLimits>) -> Vec<Joint> {
    let pairs = order.names().iter().zip(limits);
    pairs
        .map(|(name, limits)| Joint {
            name: name.clone(),
            lower: limits.lower,
            upper: limits.upper,
            velocity: limits.velocity,
            effort: limits.effort,
        })
        .collect()
}

fn seconds(stamp: Stamp) -> f64 {
    rounded(stamp.0 as f64 * 1e-9, 3).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(tag = "k", rename = "frame")]
struct Frame {
    t: f64,
    p: Row,
    s: Row,
    v: Row,
    m: Row,
    e: Row,
    phase: Option<&'static str>,
    at: Option<f64>,
    of: Option<f64>,
    speed: Option<f64>,
}

/// Pose and setpoints. `arm` and `control` are `None` when they are too old; then the pose is the one
/// that the other of them knows.
#[must_use]
pub fn frame(now: Now, arm: Option<&ArmState>, control: Option<&ControlState>) -> Update {
    let unknown = [f64::NAN; JOINTS];
    let measured = |of: fn(&ArmState) -> PerJoint<f64>, or: fn(&ControlState) -> PerJoint<f64>| {
        arm.map(of).or_else(|| control.map(or)).unwrap_or(unknown)
    };
    let of_control = |value: fn(&ControlState) -> PerJoint<f64>| control.map_or(unknown, value);
    let body = Frame {
        t: seconds(now.stamp),
        p: row(&measured(|a| a.position, |c| c.feedback_position), 4),
        v: row(&measured(|a| a.velocity, |c| c.feedback_velocity), 3),
        m: row(&measured(|a| a.effort, |_| [f64::NAN; JOINTS]), 1),
        s: row(&of_control(|c| c.reference_position), 4),
        e: row(&of_control(|c| c.error_position), 5),
        phase: control.map(|c| c.phase.word()),
        at: control.and_then(|c| rounded(c.path_time, 2)),
        of: control.and_then(|c| rounded(c.path_duration, 2)),
        speed: control.and_then(|c| rounded(c.speed_scaling, 3)),
    };
    Update::new(Kind::Frame, &body)
}

#[derive(Serialize)]
#[serde(tag = "k", rename = "arm")]
struct Arm<'a> {
    mode: Option<&'static str>,
    reason: &'a str,
    since: f64,
    permit: u64,
    epoch: u64,
    holder: &'a str,
    pause: &'a str,
    /// What control reckons with at the tool, kg: declared, measured and its standard deviation.
    payload: Option<f64>,
    measured: Option<f64>,
    deviation: Option<f64>,
    law: &'a str,
    supervised: bool,
    /// Ages of what is shown, s.
    age: Option<f64>,
    joints: Vec<JointNow>,
}

#[derive(Serialize)]
struct JointNow {
    freshness: &'static str,
    age: Option<f64>,
    driver: &'static str,
    drive: &'static str,
    temperature: Option<f64>,
}

/// What [`arm`] is made of.
#[derive(Debug, Clone, Copy)]
pub struct ArmView<'a> {
    /// Word of the supervisor.
    pub status: Option<&'a ArmStatus>,
    /// The lease.
    pub lease: Option<&'a Lease>,
    /// Name of its holder.
    pub holder: &'a str,
    /// The supervisor lives: the services answer.
    pub supervised: bool,
    /// State of the joints, unless too old.
    pub arm: Option<&'a ArmState>,
    /// Report of control, unless too old.
    pub control: Option<&'a ControlState>,
    /// What control works with.
    pub settings: Option<&'a ControlSettings>,
    /// Age of the newest state of the joints, s.
    pub age: f64,
}

/// Mode of the arm, state of its joints.
#[must_use]
pub fn arm(view: &ArmView) -> Update {
    let estimate = view.settings.and_then(|settings| settings.estimate);
    let body = Arm {
        mode: view.status.map(|status| status.mode.word()),
        reason: view.status.map_or("", |status| &status.reason),
        since: view.status.map_or(0.0, |status| seconds(status.stamp)),
        permit: view.status.map_or(0, |status| status.permit),
        epoch: view.lease.map_or(0, |lease| lease.epoch),
        holder: view.holder,
        pause: view.control.map_or("", |control| &control.reason),
        payload: view.settings.and_then(|settings| rounded(settings.payload.mass, 3)),
        measured: estimate.and_then(|estimate| rounded(estimate.mass, 3)),
        deviation: estimate.and_then(|estimate| rounded(estimate.deviation, 3)),
        law: view.settings.map_or("", |settings| &settings.law),
        supervised: view.supervised,
        age: rounded(view.age, 2),
        joints: view.arm.map(joints_now).unwrap_or_default(),
    };
    Update::new(Kind::Arm, &body)
}

fn joints_now(arm: &ArmState) -> Vec<JointNow> {
    let judged = arm.freshness.iter().zip(&arm.age);
    let states = arm.driver.iter().zip(&arm.drive).zip(&arm.temperature);
    judged
        .zip(states)
        .map(|((freshness, age), ((driver, drive), temperature))| JointNow {
            freshness: freshness.word(),
            age: rounded(*age, 3),
            driver: driver.word(),
            drive: drive.word(),
            temperature: rounded(*temperature, 1),
        })
        .collect()
}

#[derive(Serialize)]
#[serde(tag = "k", rename = "thermal")]
struct Thermal {
    known: bool,
    winding: Row,
    bound: Row,
    housing: Row,
    limit: Row,
    /// s; `null` for never.
    time_to_limit: Row,
    load: Row,
    torque: Row,
    level: PerJoint<&'static str>,
    sensor: PerJoint<&'static str>,
    latched: PerJoint<bool>,
    speed: Option<f64>,
    ambient: Option<f64>,
}

/// Temperatures; `None` when the thermal service does not run.
#[must_use]
pub fn thermal(state: Option<&ThermalState>, alarm: Option<&ThermalAlarm>) -> Update {
    let unknown = ThermalState {
        winding: [f64::NAN; JOINTS],
        winding_bound: [f64::NAN; JOINTS],
        housing: [f64::NAN; JOINTS],
        winding_limit: [f64::NAN; JOINTS],
        time_to_limit: [f64::NAN; JOINTS],
        load: [f64::NAN; JOINTS],
        torque_limit: [1.0; JOINTS],
        speed: f64::NAN,
        ambient: f64::NAN,
        ..ThermalState::default()
    };
    let known = state.is_some();
    let state = state.unwrap_or(&unknown);
    let body = Thermal {
        known,
        winding: row(&state.winding, 1),
        bound: row(&state.winding_bound, 1),
        housing: row(&state.housing, 1),
        limit: row(&state.winding_limit, 1),
        time_to_limit: row(&state.time_to_limit, 0),
        load: row(&state.load, 3),
        torque: row(&state.torque_limit, 3),
        level: state.level.map(|level| level.name()),
        sensor: state.winding_sensor.map(|sensor| sensor.name()),
        latched: alarm.map_or([false; JOINTS], |alarm| alarm.latched),
        speed: rounded(state.speed, 3),
        ambient: rounded(state.ambient, 1),
    };
    Update::new(Kind::Thermal, &body)
}

#[derive(Serialize)]
#[serde(tag = "k", rename = "nodes")]
struct Nodes<'a> {
    nodes: Vec<NodeNow<'a>>,
}

#[derive(Serialize)]
struct NodeNow<'a> {
    node: &'a str,
    presence: &'static str,
    expected: bool,
    double: bool,
    joints: &'a str,
    pid: u32,
    uptime: Option<f64>,
    boots: u64,
    state: &'static str,
    health: &'static str,
    message: &'a str,
    resume_required: bool,
    period: Option<f64>,
    rate: Option<f64>,
    late: u64,
    late_now: u64,
    worst: Option<f64>,
    cpu: Option<f64>,
    age: Option<f64>,
    temperature: Option<f64>,
}

/// The node table; `temperature` finds the hottest of the joints a node serves, °C.
#[must_use]
pub fn nodes(rows: &[NodeRow], temperature: impl Fn(&NodeRow) -> f64) -> Update {
    let nodes = rows.iter().map(|row| NodeNow {
        node: &row.node,
        presence: row.presence.word(),
        expected: row.expected,
        double: row.double,
        joints: &row.joints,
        pid: row.pid,
        uptime: rounded(row.uptime, 0),
        boots: row.boots,
        state: row.lifecycle.word(),
        health: row.health.word(),
        message: &row.message,
        resume_required: row.resume_required,
        period: rounded(row.period * 1e3, 2),
        rate: rounded(row.rate, 1),
        late: row.late,
        late_now: row.late_now,
        worst: rounded(row.worst_lateness * 1e3, 2),
        cpu: rounded(row.cpu * 1e2, 1),
        age: rounded(row.age, 2),
        temperature: rounded(temperature(row), 1),
    });
    Update::new(Kind::Nodes, &Nodes { nodes: nodes.collect() })
}

#[derive(Serialize)]
#[serde(tag = "k", rename = "alarms")]
struct AlarmsBody<'a> {
    alarms: Vec<AlarmNow<'a>>,
}

#[derive(Serialize)]
struct AlarmNow<'a> {
    id: &'a str,
    severity: Severity,
    source: &'a str,
    text: &'a str,
    since: f64,
    latched: bool,
    joint: Option<usize>,
}

/// What somebody should know about.
#[must_use]
pub fn alarms(list: &[&Alarm]) -> Update {
    let alarms = list.iter().map(|alarm| AlarmNow {
        id: &alarm.id,
        severity: alarm.severity,
        source: &alarm.source,
        text: &alarm.text,
        since: seconds(alarm.since),
        latched: alarm.latched,
        joint: alarm.joint,
    });
    Update::new(Kind::Alarms, &AlarmsBody { alarms: alarms.collect() })
}

/// A kind whose body is a list or a value under its own name.
#[derive(Serialize)]
struct Under<'a, T: ?Sized> {
    k: &'static str,
    #[serde(rename = "is")]
    value: &'a T,
}

fn under<T: Serialize + ?Sized>(kind: Kind, k: &'static str, value: &T) -> Update {
    Update::new(kind, &Under { k, value })
}

/// What happened lately, newest first.
#[must_use]
pub fn events(lines: &[Event]) -> Update {
    under(Kind::Events, "events", lines)
}

/// Newest point of the plots.
#[must_use]
pub fn point(point: &Point) -> Update {
    under(Kind::Point, "point", point)
}

/// A file to download.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Recording {
    /// Path below the folder of recordings.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Last change, s since 1970.
    pub changed: u64,
}

/// Files to download, newest first; `None` when no folder was named.
#[must_use]
pub fn recordings(files: Option<&[Recording]>) -> Update {
    under(Kind::Recordings, "recordings", &files)
}

/// One topic of the cell and its newest message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellTopic {
    /// Relative name.
    pub topic: String,
    /// Message type.
    #[serde(rename = "type")]
    pub message_type: String,
    /// The message, field by field.
    pub message: serde_json::Value,
}

/// The job and its stations.
#[must_use]
pub fn cell(topics: &[CellTopic]) -> Update {
    under(Kind::Cell, "cell", topics)
}
