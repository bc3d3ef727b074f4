//! Problems, peers' answers, and the arm that the tests use.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // tests

pub mod problems;

use arm_model::{ArmModel, Load, Payload};
use nalgebra::{Matrix3, Vector3};
use time_parameterization::{JointLimits, Limits, State, Timed};

/// The description of the reference arm.
pub const URDF: &str = include_str!("../../../../config/description/armature.urdf");
/// Its accelerations and jerks: config/description/joint_limits.yaml.
pub const ACCELERATION: [f64; 6] = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];
/// Reached within 0.1 s.
pub const JERK: [f64; 6] = [60.0, 50.0, 80.0, 150.0, 150.0, 200.0];
/// Its velocities: the URDF.
pub const VELOCITY: [f64; 6] = [3.0, 2.5, 3.0, 4.0, 4.0, 4.0];

pub fn arm() -> ArmModel<6> {
    ArmModel::from_urdf(URDF, "base_link", "tool0").unwrap()
}

/// Gravity and a heavy tool.
pub fn laden(mass: f64) -> Load {
    let inertia = Matrix3::identity() * 0.005;
    Load::with_payload(Payload::new(mass, Vector3::new(0.0, 0.0, 0.05), inertia).unwrap())
}

pub fn names() -> [String; 6] {
    std::array::from_fn(|j| format!("joint_{}", j + 1))
}

/// The limits of the reference arm but for torque, and with wide position limits.
pub fn limits() -> Limits<6> {
    let joints = std::array::from_fn(|j| JointLimits {
        lower: -7.0,
        upper: 7.0,
        velocity: VELOCITY[j],
        acceleration: ACCELERATION[j],
        jerk: JERK[j],
        torque: f64::INFINITY,
    });
    Limits::new(names(), &joints).unwrap()
}

/// The largest shares of velocity, acceleration and jerk limits in a dense sampling.
pub fn sampled_peaks(
    timed: &Timed<6>,
    velocity: &[f64; 6],
    acceleration: &[f64; 6],
    jerk: &[f64; 6],
) -> [f64; 3] {
    let mut worst = [0.0_f64; 3];
    each_state(timed, 12, |state, next, step| {
        for j in 0..6 {
            let change = (next.acceleration[j] - state.acceleration[j]) / step;
            worst[0] = worst[0].max(state.velocity[j].abs() / velocity[j]);
            worst[1] = worst[1].max(state.acceleration[j].abs() / acceleration[j]);
            worst[2] = worst[2].max(change.abs() / jerk[j]);
        }
    });
    worst
}

/// Looks at `count` states of each segment, each with the next and the time between them.
pub fn each_state(timed: &Timed<6>, count: u32, mut look: impl FnMut(&State<6>, &State<6>, f64)) {
    for pair in timed.points().windows(2) {
        // Ends are left out by a hair: at a point the next segment is sampled.
        let step = (pair[1].time - pair[0].time) / f64::from(count);
        let hair = 1e-3 * step;
        let at = |k: u32| pair[0].time + (step * f64::from(k)).min(step * f64::from(count) - hair);
        for k in 0..count {
            let (now, then) = (at(k), at(k + 1));
            look(&timed.sample(now), &timed.sample(then), then - now);
        }
    }
}
