//! What control works with: law, payload, torque limits and stiffness, as declared by people and
//! other robots.

use crate::joint::PerJoint;
use crate::time::Stamp;

/// A rigid body at the tip.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TipLoad {
    /// Mass, kg.
    pub mass: f64,
    /// Centre of mass in the tip frame, m.
    pub center: [f64; 3],
    /// Inertia about the centre of mass, kg·m²: xx, xy, xz, yy, yz, zz; zero for a point mass.
    pub inertia: [f64; 6],
}

/// A payload estimated from measured torques.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadEstimate {
    /// Mass, kg.
    pub mass: f64,
    /// Centre of mass in the tip frame, m; NaN while the mass is too small to have one.
    pub center: [f64; 3],
    /// Standard deviation of the mass, kg.
    pub deviation: f64,
}

/// What control works with when every ramp has ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ControlSettings {
    /// ROS time of the change.
    pub stamp: Stamp,
    /// Name of the law.
    pub law: String,
    /// The payload declared.
    pub payload: TipLoad,
    /// Largest torque asked of each joint, N·m.
    pub torque_limit: PerJoint<f64>,
    /// N·m/rad, used by law `torque`.
    pub stiffness: PerJoint<f64>,
    /// 1 = critical.
    pub damping_ratio: PerJoint<f64>,
    /// The payload estimated; none until known.
    pub estimate: Option<LoadEstimate>,
}
