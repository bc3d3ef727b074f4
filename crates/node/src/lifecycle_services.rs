//! The five lifecycle services and `~/transition_event`.
//!
//! The rule: `ros2 lifecycle` and launch's lifecycle events see what rclcpp's lifecycle nodes show:
//! two events per transition, and a refusal (`success: false`) for what the table does not list.

use crate::clock;
use crate::lifecycle::{Change, EDGES, Edge, Machine, STATES, StateName, available, state_name};
use crate::services::Requests;
use r2r::QosProfile;
use r2r::lifecycle_msgs::{msg, srv};
use vocabulary::health::LogLine;

/// The servers of one node and its state.
pub(crate) struct LifecycleServices {
    machine: Machine,
    change: Requests<srv::ChangeState::Service>,
    state: Requests<srv::GetState::Service>,
    states: Requests<srv::GetAvailableStates::Service>,
    transitions: Requests<srv::GetAvailableTransitions::Service>,
    graph: Requests<srv::GetAvailableTransitions::Service>,
    event: r2r::Publisher<msg::TransitionEvent>,
}

impl LifecycleServices {
    /// Creates the servers under the node's name, in state unconfigured.
    pub fn create(node: &mut r2r::Node) -> r2r::Result<Self> {
        Ok(Self {
            machine: Machine::default(),
            change: Requests::create(node, "~/change_state")?,
            state: Requests::create(node, "~/get_state")?,
            states: Requests::create(node, "~/get_available_states")?,
            transitions: Requests::create(node, "~/get_available_transitions")?,
            graph: Requests::create(node, "~/get_transition_graph")?,
            event: node.create_publisher("~/transition_event", QosProfile::default())?,
        })
    }

    /// The present state.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Goes through a transition and tells everybody.
    pub fn request(&mut self, id: u8, label: &str) -> LogLine {
        match self.machine.request(id, label) {
            Ok(change) => {
                self.announce(change);
                LogLine::info(format!("{}: now {}", change.begin.label, change.end.to.label))
            }
            Err(reason) => LogLine::warn(reason),
        }
    }

    /// Answers what came in; returns a line per requested transition.
    pub fn serve(&mut self) -> Vec<LogLine> {
        let mut lines = Vec::new();
        while let Some(request) = self.change.take() {
            let before = self.machine;
            let wanted = &request.message.transition;
            lines.push(self.request(wanted.id, &wanted.label));
            let success = before != self.machine;
            let _client_gone = request.respond(srv::ChangeState::Response { success });
        }
        self.answer_questions();
        lines
    }

    fn answer_questions(&mut self) {
        let here = self.machine.state();
        self.state.answer(|_| srv::GetState::Response { current_state: state(state_name(here)) });
        self.states.answer(|_| srv::GetAvailableStates::Response {
            available_states: STATES.iter().copied().map(state).collect(),
        });
        self.transitions.answer(|_| srv::GetAvailableTransitions::Response {
            available_transitions: available(here).map(description).collect(),
        });
        self.graph.answer(|_| srv::GetAvailableTransitions::Response {
            available_transitions: EDGES.iter().map(description).collect(),
        });
    }

    fn announce(&self, change: Change) {
        for edge in [change.begin, change.end] {
            let event = msg::TransitionEvent {
                timestamp: u64::try_from(clock::now().stamp.0).unwrap_or_default(),
                transition: transition(&edge),
                start_state: state(edge.from),
                goal_state: state(edge.to),
            };
            let _ending = self.event.publish(&event);
        }
    }
}

fn state(name: StateName) -> msg::State {
    msg::State { id: name.id, label: name.label.to_owned() }
}

fn transition(edge: &Edge) -> msg::Transition {
    msg::Transition { id: edge.id, label: edge.label.to_owned() }
}

fn description(edge: &Edge) -> msg::TransitionDescription {
    msg::TransitionDescription {
        transition: transition(edge),
        start_state: state(edge.from),
        goal_state: state(edge.to),
    }
}
