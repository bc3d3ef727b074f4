//! What people and other robots ask of control by services: payload, torque limits, stiffness.
//!
//! The one rule: a request is carried out whole or refused with a reason, and then the old values
//! stay.

use crate::config::{Config, ConfigError, GainsConfig, PayloadConfig};
use crate::control::Control;
use thiserror::Error;

/// Shortest and longest ramp that may be asked for, s.
const RAMP: std::ops::RangeInclusive<f64> = 0.05..=10.0;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RequestError {
    /// As many values as joints are wanted.
    #[error("{field} has {got} values for {want} joints")]
    Length {
        /// Field of the request.
        field: &'static str,
        /// Values given.
        got: usize,
        /// Joints named.
        want: usize,
    },
    /// A joint that the arm does not have.
    #[error("joint {name:?} is not one of {known}")]
    UnknownJoint {
        /// The name given.
        name: String,
        /// All names.
        known: String,
    },
    /// A joint named twice.
    #[error("joint {0:?} is named twice")]
    Repeated(String),
    /// A ramp too short or too long.
    #[error("ramp = {0} s: 0.05 to 10 s is allowed, 0 for the default")]
    Ramp(f64),
    /// What results cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// New values for some joints.
#[derive(Debug, Clone, Copy)]
pub struct JointValues<'a> {
    /// Names; empty for all in joint order.
    pub joints: &'a [String],
    /// Name of the field, for refusals.
    pub field: &'static str,
    /// One value per joint named.
    pub values: &'a [f64],
}

impl Control {
    /// Reckons with this payload from now on, ramped in; returns what is in force.
    ///
    /// # Errors
    /// [`RequestError`]; the old one stays.
    pub fn set_payload(&mut self, payload: PayloadConfig) -> Result<String, RequestError> {
        let wanted = Config { payload, ..self.config().clone() };
        self.retune(&wanted, None)?;
        Ok(format!("payload of {} kg at {:?} m", payload.mass, payload.center_of_mass))
    }

    /// Limits the torque asked of joints, N·m.
    ///
    /// # Errors
    /// [`RequestError`]; the old limits stay.
    pub fn set_torque_limits(
        &mut self,
        limits: JointValues<'_>,
        ramp: f64,
    ) -> Result<String, RequestError> {
        let wanted = self.with(&[(limits, |gains, value| gains.torque_limit = Some(value))])?;
        self.retune(&wanted, checked_ramp(ramp)?)?;
        Ok(format!("torque limits {:?} N m", self.settings(Default::default()).torque_limit))
    }

    /// Sets stiffness, N·m/rad, and damping ratios of joints.
    ///
    /// # Errors
    /// [`RequestError`]; the old values stay.
    pub fn set_stiffness(
        &mut self,
        stiffness: JointValues<'_>,
        damping_ratio: JointValues<'_>,
        ramp: f64,
    ) -> Result<String, RequestError> {
        let mut changes: Vec<Change<'_>> = vec![(stiffness, |gains, x| gains.stiffness = Some(x))];
        if !damping_ratio.values.is_empty() {
            changes.push((damping_ratio, |gains, value| gains.damping_ratio = value));
        }
        let wanted = self.with(&changes)?;
        self.retune(&wanted, checked_ramp(ramp)?)?;
        let now = self.settings(Default::default());
        let (stiffness, ratio) = (now.stiffness, now.damping_ratio);
        Ok(format!("stiffness {stiffness:?} N m/rad, damping ratio {ratio:?}"))
    }

    /// The configuration with these changes.
    fn with(&self, changes: &[Change<'_>]) -> Result<Config, RequestError> {
        let mut config = self.config().clone();
        for (asked, change) in changes {
            let names = self.rules().names();
            let joints = if asked.joints.is_empty() { names.as_slice() } else { asked.joints };
            if joints.len() != asked.values.len() {
                let (got, want) = (asked.values.len(), joints.len());
                return Err(RequestError::Length { field: asked.field, got, want });
            }
            for (place, (joint, value)) in joints.iter().zip(asked.values).enumerate() {
                if !names.contains(joint) {
                    let (name, known) = (joint.clone(), names.join(", "));
                    return Err(RequestError::UnknownJoint { name, known });
                }
                if joints.iter().take(place).any(|earlier| earlier == joint) {
                    return Err(RequestError::Repeated(joint.clone()));
                }
                change(config.gains.entry(joint.clone()).or_default(), *value);
            }
        }
        Ok(config)
    }
}

type Change<'a> = (JointValues<'a>, fn(&mut GainsConfig, f64));

fn checked_ramp(ramp: f64) -> Result<Option<f64>, RequestError> {
    match ramp {
        0.0 => Ok(None),
        _ if RAMP.contains(&ramp) => Ok(Some(ramp)),
        _ => Err(RequestError::Ramp(ramp)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::harness::arm;

    fn control() -> Control {
        Control::new(Config::default(), arm(), 1).unwrap()
    }

    fn values<'a>(joints: &'a [String], values: &'a [f64]) -> JointValues<'a> {
        JointValues { joints, field: "torque", values }
    }

    #[test]
    fn a_limit_of_one_joint_leaves_the_others() {
        let mut control = control();
        let before = control.settings(Default::default()).torque_limit;
        control.set_torque_limits(values(&["joint_2".to_owned()], &[180.0]), 0.5).unwrap();
        let after = control.settings(Default::default()).torque_limit;
        assert_eq!((after[1], after[0], after[5]), (180.0, before[0], before[5]));
    }

    #[test]
    fn what_is_wrong_is_named_and_nothing_changes() {
        let mut control = control();
        let before = control.settings(Default::default());
        let two = ["joint_1".to_owned(), "joint_1".to_owned()];
        let nobody = ["joint_9".to_owned()];
        let cases: [(&[String], &[f64], f64, &str); 8] = [
            (&[], &[1.0], 0.0, "1 values for 6 joints"),
            (&nobody, &[100.0], 0.0, "joint_9"),
            (&two, &[100.0, 100.0], 0.0, "named twice"),
            (&two[..1], &[f64::NAN], 0.0, "gains.joint_1.torque_limit"),
            (&two[..1], &[-3.0], 0.0, "gains.joint_1.torque_limit"),
            (&two[..1], &[1e4], 0.0, "gains.joint_1.torque_limit"),
            (&two[..1], &[100.0], 99.0, "ramp = 99"),
            (&two[..1], &[100.0], f64::NAN, "ramp = NaN"),
        ];
        for (joints, torque, ramp, words) in cases {
            let refusal = control.set_torque_limits(values(joints, torque), ramp).unwrap_err();
            assert!(refusal.to_string().contains(words), "{refusal}");
            assert_eq!(control.settings(Default::default()), before);
        }
    }

    #[test]
    fn a_thousandfold_stiffness_and_an_impossible_payload_are_refused() {
        let mut control = control();
        let before = control.settings(Default::default());
        let hard = before.stiffness.map(|stiffness| stiffness * 1000.0);
        let none = values(&[], &[]);
        assert!(control.set_stiffness(values(&[], &hard), none, 0.0).is_err());
        for (mass, inertia) in [(-1.0, 0.0), (f64::NAN, 0.0), (50.0, 0.0), (2.0, -0.1)] {
            let payload = PayloadConfig { mass, inertia: [inertia; 6], ..Default::default() };
            assert!(control.set_payload(payload).is_err());
        }
        assert_eq!(control.settings(Default::default()), before);
        let soft = before.stiffness.map(|stiffness| stiffness * 0.5);
        control.set_stiffness(values(&[], &soft), values(&[], &[0.8; 6]), 0.2).unwrap();
        let after = control.settings(Default::default());
        assert_eq!((after.stiffness, after.damping_ratio), (soft, [0.8; 6]));
    }
}
