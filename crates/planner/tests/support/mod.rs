//! The reference arm in small scenes, and the rules of the trajectory service.

use std::sync::OnceLock;

use ::motion::{Interpolation, RequestPoint, Rules, Start, TrajectoryRequest};
use arm_model::ArmModel;
use arm_model::ik::Ik;
use collision::{Checker, Options, Robot, Scene, Shape, pose};
use planner::{Motion, MotionError, MotionPlanner, Request, Target};
use time_parameterization::{JointLimits, Limits, Timed, Timing};
use vocabulary::joint::JointOrder;
use vocabulary::time::Stamp;

const URDF: &str = include_str!("../../../../config/description/armature.urdf");
const SRDF: &str = include_str!("../../../../config/description/armature.srdf");
/// config/description/joint_limits.yaml; the jerk reaches it within 0.1 s.
const ACCELERATION: [f64; 6] = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];

/// Stretched out a little to the right, tool down.
pub const HOME: [f64; 6] = [-0.9, 0.3, 0.2, 0.0, 1.0, 0.0];
/// The same to the left.
pub const LEFT: [f64; 6] = [0.9, 0.3, 0.2, 0.0, 1.0, 0.0];

/// Deep in the table.
pub fn lowered() -> [f64; 6] {
    [-0.9, 1.6, 0.2, 0.0, 0.0, 0.0]
}

/// A scene with all that planning in it needs.
pub struct World {
    pub ik: Ik<6>,
    pub scene: Scene,
    pub checker: Checker,
    pub limits: Limits<6>,
}

/// A table under the arm's reach.
pub fn table() -> Scene {
    with("table", [0.5, 0.0, 0.08], Shape::cuboid("table", [0.35, 0.7, 0.02]).unwrap())
}

/// A post in front of the arm, higher than its shoulder.
pub fn post() -> Scene {
    with("post", [0.5, 0.0, 0.5], Shape::cuboid("post", [0.04, 0.04, 0.5]).unwrap())
}

fn with(name: &str, center: [f64; 3], shape: Shape) -> Scene {
    let mut scene = Scene::new();
    let place = pose(name, center, [0.0, 0.0, 0.0, 1.0]).unwrap();
    scene.add(name, place, shape).unwrap();
    scene
}

fn robot() -> &'static Robot {
    static ROBOT: OnceLock<Robot> = OnceLock::new();
    ROBOT.get_or_init(|| Robot::new(URDF, Some(SRDF), &Options::default()).unwrap())
}

impl World {
    pub fn of(scene: Scene) -> Self {
        let arm = ArmModel::<6>::from_urdf(URDF, "base_link", "tool0").unwrap();
        let limits = Limits::of_arm(&arm, &ACCELERATION, &ACCELERATION.map(|a| 10.0 * a)).unwrap();
        let checker = Checker::new(robot(), &scene).unwrap();
        Self { ik: Ik::new(&arm), scene, checker, limits }
    }

    pub fn plan(
        &self,
        start: &[f64; 6],
        target: &Target<6>,
        request: &Request,
    ) -> Result<Motion<6>, MotionError> {
        self.plan_until(start, target, request, &mut || false)
    }

    pub fn plan_until(
        &self,
        start: &[f64; 6],
        target: &Target<6>,
        request: &Request,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<Motion<6>, MotionError> {
        let timing = Timing::new(self.limits.clone(), None);
        let mut planner = MotionPlanner::new(&self.ik, &self.checker, &timing)?;
        planner.motion(start, target, request, stop)
    }
}

/// The trajectory service takes the motion.
pub fn judge(world: &World, timed: &Timed<6>) {
    let names = world.ik.arm().joint_names().to_vec();
    let rules = Rules {
        order: JointOrder::new(names.clone()).unwrap(),
        limits: std::array::from_fn(|j| {
            let JointLimits { lower, upper, velocity, acceleration, .. } = world.limits.joint(j);
            vocabulary::joint::JointLimits { lower, upper, velocity, acceleration, effort: 100.0 }
        }),
        allow_partial: false,
        allow_end_velocity: false,
        allow_integration: false,
        interpolation: Interpolation::Splines,
        wraparound: [false; 6],
        max_start_distance: 0.01,
    };
    let points = timed.points().iter().map(|point| RequestPoint {
        positions: point.state.position.to_vec(),
        velocities: point.state.velocity.to_vec(),
        accelerations: point.state.acceleration.to_vec(),
        effort: vec![],
        time_from_start: point.time,
    });
    let request = TrajectoryRequest {
        stamp: Stamp(0),
        joint_names: names,
        points: points.collect(),
        yields: false,
    };
    let state = trajectory::State::at_rest(timed.points()[0].state.position);
    let plan = rules.validate(&request, &Start { state, now: Stamp(1_000_000_000) }).unwrap();
    assert_eq!(plan.path.duration(), timed.duration());
}
