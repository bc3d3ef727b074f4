//! The parameters that may change while control runs, by their full names.

use crate::config::{Config, GainsConfig};
use vocabulary::joint::PerJoint;

/// A value that may change.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    /// A number.
    Number(f64),
    /// Numbers.
    Numbers(Vec<f64>),
    /// A truth value.
    Switch(bool),
    /// A text.
    Text(String),
}

impl Config {
    /// Every parameter that may change, with its present value; `gains` are those in force.
    #[must_use]
    pub fn live(
        &self,
        names: &PerJoint<String>,
        gains: &PerJoint<GainsConfig>,
    ) -> Vec<(String, Live)> {
        let payload = &self.payload;
        let mut all = vec![
            ("law".to_owned(), Live::Text(self.law.clone())),
            ("feed_forward".to_owned(), Live::Switch(self.feed_forward)),
            ("ramp".to_owned(), Live::Number(self.ramp)),
            ("friction_speed".to_owned(), Live::Number(self.friction_speed)),
            ("friction_compensation".to_owned(), Live::Number(self.friction_compensation)),
            ("payload.mass".to_owned(), Live::Number(payload.mass)),
            ("payload.center_of_mass".to_owned(), Live::Numbers(payload.center_of_mass.into())),
            ("payload.inertia".to_owned(), Live::Numbers(payload.inertia.into())),
        ];
        for (joint, gains) in names.iter().zip(gains) {
            let friction = self.friction.get(joint).copied().unwrap_or_default();
            let numbers = [
                ("gains", "stiffness", gains.stiffness.unwrap_or_default()),
                ("gains", "damping_ratio", gains.damping_ratio),
                ("gains", "integral", gains.integral.unwrap_or_default()),
                ("gains", "integral_limit", gains.integral_limit.unwrap_or_default()),
                ("gains", "derivative_filter_hz", gains.derivative_filter_hz),
                ("gains", "torque_limit", gains.torque_limit.unwrap_or_default()),
                ("friction", "coulomb", friction.coulomb),
                ("friction", "viscous", friction.viscous),
            ];
            all.extend(numbers.map(|(group, field, value)| {
                (format!("{group}.{joint}.{field}"), Live::Number(value))
            }));
        }
        all
    }
}
