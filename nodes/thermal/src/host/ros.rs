//! Diagnostics and the prediction service: messages of other packages.
//!
//! The rule: conversions only; every number comes from the library, every refusal names the joint and
//! the point.

use crate::JointReport;
use crate::predict::{Prediction, Request};
use node::convert::seconds;
use r2r::armature_msgs::srv::PredictThermal;
use r2r::diagnostic_msgs::msg::{DiagnosticStatus, KeyValue};
use r2r::trajectory_msgs::msg::{JointTrajectory, JointTrajectoryPoint};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};
use vocabulary::plan::Waypoint;
use vocabulary::thermal::ThermalLevel;

/// Most points of a trajectory: as the controller takes.
const MOST_POINTS: usize = 10_000;

/// Diagnostics of one joint.
pub fn status(report: &JointReport) -> DiagnosticStatus {
    let level = match report.level {
        ThermalLevel::Normal => DiagnosticStatus::OK as u8,
        ThermalLevel::Warning | ThermalLevel::Derate => DiagnosticStatus::WARN as u8,
        ThermalLevel::Stop => DiagnosticStatus::ERROR as u8,
    };
    let pair =
        |(key, value): &(&str, String)| KeyValue { key: (*key).to_owned(), value: value.clone() };
    DiagnosticStatus {
        level,
        name: format!("thermal: {}", report.joint),
        message: report.message.clone(),
        hardware_id: format!("{} motor", report.joint),
        values: report.values.iter().map(pair).collect(),
    }
}

/// The request in joint order.
///
/// # Errors
/// What is wrong with the trajectory.
pub fn request(msg: &PredictThermal::Request, order: &JointOrder) -> Result<Request, String> {
    let waypoints = waypoints(&msg.trajectory, order)?;
    Ok(Request { waypoints, repetitions: msg.repetitions, dwell: msg.dwell })
}

fn waypoints(msg: &JointTrajectory, order: &JointOrder) -> Result<Vec<Waypoint>, String> {
    let places = places(&msg.joint_names, order)?;
    let count = msg.points.len();
    if !(1..=MOST_POINTS).contains(&count) {
        return Err(format!("trajectory has {count} points: 1 to {MOST_POINTS} are allowed"));
    }
    let mut last = -1.0;
    let mut points = Vec::with_capacity(count);
    for (index, point) in msg.points.iter().enumerate() {
        let waypoint = waypoint(point, &places).map_err(|text| format!("point {index}: {text}"))?;
        if waypoint.time <= last || waypoint.time < 0.0 {
            return Err(format!("point {index}: time {} s does not rise", waypoint.time));
        }
        last = waypoint.time;
        points.push(waypoint);
    }
    if points
        .iter()
        .any(|p| p.velocity.is_some() != points.first().is_some_and(|f| f.velocity.is_some()))
    {
        return Err("some points carry velocities and others do not".to_owned());
    }
    if points.iter().any(|p| p.acceleration.is_none()) {
        points.iter_mut().for_each(|p| p.acceleration = None);
    }
    Ok(points)
}

/// Where each joint of the arm stands in the message.
fn places(names: &[String], order: &JointOrder) -> Result<PerJoint<usize>, String> {
    if let Some(name) = names.iter().find(|name| order.index_of(name).is_none()) {
        return Err(format!("joint {name:?} is not one of {:?}", order.names()));
    }
    if names.len() != JOINTS {
        return Err(format!("{} joints are named, the arm has {JOINTS}", names.len()));
    }
    let mut places = [0; JOINTS];
    for (place, joint) in places.iter_mut().zip(order.names()) {
        let found = names.iter().position(|name| name == joint);
        *place = found.ok_or_else(|| format!("joint {joint:?} is missing"))?;
    }
    Ok(places)
}

fn waypoint(point: &JointTrajectoryPoint, places: &PerJoint<usize>) -> Result<Waypoint, String> {
    let of = |what: &str, values: &[f64]| -> Result<PerJoint<f64>, String> {
        if values.len() != JOINTS {
            return Err(format!("{} {what} for {JOINTS} joints", values.len()));
        }
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(format!("{what} holds {value}, which is not finite"));
        }
        Ok(places.map(|place| values.get(place).copied().unwrap_or_default()))
    };
    let optional = |what: &str, values: &[f64]| {
        if values.is_empty() { Ok(None) } else { of(what, values).map(Some) }
    };
    let velocity = optional("velocities", &point.velocities)?;
    let acceleration = optional("accelerations", &point.accelerations)?;
    Ok(Waypoint {
        time: seconds(&point.time_from_start),
        position: of("positions", &point.positions)?,
        velocity,
        acceleration: acceleration.filter(|_| velocity.is_some()),
    })
}

/// The answer of the service.
pub fn response(
    answer: Result<Prediction, String>,
    order: &JointOrder,
) -> PredictThermal::Response {
    let prediction = match answer {
        Ok(prediction) => prediction,
        Err(message) => {
            return PredictThermal::Response { success: false, message, ..Default::default() };
        }
    };
    let (first_breach, joint) = prediction.first();
    let duty = 100.0 * prediction.largest_duty_cycle;
    let message = match joint.and_then(|joint| order.names().get(joint)) {
        None => format!("no winding passes its limit; it may run {duty:.0} % of the time for ever"),
        Some(name) => format!(
            "the winding of {name} passes its limit after {first_breach:.0} s; {duty:.0} % of the \
             time would be possible for ever"
        ),
    };
    PredictThermal::Response {
        success: true,
        message,
        peak: prediction.peak.to_vec(),
        time_of_breach: prediction.time_of_breach.to_vec(),
        first_breach,
        first_joint: joint.and_then(|joint| i32::try_from(joint).ok()).unwrap_or(-1),
        largest_duty_cycle: prediction.largest_duty_cycle,
    }
}
