//! The messages of planning, between `armature_msgs` and the plain types of this node.
//!
//! The rule: conversions only. What is asked is judged by the library, so that services and `move_to`
//! refuse with the same words.

mod jogging;
mod markers;
mod moving;
mod questions;
mod scene;
mod shared;

pub use jogging::Stick;
pub use markers::markers;
pub use moving::Client;
pub use questions::Services;
pub use shared::Shared;

use crate::question::{FramedPose, Settings};
use crate::{Code, Driven, PlanningError};
use node::Shell;
use node::convert::duration;
use r2r::armature_msgs::msg::{PlanOutcome, PlanSettings};
use r2r::geometry_msgs::msg::{Point, Pose as PoseMsg, PoseStamped, Quaternion};
use r2r::trajectory_msgs::msg::JointTrajectory;
use vocabulary::joint::JointOrder;

/// How a question ended.
fn outcome(result: Result<String, &PlanningError>, took: f64) -> PlanOutcome {
    match result {
        Ok(message) => PlanOutcome { code: Code::Success as u8, message, took },
        Err(error) => PlanOutcome { code: error.code() as u8, message: error.to_string(), took },
    }
}

fn settings(msg: &PlanSettings) -> Settings {
    let PlanSettings { speed, accuracy, allowed_time, seed } = *msg;
    Settings { speed, accuracy, allowed_time, seed }
}

fn framed(msg: &PoseStamped) -> FramedPose {
    FramedPose { frame: msg.header.frame_id.clone(), ..unframed(&msg.pose) }
}

fn unframed(msg: &PoseMsg) -> FramedPose {
    let PoseMsg { position, orientation: turn } = msg;
    FramedPose {
        frame: String::new(),
        position: coordinates(position),
        quaternion: [turn.x, turn.y, turn.z, turn.w],
    }
}

fn coordinates(msg: &Point) -> [f64; 3] {
    [msg.x, msg.y, msg.z]
}

fn point([x, y, z]: [f64; 3]) -> Point {
    Point { x, y, z }
}

fn pose(from: &collision::Pose) -> PoseMsg {
    let turn = from.rotation;
    PoseMsg {
        position: point(from.translation.vector.into()),
        orientation: Quaternion { x: turn.i, y: turn.j, z: turn.k, w: turn.w },
    }
}

/// A motion as `arm_controller` takes it: it begins when it comes.
pub fn trajectory(motion: &Driven, order: &JointOrder) -> JointTrajectory {
    let points = motion.timed.points().iter().map(|point| {
        let state = &point.state;
        let mut msg = node::convert::trajectory_point(
            &state.position,
            &state.velocity,
            &state.acceleration,
            point.time,
        );
        msg.time_from_start = duration(point.time);
        msg
    });
    JointTrajectory {
        joint_names: order.names().to_vec(),
        points: points.collect(),
        ..JointTrajectory::default()
    }
}

/// What is left of a start: the parameters and the descriptions of the arm.
pub fn create(shell: &Shell) -> Result<crate::Planning, node::StartError> {
    let config: crate::Config = shell.parameters().config()?;
    let arm = node::arm::described(shell.parameters())?;
    let urdf = shell.parameters().robot_description().unwrap_or_default().to_owned();
    let links = [shell.arm().base_link.clone(), shell.arm().tip_link.clone()];
    let node::arm::DescribedArm { model, limits } = arm;
    let arm = crate::Arm { order: shell.order().clone(), limits, model, urdf, links };
    crate::Planning::new(config, arm, shell.boot_id() >> 32).map_err(node::StartError::config)
}
