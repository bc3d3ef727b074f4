//! What the law costs: the torque of six joints by full inverse dynamics with payload and friction,
//! the loops and their limits, as in one control cycle.
//!
//! `cargo run --release -p control --example law_cost` prints one line of JSON with the median and
//! the 99th percentile in nanoseconds; the argument is the number of cycles. The peer in the same
//! form: `pinocchio_cost.py`.

#![allow(clippy::print_stdout)] // a measurement for the console

use arm_model::ArmModel;
use control::{Arm, Config, GainsConfig, LawInput, Laws, Measured, Rules};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;
use trajectory::State;
use vocabulary::joint::{JOINTS, JointLimits, JointOrder};
use vocabulary::time::Monotonic;

const URDF: &str = include_str!("../../../config/description/armature.urdf");
const ROTORS: [f64; JOINTS] = [0.5, 0.6, 0.3, 0.064, 0.064, 0.0384];

fn rules(config: &Config) -> Result<Rules, Box<dyn Error>> {
    let model = ArmModel::<JOINTS>::from_urdf(URDF, "base_link", "tool0")?;
    let order = JointOrder::new(model.joint_names().to_vec())?;
    let limits = model.limits().map(|l| JointLimits {
        lower: l.lower,
        upper: l.upper,
        velocity: l.velocity,
        acceleration: 8.0,
        effort: l.effort,
    });
    Ok(Rules::new(config, &Arm { order, limits, model: Some(model) })?)
}

fn config() -> Config {
    let mut config = Config::default();
    config.payload.mass = 2.0;
    for (n, rotor) in (1..).zip(ROTORS) {
        let joint = format!("joint_{n}");
        config.rotor_inertia.insert(joint.clone(), rotor);
        config.gains.insert(joint, GainsConfig::default());
    }
    config
}

/// The reference of a cycle: never the same twice, so that nothing can be left out.
fn reference(cycle: u32) -> State {
    let phase = f64::from(cycle) * 1e-3;
    let wave = |joint: usize, shift: f64| (phase + shift + joint as f64).sin();
    State {
        position: std::array::from_fn(|joint| wave(joint, 0.0)),
        velocity: std::array::from_fn(|joint| wave(joint, 1.0)),
        acceleration: std::array::from_fn(|joint| wave(joint, 2.0)),
    }
}

/// Times of `cycles` updates, sorted, ns.
fn measure(law: &str, cycles: u32) -> Result<Vec<u128>, Box<dyn Error>> {
    let config = config();
    let rules = rules(&config)?;
    let tuning = rules.tuning(&config)?;
    let limit = tuning.joints.map(|joint| joint.torque_limit);
    let mut laws = Laws::default();
    laws.select(law, &[None; JOINTS]);
    let mut times = Vec::with_capacity(cycles as usize);
    for cycle in 0..cycles {
        let reference = reference(cycle);
        let measured = std::array::from_fn(|joint| {
            let position = reference.position.get(joint).copied().unwrap_or_default();
            Some(Measured {
                at: Monotonic(u64::from(cycle) * 4_000_000),
                position,
                velocity: 0.0,
                effort: 0.0,
                error_position: 1e-3 * position,
                error_velocity: 0.0,
            })
        });
        let began = Instant::now();
        let output = laws.update(black_box(&LawInput {
            reference: &reference,
            measured: &measured,
            dynamics: rules.dynamics(),
            tuning: &tuning,
            effort_limit: &limit,
            dt: 0.004,
        }));
        black_box(output);
        times.push(began.elapsed().as_nanos());
    }
    times.sort_unstable();
    Ok(times)
}

fn main() -> Result<(), Box<dyn Error>> {
    let cycles = std::env::args().nth(1).map_or(Ok(200_000), |count| count.parse())?;
    let at = |times: &[u128], percent: usize| {
        let last = times.len().saturating_sub(1);
        times.get(last * percent / 100).copied().unwrap_or_default()
    };
    let position = measure("position", cycles)?;
    let torque = measure("torque", cycles)?;
    println!(
        "{{\"law_ns_median\":{},\"law_ns_p99\":{},\"position_ns_median\":{},\"cycles\":{cycles}}}",
        at(&torque, 50),
        at(&torque, 99),
        at(&position, 50),
    );
    Ok(())
}
