//! What planning knows: the arm, where it stands, what is around it, what it may do now.

use arm_model::ik::Ik;
use arm_model::{ArmModel, Load, Payload};
use collision::{Checker, Options, Pose, Robot, Scene, Shape, pose};
use nalgebra::{Matrix3, Vector3};
use planner::{Motion, MotionPlanner};
use time_parameterization::{Caps, Dynamics, Limits, Timing, TimingError};
use vocabulary::arm::Derating;
use vocabulary::joint::{JOINTS, JointLimits, JointOrder, PerJoint};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::settings::{ControlSettings, TipLoad};
use vocabulary::time::{Monotonic, Received};

use crate::config::{Config, ConfigError};
use crate::error::PlanningError;
use crate::shared::Shared;

/// Name of the floor in the scene.
const FLOOR: &str = "floor";
/// Half of its edges, m.
const FLOOR_HALF: [f64; 3] = [10.0, 10.0, 0.25];

/// The steady clock, read when a search asks how long it may go on.
pub type Clock<'a> = &'a dyn Fn() -> Monotonic;

/// A motion to be driven.
pub type Driven = Motion<JOINTS>;

/// The arm that is planned for.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Joint names, base to tip.
    pub order: JointOrder,
    /// Limits of the joints.
    pub limits: PerJoint<JointLimits>,
    /// Kinematics and dynamics.
    pub model: ArmModel<JOINTS>,
    /// The robot description.
    pub urdf: String,
    /// First and last link of the chain.
    pub links: [String; 2],
}

/// What is new since the last time.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// `control_state`.
    pub control: Option<Received<ControlState>>,
    /// `derating`.
    pub derating: Option<Derating>,
    /// `arm_controller/control_settings`.
    pub settings: Option<ControlSettings>,
}

/// See the crate's documentation.
#[derive(Debug)]
pub struct Planning {
    pub(crate) config: Config,
    pub(crate) order: JointOrder,
    pub(crate) links: [String; 2],
    pub(crate) ik: Ik<JOINTS>,
    pub(crate) robot: Robot,
    pub(crate) scene: Scene,
    pub(crate) checker: Checker,
    pub(crate) revision: u64,
    pub(crate) shared: Shared,
    /// Counts the moves of the neighbour.
    pub(crate) moves: u64,
    /// The base in the root of the description.
    pub(crate) base: Pose,
    limits: Limits<JOINTS>,
    caps: Result<Caps<JOINTS>, TimingError>,
    load: Load,
    control: Option<Received<ControlState>>,
    /// Commands in a stream move the arm: it is not at rest, even when control says so.
    pub jogging: bool,
}

impl Planning {
    /// Planning for an arm; `seed` is where the revisions of the scene begin.
    ///
    /// # Errors
    /// [`ConfigError`] naming the parameter.
    pub fn new(config: Config, arm: Arm, seed: u64) -> Result<Self, ConfigError> {
        config.validate(&arm.order)?;
        let acceleration = arm.limits.map(|limits| limits.acceleration);
        let limits = Limits::of_arm(&arm.model, &acceleration, &config.jerks(&arm.order)?)?;
        let [base, tip] = &arm.links;
        let options =
            Options { tip: Some(tip.clone()), joints: Some(JOINTS), ..Options::default() };
        let srdf = Some(config.robot_description_semantic.as_str()).filter(|s| !s.is_empty());
        let robot = Robot::new(&arm.urdf, srdf, &options)?;
        let (_, base) =
            robot.frame(base).ok_or_else(|| ConfigError::Link { link: base.clone() })?;
        let scene = first_scene(&config, &robot, &base)?;
        let shared = Shared::new(&config.shared, (&base, &arm.links[0]), &robot)?;
        let planning = Self {
            checker: Checker::new(&robot, &scene)?,
            ik: Ik::new(&arm.model),
            order: arm.order,
            links: arm.links,
            revision: seed,
            shared,
            moves: 0,
            caps: Ok(Caps::NONE),
            load: Load::EMPTY,
            control: None,
            jogging: false,
            config,
            robot,
            scene,
            base,
            limits,
        };
        MotionPlanner::new(
            &planning.ik,
            &planning.checker,
            &Timing::new(planning.limits.clone(), None),
        )?;
        Ok(planning)
    }

    /// Takes in what is new.
    pub fn hear(&mut self, inputs: &Inputs) {
        if let Some(news) = inputs.control.as_ref().filter(|news| self.counts(news)) {
            self.control = Some(news.clone());
        }
        if let Some(derating) = &inputs.derating {
            // Control itself slows the arm on its path: a plan that is slower too would go twice as
            // slowly as thermal asks for.
            self.caps = Caps::try_from(derating).map(|caps| Caps { pace: [1.0; JOINTS], ..caps });
        }
        if let Some(settings) = &inputs.settings {
            self.load = carried(&settings.payload);
        }
    }

    /// As `arm_controller` judges: who has no lease is no news while whoever has it is heard.
    fn counts(&self, news: &Received<ControlState>) -> bool {
        let holder = self.control.as_ref().filter(|known| known.value.epoch > 0);
        let lives = |known: &&Received<ControlState>| {
            news.at.seconds_from(known.at) <= self.config.state_timeout
                && known.value.boot_id != news.value.boot_id
        };
        news.value.epoch > 0 || holder.filter(lives).is_none()
    }

    /// The newest report of control, if it is not too old.
    pub(crate) fn control(&self, now: Monotonic) -> Result<&ControlState, PlanningError> {
        let age = |at| now.seconds_from(at);
        match &self.control {
            Some(known) if age(known.at) <= self.config.state_timeout => Ok(&known.value),
            Some(known) => Err(PlanningError::Silent { age: age(known.at) }),
            None => Err(PlanningError::Silent { age: f64::INFINITY }),
        }
    }

    /// Where the arm stands, or is on its way: what control holds, or what is measured when nothing
    /// is held, rad.
    ///
    /// # Errors
    /// When nobody tells.
    pub fn standing(&self, now: Monotonic) -> Result<PerJoint<f64>, PlanningError> {
        let control = self.control(now)?;
        let positions = match control.phase {
            ControlPhase::Inactive => control.feedback_position,
            _ => control.reference_position,
        };
        match positions.iter().zip(self.order.names()).find(|(at, _)| !at.is_finite()) {
            Some((_, joint)) => Err(PlanningError::Unheard { joint: joint.clone() }),
            None => Ok(positions),
        }
    }

    /// That the arm moves by somebody's order.
    pub(crate) fn at_rest(&self, now: Monotonic) -> Result<(), PlanningError> {
        let control = self.control(now)?;
        if self.jogging {
            return Err(PlanningError::Jogging);
        }
        match control.phase {
            ControlPhase::Blending | ControlPhase::Executing | ControlPhase::Stopping => {
                Err(PlanningError::Moving { plan: control.plan_id })
            }
            _ => Ok(()),
        }
    }

    /// What times motions now: the limits, what thermal and control leave of the torques, the load.
    pub(crate) fn timing(&self) -> Result<Timing<'_, JOINTS>, PlanningError> {
        let mut caps = self.caps.clone().map_err(planner::MotionError::from)?;
        caps.torque = caps.torque.map(|share| share * self.config.torque_share);
        let limits = self.limits.capped(&caps).map_err(planner::MotionError::from)?;
        let dynamics = Dynamics { arm: self.ik.arm(), load: self.load };
        Ok(Timing::new(limits, Some(dynamics)))
    }

    /// Counts the changes of the scene.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What is around the arm and in its hand.
    #[must_use]
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The collision model.
    #[must_use]
    pub fn robot(&self) -> &Robot {
        &self.robot
    }

    /// The base in the frame of the scene.
    #[must_use]
    pub fn base(&self) -> &Pose {
        &self.base
    }

    /// The limits of the joints, without what thermal takes off.
    pub(crate) fn limits(&self) -> &Limits<JOINTS> {
        &self.limits
    }

    /// Joint names, base to tip.
    #[must_use]
    pub fn order(&self) -> &JointOrder {
        &self.order
    }

    /// Names of the base and of the tip.
    #[must_use]
    pub fn links(&self) -> &[String; 2] {
        &self.links
    }
}

/// The scene before anybody changed it.
pub(crate) fn first_scene(
    config: &Config,
    robot: &Robot,
    base: &Pose,
) -> Result<Scene, ConfigError> {
    let mut scene = Scene::new();
    for link in robot.links() {
        scene.pad(&link.name, config.padding)?;
    }
    if config.floor {
        let [_, _, half] = FLOOR_HALF;
        let place = pose(FLOOR, [0.0, 0.0, config.floor_height - half], [0.0, 0.0, 0.0, 1.0])?;
        scene.add(FLOOR, base * place, Shape::cuboid(FLOOR, FLOOR_HALF)?)?;
    }
    Ok(scene)
}

/// What control was told hangs at the tip. Control checked it; what cannot be is nothing.
fn carried(load: &TipLoad) -> Load {
    let [xx, xy, xz, yy, yz, zz] = load.inertia;
    let inertia = Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz);
    let payload = Payload::new(load.mass, Vector3::from(load.center), inertia);
    Load::with_payload(payload.unwrap_or(Payload::NONE))
}
