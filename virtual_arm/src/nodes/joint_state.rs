//! Hosts `joint_state`.

use super::{BusInbox, Node, Outbox};
use crate::message::Message;
use joint_state::{Inputs, JointState};
use vocabulary::command::{JointFeedback, JointTelemetry};
use vocabulary::health::NodeHealth;
use vocabulary::joint::PerJoint;
use vocabulary::time::{Now, Received};

/// Position feedback and its mailbox.
pub struct JointStateNode {
    node: JointState,
    feedback: PerJoint<Option<JointFeedback>>,
    telemetry: PerJoint<Option<JointTelemetry>>,
}

impl JointStateNode {
    /// Hosts it.
    #[must_use]
    pub fn new(node: JointState) -> Self {
        Self { node, feedback: Default::default(), telemetry: Default::default() }
    }
}

impl Node for JointStateNode {
    fn deliver(&mut self, message: &Message) {
        match message {
            Message::Feedback(feedback) => {
                if let Some(slot) = self.feedback.get_mut(feedback.joint) {
                    *slot = Some(feedback.clone());
                }
            }
            Message::Telemetry(telemetry) => {
                if let Some(slot) = self.telemetry.get_mut(telemetry.joint) {
                    *slot = Some(telemetry.clone());
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, now: Now, _bus: &mut BusInbox, out: &mut Outbox) {
        let at = now.mono;
        let inputs = Inputs {
            feedback: self
                .feedback
                .each_mut()
                .map(|s| s.take().map(|value| Received { at, value })),
            telemetry: self
                .telemetry
                .each_mut()
                .map(|s| s.take().map(|value| Received { at, value })),
        };
        let outputs = self.node.step(now, &inputs);
        out.messages.extend(outputs.arm_state.map(|state| Message::ArmState(Box::new(state))));
        out.messages.extend(outputs.joint_states.map(Message::JointStates));
        let dynamic = outputs.dynamic_joint_states;
        out.messages.extend(dynamic.map(|state| Message::DynamicJointStates(Box::new(state))));
        out.log.extend(outputs.log);
    }

    fn health(&self) -> NodeHealth {
        self.node.health()
    }
}
