//! What the controller said of its motion, as numbers that cases compare.

use crate::messages::{seconds, stamp_seconds};
use r2r::control_msgs::msg::JointTrajectoryControllerState;

/// One state of the controller, in the suite's joint order.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// ROS time, s.
    pub at: f64,
    /// Reference position, rad.
    pub position: Vec<f64>,
    /// Reference velocity, rad/s.
    pub velocity: Vec<f64>,
    /// Time on the path, s.
    pub path_time: f64,
    /// Speed scaling factor.
    pub scaling: f64,
}

/// States in order.
#[derive(Debug, Clone, Default)]
pub struct Track {
    /// Oldest first.
    pub samples: Vec<Sample>,
}

/// Motion below this counts as standing, rad/s.
const STILL: f64 = 1e-4;

impl Track {
    pub(crate) fn new(joints: &[String], states: &[JointTrajectoryControllerState]) -> Self {
        let sample = |state: &JointTrajectoryControllerState| Sample {
            at: stamp_seconds(&state.header.stamp),
            position: Self::order(joints, &state.joint_names, &state.reference.positions),
            velocity: Self::order(joints, &state.joint_names, &state.reference.velocities),
            path_time: seconds(&state.reference.time_from_start),
            scaling: state.speed_scaling_factor,
        };
        Self { samples: states.iter().map(sample).collect() }
    }

    /// `values` of `names` in the order of `joints`; 0 where there is none.
    #[must_use]
    pub fn order(joints: &[String], names: &[String], values: &[f64]) -> Vec<f64> {
        let of = |joint: &String| names.iter().position(|name| name == joint);
        let value = |joint| of(joint).and_then(|index| values.get(index)).copied();
        joints.iter().map(|joint| value(joint).unwrap_or_default()).collect()
    }

    /// The largest step of a reference position that its velocities do not explain, rad.
    #[must_use]
    pub fn largest_jump(&self) -> f64 {
        let pairs = self.samples.windows(2).flat_map(|pair| match pair {
            [a, b] => {
                let dt = b.at - a.at;
                let joints =
                    a.position.iter().zip(&b.position).zip(a.velocity.iter().zip(&b.velocity));
                joints.map(|((p, q), (v, w))| ((q - p) - 0.5 * (v + w) * dt).abs()).collect()
            }
            _ => Vec::new(),
        });
        pairs.fold(0.0, f64::max)
    }

    /// The fastest reference, rad/s.
    #[must_use]
    pub fn fastest(&self) -> f64 {
        let speeds = self.samples.iter().flat_map(|sample| sample.velocity.iter());
        speeds.fold(0.0, |fastest: f64, v| fastest.max(v.abs()))
    }

    /// The farthest that any joint of the newest reference is from `there`, rad.
    #[must_use]
    pub fn distance(&self, there: &[f64]) -> f64 {
        let Some(last) = self.samples.last() else { return f64::INFINITY };
        let ways = last.position.iter().zip(there).map(|(a, b)| (a - b).abs());
        ways.fold(0.0, f64::max)
    }

    /// The farthest that any joint moved between the first state and the newest, rad.
    #[must_use]
    pub fn moved(&self) -> f64 {
        self.samples.first().map_or(0.0, |first| self.distance(&first.position))
    }

    /// Whether the newest reference stands.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.samples.last().is_some_and(|s| s.velocity.iter().all(|v| v.abs() < STILL))
    }
}
