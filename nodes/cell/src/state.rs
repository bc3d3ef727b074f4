//! What outlives a start of the process.
//!
//! The rule: it is on the disk before anything that depends on it leaves the process. So a step whose end
//! is written is never done again, and one that is under way has its order written, by which a station
//! knows that it was asked before.

use serde::{Deserialize, Serialize};

/// What the job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Phase {
    /// There is none.
    #[default]
    NoJob,
    /// Waits for `start`.
    Loaded,
    /// Runs.
    Running,
    /// The step under way is finished first.
    Pausing,
    /// Waits for `resume` or `step`.
    Paused,
    /// Came to its end.
    Done,
    /// Somebody gave it up.
    Aborted,
}

impl Phase {
    /// Whether steps are done.
    #[must_use]
    pub fn works(self) -> bool {
        matches!(self, Self::Running | Self::Pausing)
    }

    /// Whether there is something to lose.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.works() || self == Self::Paused
    }
}

/// What is known of a part; the worse is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Verdict {
    /// Nobody looked.
    #[default]
    Unchecked,
    /// Good.
    Pass,
    /// Somebody looked, and cannot say.
    Unsure,
    /// Bad.
    Fail,
}

/// How a part ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Went through, so judged.
    Judged(Verdict),
    /// Given up.
    Aside,
}

/// A finished part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Its name.
    pub part: String,
    /// How it ended.
    pub fate: Fate,
    /// Why, for people.
    pub reason: String,
    /// s; NaN, kept as null, when the process was started anew meanwhile.
    pub cycle_time: Option<f64>,
}

/// Counts of one run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Parts judged good.
    pub passed: u32,
    /// Parts judged bad.
    pub failed: u32,
    /// Parts looked at, and not judged.
    pub unsure: u32,
    /// Parts that nobody looked at.
    pub unchecked: u32,
    /// Parts given up.
    pub aside: u32,
    /// Steps given up.
    pub skipped: u32,
    /// Attempts after the first.
    pub retries: u32,
    /// Results that were not accepted.
    pub refused: u32,
    /// Parts with a known cycle time.
    pub timed: u32,
    /// Their cycle times together, s.
    pub time: f64,
    /// The last of them, s.
    pub last_time: f64,
}

impl Counts {
    /// Parts that are finished.
    #[must_use]
    pub fn parts(&self) -> u32 {
        self.passed + self.failed + self.unsure + self.unchecked + self.aside
    }

    /// Counts a part.
    pub fn add(&mut self, record: &PartRecord) {
        let slot = match record.fate {
            Fate::Aside => &mut self.aside,
            Fate::Judged(Verdict::Pass) => &mut self.passed,
            Fate::Judged(Verdict::Fail) => &mut self.failed,
            Fate::Judged(Verdict::Unsure) => &mut self.unsure,
            Fate::Judged(Verdict::Unchecked) => &mut self.unchecked,
        };
        *slot += 1;
        if let Some(time) = record.cycle_time {
            (self.timed, self.time, self.last_time) = (self.timed + 1, self.time + time, time);
        }
    }

    /// Mean cycle time, s; 0 before the first part.
    #[must_use]
    pub fn mean_time(&self) -> f64 {
        if self.timed == 0 { 0.0 } else { self.time / f64::from(self.timed) }
    }
}

/// An order to a station that has no result yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Its name.
    pub order: String,
    /// Who has it.
    pub station: String,
}

/// Everything about the run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State {
    /// Of the arm's start in which it was written.
    pub session: String,
    /// Number of the run.
    pub run: u64,
    /// Part of the names of its orders: no two runs have the same, also after this file was lost.
    pub token: String,
    /// What the job is doing.
    pub phase: Phase,
    /// Why.
    pub reason: String,
    /// Only one step, then a pause.
    pub single: bool,
    /// Next instruction.
    pub place: usize,
    /// Of the loops.
    pub counters: Vec<u32>,
    /// What is worked on.
    pub part: Option<String>,
    /// The worst that was said of it.
    pub verdict: Verdict,
    /// What the last call said.
    pub last: Verdict,
    /// Why.
    pub why: String,
    /// Orders given so far.
    pub orders: u64,
    /// Whether the step at `place` was begun.
    pub begun: bool,
    /// An order without a result.
    pub open: Option<OpenOrder>,
    /// Counts.
    pub counts: Counts,
}
