//! One node: its current process, and what its heartbeats say of the last second.
//!
//! The rule: a second process of the same name counts only when the first has fallen silent, as the
//! supervisor holds it.

use std::time::Duration;
use vocabulary::health::{Health, Heartbeat, Lifecycle};
use vocabulary::time::{Monotonic, Received};

/// Rates are taken over at least this long.
const RATE_WINDOW: Duration = Duration::from_secs(1);
/// Between two heartbeats, s.
const BEAT: f64 = 0.05;

/// Whether a node is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// Somebody named it, but it was never heard.
    #[default]
    Unseen,
    /// Its heartbeats come.
    Live,
    /// They stopped.
    Silent,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeRow {
    /// Node name without namespace.
    pub node: String,
    /// Whether it is heard.
    pub presence: Presence,
    /// Whether the supervisor needs it.
    pub expected: bool,
    /// Joints it serves, for people; empty for all but drivers.
    pub joints: String,
    /// Process id on its host; 0 when never heard.
    pub pid: u32,
    /// Since the process started, s, by its count of heartbeats.
    pub uptime: f64,
    /// Processes seen under this name.
    pub boots: u64,
    /// Another process of the same name speaks, too.
    pub double: bool,
    /// Lifecycle state.
    pub lifecycle: Lifecycle,
    /// Its own judgement.
    pub health: Health,
    /// Why, for people.
    pub message: String,
    /// It must not move on without `arm/resume`.
    pub resume_required: bool,
    /// Nominal period of its cycle, s; 0 without a cycle.
    pub period: f64,
    /// Cycles per second over the last second; NaN when unknown.
    pub rate: f64,
    /// Cycles that began late, since start.
    pub late: u64,
    /// Cycles that began late in the last second.
    pub late_now: u64,
    /// Worst lateness since start, s.
    pub worst_lateness: f64,
    /// Share of one core over the last second; NaN when unknown.
    pub cpu: f64,
    /// Since the last heartbeat, s; infinite when never heard.
    pub age: f64,
    /// Version of the program.
    pub version: String,
}

impl NodeRow {
    /// Whether a driver serves this joint; by its name alone while the supervisor has not said more.
    #[must_use]
    pub fn serves(&self, joint: &str) -> bool {
        if self.joints.is_empty() {
            return self.node.strip_prefix("driver_") == Some(joint);
        }
        self.joints.split(", ").any(|served| served == joint)
    }
}

/// A heartbeat that rates are counted from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mark {
    at: Monotonic,
    cycles: u64,
    late: u64,
    cpu: f64,
}

impl Mark {
    fn of(beat: &Received<Heartbeat>) -> Self {
        let Heartbeat { cycles, cpu_time, .. } = &beat.value;
        Self { at: beat.at, cycles: cycles.count, late: cycles.late, cpu: *cpu_time }
    }
}

/// One process.
#[derive(Debug, Clone, PartialEq)]
struct Process {
    beat: Received<Heartbeat>,
    /// Older and newer mark: rates always cover between one and two windows.
    marks: [Mark; 2],
}

impl Process {
    fn new(beat: Received<Heartbeat>) -> Self {
        Self { marks: [Mark::of(&beat); 2], beat }
    }

    fn hear(&mut self, beat: Received<Heartbeat>) {
        if beat.value.sequence <= self.beat.value.sequence {
            return;
        }
        let [_, newer] = self.marks;
        if beat.at.since(newer.at) >= RATE_WINDOW {
            self.marks = [newer, Mark::of(&beat)];
        }
        self.beat = beat;
    }

    /// Growth per second of what `value` counts; NaN before the first window is over.
    fn per_second(&self, value: fn(&Mark) -> f64) -> f64 {
        let [older, _] = &self.marks;
        let newest = Mark::of(&self.beat);
        let time = newest.at.since(older.at).as_secs_f64();
        if time < RATE_WINDOW.as_secs_f64() / 2.0 {
            return f64::NAN;
        }
        (value(&newest) - value(older)) / time
    }
}

/// What is known of one node name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    current: Option<Process>,
    rival: Option<Process>,
    boots: u64,
    pub(crate) presence: Presence,
    pub(crate) expected: bool,
    pub(crate) joints: String,
}

impl Node {
    /// Takes a heartbeat in; true when it came from a process not known yet.
    pub(crate) fn hear(&mut self, beat: Received<Heartbeat>) -> bool {
        let same = |process: &&mut Process| process.beat.value.boot_id == beat.value.boot_id;
        if let Some(current) = self.current.as_mut().filter(same) {
            current.hear(beat);
            return false;
        }
        if let Some(rival) = self.rival.as_mut().filter(same) {
            rival.hear(beat);
            return false;
        }
        self.boots += 1;
        let place = if self.current.is_none() { &mut self.current } else { &mut self.rival };
        *place = Some(Process::new(beat));
        true
    }

    /// The time between the last heartbeat of a silent process and the first of its successor, once.
    pub(crate) fn succeed(&mut self, now: Monotonic, silence: Duration) -> Option<Duration> {
        let (current, rival) = (self.current.as_ref()?, self.rival.as_ref()?);
        if now.since(rival.beat.at) > silence {
            self.rival = None;
            return None;
        }
        if now.since(current.beat.at) <= silence {
            return None;
        }
        let gap = rival.marks.first().map_or(Duration::ZERO, |m| m.at.since(current.beat.at));
        self.current = self.rival.take();
        Some(gap)
    }

    /// Another count of processes, by somebody who has listened for longer.
    pub(crate) fn learn_boots(&mut self, boots: u64) {
        self.boots = self.boots.max(boots);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.current.as_ref().map_or(0, |process| process.beat.value.pid)
    }

    pub(crate) fn boots(&self) -> u64 {
        self.boots
    }

    /// Time since the last heartbeat.
    pub(crate) fn age(&self, now: Monotonic) -> Option<Duration> {
        Some(now.since(self.current.as_ref()?.beat.at))
    }

    pub(crate) fn row(&self, name: &str, now: Monotonic) -> NodeRow {
        let known = NodeRow {
            node: name.to_owned(),
            presence: self.presence,
            expected: self.expected,
            joints: self.joints.clone(),
            boots: self.boots,
            double: self.rival.is_some(),
            rate: f64::NAN,
            cpu: f64::NAN,
            age: f64::INFINITY,
            ..NodeRow::default()
        };
        let Some(process) = &self.current else { return known };
        let beat = &process.beat.value;
        let [older, _] = process.marks;
        NodeRow {
            pid: beat.pid,
            uptime: beat.sequence as f64 * BEAT,
            lifecycle: beat.lifecycle,
            health: beat.health,
            message: beat.message.clone(),
            resume_required: beat.resume_required,
            period: beat.cycles.period,
            rate: process.per_second(|mark| mark.cycles as f64),
            late: beat.cycles.late,
            late_now: beat.cycles.late.saturating_sub(older.late),
            worst_lateness: beat.cycles.worst_lateness,
            cpu: process.per_second(|mark| mark.cpu),
            age: now.since(process.beat.at).as_secs_f64(),
            version: beat.version.clone(),
            ..known
        }
    }
}
