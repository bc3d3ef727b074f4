//! What whoever scripts the virtual arm sees: answers to its calls, and what became of its goals.
//!
//! The one rule: the client is a process like any other. It hears by messages only, and what a dead
//! server never answered stays unanswered.

use crate::heat::HeatRecord;
use crate::message::Message;
use motion::{Event, GoalId};
use std::collections::BTreeMap;
use supervisor::{HandOverResponse, Response};
use vocabulary::arm::ArmStatus;
use vocabulary::settings::ControlSettings;
use vocabulary::time::Monotonic;

/// What became of a goal, as far as the client knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoalState {
    /// Sent, not answered.
    Sent,
    /// Accepted and under way.
    Active,
    /// Reached.
    Succeeded,
    /// Ended with a code of `FollowJointTrajectory.Result` and a reason.
    Aborted {
        /// The code.
        code: i32,
        /// The reason.
        text: String,
    },
    /// Cancelled.
    Canceled,
    /// The server died with it.
    Lost,
}

impl GoalState {
    /// Whether nothing more will come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self, Self::Sent | Self::Active)
    }
}

/// Mailbox of the client.
#[derive(Debug, Clone, Default)]
pub struct Client {
    answers: BTreeMap<u64, Response>,
    hand_overs: BTreeMap<u64, HandOverResponse>,
    goals: BTreeMap<GoalId, GoalState>,
    status: ArmStatus,
    heat: HeatRecord,
    settings: Option<ControlSettings>,
    calls: u64,
    sent: u64,
}

impl Client {
    /// A message arrived.
    pub fn deliver(&mut self, at: Monotonic, message: &Message) {
        match message {
            Message::Response(response) => {
                self.answers.insert(response.id, response.clone());
            }
            Message::HandOverResponse(response) => {
                self.hand_overs.insert(response.id, response.clone());
            }
            Message::Status(status) => self.status = status.clone(),
            Message::Settings(settings) => self.settings = Some(settings.as_ref().clone()),
            Message::Thermal(state) => self.heat.state = Some((at, state.as_ref().clone())),
            Message::ThermalAlarm(alarm) => self.heat.alarms.push((at, alarm.as_ref().clone())),
            Message::Derating(derating) => self.heat.derating = Some(*derating),
            Message::Control(state) => self.heat.control = Some(state.as_ref().clone()),
            Message::Telemetry(telemetry) => {
                if let Some(slot) = self.heat.telemetry.get_mut(telemetry.joint) {
                    *slot = Some((at, telemetry.clone()));
                }
            }
            Message::GoalEvent(event) => {
                let Some(goal) = self.goals.get_mut(&event.id).filter(|goal| !goal.is_over())
                else {
                    return;
                };
                *goal = match &event.event {
                    Event::Accepted | Event::Feedback(_) => GoalState::Active,
                    Event::Succeeded { .. } => GoalState::Succeeded,
                    Event::Canceled { .. } => GoalState::Canceled,
                    Event::Aborted { code, text } => {
                        GoalState::Aborted { code: *code, text: text.clone() }
                    }
                };
            }
            _ => {}
        }
    }

    /// The answer to a call of `arm/hand_over`.
    #[must_use]
    pub fn hand_over(&self, call: u64) -> Option<&HandOverResponse> {
        self.hand_overs.get(&call)
    }

    /// The server of goals died.
    pub fn lose_goals(&mut self) {
        for goal in self.goals.values_mut().filter(|goal| !goal.is_over()) {
            *goal = GoalState::Lost;
        }
    }

    /// A number for a call.
    pub fn next_call(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }

    /// A number for a goal, which is now sent.
    pub fn next_goal(&mut self) -> GoalId {
        self.sent += 1;
        let id = u128::from(self.sent).to_be_bytes();
        self.goals.insert(id, GoalState::Sent);
        id
    }

    /// The answer to a call.
    #[must_use]
    pub fn answer(&self, call: u64) -> Option<&Response> {
        self.answers.get(&call)
    }

    /// What became of a goal.
    #[must_use]
    pub fn goal(&self, id: &GoalId) -> Option<&GoalState> {
        self.goals.get(id)
    }

    /// What control said that it works with.
    #[must_use]
    pub fn settings(&self) -> Option<&ControlSettings> {
        self.settings.as_ref()
    }

    /// What thermal said.
    #[must_use]
    pub fn heat(&self) -> &HeatRecord {
        &self.heat
    }

    /// The supervisor's word, as last heard.
    #[must_use]
    pub fn status(&self) -> &ArmStatus {
        &self.status
    }
}
