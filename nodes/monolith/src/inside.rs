//! Which topics need no middleware between the guests.
//!
//! The one rule: a topic goes inside only when no process but this one can be a sender of it; the
//! table says who sends the topics that are sent often. All others go through the middleware, which
//! within one process is not slow either.

use crate::guest::Program;
use vocabulary::joint::JOINTS;
use vocabulary::topics;

/// Names of the topics that go inside. `joints` are those of the arm, `share` of them on each driver;
/// `standby`: a second controller runs somewhere.
#[must_use]
pub fn inside(
    guests: &[(String, Program)],
    joints: &[String; JOINTS],
    share: usize,
    standby: bool,
) -> Vec<String> {
    let is_here = |name: &str| guests.iter().any(|(guest, _)| guest == name);
    let mut inside = Vec::new();
    if is_here("control") && (!standby || is_here("control_standby")) {
        let of_control = [topics::JOINT_COMMAND, topics::HANDOVER, topics::CONTROL_STATE];
        inside.extend(of_control.map(|topic| topic.name.to_owned()));
    }
    for (_, program) in guests {
        let Program::Driver { first } = program else { continue };
        for joint in joints.iter().skip(*first).take(share) {
            inside.extend([topics::feedback(joint), topics::telemetry(joint)]);
        }
    }
    if is_here("joint_state") {
        inside.push(topics::ARM_STATE.name.to_owned());
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::parse;

    fn of(list: &str, share: usize, standby: bool) -> Vec<String> {
        let joints = [1, 2, 3, 4, 5, 6].map(|n| format!("joint_{n}"));
        inside(&parse(list).unwrap(), &joints, share, standby)
    }

    #[test]
    fn in_one_process_commands_and_all_feedback_go_inside() {
        let inside = of(crate::WHOLE_ARM, 6, false);
        assert!(inside.contains(&"joint_command".to_owned()));
        assert_eq!(inside.iter().filter(|name| name.ends_with("/feedback")).count(), 6);
    }

    #[test]
    fn a_standby_elsewhere_keeps_commands_outside() {
        assert!(!of("control,driver_joint_1", 6, true).contains(&"joint_command".to_owned()));
        let both = of("control,control_standby", 6, true);
        assert!(both.contains(&"joint_command".to_owned()));
    }

    #[test]
    fn a_driver_of_two_joints_sends_two_feedbacks() {
        let inside = of("driver_joint_3,joint_state", 2, false);
        assert!(inside.contains(&"joints/joint_4/feedback".to_owned()));
        assert!(!inside.contains(&"joints/joint_5/feedback".to_owned()));
        assert!(inside.contains(&"arm_state".to_owned()));
    }
}
