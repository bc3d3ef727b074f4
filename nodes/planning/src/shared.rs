//! What two arms have in common: a scene that both see, and each other.
//!
//! The rule: the neighbour stands where it was last heard to be. Before it was ever heard nothing is
//! planned, because nobody knows what is free.
//!
//! Terms: the *shared frame* is the one that poses of the shared scene are in; both arms are told
//! where they stand in it. What is shared is called `shared/…` and `neighbour/…` here.

use collision::{Checker, Pose, Robot, Scene, Shape};
use nalgebra::{Translation3, UnitQuaternion};
use serde::Deserialize;
use vocabulary::config::{OutOfRange, in_range};
use vocabulary::time::Monotonic;

use crate::error::PlanningError;
use crate::planning::Planning;
use crate::question::{FramedPose, RawShape};
use crate::scene::made;

/// How the names of shared objects begin.
const SHARED: &str = "shared/";
/// How the names of the neighbour's balls begin.
const NEIGHBOUR: &str = "neighbour/";
/// A neighbour that turned no joint by more than this stands, rad or m.
const STANDS: f64 = 1e-3;
/// Between two looks at a neighbour that moves, s.
const PACE: f64 = 0.05;
/// Farthest place of an arm, m.
const FARTHEST: f64 = 1e4;

/// Parameters below `shared.`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Topic of `armature_msgs/SharedScene`, with its namespace; empty for none.
    pub scene: String,
    /// Our base in the shared frame: x, y, z, m; roll, pitch, yaw, rad.
    pub base: [f64; 6],
    /// The other arm.
    pub neighbour: NeighbourSettings,
}

/// Parameters below `shared.neighbour.`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NeighbourSettings {
    /// Topic of its `sensor_msgs/JointState`, with its namespace; empty for no neighbour.
    pub joint_states: String,
    /// Its base in the shared frame: x, y, z, m; roll, pitch, yaw, rad.
    pub base: [f64; 6],
    /// Its robot description; empty for the same arm as ours.
    pub robot_description: String,
}

impl Settings {
    /// Checks every value.
    ///
    /// # Errors
    /// [`OutOfRange`] naming the key.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        let bases = [("shared.base", &self.base), ("shared.neighbour.base", &self.neighbour.base)];
        for (key, base) in bases {
            for (index, value) in base.iter().enumerate() {
                in_range(&format!("{key}[{index}]"), *value, -FARTHEST..=FARTHEST)?;
            }
        }
        Ok(())
    }
}

/// An object of the shared scene, as it was sent.
pub type Object = (String, RawShape, FramedPose);

/// The other arm.
#[derive(Debug)]
pub(crate) struct Neighbour {
    robot: Robot,
    /// The root of its description in our scene.
    place: Pose,
    /// Its joints, when it was heard.
    at: Option<Vec<f64>>,
    /// Its joints as the scene has them, and since when.
    seen: Option<(Vec<f64>, Monotonic)>,
}

/// What is around the arm besides its own scene.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The shared frame in our scene.
    frame: Pose,
    objects: Scene,
    pub neighbour: Option<Neighbour>,
}

impl Shared {
    /// Nothing is known yet. `base` is our base in our scene; `ours` our arm, whose base is called
    /// `link`.
    pub(crate) fn new(
        settings: &Settings,
        (base, link): (&Pose, &str),
        ours: &Robot,
    ) -> Result<Self, collision::CollisionError> {
        let frame = base * pose(&settings.base).inverse();
        let Settings { neighbour, .. } = settings;
        let mut shared = Self { frame, objects: Scene::new(), neighbour: None };
        if !neighbour.joint_states.is_empty() {
            let robot = match neighbour.robot_description.as_str() {
                "" => ours.clone(),
                urdf => Robot::new(urdf, None, &collision::Options::default())?,
            };
            let own_base = robot.frame(link).map_or_else(Pose::identity, |(_, pose)| pose);
            let place = frame * pose(&neighbour.base) * own_base.inverse();
            shared.neighbour = Some(Neighbour { robot, place, at: None, seen: None });
        }
        Ok(shared)
    }

    /// Adds what is shared to a scene of the arm's own.
    pub(crate) fn added_to(&self, own: &Scene) -> Result<Scene, collision::CollisionError> {
        let mut all = own.clone();
        for (name, object) in self.objects.objects() {
            all.add(name, object.pose, object.shape.clone())?;
        }
        let Some(neighbour) = &self.neighbour else { return Ok(all) };
        let Some((at, _)) = &neighbour.seen else { return Ok(all) };
        let links = neighbour.robot.links().iter().zip(neighbour.robot.link_poses(at));
        for (link, place) in links {
            for (number, ball) in link.spheres.iter().enumerate() {
                let name = format!("{NEIGHBOUR}{}.{number}", link.name);
                let place = neighbour.place * place * Translation3::from(ball.center);
                all.add(&name, place, Shape::sphere(&name, ball.radius)?)?;
            }
        }
        Ok(all)
    }
}

impl Neighbour {
    /// What `sensor_msgs/JointState` says of its joints; others are none of our business.
    fn heard(&self, names: &[String], positions: &[f64]) -> Result<Vec<f64>, PlanningError> {
        let position = |joint: &collision::Joint| {
            let index = names.iter().position(|name| *name == joint.name);
            let missing = || PlanningError::MissingJoint { name: joint.name.clone() };
            let value = *index.and_then(|index| positions.get(index)).ok_or_else(missing)?;
            let what = || format!("neighbour: position of {}", joint.name);
            match value.is_finite() {
                true => Ok(value),
                false => Err(PlanningError::Number { what: what(), value, must: "finite" }),
            }
        };
        self.robot.joints().iter().map(position).collect()
    }

    /// Whether it is elsewhere than the scene has it, and it is time to look.
    fn is_news(&self, now: Monotonic) -> bool {
        match (&self.at, &self.seen) {
            (Some(at), Some((seen, since))) => {
                let moved = at.iter().zip(seen).any(|(a, b)| (a - b).abs() > STANDS);
                moved && now.seconds_from(*since) >= PACE
            }
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

impl Planning {
    /// Takes in where the joints of the neighbour are [rad].
    ///
    /// # Errors
    /// [`PlanningError`] naming the joint; it then stands where it stood.
    pub fn hear_neighbour(
        &mut self,
        names: &[String],
        positions: &[f64],
    ) -> Result<(), PlanningError> {
        if let Some(neighbour) = &mut self.shared.neighbour {
            neighbour.at = Some(neighbour.heard(names, positions)?);
        }
        Ok(())
    }

    /// Takes in the shared scene; what it does not name is gone.
    ///
    /// # Errors
    /// [`PlanningError`] naming the object; the shared scene is as it was.
    pub fn hear_shared(&mut self, objects: &[Object]) -> Result<(), PlanningError> {
        let mut scene = Scene::new();
        for (name, shape, pose) in objects {
            if name.is_empty() {
                return Err(PlanningError::NoName);
            }
            let pose = arm_model::ik::pose_from(pose.position, pose.quaternion)?;
            let place = self.shared.frame * pose;
            scene.add(&format!("{SHARED}{name}"), place, made(name, shape)?)?;
        }
        let before = std::mem::replace(&mut self.shared.objects, scene);
        if let Err(error) = self.look_around() {
            self.shared.objects = before;
            return Err(error);
        }
        self.revision += 1;
        Ok(())
    }

    /// Looks where the neighbour is, at most twenty times a second.
    ///
    /// # Errors
    /// [`PlanningError`] when its place makes no scene.
    pub fn watch_neighbour(&mut self, now: Monotonic) -> Result<(), PlanningError> {
        let neighbour = self.shared.neighbour.as_mut().filter(|neighbour| neighbour.is_news(now));
        let Some(neighbour) = neighbour else { return Ok(()) };
        neighbour.seen = neighbour.at.clone().map(|at| (at, now));
        self.look_around()?;
        self.moves += 1;
        Ok(())
    }

    /// That it is known what is around the arm.
    pub(crate) fn surroundings(&self) -> Result<(), PlanningError> {
        match &self.shared.neighbour {
            Some(Neighbour { seen: None, .. }) => Err(PlanningError::NeighbourUnheard {
                topic: self.config.shared.neighbour.joint_states.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Counts the changes of everything around the arm, the moves of its neighbour among them.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.revision.wrapping_add(self.moves)
    }

    fn look_around(&mut self) -> Result<(), PlanningError> {
        self.checker = self.checker_of(&self.scene)?;
        Ok(())
    }

    /// The checker of a scene of the arm's own and of what is shared.
    pub(crate) fn checker_of(&self, own: &Scene) -> Result<Checker, PlanningError> {
        Ok(Checker::new(&self.robot, &self.shared.added_to(own)?)?)
    }

    /// The parameters of what is shared.
    #[must_use]
    pub fn shared_settings(&self) -> &Settings {
        &self.config.shared
    }

    /// The shared objects, in the frame of the scene.
    #[must_use]
    pub fn shared_objects(&self) -> &Scene {
        &self.shared.objects
    }
}

/// Whether a name is one of what is shared.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with(SHARED) || name.starts_with(NEIGHBOUR)
}

fn pose([x, y, z, roll, pitch, yaw]: &[f64; 6]) -> Pose {
    let turn = UnitQuaternion::from_euler_angles(*roll, *pitch, *yaw);
    Pose::from_parts(Translation3::new(*x, *y, *z), turn)
}
