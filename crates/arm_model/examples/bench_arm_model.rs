//! Prints what each function costs on the reference arm with a payload:
//! `cargo run --release -p arm_model --example bench_arm_model`.
//!
//! Best, median and 99th percentile of batches, on random states that differ from call to call.

use std::hint::black_box;
use std::time::Instant;

use arm_model::{ArmModel, JointVector, Load, Payload};
use nalgebra::{Matrix3, Vector3};

const URDF: &str = include_str!("../../../config/description/armature.urdf");
const BATCHES: usize = 2000;
const CALLS_PER_BATCH: usize = 100;

type Joints = JointVector<6>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arm = ArmModel::<6>::from_urdf(URDF, "base_link", "tool0")?;
    let payload = Payload::new(3.0, Vector3::new(0.0, 0.0, 0.05), Matrix3::identity() * 0.005)?;
    let load = Load::with_payload(payload);
    let zero = Joints::zeros();
    println!("{:<34}{:>10}{:>10}{:>10}", "function", "best ns", "median ns", "p99 ns");
    measure("forward kinematics", |q| arm.forward_kinematics(q));
    measure("link poses", |q| arm.link_poses(q));
    measure("jacobian", |q| arm.jacobian(q));
    measure("inverse dynamics (RNEA)", |q| arm.inverse_dynamics(q, q, q, &load));
    measure("inverse dynamics, no payload", |q| arm.inverse_dynamics(q, q, q, &Load::EMPTY));
    measure("gravity torque", |q| arm.gravity_torque(q, &load));
    measure("mass matrix (CRBA)", |q| arm.mass_matrix(q, &load.payload));
    measure("forward dynamics (ABA)", |q| arm.forward_dynamics(q, q, &zero, &load));
    measure("six sines and cosines", |q| q.map(|x| x.sin() + x.cos()));
    Ok(())
}

fn measure<T>(name: &str, mut call: impl FnMut(&Joints) -> T) {
    let states = states();
    let mut nanoseconds: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let start = Instant::now();
            for q in &states {
                black_box(call(black_box(q)));
            }
            start.elapsed().as_secs_f64() * 1e9 / CALLS_PER_BATCH as f64
        })
        .collect();
    nanoseconds.sort_by(f64::total_cmp);
    let at = |share: f64| nanoseconds.get((BATCHES as f64 * share) as usize).copied();
    let [best, median, p99] = [0.0, 0.5, 0.99].map(|share| at(share).unwrap_or(f64::NAN));
    println!("{name:<34}{best:>10.0}{median:>10.0}{p99:>10.0}");
}

/// Joint positions all over the range, the same in each run.
fn states() -> Vec<Joints> {
    let spread = |k: usize, i: usize| ((k * 7 + i * 13) as f64 * 0.618_034).fract() * 4.0 - 2.0;
    (0..CALLS_PER_BATCH).map(|k| Joints::from_fn(|i, _| spread(k, i))).collect()
}
