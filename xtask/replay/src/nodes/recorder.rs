//! Hosts the judging part of `recorder`: the chain of causes of every fault in a recording.

use super::{BOOT_ID, Setup, output};
use crate::host::{Node, Output};
use anyhow::Result;
use recorder::causes::watch::Heard;
use recorder::{Config, Inputs, Passed};
use recording::Recorded;
use recording::cdr::CdrError;
use std::time::Duration;
use vocabulary::health::LogLine;
use vocabulary::joint::JointOrder;
use vocabulary::time::Now;
use vocabulary::topics;

/// As in the recorder's process.
const PERIOD: Duration = Duration::from_millis(20);

/// The library and what passed since its last step.
pub struct Recorder {
    node: recorder::Recorder,
    passed: Vec<Passed>,
    order: JointOrder,
}

impl Recorder {
    /// With these parameters, or its defaults.
    pub fn new(setup: &Setup, config: Option<Config>) -> Result<Self> {
        let order = setup.order.clone();
        let config = config.unwrap_or_default();
        let node = recorder::Recorder::new(&config, order.clone(), "recorder", BOOT_ID)?;
        Ok(Self { node, passed: Vec::new(), order })
    }
}

impl Node for Recorder {
    fn period(&self) -> Duration {
        PERIOD
    }

    fn deliver(&mut self, now: Now, message: &Recorded) -> Result<bool, CdrError> {
        let heard = Heard::read(message.kind(), &message.data, &self.order)?;
        let Some(heard_message) = heard else { return Ok(false) };
        let topic = message.topic().to_owned();
        self.passed.push(Passed { topic, heard: now.stamp, message: heard_message });
        Ok(true)
    }

    fn step(&mut self, now: Now) -> (Vec<Output>, Vec<LogLine>) {
        let passed = std::mem::take(&mut self.passed);
        let outputs = self.node.step(now, &Inputs { passed, ..Inputs::default() });
        let told = outputs.events.iter();
        let events = told.map(|event| output(topics::RECORDER_EVENTS.name, event, &self.order));
        (events.collect(), outputs.log)
    }
}
