//! Motions of the reference arm among obstacles: judged by the trajectory service's rules and by the
//! true geometry; and the reasons when there is none.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test

mod support;

use arm_model::cartesian::Segment;
use arm_model::{JointVector, Pose};
use collision::Truth;
use planner::{MotionError, PlanError, Request, Target, Tolerance, Which};
use proptest::prelude::*;
use support::{HOME, LEFT, World, judge, lowered, post, table};

fn request(seed: u64) -> Request {
    let mut request = Request::default();
    request.search.seed = seed;
    request.simplification.seed = seed;
    request
}

/// A configuration of the arm from shares of its ranges.
fn configuration(world: &World, shares: [f64; 6]) -> [f64; 6] {
    let limits = world.ik.arm().limits();
    std::array::from_fn(|j| limits[j].lower + shares[j] * (limits[j].upper - limits[j].lower))
}

/// Whether a motion touches anything in truth, every few milliseconds.
fn touches(world: &World, motion: &planner::Motion<6>) -> Option<(String, String)> {
    let truth = Truth::new(world.checker.robot(), &world.scene);
    let steps = (motion.timed.duration() / 0.008).ceil();
    let at = |k: usize| motion.timed.sample(motion.timed.duration() * k as f64 / steps).position;
    (0..=steps as usize).find_map(|k| truth.collision(&at(k)))
}

/// Whether a motion ends where it should, but for the rounding of adding up its corners.
fn ends_at(motion: &planner::Motion<6>, goal: &[f64; 6]) -> bool {
    let end = motion.timed.sample(f64::INFINITY).position;
    end.iter().zip(goal).all(|(end, goal)| (end - goal).abs() < 1e-12)
}

#[test]
fn a_motion_around_a_post_is_free_in_truth_and_taken_by_the_trajectory_service() {
    let world = World::of(post());
    let motion = world.plan(&HOME, &Target::Joints(&[LEFT]), &request(0)).unwrap();
    assert!(motion.waypoints.len() > 2, "the straight way leads through the post");
    assert!(motion.costs[1] <= motion.costs[0]);
    assert_eq!(touches(&world, &motion), None);
    assert!(ends_at(&motion, &LEFT));
    judge(&world, &motion.timed);
}

#[test]
fn the_same_seed_gives_the_same_motion_to_the_bit() {
    let world = World::of(post());
    let plan = |seed| world.plan(&HOME, &Target::Joints(&[LEFT]), &request(seed)).unwrap().timed;
    assert_eq!(plan(7), plan(7));
    assert_ne!(plan(7), plan(8));
}

#[test]
fn any_of_several_goals_will_do_and_the_one_in_the_table_is_left_out() {
    let world = World::of(table());
    let motion = world.plan(&HOME, &Target::Joints(&[lowered(), LEFT]), &request(0)).unwrap();
    assert!(ends_at(&motion, &LEFT));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn motions_between_any_places_are_free_in_truth_and_taken(
        from in prop::array::uniform6(0.0..=1.0), to in prop::array::uniform6(0.0..=1.0),
        seed in any::<u64>(),
    ) {
        let world = World::of(table());
        let (from, to) = (configuration(&world, from), configuration(&world, to));
        let mut request = request(seed);
        request.search.iterations = 20_000;
        match world.plan(&from, &Target::Joints(&[to]), &request) {
            Ok(motion) => {
                prop_assert_eq!(touches(&world, &motion), None);
                prop_assert_eq!(motion.timed.sample(0.0).position, from);
                prop_assert!(ends_at(&motion, &to));
                judge(&world, &motion.timed);
            }
            Err(MotionError::Plan(PlanError::InCollision { contact, .. })) => {
                prop_assert!(contact.distance < 1e-4, "{}", contact);
            }
            Err(MotionError::Plan(
                PlanError::Unreachable { .. } | PlanError::Enclosed { .. }
            )) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}

#[test]
fn a_pose_is_reached_in_any_way_of_standing_there() {
    let world = World::of(post());
    let pose = world.ik.arm().forward_kinematics(&JointVector::from(LEFT));
    let target = Target::Pose(pose, Tolerance::default());
    let motion = world.plan(&HOME, &target, &request(0)).unwrap();
    let end = JointVector::from(motion.timed.sample(f64::INFINITY).position);
    let off = world.ik.arm().forward_kinematics(&end).inv_mul(&pose);
    assert!(off.translation.vector.norm() < 1e-8 && off.rotation.angle() < 1e-8, "{off}");
    assert_eq!(touches(&world, &motion), None);
}

#[test]
fn a_pose_in_the_table_is_reached_within_its_tolerance_or_not_at_all() {
    let world = World::of(table());
    let pose = world.ik.arm().forward_kinematics(&JointVector::from(lowered()));
    let refusal =
        world.plan(&HOME, &Target::Pose(pose, Tolerance::default()), &request(0)).unwrap_err();
    let MotionError::Plan(PlanError::InCollision { which, contact }) = &refusal else {
        unreachable!("{refusal}")
    };
    assert!(matches!(which, Which::Goal(_)) && contact.second == "table", "{refusal}");
    let wide = Tolerance { position: 0.4, rotation: 0.5 };
    let motion = world.plan(&HOME, &Target::Pose(pose, wide), &request(0)).unwrap();
    let end = JointVector::from(motion.timed.sample(f64::INFINITY).position);
    let off = world.ik.arm().forward_kinematics(&end).translation.vector - pose.translation.vector;
    assert!(off.amax() <= 0.4 + 1e-6, "{off}");
    assert_eq!(touches(&world, &motion), None);
}

#[test]
fn a_line_is_straight_as_it_is_driven_and_taken_by_the_trajectory_service() {
    let world = World::of(table());
    let here = world.ik.arm().forward_kinematics(&JointVector::from(HOME));
    let way = nalgebra::Vector3::new(0.0, 0.2, -0.05);
    let line = Segment::line(here, Pose::translation(way.x, way.y, way.z) * here).unwrap();
    let motion = world.plan(&HOME, &Target::Segment(&line), &request(0)).unwrap();
    for k in 0..=200 {
        let at = motion.timed.sample(motion.timed.duration() * f64::from(k) / 200.0).position;
        let tip = world.ik.arm().forward_kinematics(&JointVector::from(at));
        let off = tip.translation.vector - here.translation.vector;
        let beside = off.cross(&way.normalize()).norm();
        assert!(beside < 5e-4, "{beside} m beside the line at step {k}");
    }
    judge(&world, &motion.timed);
}

#[test]
fn a_line_into_the_table_is_refused_with_the_place_and_the_table() {
    let world = World::of(table());
    let here = world.ik.arm().forward_kinematics(&JointVector::from(HOME));
    let depth = here.translation.vector.z - 0.1;
    let line = Segment::line(here, Pose::translation(0.0, 0.0, -depth) * here).unwrap();
    let error = world.plan(&HOME, &Target::Segment(&line), &request(0)).unwrap_err();
    let MotionError::Contact { share, contact } = &error else { unreachable!("{error}") };
    assert!(*share > 0.1 && *share <= 1.0 && contact.second == "table", "{error}");
}

#[test]
fn a_start_in_the_table_is_told_what_is_how_deep() {
    let world = World::of(table());
    let error = world.plan(&lowered(), &Target::Joints(&[HOME]), &request(0)).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the start is in collision: '"), "{text}");
    assert!(text.ends_with("mm deep in 'table'"), "{text}");
}

#[test]
fn bad_positions_and_tolerances_are_refused_with_joint_and_number() {
    let world = World::of(table());
    let text = |from: &[f64; 6], target: &Target<6>| {
        world.plan(from, target, &request(0)).unwrap_err().to_string()
    };
    let with = |value| {
        let mut goal = HOME;
        goal[2] = value;
        goal
    };
    let nan = text(&HOME, &Target::Joints(&[with(f64::NAN)]));
    assert_eq!(nan, "goal 0: position of joint 'joint_3' is NaN, must be finite");
    let outside = text(&with(1.5), &Target::Joints(&[LEFT]));
    assert!(outside.starts_with("the start: joint 'joint_3' is at 1.5000, 0.2000 beyond"));
    assert_eq!(text(&HOME, &Target::Joints(&[])), "no goal was given");
    assert_eq!(text(&HOME, &Target::Joints(&[HOME])), "the arm is at the goal already");
    let far = Target::Pose(Pose::translation(5.0, 0.0, 0.0), Tolerance::default());
    assert!(text(&HOME, &far).starts_with("the goal cannot be reached: out of reach by"));
    let strange = Tolerance { position: f64::NAN, rotation: 0.0 };
    let strange = text(&HOME, &Target::Pose(Pose::identity(), strange));
    assert_eq!(strange, "position tolerance of the goal is NaN, must be finite and not negative");
}

#[test]
fn a_search_that_may_not_go_on_says_how_far_it_came() {
    let world = World::of(post());
    let goals = [LEFT];
    let mut few = request(0);
    few.search.iterations = 1;
    few.search.range = 0.1;
    let error = world.plan(&HOME, &Target::Joints(&goals), &few).unwrap_err();
    assert!(matches!(error, MotionError::Plan(PlanError::Unreachable { iterations: 1, .. })));
    few.search.iterations = 1_000;
    let error = world.plan_until(&HOME, &Target::Joints(&goals), &few, &mut || true).unwrap_err();
    assert!(matches!(error, MotionError::Plan(PlanError::TimeOver { .. })), "{error}");
}
