//! Questions and jobs, as the host would put them.

use std::cell::Cell;

use collision::Truth;
use vocabulary::joint::{JOINTS, JointOrder};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::time::{Monotonic, Received};

use crate::mover::{Desk, Event, Finish, Goal, GoalId, Mover, News, Order};
use crate::question::{Ask, Edit, FramedPose, IkAsk, RawShape, Settings, Target};
use crate::{Arm, Code, Config, Driven, Inputs, Planning, PlanningError};

const URDF: &str = include_str!("../../../config/description/armature.urdf");
const SRDF: &str = include_str!("../../../config/description/armature.srdf");
const HOME: [f64; 6] = [-0.9, 0.3, 0.2, 0.0, 1.0, 0.0];
const LEFT: [f64; 6] = [0.9, 0.3, 0.2, 0.0, 1.0, 0.0];
const SECOND: u64 = 1_000_000_000;

fn arm() -> Arm {
    let model = arm_model::ArmModel::<JOINTS>::from_urdf(URDF, "base_link", "tool0").unwrap();
    let acceleration = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];
    let mut accelerations = acceleration.into_iter();
    let limits = model.limits().map(|l| vocabulary::joint::JointLimits {
        lower: l.lower,
        upper: l.upper,
        velocity: l.velocity,
        effort: l.effort,
        acceleration: accelerations.next().unwrap(),
    });
    let order = JointOrder::new(model.joint_names().to_vec()).unwrap();
    let links = ["base_link".to_owned(), "tool0".to_owned()];
    Arm { order, limits, model, urdf: URDF.to_owned(), links }
}

fn config() -> Config {
    Config { robot_description_semantic: SRDF.to_owned(), ..Config::default() }
}

/// Planning with a clock, and an arm that stands or moves as told.
struct World {
    planning: Planning,
    mover: Mover,
    clock: Cell<u64>,
    plan_id: u64,
}

fn at(positions: [f64; 6]) -> World {
    let planning = Planning::new(config(), arm(), 0).unwrap();
    let mut world =
        World { planning, mover: Mover::default(), clock: Cell::new(SECOND), plan_id: 1 };
    world.control(ControlPhase::Holding, positions);
    world
}

impl World {
    fn now(&self) -> Monotonic {
        Monotonic(self.clock.get())
    }

    fn pass(&mut self, seconds: f64) {
        self.clock.set(self.now().shifted(seconds).0);
    }

    fn control(&mut self, phase: ControlPhase, reference_position: [f64; 6]) {
        let (plan_id, epoch) = (self.plan_id, 1);
        let feedback_position = reference_position;
        let value = ControlState {
            phase,
            reference_position,
            feedback_position,
            plan_id,
            epoch,
            ..ControlState::default()
        };
        let control = Some(Received { at: self.now(), value });
        self.planning.hear(&Inputs { control, ..Inputs::default() });
    }

    fn plan(&self, target: Target, start: &[f64]) -> Result<Driven, PlanningError> {
        self.plan_with(target, start, Settings::default())
    }

    fn plan_with(
        &self,
        target: Target,
        start: &[f64],
        settings: Settings,
    ) -> Result<Driven, PlanningError> {
        let ask = Ask { target, start: start.to_vec(), settings };
        self.planning.plan(&ask, self.now(), &|| self.now())
    }

    fn step(&mut self, events: Vec<Event>) -> Vec<Order> {
        let now = self.now();
        let desk = Desk { planning: &self.planning, now, clock: &|| now };
        self.mover.step(&desk, events)
    }

    fn edit(&mut self, edit: &Edit) -> Result<(), PlanningError> {
        let now = self.now();
        self.planning.edit(edit, now)
    }

    /// A post in front of the arm.
    fn post(&mut self) {
        let shape = RawShape { kind: 1, dimensions: vec![0.08, 0.08, 1.0], ..RawShape::default() };
        self.edit(&Edit::Add("post".into(), shape, pose([0.5, 0.0, 0.5]))).unwrap();
    }

    fn touches(&self, motion: &Driven) -> Option<(String, String)> {
        let truth = Truth::new(self.planning.robot(), self.planning.scene());
        let duration = motion.timed.duration();
        let at = |k: usize| motion.timed.sample(duration * k as f64 / 400.0).position;
        (0..=400).find_map(|k| truth.collision(&at(k)))
    }
}

fn pose(position: [f64; 3]) -> FramedPose {
    FramedPose { frame: String::new(), position, quaternion: [0.0, 0.0, 0.0, 1.0] }
}

/// The tool points down.
fn down(position: [f64; 3]) -> FramedPose {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    FramedPose { quaternion: [0.0, half, 0.0, half], ..pose(position) }
}

fn joints(positions: [f64; 6]) -> Target {
    Target::Joints { names: Vec::new(), positions: positions.to_vec() }
}

fn to_pose(pose: FramedPose) -> Target {
    Target::Pose { pose, position_tolerance: 0.0, rotation_tolerance: 0.0 }
}

fn refusal(result: Result<Driven, PlanningError>) -> (Code, String) {
    let error = result.unwrap_err();
    (error.code(), error.to_string())
}

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
    let mut ask = IkAsk { pose: down([0.6, 0.1, 0.1]), ..IkAsk::default() };
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
fn a_change_of_the_scene_is_whole_or_not_at_all() {
    let mut world = at(HOME);
    let before = world.planning.revision();
    let bad = RawShape { kind: 1, dimensions: vec![0.1], ..RawShape::default() };
    let error = world.edit(&Edit::Add("box".into(), bad, pose([0.5, 0.0, 0.5]))).unwrap_err();
    assert!(error.to_string().contains("1 dimensions, its shape needs 3"), "{error}");
    let unknown = Edit::Attach {
        name: "box".into(),
        shape: RawShape { kind: 0, dimensions: vec![0.02], ..RawShape::default() },
        pose: pose([0.0; 3]),
        link: "claw".into(),
        touch: vec![],
    };
    assert!(world.edit(&unknown).unwrap_err().to_string().contains("claw"));
    assert!(world.edit(&Edit::Remove("box".into())).is_err());
    assert!(world.edit(&Edit::Unknown(77)).is_err());
    assert_eq!(world.planning.revision(), before);
    world.post();
    assert_eq!(world.planning.revision(), before + 1);
    assert!(world.edit(&Edit::Move("post".into(), FramedPose::default())).is_err());
    world.edit(&Edit::Clear).unwrap();
    assert_eq!(world.planning.scene().objects().keys().collect::<Vec<_>>(), ["floor"]);
}

#[test]
fn a_stick_in_the_hand_is_kept_out_of_the_floor_until_it_is_let_go() {
    let mut world = at(HOME);
    let target = to_pose(down([0.45, 0.0, 0.15]));
    assert!(world.plan(target.clone(), &[]).is_ok());
    let stick = RawShape { kind: 2, dimensions: vec![0.01, 0.3], ..RawShape::default() };
    let attach = Edit::Attach {
        name: "stick".into(),
        shape: stick,
        pose: FramedPose {
            position: [0.2, 0.0, 0.0],
            quaternion: [
                0.0,
                std::f64::consts::FRAC_1_SQRT_2,
                0.0,
                std::f64::consts::FRAC_1_SQRT_2,
            ],
            ..FramedPose::default()
        },
        link: String::new(),
        touch: vec!["link_6".into(), "link_5".into()],
    };
    world.edit(&attach).unwrap();
    let (code, text) = refusal(world.plan(target.clone(), &[]));
    assert_eq!(code, Code::GoalInCollision, "{text}");
    assert!(text.contains("'stick'") && text.contains("'floor'"), "{text}");
    world.edit(&Edit::Detach("stick".into())).unwrap();
    assert!(world.planning.scene().objects().contains_key("stick"));
}

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
