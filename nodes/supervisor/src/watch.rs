//! Who lives: one record per node name, fed by heartbeats.
//!
//! The rule: a node is what its *current* process says. A second process of the same name becomes
//! current only when the first has fallen silent, so that a stray double changes nothing but the
//! log. And silence is relative: where nobody is heard, it is we who do not hear.

use std::collections::BTreeMap;
use std::time::Duration;
use vocabulary::health::{Health, Heartbeat, Lifecycle};
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Received};

use crate::config::{Config, seconds};
use crate::events::Event;
use crate::grant::Candidate;

/// More names than any arm has; what comes beyond is ignored.
const MAX_NODES: usize = 128;

/// Two processes of one name for longer than this are no restart.
const DOUBLE_AFTER: Duration = Duration::from_secs(1);

/// When nobody at all was heard for so long, we do not hear: heartbeats come every 50 ms.
const DEAF_AFTER: Duration = Duration::from_millis(60);

/// We do not hear for so long at most; then everybody is silent.
const DEAF_AT_MOST: Duration = Duration::from_secs(1);

/// So many nodes do not fall silent at once.
const CROWD: usize = 3;

/// What a node does for the arm, as far as the supervisor cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// May hold the lease.
    Control,
    /// Serves these joints, in joint order.
    Driver(Vec<String>),
    /// Anything else.
    Other,
}

/// One process of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// First heartbeat.
    pub since: Monotonic,
    /// Last heartbeat.
    pub heard: Monotonic,
    /// The last heartbeat.
    pub beat: Heartbeat,
}

/// What the supervisor thinks of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Not heard since the supervisor started.
    Unseen,
    /// Its heartbeats come in time.
    Live,
    /// Its heartbeats stopped.
    Lost,
}

/// What is known of one node name.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it does.
    pub role: Role,
    /// Whether the arm needs it.
    pub expected: bool,
    /// Silence after which it is lost.
    pub timeout: Duration,
    /// What the supervisor thinks of it.
    pub presence: Presence,
    /// The process that counts.
    pub current: Option<Process>,
    /// Another process of the same name.
    pub rival: Option<Process>,
    /// Processes seen.
    pub boots: u64,
    /// Time it was live.
    pub up: Duration,
    named_missing: bool,
    named_double: bool,
}

impl Node {
    fn new(role: Role, expected: bool, config: &Config) -> Self {
        let timeout = seconds(match role {
            Role::Control => config.control_timeout,
            Role::Driver(_) => config.driver_timeout,
            Role::Other => config.node_timeout,
        });
        Self {
            role,
            expected,
            timeout,
            presence: Presence::Unseen,
            current: None,
            rival: None,
            boots: 0,
            up: Duration::ZERO,
            named_missing: false,
            named_double: false,
        }
    }

    /// The joints it serves, for people; empty for all but drivers.
    #[must_use]
    pub fn joints(&self) -> String {
        match &self.role {
            Role::Driver(joints) => joints.join(", "),
            _ => String::new(),
        }
    }

    fn hear(&mut self, beat: &Received<Heartbeat>) {
        let same = |process: &Process| process.beat.boot_id == beat.value.boot_id;
        let known = match (&mut self.current, &mut self.rival) {
            (Some(current), _) if same(current) => Some(current),
            (_, Some(rival)) if same(rival) => Some(rival),
            _ => None,
        };
        if let Some(process) = known {
            if beat.value.sequence > process.beat.sequence {
                process.heard = process.heard.max(beat.at);
                let told = std::mem::replace(&mut process.beat, beat.value.clone()).histograms;
                if process.beat.histograms.is_empty() {
                    process.beat.histograms = told;
                }
            }
            return;
        }
        let process = Process { since: beat.at, heard: beat.at, beat: beat.value.clone() };
        *(if self.current.is_none() { &mut self.current } else { &mut self.rival }) = Some(process);
    }
}

/// All nodes by name.
#[derive(Debug, Clone)]
pub struct Registry {
    nodes: BTreeMap<String, Node>,
    config: Config,
    started: Monotonic,
    judged: Monotonic,
    /// When the last heartbeat of anybody came.
    heard: Monotonic,
}

impl Registry {
    /// Knows the expected nodes from the start.
    #[must_use]
    pub fn new(config: &Config, joints: &JointOrder, now: Monotonic) -> Self {
        let mut nodes = BTreeMap::new();
        for group in joints.names().chunks(config.joints_per_driver.max(1)) {
            let name = driver_name(group.first().map_or("", String::as_str));
            nodes.insert(name, Node::new(Role::Driver(group.to_vec()), true, config));
        }
        let standby = config.standby.then(|| "control_standby".to_owned());
        for name in config.expected.iter().cloned().chain(standby) {
            let node = Node::new(role_of(&name), true, config);
            nodes.insert(name, node);
        }
        Self { nodes, config: config.clone(), started: now, judged: now, heard: now }
    }

    /// All nodes, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.nodes.iter()
    }

    /// The drivers of the arm.
    pub fn drivers(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.iter().filter(|(_, node)| matches!(node.role, Role::Driver(_)))
    }

    /// One node by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.nodes.get(name)
    }

    /// Live and active controllers, primary first. A rival counts too: it is a process of its own
    /// and may hold the lease while the other one dies.
    #[must_use]
    pub fn candidates(&self, now: Monotonic) -> Vec<Candidate> {
        let controls = self.iter().filter(|(_, node)| node.role == Role::Control);
        let processes = controls.flat_map(|(name, node)| {
            [&node.current, &node.rival].into_iter().flatten().map(move |p| (name, node.timeout, p))
        });
        processes
            .filter(|(_, timeout, p)| now.since(p.heard) <= *timeout)
            .filter(|(_, _, p)| p.beat.lifecycle == Lifecycle::Active && p.beat.boot_id != 0)
            .map(|(name, _, p)| Candidate {
                name: name.clone(),
                boot_id: p.beat.boot_id,
                ready: p.beat.health == Health::Ok,
            })
            .collect()
    }

    /// The last heartbeat of a process.
    #[must_use]
    pub fn beat(&self, boot_id: u64) -> Option<&Heartbeat> {
        let processes = self.nodes.values().flat_map(|n| [&n.current, &n.rival]).flatten();
        processes.map(|p| &p.beat).find(|beat| beat.boot_id == boot_id)
    }

    /// Takes heartbeats in.
    pub fn hear(&mut self, beats: &[Received<Heartbeat>]) {
        for beat in beats {
            self.heard = self.heard.max(beat.at);
            let name = &beat.value.node;
            if name.is_empty() || (self.nodes.len() >= MAX_NODES && !self.nodes.contains_key(name))
            {
                continue;
            }
            let config = &self.config;
            let unknown = || Node::new(role_of(name), false, config);
            self.nodes.entry(name.clone()).or_insert_with(unknown).hear(beat);
        }
    }

    /// A process showed at `at` that it lives, otherwise than by its heartbeat.
    pub fn vouch(&mut self, boot_id: u64, at: Monotonic) {
        for node in self.nodes.values_mut() {
            for process in [&mut node.current, &mut node.rival].into_iter().flatten() {
                if process.beat.boot_id == boot_id {
                    process.heard = process.heard.max(at);
                }
            }
        }
    }

    /// Fresh feedback of a driver's joints shows that it lives; not which of two processes does.
    pub fn vouch_for_drivers(&mut self, at: Monotonic, fresh: impl Fn(&str) -> bool) {
        for node in self.nodes.values_mut().filter(|node| node.rival.is_none()) {
            let Role::Driver(joints) = &node.role else { continue };
            if let Some(process) = &mut node.current
                && joints.iter().all(|joint| fresh(joint))
            {
                process.heard = process.heard.max(at);
            }
        }
    }

    /// The supervisor itself did not run for `gap`: nobody else is to blame for it.
    pub fn excuse(&mut self, gap: Duration) {
        for node in self.nodes.values_mut() {
            for process in [&mut node.current, &mut node.rival].into_iter().flatten() {
                process.heard = process.heard + gap;
            }
        }
    }

    /// Compares every node with its deadline; returns what changed. With `lenient` nobody is lost.
    pub fn judge(&mut self, now: Monotonic, lenient: bool) -> Vec<Event> {
        let step = now.since(self.judged);
        self.judged = now;
        if self.is_deaf(now) {
            self.excuse(step);
        }
        let absent = now.since(self.started) > seconds(self.config.appear_timeout);
        let mut events = Vec::new();
        for (name, node) in &mut self.nodes {
            judge_double(name, node, now, &mut events);
            if !lenient {
                judge_silence(name, node, now, &mut events);
            }
            judge_arrival(name, node, now, &mut events);
            if node.presence == Presence::Live {
                node.up += step;
            }
            if absent && node.expected && node.current.is_none() && !node.named_missing {
                node.named_missing = true;
                events.push(Event::Missing(name.clone()));
            }
        }
        events
    }

    fn is_deaf(&self, now: Monotonic) -> bool {
        let live = || self.nodes.values().filter(|node| node.presence == Presence::Live);
        let silence = now.since(self.heard);
        live().nth(CROWD - 1).is_some() && silence > DEAF_AFTER && silence <= DEAF_AT_MOST
    }
}

fn judge_double(name: &str, node: &mut Node, now: Monotonic, events: &mut Vec<Event>) {
    let timeout = node.timeout;
    if node.rival.as_ref().is_some_and(|rival| now.since(rival.heard) > timeout) {
        node.rival = None;
        node.named_double = false;
    }
    let (Some(current), Some(rival)) = (&node.current, &node.rival) else { return };
    let both = now.since(current.heard) <= timeout && now.since(rival.since) > DOUBLE_AFTER;
    if both && !node.named_double {
        node.named_double = true;
        events.push(Event::Double(name.to_owned(), current.beat.pid, rival.beat.pid));
    }
}

fn judge_silence(name: &str, node: &mut Node, now: Monotonic, events: &mut Vec<Event>) {
    let Some(silence) = node.current.as_ref().map(|p| now.since(p.heard)) else { return };
    if silence <= node.timeout {
        return;
    }
    if node.rival.is_some() {
        node.current = node.rival.take();
        node.named_double = false;
        node.presence = Presence::Live;
        node.boots += 1;
        events.push(Event::Restarted(name.to_owned()));
    } else if node.presence == Presence::Live {
        node.presence = Presence::Lost;
        events.push(Event::Lost(name.to_owned(), silence));
    }
}

fn judge_arrival(name: &str, node: &mut Node, now: Monotonic, events: &mut Vec<Event>) {
    let heard = node.current.as_ref().is_some_and(|p| now.since(p.heard) <= node.timeout);
    if node.presence == Presence::Live || !heard {
        return;
    }
    if node.presence == Presence::Unseen {
        node.boots += 1;
    }
    node.presence = Presence::Live;
    events.push(Event::Live(name.to_owned()));
}

/// Name of the driver process whose first joint is `joint`.
#[must_use]
pub fn driver_name(joint: &str) -> String {
    format!("driver_{joint}")
}

/// Whether a node of this name may hold the lease.
#[must_use]
pub fn is_controller(name: &str) -> bool {
    name == "control" || name.starts_with("control_")
}

fn role_of(name: &str) -> Role {
    if is_controller(name) { Role::Control } else { Role::Other }
}

#[cfg(test)]
mod tests;
