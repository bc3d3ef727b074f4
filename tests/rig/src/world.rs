//! Everything the client has heard, newest values and short histories.

use r2r::armature_msgs::msg::{ArmState, ArmStatus, ControlState, Heartbeat, Histogram, Lease};
use r2r::builtin_interfaces::msg::Time;
use r2r::sensor_msgs::msg::JointState;
use std::collections::{BTreeMap, VecDeque};

/// Newest messages by topic, and a history of the simulator's truth.
#[derive(Debug, Default)]
pub struct World {
    /// `arm/status`.
    pub status: Option<ArmStatus>,
    /// `arm_state`.
    pub arm: Option<ArmState>,
    /// `control_state`.
    pub control: Option<ControlState>,
    /// `lease`.
    pub lease: Option<Lease>,
    /// `heartbeat`, by node name.
    pub heartbeats: BTreeMap<String, Heartbeat>,
    /// How late the cycles of each node began since its start, by node name.
    pub lateness: BTreeMap<String, Histogram>,
    /// `joint_states`.
    pub joint_states: Option<JointState>,
    /// True states of the simulator not yet taken by [`World::take_truth`], oldest first.
    truth: VecDeque<JointState>,
    newest_truth: Option<JointState>,
    /// Control states not yet taken by [`World::take_control_states`], oldest first.
    control_states: VecDeque<ControlState>,
}

/// Histories nobody takes are cut here: ten minutes at 250 Hz.
const HISTORY: usize = 150_000;

impl World {
    pub(crate) fn push_truth(&mut self, truth: JointState) {
        self.newest_truth = Some(truth.clone());
        self.truth.push_back(truth);
        while self.truth.len() > HISTORY {
            self.truth.pop_front();
        }
    }

    pub(crate) fn push_heartbeat(&mut self, beat: Heartbeat) {
        let mut told = beat.histograms.iter();
        if let Some(lateness) = told.find(|histogram| histogram.name == "lateness") {
            self.lateness.insert(beat.node.clone(), lateness.clone());
        }
        self.heartbeats.insert(beat.node.clone(), beat);
    }

    pub(crate) fn push_control(&mut self, state: ControlState) {
        self.control_states.push_back(state.clone());
        while self.control_states.len() > HISTORY {
            self.control_states.pop_front();
        }
        self.control = Some(state);
    }

    /// The true states heard since the last call.
    pub fn take_truth(&mut self) -> Vec<JointState> {
        self.truth.drain(..).collect()
    }

    /// The control states heard since the last call.
    pub fn take_control_states(&mut self) -> Vec<ControlState> {
        self.control_states.drain(..).collect()
    }

    /// The newest true positions, rad.
    #[must_use]
    pub fn true_position(&self) -> Option<&[f64]> {
        self.newest_truth.as_ref().map(|state| state.position.as_slice())
    }

    /// Late cycles of a node since its start, from its heartbeat; 0 as long as it was not heard.
    #[must_use]
    pub fn late_cycles(&self, node: &str) -> u64 {
        self.heartbeats.get(node).map_or(0, |beat| beat.late_cycles)
    }

    /// The process id of a node, from its heartbeat.
    #[must_use]
    pub fn pid(&self, node: &str) -> Option<u32> {
        self.heartbeats.get(node).map(|beat| beat.pid)
    }

    /// The mode of the arm, `None` before the first word of the supervisor.
    #[must_use]
    pub fn mode(&self) -> Option<u8> {
        self.status.as_ref().map(|status| status.mode)
    }

    /// The phase of control, `None` before its first word.
    #[must_use]
    pub fn phase(&self) -> Option<u8> {
        self.control.as_ref().map(|state| state.phase)
    }

    /// One line per part, for error messages.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = String::new();
        if let Some(status) = &self.status {
            text += &format!("arm mode {} ({}); ", status.mode, status.reason);
        }
        if let Some(control) = &self.control {
            text += &format!(
                "control phase {} at {:.3} of {:.3} s ({}); ",
                control.phase, control.path_time, control.path_duration, control.reason
            );
        }
        if let Some(arm) = &self.arm {
            text += &format!("drivers {:?}; ", arm.driver_state);
        }
        for (node, beat) in &self.heartbeats {
            if !beat.message.is_empty() {
                text += &format!("{node}: {}; ", beat.message);
            }
        }
        text
    }
}

/// A ROS time in seconds.
#[must_use]
pub fn seconds(time: &Time) -> f64 {
    f64::from(time.sec) + f64::from(time.nanosec) * 1e-9
}
