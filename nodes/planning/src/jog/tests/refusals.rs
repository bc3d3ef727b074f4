//! Commands that are refused, and with which words.

use vocabulary::plan::ControlPhase;
use vocabulary::time::Stamp;

use super::bench::{Bench, joints, twist};
use crate::PlanningError;
use crate::jog::{Ask, Command, JogState};
use crate::situations::HOME;

fn told(bench: &mut Bench, stamp: Stamp, ask: Ask) -> String {
    bench.step(Some(Command { stamp, ask }));
    assert_eq!(bench.status().state, JogState::Refused, "{:?}", bench.status());
    // Words of the same state are told after a while.
    bench.stream(None, 0.22);
    bench.status().reason.clone()
}

#[test]
fn a_command_that_is_none_is_refused_by_name_and_number_and_moves_nothing() {
    let mut bench = Bench::new(HOME, |_| ());
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let some = |names, velocities: &[f64]| Ask::Joints {
        names,
        velocities: velocities.to_vec(),
        displacements: 0,
    };
    let displaced =
        Ask::Joints { names: names(&["joint_1"]), velocities: vec![], displacements: 1 };
    let cases = [
        (some(names(&["joint_2"]), &[f64::NAN]), "velocity of joint_2 is NaN"),
        (some(names(&["joint_7"]), &[0.1]), "joint \"joint_7\" is not one of joint_1"),
        (some(names(&["joint_1", "joint_1"]), &[0.1, 0.1]), "named twice"),
        (some(names(&["joint_1", "joint_2"]), &[0.1]), "2 joint names and 1 velocities"),
        (some(vec![], &[]), "names no joints"),
        (displaced, "displacements are not supported"),
        (twist("", [0.0, f64::INFINITY, 0.0], [0.0; 3]), "linear.y is inf"),
        (twist("", [0.0; 3], [0.0, 0.0, f64::NAN]), "angular.z is NaN"),
        (twist("camera", [0.1, 0.0, 0.0], [0.0; 3]), "frame \"camera\" is no link"),
    ];
    let count = cases.len() as u64;
    for (ask, part) in cases {
        let words = told(&mut bench, Stamp(0), ask);
        assert!(words.contains(part), "{words}");
    }
    assert!(bench.sent.is_empty());
    assert_eq!(bench.jog.refused(), count);
}

#[test]
fn a_command_from_long_ago_or_from_the_future_is_refused_with_its_age() {
    let mut bench = Bench::new(HOME, |_| ());
    let command = joints(&[0.1, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let old = bench.now().stamp.shifted(-1.5);
    let words = told(&mut bench, old, command.clone());
    assert!(words.contains("1.50 s old, 0.25 s are allowed"), "{words}");
    let early = bench.now().stamp.shifted(3.0);
    assert!(told(&mut bench, early, command).contains("-3.00 s old"));
    assert!(bench.sent.is_empty());
}

#[test]
fn a_jog_while_something_else_moves_the_arm_is_refused() {
    let command = joints(&[0.1, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let mut bench = Bench::new(HOME, |_| ());
    bench.phase = Some((ControlPhase::Executing, String::new()));
    bench.report();
    assert!(told(&mut bench, Stamp(0), command.clone()).contains("the arm moves (plan 7)"));
    let mut bench = Bench::new(HOME, |_| ());
    bench.obstacle = || Some(PlanningError::Busy);
    assert!(told(&mut bench, Stamp(0), command.clone()).contains("another move_to runs"));
    bench.obstacle = || Some(PlanningError::Inactive);
    assert!(told(&mut bench, Stamp(0), command).contains("not active"));
    assert!(bench.sent.is_empty());
}
