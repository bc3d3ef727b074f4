//! Hosts `motion`.

use super::{BusInbox, Node, Outbox};
use crate::message::Message;
use motion::{Inputs, Motion, Outputs};
use vocabulary::health::NodeHealth;
use vocabulary::time::Now;

/// The trajectory API and its mailbox.
pub struct MotionNode {
    motion: Motion,
    inputs: Inputs,
}

impl MotionNode {
    /// Hosts it.
    #[must_use]
    pub fn new(motion: Motion) -> Self {
        Self { motion, inputs: Inputs::default() }
    }
}

impl Node for MotionNode {
    fn deliver(&mut self, message: &Message) {
        match message {
            Message::Control(state) => self.inputs.control_state = Some((**state).clone()),
            Message::Status(status) => self.inputs.status = Some(status.clone()),
            Message::ArmState(state) => self.inputs.arm_state = Some((**state).clone()),
            Message::Goal(goal) => self.inputs.goals.push(goal.clone()),
            Message::Cancel(id) => self.inputs.cancels.push(*id),
            _ => {}
        }
    }

    fn step(&mut self, now: Now, _bus: &mut BusInbox, out: &mut Outbox) {
        let inputs = std::mem::take(&mut self.inputs);
        let Outputs { plan, goal_events, log, .. } = self.motion.step(now, &inputs);
        out.messages.extend(plan.map(Message::Plan));
        out.messages.extend(goal_events.into_iter().map(Message::GoalEvent));
        out.log.extend(log);
    }

    fn health(&self) -> NodeHealth {
        self.motion.health()
    }
}
