//! Motion from torques: the articulated-body algorithm (Featherstone 2008, table 7.1).
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use nalgebra::{Matrix3, Vector3};

use crate::JointVector;
use crate::hinge::Hinge;
use crate::load::Load;
use crate::model::ArmModel;
use crate::spatial::{Force, Motion, RigidInertia, turn, turn_back};
use crate::symmetric::Symmetric;

/// How a body with the rest of the arm hanging on it resists acceleration: symmetric 6×6, as
/// `[rotational, coupling; couplingᵀ, linear]`.
#[derive(Clone, Copy)]
struct ArticulatedInertia {
    rotational: Symmetric,
    coupling: Matrix3<f64>,
    linear: Symmetric,
}

/// What the way down leaves for the way up, per joint.
#[derive(Clone, Copy)]
struct Step {
    /// Force per unit of joint acceleration.
    column: Force,
    /// One over the inertia that the joint feels, with its rotor [1/(kg m²)].
    yield_rate: f64,
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
        let hinges = self.hinges(q);
        let mut bodies = [RigidInertia::ZERO; N];
        for (i, body) in bodies.iter_mut().enumerate() {
            *body = self.laden(i, &load.payload);
        }
        let mut velocity = Motion::ZERO;
        let mut drifts = [Motion::ZERO; N];
        let mut biases = [Force::ZERO; N];
        for i in 0..N {
            velocity = hinges[i].motion_to_child(&velocity).plus_spin(v[i]);
            drifts[i] = velocity.cross_spin(v[i]);
            biases[i] = velocity.cross_force(&bodies[i].momentum(&velocity));
        }
        let steps = self.fold(&hinges, &bodies, &drifts, &biases, torque);
        let mut acceleration = Motion { linear: self.upwards(load), ..Motion::ZERO };
        let mut result = JointVector::zeros();
        for i in 0..N {
            acceleration = hinges[i].motion_to_child(&acceleration) + drifts[i];
            let left = steps[i].torque - acceleration.dot(&steps[i].column);
            result[i] = left * steps[i].yield_rate;
            acceleration = acceleration.plus_spin(result[i]);
        }
        result
    }

    /// From the tip inwards: what each joint feels of the arm beyond it.
    #[inline]
    fn fold(
        &self,
        hinges: &[Hinge; N],
        bodies: &[RigidInertia; N],
        drifts: &[Motion; N],
        biases: &[Force; N],
        torque: &JointVector<N>,
    ) -> [Step; N] {
        let mut steps = [Step { column: Force::ZERO, yield_rate: 0.0, torque: 0.0 }; N];
        let mut inertia = ArticulatedInertia::ZERO;
        let mut bias = Force::ZERO;
        for i in (0..N).rev() {
            inertia = inertia.plus_rigid(&bodies[i]);
            bias += biases[i];
            let column = inertia.spin_column();
            let yield_rate = 1.0 / (column.moment.z + self.rotor_inertia[i]);
            let left = torque[i] - bias.moment.z;
            steps[i] = Step { column, yield_rate, torque: left };
            if i > 0 {
                let passed = inertia.without(&column, yield_rate);
                let push = scale(&column, left * yield_rate);
                bias = hinges[i].force_to_parent(&(bias + passed.apply(&drifts[i]) + push));
                inertia = passed.to_parent(&hinges[i]);
            }
        }
        steps
    }
}

impl ArticulatedInertia {
    const ZERO: Self =
        Self { rotational: Symmetric::ZERO, coupling: NOTHING, linear: Symmetric::ZERO };

    #[inline]
    fn plus_rigid(mut self, body: &RigidInertia) -> Self {
        self.rotational = self.rotational + body.second_moment;
        self.coupling += body.first_moment.cross_matrix();
        self.linear.xx += body.mass;
        self.linear.yy += body.mass;
        self.linear.zz += body.mass;
        self
    }

    /// Force that a unit acceleration about z takes.
    #[inline]
    fn spin_column(&self) -> Force {
        let Symmetric { xz, yz, zz, .. } = self.rotational;
        Force { moment: Vector3::new(xz, yz, zz), linear: self.coupling.row(2).transpose() }
    }

    #[inline]
    fn apply(&self, m: &Motion) -> Force {
        Force {
            moment: self.rotational.apply(&m.angular) + turn(&self.coupling, &m.linear),
            linear: turn_back(&self.coupling, &m.angular) + self.linear.apply(&m.linear),
        }
    }

    /// What is left when the joint may give way: minus `column columnᵀ × yield_rate`.
    #[inline]
    fn without(&self, column: &Force, yield_rate: f64) -> Self {
        let moment = column.moment * yield_rate;
        Self {
            rotational: self.rotational - Symmetric::outer(&column.moment, yield_rate),
            coupling: self.coupling - moment * column.linear.transpose(),
            linear: self.linear - Symmetric::outer(&column.linear, yield_rate),
        }
    }

    /// The same resistance seen in the parent frame.
    #[inline]
    fn to_parent(self, hinge: &Hinge) -> Self {
        let linear = hinge.turn_symmetric(&self.linear);
        let turned = hinge.turn_matrix(&self.coupling);
        let coupling = turned + crossed(&hinge.origin, &linear.matrix());
        let rotational =
            hinge.turn_symmetric(&self.rotational) + crossed_sum(&hinge.origin, &turned, &coupling);
        Self { rotational, coupling, linear }
    }
}

const NOTHING: Matrix3<f64> = Matrix3::new(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);

/// `[p]× m`.
#[inline]
fn crossed(p: &Vector3<f64>, m: &Matrix3<f64>) -> Matrix3<f64> {
    #[rustfmt::skip]
    let matrix = Matrix3::new(
        p.y * m.m31 - p.z * m.m21, p.y * m.m32 - p.z * m.m22, p.y * m.m33 - p.z * m.m23,
        p.z * m.m11 - p.x * m.m31, p.z * m.m12 - p.x * m.m32, p.z * m.m13 - p.x * m.m33,
        p.x * m.m21 - p.y * m.m11, p.x * m.m22 - p.y * m.m12, p.x * m.m23 - p.y * m.m13,
    );
    matrix
}

/// `[p]× aᵀ − b [p]×`, which is symmetric when `b − a = [p]× l` and `l` is symmetric.
#[inline]
fn crossed_sum(p: &Vector3<f64>, a: &Matrix3<f64>, b: &Matrix3<f64>) -> Symmetric {
    Symmetric {
        xx: p.y * (a.m13 + b.m13) - p.z * (a.m12 + b.m12),
        yy: p.z * (a.m21 + b.m21) - p.x * (a.m23 + b.m23),
        zz: p.x * (a.m32 + b.m32) - p.y * (a.m31 + b.m31),
        xy: p.y * a.m23 - p.z * a.m22 + p.z * b.m11 - p.x * b.m13,
        xz: p.y * a.m33 - p.z * a.m32 + p.x * b.m12 - p.y * b.m11,
        yz: p.z * a.m31 - p.x * a.m33 + p.x * b.m22 - p.y * b.m21,
    }
}

#[inline]
fn scale(f: &Force, by: f64) -> Force {
    Force { moment: f.moment * by, linear: f.linear * by }
}
