//! Torques from motion, and the joint-space inertia: recursive Newton-Euler (RNEA) and composite
//! rigid bodies (CRBA), Featherstone 2008, tables 5.1 and 6.2.
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use nalgebra::Vector3;

use crate::hinge::Hinge;
use crate::load::{Load, Payload};
use crate::model::ArmModel;
use crate::spatial::{Force, Motion, RigidInertia, turn, turn_back};
use crate::{JointVector, MassMatrix, rnea};

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
        let motion: ([f64; N], [f64; N]) = ((*v).into(), (*a).into());
        let payload = self.hanging(&load.payload);
        let torques = rnea::torques(
            &self.bodies,
            &self.turns(q, 1.0),
            (&motion.0, &motion.1),
            &self.upwards(load),
            payload.as_ref(),
        );
        JointVector::from(torques) + self.rotor_inertia.component_mul(a)
    }

    /// Torques [N m] that hold the arm still at `q` [rad].
    pub fn gravity_torque(&self, q: &JointVector<N>, load: &Load) -> JointVector<N> {
        let hinges = self.hinges(q);
        let mut up = self.upwards(load);
        let mut forces = [Force::ZERO; N];
        for i in 0..N {
            up = hinges[i].turn_back(&up);
            let inertia = self.laden(i, &load.payload);
            forces[i] =
                Force { moment: inertia.first_moment.cross(&up), linear: up * inertia.mass };
        }
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
