//! Trajectories that begin later, and what ends them.

use super::{Rig, endings, goal, point, trajectory};
use crate::{Event, GoalRequest, Inputs};
use vocabulary::arm::ArmMode;
use vocabulary::plan::{ControlPhase, PlanAction};

fn later(rig: &Rig, id: u8, seconds: f64, position: f64) -> GoalRequest {
    let mut request = goal(id, vec![point(2.0, position)]);
    request.trajectory.stamp = rig.now().stamp.shifted(seconds);
    request
}

/// Goal 1 is half way, goal 2 begins in 0.3 s.
fn two_goals() -> Rig {
    let mut rig = Rig::new();
    rig.send(goal(1, vec![point(2.0, 0.5)]));
    rig.report(ControlPhase::Executing, 0.7);
    let second = later(&rig, 2, 0.3, 0.2);
    assert!(rig.send(second).is_empty(), "the running goal goes on");
    rig
}

#[test]
fn the_running_goal_goes_on_and_is_preempted_when_the_next_begins() {
    let mut rig = two_goals();
    assert!(rig.motion.is_active(&[1; 16]) && rig.motion.is_active(&[2; 16]));
    assert!(rig.wait(0.25).is_empty());
    let events = rig.wait(0.1);
    assert!(matches!(&events[..], [Event::Aborted { code: -1, .. }]), "{events:?}");
    assert!(!rig.motion.is_active(&[1; 16]) && rig.motion.is_active(&[2; 16]));
    let out = rig.report(ControlPhase::Reached, 2.0);
    assert!(matches!(endings(&out)[..], [Event::Succeeded { .. }]));
}

#[test]
fn the_running_goal_succeeds_when_it_ends_before_the_next_begins() {
    let mut rig = two_goals();
    rig.state.phase = ControlPhase::Reached;
    assert!(matches!(rig.wait(0.02)[..], [Event::Succeeded { .. }]));
    assert!(rig.motion.is_active(&[2; 16]));
}

#[test]
fn a_goal_for_later_is_checked_from_where_the_running_one_will_be() {
    let mut rig = Rig::new();
    rig.send(goal(1, vec![point(2.0, 1.0)]));
    rig.report(ControlPhase::Executing, 0.7);
    // After 3 s the arm stands at 1.0: a start at 0.95 is near, one at 0.5 is far.
    let mut near = later(&rig, 2, 3.0, 0.5);
    near.trajectory.points.insert(0, point(0.0, 0.95));
    assert!(rig.send(near).is_empty());
    let mut far = later(&rig, 3, 3.0, 0.5);
    far.trajectory.points.insert(0, point(0.0, 0.5));
    let events = rig.send(far);
    assert!(matches!(&events[..], [Event::Aborted { .. }]), "{events:?}");
    assert!(rig.motion.is_active(&[2; 16]), "a refused goal disturbs nobody");
}

#[test]
fn a_goal_for_later_is_replaced_by_any_newer_one() {
    for now in [true, false] {
        let mut rig = two_goals();
        let third = if now { goal(3, vec![point(2.0, 0.1)]) } else { later(&rig, 3, 0.5, 0.1) };
        let aborted = rig.send(third).len();
        assert_eq!(aborted, if now { 2 } else { 1 });
        assert!(!rig.motion.is_active(&[2; 16]) && rig.motion.is_active(&[3; 16]));
    }
}

#[test]
fn a_goal_for_later_is_cancelled_at_once_and_the_running_one_goes_on() {
    let mut rig = two_goals();
    let out = rig.step(Inputs { cancels: vec![[2; 16]], ..Inputs::default() });
    assert!(matches!(endings(&out)[..], [Event::Canceled { .. }]));
    let stop = out.plan.unwrap();
    assert_eq!(stop.action, PlanAction::Stop);
    assert_ne!(stop.plan_id, rig.state.plan_id);
    assert!(rig.motion.is_active(&[1; 16]));
}

#[test]
fn disabling_the_arm_aborts_the_goal_for_later_too() {
    let mut rig = two_goals();
    rig.status.mode = ArmMode::Disabled;
    assert_eq!(rig.wait(0.03).len(), 2);
}

#[test]
fn deactivation_aborts_everything_and_stops_the_arm() {
    let mut rig = two_goals();
    let reason = Some("deactivated".to_owned());
    let out = rig.step(Inputs { give_up: reason, ..Inputs::default() });
    let events = endings(&out);
    assert!(events.iter().all(|e| matches!(e, Event::Aborted { code: -1, .. })), "{events:?}");
    assert_eq!(events.len(), 2);
    let plan = out.plan.unwrap();
    assert_eq!((plan.action, plan.plan_id), (PlanAction::Stop, rig.state.plan_id));
}

#[test]
fn a_trajectory_of_a_stream_replaces_another_in_silence_and_gives_way_to_every_goal() {
    let mut rig = Rig::new();
    let stream = |rig: &mut Rig| {
        let mut request = trajectory(vec![point(2.0, 0.1)]);
        request.yields = true;
        rig.step(Inputs { topic_trajectories: vec![request], ..Inputs::default() })
    };
    assert!(stream(&mut rig).plan.is_some());
    rig.report(ControlPhase::Executing, 0.1);
    let out = stream(&mut rig);
    assert!(out.plan.is_some() && out.log.is_empty(), "{:?}", out.log);
    rig.send(goal(1, vec![point(2.0, 0.5)]));
    let out = stream(&mut rig);
    assert!(out.plan.is_none() && rig.motion.is_active(&[1; 16]));
    assert!(out.log.iter().any(|line| line.text.contains("a goal is under way")));
}

#[test]
fn a_plan_that_was_lost_on_the_way_is_sent_again_as_it_was() {
    let mut rig = Rig::new();
    rig.send(goal(1, vec![point(2.0, 0.5)]));
    let sent = rig.plan.take().unwrap();
    rig.wait(0.3);
    assert_eq!(rig.plan.as_ref(), Some(&sent));
    rig.report(ControlPhase::Executing, 0.1);
    rig.plan = None;
    rig.wait(0.5);
    assert_eq!(rig.plan, None);
}

#[test]
fn a_query_reaches_into_the_goal_for_later() {
    let rig = two_goals();
    let stamp = rig.now().stamp;
    let there = rig.motion.query(stamp.shifted(2.2)).unwrap();
    assert!((there.position[0] - 0.2).abs() < 0.05, "{there:?}");
}

#[test]
fn a_dry_run_says_what_a_goal_would_be_told() {
    let mut rig = Rig::new();
    rig.status.mode = ArmMode::Stopped;
    rig.wait(0.02);
    let request = trajectory(vec![point(2.0, 0.5)]);
    let rejection = rig.motion.validate(&request, rig.now()).unwrap_err();
    let events = rig.send(goal(1, vec![point(2.0, 0.5)]));
    assert!(matches!(&events[..], [Event::Aborted { text, .. }] if *text == rejection.to_string()));
}
