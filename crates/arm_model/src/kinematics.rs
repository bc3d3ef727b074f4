//! Where the links are, and how the tip moves with the joints.
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use nalgebra::{Unit, UnitQuaternion, Vector3, Vector6};

use crate::model::ArmModel;
use crate::spatial::Transform;
use crate::{Jacobian, JointVector, Pose};

/// One URDF joint as tf sees it: a child link in its parent link.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Name of the parent link.
    pub parent: String,
    /// Name of the child link.
    pub child: String,
    /// The child in the parent at joint position 0.
    pub origin: Pose,
    /// Index of the joint that turns it and the axis in the child; none when it is fixed.
    pub joint: Option<(usize, Unit<Vector3<f64>>)>,
}

impl Frame {
    /// The child in the parent at these joint positions [rad].
    pub fn pose<const N: usize>(&self, q: &JointVector<N>) -> Pose {
        let turn = self.joint.and_then(|(i, axis)| Some((*q.get(i)?, axis)));
        match turn {
            Some((angle, axis)) => self.origin * UnitQuaternion::from_axis_angle(&axis, angle),
            None => self.origin,
        }
    }

    /// Whether it never moves, so that it belongs on `tf_static`.
    pub fn is_fixed(&self) -> bool {
        self.joint.is_none()
    }
}

impl<const N: usize> ArmModel<N> {
    /// Pose of the tip in the base at these joint positions [rad].
    pub fn forward_kinematics(&self, q: &JointVector<N>) -> Pose {
        let bodies = self.bodies.iter().zip(half_turns(q));
        let last = bodies.fold(Pose::identity(), |last, (body, half_turn)| {
            spun(&(last * body.placement.pose), half_turn)
        });
        last * self.tip.pose
    }

    /// Poses in the base of the links that the joints move, in joint order.
    pub fn link_poses(&self, q: &JointVector<N>) -> [Pose; N] {
        let half_turns = half_turns(q);
        let mut last = Pose::identity();
        std::array::from_fn(|i| {
            last = spun(&(last * self.bodies[i].placement.pose), half_turns[i]);
            last * self.bodies[i].link_rotation
        })
    }

    /// Maps joint velocities [rad/s] to the velocity of the tip's origin [m/s] (rows 0 to 2) and
    /// its angular velocity [rad/s] (rows 3 to 5), both along the axes of the base.
    pub fn jacobian(&self, q: &JointVector<N>) -> Jacobian<N> {
        let mut last = Transform::IDENTITY;
        let joints: [Transform; N] = std::array::from_fn(|i| {
            last = last.then(&self.placement(i, q[i]));
            last
        });
        let tip = last.then(&self.tip.transform).origin;
        let mut jacobian = Jacobian::<N>::zeros();
        for (i, joint) in joints.iter().enumerate() {
            let axis: Vector3<f64> = joint.rotation.column(2).into();
            let arm = axis.cross(&(tip - joint.origin));
            let column = Vector6::new(arm.x, arm.y, arm.z, axis.x, axis.y, axis.z);
            jacobian.set_column(i, &column);
        }
        jacobian
    }

    /// Body `i` in the body before it, at joint position `angle` [rad].
    pub(crate) fn placement(&self, i: usize, angle: f64) -> Transform {
        let (sin, cos) = angle.sin_cos();
        self.bodies[i].placement.transform.turned(sin, cos)
    }

    /// All [`Self::placement`]s.
    pub(crate) fn placements(&self, q: &JointVector<N>) -> [Transform; N] {
        std::array::from_fn(|i| self.placement(i, q[i]))
    }
}

/// Sine and cosine of half of each angle, as quaternions want them.
#[inline]
fn half_turns<const N: usize>(q: &JointVector<N>) -> [(f64, f64); N] {
    std::array::from_fn(|i| (q[i] / 2.0).sin_cos())
}

/// A pose turned about its own z axis.
#[inline]
fn spun(pose: &Pose, (sin, cos): (f64, f64)) -> Pose {
    let r = pose.rotation.quaternion();
    let turned = nalgebra::Quaternion::new(
        r.w * cos - r.k * sin,
        r.i * cos + r.j * sin,
        r.j * cos - r.i * sin,
        r.k * cos + r.w * sin,
    );
    Pose::from_parts(pose.translation, UnitQuaternion::new_unchecked(turned))
}
