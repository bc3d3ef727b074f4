//! Two arms side by side.

use collision::Checker;

use super::{HOME, LEFT, World, arm, at, config, joints, pose, refusal};
use crate::question::{Edit, RawShape};
use crate::{Code, Config, Planning};

/// Our arm at the origin of the shared frame, its neighbour 1.1 m to the left, looking at it.
fn two() -> World {
    let mut settings = crate::shared::Settings::default();
    settings.neighbour.joint_states = "/left/joint_states".to_owned();
    settings.neighbour.base = [0.0, 1.1, 0.0, 0.0, 0.0, -std::f64::consts::FRAC_PI_2];
    let config = Config { shared: settings, ..config() };
    let mut world = at(HOME);
    world.planning = Planning::new(config, arm(), 0).unwrap();
    world.control(vocabulary::plan::ControlPhase::Holding, HOME);
    world
}

fn names() -> Vec<String> {
    (1..=6).map(|n| format!("joint_{n}")).collect()
}

fn hear(world: &mut World, at: [f64; 6]) {
    world.planning.hear_neighbour(&names(), &at).unwrap();
    world.pass(0.06);
    let now = world.now();
    world.planning.watch_neighbour(now).unwrap();
}

/// We lean over to the neighbour.
const TO_IT: [f64; 6] = [1.57, 0.7, 0.2, 0.0, 0.5, 0.0];
/// The neighbour leans over to us, and back.
const OVER: [f64; 6] = [0.0, 0.9, 0.2, 0.0, 0.5, 0.0];
const BACK: [f64; 6] = [0.0, -1.2, 0.2, 0.0, 0.5, 0.0];

#[test]
fn nothing_is_planned_before_the_neighbour_was_heard() {
    let mut world = two();
    let (code, text) = refusal(world.plan(joints(LEFT), &[]));
    assert_eq!(code, Code::NoState);
    assert!(text.contains("/left/joint_states"), "{text}");
    hear(&mut world, BACK);
    assert!(world.plan(joints(LEFT), &[]).is_ok());
}

#[test]
fn a_neighbour_that_leans_over_is_in_the_way_until_it_leans_back() {
    let mut world = two();
    hear(&mut world, OVER);
    let (code, text) = refusal(world.plan(joints(TO_IT), &[]));
    assert_eq!(code, Code::GoalInCollision, "{text}");
    assert!(text.contains("'neighbour/link_"), "{text}");
    let before = world.planning.changes();
    hear(&mut world, BACK);
    assert!(world.planning.changes() > before);
    assert!(world.plan(joints(TO_IT), &[]).is_ok());
}

#[test]
fn both_arms_see_each_other_at_the_same_distance() {
    let mut ours = two();
    hear(&mut ours, OVER);
    // The other side of it: we are the neighbour.
    let mut settings = crate::shared::Settings {
        base: [0.0, 1.1, 0.0, 0.0, 0.0, -std::f64::consts::FRAC_PI_2],
        ..crate::shared::Settings::default()
    };
    settings.neighbour.joint_states = "/right/joint_states".to_owned();
    let config = Config { shared: settings, ..config() };
    let mut theirs = two();
    theirs.planning = Planning::new(config, arm(), 0).unwrap();
    hear(&mut theirs, TO_IT);
    let gap = |checker: &Checker, at: [f64; 6]| {
        let near = checker.near(&at, 2.0);
        near.into_iter().find(|near| near.second.starts_with("neighbour/")).unwrap().distance
    };
    let (a, b) = (gap(&ours.planning.checker, TO_IT), gap(&theirs.planning.checker, OVER));
    assert!((a - b).abs() < 1e-4, "{a} and {b}");
}

#[test]
fn the_shared_scene_is_seen_where_each_arm_stands_and_counts_as_a_whole() {
    let mut world = two();
    hear(&mut world, BACK);
    let ball = RawShape { kind: 0, dimensions: vec![0.1], ..RawShape::default() };
    let tip = world.planning.forward(&HOME, &[], world.now()).unwrap()[0].translation.vector;
    let object = ("ball".to_owned(), ball.clone(), pose(tip.into()));
    world.planning.hear_shared(&[object]).unwrap();
    let (_, text) = refusal(world.plan(joints(LEFT), &[]));
    assert!(text.contains("'shared/ball'"), "{text}");
    // A message that is wrong changes nothing.
    let wrong = ("box".to_owned(), RawShape { kind: 1, ..ball }, pose([0.0; 3]));
    let error = world.planning.hear_shared(&[wrong]).unwrap_err().to_string();
    assert!(error.contains("'box'"), "{error}");
    assert!(world.plan(joints(LEFT), &[]).is_err());
    world.planning.hear_shared(&[]).unwrap();
    assert!(world.plan(joints(LEFT), &[]).is_ok());
}

#[test]
fn joint_states_without_a_joint_or_a_number_are_refused_by_name() {
    let mut world = two();
    let told = |world: &mut World, names: &[String], at: &[f64]| {
        world.planning.hear_neighbour(names, at).unwrap_err().to_string()
    };
    assert!(told(&mut world, &names()[..5], &[0.0; 5]).contains("joint_6"));
    assert!(told(&mut world, &names(), &[0.0, f64::NAN, 0.0, 0.0, 0.0, 0.0]).contains("joint_2"));
    assert!(world.planning.surroundings().is_err());
}

#[test]
fn names_of_what_is_shared_are_not_free_for_other_objects() {
    let mut world = at(HOME);
    let ball = RawShape { kind: 0, dimensions: vec![0.1], ..RawShape::default() };
    for name in ["shared/ball", "neighbour/ball"] {
        let add = Edit::Add(name.to_owned(), ball.clone(), pose([1.0, 1.0, 1.0]));
        assert!(world.edit(&add).unwrap_err().to_string().contains(name));
    }
    assert_eq!(world.planning.scene().objects().len(), 1, "the floor alone");
}
