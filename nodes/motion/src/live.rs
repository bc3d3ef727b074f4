//! The parameters that may change while the trajectory API runs; they count for the next trajectory.
//!
//! The rule: a goal is judged to its end by what held when it was taken.

use crate::config::Config;
use vocabulary::joint::JointOrder;

/// A value that may change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// A truth value.
    Switch(bool),
}

impl Config {
    /// Every parameter that may change, by its full name, with its present value.
    #[must_use]
    pub fn live(&self, order: &JointOrder) -> Vec<(String, Setting)> {
        let constraints = &self.constraints;
        let numbers = [
            ("constraints.stopped_velocity_tolerance", constraints.stopped_velocity_tolerance),
            ("constraints.goal_time", constraints.goal_time),
            ("action_monitor_rate", self.action_monitor_rate),
            ("state_publish_rate", self.state_publish_rate),
            ("cmd_timeout", self.cmd_timeout),
            ("resume_timeout", self.resume_timeout),
            ("max_start_distance", self.max_start_distance),
            ("control_timeout", self.control_timeout),
            ("stop_timeout", self.stop_timeout),
        ];
        let switches = [
            ("allow_partial_joints_goal", self.allow_partial_joints_goal),
            (
                "allow_nonzero_velocity_at_trajectory_end",
                self.allow_nonzero_velocity_at_trajectory_end,
            ),
            ("allow_integration_in_goal_trajectories", self.allow_integration_in_goal_trajectories),
        ];
        let per_joint = order.names().iter().flat_map(|joint| {
            let of = constraints.joints.get(joint).copied().unwrap_or_default();
            [("trajectory", of.trajectory), ("goal", of.goal)]
                .map(|(name, value)| (format!("constraints.{joint}.{name}"), value))
        });
        let numbers = numbers.map(|(key, value)| (key.to_owned(), value)).into_iter();
        let numbers = numbers.chain(per_joint).map(|(key, value)| (key, Setting::Number(value)));
        let switches = switches.map(|(key, value)| (key.to_owned(), Setting::Switch(value)));
        numbers.chain(switches).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_live_parameter_is_one_of_the_configuration() {
        let order = JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap();
        let mut json = serde_json::json!({});
        for (key, setting) in Config::default().live(&order) {
            let path = format!("/{}", key.replace('.', "/"));
            let (group, leaf) = path.rsplit_once('/').unwrap();
            let mut at = &mut json;
            for part in group.split('/').filter(|part| !part.is_empty()) {
                let object = at.as_object_mut().unwrap();
                at = object.entry(part).or_insert_with(|| serde_json::json!({}));
            }
            at[leaf] = match setting {
                Setting::Number(value) => value.into(),
                Setting::Switch(value) => value.into(),
            };
        }
        let config: Config = serde_json::from_value(json).unwrap();
        assert_eq!(config.live(&order), Config::default().live(&order));
    }
}
