//! The black box: everything that passes goes into files, and a fault is marked in them with the chain
//! of its causes.
//!
//! The one rule: nobody ever waits for the recorder, and nothing that was recorded is lost by what
//! happens to it.
//!
//! Three hands work at their own pace: the *ears* empty the middleware ([`roster`], [`sequence`]), the
//! *keeper* writes files ([`keeper`]), and [`Recorder`] looks at what passes, judges and answers. They
//! meet at the [`cache::Cache`] only. This library decides; its host has the threads, the disk and the
//! middleware.
#![forbid(unsafe_code)]

pub mod cache;
pub mod causes;
pub mod config;
#[cfg(feature = "ros")]
pub mod host;
pub mod keeper;
pub mod names;
pub mod retention;
pub mod roster;
pub mod rules;
pub mod sequence;

use causes::Causes;
use causes::watch::{Heard, Watch};
use keeper::{Report, State};
use thiserror::Error;
use vocabulary::event::{Event, EventKind};
use vocabulary::health::{CycleStatistics, Health, LogLine, NodeHealth};
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Now, Stamp};

pub use config::{Config, ConfigError};

/// Longest text of a mark, bytes.
const MARK: usize = 4096;
/// Losses are told at most this often, s, and reported as such for so long.
const QUIET: f64 = 10.0;
/// A disk that fails is told again so often, s: who begins to listen meanwhile shall know it too.
const REMINDER: f64 = 1.0;

/// Why a mark is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MarkError {
    /// Nothing to write.
    #[error("the text is empty")]
    Empty,
    /// Too much to write.
    #[error("the text has {length} bytes, {MARK} are allowed")]
    Long {
        /// Its bytes.
        length: usize,
    },
}

/// What the ears did, since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intake {
    /// Topics that are listened to.
    pub topics: usize,
    /// Topics that should be and cannot, and why.
    pub failures: Vec<String>,
    /// Messages that came in.
    pub received: u64,
    /// Messages that publishers sent and the middleware lost.
    pub missing: u64,
    /// Messages that wait for the disk.
    pub waiting: usize,
    /// Messages lost because the disk could not follow.
    pub lost: u64,
}

/// A message that passed and is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    /// Its topic.
    pub topic: String,
    /// When it was received.
    pub heard: Stamp,
    /// What it says.
    pub message: Heard,
}

/// What is new since the last step.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Messages that passed, in the order of reception.
    pub passed: Vec<Passed>,
    /// What the ears did.
    pub intake: Intake,
    /// What the keeper did.
    pub keeper: Report,
}

/// What goes out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outputs {
    /// Write into the file and publish.
    pub events: Vec<Event>,
    /// For people.
    pub log: Vec<LogLine>,
    /// The disk failed, or still fails a while later, or is there again: tell its state now.
    pub disk_changed: bool,
}

/// The judging part of the node; see the crate's documentation.
#[derive(Debug, Clone)]
pub struct Recorder {
    watch: Watch,
    causes: Causes,
    paused: bool,
    intake: Intake,
    keeper: Report,
    remind_from: Monotonic,
    told_losses: u64,
    tell_losses_from: Monotonic,
    loss_until: Monotonic,
    told_failures: usize,
    cycles: CycleStatistics,
}

impl Recorder {
    /// Nothing heard yet. `own` is our own node's name.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn new(
        config: &Config,
        order: JointOrder,
        own: &str,
        boot_id: u64,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            watch: Watch::new(order, own, config.causes.heartbeat_timeout),
            causes: Causes::new(config.causes, boot_id),
            paused: false,
            intake: Intake::default(),
            keeper: Report::default(),
            remind_from: Monotonic(0),
            told_losses: 0,
            tell_losses_from: Monotonic(0),
            loss_until: Monotonic(0),
            told_failures: 0,
            cycles: CycleStatistics::default(),
        })
    }

    /// One step; the host calls it some tens of times a second.
    pub fn step(&mut self, now: Now, inputs: &Inputs) -> Outputs {
        let mut out = Outputs::default();
        self.cycles.count += 1;
        for passed in &inputs.passed {
            let found = self.watch.hear(now, &passed.topic, passed.heard, &passed.message);
            found.into_iter().for_each(|notice| self.causes.note(now, notice));
        }
        for notice in self.watch.silence(now) {
            self.causes.note(now, notice);
        }
        out.events.extend(self.causes.step(now.mono));
        for event in &out.events {
            if event.revision == 0 {
                out.log.push(LogLine::warn(format!("fault {}: {}", event.id, event.text)));
            }
        }
        self.judge_disk(now, &inputs.keeper, &mut out);
        self.judge_intake(now, &inputs.intake, &mut out);
        out
    }

    /// Makes a mark with a text.
    ///
    /// # Errors
    /// [`MarkError`]: what is wrong with the text.
    pub fn mark(&mut self, now: Now, text: &str) -> Result<Event, MarkError> {
        match text.len() {
            0 => Err(MarkError::Empty),
            length if length > MARK => Err(MarkError::Long { length }),
            _ => Ok(self.causes.event(EventKind::Mark, now.stamp, text.to_owned())),
        }
    }

    /// Stops or resumes recording; says whether that changed anything.
    pub fn pause(&mut self, paused: bool) -> bool {
        std::mem::replace(&mut self.paused, paused) != paused
    }

    /// Whether recording was stopped by hand.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether the disk takes what we write.
    #[must_use]
    pub fn can_write(&self) -> bool {
        matches!(self.keeper.state, State::Recording)
    }

    fn judge_disk(&mut self, now: Now, report: &Report, out: &mut Outputs) {
        let before = std::mem::replace(&mut self.keeper, report.clone()).state;
        match (&before, &report.state) {
            (State::Failed { .. }, State::Failed { .. }) => {
                out.disk_changed = now.mono >= self.remind_from;
            }
            (_, State::Failed { reason, .. }) => {
                let text = format!("cannot write: {reason}");
                out.log.push(LogLine::error(text.clone()));
                out.events.push(self.causes.event(EventKind::Loss, now.stamp, text));
                out.disk_changed = true;
            }
            (State::Failed { since, .. }, _) => {
                let outage = now.mono.seconds_from(*since);
                let text = format!("writes again after {outage:.1} s");
                out.log.push(LogLine::info(text.clone()));
                out.events.push(self.causes.event(EventKind::Loss, now.stamp, text));
                out.disk_changed = true;
            }
            _ => {}
        }
        if out.disk_changed {
            self.remind_from = now.mono.shifted(REMINDER);
        }
    }

    fn judge_intake(&mut self, now: Now, intake: &Intake, out: &mut Outputs) {
        self.intake = intake.clone();
        if intake.failures.len() > self.told_failures {
            let fresh = intake.failures.iter().skip(self.told_failures);
            out.log.extend(fresh.map(|text| LogLine::warn(format!("not recorded: {text}"))));
        }
        self.told_failures = intake.failures.len();
        let losses = intake.missing + intake.lost;
        if losses > self.told_losses && now.mono >= self.tell_losses_from {
            let new = losses - self.told_losses;
            let text = format!(
                "{new} messages lost; since the start {} by the middleware, {} because the disk could \
                 not follow",
                intake.missing, intake.lost
            );
            self.told_losses = losses;
            self.tell_losses_from = now.mono.shifted(QUIET);
            self.loss_until = self.tell_losses_from;
            out.log.push(LogLine::warn(text.clone()));
            out.events.push(self.causes.event(EventKind::Loss, now.stamp, text));
        }
    }

    /// What to say in the heartbeat.
    #[must_use]
    pub fn health(&self, now: Monotonic) -> NodeHealth {
        let (health, message) = self.judgement(now);
        NodeHealth { health, message, cycles: self.cycles, ..NodeHealth::default() }
    }

    fn judgement(&self, now: Monotonic) -> (Health, String) {
        let Intake { waiting, lost, missing, failures, .. } = &self.intake;
        if let State::Failed { reason, since } = &self.keeper.state {
            let age = now.seconds_from(*since);
            let text = format!(
                "cannot write for {age:.0} s: {reason}; {waiting} messages wait, {lost} are lost"
            );
            return (Health::Error, text);
        }
        if self.paused {
            return (Health::Warn, "paused by ~/pause".to_owned());
        }
        if now < self.loss_until {
            return (
                Health::Warn,
                format!("lost messages: {missing} on the way, {lost} at the disk"),
            );
        }
        match failures.first() {
            Some(first) => {
                (Health::Warn, format!("{} topics not recorded: {first}", failures.len()))
            }
            None => (Health::Ok, String::new()),
        }
    }

    /// Values for people.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let (keeper, intake) = (&self.keeper, &self.intake);
        let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / config::MEGABYTE);
        vec![
            ("file", keeper.file.clone()),
            ("file_size_mb", megabytes(keeper.size)),
            ("topics", intake.topics.to_string()),
            ("messages_received", intake.received.to_string()),
            ("messages_written", keeper.written.to_string()),
            ("messages_waiting", intake.waiting.to_string()),
            ("messages_lost_on_the_way", intake.missing.to_string()),
            ("messages_lost_at_the_disk", intake.lost.to_string()),
            ("files_ended", keeper.files.to_string()),
            ("files_deleted", keeper.deleted.to_string()),
            ("stored_mb", megabytes(keeper.stored)),
            ("disk_free_mb", megabytes(keeper.free)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocabulary::config::ArmConfig;
    use vocabulary::health::Heartbeat;

    fn recorder() -> Recorder {
        let order = ArmConfig::default().joint_order().unwrap();
        Recorder::new(&Config::default(), order, "recorder", 9).unwrap()
    }

    fn at(seconds: f64) -> Now {
        Now { mono: Monotonic(0).shifted(seconds), stamp: Stamp(0).shifted(seconds) }
    }

    fn with(state: State) -> Inputs {
        Inputs { keeper: Report { state, ..Report::default() }, ..Inputs::default() }
    }

    fn failed(since: f64) -> State {
        State::Failed { reason: "no space".to_owned(), since: at(since).mono }
    }

    #[test]
    fn a_full_disk_is_an_error_at_once_and_its_end_is_told() {
        let mut recorder = recorder();
        recorder.step(at(0.0), &with(State::Recording));
        assert!(recorder.can_write());
        let out = recorder.step(at(1.0), &with(failed(1.0)));
        assert!(out.disk_changed);
        assert_eq!(out.events[0].kind, EventKind::Loss);
        let health = recorder.health(at(3.0).mono);
        assert_eq!(health.health, Health::Error);
        assert!(health.message.starts_with("cannot write for 2 s: no space"), "{}", health.message);
        assert_eq!(recorder.step(at(1.9), &with(failed(1.0))), Outputs::default());
        let reminder = Outputs { disk_changed: true, ..Outputs::default() };
        assert_eq!(recorder.step(at(2.1), &with(failed(1.0))), reminder);
        assert_eq!(recorder.step(at(3.0), &with(failed(1.0))), Outputs::default());
        let out = recorder.step(at(4.2), &with(State::Recording));
        assert_eq!(out.events[0].text, "writes again after 3.2 s");
        assert_eq!(recorder.health(at(5.0).mono).health, Health::Ok);
    }

    #[test]
    fn losses_are_told_with_their_numbers_and_not_too_often() {
        let mut recorder = recorder();
        let lost = |missing| Inputs {
            intake: Intake { missing, ..Intake::default() },
            keeper: Report { state: State::Recording, ..Report::default() },
            ..Inputs::default()
        };
        assert_eq!(recorder.step(at(0.0), &lost(3)).events.len(), 1);
        assert_eq!(recorder.health(at(1.0).mono).health, Health::Warn);
        assert!(recorder.step(at(1.0), &lost(7)).events.is_empty());
        let out = recorder.step(at(11.0), &lost(7));
        assert!(out.events[0].text.starts_with("4 messages lost"), "{}", out.events[0].text);
        assert_eq!(recorder.health(at(30.0).mono).health, Health::Ok);
    }

    #[test]
    fn a_mark_without_text_or_with_too_much_of_it_is_refused() {
        let mut recorder = recorder();
        assert_eq!(recorder.mark(at(1.0), ""), Err(MarkError::Empty));
        let text = recorder.mark(at(1.0), &"x".repeat(5_000)).unwrap_err().to_string();
        assert_eq!(text, "the text has 5000 bytes, 4096 are allowed");
        let event = recorder.mark(at(1.0), "gripper swapped").unwrap();
        assert_eq!((event.id, event.kind, event.complete), (1, EventKind::Mark, true));
    }

    #[test]
    fn a_dead_node_becomes_a_fault_with_its_chain() {
        let mut recorder = recorder();
        let beat = Heartbeat { node: "motion".to_owned(), boot_id: 4, ..Heartbeat::default() };
        let (topic, heard) = ("/heartbeat".to_owned(), Stamp(0));
        let message = Heard::Heartbeat(Box::new(beat));
        let inputs = Inputs { passed: vec![Passed { topic, heard, message }], ..Inputs::default() };
        recorder.step(at(0.0), &inputs);
        let mut events = Vec::new();
        for step in 1..100 {
            events.extend(recorder.step(at(f64::from(step) * 0.02), &Inputs::default()).events);
        }
        assert_eq!(events.len(), 2, "{events:?}");
        assert!(!events[0].complete && events[1].complete);
        assert_eq!(
            (events[0].kind, events[0].chain[0].subject.as_str()),
            (EventKind::Fault, "motion")
        );
    }

    #[test]
    fn a_pause_is_told_as_long_as_it_lasts() {
        let mut recorder = recorder();
        assert!(recorder.pause(true) && !recorder.pause(true));
        assert_eq!(recorder.health(at(0.0).mono).message, "paused by ~/pause");
        assert!(recorder.pause(false) && !recorder.is_paused());
    }

    #[test]
    fn a_topic_of_an_unknown_type_is_named_once() {
        let mut recorder = recorder();
        let failures = vec!["/x: type a/msg/B is not installed here".to_owned()];
        let intake = Intake { failures, ..Intake::default() };
        let inputs = Inputs { intake, ..Inputs::default() };
        assert_eq!(recorder.step(at(0.0), &inputs).log.len(), 1);
        assert_eq!(recorder.step(at(0.1), &inputs).log.len(), 0);
        assert!(recorder.health(at(0.2).mono).message.starts_with("1 topics not recorded: /x"));
    }
}
