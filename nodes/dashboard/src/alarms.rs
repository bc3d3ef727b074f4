//! What somebody should know about now, and since when.
//!
//! The rule: an alarm says who, what and, where there is a remedy, which; it stays exactly as long as
//! its cause. The page and the text markers of rviz show the same list.

use overview::{NodeRow, Presence};
use serde::Serialize;
use std::collections::BTreeMap;
use vocabulary::arm::{ArmMode, ArmState, ArmStatus, Derating, Freshness};
use vocabulary::command::DriverState;
use vocabulary::health::{Health, Lifecycle};
use vocabulary::joint::{JointOrder, PerJoint};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::thermal::{ThermalAlarm, ThermalLevel};
use vocabulary::time::Stamp;

/// How serious an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Worth looking at.
    Warning,
    /// Somebody must act.
    Error,
}

/// One alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// The same as long as it is the same alarm.
    pub id: String,
    /// How serious it is.
    pub severity: Severity,
    /// Joint, node, or `arm`.
    pub source: String,
    /// Index of the joint, when it is one's.
    pub joint: Option<usize>,
    /// For people.
    pub text: String,
    /// ROS time since which it is there.
    pub since: Stamp,
    /// Somebody must acknowledge it.
    pub latched: bool,
}

/// What alarms are judged from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Names of the joints.
    pub order: &'a JointOrder,
    /// The node table.
    pub nodes: &'a [NodeRow],
    /// Newest word of the supervisor.
    pub status: Option<&'a ArmStatus>,
    /// Newest state of the joints, unless it is too old.
    pub arm: Option<&'a ArmState>,
    /// Newest report of control, unless it is too old.
    pub control: Option<&'a ControlState>,
    /// Newest thermal alarms.
    pub thermal: Option<&'a ThermalAlarm>,
    /// Newest derating.
    pub derating: Option<&'a Derating>,
}

/// An alarm as found, without its time.
struct Found {
    id: String,
    severity: Severity,
    source: String,
    joint: Option<usize>,
    text: String,
    latched: bool,
}

fn found(kind: &str, severity: Severity, source: &str, text: impl Into<String>) -> Found {
    Found {
        id: format!("{kind}/{source}"),
        severity,
        source: source.to_owned(),
        joint: None,
        text: text.into(),
        latched: false,
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new alarm.
    Raised(Alarm),
    /// Its cause is gone.
    Over(Alarm),
}

/// Remembers since when each alarm is there.
#[derive(Debug, Clone, Default)]
pub struct Alarms {
    known: BTreeMap<String, Alarm>,
}

impl Alarms {
    /// Judges the situation; returns what began and what ended.
    pub fn judge(&mut self, now: Stamp, situation: &Situation) -> Vec<Change> {
        let mut before = std::mem::take(&mut self.known);
        let mut changes = Vec::new();
        for Found { id, severity, source, joint, text, latched } in all(situation) {
            let old = before.remove(&id);
            let since = old.as_ref().map_or(now, |alarm| alarm.since);
            let alarm = Alarm { id: id.clone(), severity, source, joint, text, since, latched };
            if old.is_none_or(|old| old.severity < severity) {
                changes.push(Change::Raised(alarm.clone()));
            }
            self.known.insert(id, alarm);
        }
        changes.extend(before.into_values().map(Change::Over));
        changes
    }

    /// All alarms, the most serious first, then the newest.
    #[must_use]
    pub fn list(&self) -> Vec<&Alarm> {
        let mut list: Vec<_> = self.known.values().collect();
        list.sort_by_key(|alarm| {
            (std::cmp::Reverse(alarm.severity), std::cmp::Reverse(alarm.since))
        });
        list
    }
}

fn all(situation: &Situation) -> Vec<Found> {
    let mut list = Vec::new();
    list.extend(situation.nodes.iter().filter_map(node));
    list.extend(situation.status.and_then(mode));
    list.extend(situation.control.and_then(paused));
    list.extend(situation.derating.and_then(derated));
    if let Some(arm) = situation.arm {
        list.extend(joints(arm, situation.order));
    }
    if let Some(thermal) = situation.thermal {
        list.extend(heat(thermal, situation.order));
    }
    list
}

fn node(row: &NodeRow) -> Option<Found> {
    let consequence = match row.node.as_str() {
        "supervisor" => "; enable, stop and resume do not work",
        "arm_controller" => "; new goals wait",
        "joint_state" => "; positions shown come from control",
        "thermal" => "; control tightens the last derating with its age",
        _ => "",
    };
    let name = row.node.as_str();
    match row.presence {
        Presence::Silent => {
            let text = format!("no heartbeat any more (process {}){consequence}", row.pid);
            Some(found("silent", Severity::Error, name, text))
        }
        Presence::Unseen if row.expected => {
            Some(found("silent", Severity::Error, name, format!("never heard{consequence}")))
        }
        Presence::Unseen => None,
        Presence::Live if row.double => {
            Some(found("double", Severity::Error, name, "two processes run under this name"))
        }
        Presence::Live if row.lifecycle != Lifecycle::Active && row.expected => {
            Some(found("lifecycle", Severity::Warning, name, "is not active"))
        }
        Presence::Live => health(row),
    }
}

fn health(row: &NodeRow) -> Option<Found> {
    let severity = match row.health {
        Health::Ok => return None,
        Health::Warn => Severity::Warning,
        Health::Error => Severity::Error,
    };
    let said = if row.message.is_empty() { "gave no reason" } else { row.message.as_str() };
    Some(found("health", severity, &row.node, said))
}

fn mode(status: &ArmStatus) -> Option<Found> {
    match status.mode {
        ArmMode::Hold => {
            let text = format!("holds after a fault: {}", status.reason);
            Some(found("mode", Severity::Error, "arm", text))
        }
        ArmMode::Stopped => {
            let text = format!("stopped: {}; resume goes on", status.reason);
            Some(found("mode", Severity::Warning, "arm", text))
        }
        ArmMode::Disabled | ArmMode::Enabled => None,
    }
}

fn paused(control: &ControlState) -> Option<Found> {
    (control.phase == ControlPhase::Paused && !control.reason.is_empty())
        .then(|| found("paused", Severity::Notice, "motion", format!("paused: {}", control.reason)))
}

fn derated(derating: &Derating) -> Option<Found> {
    if derating.stop {
        return Some(found(
            "derating",
            Severity::Error,
            "thermal",
            "stops the arm: damage is near",
        ));
    }
    (derating.speed < 0.995).then(|| {
        let text = format!("slows the arm to {:.0} % of its speed", derating.speed * 100.0);
        found("derating", Severity::Warning, "thermal", text)
    })
}

fn joints(arm: &ArmState, order: &JointOrder) -> Vec<Found> {
    let states = arm.freshness.iter().zip(&arm.driver).zip(&arm.age);
    let judged = order.names().iter().zip(states).enumerate().map(|(index, (name, state))| {
        let ((freshness, driver), age) = state;
        let found = joint(name, *freshness, *driver, *age)?;
        Some(Found { joint: Some(index), ..found })
    });
    judged.flatten().collect()
}

fn joint(name: &str, freshness: Freshness, driver: DriverState, age: f64) -> Option<Found> {
    match (freshness, driver) {
        (Freshness::Silent, _) if age.is_finite() => Some(found(
            "joint",
            Severity::Error,
            name,
            "silent: its position is not known any more",
        )),
        (Freshness::Silent, _) => Some(found("joint", Severity::Error, name, "was never heard")),
        (Freshness::Frozen, _) => {
            Some(found("joint", Severity::Error, name, "frozen: its samples do not change"))
        }
        (_, DriverState::Faulted) => Some(found(
            "joint",
            Severity::Error,
            name,
            "drive fault: find the cause, then clear faults",
        )),
        (_, DriverState::Offline) => Some(found("joint", Severity::Error, name, "drive not found")),
        (_, DriverState::Blocked) => {
            Some(found("joint", Severity::Warning, name, "holds after a fault; waits for resume"))
        }
        _ => None,
    }
}

fn heat(alarm: &ThermalAlarm, order: &JointOrder) -> Vec<Found> {
    let latched: &PerJoint<bool> = &alarm.latched;
    let each = order.names().iter().zip(&alarm.levels).zip(latched).zip(&alarm.reasons);
    let judged = each.enumerate().map(|(index, (((name, level), latched), reason))| {
        let severity = match level {
            ThermalLevel::Normal if *latched => Severity::Notice,
            ThermalLevel::Normal => return None,
            ThermalLevel::Warning | ThermalLevel::Derate => Severity::Warning,
            ThermalLevel::Stop => Severity::Error,
        };
        let text = match level {
            ThermalLevel::Normal => "a thermal alarm is over; not yet acknowledged".to_owned(),
            _ if reason.is_empty() => level.name().to_owned(),
            _ => reason.clone(),
        };
        Some(Found { joint: Some(index), latched: *latched, ..found("heat", severity, name, text) })
    });
    judged.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> JointOrder {
        JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap()
    }

    fn row(node: &str, presence: Presence) -> NodeRow {
        NodeRow {
            node: node.into(),
            presence,
            expected: true,
            lifecycle: Lifecycle::Active,
            pid: 41,
            ..NodeRow::default()
        }
    }

    fn well() -> ArmState {
        ArmState {
            freshness: [Freshness::Fresh; 6],
            driver: [DriverState::Following; 6],
            ..ArmState::default()
        }
    }

    struct World {
        order: JointOrder,
        nodes: Vec<NodeRow>,
        arm: ArmState,
        status: ArmStatus,
        thermal: ThermalAlarm,
    }

    impl World {
        fn new() -> Self {
            Self {
                order: order(),
                nodes: vec![row("control", Presence::Live)],
                arm: well(),
                status: ArmStatus::default(),
                thermal: ThermalAlarm::default(),
            }
        }

        fn situation(&self) -> Situation<'_> {
            Situation {
                order: &self.order,
                nodes: &self.nodes,
                status: Some(&self.status),
                arm: Some(&self.arm),
                control: None,
                thermal: Some(&self.thermal),
                derating: None,
            }
        }
    }

    #[test]
    fn a_healthy_arm_has_no_alarms() {
        let mut alarms = Alarms::default();
        assert_eq!(alarms.judge(Stamp(1), &World::new().situation()), []);
        assert!(alarms.list().is_empty());
    }

    #[test]
    fn a_dead_node_is_named_once_and_is_over_when_it_returns() {
        let (mut alarms, mut world) = (Alarms::default(), World::new());
        world.nodes[0].presence = Presence::Silent;
        let raised = alarms.judge(Stamp(5), &world.situation());
        assert!(matches!(&raised[..], [Change::Raised(a)] if a.source == "control"), "{raised:?}");
        assert_eq!(alarms.judge(Stamp(9), &world.situation()), []);
        assert_eq!(alarms.list()[0].since, Stamp(5));
        world.nodes[0].presence = Presence::Live;
        let over = alarms.judge(Stamp(12), &world.situation());
        assert!(matches!(&over[..], [Change::Over(a)] if a.source == "control"), "{over:?}");
    }

    #[test]
    fn the_death_of_the_supervisor_says_that_the_buttons_do_not_work() {
        let (mut alarms, mut world) = (Alarms::default(), World::new());
        world.nodes.push(row("supervisor", Presence::Silent));
        alarms.judge(Stamp(1), &world.situation());
        assert!(alarms.list()[0].text.contains("enable, stop and resume do not work"));
    }

    #[test]
    fn the_most_serious_comes_first_and_joints_know_their_index() {
        let (mut alarms, mut world) = (Alarms::default(), World::new());
        world.status.mode = ArmMode::Stopped;
        world.arm.driver[3] = DriverState::Faulted;
        alarms.judge(Stamp(1), &world.situation());
        let list = alarms.list();
        assert_eq!((list[0].source.as_str(), list[0].joint), ("joint_4", Some(3)));
        assert_eq!(list[1].severity, Severity::Warning);
    }

    #[test]
    fn heat_that_is_over_stays_a_notice_until_acknowledged() {
        let (mut alarms, mut world) = (Alarms::default(), World::new());
        world.thermal.levels[1] = ThermalLevel::Derate;
        world.thermal.latched[1] = true;
        world.thermal.reasons[1] = "joint_2: 118 °C of 120 °C".into();
        alarms.judge(Stamp(1), &world.situation());
        assert_eq!(alarms.list()[0].text, "joint_2: 118 °C of 120 °C");
        world.thermal.levels[1] = ThermalLevel::Normal;
        assert_eq!(alarms.judge(Stamp(2), &world.situation()), [], "the same alarm, less serious");
        assert_eq!((alarms.list()[0].severity, alarms.list()[0].latched), (Severity::Notice, true));
        world.thermal.latched[1] = false;
        assert_eq!(alarms.judge(Stamp(3), &world.situation()).len(), 1);
        assert!(alarms.list().is_empty());
    }

    #[test]
    fn an_alarm_that_gets_worse_is_raised_again_with_its_old_time() {
        let (mut alarms, mut world) = (Alarms::default(), World::new());
        world.arm.driver[0] = DriverState::Blocked;
        alarms.judge(Stamp(1), &world.situation());
        world.arm.driver[0] = DriverState::Faulted;
        let worse = alarms.judge(Stamp(2), &world.situation());
        assert!(matches!(&worse[..], [Change::Raised(a)] if a.since == Stamp(1)), "{worse:?}");
    }
}
