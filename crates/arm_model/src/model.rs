//! The arm itself: its bodies, joints, limits and frames. Immutable but for the rotor inertias.

use nalgebra::UnitQuaternion;

use crate::hinge::Socket;
use crate::kinematics::Frame;
use crate::load::Payload;
use crate::rnea::Twin;
use crate::spatial::{RigidInertia, Transform};
use crate::{JointVector, LoadError, ModelError, Pose, urdf};

/// What a joint can do, from the URDF.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointLimits {
    /// Smallest position [rad].
    pub lower: f64,
    /// Largest position [rad].
    pub upper: f64,
    /// Largest speed, positive [rad/s].
    pub velocity: f64,
    /// Largest torque, positive [N m].
    pub effort: f64,
}

/// Where a frame lies, twice: the dynamics are faster on matrices, the kinematics on quaternions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    pub transform: Transform,
    pub pose: Pose,
}

impl From<Transform> for Placement {
    fn from(transform: Transform) -> Self {
        Self { transform, pose: transform.to_pose() }
    }
}

/// One moving link with all that is fixed to it, in a frame whose z axis is the joint's axis.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    /// Where this body's frame lies in the frame of the body before.
    pub socket: Socket,
    /// Inertia in this body's frame.
    pub inertia: RigidInertia,
    /// Socket and inertia as the inverse dynamics want them.
    pub twin: Twin,
    /// Takes coordinates of the URDF link frame to those of this body's frame.
    pub link_rotation: UnitQuaternion<f64>,
}

/// A serial arm with `N` revolute joints between a base and a tip.
///
/// ```
/// # let urdf = include_str!("../../../config/description/armature.urdf");
/// use arm_model::{ArmModel, JointVector, Load};
/// let arm = ArmModel::<6>::from_urdf(urdf, "base_link", "tool0")?;
/// let stretched = JointVector::zeros();
/// let tip = arm.forward_kinematics(&stretched);
/// let torque = arm.gravity_torque(&stretched, &Load::EMPTY);
/// # assert!(tip.translation.vector.norm() > 0.5 && torque.amax() > 1.0);
/// # Ok::<(), arm_model::ModelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ArmModel<const N: usize> {
    /// Where the frame that the first joint turns about z lies in the base.
    pub(crate) root: Placement,
    pub(crate) bodies: [Body; N],
    /// Where the tip lies in the last body's frame.
    pub(crate) tip: Placement,
    pub(crate) rotor_inertia: JointVector<N>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) joint_names: [String; N],
    pub(crate) link_names: [String; N],
    pub(crate) limits: [JointLimits; N],
}

impl<const N: usize> ArmModel<N> {
    /// Reads the chain from link `base` to link `tip` of a URDF text.
    ///
    /// Fixed joints are folded in, with the inertia of every link fixed to a moving one, on the
    /// chain or off it. Links that do not move with the chain are frames only.
    pub fn from_urdf(urdf: &str, base: &str, tip: &str) -> Result<Self, ModelError> {
        urdf::read(urdf, base, tip)
    }

    /// The same arm with rotor inertias as the joint sees them (rotor times gear ratio squared)
    /// [kg m²], which the dynamics then include. They are zero in a new model; URDF has no word
    /// for them.
    pub fn with_rotor_inertia(mut self, inertia: JointVector<N>) -> Result<Self, LoadError> {
        let wrong = inertia.iter().position(|x| !(x.is_finite() && *x >= 0.0));
        if let Some((joint, value)) = wrong.and_then(|i| Some((i, *inertia.get(i)?))) {
            return Err(LoadError::RotorInertia { joint, value });
        }
        self.rotor_inertia = inertia;
        Ok(self)
    }

    /// Names of the joints, base to tip.
    pub fn joint_names(&self) -> &[String; N] {
        &self.joint_names
    }

    /// Names of the links that the joints move.
    pub fn link_names(&self) -> &[String; N] {
        &self.link_names
    }

    /// Limits of the joints.
    pub fn limits(&self) -> &[JointLimits; N] {
        &self.limits
    }

    /// The rotor inertias [kg m²].
    pub fn rotor_inertia(&self) -> &JointVector<N> {
        &self.rotor_inertia
    }

    /// Every parent and child link of the URDF, in file order: what tf wants.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Inertia of a body, with the payload when it is the last one.
    #[inline]
    pub(crate) fn laden(&self, index: usize, payload: &Payload) -> RigidInertia {
        #[allow(clippy::indexing_slicing)] // callers loop over 0..N
        let own = self.bodies[index].inertia;
        if index + 1 < N {
            return own;
        }
        self.hanging(payload).map_or(own, |payload| own + payload)
    }

    /// Inertia of the payload in the last body's frame, if there is one.
    #[inline]
    pub(crate) fn hanging(&self, payload: &Payload) -> Option<RigidInertia> {
        let some = payload.mass() != 0.0;
        some.then(|| self.tip.transform.inertia_to_parent(payload.inertia()))
    }
}
