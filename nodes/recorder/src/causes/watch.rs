//! What of everything that passes is worth a notice.
//!
//! The one rule: a change is noticed once; what was so before we began is no news.

use recording::cdr::CdrError;
use recording::messages::{DiagnosticStatus, Diagnostics};
use recording::{Message, decode};
use std::collections::BTreeMap;
use vocabulary::arm::{ArmMode, ArmState, ArmStatus, Freshness};
use vocabulary::command::Lease;
use vocabulary::event::Notice;
use vocabulary::health::{Health, Heartbeat, Level, Lifecycle};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};
use vocabulary::thermal::{ThermalAlarm, ThermalLevel};
use vocabulary::time::{Monotonic, Now, Stamp};

/// A gap between two of our own steps beyond which we judge nobody's silence, s: it was ours.
const OWN_GAP: f64 = 0.2;
const SUPERVISOR: &str = "supervisor";

/// A message that is looked at while it is recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// `heartbeat`.
    Heartbeat(Box<Heartbeat>),
    /// `arm/status`.
    Status(ArmStatus),
    /// `thermal_alarm`.
    Alarm(Box<ThermalAlarm>),
    /// `/diagnostics`.
    Diagnostics(Diagnostics),
    /// `arm_state`.
    Arm(Box<ArmState>),
    /// `lease`.
    Lease(Lease),
}

impl Heard {
    /// Whether messages of a type are looked at.
    #[must_use]
    pub fn is_watched(kind: &str) -> bool {
        let kinds = [
            Heartbeat::NAME,
            ArmStatus::NAME,
            ThermalAlarm::NAME,
            Diagnostics::NAME,
            ArmState::NAME,
            Lease::NAME,
        ];
        kinds.contains(&kind)
    }

    /// Reads a message of a watched type; `None` for others.
    ///
    /// # Errors
    /// [`CdrError`]: what is wrong with it.
    pub fn read(kind: &str, data: &[u8], order: &JointOrder) -> Result<Option<Self>, CdrError> {
        Ok(Some(match kind {
            Heartbeat::NAME => Self::Heartbeat(Box::new(decode(data, order)?)),
            ArmStatus::NAME => Self::Status(decode(data, order)?),
            ThermalAlarm::NAME => Self::Alarm(Box::new(decode(data, order)?)),
            Diagnostics::NAME => Self::Diagnostics(decode(data, order)?),
            ArmState::NAME => Self::Arm(Box::new(decode(data, order)?)),
            Lease::NAME => Self::Lease(decode(data, order)?),
            _ => return Ok(None),
        }))
    }
}

/// What is known of a node.
#[derive(Debug, Clone)]
struct Node {
    boot_id: u64,
    pid: u32,
    health: Health,
    lifecycle: Lifecycle,
    heard: Monotonic,
    silent: bool,
}

/// Remembers how everything stands, and tells what changed.
#[derive(Debug, Clone)]
pub struct Watch {
    order: JointOrder,
    own: String,
    timeout: f64,
    nodes: BTreeMap<String, Node>,
    mode: Option<ArmMode>,
    epoch: Option<u64>,
    thermal: Option<PerJoint<ThermalLevel>>,
    freshness: Option<PerJoint<Freshness>>,
    diagnostics: BTreeMap<String, u8>,
    last_step: Option<Monotonic>,
    judge_from: Monotonic,
}

/// What a notice says, before who told it when is known.
struct Found {
    level: Level,
    subject: String,
    what: String,
}

impl Found {
    fn new(level: Level, subject: &str, what: impl Into<String>) -> Self {
        Self { level, subject: subject.to_owned(), what: what.into() }
    }
}

impl Watch {
    /// Nothing heard yet. `own` is our own node's name, `timeout` the silence that is noticed, s.
    #[must_use]
    pub fn new(order: JointOrder, own: &str, timeout: f64) -> Self {
        Self {
            order,
            own: own.to_owned(),
            timeout,
            nodes: BTreeMap::new(),
            mode: None,
            epoch: None,
            thermal: None,
            freshness: None,
            diagnostics: BTreeMap::new(),
            last_step: None,
            judge_from: Monotonic(0),
        }
    }

    /// Takes in a message.
    pub fn hear(&mut self, now: Now, topic: &str, heard: Stamp, message: &Heard) -> Vec<Notice> {
        let (by, stamp, found) = match message {
            Heard::Heartbeat(beat) => {
                let (by, found) = self.heartbeat(now.mono, beat);
                (by, beat.stamp, found)
            }
            Heard::Status(status) => (SUPERVISOR.to_owned(), status.stamp, self.status(status)),
            Heard::Alarm(alarm) => ("thermal".to_owned(), alarm.stamp, self.alarm(alarm)),
            Heard::Diagnostics(report) => return self.diagnostics(topic, heard, report),
            Heard::Arm(state) => ("joint_state".to_owned(), state.stamp, self.arm(state)),
            Heard::Lease(lease) => (SUPERVISOR.to_owned(), lease.since, self.lease(lease)),
        };
        let notice = |found: Found| Notice {
            stamp,
            heard,
            level: found.level,
            by: by.clone(),
            subject: found.subject,
            what: found.what,
            topic: topic.to_owned(),
        };
        found.into_iter().map(notice).collect()
    }

    /// Who has fallen silent; to be called in every step.
    pub fn silence(&mut self, now: Now) -> Vec<Notice> {
        let gap = self.last_step.replace(now.mono).map_or(0.0, |last| now.mono.seconds_from(last));
        if gap > OWN_GAP {
            self.judge_from = now.mono.shifted(self.timeout);
        }
        if now.mono < self.judge_from {
            return Vec::new();
        }
        let mut notices = Vec::new();
        for (name, node) in self.nodes.iter_mut().filter(|(_, node)| !node.silent) {
            let age = now.mono.seconds_from(node.heard);
            if age < self.timeout {
                continue;
            }
            node.silent = true;
            let ended = node.lifecycle == Lifecycle::Finalized;
            notices.push(Notice {
                stamp: now.stamp,
                heard: now.stamp,
                level: if ended { Level::Info } else { Level::Error },
                by: self.own.clone(),
                subject: name.clone(),
                what: format!("no heartbeat for {age:.2} s (pid {})", node.pid),
                topic: String::new(),
            });
        }
        notices
    }

    fn heartbeat(&mut self, now: Monotonic, beat: &Heartbeat) -> (String, Vec<Found>) {
        if beat.node == self.own {
            return (String::new(), Vec::new());
        }
        let name = beat.node.as_str();
        let fresh = Node {
            boot_id: beat.boot_id,
            pid: beat.pid,
            health: beat.health,
            lifecycle: beat.lifecycle,
            heard: now,
            silent: false,
        };
        let Some(before) = self.nodes.insert(name.to_owned(), fresh) else {
            return (name.to_owned(), Vec::new());
        };
        let gone = now.seconds_from(before.heard);
        if before.boot_id != beat.boot_id {
            // Whoever was missed already is no new fault when it comes back.
            let level = if before.silent { Level::Info } else { Level::Error };
            let what =
                format!("process {} is gone, {} is there after {gone:.2} s", before.pid, beat.pid);
            return (self.own.clone(), vec![Found::new(level, name, what)]);
        }
        let mut found = Vec::new();
        if before.silent {
            found.push(Found::new(Level::Info, name, format!("speaks again after {gone:.2} s")));
        }
        if beat.health > before.health {
            let level = if beat.health == Health::Error { Level::Error } else { Level::Warn };
            found.push(Found::new(level, name, beat.message.clone()));
        }
        if before.lifecycle == Lifecycle::Active && beat.lifecycle != Lifecycle::Active {
            found.push(Found::new(
                Level::Warn,
                name,
                format!("left active for {:?}", beat.lifecycle),
            ));
        }
        (name.to_owned(), found)
    }

    fn status(&mut self, status: &ArmStatus) -> Vec<Found> {
        let before = self.mode.replace(status.mode);
        if before.is_none_or(|mode| mode == status.mode) {
            return Vec::new();
        }
        let level = if status.mode == ArmMode::Hold { Level::Error } else { Level::Info };
        let mode = format!("{:?}", status.mode).to_lowercase();
        vec![Found::new(level, "arm", format!("{mode}: {}", status.reason))]
    }

    fn alarm(&mut self, alarm: &ThermalAlarm) -> Vec<Found> {
        let before = self.thermal.replace(alarm.levels);
        let Some(before) = before else { return Vec::new() };
        let mut found = Vec::new();
        for index in 0..JOINTS {
            let level =
                |levels: &PerJoint<ThermalLevel>| levels.get(index).copied().unwrap_or_default();
            let (old, new) = (level(&before), level(&alarm.levels));
            if new > old {
                let grave = new >= ThermalLevel::Derate;
                let reason = alarm.reasons.get(index).cloned().unwrap_or_default();
                let what = format!("{}: {reason}", new.name());
                let level = if grave { Level::Error } else { Level::Warn };
                found.push(Found::new(level, self.joint(index), what));
            }
        }
        found
    }

    fn arm(&mut self, state: &ArmState) -> Vec<Found> {
        let before = self.freshness.replace(state.freshness);
        let Some(before) = before else { return Vec::new() };
        let bad = |freshness: Freshness| matches!(freshness, Freshness::Silent | Freshness::Frozen);
        let mut found = Vec::new();
        for (index, (old, new)) in before.into_iter().zip(state.freshness).enumerate() {
            if old == new || bad(old) == bad(new) {
                continue;
            }
            let age = state.age.get(index).copied().unwrap_or(f64::NAN);
            let (level, what) = if bad(new) {
                let how = format!("{new:?}").to_lowercase();
                (Level::Error, format!("feedback is {how}, {age:.3} s old"))
            } else {
                (Level::Info, "feedback is there again".to_owned())
            };
            found.push(Found::new(level, self.joint(index), what));
        }
        found
    }

    fn lease(&mut self, lease: &Lease) -> Vec<Found> {
        let before = self.epoch.replace(lease.epoch);
        if before.is_none_or(|epoch| epoch == lease.epoch) {
            return Vec::new();
        }
        let holder = self.nodes.iter().find(|(_, node)| node.boot_id == lease.holder);
        let holder = match (holder, lease.holder) {
            (Some((name, _)), _) => name.clone(),
            (None, 0) => "nobody".to_owned(),
            (None, id) => format!("boot id {id:016x}"),
        };
        let what = format!("epoch {} is held by {holder}", lease.epoch);
        vec![Found::new(Level::Info, "lease", what)]
    }

    fn diagnostics(&mut self, topic: &str, heard: Stamp, report: &Diagnostics) -> Vec<Notice> {
        let mut notices = Vec::new();
        for status in &report.status {
            let before = self.diagnostics.insert(status.name.clone(), status.level);
            if before.is_none_or(|before| before >= status.level) {
                continue;
            }
            if self.is_told_otherwise(status) {
                continue;
            }
            let (by, part) = status.name.split_once(':').unwrap_or((&status.name, ""));
            let device = Some(status.hardware_id.as_str()).filter(|id| !id.is_empty());
            notices.push(Notice {
                stamp: report.stamp,
                heard,
                level: if status.level >= 2 { Level::Error } else { Level::Warn },
                by: by.trim().to_owned(),
                subject: device.unwrap_or(part.trim()).to_owned(),
                what: status.message.clone(),
                topic: topic.to_owned(),
            });
        }
        notices
    }

    /// The health of our own nodes comes by their heartbeats, sooner; ours comes as an event.
    fn is_told_otherwise(&self, status: &DiagnosticStatus) -> bool {
        let (node, part) = status.name.split_once(": ").unwrap_or((&status.name, ""));
        let node = node.rsplit('/').next().unwrap_or(node);
        node == self.own || (part == "health" && self.nodes.contains_key(node))
    }

    fn joint(&self, index: usize) -> &str {
        self.order.names().get(index).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests;
