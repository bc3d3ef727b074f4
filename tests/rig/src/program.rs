//! A motion program in YAML: named joint-space waypoints, each reached at rest or in passing.

use anyhow::{Context, Result, ensure};
use r2r::trajectory_msgs::msg::{JointTrajectory, JointTrajectoryPoint};
use serde::Deserialize;
use std::f64::consts::FRAC_PI_2;
use std::path::Path;

/// Swings of the last joint: rad to each side, s each, and how many. With 2 kg half a metre off the
/// joint's axis they ask for almost twice its rated torque, and at rest for next to none.
const SWING: (f64, f64) = (0.35, 0.46);
const SWINGS: usize = 80;

/// Joint names and waypoints.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Joint names, base to tip.
    pub joints: Vec<String>,
    /// Waypoints in order.
    pub waypoints: Vec<Step>,
}

/// One waypoint, reached at rest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What happens here, for people.
    pub name: String,
    /// Time to get here from the waypoint before, s.
    pub duration: f64,
    /// Position, rad, in the order of `joints`.
    pub position: Vec<f64>,
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// When the file cannot be read or a waypoint has the wrong size.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {path:?}"))?;
        let program: Self =
            serde_norway::from_str(&text).with_context(|| format!("in {}", path.display()))?;
        for step in &program.waypoints {
            ensure!(
                step.position.len() == program.joints.len(),
                "{}: waypoint {:?} has {} positions for {} joints",
                path.display(),
                step.name,
                step.position.len(),
                program.joints.len()
            );
        }
        Ok(program)
    }

    /// The last joint to and fro, the tool down.
    #[must_use]
    pub fn swings(joints: Vec<String>) -> Self {
        let step = |k: usize| {
            let side = match k {
                0 | SWINGS => 0.0,
                _ if k % 2 == 1 => SWING.0,
                _ => -SWING.0,
            };
            let position = vec![0.0, 0.0, 0.0, 0.0, FRAC_PI_2, side];
            let duration = if k == 0 { 3.0 } else { SWING.1 };
            Step { name: format!("swing {k}"), duration, position }
        };
        Self { joints, waypoints: (0..=SWINGS).map(step).collect() }
    }

    /// Total time, s.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.waypoints.iter().map(|step| step.duration).sum()
    }

    /// The name of the waypoint that is approached at `time`, s.
    #[must_use]
    pub fn step_at(&self, time: f64) -> &str {
        let mut end = 0.0;
        for step in &self.waypoints {
            end += step.duration;
            if time <= end {
                return &step.name;
            }
        }
        self.waypoints.last().map_or("", |step| &step.name)
    }

    /// As a message: rest at each waypoint, so the controller uses quintic segments.
    #[must_use]
    pub fn trajectory(&self) -> JointTrajectory {
        let mut time = 0.0;
        let points = self.waypoints.iter().map(|step| {
            time += step.duration;
            point(&step.position, time)
        });
        JointTrajectory {
            joint_names: self.joints.clone(),
            points: points.collect(),
            ..Default::default()
        }
    }

    /// Position on the program at `time`, starting from `start`: the quintic between two rests.
    /// This is the demo's own copy of the reference, so that the controller is not asked to grade
    /// itself.
    #[must_use]
    pub fn reference(&self, start: &[f64], time: f64) -> Vec<f64> {
        let (mut from, mut begin) = (start, 0.0);
        for step in &self.waypoints {
            if time <= begin + step.duration {
                let s = minimum_jerk(((time - begin) / step.duration).clamp(0.0, 1.0));
                return from.iter().zip(&step.position).map(|(a, b)| a + s * (b - a)).collect();
            }
            (from, begin) = (&step.position, begin + step.duration);
        }
        from.to_vec()
    }
}

/// Quintic from 0 to 1 with velocity and acceleration zero at both ends.
fn minimum_jerk(s: f64) -> f64 {
    s * s * s * (10.0 + s * (-15.0 + 6.0 * s))
}

/// A waypoint at rest `time` seconds after the start.
#[must_use]
pub fn point(position: &[f64], time: f64) -> JointTrajectoryPoint {
    JointTrajectoryPoint {
        positions: position.to_vec(),
        velocities: vec![0.0; position.len()],
        accelerations: vec![0.0; position.len()],
        effort: vec![],
        time_from_start: duration(time),
    }
}

/// Seconds as a message.
#[must_use]
pub fn duration(seconds: f64) -> r2r::builtin_interfaces::msg::Duration {
    let nanoseconds = (seconds * 1e9).round() as i64;
    r2r::builtin_interfaces::msg::Duration {
        sec: nanoseconds.div_euclid(1_000_000_000) as i32,
        nanosec: nanoseconds.rem_euclid(1_000_000_000) as u32,
    }
}
