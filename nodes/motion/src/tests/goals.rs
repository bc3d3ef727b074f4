//! What becomes of goals.

use super::{CONTROL_BOOT, Rig, endings, goal, point, trajectory};
use crate::{Config, Event, Inputs, code};
use vocabulary::arm::{ArmMode, ArmState, Freshness};
use vocabulary::command::DriverState;
use vocabulary::plan::{ControlPhase, PlanAction, Violation};
use vocabulary::time::Stamp;

fn aborted(events: &[Event]) -> (i32, String) {
    match events {
        [Event::Aborted { code, text }] => (*code, text.clone()),
        other => panic!("{other:?}"),
    }
}

fn driving() -> Rig {
    let mut rig = Rig::new();
    rig.send(goal(1, vec![point(2.0, 0.5)]));
    rig.report(ControlPhase::Executing, 0.7);
    rig
}

#[test]
fn a_valid_goal_is_accepted_planned_and_succeeds_when_control_reached_it() {
    let mut rig = Rig::new();
    let out = rig.step(Inputs { goals: vec![goal(1, vec![point(2.0, 0.5)])], ..Inputs::default() });
    assert_eq!(out.goal_events[0].event, Event::Accepted);
    let plan = out.plan.unwrap();
    assert_eq!((plan.revision, plan.permit, plan.action), (0, 3, PlanAction::Execute));
    assert_ne!(plan.plan_id, 0);
    let out = rig.report(ControlPhase::Executing, 0.5);
    assert!(matches!(out.goal_events[0].event, Event::Feedback(_)));
    let out = rig.report(ControlPhase::Reached, 2.0);
    assert!(matches!(endings(&out)[..], [Event::Succeeded { .. }]));
    assert!(!rig.motion.is_active(&[1; 16]));
}

#[test]
fn a_controller_that_joins_without_lease_refuses_nothing_while_the_holder_is_heard() {
    let mut rig = Rig::new();
    rig.state.epoch = 4;
    rig.idle();
    rig.newcomer();
    let held = rig.motion.control_state().unwrap();
    assert_eq!((held.boot_id, held.epoch), (CONTROL_BOOT, 4));
    for _ in 0..60 {
        rig.newcomer();
    }
    assert_eq!(rig.motion.control_state().unwrap().boot_id, 77, "the holder is silent");
}

#[test]
fn a_plan_says_the_newest_epoch_that_was_heard() {
    let mut rig = Rig::new();
    rig.state.epoch = 4;
    rig.idle();
    // A claim is under way: nobody holds.
    rig.state.epoch = 0;
    rig.send(goal(1, vec![point(2.0, 0.5)]));
    assert_eq!(rig.plan.unwrap().issued.epoch, 4);
}

/// Control was replaced by one that knows nothing, in the instant in which the goal came.
#[test]
fn a_goal_that_crossed_a_change_of_control_is_issued_once_more() {
    let mut rig = Rig::new();
    rig.send(goal(1, vec![point(2.0, 0.5)]));
    rig.state.epoch = 2;
    rig.report(ControlPhase::Paused, 0.0);
    let plan = rig.plan.clone().unwrap();
    assert_eq!((plan.revision, plan.issued.epoch, plan.action), (1, 2, PlanAction::Execute));
    rig.state.epoch = 3;
    rig.report(ControlPhase::Paused, 0.0);
    assert_eq!(rig.plan.unwrap().revision, 1, "issued again without end");
}

#[test]
fn what_moved_or_has_waited_is_not_issued_again_when_control_changes() {
    let mut moved = driving();
    moved.state.epoch = 2;
    moved.report(ControlPhase::Paused, 0.7);
    assert_eq!(moved.plan.unwrap().revision, 0);
    let mut waited = Rig::new();
    waited.send(goal(1, vec![point(2.0, 0.5)]));
    waited.report(ControlPhase::Paused, 0.0);
    waited.wait(0.6);
    waited.state.epoch = 2;
    waited.report(ControlPhase::Paused, 0.0);
    assert_eq!(waited.plan.unwrap().revision, 0);
}

#[test]
fn feedback_comes_at_the_monitor_rate() {
    let mut rig = driving();
    let count: usize = (0..100).map(|_| rig.idle().goal_events.len()).sum();
    assert!((19..=21).contains(&count), "{count}");
}

#[test]
fn an_invalid_goal_is_accepted_then_aborted_with_the_reason_and_disturbs_nobody() {
    let mut rig = driving();
    let mut bad = goal(2, vec![point(2.0, 0.5)]);
    bad.trajectory.points[0].positions[3] = f64::NAN;
    let (code, text) = aborted(&rig.send(bad));
    assert_eq!(code, code::INVALID_GOAL);
    assert_eq!(text, "point 0: positions of joint_4 is NaN, it must be finite");
    assert!(rig.motion.is_active(&[1; 16]));
}

#[test]
fn a_new_goal_preempts_the_old_one() {
    let mut rig = driving();
    let out = rig.step(Inputs { goals: vec![goal(2, vec![point(2.0, 0.2)])], ..Inputs::default() });
    let (code, text) = aborted(&endings(&out));
    assert_eq!((code, text.as_str()), (-1, "Current goal preempted by new incoming action."));
    assert!(rig.motion.is_active(&[2; 16]));
    assert_eq!(out.plan.unwrap().action, PlanAction::Execute);
}

#[test]
fn a_trajectory_by_topic_aborts_the_goal_with_the_reason() {
    let mut rig = driving();
    let topic = vec![trajectory(vec![point(2.0, 0.2)])];
    let out = rig.step(Inputs { topic_trajectories: topic, ..Inputs::default() });
    let (code, text) = aborted(&endings(&out));
    assert_eq!(code, -1);
    assert!(text.contains("topic"), "{text}");
    assert!(out.plan.is_some());
}

#[test]
fn an_invalid_trajectory_by_topic_is_logged_and_disturbs_nobody() {
    let mut rig = driving();
    let topic = vec![trajectory(vec![])];
    let out = rig.step(Inputs { topic_trajectories: topic, ..Inputs::default() });
    assert!(out.log[0].text.contains("no points"));
    assert!(out.plan.is_none() && rig.motion.is_active(&[1; 16]));
}

#[test]
fn a_cancelled_goal_stops_the_arm_and_is_cancelled_when_it_stands() {
    let mut rig = driving();
    let out = rig.step(Inputs { cancels: vec![[1; 16]], ..Inputs::default() });
    let plan = out.plan.unwrap();
    assert_eq!((plan.action, plan.revision), (PlanAction::Stop, 1));
    assert!(endings(&rig.report(ControlPhase::Stopping, 0.8)).is_empty());
    let out = rig.report(ControlPhase::Holding, 0.9);
    assert!(matches!(endings(&out)[..], [Event::Canceled { .. }]));
    assert!(out.plan.is_none());
}

#[test]
fn a_cancelled_goal_ends_even_when_control_is_dead() {
    let mut rig = driving();
    rig.control_lives = false;
    rig.step(Inputs { cancels: vec![[1; 16]], ..Inputs::default() });
    assert!(matches!(rig.wait(3.5)[..], [Event::Canceled { .. }]));
}

#[test]
fn a_cancel_of_somebody_else_changes_nothing() {
    let mut rig = driving();
    let out = rig.step(Inputs { cancels: vec![[9; 16]], ..Inputs::default() });
    assert!(out.plan.is_none());
}

#[test]
fn a_broken_tolerance_aborts_with_joint_and_amount_and_stops() {
    for (at_goal, code) in [(false, -4), (true, -5)] {
        let mut rig = driving();
        rig.state.violation = Some(Violation {
            joint: 2,
            at_goal,
            velocity: false,
            error: 0.123,
            limit: 0.1,
            path_time: 0.7,
        });
        let out = rig.report(ControlPhase::Stopping, 0.7);
        let (found, text) = aborted(&endings(&out));
        assert_eq!(found, code);
        assert!(text.contains("joint_3") && text.contains("0.12300 rad"), "{text}");
        assert_eq!(out.plan.unwrap().action, PlanAction::Stop);
    }
}

#[test]
fn a_paused_goal_goes_on_with_a_new_permit_from_where_it_stopped() {
    let mut rig = driving();
    rig.status.mode = ArmMode::Stopped;
    rig.report(ControlPhase::Stopping, 0.8);
    rig.report(ControlPhase::Paused, 0.9);
    assert!(rig.wait(5.0).is_empty());
    rig.status.mode = ArmMode::Enabled;
    assert!(rig.idle().plan.is_none(), "the same permit is no yes");
    rig.status.permit = 4;
    let plan = rig.idle().plan.unwrap();
    assert_eq!((plan.revision, plan.permit, plan.from_path_time), (1, 4, 0.9));
    assert_eq!(plan.action, PlanAction::Execute);
    assert!(rig.idle().plan.is_none());
    rig.report(ControlPhase::Blending, 0.9);
    rig.report(ControlPhase::Executing, 1.2);
    assert!(matches!(
        endings(&rig.report(ControlPhase::Reached, 2.0))[..],
        [Event::Succeeded { .. }]
    ));
}

#[test]
fn a_goal_goes_on_with_a_restarted_control_from_where_the_old_one_was_last_seen() {
    let mut rig = driving();
    rig.control_lives = false;
    rig.wait(1.0);
    rig.control_lives = true;
    rig.state.boot_id = CONTROL_BOOT + 1;
    rig.report(ControlPhase::Paused, 0.0);
    rig.status.permit = 4;
    assert_eq!(rig.idle().plan.unwrap().from_path_time, 0.7);
}

#[test]
fn a_goal_goes_on_with_a_control_that_has_never_heard_of_it() {
    let mut rig = driving();
    rig.state.boot_id = CONTROL_BOOT + 1;
    (rig.state.plan_id, rig.state.phase) = (0, ControlPhase::Holding);
    rig.idle();
    rig.status.permit = 4;
    assert_eq!(rig.idle().plan.unwrap().from_path_time, 0.7);
}

#[test]
fn a_goal_issued_again_names_its_start_so_that_every_control_draws_the_same_path() {
    let mut rig = driving();
    let before = rig.plan.clone().unwrap().waypoints;
    rig.report(ControlPhase::Paused, 0.9);
    rig.status.permit = 4;
    let again = rig.idle().plan.unwrap().waypoints;
    assert_eq!((again[0].time, &again[1..]), (0.0, &before[..]));
}

#[test]
fn a_goal_waits_for_an_inactive_control_to_become_active() {
    let mut rig = driving();
    rig.state.boot_id = CONTROL_BOOT + 1;
    (rig.state.plan_id, rig.state.phase) = (0, ControlPhase::Inactive);
    rig.idle();
    rig.status.permit = 4;
    assert!(rig.idle().plan.is_none());
    rig.state.phase = ControlPhase::Holding;
    assert!(rig.idle().plan.is_some());
}

#[test]
fn a_pause_is_logged_once_and_a_passing_one_not_at_all() {
    let mut rig = driving();
    rig.state.reason = "the arm is stopped".to_owned();
    assert!(rig.report(ControlPhase::Paused, 0.9).log.is_empty());
    let lines: usize = (0..200).map(|_| rig.idle().log.len()).sum();
    assert_eq!(lines, 1);
}

#[test]
fn a_goal_paused_too_long_is_aborted_with_the_reason() {
    let mut rig = Rig::with(Config { resume_timeout: 1.0, ..Config::default() });
    rig.send(goal(1, vec![point(2.0, 0.5)]));
    rig.state.reason = "joint_5 is silent for 13 ms".to_owned();
    rig.report(ControlPhase::Paused, 0.9);
    let (_, text) = aborted(&rig.wait(1.2));
    assert!(text.contains("joint_5 is silent"), "{text}");
    assert_eq!(rig.plan.as_ref().unwrap().action, PlanAction::Stop);
}

#[test]
fn disabling_the_arm_aborts_the_goal() {
    let mut rig = driving();
    rig.status.mode = ArmMode::Disabled;
    let (code, text) = aborted(&endings(&rig.idle()));
    assert_eq!((code, text.as_str()), (-1, "the arm was disabled"));
}

#[test]
fn an_arm_that_cannot_move_says_why_and_what_to_do() {
    let cases = [
        (ArmMode::Disabled, "call arm/enable"),
        (ArmMode::Stopped, "call arm/resume"),
        (ArmMode::Hold, "call arm/resume"),
    ];
    for (mode, hint) in cases {
        let mut rig = Rig::new();
        rig.status.mode = mode;
        let (code, text) = aborted(&rig.send(goal(1, vec![point(2.0, 0.5)])));
        assert!(code == -1 && text.contains(hint), "{text}");
        assert!(rig.plan.is_none());
    }
}

#[test]
fn a_blocked_joint_refuses_a_goal_by_name() {
    let mut rig = Rig::new();
    let mut arm = ArmState {
        freshness: [Freshness::Fresh; 6],
        driver: [DriverState::Following; 6],
        ..ArmState::default()
    };
    arm.driver[4] = DriverState::Blocked;
    rig.step(Inputs { arm_state: Some(arm), ..Inputs::default() });
    let (_, text) = aborted(&rig.send(goal(1, vec![point(2.0, 0.5)])));
    assert!(text.contains("joint_5 is blocked"), "{text}");
}

#[test]
fn a_silent_control_refuses_goals() {
    let mut rig = Rig::new();
    rig.control_lives = false;
    rig.wait(0.6);
    let (_, text) = aborted(&rig.send(goal(1, vec![point(2.0, 0.5)])));
    assert!(text.contains("control is silent"), "{text}");
}

#[test]
fn plan_ids_rise_and_differ_between_processes() {
    let mut rig = driving();
    let first = rig.plan.as_ref().unwrap().plan_id;
    rig.send(goal(2, vec![point(2.0, 0.2)]));
    assert_eq!(rig.plan.as_ref().unwrap().plan_id, first + 1);
    assert_eq!(first >> 20, 0xABCD_EF01_2345_6789 >> 20);
}

#[test]
fn a_query_answers_within_the_trajectory_only() {
    let rig = driving();
    let stamp = rig.state.stamp;
    let there = rig.motion.query(stamp.shifted(0.3)).unwrap();
    assert!((there.position[0] - 0.25).abs() < 1e-6, "{there:?}");
    assert_eq!(rig.motion.query(stamp.shifted(9.0)), None);
    assert_eq!(rig.motion.query(Stamp(0)), None);
    assert_eq!(Rig::new().motion.query(stamp), None);
}
