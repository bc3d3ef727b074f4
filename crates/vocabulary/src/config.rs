//! What every node is told of the arm besides its own parameters: the keys under `arm.` in
//! `config/arm.yaml`.
//!
//! The rule: a value that two nodes must agree on stands there and nowhere else. Position, velocity
//! and effort limits come from the robot description; only the acceleration, which URDF has no word
//! for, stands in the file.

use crate::joint::{JOINTS, JointLimits, JointOrder, JointOrderError, PerJoint};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use thiserror::Error;

/// A parameter outside its range.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("parameter {key} = {value} is out of range: {low} to {high} is allowed")]
pub struct OutOfRange {
    /// Full name of the parameter.
    pub key: String,
    /// What was given.
    pub value: f64,
    /// Smallest allowed value.
    pub low: f64,
    /// Largest allowed value.
    pub high: f64,
}

/// Refuses a parameter that is not finite or lies outside `range`.
///
/// # Errors
/// [`OutOfRange`] with the key, the value and the range.
pub fn in_range(key: &str, value: f64, range: RangeInclusive<f64>) -> Result<(), OutOfRange> {
    if range.contains(&value) && value.is_finite() {
        return Ok(());
    }
    Err(OutOfRange { key: key.to_owned(), value, low: *range.start(), high: *range.end() })
}

/// Why `arm.` parameters describe no arm.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ArmConfigError {
    /// `arm.joints` is no joint order.
    #[error("parameter arm.joints: {0}")]
    Joints(#[from] JointOrderError),
    /// A value outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A joint of `arm.joints` without acceleration limit.
    #[error("parameter arm.acceleration.{joint} is missing: give rad/s² for each of arm.joints")]
    MissingAcceleration {
        /// The joint.
        joint: String,
    },
    /// An acceleration limit for a joint that is not in `arm.joints`.
    #[error("parameter arm.acceleration.{joint}: no such joint in arm.joints")]
    UnknownJoint {
        /// The name given.
        joint: String,
    },
    /// A link name is empty.
    #[error("parameter {key} is empty: name a link of the robot description")]
    EmptyLink {
        /// `arm.base_link` or `arm.tip_link`.
        key: &'static str,
    },
}

/// The keys under `arm.`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArmConfig {
    /// Joint names, base to tip.
    pub joints: Vec<String>,
    /// Period of SYNC and of control, s.
    pub period: f64,
    /// First link of the chain.
    pub base_link: String,
    /// Last link of the chain.
    pub tip_link: String,
    /// Acceleration limit of each joint by name, rad/s²; also the deceleration of a stop.
    pub acceleration: BTreeMap<String, f64>,
}

impl Default for ArmConfig {
    fn default() -> Self {
        let joints: Vec<String> = (1..=JOINTS).map(|n| format!("joint_{n}")).collect();
        let limits = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];
        let acceleration = joints.iter().cloned().zip(limits).collect();
        let (base_link, tip_link) = ("base_link".to_owned(), "tool0".to_owned());
        Self { joints, period: 0.004, base_link, tip_link, acceleration }
    }
}

impl ArmConfig {
    /// Checks every key.
    ///
    /// # Errors
    /// [`ArmConfigError`] naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), ArmConfigError> {
        let order = self.joint_order()?;
        in_range("arm.period", self.period, 0.001..=0.1)?;
        for (key, link) in [("arm.base_link", &self.base_link), ("arm.tip_link", &self.tip_link)] {
            if link.is_empty() {
                return Err(ArmConfigError::EmptyLink { key });
            }
        }
        if let Some(joint) = self.acceleration.keys().find(|j| order.index_of(j).is_none()) {
            return Err(ArmConfigError::UnknownJoint { joint: joint.clone() });
        }
        for (joint, limit) in &self.acceleration {
            in_range(&format!("arm.acceleration.{joint}"), *limit, 0.01..=1000.0)?;
        }
        self.accelerations().map(drop)
    }

    /// The joint order.
    ///
    /// # Errors
    /// [`JointOrderError`] naming the offending entry.
    pub fn joint_order(&self) -> Result<JointOrder, JointOrderError> {
        JointOrder::new(self.joints.clone())
    }

    /// Acceleration limits in joint order, rad/s².
    ///
    /// # Errors
    /// [`ArmConfigError`] naming a joint without one.
    pub fn accelerations(&self) -> Result<PerJoint<f64>, ArmConfigError> {
        let order = self.joint_order()?;
        let mut limits = [0.0; JOINTS];
        for (limit, joint) in limits.iter_mut().zip(order.names()) {
            *limit = *self
                .acceleration
                .get(joint)
                .ok_or_else(|| ArmConfigError::MissingAcceleration { joint: joint.clone() })?;
        }
        Ok(limits)
    }

    /// Joins the limits of the robot description (lower, upper, velocity, effort per joint, in
    /// joint order) with the acceleration limits.
    ///
    /// # Errors
    /// [`ArmConfigError`] naming a joint without acceleration limit.
    pub fn limits(
        &self,
        described: &PerJoint<(f64, f64, f64, f64)>,
    ) -> Result<PerJoint<JointLimits>, ArmConfigError> {
        let accelerations = self.accelerations()?;
        let mut joined = accelerations.map(|acceleration| JointLimits {
            lower: 0.0,
            upper: 0.0,
            velocity: 0.0,
            acceleration,
            effort: 0.0,
        });
        for (limits, &(lower, upper, velocity, effort)) in joined.iter_mut().zip(described) {
            *limits = JointLimits { lower, upper, velocity, effort, ..*limits };
        }
        Ok(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_arm_is_valid() {
        assert_eq!(ArmConfig::default().validate(), Ok(()));
    }

    #[test]
    fn a_joint_without_acceleration_is_named() {
        let mut config = ArmConfig::default();
        config.acceleration.remove("joint_3");
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("arm.acceleration.joint_3 is missing"), "{message}");
    }

    #[test]
    fn an_acceleration_of_an_unknown_joint_is_named() {
        let mut config = ArmConfig::default();
        config.acceleration.insert("joint_7".to_owned(), 1.0);
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("arm.acceleration.joint_7"), "{message}");
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_range() {
        let config = ArmConfig { period: f64::NAN, ..ArmConfig::default() };
        let message = config.validate().unwrap_err().to_string();
        assert_eq!(message, "parameter arm.period = NaN is out of range: 0.001 to 0.1 is allowed");
    }
}
