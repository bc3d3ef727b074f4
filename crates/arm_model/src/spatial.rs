//! Spatial vectors, inertias and changes of frame (Featherstone 2008, chapter 2), as small as a
//! chain of revolute joints about their own z axes needs them.
//!
//! The rule: a value belongs to one frame, and only a [`Transform`] takes it to another. *Motion*
//! is an angular velocity and the velocity of the frame's origin; *force* is a moment about the
//! frame's origin and a force.
//!
//! Every function is `#[inline]`: the callers are generic and so compiled in other crates, which
//! would otherwise call across for each product, at three times the cost.

use nalgebra::{Matrix3, UnitQuaternion, Vector3};
use std::ops::{Add, AddAssign};

use crate::Pose;
use crate::symmetric::Symmetric;

/// A velocity or an acceleration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Motion {
    /// Angular part [rad/s, rad/s²].
    pub angular: Vector3<f64>,
    /// Velocity of the frame's origin [m/s, m/s²].
    pub linear: Vector3<f64>,
}

/// A force with its moment, or a momentum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Force {
    /// Moment about the frame's origin [N m].
    pub moment: Vector3<f64>,
    /// Force [N].
    pub linear: Vector3<f64>,
}

/// Where a child frame lies in its parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transform {
    /// Takes child coordinates to parent coordinates.
    pub rotation: Matrix3<f64>,
    /// Origin of the child in the parent [m].
    pub origin: Vector3<f64>,
}

/// Inertia of a rigid body about the origin of its frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RigidInertia {
    /// [kg]
    pub mass: f64,
    /// Mass times centre of mass [kg m].
    pub first_moment: Vector3<f64>,
    /// Second moment about the frame's origin, not the centre of mass [kg m²].
    pub second_moment: Symmetric,
}

impl Motion {
    /// No motion.
    pub const ZERO: Self = Self { angular: ZERO, linear: ZERO };

    /// This motion plus `rate` about the z axis of the frame, where every joint turns.
    #[inline]
    pub fn plus_spin(mut self, rate: f64) -> Self {
        self.angular.z += rate;
        self
    }

    /// The motion product with a spin of `rate` about z: the velocity-product acceleration.
    #[inline]
    pub fn cross_spin(&self, rate: f64) -> Self {
        Self { angular: cross_z(&self.angular, rate), linear: cross_z(&self.linear, rate) }
    }

    /// The force product: how a momentum changes because its frame moves.
    #[inline]
    pub fn cross_force(&self, f: &Force) -> Force {
        Force {
            moment: self.angular.cross(&f.moment) + self.linear.cross(&f.linear),
            linear: self.angular.cross(&f.linear),
        }
    }

    /// Twice the energy when `momentum` belongs to this motion.
    #[inline]
    pub fn dot(&self, momentum: &Force) -> f64 {
        self.angular.dot(&momentum.moment) + self.linear.dot(&momentum.linear)
    }
}

impl Force {
    /// No force.
    pub const ZERO: Self = Self { moment: ZERO, linear: ZERO };
}

impl Add for Motion {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self { angular: self.angular + other.angular, linear: self.linear + other.linear }
    }
}

impl Add for Force {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self { moment: self.moment + other.moment, linear: self.linear + other.linear }
    }
}

impl AddAssign for Force {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Transform {
    /// The child lies in its parent without shift or turn.
    pub const IDENTITY: Self =
        Self { rotation: Matrix3::new(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0), origin: ZERO };

    /// Where the child of `self`'s child lies in `self`'s parent.
    #[inline]
    pub fn then(&self, inner: &Self) -> Self {
        Self {
            rotation: product(&self.rotation, &inner.rotation),
            origin: turn(&self.rotation, &inner.origin) + self.origin,
        }
    }

    /// An inertia in the child frame, seen in the parent.
    #[inline]
    pub fn inertia_to_parent(&self, inertia: &RigidInertia) -> RigidInertia {
        RigidInertia {
            mass: inertia.mass,
            first_moment: turn(&self.rotation, &inertia.first_moment),
            second_moment: inertia.second_moment.turned(&self.rotation),
        }
        .shifted(&self.origin)
    }

    /// As a pose, with a unit quaternion.
    #[inline]
    pub fn to_pose(self) -> Pose {
        Pose::from_parts(self.origin.into(), quaternion(&self.rotation))
    }

    /// From a pose.
    #[inline]
    pub fn from_pose(pose: &Pose) -> Self {
        Self {
            rotation: pose.rotation.to_rotation_matrix().into_inner(),
            origin: pose.translation.vector,
        }
    }
}

impl RigidInertia {
    /// Nothing.
    pub const ZERO: Self = Self { mass: 0.0, first_moment: ZERO, second_moment: Symmetric::ZERO };

    /// From mass, centre of mass and inertia about the centre of mass, all in one frame.
    #[inline]
    pub fn about_origin(mass: f64, com: Vector3<f64>, central: Symmetric) -> Self {
        Self { mass, first_moment: Vector3::zeros(), second_moment: central }.shifted(&com)
    }

    /// The same body in a frame whose origin the present one lies at `p` of.
    #[inline]
    pub fn shifted(mut self, p: &Vector3<f64>) -> Self {
        let moved = self.first_moment + p * (self.mass / 2.0);
        self.second_moment = self.second_moment + Symmetric::parallel_axis(p, &moved);
        self.first_moment += p * self.mass;
        self
    }

    /// This inertia times a factor, as of a body that much denser.
    #[inline]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            mass: self.mass * factor,
            first_moment: self.first_moment * factor,
            second_moment: self.second_moment.scaled(factor),
        }
    }

    /// The momentum of this body when it moves so; with an acceleration, the force it takes.
    #[inline]
    pub fn momentum(&self, m: &Motion) -> Force {
        Force {
            moment: self.second_moment.apply(&m.angular) + self.first_moment.cross(&m.linear),
            linear: m.linear * self.mass - self.first_moment.cross(&m.angular),
        }
    }

    /// The momentum when this body turns about z at 1 rad/s.
    #[inline]
    pub fn spin_momentum(&self) -> Force {
        let Symmetric { xz, yz, zz, .. } = self.second_moment;
        let first = &self.first_moment;
        Force { moment: Vector3::new(xz, yz, zz), linear: Vector3::new(-first.y, first.x, 0.0) }
    }
}

impl Add for RigidInertia {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self {
            mass: self.mass + other.mass,
            first_moment: self.first_moment + other.first_moment,
            second_moment: self.second_moment + other.second_moment,
        }
    }
}

const ZERO: Vector3<f64> = Vector3::new(0.0, 0.0, 0.0);

/// `v × (0, 0, rate)`.
#[inline]
fn cross_z(v: &Vector3<f64>, rate: f64) -> Vector3<f64> {
    Vector3::new(v.y * rate, -v.x * rate, 0.0)
}

/// `m v`.
#[inline]
pub(crate) fn turn(m: &Matrix3<f64>, v: &Vector3<f64>) -> Vector3<f64> {
    Vector3::new(
        m.m11 * v.x + m.m12 * v.y + m.m13 * v.z,
        m.m21 * v.x + m.m22 * v.y + m.m23 * v.z,
        m.m31 * v.x + m.m32 * v.y + m.m33 * v.z,
    )
}

/// `mᵀ v`.
#[inline]
pub(crate) fn turn_back(m: &Matrix3<f64>, v: &Vector3<f64>) -> Vector3<f64> {
    Vector3::new(
        m.m11 * v.x + m.m21 * v.y + m.m31 * v.z,
        m.m12 * v.x + m.m22 * v.y + m.m32 * v.z,
        m.m13 * v.x + m.m23 * v.y + m.m33 * v.z,
    )
}

/// `a b`.
#[inline]
pub(crate) fn product(a: &Matrix3<f64>, b: &Matrix3<f64>) -> Matrix3<f64> {
    let column = |x, y, z| turn(a, &Vector3::new(x, y, z));
    let (x, y) = (column(b.m11, b.m21, b.m31), column(b.m12, b.m22, b.m32));
    let z = column(b.m13, b.m23, b.m33);
    Matrix3::new(x.x, y.x, z.x, x.y, y.y, z.y, x.z, y.z, z.z)
}

/// The quaternion of a rotation matrix, normalised.
#[inline]
pub(crate) fn quaternion(rotation: &Matrix3<f64>) -> UnitQuaternion<f64> {
    let matrix = nalgebra::Rotation3::from_matrix_unchecked(*rotation);
    UnitQuaternion::from_rotation_matrix(&matrix)
}
