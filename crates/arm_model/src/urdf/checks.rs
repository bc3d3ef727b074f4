//! What a description must say before it may become a model: finite numbers, limits with room in
//! them, masses that can exist. Each refusal names the link or joint.

use nalgebra::Matrix3;
use urdf_rs::{Inertia, Joint, JointType, Link, Robot};

use super::tree::Tree;
use crate::ModelError;
use crate::load::{Zero, check_moments};
use crate::spatial::RigidInertia;
use crate::symmetric::Symmetric;

/// Axes shorter than this have no direction.
const SHORTEST_AXIS: f64 = 1e-9;

/// Checks every joint and link by itself.
pub(super) fn all(robot: &Robot, tree: &Tree) -> Result<(), ModelError> {
    robot.joints.iter().try_for_each(|joint| check_joint(joint, tree))?;
    robot.links.iter().try_for_each(check_link)
}

/// Checks a moving link with all that is fixed to it.
pub(super) fn lumped(link: &str, body: &RigidInertia) -> Result<(), ModelError> {
    if body.mass == 0.0 {
        return Err(ModelError::MissingInertia { link: link.into() });
    }
    let com = body.first_moment / body.mass;
    let at_origin = RigidInertia::about_origin(body.mass, com, Symmetric::ZERO).second_moment;
    check_moments(&(body.second_moment - at_origin).matrix(), Zero::Refused)
        .map_err(|moments| ModelError::ImpossibleInertia { link: link.into(), moments })
}

/// The symmetric matrix of an `<inertia>` element [kg m²].
pub(super) fn matrix(i: &Inertia) -> Matrix3<f64> {
    Matrix3::new(i.ixx, i.ixy, i.ixz, i.ixy, i.iyy, i.iyz, i.ixz, i.iyz, i.izz)
}

fn check_joint(joint: &Joint, tree: &Tree) -> Result<(), ModelError> {
    let name = || joint.name.clone();
    finite(owner(joint), "origin", &[*joint.origin.xyz, *joint.origin.rpy].concat())?;
    if let Some(mimic) = &joint.mimic {
        return Err(ModelError::Mimic { joint: name(), leader: mimic.joint.clone() });
    }
    match &joint.joint_type {
        JointType::Fixed => Ok(()),
        _ if !tree.on_chain(joint) => Err(ModelError::MovingBranch { joint: name() }),
        JointType::Revolute => check_revolute(joint),
        JointType::Continuous => Err(ModelError::Continuous { joint: name() }),
        other => {
            let kind = format!("{other:?}").to_lowercase();
            Err(ModelError::UnsupportedJoint { joint: name(), kind })
        }
    }
}

fn check_revolute(joint: &Joint) -> Result<(), ModelError> {
    let number = owner(joint);
    finite(number, "axis", &*joint.axis.xyz)?;
    if nalgebra::Vector3::from(*joint.axis.xyz).norm() < SHORTEST_AXIS {
        return Err(ModelError::ZeroAxis { joint: joint.name.clone() });
    }
    let limit = &joint.limit;
    finite(number, "position limit", &[limit.lower, limit.upper])?;
    if limit.lower >= limit.upper {
        let (lower, upper) = (limit.lower, limit.upper);
        return Err(ModelError::EmptyRange { joint: joint.name.clone(), lower, upper });
    }
    positive(number, "velocity limit", limit.velocity)?;
    positive(number, "effort limit", limit.effort)
}

fn check_link(link: &Link) -> Result<(), ModelError> {
    let number = Owner { element: "link", name: &link.name };
    let inertial = &link.inertial;
    finite(number, "inertial origin", &[*inertial.origin.xyz, *inertial.origin.rpy].concat())?;
    let inertia = matrix(&inertial.inertia);
    finite(number, "inertia", inertia.as_slice())?;
    let mass = inertial.mass.value;
    finite(number, "mass", &[mass])?;
    if mass < 0.0 || (mass == 0.0 && inertia.amax() > 0.0) {
        return Err(number.wrong("mass", mass, "above 0"));
    }
    check_moments(&inertia, Zero::Allowed)
        .map_err(|moments| ModelError::ImpossibleInertia { link: link.name.clone(), moments })
}

/// Whose number it is.
#[derive(Clone, Copy)]
struct Owner<'a> {
    element: &'static str,
    name: &'a str,
}

impl Owner<'_> {
    fn wrong(&self, what: &'static str, value: f64, must: &'static str) -> ModelError {
        let (element, name) = (self.element, self.name.into());
        ModelError::BadNumber { element, name, what, value, must }
    }
}

fn owner(joint: &Joint) -> Owner<'_> {
    Owner { element: "joint", name: &joint.name }
}

fn finite(owner: Owner, what: &'static str, values: &[f64]) -> Result<(), ModelError> {
    match values.iter().find(|x| !x.is_finite()) {
        Some(&value) => Err(owner.wrong(what, value, "finite")),
        None => Ok(()),
    }
}

fn positive(owner: Owner, what: &'static str, value: f64) -> Result<(), ModelError> {
    match value.is_finite() && value > 0.0 {
        true => Ok(()),
        false => Err(owner.wrong(what, value, "finite and above 0")),
    }
}
