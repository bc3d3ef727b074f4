//! Parameters of the trajectory API: `config/motion.yaml`. Names are those of
//! joint_trajectory_controller where it has the same thing.

use crate::compatibility::{Gains, SpeedScaling};
use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};
use vocabulary::joint::{JointOrder, PerJoint};

/// Why the parameters make no trajectory API.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A joint that the arm does not have.
    #[error("parameter {key}.{joint}: no such joint in arm.joints")]
    UnknownJoint {
        /// The group.
        key: &'static str,
        /// The name given.
        joint: String,
    },
    /// A parameter of joint_trajectory_controller that this arm answers differently.
    #[error("parameter {key}: {reason}")]
    Incompatible {
        /// The key.
        key: String,
        /// Why, and what to do instead.
        reason: String,
    },
}

/// Default tolerances of one joint.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JointConstraint {
    /// On the way, rad, 0 to 3.15; 0 is unchecked.
    pub trajectory: f64,
    /// At the end, rad, 0 to 3.15; 0 is unchecked.
    pub goal: f64,
    /// Accepted for joint_trajectory_controller's sake, see [`crate::compatibility`].
    pub max_deceleration_on_cancel: f64,
}

/// What happens between the points of a trajectory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Lines with rounded corners, cubics or quintics, by what the points have.
    #[default]
    Splines,
    /// Each position is held until the next point is due.
    None,
}

/// Default tolerances.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Constraints {
    /// Velocity of every joint that counts as stopped at the end, rad/s, 0 to 1; 0 is unchecked.
    pub stopped_velocity_tolerance: f64,
    /// Time for settling after the end, s, 0 to 600; 0 takes [`DEFAULT_GOAL_TIME`].
    pub goal_time: f64,
    /// Accepted for joint_trajectory_controller's sake, see [`crate::compatibility`].
    pub decelerate_on_cancel: Option<bool>,
    /// Per joint name; whatever is no other key must be one.
    #[serde(flatten)]
    pub joints: BTreeMap<String, JointConstraint>,
}

impl Default for Constraints {
    fn default() -> Self {
        Self {
            stopped_velocity_tolerance: 0.01,
            goal_time: DEFAULT_GOAL_TIME,
            decelerate_on_cancel: None,
            joints: BTreeMap::new(),
        }
    }
}

impl Constraints {
    /// Time for settling after the end, s, never 0: a goal must end.
    #[must_use]
    pub fn finite_goal_time(&self) -> f64 {
        if self.goal_time == 0.0 { DEFAULT_GOAL_TIME } else { self.goal_time }
    }
}

/// Time for settling when none is given, s: twice the longest settling of a loaded arm.
pub const DEFAULT_GOAL_TIME: f64 = 2.0;

/// All parameters.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Default tolerances.
    pub constraints: Constraints,
    /// Accept trajectories that do not name all joints; the others hold their position.
    pub allow_partial_joints_goal: bool,
    /// Accept trajectories that end in motion.
    pub allow_nonzero_velocity_at_trajectory_end: bool,
    /// Accept points with only velocities, or only accelerations: positions are integrated.
    pub allow_integration_in_goal_trajectories: bool,
    /// What happens between the points.
    pub interpolation_method: Interpolation,
    /// Joints for which a position and the same plus whole turns are one.
    pub gains: BTreeMap<String, Gains>,
    /// Accepted for joint_trajectory_controller's sake: s, 0 or more than `constraints.goal_time`.
    pub cmd_timeout: f64,
    /// Rate of `controller_state`, Hz, 0.1 to 1000, and never more than control reports.
    pub state_publish_rate: f64,
    /// Rate of action feedback, Hz, 0.1 to 1000.
    pub action_monitor_rate: f64,
    /// How long a goal may stay paused, s, 0 to 3600.
    pub resume_timeout: f64,
    /// Largest distance of a start point on the path from where the arm is, rad, 0 to 7.
    pub max_start_distance: f64,
    /// Silence of control that counts as its absence, s, 0.05 to 10.
    pub control_timeout: f64,
    /// How long a cancelled goal waits for the arm to stop, s, 0.1 to 60.
    pub stop_timeout: f64,
    // Keys of joint_trajectory_controller for what is fixed here, see [`crate::compatibility`].
    /// The joints of the arm, in any order.
    pub joints: Option<Vec<String>>,
    /// The same.
    pub command_joints: Option<Vec<String>>,
    /// Among position, velocity and effort.
    pub command_interfaces: Option<Vec<String>>,
    /// Among position and velocity.
    pub state_interfaces: Option<Vec<String>>,
    /// Without effect: every trajectory continues from the last command.
    pub open_loop_control: Option<bool>,
    /// Without effect: every trajectory continues from the last command.
    pub interpolate_from_desired_state: Option<bool>,
    /// Without effect: control starts from the setpoints of the drives.
    pub set_last_command_interface_value_as_state_on_activation: Option<bool>,
    /// Served by control.
    pub speed_scaling: SpeedScaling,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            constraints: Constraints::default(),
            allow_partial_joints_goal: false,
            allow_nonzero_velocity_at_trajectory_end: false,
            allow_integration_in_goal_trajectories: false,
            interpolation_method: Interpolation::Splines,
            gains: BTreeMap::new(),
            cmd_timeout: 0.0,
            state_publish_rate: 50.0,
            action_monitor_rate: 20.0,
            resume_timeout: 60.0,
            max_start_distance: 0.1,
            control_timeout: 0.5,
            stop_timeout: 3.0,
            joints: None,
            command_joints: None,
            command_interfaces: None,
            state_interfaces: None,
            open_loop_control: None,
            interpolate_from_desired_state: None,
            set_last_command_interface_value_as_state_on_activation: None,
            speed_scaling: SpeedScaling::default(),
        }
    }
}

impl Config {
    /// Checks every key that needs no knowledge of the arm.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let Constraints { stopped_velocity_tolerance, goal_time, joints, .. } = &self.constraints;
        let ranges = [
            ("constraints.stopped_velocity_tolerance", *stopped_velocity_tolerance, 0.0..=1.0),
            ("constraints.goal_time", *goal_time, 0.0..=600.0),
            ("cmd_timeout", self.cmd_timeout, 0.0..=600.0),
            ("state_publish_rate", self.state_publish_rate, 0.1..=1000.0),
            ("action_monitor_rate", self.action_monitor_rate, 0.1..=1000.0),
            ("resume_timeout", self.resume_timeout, 0.0..=3600.0),
            ("max_start_distance", self.max_start_distance, 0.0..=7.0),
            ("control_timeout", self.control_timeout, 0.05..=10.0),
            ("stop_timeout", self.stop_timeout, 0.1..=60.0),
        ];
        for (key, value, range) in ranges {
            in_range(key, value, range)?;
        }
        for (joint, constraint) in joints {
            let key = |name| format!("constraints.{joint}.{name}");
            in_range(&key("trajectory"), constraint.trajectory, 0.0..=3.15)?;
            in_range(&key("goal"), constraint.goal, 0.0..=3.15)?;
        }
        self.check_compatibility()
    }

    /// Checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key.
    pub fn check(&self, order: &JointOrder) -> Result<(), ConfigError> {
        self.validate()?;
        self.check_names(order)
    }

    /// Checks that every joint named is one of the arm's.
    pub(crate) fn check_names(&self, order: &JointOrder) -> Result<(), ConfigError> {
        let constraints = self.constraints.joints.keys().map(|joint| ("constraints", joint));
        let gains = self.gains.keys().map(|joint| ("gains", joint));
        match constraints.chain(gains).find(|(_, joint)| order.index_of(joint).is_none()) {
            Some((key, joint)) => Err(ConfigError::UnknownJoint { key, joint: joint.clone() }),
            None => self.check_joints(order),
        }
    }

    /// Joints whose positions are shifted by whole turns to where the arm is.
    pub(crate) fn wraparound(&self, order: &JointOrder) -> PerJoint<bool> {
        order
            .names()
            .each_ref()
            .map(|joint| self.gains.get(joint).is_some_and(|gains| gains.angle_wraparound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn joints_stand_beside_the_other_constraints() {
        let json =
            r#"{"constraints": {"goal_time": 3, "joint_2": {"trajectory": 0.2, "goal": 1}}}"#;
        let config: Config = serde_json::from_str(json).unwrap();
        assert_eq!(config.constraints.goal_time, 3.0);
        assert_eq!(config.constraints.joints["joint_2"].trajectory, 0.2);
    }

    #[test]
    fn an_unknown_constraint_is_an_error() {
        let misspelt = r#"{"constraints": {"goal_tim": 3}}"#;
        assert!(serde_json::from_str::<Config>(misspelt).is_err());
        let joint = r#"{"constraints": {"joint_7": {"goal": 1}}}"#;
        let config: Config = serde_json::from_str(joint).unwrap();
        let order = JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap();
        let message = config.check_names(&order).unwrap_err().to_string();
        assert!(message.contains("constraints.joint_7"), "{message}");
    }

    #[test]
    fn waiting_for_ever_at_the_goal_becomes_a_finite_time() {
        let mut config = Config::default();
        config.constraints.goal_time = 0.0;
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.constraints.finite_goal_time(), DEFAULT_GOAL_TIME);
    }

    #[test]
    fn a_thousandfold_value_is_out_of_range() {
        let mut config = Config::default();
        config.constraints.stopped_velocity_tolerance *= 1000.0;
        assert!(config.validate().unwrap_err().to_string().contains("stopped_velocity_tolerance"));
        let joint = r#"{"constraints": {"joint_1": {"goal": 10.0}}}"#;
        let config: Config = serde_json::from_str(joint).unwrap();
        assert!(config.validate().unwrap_err().to_string().contains("constraints.joint_1.goal"));
    }
}
