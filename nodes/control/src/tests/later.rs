//! Plans that begin later: what runs goes on until then.

use super::harness::{Rig, waypoint};
use vocabulary::joint::JOINTS;
use vocabulary::plan::{ControlPhase, PlanAction};
use vocabulary::time::Stamp;

#[test]
fn a_plan_for_later_waits_and_then_begins() {
    let mut rig = Rig::ready();
    rig.plan.start = rig.now().stamp.shifted(0.5);
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.run(0.4);
    assert!(!rig.moved);
    assert_eq!(rig.state().phase, ControlPhase::Holding);
    let took = rig.until(ControlPhase::Reached, 3.0);
    assert!((1.05..1.2).contains(&took), "{took}");
}

#[test]
fn a_running_plan_goes_on_until_the_next_begins_and_hands_over_in_motion() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.8)]);
    rig.run(0.5);
    let running = rig.plan.plan_id;
    rig.plan.start = rig.now().stamp.shifted(0.3);
    rig.execute(&[waypoint(1.5, 0.2)]);
    rig.run(0.28);
    assert_eq!((rig.state().plan_id, rig.state().phase), (running, ControlPhase::Executing));
    let speed = rig.last_command().velocity[1];
    assert!(speed > 0.1, "{speed}");
    rig.run(0.04);
    assert_eq!((rig.state().plan_id, rig.state().phase), (running + 1, ControlPhase::Executing));
    assert!((rig.last_command().velocity[1] - speed).abs() < 0.1, "no stop in between");
    rig.until(ControlPhase::Reached, 3.0);
    assert!((rig.last_command().position[1] - 0.2).abs() < 1e-9);
}

#[test]
fn a_plan_that_ends_before_the_next_begins_is_reached_and_held_until_then() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(0.5, 0.1)]);
    rig.run(0.1);
    let running = rig.plan.plan_id;
    rig.plan.start = rig.now().stamp.shifted(1.0);
    rig.execute(&[waypoint(1.0, 0.3)]);
    rig.until(ControlPhase::Reached, 0.6);
    rig.run(0.3);
    assert_eq!((rig.state().plan_id, rig.state().phase), (running, ControlPhase::Reached));
    assert_eq!(rig.last_command().velocity, [0.0; JOINTS]);
    rig.until(ControlPhase::Executing, 1.0);
    rig.until(ControlPhase::Reached, 2.0);
    assert!((rig.last_command().position[1] - 0.3).abs() < 1e-9);
}

#[test]
fn a_plan_for_later_is_dropped_by_its_stop_and_by_a_plan_for_now() {
    for stopped in [true, false] {
        let mut rig = Rig::ready();
        rig.execute(&[waypoint(1.0, 0.3)]);
        rig.run(0.2);
        rig.plan.start = rig.now().stamp.shifted(0.3);
        rig.execute(&[waypoint(1.0, -0.3)]);
        rig.run(0.1);
        rig.plan.start = Stamp(0);
        if stopped {
            rig.revise(PlanAction::Stop, 0.0);
        } else {
            rig.execute(&[waypoint(1.0, 0.3)]);
        }
        rig.until(ControlPhase::Reached, 2.0);
        rig.run(0.5);
        assert!((rig.last_command().position[1] - 0.3).abs() < 1e-9);
    }
}

#[test]
fn stopping_the_running_plan_leaves_the_one_for_later() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.3)]);
    rig.run(0.3);
    let mut running = rig.plan.clone();
    rig.plan.start = rig.now().stamp.shifted(0.6);
    rig.execute(&[waypoint(1.0, -0.3)]);
    rig.run(0.1);
    (running.revision, running.action) = (1, PlanAction::Stop);
    rig.inputs.plan = Some(running);
    rig.until(ControlPhase::Holding, 0.4);
    rig.until(ControlPhase::Reached, 2.0);
    assert!((rig.last_command().position[1] + 0.3).abs() < 1e-9);
}
