//! Hosts `thermal`.

use super::{BOOT_ID, Setup, is, output};
use crate::host::{Node, Output};
use anyhow::Result;
use recording::cdr::CdrError;
use recording::{Message, Recorded, decode};
use std::time::Duration;
use thermal::{Config, Inputs};
use vocabulary::arm::ArmStatus;
use vocabulary::command::JointTelemetry;
use vocabulary::health::LogLine;
use vocabulary::joint::JointOrder;
use vocabulary::plan::ControlState;
use vocabulary::time::{Now, Received};
use vocabulary::topics;

/// The library and what arrived since its last step.
pub struct Thermal {
    node: thermal::Thermal,
    inputs: Inputs,
    order: JointOrder,
    period: Duration,
}

impl Thermal {
    /// With these parameters, or those of `config/`.
    pub fn new(setup: &Setup, config: Option<Config>) -> Result<Self> {
        let config = config.unwrap_or_else(|| setup.config.thermal.clone());
        let model = setup.config.model.clone();
        let described = model.limits().each_ref().map(|l| (l.lower, l.upper, l.velocity, l.effort));
        let limits = setup.config.arm.limits(&described)?;
        let period = Duration::from_secs_f64(1.0 / config.rate_hz);
        let order = setup.order.clone();
        let arm = thermal::Arm { order: order.clone(), limits, model };
        let node = thermal::Thermal::new(config, arm, BOOT_ID)?;
        Ok(Self { node, inputs: Inputs::default(), order, period })
    }
}

impl Node for Thermal {
    fn period(&self) -> Duration {
        self.period
    }

    fn deliver(&mut self, now: Now, message: &Recorded) -> Result<bool, CdrError> {
        let (at, data, topic) = (now.mono, message.data.as_slice(), message.topic());
        match message.kind() {
            JointTelemetry::NAME => {
                let value: JointTelemetry = decode(data, &self.order)?;
                if let Some(slot) = self.inputs.telemetry.get_mut(value.joint) {
                    *slot = Some(Received { at, value });
                }
            }
            ControlState::NAME if is(topic, topics::CONTROL_STATE.name) => {
                self.inputs.control = Some(Received { at, value: decode(data, &self.order)? });
            }
            ArmStatus::NAME if is(topic, topics::ARM_STATUS.name) => {
                self.inputs.status = Some(decode(data, &self.order)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn step(&mut self, now: Now) -> (Vec<Output>, Vec<LogLine>) {
        let outputs = self.node.step(now, &std::mem::take(&mut self.inputs));
        let order = &self.order;
        let state = outputs.state.map(|m| output(topics::THERMAL_STATE.name, &m, order));
        let alarm = outputs.alarm.map(|m| output(topics::THERMAL_ALARM.name, &m, order));
        let derating = outputs.derating.map(|m| output(topics::DERATING.name, &m, order));
        (state.into_iter().chain(alarm).chain(derating).collect(), outputs.log)
    }
}
