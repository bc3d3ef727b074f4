//! Torques from motion, and the joint-space inertia: recursive Newton-Euler (RNEA) and composite
//! rigid bodies (CRBA), Featherstone 2008, tables 5.1 and 6.2.
//!
//! The RNEA here carries the classical acceleration of a body's origin, not the spatial one: with
//! Luh, Walker and Paul's matrix `[α]× + [ω]×²`, which gives the acceleration of any point of the
//! body, that takes a third less arithmetic.
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use nalgebra::{Matrix3, Vector3};

use crate::hinge::Hinge;
use crate::load::{Load, Payload};
use crate::model::ArmModel;
use crate::spatial::{Force, Motion, RigidInertia, turn, turn_back};
use crate::{JointVector, MassMatrix};

/// How a body turns, and how its origin accelerates.
#[derive(Clone, Copy)]
struct Accelerated {
    /// Angular velocity [rad/s].
    velocity: Vector3<f64>,
    /// Angular acceleration [rad/s²].
    angular: Vector3<f64>,
    /// Acceleration of the frame's origin [m/s²].
    linear: Vector3<f64>,
    /// Takes a place in the body to its acceleration beyond that of the origin [1/s²].
    spread: Matrix3<f64>,
}

impl<const N: usize> ArmModel<N> {
    /// Torques [N m] that produce acceleration `a` [rad/s²] at position `q` [rad] and velocity `v`
    /// [rad/s], without friction.
    pub fn inverse_dynamics(
        &self,
        q: &JointVector<N>,
        v: &JointVector<N>,
        a: &JointVector<N>,
        load: &Load,
    ) -> JointVector<N> {
        let hinges = self.hinges(q);
        let mut motion = Accelerated::base(self.upwards(load));
        let forces = std::array::from_fn(|i| {
            motion = motion.child(&hinges[i], v[i], a[i]);
            motion.force(&self.laden(i, &load.payload))
        });
        gather(&hinges, &forces) + self.rotor_inertia.component_mul(a)
    }

    /// Torques [N m] that hold the arm still at `q` [rad].
    pub fn gravity_torque(&self, q: &JointVector<N>, load: &Load) -> JointVector<N> {
        let hinges = self.hinges(q);
        let mut up = self.upwards(load);
        let forces = std::array::from_fn(|i| {
            up = hinges[i].turn_back(&up);
            let inertia = self.laden(i, &load.payload);
            Force { moment: inertia.first_moment.cross(&up), linear: up * inertia.mass }
        });
        gather(&hinges, &forces)
    }

    /// Joint-space inertia [kg m²] at `q` [rad], with rotors: symmetric, positive definite.
    pub fn mass_matrix(&self, q: &JointVector<N>, payload: &Payload) -> MassMatrix<N> {
        let hinges = self.hinges(q);
        let mut composite = RigidInertia::ZERO;
        let mut matrix = MassMatrix::from_diagonal(&self.rotor_inertia);
        for i in (0..N).rev() {
            composite = composite + self.laden(i, payload);
            let mut force = composite.spin_momentum();
            matrix[(i, i)] += force.moment.z;
            for j in (0..i).rev() {
                force = hinges[j + 1].force_to_parent(&force);
                matrix[(i, j)] = force.moment.z;
                matrix[(j, i)] = force.moment.z;
            }
            composite = hinges[i].inertia_to_parent(&composite);
        }
        matrix
    }

    /// Kinetic energy [J] at position `q` [rad] and velocity `v` [rad/s], with rotors.
    pub fn kinetic_energy(&self, q: &JointVector<N>, v: &JointVector<N>, payload: &Payload) -> f64 {
        let mut velocity = Motion::ZERO;
        let mut twice = self.rotor_inertia.component_mul(v).dot(v);
        for (i, hinge) in self.hinges(q).iter().enumerate() {
            velocity = hinge.motion_to_child(&velocity).plus_spin(v[i]);
            twice += velocity.dot(&self.laden(i, payload).momentum(&velocity));
        }
        twice / 2.0
    }

    /// Potential energy [J] at `q` [rad]; zero when all mass is at the height of the base's origin.
    pub fn potential_energy(&self, q: &JointVector<N>, load: &Load) -> f64 {
        let mut last = self.root.transform;
        let mut moment = Vector3::zeros();
        for (i, hinge) in self.hinges(q).iter().enumerate() {
            last = hinge.after(&last);
            let inertia = self.laden(i, &load.payload);
            moment += turn(&last.rotation, &inertia.first_moment) + last.origin * inertia.mass;
        }
        -load.gravity.dot(&moment)
    }

    /// The acceleration that feels like gravity, where the first joint is [m/s²].
    #[inline]
    pub(crate) fn upwards(&self, load: &Load) -> Vector3<f64> {
        turn_back(&self.root.transform.rotation, &-load.gravity)
    }
}

impl Accelerated {
    /// A base that does not turn and accelerates by `up`, which feels like gravity.
    #[inline]
    fn base(up: Vector3<f64>) -> Self {
        let still = Vector3::zeros();
        Self { velocity: still, angular: still, linear: up, spread: Matrix3::zeros() }
    }

    /// The body on this one's next joint, which turns at `v` [rad/s] and `a` [rad/s²].
    #[inline]
    fn child(&self, hinge: &Hinge, v: f64, a: f64) -> Self {
        let mut velocity = hinge.turn_back(&self.velocity);
        let mut angular = hinge.turn_back(&self.angular);
        angular.x += velocity.y * v;
        angular.y -= velocity.x * v;
        angular.z += a;
        velocity.z += v;
        let linear = hinge.turn_back(&(self.linear + turn(&self.spread, &hinge.origin)));
        Self { velocity, angular, linear, spread: spread(&velocity, &angular) }
    }

    /// Force and moment about the origin that a body takes to move so.
    #[inline]
    fn force(&self, body: &RigidInertia) -> Force {
        let spin = body.second_moment.apply(&self.velocity);
        Force {
            moment: body.second_moment.apply(&self.angular)
                + self.velocity.cross(&spin)
                + body.first_moment.cross(&self.linear),
            linear: self.linear * body.mass + turn(&self.spread, &body.first_moment),
        }
    }
}

/// `[α]× + [ω]×²`.
#[inline]
fn spread(velocity: &Vector3<f64>, angular: &Vector3<f64>) -> Matrix3<f64> {
    let (w, a) = (velocity, angular);
    let (xx, yy, zz) = (w.x * w.x, w.y * w.y, w.z * w.z);
    let (xy, xz, yz) = (w.x * w.y, w.x * w.z, w.y * w.z);
    #[rustfmt::skip]
    let matrix = Matrix3::new(
        -yy - zz, xy - a.z, xz + a.y,
        xy + a.z, -xx - zz, yz - a.x,
        xz - a.y, yz + a.x, -xx - yy,
    );
    matrix
}

/// The joint torques that carry these forces, each in its body's frame.
#[inline]
fn gather<const N: usize>(hinges: &[Hinge; N], forces: &[Force; N]) -> JointVector<N> {
    let mut torque = JointVector::zeros();
    let mut carried = Force::ZERO;
    for i in (0..N).rev() {
        carried += forces[i];
        torque[i] = carried.moment.z;
        carried = hinges[i].force_to_parent(&carried);
    }
    torque
}
