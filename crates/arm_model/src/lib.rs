//! Kinematics and dynamics of a serial arm with `N` revolute joints, read from a URDF.
//!
//! The rule: everything that can be wrong with a description is found by [`ArmModel::from_urdf`];
//! every function of [`ArmModel`] after that is total, `&self`, on the stack, and allocates nothing,
//! so it may be called in the control cycle. The same goes for [`ik`], from a pose back to joint
//! positions, but that a pose may have none; [`cartesian`] makes whole paths and does allocate.
//!
//! Terms. *Body*: a moving link with everything that is rigidly fixed to it. *Tip*: the frame at
//! the end of the chain (`tool0`), where the payload hangs. *Load*: what the dynamics must bear
//! besides the arm itself, gravity and payload. All vectors are in joint order, base to tip.
//! Units are SI and rad throughout.
//!
//! Algorithms and notation: R. Featherstone, *Rigid Body Dynamics Algorithms*, Springer 2008.
#![forbid(unsafe_code)]

mod aba;
pub mod cartesian;
mod dynamics;
mod error;
mod hinge;
pub mod ik;
mod kinematics;
mod load;
mod model;
mod rnea;
mod spatial;
mod symmetric;
mod trig;
mod urdf;

pub use error::{LoadError, ModelError};
pub use kinematics::Frame;
pub use load::{Load, Payload, STANDARD_GRAVITY};
pub use model::{ArmModel, JointLimits};

/// One number per joint, base to tip.
pub type JointVector<const N: usize> = nalgebra::SVector<f64, N>;

/// The velocity map of the tip: rows 0 to 2 linear, rows 3 to 5 angular, one column per joint.
pub type Jacobian<const N: usize> = nalgebra::SMatrix<f64, 6, N>;

/// The joint-space inertia [kg m²].
pub type MassMatrix<const N: usize> = nalgebra::SMatrix<f64, N, N>;

/// A place and an orientation, in m.
pub type Pose = nalgebra::Isometry3<f64>;
