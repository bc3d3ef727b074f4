//! What people do with a stick.

use collision::Shape;
use vocabulary::plan::ControlPhase;

use super::bench::{Bench, joints, twist};
use crate::PlanningError;
use crate::jog::JogState;
use crate::situations::HOME;

#[test]
fn a_twist_is_followed_on_a_straight_way_and_ends_when_commands_cease() {
    let mut bench = Bench::new(HOME, |_| ());
    let from = bench.tip();
    bench.stream(Some(twist("", [0.0, 0.1, 0.0], [0.0; 3])), 1.0);
    assert_eq!(bench.status().state, JogState::Jogging, "{:?}", bench.status());
    let way = bench.tip().translation.vector - from.translation.vector;
    assert!((0.06..0.1).contains(&way.y), "{way}");
    let off = (way.x * way.x + way.z * way.z).sqrt();
    assert!(off < 2e-3, "{off} m off the straight way");
    let last = bench.reference().position;
    bench.stream(None, 0.25 + 0.04);
    let reached = bench.reference();
    assert!(bench.states().iter().any(|state| state.velocity.iter().any(|v| v.abs() > 0.05)));
    bench.stream(None, 0.7);
    assert!(bench.is_at_rest(), "{reached:?}");
    assert!(bench.reference().position != last);
    assert_eq!(bench.status().state, JogState::Idle);
    bench.assert_kept();
}

#[test]
fn a_command_for_rest_stops_at_once() {
    let mut bench = Bench::new(HOME, |_| ());
    let command = joints(&[0.5, 0.0, 0.0, 0.0, 0.0, 0.0]);
    bench.stream(Some(command), 1.0);
    assert!((bench.reference().velocity[0] - 0.5).abs() < 1e-3, "{:?}", bench.reference());
    bench.stream(Some(joints(&[0.0; 6])), 0.65);
    assert!(bench.is_at_rest(), "{:?}", bench.reference());
    bench.assert_kept();
}

#[test]
fn a_twist_of_the_tool_goes_along_its_axes() {
    let mut bench = Bench::new(HOME, |_| ());
    let from = bench.tip();
    bench.stream(Some(twist("tool0", [0.0, 0.0, -0.05], [0.0; 3])), 1.0);
    let way = (from.inverse() * bench.tip()).translation.vector;
    assert!(way.z < -0.03 && way.x.abs() < 1e-3 && way.y.abs() < 1e-3, "{way}");
}

#[test]
fn a_wall_slows_the_arm_down_and_stops_it_at_its_distance_and_the_way_back_is_free() {
    let tip = Bench::new(HOME, |_| ()).tip().translation.vector;
    let mut bench = Bench::new(HOME, |scene| {
        let shape = Shape::cuboid("wall", [0.5, 0.01, 0.5]).unwrap();
        let place = [tip.x, tip.y - 0.22, 0.5];
        let place = collision::pose("wall", place, [0.0, 0.0, 0.0, 1.0]).unwrap();
        scene.add("wall", place, shape).unwrap();
    });
    let away = twist("", [0.0, -0.2, 0.0], [0.0; 3]);
    bench.stream(Some(away), 6.0);
    let states: Vec<JogState> = bench.told.iter().map(|status| status.state).collect();
    assert!(states.contains(&JogState::Jogging) && states.contains(&JogState::Slowed));
    let last = bench.status().clone();
    assert!(last.state == JogState::Stopped && last.reason.contains("'wall'"), "{last:?}");
    assert!(bench.is_at_rest());
    let near = bench.planning.checker.nearest(&bench.reference().position).unwrap();
    assert!(near.second == "wall" && (0.019..0.03).contains(&near.distance), "{near}");
    bench.stream(Some(twist("", [0.0, 0.2, 0.0], [0.0; 3])), 1.0);
    assert_eq!(bench.status().state, JogState::Jogging, "{:?}", bench.status());
    bench.stream(None, 1.0);
    bench.assert_kept();
}

#[test]
fn a_joint_stops_before_its_limit_and_others_go_on() {
    let mut bench = Bench::new(HOME, |_| ());
    bench.stream(Some(joints(&[-0.8, 0.0, 0.0, 0.1, 0.0, 0.0])), 6.0);
    let at = bench.reference();
    assert!((-2.967..-2.93).contains(&at.position[0]), "{at:?}");
    assert!((at.velocity[3] - 0.1).abs() < 1e-3, "{at:?}");
    let told = bench.status();
    assert!(told.reason.contains("joint_1 is 0.0"), "{told:?}");
    bench.stream(None, 1.0);
    bench.assert_kept();
}

#[test]
fn a_singularity_is_not_entered_and_is_named() {
    let mut bench = Bench::new([0.0, 0.3, 0.2, 0.0, 1.0, 0.0], |_| ());
    bench.stream(Some(twist("", [0.2, 0.0, 0.0], [0.0; 3])), 6.0);
    let told = bench.status().clone();
    assert!(told.state == JogState::Stopped && told.reason.contains("singularity"), "{told:?}");
    assert!(bench.is_at_rest());
    bench.stream(Some(twist("", [-0.1, 0.0, 0.0], [0.0; 3])), 1.0);
    assert!(!bench.is_at_rest(), "{:?}", bench.status());
    bench.assert_kept();
}

#[test]
fn faster_than_allowed_is_told_and_driven_slower() {
    let mut bench = Bench::new(HOME, |_| ());
    bench.stream(Some(joints(&[2.9, 0.0, 0.0, 0.0, 0.0, 0.0])), 1.0);
    let told = bench.status();
    assert!(told.state == JogState::Slowed, "{told:?}");
    assert!(told.reason.contains("joint_1 would need 2.90 rad/s, 0.90 are allowed"), "{told:?}");
    assert!((bench.reference().velocity[0] - 0.9).abs() < 1e-3);
    bench.stream(Some(twist("", [0.0, 1.0, 0.0], [0.0; 3])), 0.5);
    assert!(bench.status().reason.contains("m/s linear speed"), "{:?}", bench.status());
}

#[test]
fn an_arm_that_control_slows_down_is_jogged_all_the_same() {
    let mut bench = Bench::new(HOME, |_| ());
    bench.scaling = 0.5;
    bench.stream(Some(joints(&[0.4, 0.0, 0.0, 0.0, 0.0, 0.0])), 2.0);
    assert!((bench.reference().velocity[0] - 0.2).abs() < 0.01, "{:?}", bench.reference());
    bench.stream(None, 2.0);
    assert!(bench.is_at_rest());
    bench.assert_kept();
}

#[test]
fn a_stop_by_others_lasts_until_the_stick_is_released() {
    let mut bench = Bench::new(HOME, |_| ());
    let command = joints(&[0.4, 0.0, 0.0, 0.0, 0.0, 0.0]);
    bench.stream(Some(command.clone()), 0.5);
    bench.phase = Some((ControlPhase::Stopping, "the arm is stopped".to_owned()));
    bench.stream(Some(command.clone()), 0.1);
    bench.phase = Some((ControlPhase::Paused, "the arm is stopped".to_owned()));
    let sent = bench.sent.len();
    bench.stream(Some(command.clone()), 0.5);
    let told = bench.status().clone();
    assert_eq!(told.state, JogState::Stopped);
    assert!(told.reason.contains("the arm is stopped; release"), "{told:?}");
    assert_eq!(bench.sent.len(), sent);
    bench.phase = None;
    bench.stream(None, 0.5);
    bench.stream(Some(command), 0.3);
    assert!(bench.sent.len() > sent);
}

#[test]
fn a_course_that_nobody_takes_is_told() {
    let mut bench = Bench::new(HOME, |_| ());
    bench.phase = Some((ControlPhase::Holding, String::new()));
    bench.late = 100.0;
    bench.stream(Some(joints(&[0.4, 0.0, 0.0, 0.0, 0.0, 0.0])), 1.0);
    let told = bench.status();
    assert!(told.reason.contains("arm_controller did not take the course"), "{told:?}");
    assert_eq!(bench.sent.len(), 1);
}

#[test]
fn a_node_that_is_given_something_else_to_do_stops_the_arm() {
    let mut bench = Bench::new(HOME, |_| ());
    let command = joints(&[0.4, 0.0, 0.0, 0.0, 0.0, 0.0]);
    bench.stream(Some(command.clone()), 0.5);
    bench.obstacle = || Some(PlanningError::Inactive);
    bench.stream(Some(command), 0.8);
    assert!(bench.is_at_rest(), "{:?}", bench.reference());
    assert_eq!(bench.status().state, JogState::Refused);
    assert!(bench.status().reason.contains("not active"), "{:?}", bench.status());
}
