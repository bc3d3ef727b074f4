//! Motion plans and the report of control.

use super::{FromMsg, Refused, ToMsg, code_of, finite, finite_per_joint, one_of, per_joint};
use super::{stamp, time};
use r2r::armature_msgs::msg;
use std::sync::Arc;
use vocabulary::codes::{MODES, PHASE};
use vocabulary::joint::{JointOrder, PerJoint};
use vocabulary::plan::{
    ControlState, Issue, MotionPlan, PlanAction, Tolerance, Violation, Waypoint,
};
use vocabulary::time::Monotonic;

/// More waypoints than this are no plan.
const MAX_WAYPOINTS: usize = 10_000;

const ACTION: [(PlanAction, u8); 2] = [(PlanAction::Execute, 0), (PlanAction::Stop, 1)];

fn waypoint(msg: &msg::Waypoint, plan: &msg::MotionPlan) -> Result<Waypoint, Refused> {
    let optional = |given: bool, field, values: &[f64]| {
        given.then(|| finite_per_joint(field, values)).transpose()
    };
    Ok(Waypoint {
        time: finite("waypoints.time", msg.time)?,
        position: finite_per_joint("waypoints.position", &msg.position)?,
        velocity: optional(plan.has_velocity, "waypoints.velocity", &msg.velocity)?,
        acceleration: optional(plan.has_acceleration, "waypoints.acceleration", &msg.acceleration)?,
    })
}

fn waypoints(msg: &msg::MotionPlan) -> Result<Arc<[Waypoint]>, Refused> {
    let refused = |value: String, allowed| Refused::Value { field: "waypoints", value, allowed };
    let count = msg.waypoints.len();
    if !(1..=MAX_WAYPOINTS).contains(&count) {
        return Err(refused(format!("{count} points"), "1 to 10000 points"));
    }
    let points: Vec<_> =
        msg.waypoints.iter().map(|point| waypoint(point, msg)).collect::<Result<_, _>>()?;
    let mut previous = -f64::MIN_POSITIVE;
    for (index, point) in points.iter().enumerate() {
        if point.time <= previous {
            let value = format!("time {} s at point {index}", point.time);
            return Err(refused(value, "times from 0, strictly rising"));
        }
        previous = point.time;
    }
    Ok(points.into())
}

/// Tolerances of all joints: NaN and negative ones are refused, infinity is "unrestricted".
fn tolerances(position: &[f64], velocity: &[f64]) -> Result<PerJoint<Tolerance>, Refused> {
    let position: PerJoint<f64> = per_joint("position_tolerance", position)?;
    let velocity: PerJoint<f64> = per_joint("velocity_tolerance", velocity)?;
    if let Some(bad) = position.iter().chain(&velocity).find(|v| v.is_nan() || **v < 0.0) {
        let allowed = "0 or more, infinity for unrestricted";
        return Err(Refused::Value { field: "tolerance", value: bad.to_string(), allowed });
    }
    let mut pairs = position.into_iter().zip(velocity);
    Ok(std::array::from_fn(|_| {
        let (position, velocity) = pairs.next().unwrap_or_default();
        Tolerance { position, velocity }
    }))
}

impl FromMsg for MotionPlan {
    type Msg = msg::MotionPlan;

    fn from_msg(msg: &Self::Msg, order: &JointOrder) -> Result<Self, Refused> {
        let (got, want) = (msg.joint_order_hash, order.hash());
        if got != want {
            return Err(Refused::JointOrder { got, want });
        }
        Ok(Self {
            issued: Issue { stamp: stamp(&msg.stamp), epoch: msg.epoch },
            plan_id: msg.plan_id,
            revision: msg.revision,
            permit: msg.permit,
            action: one_of("action", msg.action, &ACTION)?,
            waypoints: waypoints(msg)?,
            from_path_time: finite("from_path_time", msg.from_path_time)?,
            start: stamp(&msg.start),
            path_tolerance: tolerances(&msg.path_position_tolerance, &msg.path_velocity_tolerance)?,
            goal_tolerance: tolerances(&msg.goal_position_tolerance, &msg.goal_velocity_tolerance)?,
            goal_time: finite("goal_time", msg.goal_time)?,
        })
    }
}

impl ToMsg for MotionPlan {
    type Msg = msg::MotionPlan;

    fn to_msg(&self, order: &JointOrder) -> Self::Msg {
        let has = |given: fn(&Waypoint) -> bool| {
            !self.waypoints.is_empty() && self.waypoints.iter().all(given)
        };
        let position = |list: &PerJoint<Tolerance>| list.map(|t| t.position).to_vec();
        let velocity = |list: &PerJoint<Tolerance>| list.map(|t| t.velocity).to_vec();
        msg::MotionPlan {
            stamp: time(self.issued.stamp),
            plan_id: self.plan_id,
            revision: self.revision,
            permit: self.permit,
            epoch: self.issued.epoch,
            action: code_of(self.action, &ACTION),
            joint_order_hash: order.hash(),
            has_velocity: has(|point| point.velocity.is_some()),
            has_acceleration: has(|point| point.acceleration.is_some()),
            waypoints: self.waypoints.iter().map(waypoint_msg).collect(),
            from_path_time: self.from_path_time,
            start: time(self.start),
            path_position_tolerance: position(&self.path_tolerance),
            path_velocity_tolerance: velocity(&self.path_tolerance),
            goal_position_tolerance: position(&self.goal_tolerance),
            goal_velocity_tolerance: velocity(&self.goal_tolerance),
            goal_time: self.goal_time,
        }
    }
}

fn waypoint_msg(point: &Waypoint) -> msg::Waypoint {
    msg::Waypoint {
        time: point.time,
        position: point.position.to_vec(),
        velocity: point.velocity.unwrap_or_default().to_vec(),
        acceleration: point.acceleration.unwrap_or_default().to_vec(),
    }
}

fn violation(msg: &msg::ControlState) -> Option<Violation> {
    let joint = usize::try_from(msg.violation_joint).ok()?;
    Some(Violation {
        joint,
        at_goal: msg.violation_at_goal,
        velocity: msg.violation_velocity,
        error: msg.violation_error,
        limit: msg.violation_limit,
        path_time: msg.violation_path_time,
    })
}

impl FromMsg for ControlState {
    type Msg = msg::ControlState;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self {
            stamp: stamp(&msg.stamp),
            reference_at: Monotonic(msg.reference_at_ns),
            boot_id: msg.boot_id,
            epoch: msg.epoch,
            plan_id: msg.plan_id,
            revision: msg.revision,
            phase: one_of("phase", msg.phase, &PHASE)?,
            path_time: finite("path_time", msg.path_time)?,
            path_duration: finite("path_duration", msg.path_duration)?,
            speed_scaling: finite("speed_scaling", msg.speed_scaling)?,
            reference_position: per_joint("reference_position", &msg.reference_position)?,
            reference_velocity: per_joint("reference_velocity", &msg.reference_velocity)?,
            reference_acceleration: per_joint(
                "reference_acceleration",
                &msg.reference_acceleration,
            )?,
            feedback_position: per_joint("feedback_position", &msg.feedback_position)?,
            feedback_velocity: per_joint("feedback_velocity", &msg.feedback_velocity)?,
            error_position: per_joint("error_position", &msg.error_position)?,
            output_effort: per_joint("output_effort", &msg.output_effort)?,
            mode: one_of("mode", msg.mode, &MODES)?,
            integral: per_joint("integral", &msg.integral)?,
            violation: violation(msg),
            found_bad: msg.found_bad,
            reason: msg.reason.clone(),
        })
    }
}

impl ToMsg for ControlState {
    type Msg = msg::ControlState;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        let broken = self.violation;
        msg::ControlState {
            stamp: time(self.stamp),
            reference_at_ns: self.reference_at.0,
            boot_id: self.boot_id,
            epoch: self.epoch,
            plan_id: self.plan_id,
            revision: self.revision,
            phase: code_of(self.phase, &PHASE),
            path_time: self.path_time,
            path_duration: self.path_duration,
            speed_scaling: self.speed_scaling,
            reference_position: self.reference_position.to_vec(),
            reference_velocity: self.reference_velocity.to_vec(),
            reference_acceleration: self.reference_acceleration.to_vec(),
            feedback_position: self.feedback_position.to_vec(),
            feedback_velocity: self.feedback_velocity.to_vec(),
            error_position: self.error_position.to_vec(),
            output_effort: self.output_effort.to_vec(),
            mode: code_of(self.mode, &MODES),
            integral: self.integral.to_vec(),
            violation_joint: broken.map_or(-1, |v| i8::try_from(v.joint).unwrap_or(-1)),
            violation_at_goal: broken.is_some_and(|v| v.at_goal),
            violation_velocity: broken.is_some_and(|v| v.velocity),
            violation_error: broken.map_or(0.0, |v| v.error),
            violation_limit: broken.map_or(0.0, |v| v.limit),
            violation_path_time: broken.map_or(0.0, |v| v.path_time),
            found_bad: self.found_bad,
            reason: self.reason.clone(),
        }
    }
}
