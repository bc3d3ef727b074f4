//! What must hold of any arm, whatever the numbers: the laws that tie the functions together.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test

mod support;

use arm_model::{ArmModel, JointVector, Load, Payload, Pose};
use nalgebra::{Matrix3, Vector3};
use proptest::prelude::*;

type Joints = JointVector<6>;

fn joints(size: f64) -> impl Strategy<Value = Joints> {
    prop::array::uniform6(-size..size).prop_map(Joints::from)
}

fn payload() -> impl Strategy<Value = Payload> {
    let place = prop::array::uniform3(-0.2..0.2);
    (0.1..6.0, place, 0.01..0.2).prop_map(|(mass, com, radius)| {
        let ball = Matrix3::identity() * (0.4 * mass * radius * radius);
        Payload::new(mass, Vector3::from(com), ball).unwrap()
    })
}

fn arm() -> impl Strategy<Value = ArmModel<6>> {
    prop_oneof![Just(support::armature()), Just(support::skewed())]
}

/// How far two answers are apart, relative to their size.
fn distance(a: &Joints, b: &Joints) -> f64 {
    (a - b).amax() / a.amax().max(b.amax()).max(1.0)
}

/// Energy [J] with what the payload adds.
fn energy(arm: &ArmModel<6>, q: &Joints, v: &Joints, load: &Load) -> f64 {
    arm.kinetic_energy(q, v, &load.payload) + arm.potential_energy(q, load)
}

/// One step of the classical Runge-Kutta method without torque, `dt` in s.
fn fall(arm: &ArmModel<6>, load: &Load, q: Joints, v: Joints, dt: f64) -> (Joints, Joints) {
    let accelerate = |q: &Joints, v: &Joints| arm.forward_dynamics(q, v, &Joints::zeros(), load);
    let (v1, a1) = (v, accelerate(&q, &v));
    let (v2, a2) =
        (v + a1 * (dt / 2.0), accelerate(&(q + v1 * (dt / 2.0)), &(v + a1 * (dt / 2.0))));
    let (v3, a3) =
        (v + a2 * (dt / 2.0), accelerate(&(q + v2 * (dt / 2.0)), &(v + a2 * (dt / 2.0))));
    let (v4, a4) = (v + a3 * dt, accelerate(&(q + v3 * dt), &(v + a3 * dt)));
    let mean = |a, b, c, d| (a + b * 2.0 + c * 2.0 + d) * (dt / 6.0);
    (q + mean(v1, v2, v3, v4), v + mean(a1, a2, a3, a4))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn forward_dynamics_of_inverse_dynamics_is_the_acceleration(
        arm in arm(), q in joints(3.0), v in joints(4.0), a in joints(30.0), payload in payload(),
    ) {
        let load = Load::with_payload(payload);
        let torque = arm.inverse_dynamics(&q, &v, &a, &load);
        prop_assert!(distance(&arm.forward_dynamics(&q, &v, &torque, &load), &a) < 1e-8);
    }

    #[test]
    fn inverse_dynamics_is_inertia_times_acceleration_plus_bias(
        arm in arm(), q in joints(3.0), v in joints(4.0), a in joints(30.0), payload in payload(),
    ) {
        let load = Load::with_payload(payload);
        let bias = arm.inverse_dynamics(&q, &v, &Joints::zeros(), &load);
        let sum = arm.mass_matrix(&q, &payload) * a + bias;
        prop_assert!(distance(&arm.inverse_dynamics(&q, &v, &a, &load), &sum) < 1e-12);
    }

    #[test]
    fn mass_matrix_is_symmetric_and_positive_definite(
        arm in arm(), q in joints(3.2), payload in payload(),
    ) {
        let mass = arm.mass_matrix(&q, &payload);
        prop_assert_eq!(mass, mass.transpose());
        prop_assert!(mass.cholesky().is_some());
    }

    #[test]
    fn kinetic_energy_is_half_of_velocity_inertia_velocity(
        arm in arm(), q in joints(3.2), v in joints(4.0), payload in payload(),
    ) {
        let half = (arm.mass_matrix(&q, &payload) * v).dot(&v) / 2.0;
        prop_assert!((arm.kinetic_energy(&q, &v, &payload) - half).abs() < 1e-12 * half.max(1.0));
    }

    #[test]
    fn gravity_torque_is_the_slope_of_the_potential_energy(
        arm in arm(), q in joints(3.0), payload in payload(),
    ) {
        let load = Load::with_payload(payload);
        let h = 1e-5;
        let slope = Joints::from_fn(|i, _| {
            let step = Joints::ith(i, h);
            (arm.potential_energy(&(q + step), &load) - arm.potential_energy(&(q - step), &load))
                / (2.0 * h)
        });
        prop_assert!(distance(&arm.gravity_torque(&q, &load), &slope) < 1e-7);
    }

    #[test]
    fn jacobian_is_the_slope_of_the_tip(arm in arm(), q in joints(3.0), v in joints(1.0)) {
        let h = 1e-6;
        let (before, after) =
            (arm.forward_kinematics(&(q - v * h)), arm.forward_kinematics(&(q + v * h)));
        let twist = arm.jacobian(&q) * v;
        let linear = (after.translation.vector - before.translation.vector) / (2.0 * h);
        let angular = (after.rotation * before.rotation.inverse()).scaled_axis() / (2.0 * h);
        prop_assert!((twist.fixed_rows::<3>(0) - linear).amax() < 1e-7);
        prop_assert!((twist.fixed_rows::<3>(3) - angular).amax() < 1e-7);
    }

    #[test]
    fn frames_strung_together_end_at_the_tip(arm in arm(), q in joints(3.2)) {
        let poses = arm.link_poses(&q);
        let end = arm.frames().iter().find(|f| ["tool0", "tip"].contains(&&*f.child)).unwrap();
        let mut place = Pose::identity();
        let mut link = &*end.child;
        while let Some(frame) = arm.frames().iter().find(|f| f.child == link) {
            place = frame.pose(&q) * place;
            link = &frame.parent;
        }
        prop_assert!((place.to_homogeneous() - arm.forward_kinematics(&q).to_homogeneous()).amax() < 1e-12);
        let flange = poses[5] * end.origin;
        prop_assert!((place.to_homogeneous() - flange.to_homogeneous()).amax() < 1e-12);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn falling_arm_keeps_its_energy(
        arm in arm(), q in joints(1.5), v in joints(1.0), payload in payload(),
    ) {
        let load = Load::with_payload(payload);
        let start = energy(&arm, &q, &v, &load);
        let (mut now, mut swing) = ((q, v), 0.0_f64);
        for _ in 0..1000 {
            now = fall(&arm, &load, now.0, now.1, 1e-4);
            swing = swing.max(arm.kinetic_energy(&now.0, &now.1, &payload));
        }
        let drift = energy(&arm, &now.0, &now.1, &load) - start;
        prop_assert!(drift.abs() < 1e-6 * swing.max(1.0), "{drift} J of {swing} J");
    }
}
