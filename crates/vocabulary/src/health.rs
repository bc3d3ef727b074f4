//! Heartbeats: who lives, how well, and whether it waits for a human.

use crate::durations::DurationHistogram;
use crate::time::Stamp;

/// Lifecycle state ids of `lifecycle_msgs/State`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lifecycle {
    /// Created, not configured.
    #[default]
    Unconfigured,
    /// Configured, does nothing outside.
    Inactive,
    /// Works.
    Active,
    /// Ended.
    Finalized,
}

/// Judgement of a node about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Health {
    /// As it should be.
    #[default]
    Ok,
    /// Works, with something to look at.
    Warn,
    /// Cannot do its work.
    Error,
}

/// Sent by every node at 20 Hz.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heartbeat {
    /// ROS time of sending.
    pub stamp: Stamp,
    /// Node name without namespace.
    pub node: String,
    /// Random number drawn at process start.
    pub boot_id: u64,
    /// Process id on its host.
    pub pid: u32,
    /// Rises by one per heartbeat.
    pub sequence: u64,
    /// Lifecycle state.
    pub lifecycle: Lifecycle,
    /// Its own judgement.
    pub health: Health,
    /// Why, for people; empty when all is well.
    pub message: String,
    /// Motion must not go on without a new permit.
    pub resume_required: bool,
    /// Cycle statistics since start.
    pub cycles: CycleStatistics,
    /// CPU time used by the process, s.
    pub cpu_time: f64,
    /// Version of the program.
    pub version: String,
    /// Durations since start, once a second; empty in between.
    pub histograms: Vec<Histogram>,
}

/// How often a duration fell into each of a row of buckets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// What was measured.
    pub name: String,
    /// Upper bounds, s; the last bucket has none.
    pub bounds: Vec<f64>,
    /// Count per bucket, one more than bounds.
    pub counts: Vec<u64>,
    /// Largest value seen, s.
    pub worst: f64,
}

/// How regularly a node's cycle ran since its start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CycleStatistics {
    /// Nominal period, s; 0 when the node has no cycle.
    pub period: f64,
    /// Cycles run.
    pub count: u64,
    /// Cycles that began more than 1 ms after their time.
    pub late: u64,
    /// Worst lateness, s.
    pub worst_lateness: f64,
    /// Commands or requests refused since start.
    pub refused: u64,
}

/// How serious a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Worth looking at.
    Warn,
    /// Somebody must act.
    Error,
}

/// One line for people; nodes return them, hosts print them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How serious it is.
    pub level: Level,
    /// The line, with names and numbers.
    pub text: String,
}

impl LogLine {
    /// A line worth knowing.
    #[must_use]
    pub fn info(text: impl Into<String>) -> Self {
        Self { level: Level::Info, text: text.into() }
    }

    /// A line worth looking at.
    #[must_use]
    pub fn warn(text: impl Into<String>) -> Self {
        Self { level: Level::Warn, text: text.into() }
    }

    /// A line somebody must act upon.
    #[must_use]
    pub fn error(text: impl Into<String>) -> Self {
        Self { level: Level::Error, text: text.into() }
    }
}

/// What a node says of itself; its host adds process, sequence and CPU time to make a
/// [`Heartbeat`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeHealth {
    /// Its own judgement.
    pub health: Health,
    /// Why, for people; empty when all is well.
    pub message: String,
    /// Motion must not go on without a new permit.
    pub resume_required: bool,
    /// Cycle statistics since start.
    pub cycles: CycleStatistics,
    /// Durations since start, by name.
    pub durations: Vec<(&'static str, DurationHistogram)>,
}
