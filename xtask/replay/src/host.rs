//! The host of a node's library whose clock is a recording.
//!
//! The one rule: the library sees what it would have seen live, at the times of the recording, and
//! nothing else: same recording, same outputs, byte for byte.
//!
//! Terms: the *raster* are the instants at which the node steps, one period apart, from the first
//! message on.

use anyhow::{Result, bail};
use recording::cdr::CdrError;
use recording::{Error, Recorded};
use std::time::Duration;
use vocabulary::health::LogLine;
use vocabulary::time::{Monotonic, Now, Stamp};

/// A hole in the recording longer than this is jumped over, as a process that was stopped would.
const HOLE: Duration = Duration::from_secs(60);

/// What a node would have published.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Topic, without namespace.
    pub topic: &'static str,
    /// Full name of its type.
    pub kind: &'static str,
    /// The message, CDR.
    pub data: Vec<u8>,
    /// The message for people, in one line.
    pub text: String,
}

/// A node's library that can be replayed.
pub trait Node {
    /// Between two steps.
    fn period(&self) -> Duration;

    /// Takes in a message as it was recorded; false when the node does not listen to it.
    ///
    /// # Errors
    /// [`CdrError`]: what is wrong with it.
    fn deliver(&mut self, now: Now, message: &Recorded) -> Result<bool, CdrError>;

    /// One step.
    fn step(&mut self, now: Now) -> (Vec<Output>, Vec<LogLine>);
}

/// What a replay did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages in the recording.
    pub messages: u64,
    /// Messages that the node listens to.
    pub delivered: u64,
    /// Messages that the node's door refuses, and the first reason.
    pub refused: u64,
    /// The first refusal.
    pub refusal: Option<String>,
    /// Steps of the node.
    pub steps: u64,
    /// Messages that were older than one in front of them.
    pub unordered: u64,
    /// Holes that were jumped over.
    pub holes: u64,
}

/// Takes what comes out, with the instant of the recording.
pub trait Sink {
    /// A message that the node would have published.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn output(&mut self, now: Now, output: &Output) -> Result<()>;

    /// A line for people.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn log(&mut self, now: Now, line: &LogLine) -> Result<()>;
}

/// Feeds messages into a node.
///
/// # Errors
/// When an output cannot be kept, or the recording holds nothing for this node.
pub fn replay(
    node: &mut dyn Node,
    messages: impl Iterator<Item = Recorded>,
    sink: &mut dyn Sink,
) -> Result<Summary> {
    let mut summary = Summary::default();
    let mut clock: Option<Clock> = None;
    for message in messages {
        let index = summary.messages;
        summary.messages += 1;
        let at = message.log_time.min(i64::MAX as u64);
        let clock = clock.get_or_insert_with(|| Clock::new(at, node.period()));
        summary.unordered += u64::from(at < clock.newest);
        summary.holes += u64::from(clock.jump(at));
        while let Some(now) = clock.due(at) {
            step(node, now, sink)?;
            summary.steps += 1;
        }
        match node.deliver(clock.now(at), &message) {
            Ok(taken) => summary.delivered += u64::from(taken),
            Err(error) => {
                summary.refused += 1;
                let (topic, kind) = (message.topic().to_owned(), message.kind().to_owned());
                let refusal = || Error::Message { index, topic, kind, error }.to_string();
                summary.refusal.get_or_insert_with(refusal);
            }
        }
    }
    if let Some(clock) = clock {
        step(node, clock.next(), sink)?;
        summary.steps += 1;
    }
    if summary.delivered == 0 {
        let refusal = summary.refusal.map(|text| format!(": {text}")).unwrap_or_default();
        bail!("none of {} messages is for this node{refusal}", summary.messages);
    }
    Ok(summary)
}

fn step(node: &mut dyn Node, now: Now, sink: &mut dyn Sink) -> Result<()> {
    let (outputs, log) = node.step(now);
    outputs.iter().try_for_each(|output| sink.output(now, output))?;
    log.iter().try_for_each(|line| sink.log(now, line))
}

/// The recording's time.
struct Clock {
    next: u64,
    period: u64,
    newest: u64,
}

impl Clock {
    fn new(first: u64, period: Duration) -> Self {
        let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX).max(1);
        Self { next: first, period, newest: first }
    }

    /// Moves the raster behind a hole; true when there was one.
    fn jump(&mut self, at: u64) -> bool {
        let hole = at.saturating_sub(self.newest) > HOLE.as_nanos() as u64;
        if hole {
            self.next = at;
        }
        self.newest = self.newest.max(at);
        hole
    }

    /// The next instant of the raster, when it lies in front of a message.
    fn due(&mut self, at: u64) -> Option<Now> {
        if self.next >= at {
            return None;
        }
        let now = instant(self.next);
        self.next = self.next.saturating_add(self.period);
        Some(now)
    }

    fn next(&self) -> Now {
        instant(self.next)
    }

    /// Time never goes back.
    fn now(&self, at: u64) -> Now {
        instant(at.max(self.newest))
    }
}

/// The same instant on both clocks: a recording has one.
fn instant(at: u64) -> Now {
    Now { mono: Monotonic(at), stamp: Stamp(i64::try_from(at).unwrap_or(i64::MAX)) }
}

#[cfg(test)]
mod tests;
