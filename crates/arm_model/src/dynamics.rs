//! Torques from motion, and the joint-space inertia: recursive Newton-Euler (RNEA) and composite
//! rigid bodies (CRBA), Featherstone 2008, tables 5.1 and 6.2.
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use nalgebra::Vector3;

use crate::load::{Load, Payload};
use crate::model::ArmModel;
use crate::spatial::{Force, Motion, RigidInertia, Transform, turn, turn_back};
use crate::{JointVector, MassMatrix};

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
        let placements = self.placements(q);
        let mut velocity = Motion::ZERO;
        // A base that accelerates upwards feels like gravity.
        let mut acceleration = Motion { linear: -load.gravity, ..Motion::ZERO };
        let mut forces = [Force::ZERO; N];
        for i in 0..N {
            velocity = placements[i].motion_to_child(&velocity).plus_spin(v[i]);
            acceleration = placements[i].motion_to_child(&acceleration).plus_spin(a[i])
                + velocity.cross_spin(v[i]);
            let inertia = self.laden(i, &load.payload);
            let momentum = inertia.momentum(&velocity);
            forces[i] = inertia.momentum(&acceleration) + velocity.cross_force(&momentum);
        }
        gather(&placements, forces) + self.rotor_inertia.component_mul(a)
    }

    /// Torques [N m] that hold the arm still at `q` [rad].
    pub fn gravity_torque(&self, q: &JointVector<N>, load: &Load) -> JointVector<N> {
        let placements = self.placements(q);
        let mut up = -load.gravity;
        let mut forces = [Force::ZERO; N];
        for i in 0..N {
            up = turn_back(&placements[i].rotation, &up);
            let inertia = self.laden(i, &load.payload);
            forces[i] =
                Force { moment: inertia.first_moment.cross(&up), linear: up * inertia.mass };
        }
        gather(&placements, forces)
    }

    /// Joint-space inertia [kg m²] at `q` [rad], with rotors: symmetric, positive definite.
    pub fn mass_matrix(&self, q: &JointVector<N>, payload: &Payload) -> MassMatrix<N> {
        let placements = self.placements(q);
        let mut composite = RigidInertia::ZERO;
        let mut matrix = MassMatrix::from_diagonal(&self.rotor_inertia);
        for i in (0..N).rev() {
            composite = composite + self.laden(i, payload);
            let mut force = composite.momentum(&Motion::ZERO.plus_spin(1.0));
            matrix[(i, i)] += force.moment.z;
            for j in (0..i).rev() {
                force = placements[j + 1].force_to_parent(&force);
                matrix[(i, j)] = force.moment.z;
                matrix[(j, i)] = force.moment.z;
            }
            composite = placements[i].inertia_to_parent(&composite);
        }
        matrix
    }

    /// Kinetic energy [J] at position `q` [rad] and velocity `v` [rad/s], with rotors.
    pub fn kinetic_energy(&self, q: &JointVector<N>, v: &JointVector<N>, payload: &Payload) -> f64 {
        let mut velocity = Motion::ZERO;
        let mut twice = self.rotor_inertia.component_mul(v).dot(v);
        for i in 0..N {
            velocity = self.placement(i, q[i]).motion_to_child(&velocity).plus_spin(v[i]);
            twice += velocity.dot(&self.laden(i, payload).momentum(&velocity));
        }
        twice / 2.0
    }

    /// Potential energy [J] at `q` [rad]; zero when all mass is at the height of the base's origin.
    pub fn potential_energy(&self, q: &JointVector<N>, load: &Load) -> f64 {
        let mut last = Transform::IDENTITY;
        let mut moment = Vector3::zeros();
        for i in 0..N {
            last = last.then(&self.placement(i, q[i]));
            let inertia = self.laden(i, &load.payload);
            moment += turn(&last.rotation, &inertia.first_moment) + last.origin * inertia.mass;
        }
        -load.gravity.dot(&moment)
    }
}

/// The joint torques that carry these forces, each in its body's frame.
#[inline]
fn gather<const N: usize>(placements: &[Transform; N], forces: [Force; N]) -> JointVector<N> {
    let mut torque = JointVector::zeros();
    let mut carried = Force::ZERO;
    for i in (0..N).rev() {
        carried += forces[i];
        torque[i] = carried.moment.z;
        carried = placements[i].force_to_parent(&carried);
    }
    torque
}
