//! Goals of `move_to`.

use vocabulary::plan::ControlPhase;

use super::{HOME, LEFT, World, at, joints, pose};
use crate::mover::{Event, Finish, Goal, GoalId, News, Order};
use crate::question::{Edit, RawShape, Settings, Target};
use crate::{Code, Driven};

const ID: GoalId = [1; 16];
const OTHER: GoalId = [2; 16];

fn to(target: Target) -> Goal {
    Goal { target, settings: Settings::default(), preview: 0.0, plan_only: false }
}

fn finished(orders: Vec<Order>) -> Option<(GoalId, Finish)> {
    orders.into_iter().find_map(|order| match order {
        Order::Finish(id, finish) => Some((id, finish)),
        _ => None,
    })
}

fn driven(orders: Vec<Order>) -> Option<Driven> {
    orders.into_iter().find_map(|order| match order {
        Order::Drive(motion) => Some(*motion),
        _ => None,
    })
}

/// A job under way, 0.3 s into its motion.
fn under_way(world: &mut World) -> Driven {
    let motion = driven(world.step(vec![Event::Goal(ID, to(joints(LEFT)))])).unwrap();
    world.pass(0.3);
    world.control(ControlPhase::Executing, motion.timed.sample(0.3).position);
    let news = [News::Accepted, News::At(0.3)].map(Event::Trajectory);
    assert!(finished(world.step(news.into())).is_none());
    motion
}

#[test]
fn a_job_is_shown_driven_and_answered_once() {
    let mut world = at(HOME);
    under_way(&mut world);
    world.control(ControlPhase::Reached, LEFT);
    let ended = News::Ended { reached: true, text: String::new() };
    let (id, finish) = finished(world.step(vec![Event::Trajectory(ended)])).unwrap();
    assert!(id == ID && finish.outcome.is_ok() && finish.positions == LEFT);
    assert!(finish.duration > 0.5);
    assert!(!world.mover.is_busy());
}

#[test]
fn a_preview_is_over_before_the_arm_moves() {
    let mut world = at(HOME);
    let goal = Goal { preview: 1.0, ..to(joints(LEFT)) };
    let orders = world.step(vec![Event::Goal(ID, goal)]);
    assert!(orders.iter().any(|order| matches!(order, Order::Preview(_))));
    assert!(driven(orders).is_none());
    world.pass(0.9);
    assert!(driven(world.step(vec![])).is_none());
    world.pass(0.2);
    assert!(driven(world.step(vec![])).is_some());
}

#[test]
fn a_plan_only_goal_moves_nothing_and_tells_how_long_it_would_take() {
    let mut world = at(HOME);
    let goal = Goal { plan_only: true, ..to(joints(LEFT)) };
    let orders = world.step(vec![Event::Goal(ID, goal)]);
    assert!(!orders.iter().any(|order| matches!(order, Order::Drive(_))));
    let (_, finish) = finished(orders).unwrap();
    assert!(finish.outcome.is_ok() && finish.duration > 0.5);
}

#[test]
fn a_second_goal_and_one_of_a_moving_arm_are_refused() {
    let mut world = at(HOME);
    under_way(&mut world);
    let (id, finish) = finished(world.step(vec![Event::Goal(OTHER, to(joints(HOME)))])).unwrap();
    assert_eq!((id, finish.outcome.unwrap_err().code()), (OTHER, Code::Busy));
    let mut world = at(HOME);
    world.plan_id = 77;
    world.control(ControlPhase::Executing, HOME);
    let (_, finish) = finished(world.step(vec![Event::Goal(ID, to(joints(LEFT)))])).unwrap();
    let error = finish.outcome.unwrap_err();
    assert!(error.code() == Code::Busy && error.to_string().contains("plan 77"), "{error}");
}

#[test]
fn a_cancelled_job_ends_when_the_arm_stands() {
    let mut world = at(HOME);
    let motion = under_way(&mut world);
    let orders = world.step(vec![Event::Cancel(ID)]);
    assert!(orders.iter().any(|order| matches!(order, Order::AnswerCancel(ID, true))));
    assert!(orders.iter().any(|order| matches!(order, Order::Stop)));
    assert!(finished(orders).is_none());
    world.control(ControlPhase::Stopping, motion.timed.sample(0.35).position);
    let ended = News::Ended { reached: false, text: "stopped".into() };
    assert!(finished(world.step(vec![Event::Trajectory(ended)])).is_none());
    let rest = motion.timed.sample(0.4).position;
    world.control(ControlPhase::Paused, rest);
    let (_, finish) = finished(world.step(vec![])).unwrap();
    assert_eq!(finish.outcome.unwrap_err().code(), Code::Canceled);
    assert_eq!(finish.positions, rest);
    let orders = world.step(vec![Event::Cancel(ID)]);
    assert!(orders.iter().any(|order| matches!(order, Order::AnswerCancel(ID, false))));
}

#[test]
fn something_that_comes_in_the_way_is_gone_round_once() {
    let mut world = at(HOME);
    let motion = under_way(&mut world);
    world.post();
    let orders = world.step(vec![]);
    assert!(orders.iter().any(|order| matches!(order, Order::Stop)), "the way leads through it");
    let rest = motion.timed.sample(0.35).position;
    world.control(ControlPhase::Paused, rest);
    let ended = News::Ended { reached: false, text: "stopped".into() };
    world.step(vec![Event::Trajectory(ended)]);
    let second = driven(world.step(vec![])).unwrap();
    assert_eq!(second.timed.sample(0.0).position, rest);
    assert_eq!(world.touches(&second), None);
    world.control(ControlPhase::Reached, LEFT);
    let ended = News::Ended { reached: true, text: String::new() };
    let (_, finish) = finished(world.step(vec![Event::Trajectory(ended)])).unwrap();
    assert!(finish.outcome.is_ok() && finish.replanned == 1);
}

#[test]
fn something_that_comes_beside_the_way_changes_nothing() {
    let mut world = at(HOME);
    under_way(&mut world);
    let shape = RawShape { kind: 0, dimensions: vec![0.05], ..RawShape::default() };
    world.edit(&Edit::Add("ball".into(), shape, pose([-0.6, 0.0, 0.5]))).unwrap();
    assert!(!world.step(vec![]).iter().any(|order| matches!(order, Order::Stop)));
}

#[test]
fn a_silent_trajectory_controller_ends_the_job() {
    let mut world = at(HOME);
    world.step(vec![Event::Goal(ID, to(joints(LEFT)))]);
    world.pass(1.9);
    assert!(finished(world.step(vec![])).is_none());
    world.pass(0.2);
    let (_, finish) = finished(world.step(vec![])).unwrap();
    let error = finish.outcome.unwrap_err();
    assert_eq!(error.code(), Code::ExecutionFailed);
    assert!(error.to_string().contains("silent"), "{error}");
}

#[test]
fn the_end_of_an_earlier_trajectory_does_not_end_a_job_that_is_shown() {
    let mut world = at(HOME);
    world.step(vec![Event::Goal(ID, Goal { preview: 5.0, ..to(joints(LEFT)) })]);
    let late = Event::Trajectory(News::Ended { reached: true, text: String::new() });
    assert!(finished(world.step(vec![late])).is_none());
    assert!(world.mover.is_busy());
}

#[test]
fn a_refused_trajectory_is_told_in_the_controllers_words() {
    let mut world = at(HOME);
    world.step(vec![Event::Goal(ID, to(joints(LEFT)))]);
    let text = "it is disabled, call arm/enable (-1)".to_owned();
    let ended = Event::Trajectory(News::Ended { reached: false, text });
    let (_, finish) = finished(world.step(vec![ended])).unwrap();
    let text = finish.outcome.unwrap_err().to_string();
    assert!(text.contains("arm/enable"), "{text}");
}

#[test]
fn a_deactivated_node_stops_the_arm_and_gives_the_job_up() {
    let mut world = at(HOME);
    under_way(&mut world);
    assert!(world.step(vec![Event::GiveUp]).iter().any(|order| matches!(order, Order::Stop)));
    assert!(!world.step(vec![Event::GiveUp]).iter().any(|order| matches!(order, Order::Stop)));
    world.control(ControlPhase::Paused, HOME);
    world.step(vec![Event::Trajectory(News::Ended { reached: false, text: String::new() })]);
    assert!(!world.mover.is_busy());
}
