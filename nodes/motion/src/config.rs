//! Parameters of the trajectory API: `config/motion.yaml`. Names are those of
//! joint_trajectory_controller where it has the same thing.

use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};
use vocabulary::joint::JointOrder;

/// Why the parameters make no trajectory API.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A joint that the arm does not have.
    #[error("parameter constraints.{joint}: no such joint in arm.joints")]
    UnknownJoint {
        /// The name given.
        joint: String,
    },
}

/// Default tolerances of one joint.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JointConstraint {
    /// On the way, rad, 0 to 10; 0 is unchecked.
    pub trajectory: f64,
    /// At the end, rad, 0 to 10; 0 is unchecked.
    pub goal: f64,
}

/// Default tolerances.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Constraints {
    /// Velocity of every joint that counts as stopped at the end, rad/s, 0 to 10; 0 is unchecked.
    pub stopped_velocity_tolerance: f64,
    /// Time for settling after the end, s, 0.01 to 600.
    pub goal_time: f64,
    /// Per joint name; whatever is no other key must be one.
    #[serde(flatten)]
    pub joints: BTreeMap<String, JointConstraint>,
}

impl Default for Constraints {
    fn default() -> Self {
        Self { stopped_velocity_tolerance: 0.01, goal_time: 2.0, joints: BTreeMap::new() }
    }
}

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
    /// Rate of action feedback, Hz, 0.1 to 1000.
    pub action_monitor_rate: f64,
    /// How long a goal may stay paused, s, 0 to 86400.
    pub resume_timeout: f64,
    /// Largest distance of a start point on the path from where the arm is, rad, 0 to 7.
    pub max_start_distance: f64,
    /// Silence of control that counts as its absence, s, 0.05 to 10.
    pub control_timeout: f64,
    /// How long a cancelled goal waits for the arm to stop, s, 0.1 to 60.
    pub stop_timeout: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            constraints: Constraints::default(),
            allow_partial_joints_goal: false,
            allow_nonzero_velocity_at_trajectory_end: false,
            action_monitor_rate: 20.0,
            resume_timeout: 60.0,
            max_start_distance: 0.1,
            control_timeout: 0.5,
            stop_timeout: 3.0,
        }
    }
}

impl Config {
    /// Checks every key that needs no knowledge of the arm.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let Constraints { stopped_velocity_tolerance, goal_time, joints } = &self.constraints;
        let ranges = [
            ("constraints.stopped_velocity_tolerance", *stopped_velocity_tolerance, 0.0..=10.0),
            ("constraints.goal_time", *goal_time, 0.01..=600.0),
            ("action_monitor_rate", self.action_monitor_rate, 0.1..=1000.0),
            ("resume_timeout", self.resume_timeout, 0.0..=86_400.0),
            ("max_start_distance", self.max_start_distance, 0.0..=7.0),
            ("control_timeout", self.control_timeout, 0.05..=10.0),
            ("stop_timeout", self.stop_timeout, 0.1..=60.0),
        ];
        for (key, value, range) in ranges {
            in_range(key, value, range)?;
        }
        for (joint, constraint) in joints {
            let key = |name| format!("constraints.{joint}.{name}");
            in_range(&key("trajectory"), constraint.trajectory, 0.0..=10.0)?;
            in_range(&key("goal"), constraint.goal, 0.0..=10.0)?;
        }
        Ok(())
    }

    /// Checks that every joint named is one of the arm's.
    pub(crate) fn check_names(&self, order: &JointOrder) -> Result<(), ConfigError> {
        match self.constraints.joints.keys().find(|joint| order.index_of(joint).is_none()) {
            Some(joint) => Err(ConfigError::UnknownJoint { joint: joint.clone() }),
            None => Ok(()),
        }
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
    fn waiting_for_ever_at_the_goal_is_out_of_range() {
        let mut config = Config::default();
        config.constraints.goal_time = 0.0;
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("constraints.goal_time"), "{message}");
    }
}
