//! Messages of the standard packages that several nodes send.

use super::{duration, time};
use r2r::sensor_msgs::msg::JointState;
use r2r::trajectory_msgs::msg::JointTrajectoryPoint;
use vocabulary::joint::{JointOrder, PerJoint};
use vocabulary::time::Stamp;

/// `sensor_msgs/JointState` of all joints; rad, rad/s, N·m.
#[must_use]
pub fn joint_state(
    order: &JointOrder,
    stamp: Stamp,
    position: &PerJoint<f64>,
    velocity: &PerJoint<f64>,
    effort: &PerJoint<f64>,
) -> JointState {
    let mut msg = JointState {
        name: order.names().to_vec(),
        position: position.to_vec(),
        velocity: velocity.to_vec(),
        effort: effort.to_vec(),
        ..JointState::default()
    };
    msg.header.stamp = time(stamp);
    msg
}

/// `trajectory_msgs/JointTrajectoryPoint` of all joints; rad, rad/s, rad/s², s from the start.
#[must_use]
pub fn trajectory_point(
    position: &PerJoint<f64>,
    velocity: &PerJoint<f64>,
    acceleration: &PerJoint<f64>,
    from_start: f64,
) -> JointTrajectoryPoint {
    JointTrajectoryPoint {
        positions: position.to_vec(),
        velocities: velocity.to_vec(),
        accelerations: acceleration.to_vec(),
        effort: Vec::new(),
        time_from_start: duration(from_start),
    }
}
