//! Parameters of `planning`, as in `config/planning.yaml`.

use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;
use vocabulary::config::{OutOfRange, in_range};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};

/// Why the node cannot start.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A joint without jerk limit.
    #[error("parameter jerk.{joint} is missing: give rad/s³ for each of arm.joints")]
    MissingJerk {
        /// The joint.
        joint: String,
    },
    /// A jerk limit for a joint that is not in `arm.joints`.
    #[error("parameter jerk.{joint}: no such joint in arm.joints")]
    UnknownJoint {
        /// The name given.
        joint: String,
    },
    /// The robot description has no such link.
    #[error(
        "the robot description has no link {link:?}, which arm.base_link or arm.tip_link names"
    )]
    Link {
        /// The link.
        link: String,
    },
    /// The descriptions do not make a collision model.
    #[error("robot_description and robot_description_semantic: {0}")]
    Collision(#[from] collision::CollisionError),
    /// The limits cannot be.
    #[error("limits of the joints: {0}")]
    Limits(#[from] time_parameterization::TimingError),
    /// Kinematics and collision model differ.
    #[error(transparent)]
    Motion(#[from] planner::MotionError),
}

/// Parameters of `planning`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The SRDF: pairs of links that may touch. Empty: found out by trying, which takes longer.
    pub robot_description_semantic: String,
    /// Jerk limit of each joint by name, rad/s³.
    pub jerk: BTreeMap<String, f64>,
    /// Share of each joint's torque limit that motions are planned with; the rest is control's.
    pub torque_share: f64,
    /// How far the arm stays away from objects, m.
    pub padding: f64,
    /// Whether the arm stands on a floor, which is then an object of that name.
    pub floor: bool,
    /// Height of the floor in `arm.base_link`, m.
    pub floor_height: f64,
    /// Reports of control older than this tell nothing, s.
    pub state_timeout: f64,
    /// How the arm is jogged.
    pub jog: crate::jog::Settings,
    /// What is shared with another arm.
    pub shared: crate::shared::Settings,
}

impl Default for Config {
    fn default() -> Self {
        let jerk = [60.0, 50.0, 80.0, 150.0, 150.0, 200.0];
        let jerk = (1..=JOINTS).map(|n| format!("joint_{n}")).zip(jerk).collect();
        Self {
            robot_description_semantic: String::new(),
            jerk,
            torque_share: 0.9,
            padding: 0.005,
            floor: true,
            floor_height: 0.0,
            state_timeout: 0.5,
            jog: crate::jog::Settings::default(),
            shared: crate::shared::Settings::default(),
        }
    }
}

impl Config {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self, order: &JointOrder) -> Result<(), ConfigError> {
        in_range("torque_share", self.torque_share, 0.1..=1.0)?;
        in_range("padding", self.padding, 0.0..=0.2)?;
        in_range("floor_height", self.floor_height, -100.0..=100.0)?;
        in_range("state_timeout", self.state_timeout, 0.05..=10.0)?;
        self.jog.validate()?;
        self.shared.validate()?;
        if let Some(joint) = self.jerk.keys().find(|joint| order.index_of(joint).is_none()) {
            return Err(ConfigError::UnknownJoint { joint: joint.clone() });
        }
        for (joint, jerk) in &self.jerk {
            in_range(&format!("jerk.{joint}"), *jerk, 0.1..=1e5)?;
        }
        self.jerks(order).map(drop)
    }

    /// Jerk limits in joint order, rad/s³.
    pub(crate) fn jerks(&self, order: &JointOrder) -> Result<PerJoint<f64>, ConfigError> {
        let mut jerks = [0.0; JOINTS];
        for (jerk, joint) in jerks.iter_mut().zip(order.names()) {
            let missing = || ConfigError::MissingJerk { joint: joint.clone() };
            *jerk = *self.jerk.get(joint).ok_or_else(missing)?;
        }
        Ok(jerks)
    }
}
