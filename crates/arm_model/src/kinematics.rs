//! Where the links are, and how the tip moves with the joints.
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use nalgebra::{Unit, UnitQuaternion, Vector3, Vector6};

use crate::hinge::{Hinge, Socket};
use crate::model::ArmModel;
use crate::spatial::Transform;
use crate::symmetric::turned_pair;
use crate::trig::{SinCos, sin_cos};
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
        let mut last = self.root.pose;
        for (body, half_turn) in self.bodies.iter().zip(self.turns(q, 0.5)) {
            last = body.socket.pose_after(&last, half_turn);
        }
        last * self.tip.pose
    }

    /// Poses in the base of the links that the joints move, in joint order.
    pub fn link_poses(&self, q: &JointVector<N>) -> [Pose; N] {
        let half_turns = self.turns(q, 0.5);
        let mut last = self.root.pose;
        std::array::from_fn(|i| {
            last = self.bodies[i].socket.pose_after(&last, half_turns[i]);
            last * self.bodies[i].link_rotation
        })
    }

    /// Maps joint velocities [rad/s] to the velocity of the tip's origin [m/s] (rows 0 to 2) and
    /// its angular velocity [rad/s] (rows 3 to 5), both along the axes of the base.
    pub fn jacobian(&self, q: &JointVector<N>) -> Jacobian<N> {
        self.tip_and_jacobian(q).1
    }

    /// The tip in the base, and how it moves.
    #[inline]
    pub(crate) fn tip_and_jacobian(&self, q: &JointVector<N>) -> (Transform, Jacobian<N>) {
        let mut last = self.root.transform;
        let hinges = self.hinges(q);
        let joints: [Transform; N] = std::array::from_fn(|i| {
            last = hinges[i].after(&last);
            last
        });
        let tip = last.then(&self.tip.transform);
        let mut jacobian = Jacobian::<N>::zeros();
        for (i, joint) in joints.iter().enumerate() {
            let axis: Vector3<f64> = joint.rotation.column(2).into();
            let arm = axis.cross(&(tip.origin - joint.origin));
            let column = Vector6::new(arm.x, arm.y, arm.z, axis.x, axis.y, axis.z);
            jacobian.set_column(i, &column);
        }
        (tip, jacobian)
    }

    /// Every body in the body before it, at these joint positions [rad].
    #[inline]
    pub(crate) fn hinges(&self, q: &JointVector<N>) -> [Hinge; N] {
        let turns = self.turns(q, 1.0);
        // A loop, not `array::from_fn`: that calls its closure for each element.
        let mut hinges = [Hinge::UNSET; N];
        for i in 0..N {
            hinges[i] = self.bodies[i].socket.at(turns[i]);
        }
        hinges
    }

    /// Sine and cosine of each joint's turn times `share`.
    #[inline]
    pub(crate) fn turns(&self, q: &JointVector<N>, share: f64) -> [SinCos; N] {
        let mut angles = [0.0; N];
        for i in 0..N {
            angles[i] = (q[i] + self.bodies[i].socket.offset) * share;
        }
        sin_cos(&angles)
    }
}

impl Socket {
    /// Pose of the child when the parent's is `parent` and the joint has turned by twice
    /// `half_turn`.
    #[inline]
    fn pose_after(&self, parent: &Pose, half_turn: SinCos) -> Pose {
        let origin = parent * nalgebra::Point3::from(self.origin);
        let r = parent.rotation.quaternion();
        let (i, w) = turned_pair(r.i, r.w, self.half_twist.back());
        let (j, k) = turned_pair(r.j, r.k, self.half_twist.back());
        let (k, w) = turned_pair(k, w, half_turn.back());
        let (i, j) = turned_pair(i, j, half_turn.back());
        let turned = nalgebra::Quaternion::new(w, i, j, k);
        Pose::from_parts(origin.into(), UnitQuaternion::new_unchecked(turned))
    }
}
