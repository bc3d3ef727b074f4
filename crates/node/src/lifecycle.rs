//! The lifecycle of a ROS 2 managed node, as rcl_lifecycle defines it, without ROS.
//!
//! The rule: a transition that the table does not list for the present state is refused with the
//! list of those that are possible. Ids and labels are those of `lifecycle_msgs`, so that
//! `ros2 lifecycle` and launch's lifecycle events work unchanged.

use vocabulary::health::Lifecycle;

/// A state: its id and label in `lifecycle_msgs/State`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateName {
    /// Id of `lifecycle_msgs/State`.
    pub id: u8,
    /// Label as rcl_lifecycle spells it.
    pub label: &'static str,
}

/// An edge of the graph: its id and label in `lifecycle_msgs/Transition`, and its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Id of `lifecycle_msgs/Transition`.
    pub id: u8,
    /// Label as rcl_lifecycle spells it.
    pub label: &'static str,
    /// Where it begins.
    pub from: StateName,
    /// Where it leads.
    pub to: StateName,
}

macro_rules! states {
    ($($name:ident = $id:literal, $label:literal;)*) => {
        $(const $name: StateName = StateName { id: $id, label: $label };)*
        /// Every state, in the order of rcl_lifecycle.
        pub const STATES: &[StateName] = &[$($name),*];
    };
}

states! {
    UNKNOWN = 0, "unknown";
    UNCONFIGURED = 1, "unconfigured";
    INACTIVE = 2, "inactive";
    ACTIVE = 3, "active";
    FINALIZED = 4, "finalized";
    CONFIGURING = 10, "configuring";
    CLEANING_UP = 11, "cleaningup";
    SHUTTING_DOWN = 12, "shuttingdown";
    ACTIVATING = 13, "activating";
    DEACTIVATING = 14, "deactivating";
    ERROR_PROCESSING = 15, "errorprocessing";
}

macro_rules! edges {
    ($($id:literal, $label:literal, $from:ident => $to:ident;)*) => {
        /// Every edge, in the order of rcl_lifecycle.
        pub const EDGES: &[Edge] = &[$(Edge { id: $id, label: $label, from: $from, to: $to }),*];
    };
}

edges! {
    1, "configure", UNCONFIGURED => CONFIGURING;
    10, "transition_success", CONFIGURING => INACTIVE;
    11, "transition_failure", CONFIGURING => UNCONFIGURED;
    12, "transition_error", CONFIGURING => ERROR_PROCESSING;
    2, "cleanup", INACTIVE => CLEANING_UP;
    20, "transition_success", CLEANING_UP => UNCONFIGURED;
    21, "transition_failure", CLEANING_UP => INACTIVE;
    22, "transition_error", CLEANING_UP => ERROR_PROCESSING;
    3, "activate", INACTIVE => ACTIVATING;
    30, "transition_success", ACTIVATING => ACTIVE;
    31, "transition_failure", ACTIVATING => INACTIVE;
    32, "transition_error", ACTIVATING => ERROR_PROCESSING;
    4, "deactivate", ACTIVE => DEACTIVATING;
    40, "transition_success", DEACTIVATING => INACTIVE;
    41, "transition_failure", DEACTIVATING => ACTIVE;
    42, "transition_error", DEACTIVATING => ERROR_PROCESSING;
    5, "shutdown", UNCONFIGURED => SHUTTING_DOWN;
    6, "shutdown", INACTIVE => SHUTTING_DOWN;
    7, "shutdown", ACTIVE => SHUTTING_DOWN;
    50, "transition_success", SHUTTING_DOWN => FINALIZED;
    51, "transition_failure", SHUTTING_DOWN => FINALIZED;
    52, "transition_error", SHUTTING_DOWN => ERROR_PROCESSING;
    60, "transition_success", ERROR_PROCESSING => UNCONFIGURED;
    61, "transition_failure", ERROR_PROCESSING => FINALIZED;
    62, "transition_error", ERROR_PROCESSING => FINALIZED;
}

/// Id and label of a state that a node rests in.
#[must_use]
pub fn state_name(state: Lifecycle) -> StateName {
    match state {
        Lifecycle::Unconfigured => UNCONFIGURED,
        Lifecycle::Inactive => INACTIVE,
        Lifecycle::Active => ACTIVE,
        Lifecycle::Finalized => FINALIZED,
    }
}

/// A state that a node rests in, by its id.
#[must_use]
pub fn resting_state(id: u8) -> Option<Lifecycle> {
    match id {
        1 => Some(Lifecycle::Unconfigured),
        2 => Some(Lifecycle::Inactive),
        3 => Some(Lifecycle::Active),
        4 => Some(Lifecycle::Finalized),
        _ => None,
    }
}

/// The edges that somebody may ask for in `state`.
pub fn available(state: Lifecycle) -> impl Iterator<Item = &'static Edge> {
    let here = state_name(state).id;
    EDGES.iter().filter(move |edge| edge.from.id == here)
}

/// A change of state that took place: the two edges it went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// From the resting state into the passage.
    pub begin: Edge,
    /// Out of the passage into the next resting state.
    pub end: Edge,
}

/// The present state; it changes by [`Machine::request`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Machine {
    state: Lifecycle,
}

impl Machine {
    /// The present resting state.
    #[must_use]
    pub fn state(&self) -> Lifecycle {
        self.state
    }

    /// Goes through the transition with this label, or with this id when the label is empty.
    ///
    /// # Errors
    /// A line that says what would be possible here; the state stays as it was.
    pub fn request(&mut self, id: u8, label: &str) -> Result<Change, String> {
        let wanted =
            |edge: &&Edge| if label.is_empty() { edge.id == id } else { edge.label == label };
        let begin = *available(self.state).find(wanted).ok_or_else(|| self.refusal(id, label))?;
        let succeeds = |edge: &&Edge| edge.from == begin.to && edge.label == "transition_success";
        let end = *EDGES.iter().find(succeeds).ok_or_else(|| self.refusal(id, label))?;
        self.state = resting_state(end.to.id).ok_or_else(|| self.refusal(id, label))?;
        Ok(Change { begin, end })
    }

    fn refusal(&self, id: u8, label: &str) -> String {
        let possible: Vec<_> =
            available(self.state).map(|edge| format!("{} ({})", edge.label, edge.id)).collect();
        let asked = if label.is_empty() { id.to_string() } else { label.to_owned() };
        let here = state_name(self.state).label;
        format!("transition {asked} is not possible in state {here}; possible: {possible:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configure_then_activate_leads_to_active_through_the_passages() {
        let mut machine = Machine::default();
        assert_eq!(machine.request(1, "").unwrap().begin.to, CONFIGURING);
        let change = machine.request(0, "activate").unwrap();
        assert_eq!((change.begin.id, change.end.id), (3, 30));
        assert_eq!(machine.state(), Lifecycle::Active);
    }

    #[test]
    fn an_ill_transition_is_refused_and_changes_nothing() {
        let mut machine = Machine::default();
        let reason = machine.request(3, "").unwrap_err();
        assert!(reason.contains("configure (1)"), "{reason}");
        assert_eq!(machine.state(), Lifecycle::Unconfigured);
    }

    #[test]
    fn a_finalized_node_offers_nothing() {
        let mut machine = Machine::default();
        machine.request(5, "").unwrap();
        assert_eq!(machine.state(), Lifecycle::Finalized);
        assert_eq!(available(machine.state()).count(), 0);
    }

    #[test]
    fn shutdown_by_label_works_in_every_living_state() {
        for path in [&[][..], &["configure"], &["configure", "activate"]] {
            let mut machine = Machine::default();
            for label in path {
                machine.request(0, label).unwrap();
            }
            assert!(machine.request(0, "shutdown").is_ok(), "after {path:?}");
        }
    }

    #[test]
    fn a_passage_cannot_be_requested_by_its_inner_edge() {
        let mut machine = Machine::default();
        assert!(machine.request(10, "").is_err());
        assert!(machine.request(0, "transition_success").is_err());
    }
}
