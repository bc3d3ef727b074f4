//! Motion from torques: the articulated-body algorithm (Featherstone 2008, table 7.1).
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use nalgebra::Matrix3;

use crate::JointVector;
use crate::load::Load;
use crate::model::ArmModel;
use crate::spatial::{Force, Motion, RigidInertia, Transform, product, turn, turn_back, turn_both};

/// How a body with the rest of the arm hanging on it resists acceleration: symmetric 6×6, as
/// `[rotational, coupling; couplingᵀ, linear]`.
#[derive(Clone, Copy)]
struct ArticulatedInertia {
    rotational: Matrix3<f64>,
    coupling: Matrix3<f64>,
    linear: Matrix3<f64>,
}

/// What the way down leaves for the way up, per joint.
#[derive(Clone, Copy)]
struct Step {
    /// Force per unit of joint acceleration.
    column: Force,
    /// Inertia that the joint feels, with its rotor [kg m²].
    felt: f64,
    /// Torque left to accelerate it [N m].
    torque: f64,
}

impl<const N: usize> ArmModel<N> {
    /// Accelerations [rad/s²] that torques `torque` [N m] produce at position `q` [rad] and
    /// velocity `v` [rad/s], without friction.
    pub fn forward_dynamics(
        &self,
        q: &JointVector<N>,
        v: &JointVector<N>,
        torque: &JointVector<N>,
        load: &Load,
    ) -> JointVector<N> {
        let placements = self.placements(q);
        let mut velocity = Motion::ZERO;
        let mut drifts = [Motion::ZERO; N];
        let mut biases = [Force::ZERO; N];
        for i in 0..N {
            velocity = placements[i].motion_to_child(&velocity).plus_spin(v[i]);
            drifts[i] = velocity.cross_spin(v[i]);
            biases[i] = velocity.cross_force(&self.laden(i, &load.payload).momentum(&velocity));
        }
        let steps = self.fold(&placements, &drifts, &biases, torque, load);
        let mut acceleration = Motion { linear: -load.gravity, ..Motion::ZERO };
        let mut result = JointVector::zeros();
        for i in 0..N {
            acceleration = placements[i].motion_to_child(&acceleration) + drifts[i];
            result[i] = (steps[i].torque - acceleration.dot(&steps[i].column)) / steps[i].felt;
            acceleration = acceleration.plus_spin(result[i]);
        }
        result
    }

    /// From the tip inwards: what each joint feels of the arm beyond it.
    fn fold(
        &self,
        placements: &[Transform; N],
        drifts: &[Motion; N],
        biases: &[Force; N],
        torque: &JointVector<N>,
        load: &Load,
    ) -> [Step; N] {
        let mut steps = [Step { column: Force::ZERO, felt: 0.0, torque: 0.0 }; N];
        let mut inertia = ArticulatedInertia::ZERO;
        let mut bias = Force::ZERO;
        for i in (0..N).rev() {
            inertia = inertia.plus_rigid(&self.laden(i, &load.payload));
            bias += biases[i];
            let column = inertia.spin_column();
            let felt = column.moment.z + self.rotor_inertia[i];
            let left = torque[i] - bias.moment.z;
            steps[i] = Step { column, felt, torque: left };
            if i > 0 {
                let passed = inertia.without(&column, felt);
                let push = scale(&column, left / felt);
                bias = placements[i].force_to_parent(&(bias + passed.apply(&drifts[i]) + push));
                inertia = passed.to_parent(&placements[i]);
            }
        }
        steps
    }
}

impl ArticulatedInertia {
    const ZERO: Self = Self { rotational: NOTHING, coupling: NOTHING, linear: NOTHING };

    #[inline]
    fn plus_rigid(mut self, body: &RigidInertia) -> Self {
        self.rotational += body.second_moment;
        self.coupling += body.first_moment.cross_matrix();
        self.linear += Matrix3::from_diagonal_element(body.mass);
        self
    }

    /// Force that a unit acceleration about z takes.
    #[inline]
    fn spin_column(&self) -> Force {
        Force { moment: self.rotational.column(2).into(), linear: self.coupling.row(2).transpose() }
    }

    #[inline]
    fn apply(&self, m: &Motion) -> Force {
        Force {
            moment: turn(&self.rotational, &m.angular) + turn(&self.coupling, &m.linear),
            linear: turn_back(&self.coupling, &m.angular) + turn(&self.linear, &m.linear),
        }
    }

    /// What is left when the joint may give way: minus `column columnᵀ / felt`.
    #[inline]
    fn without(&self, column: &Force, felt: f64) -> Self {
        let (n, f) = (column.moment / felt, column.linear / felt);
        Self {
            rotational: self.rotational - n * column.moment.transpose(),
            coupling: self.coupling - n * column.linear.transpose(),
            linear: self.linear - f * column.linear.transpose(),
        }
    }

    /// The same resistance seen in the parent frame.
    #[inline]
    fn to_parent(self, x: &Transform) -> Self {
        let shift = x.origin.cross_matrix();
        let linear = turn_both(&x.rotation, &self.linear);
        let turned = turn_both(&x.rotation, &self.coupling);
        let coupling = turned + product(&shift, &linear);
        let rotational = turn_both(&x.rotation, &self.rotational)
            + product(&shift, &turned.transpose())
            - product(&coupling, &shift);
        Self { rotational, coupling, linear }
    }
}

const NOTHING: Matrix3<f64> = Matrix3::new(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);

#[inline]
fn scale(f: &Force, by: f64) -> Force {
    Force { moment: f.moment * by, linear: f.linear * by }
}
