//! The door: from a request to waypoints in joint order, all numbers finite, sized and ordered.

use crate::rejection::Rejection;
use crate::request::{RequestPoint, TrajectoryRequest};
use crate::validate::Rules;
use std::f64::consts::TAU;
use trajectory::{State, deduce_positions};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};
use vocabulary::plan::Waypoint;

/// Most points a trajectory may have.
const MOST_POINTS: usize = 10_000;

/// Where each joint of the arm stands in the request.
type Columns = PerJoint<Option<usize>>;

/// The waypoints of a request that begins at `start`; joints it does not name stay there.
pub(crate) fn waypoints(
    request: &TrajectoryRequest,
    rules: &Rules,
    start: &State,
) -> Result<Vec<Waypoint>, Rejection> {
    let columns = columns(&request.joint_names, rules)?;
    let TrajectoryRequest { points, joint_names, .. } = request;
    if points.is_empty() {
        return Err(Rejection::NoPoints);
    }
    if points.len() > MOST_POINTS {
        return Err(Rejection::TooManyPoints { count: points.len(), limit: MOST_POINTS });
    }
    let derived = rules.allow_integration && points.iter().all(|p| p.positions.is_empty());
    check_points(points, joint_names, derived)?;
    check_times(points)?;
    check_uniform(points, "velocities", |p| !p.velocities.is_empty())?;
    check_uniform(points, "accelerations", |p| !p.accelerations.is_empty())?;
    let shift = turns(points, &columns, rules, start);
    let mut waypoints: Vec<_> =
        points.iter().map(|point| waypoint(point, &columns, &start.position, &shift)).collect();
    if derived {
        deduce_positions(start, &mut waypoints);
    }
    Ok(waypoints)
}

/// Whole turns, rad, that bring each joint that wraps around nearest to where it is.
fn turns(
    points: &[RequestPoint],
    columns: &Columns,
    rules: &Rules,
    start: &State,
) -> PerJoint<f64> {
    let mut shift = [0.0; JOINTS];
    let joints = shift.iter_mut().zip(columns).zip(&rules.wraparound).zip(&start.position);
    for (((shift, column), wraps), at) in joints {
        let first = column.and_then(|column| points.first()?.positions.get(column));
        if let (true, Some(first)) = (*wraps, first) {
            *shift = TAU * ((at - first) / TAU).round();
        }
    }
    shift
}

fn columns(names: &[String], rules: &Rules) -> Result<Columns, Rejection> {
    if names.is_empty() {
        return Err(Rejection::NoJoints);
    }
    let mut columns = [None; JOINTS];
    for (column, name) in names.iter().enumerate() {
        let slot = rules.order.index_of(name).and_then(|index| columns.get_mut(index));
        let Some(slot) = slot else {
            return Err(Rejection::UnknownJoint {
                joint: name.clone(),
                known: known(&rules.order),
            });
        };
        if slot.replace(column).is_some() {
            return Err(Rejection::DuplicateJoint { joint: name.clone() });
        }
    }
    let missing = columns.iter().zip(rules.order.names()).find(|(column, _)| column.is_none());
    match missing {
        Some((_, joint)) if !rules.allow_partial => {
            Err(Rejection::MissingJoint { joint: joint.clone() })
        }
        _ => Ok(columns),
    }
}

fn known(order: &JointOrder) -> String {
    order.names().join(", ")
}

fn check_points(points: &[RequestPoint], names: &[String], derived: bool) -> Result<(), Rejection> {
    for (point, values) in points.iter().enumerate() {
        let nothing = values.velocities.is_empty() && values.accelerations.is_empty();
        if values.positions.is_empty() && (nothing || !derived) {
            return Err(Rejection::NoPositions { point });
        }
        if !values.effort.is_empty() {
            return Err(Rejection::Effort { point });
        }
        let fields = [
            ("positions", &values.positions, !derived),
            ("velocities", &values.velocities, false),
            ("accelerations", &values.accelerations, false),
        ];
        for (field, values, required) in fields {
            check_field(point, field, values, (names, required))?;
        }
        let alone = values.velocities.is_empty() && !values.accelerations.is_empty();
        if alone && !derived {
            return Err(Rejection::AccelerationAlone { point });
        }
    }
    Ok(())
}

fn check_field(
    point: usize,
    field: &'static str,
    values: &[f64],
    (names, required): (&[String], bool),
) -> Result<(), Rejection> {
    let (count, joints) = (values.len(), names.len());
    if count != joints && (required || count != 0) {
        return Err(Rejection::Size { point, field, count, joints });
    }
    match values.iter().zip(names).find(|(value, _)| !value.is_finite()) {
        Some((value, joint)) => {
            Err(Rejection::NotFinite { point, field, joint: joint.clone(), value: *value })
        }
        None => Ok(()),
    }
}

fn check_times(points: &[RequestPoint]) -> Result<(), Rejection> {
    let mut previous = None;
    for (point, time) in points.iter().map(|p| p.time_from_start).enumerate() {
        if !(time.is_finite() && time >= 0.0) {
            return Err(Rejection::BadTime { point, time });
        }
        match previous {
            Some(previous) if time <= previous => {
                return Err(Rejection::Order { point, time, previous });
            }
            _ => previous = Some(time),
        }
    }
    Ok(())
}

fn check_uniform(
    points: &[RequestPoint],
    field: &'static str,
    has: impl Fn(&RequestPoint) -> bool,
) -> Result<(), Rejection> {
    let with = points.iter().position(&has);
    let without = points.iter().position(|point| !has(point));
    match (with, without) {
        (Some(other), Some(point)) => Err(Rejection::Mixed { point, field, other }),
        _ => Ok(()),
    }
}

fn waypoint(
    point: &RequestPoint,
    columns: &Columns,
    held: &PerJoint<f64>,
    shift: &PerJoint<f64>,
) -> Waypoint {
    let pick = |values: &[f64], joint: usize, otherwise: f64| -> f64 {
        let column = columns.get(joint).copied().flatten();
        column.and_then(|column| values.get(column)).copied().unwrap_or(otherwise)
    };
    let all = |values: &[f64]| -> Option<PerJoint<f64>> {
        (!values.is_empty()).then(|| std::array::from_fn(|joint| pick(values, joint, 0.0)))
    };
    let mut position = *held;
    for (joint, (slot, shift)) in position.iter_mut().zip(shift).enumerate() {
        *slot = pick(&point.positions, joint, *slot - shift) + shift;
    }
    Waypoint {
        time: point.time_from_start,
        position,
        velocity: all(&point.velocities),
        acceleration: all(&point.accelerations),
    }
}
