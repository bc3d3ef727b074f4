//! What is around the arm and what it holds: named objects that come, move, are taken and go.
//!
//! The rule: a name belongs to one thing, either in the scene or in the hand.

use std::collections::{BTreeMap, BTreeSet};

use crate::cover::{Fineness, Sphere, cover};
use crate::{CollisionError, Pose, Robot, Shape};

/// An object in the frame of the robot's root.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Where it is.
    pub pose: Pose,
    /// What it is.
    pub shape: Shape,
}

/// An object that a link carries.
#[derive(Debug, Clone)]
pub struct Attached {
    /// What it is.
    pub shape: Shape,
    /// The link that carries it.
    pub link: String,
    /// Links that it may touch, besides all that move with it.
    pub touch: BTreeSet<String>,
    pub(crate) body: usize,
    /// In the frame of the body.
    pub(crate) pose: Pose,
    /// In its own frame.
    pub(crate) spheres: Vec<Sphere>,
}

impl Attached {
    /// Where it is, in the frame of the link that carries it.
    #[must_use]
    pub fn pose_in_link(&self, robot: &Robot) -> Pose {
        let link = robot.frame(&self.link).map_or_else(Pose::identity, |(_, pose)| pose);
        link.inverse() * self.pose
    }
}

/// The objects around an arm, the objects it carries, and how far to stay away.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    objects: BTreeMap<String, Object>,
    attached: BTreeMap<String, Attached>,
    padding: BTreeMap<String, f64>,
}

impl Scene {
    /// A scene with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an object. Its pose must be finite: [`crate::pose`] makes such ones.
    pub fn add(&mut self, name: &str, pose: Pose, shape: Shape) -> Result<(), CollisionError> {
        self.free(name)?;
        checked(name, &pose)?;
        self.objects.insert(name.into(), Object { pose, shape });
        Ok(())
    }

    /// Moves an object.
    pub fn place(&mut self, name: &str, pose: Pose) -> Result<(), CollisionError> {
        checked(name, &pose)?;
        let object = self.objects.get_mut(name);
        object.ok_or_else(|| CollisionError::UnknownObject(name.into()))?.pose = pose;
        Ok(())
    }

    /// Removes an object, from the scene or from the hand.
    pub fn remove(&mut self, name: &str) -> Result<(), CollisionError> {
        let gone = self.objects.remove(name).is_some() || self.attached.remove(name).is_some();
        gone.then_some(()).ok_or_else(|| CollisionError::UnknownObject(name.into()))
    }

    /// Gives a link something to carry; `pose` is in the link's frame. It is checked like a link of
    /// its own; `touch` names links that it may touch.
    pub fn attach(
        &mut self,
        robot: &Robot,
        name: &str,
        load: Load<'_>,
    ) -> Result<(), CollisionError> {
        self.free(name)?;
        checked(name, &load.pose)?;
        let attached = carried(robot, name, load)?;
        self.attached.insert(name.into(), attached);
        Ok(())
    }

    /// Takes an object of the scene into the hand, where it is while the arm stands at `positions`.
    pub fn take(
        &mut self,
        robot: &Robot,
        name: &str,
        (link, touch): (&str, &[&str]),
        positions: &[f64],
    ) -> Result<(), CollisionError> {
        let object = self.objects.get(name);
        let object = object.ok_or_else(|| CollisionError::UnknownObject(name.into()))?;
        let hand = link_pose(robot, name, link, positions)?;
        let pose = hand.inverse() * object.pose;
        let load = Load { link, pose, shape: object.shape.clone(), touch };
        let attached = carried(robot, name, load)?;
        self.objects.remove(name);
        self.attached.insert(name.into(), attached);
        Ok(())
    }

    /// Puts what the arm carries down where it is while the arm stands at `positions`.
    pub fn release(
        &mut self,
        robot: &Robot,
        name: &str,
        positions: &[f64],
    ) -> Result<(), CollisionError> {
        let Some(attached) = self.attached.remove(name) else {
            return Err(CollisionError::UnknownObject(name.into()));
        };
        let body = robot.body_poses(positions).get(attached.body).copied();
        let pose = body.unwrap_or_else(Pose::identity) * attached.pose;
        self.objects.insert(name.into(), Object { pose, shape: attached.shape });
        Ok(())
    }

    /// Keeps a link, or something attached, this far from all objects [m].
    pub fn pad(&mut self, link: &str, padding: f64) -> Result<(), CollisionError> {
        if !(padding.is_finite() && (0.0..=10.0).contains(&padding)) {
            let (owner, what, must) = (format!("link '{link}'"), "padding", "0 to 10 m");
            return Err(CollisionError::BadNumber { owner, what, value: padding, must });
        }
        self.padding.insert(link.into(), padding);
        Ok(())
    }

    /// The objects by name.
    #[must_use]
    pub fn objects(&self) -> &BTreeMap<String, Object> {
        &self.objects
    }

    /// What the arm carries, by name.
    #[must_use]
    pub fn attached(&self) -> &BTreeMap<String, Attached> {
        &self.attached
    }

    /// The padding of a link [m].
    #[must_use]
    pub fn padding(&self, link: &str) -> f64 {
        self.padding.get(link).copied().unwrap_or(0.0)
    }

    pub(crate) fn may_touch(&self, attached: &str, link: &str) -> bool {
        self.attached.get(attached).is_some_and(|a| a.link == link || a.touch.contains(link))
    }

    fn free(&self, name: &str) -> Result<(), CollisionError> {
        if self.objects.contains_key(name) || self.attached.contains_key(name) {
            return Err(CollisionError::DuplicateName { kind: "object", name: name.into() });
        }
        Ok(())
    }
}

/// What a link is to carry.
#[derive(Debug, Clone)]
pub struct Load<'a> {
    /// The link.
    pub link: &'a str,
    /// Where, in the link's frame.
    pub pose: Pose,
    /// What.
    pub shape: Shape,
    /// Links that it may touch.
    pub touch: &'a [&'a str],
}

fn carried(robot: &Robot, name: &str, load: Load<'_>) -> Result<Attached, CollisionError> {
    let user = || format!("object '{name}'");
    let find = |link: &str| {
        let unknown = || CollisionError::UnknownLink { user: user(), link: link.into() };
        robot.frame(link).ok_or_else(unknown)
    };
    let (body, link_pose) = find(load.link)?;
    for link in load.touch {
        find(link)?;
    }
    Ok(Attached {
        spheres: cover(&load.shape, Fineness::default()),
        shape: load.shape,
        link: load.link.into(),
        touch: load.touch.iter().map(|l| (*l).to_owned()).collect(),
        body,
        pose: link_pose * load.pose,
    })
}

fn link_pose(
    robot: &Robot,
    name: &str,
    link: &str,
    positions: &[f64],
) -> Result<Pose, CollisionError> {
    let user = || format!("object '{name}'");
    let unknown = || CollisionError::UnknownLink { user: user(), link: link.into() };
    let (body, pose) = robot.frame(link).ok_or_else(unknown)?;
    let body = robot.body_poses(positions).get(body).copied();
    Ok(body.unwrap_or_else(Pose::identity) * pose)
}

fn checked(name: &str, pose: &Pose) -> Result<(), CollisionError> {
    let owner = format!("object '{name}'");
    let quaternion: [f64; 4] = pose.rotation.coords.into();
    crate::pose(&owner, pose.translation.vector.into(), quaternion).map(|_| ())
}
