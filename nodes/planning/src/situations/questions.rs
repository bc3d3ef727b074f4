//! Motions, places and poses that are asked for.

use super::{HOME, LEFT, at, down, forward, joints, pose, refusal, to_pose};
use crate::question::{Edit, FramedPose, IkAsk, RawShape, Settings, Target};
use crate::{Code, Inputs};

#[test]
fn a_motion_starts_where_the_arm_stands_and_goes_round_the_post() {
    let mut world = at(HOME);
    world.post();
    let motion = world.plan(joints(LEFT), &[]).unwrap();
    assert_eq!(motion.timed.sample(0.0).position, HOME);
    assert!(motion.waypoints.len() > 2);
    assert_eq!(world.touches(&motion), None);
}

#[test]
fn names_in_another_order_mean_their_joints() {
    let world = at(HOME);
    let names = ["joint_6", "joint_5", "joint_4", "joint_3", "joint_2", "joint_1"];
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let positions: Vec<f64> = LEFT.iter().rev().copied().collect();
    let target = Target::Joints { names: names.clone(), positions: positions.clone() };
    let end = world.plan(target, &[]).unwrap().timed.sample(f64::INFINITY).position;
    assert!(end.iter().zip(LEFT).all(|(end, goal)| (end - goal).abs() < 1e-9));
    let mut twice = names;
    twice[0] = "joint_5".to_owned();
    let (code, text) = refusal(world.plan(Target::Joints { names: twice, positions }, &[]));
    assert_eq!(code, Code::BadRequest);
    assert!(
        text.contains("joint_1") || text.contains("joint_5") || text.contains("joint_6"),
        "{text}"
    );
}

#[test]
fn a_pose_in_a_link_is_meant_as_the_arm_stands_at_the_start() {
    let world = at(HOME);
    let mut forward = pose([0.0, 0.0, -0.05]);
    forward.frame = "tool0".into();
    let motion = world.plan(Target::Line(forward), &[]).unwrap();
    let end = motion.timed.sample(f64::INFINITY).position;
    let tips = |at: [f64; 6]| world.planning.forward(&at, &[], world.now()).unwrap()[0];
    let moved = tips(HOME).inverse() * tips(end);
    assert!((moved.translation.vector.z + 0.05).abs() < 1e-4, "{moved}");
    let mut strange = pose([0.3, 0.0, 0.3]);
    strange.frame = "camera".into();
    let (code, text) = refusal(world.plan(to_pose(strange), &[]));
    assert_eq!(code, Code::BadRequest);
    assert!(text.contains("camera") && text.contains("base_link"), "{text}");
}

#[test]
fn a_goal_in_the_floor_is_refused_with_link_and_depth() {
    let world = at(HOME);
    let (code, text) = refusal(world.plan(to_pose(down([0.45, 0.0, -0.05])), &[]));
    assert_eq!(code, Code::GoalInCollision, "{text}");
    assert!(text.contains("mm deep in 'floor'"), "{text}");
}

#[test]
fn bad_input_is_refused_by_name_and_number() {
    let world = at(HOME);
    let told = |target, start: &[f64], settings| refusal(world.plan_with(target, start, settings));
    let usual = Settings::default();
    let mut nan = LEFT;
    nan[3] = f64::NAN;
    let cases = [
        (told(joints(nan), &[], usual), Code::BadRequest, "joint_4"),
        (told(joints(LEFT), &nan, usual), Code::BadRequest, "joint_4"),
        (
            told(joints([0.0, 0.0, 9.0, 0.0, 0.0, 0.0]), &[], usual),
            Code::GoalOutsideLimits,
            "joint_3",
        ),
        (told(to_pose(FramedPose::default()), &[], usual), Code::BadRequest, "quaternion"),
        (told(to_pose(pose([f64::NAN, 0.0, 0.0])), &[], usual), Code::BadRequest, "NaN"),
        (told(to_pose(pose([5.0, 0.0, 0.3])), &[], usual), Code::GoalUnreachable, "out of reach"),
        (told(joints(LEFT), &[0.0; 5], usual), Code::BadRequest, "5 numbers"),
        (told(Target::Unknown(9), &[], usual), Code::BadRequest, "9"),
        (told(joints(LEFT), &[], Settings { speed: 0.0, ..usual }), Code::BadRequest, "speed is 0"),
        (
            told(joints(LEFT), &[], Settings { allowed_time: f64::NAN, ..usual }),
            Code::BadRequest,
            "allowed_time is NaN",
        ),
        (
            told(joints(LEFT), &[], Settings { accuracy: -1.0, ..usual }),
            Code::BadRequest,
            "accuracy is -1",
        ),
        (told(joints(HOME), &[], usual), Code::AlreadyThere, "already"),
    ];
    for ((code, text), expected, part) in cases {
        assert_eq!(code, expected, "{text}");
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_start_in_an_object_is_told_which_and_how_deep() {
    let mut world = at(HOME);
    let here = world.planning.forward(&HOME, &[], world.now()).unwrap()[0].translation.vector;
    let shape = RawShape { kind: 0, dimensions: vec![0.1], ..RawShape::default() };
    world.edit(&Edit::Add("ball".into(), shape, pose(here.into()))).unwrap();
    let (code, text) = refusal(world.plan(joints(LEFT), &[]));
    assert_eq!(code, Code::StartInCollision);
    assert!(
        text.starts_with("the start is in collision") && text.contains("deep in 'ball'"),
        "{text}"
    );
}

#[test]
fn an_arm_of_which_nothing_is_heard_needs_a_start() {
    let mut world = at(HOME);
    world.pass(0.6);
    let (code, text) = refusal(world.plan(joints(LEFT), &[]));
    assert_eq!(code, Code::NoState);
    assert!(text.contains("0.6 s"), "{text}");
    assert!(world.plan(joints(LEFT), &HOME).is_ok());
}

#[test]
fn all_ways_to_a_pose_reach_it_and_those_in_collision_can_be_left_out() {
    let mut world = at(HOME);
    let mut ask = IkAsk { pose: forward([0.6, 0.1, 0.1]), ..IkAsk::default() };
    let all = world.planning.inverse(&ask, world.now()).unwrap();
    assert!(all.len() > 1, "the wrist can be turned over");
    for answer in &all {
        let tip = world.planning.forward(&answer.positions, &[], world.now()).unwrap()[0];
        let off = tip.translation.vector - nalgebra::Vector3::new(0.6, 0.1, 0.1);
        assert!(off.norm() < 1e-9, "{off}");
    }
    // A lamp on the forearm, and a ball where it is in the nearest way of standing there.
    let ball = RawShape { kind: 0, dimensions: vec![0.02], ..RawShape::default() };
    let attach = Edit::Attach {
        name: "lamp".into(),
        shape: ball.clone(),
        pose: pose([0.0, 0.0, 0.2]),
        link: "link_4".into(),
        touch: vec![],
    };
    world.edit(&attach).unwrap();
    let forearm =
        world.planning.forward(&all[0].positions, &["link_4".into()], world.now()).unwrap()[0];
    let place = forearm * nalgebra::Point3::new(0.0, 0.0, 0.2);
    world.edit(&Edit::Add("ball".into(), ball, pose(place.coords.into()))).unwrap();
    ask.avoid_collisions = true;
    let free = world.planning.inverse(&ask, world.now()).unwrap();
    assert!(free.len() < all.len() && !free.is_empty(), "{} of {}", free.len(), all.len());
    assert!(free.iter().all(|answer| answer.verdict.free));
    let contact = world.planning.check(&all[0].positions, world.now()).1.unwrap();
    assert_eq!((contact.first.as_str(), contact.second.as_str()), ("lamp", "ball"));
}

#[test]
fn thermal_takes_torque_and_forbids_motion() {
    let mut world = at(HOME);
    let free = world.plan(joints(LEFT), &[]).unwrap().timed.duration();
    let mut derating = vocabulary::arm::Derating {
        stamp: vocabulary::time::Stamp(0),
        boot_id: 1,
        stop: false,
        torque: [0.05, 1.0, 1.0, 1.0, 1.0, 1.0],
        speed: 1.0,
    };
    world.planning.hear(&Inputs { derating: Some(derating), ..Inputs::default() });
    let weak = world.plan(joints(LEFT), &[]).unwrap().timed.duration();
    assert!(weak > 1.01 * free, "{weak} s after {free} s");
    derating.stop = true;
    world.planning.hear(&Inputs { derating: Some(derating), ..Inputs::default() });
    assert_eq!(refusal(world.plan(joints(LEFT), &[])).0, Code::NotTimeable);
}
