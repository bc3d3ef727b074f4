//! Parameters of joint_trajectory_controller that mean nothing here, or something fixed.
//!
//! The rule: a value that this arm honours anyway is accepted, with a line that says so where it
//! makes no difference; a value that it does not honour is refused with what to do instead. Nothing
//! is silently ignored.

use crate::config::{Config, ConfigError};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use vocabulary::health::LogLine;
use vocabulary::joint::JointOrder;

/// Gains of one joint: only the one that concerns trajectories; the others are those of a law.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Gains {
    /// A position and the same plus whole turns are one: take the nearest.
    #[serde(default)]
    pub angle_wraparound: bool,
    /// `p`, `i`, `d`, `u_clamp_max` and so on: refused, they belong to control.
    #[serde(flatten)]
    others: BTreeMap<String, IgnoredAny>,
}

/// Speed scaling at start.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpeedScaling {
    /// 1; another one is control's.
    pub initial_scaling_factor: f64,
    /// Must be empty.
    pub state_interface: String,
    /// Must be empty.
    pub command_interface: String,
}

impl Default for SpeedScaling {
    fn default() -> Self {
        let (state_interface, command_interface) = (String::new(), String::new());
        Self { initial_scaling_factor: 1.0, state_interface, command_interface }
    }
}

fn refuse(key: impl Into<String>, reason: impl Into<String>) -> ConfigError {
    ConfigError::Incompatible { key: key.into(), reason: reason.into() }
}

impl Config {
    pub(crate) fn check_compatibility(&self) -> Result<(), ConfigError> {
        self.check_gains()?;
        self.check_interfaces()?;
        let goal_time = self.constraints.finite_goal_time();
        if self.cmd_timeout != 0.0 && self.cmd_timeout <= goal_time {
            let reason = format!(
                "{} s is not more than constraints.goal_time, {goal_time} s: a goal would be given \
                 up while it may still settle",
                self.cmd_timeout
            );
            return Err(refuse("cmd_timeout", reason));
        }
        self.check_cancel()
    }

    fn check_gains(&self) -> Result<(), ConfigError> {
        let of_the_law =
            self.gains.iter().find_map(|(joint, g)| Some((joint, g.others.keys().next()?)));
        match of_the_law {
            Some((joint, gain)) => Err(refuse(
                format!("gains.{joint}.{gain}"),
                "gains belong to the law of node control, set them there",
            )),
            None => Ok(()),
        }
    }

    fn check_interfaces(&self) -> Result<(), ConfigError> {
        let lists = [
            (
                "command_interfaces",
                &self.command_interfaces,
                ["position", "velocity", "effort"].as_slice(),
                "control's law decides what the drives are told",
            ),
            (
                "state_interfaces",
                &self.state_interfaces,
                &["position", "velocity"],
                "the drives measure nothing else that a trajectory is judged by",
            ),
        ];
        for (key, given, known, why) in lists {
            let unknown = given.iter().flatten().find(|name| !known.contains(&name.as_str()));
            if let Some(name) = unknown {
                let reason = format!("{name:?} is none of {}: {why}", known.join(", "));
                return Err(refuse(key, reason));
            }
        }
        let SpeedScaling { initial_scaling_factor, state_interface, command_interface } =
            &self.speed_scaling;
        if *initial_scaling_factor != 1.0 {
            return Err(refuse(
                "speed_scaling.initial_scaling_factor",
                "set it at node control as initial_speed_scaling",
            ));
        }
        if !(state_interface.is_empty() && command_interface.is_empty()) {
            return Err(refuse(
                "speed_scaling",
                "there are no interfaces to name: publish on arm_controller/speed_scaling_input",
            ));
        }
        Ok(())
    }

    /// A cancelled motion always decelerates, with the joints' acceleration limits.
    fn check_cancel(&self) -> Result<(), ConfigError> {
        for (joint, constraint) in &self.constraints.joints {
            let value = constraint.max_deceleration_on_cancel;
            if !(0.0..=1000.0).contains(&value) {
                let key = format!("constraints.{joint}.max_deceleration_on_cancel");
                return Err(refuse(key, format!("{value} rad/s² is not from 0 to 1000")));
            }
        }
        Ok(())
    }

    /// `joints` and `command_joints` may repeat what `arm.joints` says.
    pub(crate) fn check_joints(&self, order: &JointOrder) -> Result<(), ConfigError> {
        let mut ours = order.names().to_vec();
        ours.sort();
        for (key, given) in [("joints", &self.joints), ("command_joints", &self.command_joints)] {
            let Some(mut given) = given.clone().filter(|given| !given.is_empty()) else { continue };
            given.sort();
            if given != ours {
                let reason = format!("{given:?} are not the joints of this arm, {ours:?}");
                return Err(refuse(key, reason));
            }
        }
        Ok(())
    }

    /// What was accepted and makes no difference, one line each.
    #[must_use]
    pub fn notes(&self) -> Vec<LogLine> {
        let always = "every trajectory continues from the last command";
        let cancel = "a cancelled motion always decelerates with the joints' acceleration limits";
        let fixed = [
            ("open_loop_control", self.open_loop_control == Some(false), always),
            (
                "interpolate_from_desired_state",
                self.interpolate_from_desired_state == Some(false),
                always,
            ),
            (
                "set_last_command_interface_value_as_state_on_activation",
                self.set_last_command_interface_value_as_state_on_activation == Some(false),
                "control starts from the setpoints that the drives hold",
            ),
            (
                "constraints.decelerate_on_cancel",
                self.constraints.decelerate_on_cancel == Some(false),
                cancel,
            ),
            (
                "constraints.<joint>.max_deceleration_on_cancel",
                self.constraints.joints.values().any(|c| c.max_deceleration_on_cancel > 0.0),
                cancel,
            ),
            (
                "cmd_timeout",
                self.cmd_timeout > 0.0,
                "the arm holds from the end of a trajectory on",
            ),
            (
                "constraints.goal_time",
                self.constraints.goal_time == 0.0,
                "0 would wait for ever, 2 s are taken",
            ),
        ];
        let given = fixed.into_iter().filter(|(_, given, _)| *given);
        given.map(|(key, _, why)| LogLine::info(format!("parameter {key}: {why}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        serde_json::from_str(json).unwrap()
    }

    fn refusal(json: &str) -> String {
        config(json).validate().unwrap_err().to_string()
    }

    #[test]
    fn what_is_fixed_here_is_accepted_and_explained() {
        let stock = config(
            r#"{"joints": ["joint_2", "joint_1", "joint_3", "joint_6", "joint_5", "joint_4"],
                "command_interfaces": ["position"], "state_interfaces": ["position", "velocity"],
                "interpolate_from_desired_state": false, "cmd_timeout": 5.0,
                "constraints": {"decelerate_on_cancel": false, "goal_time": 0.0}}"#,
        );
        assert_eq!(stock.validate(), Ok(()));
        let order = JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap();
        assert_eq!(stock.check_names(&order), Ok(()));
        assert_eq!(stock.notes().len(), 4);
        assert!(Config::default().notes().is_empty());
    }

    #[test]
    fn what_is_not_honoured_is_refused_with_what_to_do() {
        let cases = [
            (r#"{"gains": {"joint_1": {"p": 1.0}}}"#, "gains.joint_1.p: gains belong to the law"),
            (r#"{"command_interfaces": ["acceleration"]}"#, "\"acceleration\" is none of"),
            (r#"{"state_interfaces": ["acceleration"]}"#, "measure nothing else"),
            (r#"{"speed_scaling": {"initial_scaling_factor": 0.5}}"#, "initial_speed_scaling"),
            (r#"{"speed_scaling": {"state_interface": "ur/x"}}"#, "speed_scaling_input"),
            (r#"{"cmd_timeout": 1.0}"#, "not more than constraints.goal_time"),
        ];
        for (json, words) in cases {
            let text = refusal(json);
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn a_stock_configuration_of_other_joints_is_refused_by_name() {
        let stock = config(r#"{"command_joints": ["joint_1", "joint_2"]}"#);
        let order = JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap();
        let text = stock.check_names(&order).unwrap_err().to_string();
        assert!(text.starts_with("parameter command_joints:"), "{text}");
    }
}
