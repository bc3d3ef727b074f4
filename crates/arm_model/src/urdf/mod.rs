//! From URDF text to an [`ArmModel`]: the only door, so what is behind it is finite, connected and
//! physical.

mod checks;
#[cfg(test)]
mod tests;
mod tree;

use nalgebra::{Matrix3, Unit, UnitQuaternion, Vector3};
use urdf_rs::{Joint, JointType, Link};

use crate::hinge::{Socket, about_z};
use crate::kinematics::Frame;
use crate::model::Body;
use crate::rnea::Twin;
use crate::spatial::{RigidInertia, Transform, quaternion};
use crate::symmetric::Symmetric;
use crate::{ArmModel, JointLimits, JointVector, ModelError, Pose};
use tree::{Anchor, Tree};

/// Reads and checks the whole description.
pub(crate) fn read<const N: usize>(
    text: &str,
    base: &str,
    tip: &str,
) -> Result<ArmModel<N>, ModelError> {
    let robot = urdf_rs::read_from_string(text)?;
    let tree = Tree::new(&robot, base, tip)?;
    checks::all(&robot, &tree)?;
    let moving = tree.moving();
    let joint_count = || ModelError::JointCount {
        expected: N,
        found: moving.len(),
        joints: moving.iter().map(|j| j.name.as_str()).collect::<Vec<_>>().join(", "),
    };
    let (root, bodies, axes) = skeleton(&tree);
    let bodies = fleshed(bodies, &robot.links, &tree, &axes)?;
    let tip_in_link = tree.anchor(tip).1;
    let tip_rotation = axes.last().copied().unwrap_or_else(Matrix3::identity).transpose();
    Ok(ArmModel {
        root: root.into(),
        bodies: bodies.try_into().map_err(|_| joint_count())?,
        tip: rotated(&tip_rotation, &tip_in_link).into(),
        rotor_inertia: JointVector::zeros(),
        frames: robot.joints.iter().map(|j| frame(j, &tree)).collect(),
        joint_names: per_joint(moving, |j| j.name.clone()).ok_or_else(joint_count)?,
        link_names: per_joint(moving, |j| j.child.link.clone()).ok_or_else(joint_count)?,
        limits: per_joint(moving, limits).ok_or_else(joint_count)?,
    })
}

/// One thing per joint; none when there are not `N`.
fn per_joint<const N: usize, T>(joints: &[&Joint], get: impl Fn(&Joint) -> T) -> Option<[T; N]> {
    joints.iter().map(|j| get(j)).collect::<Vec<T>>().try_into().ok()
}

fn limits(joint: &Joint) -> JointLimits {
    let l = &joint.limit;
    JointLimits { lower: l.lower, upper: l.upper, velocity: l.velocity, effort: l.effort }
}

/// Places every body's frame, z along its joint: the first one in the base, the bodies as yet
/// without mass, and what takes each body's coordinates to its link's.
fn skeleton(tree: &Tree) -> (Transform, Vec<Body>, Vec<Matrix3<f64>>) {
    let axes: Vec<Matrix3<f64>> = tree.moving().iter().map(|j| basis_along(&axis(j))).collect();
    let before = std::iter::once(Matrix3::identity()).chain(axes.iter().copied());
    let placements: Vec<Transform> = (tree.moving().iter().zip(before).zip(&axes))
        .map(|((joint, before), axes)| {
            let (_, parent) = tree.anchor(&joint.parent.link);
            let at_zero = rotated(&before.transpose(), &(parent * pose(&joint.origin)));
            Transform { rotation: at_zero.rotation * axes, ..at_zero }
        })
        .collect();
    let (root, sockets) = Socket::chain(&placements);
    let axes: Vec<Matrix3<f64>> =
        axes.iter().zip(&sockets).map(|(axes, socket)| axes * about_z(socket.1)).collect();
    let bodies = sockets.iter().zip(&axes).map(|((socket, _), axes)| Body {
        socket: *socket,
        inertia: RigidInertia::ZERO,
        twin: Twin::new(&RigidInertia::ZERO, socket, None),
        link_rotation: quaternion(&axes.transpose()),
    });
    (root, bodies.collect(), axes)
}

/// Gives the bodies their mass, with that of the links fixed to them.
fn fleshed(
    mut bodies: Vec<Body>,
    links: &[Link],
    tree: &Tree,
    axes: &[Matrix3<f64>],
) -> Result<Vec<Body>, ModelError> {
    for link in links {
        let (Anchor::Body(i), place) = tree.anchor(&link.name) else { continue };
        if let (Some(body), Some(axes)) = (bodies.get_mut(i), axes.get(i)) {
            let in_body = rotated(&axes.transpose(), &place);
            body.inertia = body.inertia + in_body.inertia_to_parent(&inertia(link));
        }
    }
    let next: Vec<Socket> = bodies.iter().skip(1).map(|body| body.socket).collect();
    for (i, body) in bodies.iter_mut().enumerate() {
        body.twin = Twin::new(&body.inertia, &body.socket, next.get(i));
    }
    for (body, joint) in bodies.iter().zip(tree.moving()) {
        checks::lumped(&joint.child.link, &body.inertia)?;
    }
    Ok(bodies)
}

/// Inertia of a link in its own frame.
fn inertia(link: &Link) -> RigidInertia {
    let i = &link.inertial;
    let centre = Transform::from_pose(&pose(&i.origin));
    let central = Symmetric::of(&checks::matrix(&i.inertia));
    centre.inertia_to_parent(&RigidInertia::about_origin(i.mass.value, Vector3::zeros(), central))
}

fn frame(joint: &Joint, tree: &Tree) -> Frame {
    let index = tree.moving().iter().position(|m| m.name == joint.name);
    Frame {
        parent: joint.parent.link.clone(),
        child: joint.child.link.clone(),
        origin: pose(&joint.origin),
        joint: index.map(|i| (i, axis(joint))),
    }
}

/// A URDF pose: shift, then turn by fixed-axis roll, pitch, yaw.
fn pose(origin: &urdf_rs::Pose) -> Pose {
    let [roll, pitch, yaw] = *origin.rpy;
    Pose::from_parts(
        Vector3::from(*origin.xyz).into(),
        UnitQuaternion::from_euler_angles(roll, pitch, yaw),
    )
}

fn axis(joint: &Joint) -> Unit<Vector3<f64>> {
    Unit::new_normalize(Vector3::from(*joint.axis.xyz))
}

fn is_revolute(joint: &Joint) -> bool {
    joint.joint_type == JointType::Revolute
}

/// A place in a link, with coordinates turned to the body's frame.
fn rotated(to_body: &Matrix3<f64>, place: &Pose) -> Transform {
    let place = Transform::from_pose(place);
    Transform { rotation: to_body * place.rotation, origin: to_body * place.origin }
}

/// A right-handed basis whose third column is `axis`; the identity for z, exact for x and y.
fn basis_along(axis: &Unit<Vector3<f64>>) -> Matrix3<f64> {
    let mut across = Vector3::zeros();
    if let Some(smallest) = across.get_mut(axis.abs().imin()) {
        *smallest = 1.0;
    }
    let x = (across - axis.into_inner() * axis.dot(&across)).normalize();
    Matrix3::from_columns(&[x, axis.cross(&x), axis.into_inner()])
}
