//! Trajectory messages in one line each.

use r2r::builtin_interfaces::msg::{Duration, Time};
use r2r::control_msgs::action::FollowJointTrajectory::Goal;
use r2r::control_msgs::msg::JointTolerance;
use r2r::trajectory_msgs::msg::{JointTrajectory, JointTrajectoryPoint};
use rig::program::duration;

/// A point that has only positions.
#[must_use]
pub fn positions(positions: &[f64], time: f64) -> JointTrajectoryPoint {
    JointTrajectoryPoint {
        positions: positions.to_vec(),
        time_from_start: duration(time),
        ..JointTrajectoryPoint::default()
    }
}

/// A point with velocities.
#[must_use]
pub fn moving(at: &[f64], velocity: &[f64], time: f64) -> JointTrajectoryPoint {
    JointTrajectoryPoint { velocities: velocity.to_vec(), ..positions(at, time) }
}

/// A point at rest: cubic segments.
#[must_use]
pub fn at_rest(at: &[f64], time: f64) -> JointTrajectoryPoint {
    moving(at, &vec![0.0; at.len()], time)
}

/// A trajectory from now on.
#[must_use]
pub fn trajectory(joints: &[String], points: Vec<JointTrajectoryPoint>) -> JointTrajectory {
    JointTrajectory { joint_names: joints.to_vec(), points, ..JointTrajectory::default() }
}

/// A goal without tolerances of its own.
#[must_use]
pub fn goal(trajectory: JointTrajectory) -> Goal {
    Goal { trajectory, ..Goal::default() }
}

/// A position tolerance, rad.
#[must_use]
pub fn tolerance(joint: &str, position: f64) -> JointTolerance {
    JointTolerance { name: joint.to_owned(), position, ..JointTolerance::default() }
}

/// The same position tolerance for all joints, rad.
#[must_use]
pub fn tolerances(joints: &[String], position: f64) -> Vec<JointTolerance> {
    joints.iter().map(|joint| tolerance(joint, position)).collect()
}

/// Seconds of a duration.
#[must_use]
pub fn seconds(duration: &Duration) -> f64 {
    f64::from(duration.sec) + f64::from(duration.nanosec) * 1e-9
}

/// ROS time as a number of seconds.
#[must_use]
pub fn stamp_seconds(time: &Time) -> f64 {
    f64::from(time.sec) + f64::from(time.nanosec) * 1e-9
}

/// The wall clock, shifted by `ahead` s: ROS time of a system that is not simulated.
#[must_use]
pub fn stamp(ahead: f64) -> Time {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanoseconds = since_epoch.map_or(0, |elapsed| elapsed.as_nanos() as i64);
    let shifted = nanoseconds + (ahead * 1e9) as i64;
    Time {
        sec: shifted.div_euclid(1_000_000_000) as i32,
        nanosec: shifted.rem_euclid(1_000_000_000) as u32,
    }
}
