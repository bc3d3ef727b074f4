//! Questions and jobs, as the host would put them: the arm and its surroundings for all of them.

mod jobs;
mod questions;
mod scene;
mod shared;

use std::cell::Cell;

use collision::Truth;
use vocabulary::joint::{JOINTS, JointOrder};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::time::{Monotonic, Received};

use crate::mover::{Desk, Event, Mover, Order};
use crate::question::{Ask, Edit, FramedPose, RawShape, Settings, Target};
use crate::{Arm, Code, Config, Driven, Inputs, Planning, PlanningError};

const URDF: &str = include_str!("../../../../config/description/armature.urdf");
const SRDF: &str = include_str!("../../../../config/description/armature.srdf");
pub(crate) const HOME: [f64; 6] = [-0.9, 0.3, 0.2, 0.0, 1.0, 0.0];
const LEFT: [f64; 6] = [0.9, 0.3, 0.2, 0.0, 1.0, 0.0];
const SECOND: u64 = 1_000_000_000;

pub(crate) fn arm() -> Arm {
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

pub(crate) fn config() -> Config {
    Config { robot_description_semantic: SRDF.to_owned(), ..Config::default() }
}

/// Planning with a clock, and an arm that stands or moves as told.
pub(crate) struct World {
    planning: Planning,
    mover: Mover,
    clock: Cell<u64>,
    plan_id: u64,
}

pub(crate) fn at(positions: [f64; 6]) -> World {
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

pub(crate) fn pose(position: [f64; 3]) -> FramedPose {
    FramedPose { frame: String::new(), position, quaternion: [0.0, 0.0, 0.0, 1.0] }
}

/// The tool points down.
fn down(position: [f64; 3]) -> FramedPose {
    FramedPose { quaternion: vocabulary::arm::TOOL_DOWN, ..pose(position) }
}

/// The tool points forward.
fn forward(position: [f64; 3]) -> FramedPose {
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
