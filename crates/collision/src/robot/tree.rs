//! Who hangs on whom in a URDF, which joints are actuated, and where every link is when they are zero.

use std::collections::HashMap;

use nalgebra::{Translation3, Unit, UnitQuaternion, Vector3};
use urdf_rs::{Joint, JointType, Robot};

use super::{JointKind, Options};
use crate::shape::coordinates;
use crate::{CollisionError, Pose};

/// The links of a description by their parents.
pub(super) struct Tree<'a> {
    robot: &'a Robot,
    /// The joint above each link.
    above: HashMap<&'a str, &'a Joint>,
    pub root: &'a str,
    /// Actuated joints, base to tip.
    pub chain: Vec<&'a Joint>,
    pub tip: String,
}

impl<'a> Tree<'a> {
    pub fn new(
        robot: &'a Robot,
        options: &Options,
        srdf_tip: Option<&str>,
    ) -> Result<Self, CollisionError> {
        unique("link", robot.links.iter().map(|l| l.name.as_str()))?;
        unique("joint", robot.joints.iter().map(|j| j.name.as_str()))?;
        let known = |link: &str| robot.links.iter().any(|l| l.name == link);
        let mut above: HashMap<&str, &Joint> = HashMap::new();
        for joint in &robot.joints {
            check(joint)?;
            for link in [&joint.parent.link, &joint.child.link] {
                if !known(link) {
                    let user = format!("joint '{}'", joint.name);
                    return Err(CollisionError::UnknownLink { user, link: link.clone() });
                }
            }
            if let Some(first) = above.insert(&joint.child.link, joint) {
                let (link, second) = (&joint.child.link, &joint.name);
                let said = format!("link '{link}' hangs on '{}' and on '{second}'", first.name);
                return Err(CollisionError::NotATree(said));
            }
        }
        let roots: Vec<&str> = robot.links.iter().map(|l| l.name.as_str()).collect();
        let roots: Vec<&str> = roots.into_iter().filter(|l| !above.contains_key(l)).collect();
        let [root] = roots.as_slice() else {
            let said = format!("{} links hang on nothing, must be one: {roots:?}", roots.len());
            return Err(CollisionError::NotATree(said));
        };
        let mut tree = Self { robot, above, root, chain: Vec::new(), tip: String::new() };
        for link in &robot.links {
            if tree.way_up(&link.name).last().is_some_and(|j| j.parent.link != tree.root) {
                let said = format!("link '{}' does not hang on '{root}'", link.name);
                return Err(CollisionError::NotATree(said));
            }
        }
        tree.choose_chain(options, srdf_tip.filter(|tip| known(tip)))?;
        Ok(tree)
    }

    /// Joints from a link up to the root; bounded, so that a ring ends too.
    fn way_up(&self, link: &str) -> Vec<&'a Joint> {
        let mut way = Vec::new();
        let mut at = link;
        while let Some(joint) = self.above.get(at).filter(|_| way.len() <= self.above.len()) {
            way.push(*joint);
            at = &joint.parent.link;
        }
        way
    }

    /// The tip asked for, or the one of the SRDF, or where the moving joints branch out or end.
    fn choose_chain(
        &mut self,
        options: &Options,
        srdf: Option<&str>,
    ) -> Result<(), CollisionError> {
        if let Some(tip) = &options.tip {
            if !self.robot.links.iter().any(|l| l.name == *tip) {
                let user = "the tip setting".into();
                return Err(CollisionError::UnknownLink { user, link: tip.clone() });
            }
            self.chain_to(tip);
        } else {
            if let Some(tip) = srdf {
                self.chain_to(tip);
            }
            let fits = options.joints.is_none_or(|n| n == self.chain.len());
            if self.chain.is_empty() || !fits {
                self.walk_down(options.joints);
            }
        }
        for joint in &self.chain {
            if let Some(mimic) = &joint.mimic {
                let (joint, leader) = (joint.name.clone(), mimic.joint.clone());
                return Err(CollisionError::Mimic { joint, leader });
            }
        }
        let found = self.chain.len();
        match options.joints {
            _ if found == 0 => {
                let (base, tip) = (self.root.into(), self.tip.clone());
                Err(CollisionError::NothingMoves { base, tip })
            }
            Some(expected) if expected != found => {
                Err(CollisionError::JointCount { tip: self.tip.clone(), found, expected })
            }
            _ if found > crate::MAX_JOINTS => {
                Err(CollisionError::TooManyJoints { found, most: crate::MAX_JOINTS })
            }
            _ => Ok(()),
        }
    }

    fn chain_to(&mut self, tip: &str) {
        let mut chain = self.way_up(tip);
        chain.retain(|j| moves(j));
        chain.reverse();
        self.chain = chain;
        self.tip = tip.into();
    }

    /// Follows the only child under which something moves.
    fn walk_down(&mut self, joints: Option<usize>) {
        let mut at = self.root;
        let mut chain = Vec::new();
        while joints.is_none_or(|n| chain.len() < n) {
            let below = self.robot.joints.iter().filter(|j| j.parent.link == at);
            let mut moving = below.filter(|j| self.moves_below(j));
            let (Some(next), None) = (moving.next(), moving.next()) else { break };
            at = &next.child.link;
            if moves(next) {
                chain.push(next);
            }
        }
        self.chain = chain;
        self.tip = at.into();
    }

    fn moves_below(&self, joint: &Joint) -> bool {
        let hangs =
            |other: &&Joint| self.way_up(&other.child.link).iter().any(|j| j.name == joint.name);
        self.robot.joints.iter().filter(|j| moves(j)).any(|j| hangs(&j))
    }

    /// The body a link belongs to (0: the ground; i: moved by joint i - 1), and its pose in the frame
    /// of that body: the child link of the joint, or the root.
    pub fn anchor(&self, link: &str, frozen: &HashMap<String, f64>) -> (usize, Pose) {
        let mut place = Pose::identity();
        for joint in self.way_up(link) {
            if let Some(i) = self.chain.iter().position(|c| c.name == joint.name) {
                return (i + 1, place);
            }
            let at = self.frozen_position(joint, frozen, 8);
            place = origin(joint) * motion(joint, at) * place;
        }
        (0, place)
    }

    /// Where a joint off the chain stands: where the caller says, where its leader puts it, or at zero
    /// or the limit next to it.
    fn frozen_position(&self, joint: &Joint, frozen: &HashMap<String, f64>, depth: usize) -> f64 {
        if let Some(at) = frozen.get(&joint.name) {
            return *at;
        }
        if let (Some(mimic), Some(depth)) = (&joint.mimic, depth.checked_sub(1)) {
            let leader = self.robot.joints.iter().find(|j| j.name == mimic.joint);
            let at = leader.map_or(0.0, |l| self.frozen_position(l, frozen, depth));
            return mimic.multiplier.unwrap_or(1.0) * at + mimic.offset.unwrap_or(0.0);
        }
        let (lower, upper) = (joint.limit.lower, joint.limit.upper);
        if lower < upper { 0f64.clamp(lower, upper) } else { 0.0 }
    }
}

/// Whether something can move it.
pub(super) fn moves(joint: &Joint) -> bool {
    kind(joint).is_some()
}

pub(super) fn kind(joint: &Joint) -> Option<JointKind> {
    match joint.joint_type {
        JointType::Revolute => Some(JointKind::Revolute),
        JointType::Continuous => Some(JointKind::Continuous),
        JointType::Prismatic => Some(JointKind::Prismatic),
        _ => None,
    }
}

/// A URDF pose: shift, then turn by fixed-axis roll, pitch, yaw.
pub(super) fn urdf_pose(pose: &urdf_rs::Pose) -> Pose {
    let [roll, pitch, yaw] = *pose.rpy;
    let turn = UnitQuaternion::from_euler_angles(roll, pitch, yaw);
    Pose::from_parts(Translation3::from(Vector3::from(*pose.xyz)), turn)
}

pub(super) fn origin(joint: &Joint) -> Pose {
    urdf_pose(&joint.origin)
}

pub(super) fn axis(joint: &Joint) -> Unit<Vector3<f64>> {
    Unit::new_normalize(Vector3::from(*joint.axis.xyz))
}

/// What a joint does at a position [rad or m].
pub(super) fn motion(joint: &Joint, at: f64) -> Pose {
    match kind(joint) {
        Some(JointKind::Prismatic) => {
            Pose::from_parts(Translation3::from(axis(joint).scale(at)), UnitQuaternion::identity())
        }
        Some(_) => UnitQuaternion::from_axis_angle(&axis(joint), at).into_pose(),
        None => Pose::identity(),
    }
}

trait IntoPose {
    fn into_pose(self) -> Pose;
}

impl IntoPose for UnitQuaternion<f64> {
    fn into_pose(self) -> Pose {
        Pose::from_parts(Translation3::identity(), self)
    }
}

fn check(joint: &Joint) -> Result<(), CollisionError> {
    let owner = format!("joint '{}'", joint.name);
    coordinates(&owner, "origin", &[*joint.origin.xyz, *joint.origin.rpy].concat())?;
    if matches!(joint.joint_type, JointType::Floating | JointType::Planar | JointType::Spherical) {
        let kind = format!("{:?}", joint.joint_type).to_lowercase();
        return Err(CollisionError::UnsupportedJoint { joint: joint.name.clone(), kind });
    }
    if !moves(joint) {
        return Ok(());
    }
    coordinates(&owner, "axis", &*joint.axis.xyz)?;
    let length = Vector3::from(*joint.axis.xyz).norm();
    if length < 1e-9 {
        let (what, must) = ("length of the axis", "above 0");
        return Err(CollisionError::BadNumber { owner, what, value: length, must });
    }
    let (lower, upper) = (joint.limit.lower, joint.limit.upper);
    coordinates(&owner, "position limit", &[lower, upper])?;
    if kind(joint) != Some(JointKind::Continuous) && joint.mimic.is_none() && lower >= upper {
        return Err(CollisionError::EmptyRange { joint: joint.name.clone(), lower, upper });
    }
    Ok(())
}

fn unique<'a>(
    kind: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), CollisionError> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(CollisionError::DuplicateName { kind, name: name.into() });
        }
    }
    Ok(())
}
