//! Changes of the scene.
//!
//! The rule: a change is made completely or not at all; whoever asks afterwards is answered by the
//! scene with it.

use std::sync::Arc;

use collision::{Load, Mesh, Pose, Scene, Shape};
use vocabulary::time::Monotonic;

use crate::config::ConfigError;
use crate::error::PlanningError;
use crate::planning::{Planning, first_scene};
use crate::question::{Edit, FramedPose, RawShape};
use crate::shared::is_reserved;

/// Most vertices of a mesh, and most points of a cloud.
const MOST_VERTICES: usize = 1_000_000;

impl Planning {
    /// Changes the scene.
    ///
    /// # Errors
    /// [`PlanningError`] naming the object; the scene is as it was.
    pub fn edit(&mut self, edit: &Edit, now: Monotonic) -> Result<(), PlanningError> {
        let mut scene = self.scene.clone();
        match edit {
            Edit::List => return Ok(()),
            Edit::Add(name, shape, pose) => {
                scene.add(named(name)?, self.in_scene(pose)?, made(name, shape)?)?;
            }
            Edit::Move(name, pose) => scene.place(named(name)?, self.in_scene(pose)?)?,
            Edit::Remove(name) => scene.remove(named(name)?)?,
            Edit::Attach { name, shape, pose, link, touch } => {
                named(name)?;
                self.pad(&mut scene, name)?;
                let touch: Vec<&str> = touch.iter().map(String::as_str).collect();
                let [_, tip] = &self.links;
                let link = if link.is_empty() { tip } else { link };
                if scene.objects().contains_key(name) {
                    scene.take(&self.robot, name, (link, &touch), &self.standing(now)?)?;
                } else {
                    let pose = arm_model::ik::pose_from(pose.position, pose.quaternion)?;
                    let shape = made(name, shape)?;
                    scene.attach(&self.robot, name, Load { link, pose, shape, touch: &touch })?;
                }
            }
            Edit::Detach(name) => {
                scene.release(&self.robot, named(name)?, &self.standing(now)?)?;
            }
            Edit::Clear => scene = self.cleared()?,
            Edit::Unknown(value) => {
                return Err(PlanningError::Kind { what: "action", value: *value });
            }
        }
        self.checker = self.checker_of(&scene)?;
        self.scene = scene;
        self.revision += 1;
        Ok(())
    }

    /// Nothing around the arm but the floor it stands on.
    fn cleared(&self) -> Result<Scene, PlanningError> {
        first_scene(&self.config, &self.robot, &self.base).map_err(|error| match error {
            ConfigError::Collision(error) => error.into(),
            other => PlanningError::Execution(other.to_string()),
        })
    }

    /// What is carried stays as far away from objects as the arm does.
    fn pad(&self, scene: &mut Scene, name: &str) -> Result<(), PlanningError> {
        Ok(scene.pad(name, self.config.padding)?)
    }

    /// A pose in the base as the scene has it.
    fn in_scene(&self, pose: &FramedPose) -> Result<Pose, PlanningError> {
        Ok(self.base * arm_model::ik::pose_from(pose.position, pose.quaternion)?)
    }
}

fn named(name: &str) -> Result<&str, PlanningError> {
    let reserved = "names that begin so are those of what is shared".to_owned();
    match name {
        "" => Err(PlanningError::NoName),
        name if is_reserved(name) => {
            Err(PlanningError::Shape { name: name.to_owned(), reason: reserved })
        }
        name => Ok(name),
    }
}

pub(crate) fn made(name: &str, raw: &RawShape) -> Result<Shape, PlanningError> {
    let wrong = |reason: String| PlanningError::Shape { name: name.to_owned(), reason };
    let vertices = raw.vertices.len();
    if vertices > MOST_VERTICES {
        return Err(wrong(format!("{vertices} vertices, at most {MOST_VERTICES} are allowed")));
    }
    let shape = match (raw.kind, raw.dimensions.as_slice()) {
        (0, &[radius]) => Shape::sphere(name, radius)?,
        (1, &[x, y, z]) => Shape::cuboid(name, [x / 2.0, y / 2.0, z / 2.0])?,
        (2, &[radius, length]) => Shape::cylinder(name, radius, length)?,
        (3, &[radius, length]) => Shape::capsule(name, radius, length)?,
        (4, &[]) => mesh(name, raw)?,
        (5, &[radius]) if vertices > 0 => Shape::points(name, raw.vertices.clone(), radius)?,
        (5, &[_]) => return Err(wrong("a cloud without points".to_owned())),
        (0..=5, dimensions) => {
            let (count, needs) = (dimensions.len(), needs(raw.kind));
            return Err(wrong(format!("{count} dimensions, its shape needs {needs}")));
        }
        (value, _) => return Err(PlanningError::Kind { what: "shape", value }),
    };
    Ok(shape)
}

fn needs(kind: u8) -> &'static str {
    match kind {
        0 => "1: the radius",
        1 => "3: the edges",
        2 | 3 => "2: radius and length",
        4 => "none",
        _ => "1: the radius of every point",
    }
}

fn mesh(name: &str, raw: &RawShape) -> Result<Shape, PlanningError> {
    let (triangles, rest) = raw.triangles.as_chunks::<3>();
    if !rest.is_empty() {
        let reason = format!("{} indices of triangles, three make one", raw.triangles.len());
        return Err(PlanningError::Shape { name: name.to_owned(), reason });
    }
    Ok(Shape::Mesh(Arc::new(Mesh::new(name, &raw.vertices, triangles)?)))
}
