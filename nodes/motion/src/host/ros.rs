//! The trajectory API's messages, between `control_msgs` and the plain types of this node.
//!
//! The rule: nothing is judged here. Sizes, names and numbers are checked by the library, so that
//! action, topic and dry run refuse with the same words.

use crate::{Config, Setting, TrajectoryRequest, ValidPlan};
use crate::{Feedback, GoalId, GoalRequest, Rejection, RequestPoint, RequestTolerance};
use node::convert::{FromMsg, Refused, seconds, stamp, time, trajectory_point};
use node::params::Value;
use node::{Shell, StartError};
use r2r::armature_msgs::srv::ValidateTrajectory as Validate;
use r2r::control_msgs::action::FollowJointTrajectory as Follow;
use r2r::control_msgs::msg::{JointTolerance, JointTrajectoryControllerState};
use r2r::control_msgs::srv::QueryTrajectoryState as Query;
use r2r::trajectory_msgs::msg::{JointTrajectory, JointTrajectoryPoint};
use vocabulary::joint::{JointOrder, PerJoint};
use vocabulary::plan::ControlState;

/// Declares what may change while the node runs; returns the parameters as they are.
pub fn declare_live(shell: &mut Shell) -> Result<Config, StartError> {
    let config: Config = shell.parameters().config()?;
    let order = shell.order().clone();
    let live = config.live(&order);
    let value = |setting| match setting {
        Setting::Number(value) => Value::Double(value),
        Setting::Switch(value) => Value::Bool(value),
    };
    let parameters = shell.parameters_mut();
    parameters.declare(live.iter().map(|(key, setting)| (key.clone(), value(*setting))));
    parameters.declare_live(live.into_iter().map(|(key, _)| key), move |candidate| {
        let config: Config = candidate.config().map_err(|error| error.to_string())?;
        config.check(&order).map_err(|error| error.to_string())
    });
    Ok(config)
}

/// A trajectory of the topic `arm_controller/joint_trajectory`.
pub struct TopicTrajectory(pub TrajectoryRequest);

impl FromMsg for TopicTrajectory {
    type Msg = JointTrajectory;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self(trajectory(msg)))
    }
}

/// The trajectory as it was sent.
pub fn trajectory(msg: &JointTrajectory) -> TrajectoryRequest {
    TrajectoryRequest {
        stamp: stamp(&msg.header.stamp),
        joint_names: msg.joint_names.clone(),
        points: msg.points.iter().map(point).collect(),
        yields: msg.header.frame_id == vocabulary::topics::JOG_FRAME,
    }
}

fn point(msg: &JointTrajectoryPoint) -> RequestPoint {
    RequestPoint {
        positions: msg.positions.clone(),
        velocities: msg.velocities.clone(),
        accelerations: msg.accelerations.clone(),
        effort: msg.effort.clone(),
        time_from_start: seconds(&msg.time_from_start),
    }
}

fn tolerance(msg: &JointTolerance) -> RequestTolerance {
    RequestTolerance { name: msg.name.clone(), position: msg.position, velocity: msg.velocity }
}

/// The goal as it was sent.
pub fn goal(id: GoalId, msg: &Follow::Goal) -> GoalRequest {
    GoalRequest {
        id,
        trajectory: trajectory(&msg.trajectory),
        multi_dof_points: msg.multi_dof_trajectory.points.len(),
        path_tolerance: msg.path_tolerance.iter().map(tolerance).collect(),
        goal_tolerance: msg.goal_tolerance.iter().map(tolerance).collect(),
        goal_time_tolerance: seconds(&msg.goal_time_tolerance),
    }
}

/// The answer to a goal.
pub fn result(error_code: i32, error_string: String) -> Follow::Result {
    Follow::Result { error_code, error_string }
}

/// The answer to a goal that is not even looked at.
pub fn invalid(reason: &str) -> Follow::Result {
    result(-1, reason.to_owned())
}

/// How far the goal is.
pub fn feedback(from: &Feedback, order: &JointOrder) -> Follow::Feedback {
    let (desired, at) = (&from.desired, from.path_time);
    let mut msg = Follow::Feedback {
        joint_names: order.names().to_vec(),
        desired: trajectory_point(&desired.position, &desired.velocity, &desired.acceleration, at),
        actual: measured(&from.actual_position, &from.actual_velocity, at),
        error: deviation(&from.error_position, at),
        ..Follow::Feedback::default()
    };
    msg.header.stamp = time(from.stamp);
    msg
}

/// What was measured: no drive measures accelerations, so there are none.
fn measured(position: &PerJoint<f64>, velocity: &PerJoint<f64>, at: f64) -> JointTrajectoryPoint {
    let point = trajectory_point(position, velocity, &Default::default(), at);
    JointTrajectoryPoint { accelerations: vec![], ..point }
}

/// Reference minus measurement at the instant of the measurement, which only control knows.
fn deviation(position: &PerJoint<f64>, at: f64) -> JointTrajectoryPoint {
    JointTrajectoryPoint { velocities: vec![], ..measured(position, &Default::default(), at) }
}

/// The report of control in the form of joint_trajectory_controller.
pub fn controller_state(from: &ControlState, order: &JointOrder) -> JointTrajectoryControllerState {
    let at = from.path_time;
    let reference = trajectory_point(
        &from.reference_position,
        &from.reference_velocity,
        &from.reference_acceleration,
        at,
    );
    let effort = from.output_effort.to_vec();
    let mut msg = JointTrajectoryControllerState {
        joint_names: order.names().to_vec(),
        output: JointTrajectoryPoint { effort, ..reference.clone() },
        reference,
        feedback: measured(&from.feedback_position, &from.feedback_velocity, at),
        error: deviation(&from.error_position, at),
        speed_scaling_factor: from.speed_scaling,
        ..JointTrajectoryControllerState::default()
    };
    msg.header.stamp = time(from.stamp);
    msg
}

/// The answer to `query_state`.
pub fn queried(state: Option<trajectory::State>, order: &JointOrder) -> Query::Response {
    let Some(state) = state else {
        let message = "no trajectory covers that time".to_owned();
        return Query::Response { success: false, message, ..Query::Response::default() };
    };
    Query::Response {
        success: true,
        message: String::new(),
        name: order.names().to_vec(),
        position: state.position.to_vec(),
        velocity: state.velocity.to_vec(),
        acceleration: state.acceleration.to_vec(),
    }
}

/// The answer to `validate_trajectory`.
pub fn validated(judged: Result<ValidPlan, Rejection>) -> Validate::Response {
    match judged {
        Ok(plan) => {
            let duration = plan.path.duration();
            Validate::Response { valid: true, duration, ..Validate::Response::default() }
        }
        Err(rejection) => Validate::Response {
            error_code: rejection.code(),
            error_string: rejection.to_string(),
            ..Validate::Response::default()
        },
    }
}
