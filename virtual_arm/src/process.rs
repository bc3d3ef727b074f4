//! One process: when it runs, what it reads on its clocks, how it ends and starts again.
//!
//! The one rule: what is in a process dies with it. A new start has a new boot id and knows nothing
//! but its parameters, what is latched, and (the supervisor) what was stored.

use crate::clock::Clock;
use crate::message::Role;
use crate::nodes::{BusInbox, Node};
use can_bus::in_process::EndpointId;
use std::time::Duration;
use vocabulary::health::{CycleStatistics, Heartbeat, Lifecycle};
use vocabulary::time::{Monotonic, Now};

/// Between two heartbeats.
const BEAT: Duration = Duration::from_millis(50);
/// A cycle is late when it begins this much after its time.
const LATE: Duration = Duration::from_millis(1);

/// Whether a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Not there; starts then, or never again.
    Down(Option<Monotonic>),
    /// Runs.
    Running,
    /// There, but gets no time until then (SIGSTOP, a page fault, a greedy neighbour).
    Frozen(Monotonic),
}

/// One process.
pub struct Process {
    /// Node name.
    pub name: String,
    /// What it is to the others.
    pub role: Role,
    /// Joints it drives, as indices; empty for all but drivers.
    pub joints: std::ops::Range<usize>,
    /// Its clocks.
    pub clock: Clock,
    /// Process start.
    pub boot_id: u64,
    /// How often it was started.
    pub starts: u32,
    /// Whether it runs.
    pub state: RunState,
    /// The node; none while it is down.
    pub node: Option<Box<dyn Node>>,
    /// Its place on the bus.
    pub endpoint: Option<EndpointId>,
    /// What it has not read from the bus yet.
    pub bus: BusInbox,
    /// Nominal period; `None` when the node says by itself when it wants to run.
    pub period: Option<Duration>,
    /// World time at which the next cycle should begin.
    pub due: Monotonic,
    /// World time at which it will run next.
    pub wake: Monotonic,
    /// A frame has rung already.
    pub rung: bool,
    next_beat: Monotonic,
    beats: u64,
    cycles: CycleStatistics,
}

impl Process {
    /// A process that starts at `at`.
    #[must_use]
    pub fn new(name: String, role: Role, clock: Clock, period: Option<Duration>) -> Self {
        Self {
            name,
            role,
            joints: 0..0,
            clock,
            boot_id: 0,
            starts: 0,
            state: RunState::Down(None),
            node: None,
            endpoint: None,
            bus: BusInbox::default(),
            period,
            due: Monotonic(0),
            wake: Monotonic(0),
            rung: false,
            next_beat: Monotonic(0),
            beats: 0,
            cycles: CycleStatistics::default(),
        }
    }

    /// Whether messages reach it.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, RunState::Down(_))
    }

    /// When something happens to it next.
    #[must_use]
    pub fn next(&self) -> Option<Monotonic> {
        match self.state {
            RunState::Down(start) => start,
            RunState::Running => Some(self.wake),
            RunState::Frozen(until) => Some(until),
        }
    }

    /// Begins with a node.
    pub fn begin(&mut self, at: Monotonic, boot_id: u64, node: Box<dyn Node>) {
        self.node = Some(node);
        self.boot_id = boot_id;
        self.starts += 1;
        self.state = RunState::Running;
        self.bus = BusInbox::default();
        (self.due, self.wake, self.rung) = (at, at, false);
        (self.next_beat, self.beats) = (Monotonic(0), 0);
        let period = self.period.map_or(0.0, |period| period.as_secs_f64());
        self.cycles = CycleStatistics { period, ..CycleStatistics::default() };
    }

    /// Ends; starts again at `again`.
    pub fn end(&mut self, again: Option<Monotonic>) {
        self.node = None;
        self.boot_id = 0;
        self.state = RunState::Down(again);
    }

    /// Counts a cycle that begins at `at`, and sets when the next one is due.
    pub fn count_cycle(&mut self, at: Monotonic) {
        let Some(period) = self.period else { return };
        let lateness = at.since(self.due);
        self.cycles.count += 1;
        self.cycles.late += u64::from(lateness > LATE);
        self.cycles.worst_lateness = self.cycles.worst_lateness.max(lateness.as_secs_f64());
        let missed = lateness.as_nanos() / period.as_nanos().max(1);
        let steps = u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1);
        self.due = self.due + period.saturating_mul(steps);
    }

    /// The heartbeat, when one is due.
    pub fn beat(&mut self, now: Now) -> Option<Heartbeat> {
        if now.mono < self.next_beat {
            return None;
        }
        let raster = self.next_beat + BEAT;
        self.next_beat = if raster > now.mono { raster } else { now.mono + BEAT };
        self.beats += 1;
        let said = self.node.as_ref()?.health();
        let cycles = match self.period {
            Some(_) => CycleStatistics { refused: said.cycles.refused, ..self.cycles },
            None => said.cycles,
        };
        Some(Heartbeat {
            stamp: now.stamp,
            node: self.name.clone(),
            boot_id: self.boot_id,
            pid: self.starts,
            sequence: self.beats,
            lifecycle: Lifecycle::Active,
            health: said.health,
            message: said.message,
            resume_required: said.resume_required,
            cycles,
            cpu_time: 0.0,
            ..Heartbeat::default()
        })
    }
}
