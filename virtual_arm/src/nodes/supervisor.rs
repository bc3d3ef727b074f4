//! Hosts `supervisor`.

use super::{BusInbox, Node, Outbox};
use crate::message::Message;
use supervisor::{ControlReport, HandOverRequest, Inputs, Outputs, Request, Supervisor};
use vocabulary::arm::ArmState;
use vocabulary::health::{Heartbeat, NodeHealth};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::time::{Now, Received};

/// The supervisor and its mailbox.
pub struct SupervisorNode {
    supervisor: Supervisor,
    heartbeats: Vec<Heartbeat>,
    requests: Vec<Request>,
    hand_overs: Vec<HandOverRequest>,
    arm_state: Option<ArmState>,
    control: Option<ControlReport>,
}

impl SupervisorNode {
    /// Hosts it.
    #[must_use]
    pub fn new(supervisor: Supervisor) -> Self {
        Self {
            supervisor,
            heartbeats: Vec::new(),
            requests: Vec::new(),
            hand_overs: Vec::new(),
            arm_state: None,
            control: None,
        }
    }

    fn hear_control(&mut self, state: &ControlState) {
        let report = ControlReport {
            boot_id: state.boot_id,
            epoch: state.epoch,
            paused: state.phase == ControlPhase::Paused,
            ready: state.phase != ControlPhase::Inactive,
            found_bad: state.found_bad,
        };
        if self.control.is_none_or(|known| known.epoch <= report.epoch) {
            self.control = Some(report);
        }
    }
}

impl Node for SupervisorNode {
    fn deliver(&mut self, message: &Message) {
        match message {
            Message::Heartbeat(beat) => self.heartbeats.push(beat.clone()),
            Message::Request(request) => self.requests.push(*request),
            Message::HandOverRequest(request) => self.hand_overs.push(request.clone()),
            Message::ArmState(state) => self.arm_state = Some((**state).clone()),
            Message::Control(state) => self.hear_control(state),
            _ => {}
        }
    }

    fn step(&mut self, now: Now, _bus: &mut BusInbox, out: &mut Outbox) {
        let at = now.mono;
        let beats = std::mem::take(&mut self.heartbeats);
        let beats: Vec<_> = beats.into_iter().map(|value| Received { at, value }).collect();
        let requests = std::mem::take(&mut self.requests);
        let hand_overs = std::mem::take(&mut self.hand_overs);
        let arm = self.arm_state.take().map(|value| Received { at, value });
        let inputs = Inputs {
            heartbeats: &beats,
            requests: &requests,
            hand_overs: &hand_overs,
            commanders: None,
            arm_state: arm.as_ref(),
            control: self.control.take(),
        };
        let Outputs { persist, lease, status, responses, hand_overs, log, .. } =
            self.supervisor.step(now, &inputs);
        out.persist = persist;
        out.messages.extend(lease.map(Message::Lease));
        out.messages.extend(status.map(Message::Status));
        out.messages.extend(responses.into_iter().map(Message::Response));
        out.messages.extend(hand_overs.into_iter().map(Message::HandOverResponse));
        out.log.extend(log);
    }

    fn health(&self) -> NodeHealth {
        self.supervisor.health()
    }
}
