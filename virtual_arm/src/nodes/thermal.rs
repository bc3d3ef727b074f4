//! Hosts `thermal`.

use super::{BusInbox, Node, Outbox};
use crate::message::Message;
use thermal::{Inputs, Outputs, Thermal};
use vocabulary::command::JointTelemetry;
use vocabulary::health::NodeHealth;
use vocabulary::joint::PerJoint;
use vocabulary::plan::ControlState;
use vocabulary::time::{Now, Received};

/// The thermal node and its mailbox.
pub struct ThermalNode {
    node: Thermal,
    telemetry: PerJoint<Option<JointTelemetry>>,
    control: Option<ControlState>,
    inputs: Inputs,
}

impl ThermalNode {
    /// Hosts it.
    #[must_use]
    pub fn new(node: Thermal) -> Self {
        let (telemetry, inputs) = (Default::default(), Inputs::default());
        Self { node, telemetry, control: None, inputs }
    }
}

impl Node for ThermalNode {
    fn deliver(&mut self, message: &Message) {
        match message {
            Message::Telemetry(telemetry) => {
                if let Some(slot) = self.telemetry.get_mut(telemetry.joint) {
                    *slot = Some(telemetry.clone());
                }
            }
            Message::Control(control) => self.control = Some(control.as_ref().clone()),
            Message::Status(status) => self.inputs.status = Some(status.clone()),
            _ => {}
        }
    }

    fn step(&mut self, now: Now, _bus: &mut BusInbox, out: &mut Outbox) {
        let at = now.mono;
        let mut inputs = std::mem::take(&mut self.inputs);
        for (input, slot) in inputs.telemetry.iter_mut().zip(&mut self.telemetry) {
            *input = slot.take().map(|value| Received { at, value });
        }
        inputs.control = self.control.take().map(|value| Received { at, value });
        let Outputs { state, alarm, derating, log } = self.node.step(now, &inputs);
        out.messages.extend(state.map(|state| Message::Thermal(Box::new(state))));
        out.messages.extend(alarm.map(|alarm| Message::ThermalAlarm(Box::new(alarm))));
        out.messages.extend(derating.map(Message::Derating));
        out.log.extend(log);
    }

    fn health(&self) -> NodeHealth {
        self.node.health()
    }
}
