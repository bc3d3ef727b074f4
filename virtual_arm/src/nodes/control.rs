//! Hosts `control`.

use super::{BusInbox, Node, Outbox};
use crate::message::Message;
use control::{Control, Inputs, Outputs};
use vocabulary::command::{JointCommand, JointFeedback};
use vocabulary::health::{LogLine, NodeHealth};
use vocabulary::joint::PerJoint;
use vocabulary::settings::ControlSettings;
use vocabulary::time::{Now, Received};

/// The servo loop and its mailbox.
pub struct ControlNode {
    control: Control,
    feedback: PerJoint<Option<JointFeedback>>,
    commands: Vec<JointCommand>,
    inputs: Inputs,
    parameters: Option<Box<control::Config>>,
    settings: Option<Box<ControlSettings>>,
}

impl ControlNode {
    /// Hosts it.
    #[must_use]
    pub fn new(control: Control) -> Self {
        Self {
            control,
            feedback: Default::default(),
            commands: Vec::new(),
            inputs: Inputs::default(),
            parameters: None,
            settings: None,
        }
    }
}

impl Node for ControlNode {
    fn deliver(&mut self, message: &Message) {
        match message {
            Message::Feedback(feedback) => {
                if let Some(slot) = self.feedback.get_mut(feedback.joint) {
                    *slot = Some(feedback.clone());
                }
            }
            Message::Command(command) => self.commands.push(**command),
            Message::HandOver(handover) => self.inputs.handovers.push(**handover),
            Message::Status(status) => self.inputs.status = Some(status.clone()),
            Message::Lease(lease) => self.inputs.lease = Some(lease.clone()),
            Message::Plan(plan) => self.inputs.plan = Some(plan.clone()),
            Message::Derating(derating) => self.inputs.derating = Some(*derating),
            Message::SpeedScaling(factor) => self.inputs.speed_scaling = Some(*factor),
            Message::Settings(told) => self.settings = Some(told.clone()),
            Message::Parameters(config) => self.parameters = Some(config.clone()),
            _ => {}
        }
    }

    fn step(&mut self, now: Now, _bus: &mut BusInbox, out: &mut Outbox) {
        if let Some(told) = self.settings.take()
            && let Err(refusal) = self.control.hear_settings(&told)
        {
            out.log.push(LogLine::warn(refusal.to_string()));
        }
        if let Some(wanted) = self.parameters.take()
            && let Err(refusal) = self.control.retune(&wanted, None)
        {
            out.log.push(LogLine::warn(refusal.to_string()));
        }
        let mut inputs = std::mem::take(&mut self.inputs);
        for (input, slot) in inputs.feedback.iter_mut().zip(&mut self.feedback) {
            *input = slot.take().map(|feedback| (feedback, now.mono));
        }
        let received = |value| Received { at: now.mono, value };
        inputs.commands = self.commands.drain(..).map(received).collect();
        let Outputs { command, handover, state, log } = self.control.step(now, &inputs);
        out.messages.extend(command.map(|command| Message::Command(Box::new(command))));
        out.messages.extend(handover.map(|handover| Message::HandOver(Box::new(handover))));
        out.messages.extend(state.map(|state| Message::Control(Box::new(state))));
        let news = self.control.settings_news(now.stamp);
        out.messages.extend(news.map(|news| Message::Settings(Box::new(news))));
        out.log.extend(log);
    }

    fn health(&self) -> NodeHealth {
        self.control.health()
    }
}
