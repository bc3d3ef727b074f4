//! Hosts `joint_state`.

use super::{BOOT_ID, Setup, output};
use crate::host::{Node, Output};
use anyhow::Result;
use joint_state::{Config, Inputs, JointStates};
use recording::cdr::{CdrError, Writer};
use recording::{Message, Recorded, decode};
use std::time::Duration;
use vocabulary::command::{JointFeedback, JointTelemetry};
use vocabulary::health::LogLine;
use vocabulary::joint::JointOrder;
use vocabulary::time::{Now, Received};
use vocabulary::topics;

/// Type of `joint_states`.
const JOINT_STATE: &str = "sensor_msgs/msg/JointState";

/// The library and what arrived since its last step.
pub struct JointState {
    node: joint_state::JointState,
    inputs: Inputs,
    order: JointOrder,
    period: Duration,
}

impl JointState {
    /// With these parameters, or those of `config/`.
    pub fn new(setup: &Setup, config: Option<Config>) -> Result<Self> {
        let config = config.unwrap_or_else(|| setup.config.joint_state.clone());
        let period = Duration::from_secs_f64(config.step_period());
        let (order, model) = (setup.order.clone(), setup.config.model.clone());
        let arm = joint_state::Arm { order: order.clone(), period: setup.config.arm.period, model };
        let node = joint_state::JointState::new(config, arm, BOOT_ID)?;
        Ok(Self { node, inputs: Inputs::default(), order, period })
    }
}

impl Node for JointState {
    fn period(&self) -> Duration {
        self.period
    }

    fn deliver(&mut self, now: Now, message: &Recorded) -> Result<bool, CdrError> {
        let (at, data) = (now.mono, message.data.as_slice());
        match message.kind() {
            JointFeedback::NAME => {
                let value: JointFeedback = decode(data, &self.order)?;
                if let Some(slot) = self.inputs.feedback.get_mut(value.joint) {
                    *slot = Some(Received { at, value });
                }
            }
            JointTelemetry::NAME => {
                let value: JointTelemetry = decode(data, &self.order)?;
                if let Some(slot) = self.inputs.telemetry.get_mut(value.joint) {
                    *slot = Some(Received { at, value });
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn step(&mut self, now: Now) -> (Vec<Output>, Vec<LogLine>) {
        let outputs = self.node.step(now, &std::mem::take(&mut self.inputs));
        let order = &self.order;
        let state = outputs.arm_state.map(|m| output(topics::ARM_STATE.name, &m, order));
        let joints = outputs.joint_states.map(|m| joint_states(&m, order));
        (state.into_iter().chain(joints).collect(), outputs.log)
    }
}

/// `sensor_msgs/JointState`.
fn joint_states(of: &JointStates, order: &JointOrder) -> Output {
    let mut to = Writer::default();
    to.stamp(of.stamp);
    to.text("");
    to.length(of.joints.len());
    let names = of.joints.iter().filter_map(|joint| order.names().get(*joint));
    names.for_each(|name| to.text(name));
    for list in [&of.position, &of.velocity, &of.effort] {
        to.length(list.len());
        to.f64s(list);
    }
    let (topic, data) = (topics::JOINT_STATES.name, to.finish());
    Output { topic, kind: JOINT_STATE, data, text: format!("{of:?}") }
}
