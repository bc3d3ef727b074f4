//! Whether a trajectory can be driven: from here, in time, within every limit at every instant.

use crate::config::Interpolation;
use crate::door;
use crate::rejection::Rejection;
use crate::request::TrajectoryRequest;
use std::sync::Arc;
use trajectory::{LimitViolation, Path, State, StepError, round_corners, steps};
use vocabulary::joint::{JointLimits, JointOrder, PerJoint};
use vocabulary::plan::Waypoint;
use vocabulary::time::Stamp;

/// Largest velocity that counts as zero at the end, rad/s: that of a float in a message.
const ZERO_VELOCITY: f64 = 1e-6;

/// What trajectories are judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Joint names, base to tip.
    pub order: JointOrder,
    /// Limits of the joints.
    pub limits: PerJoint<JointLimits>,
    /// Joints that are not named hold their position.
    pub allow_partial: bool,
    /// The last point may have velocities.
    pub allow_end_velocity: bool,
    /// Points may have velocities or accelerations without positions.
    pub allow_integration: bool,
    /// What happens between the points.
    pub interpolation: Interpolation,
    /// Joints whose positions may be shifted by whole turns.
    pub wraparound: PerJoint<bool>,
    /// Largest distance of a start point on the path from where the arm is, rad.
    pub max_start_distance: f64,
}

/// Where a trajectory would start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    /// The reference at the moment of the start.
    pub state: State,
    /// ROS time.
    pub now: Stamp,
}

/// A trajectory that can be driven from its start.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidPlan {
    /// Waypoints in joint order. A request with positions only has become one with velocities:
    /// lines with rounded corners.
    pub waypoints: Arc<[Waypoint]>,
    /// The path from the start state.
    pub path: Path,
    /// Where on the path to begin, s: more than 0 when its start lies in the past.
    pub from_path_time: f64,
    /// ROS time of the start when it lies in the future, else `Stamp(0)`.
    pub start: Stamp,
    /// It is one of a stream: nobody wants to read of each of them.
    pub(crate) yields: bool,
}

impl ValidPlan {
    /// Puts the start before the waypoints, where it is not among them; the path stays the same.
    pub(crate) fn include_start(&mut self) {
        let Some(first) = self.waypoints.first().filter(|first| first.time > 0.0) else { return };
        let start = self.path.sample(0.0);
        let start = Waypoint {
            time: 0.0,
            position: start.position,
            velocity: first.velocity.map(|_| start.velocity),
            acceleration: first.acceleration.map(|_| start.acceleration),
        };
        self.waypoints = std::iter::once(start).chain(self.waypoints.iter().copied()).collect();
    }
}

impl Rules {
    /// Judges a trajectory.
    ///
    /// # Errors
    /// [`Rejection`] naming joint, point, limit and amount.
    pub fn validate(
        &self,
        request: &TrajectoryRequest,
        start: &Start,
    ) -> Result<ValidPlan, Rejection> {
        let state = start.state;
        let given = door::waypoints(request, self, &state)?;
        self.check_end(&given)?;
        let (from_path_time, begin) = timing(request.stamp, &given, start.now)?;
        let waypoints: Arc<[Waypoint]> = self.smooth(&given, &state)?.into();
        let path = Path::new(state, waypoints.clone())
            .map_err(|error| Rejection::NotReady { reason: error.to_string() })?;
        self.check_distance(&path, &given, from_path_time, &state)?;
        match path.first_violation(&self.limits) {
            Some(found) => Err(self.limit(&found, &given, &waypoints)),
            None => {
                let yields = request.yields;
                Ok(ValidPlan { waypoints, path, from_path_time, start: begin, yields })
            }
        }
    }

    fn name(&self, joint: usize) -> String {
        self.order.names().get(joint).cloned().unwrap_or_default()
    }

    fn check_end(&self, given: &[Waypoint]) -> Result<(), Rejection> {
        let velocity = given.last().and_then(|w| w.velocity).unwrap_or_default();
        let moving = velocity.iter().position(|v| v.abs() > ZERO_VELOCITY);
        match moving {
            Some(joint) if !self.allow_end_velocity => {
                let value = velocity.get(joint).copied().unwrap_or_default();
                Err(Rejection::EndVelocity { joint: self.name(joint), value })
            }
            _ => Ok(()),
        }
    }

    /// Waypoints with positions only get velocities, see [`round_corners`].
    fn smooth(&self, given: &[Waypoint], start: &State) -> Result<Vec<Waypoint>, Rejection> {
        if self.interpolation == Interpolation::None {
            return steps(start, given, &self.limits).map_err(|step| {
                let StepError { point, needed, available } = step;
                Rejection::Step { point, needed, available }
            });
        }
        if given.iter().any(|w| w.velocity.is_some()) {
            return Ok(given.to_vec());
        }
        round_corners(start, given, &self.limits).map_err(|corner| Rejection::Corner {
            point: corner.point,
            joint: self.name(corner.joint),
            needed: corner.needed,
            limit: corner.limit,
        })
    }

    /// Where the path is not entered at the point before, it must be entered near the arm.
    fn check_distance(
        &self,
        path: &Path,
        given: &[Waypoint],
        from: f64,
        start: &State,
    ) -> Result<(), Rejection> {
        let starts_on_path = from > 0.0 || given.first().is_some_and(|w| w.time <= 0.0);
        if !starts_on_path {
            return Ok(());
        }
        let entry = path.sample(from).position;
        let ways = entry.iter().zip(&start.position).map(|(a, b)| (a - b).abs());
        let far = ways.enumerate().fold((0, 0.0), |far, way| if way.1 > far.1 { way } else { far });
        if far.1 <= self.max_start_distance {
            return Ok(());
        }
        Err(Rejection::StartDistance {
            point: point_at(given, from),
            joint: self.name(far.0),
            distance: far.1,
            limit: self.max_start_distance,
        })
    }

    fn limit(&self, found: &LimitViolation, given: &[Waypoint], driven: &[Waypoint]) -> Rejection {
        let time = driven.get(found.point).map_or(0.0, |w| w.time);
        Rejection::Limit {
            point: point_at(given, time),
            joint: self.name(found.joint),
            quantity: found.quantity,
            value: found.value,
            limit: found.limit,
        }
    }
}

/// Where on the path to begin [s], and when if not at once.
fn timing(stamp: Stamp, given: &[Waypoint], now: Stamp) -> Result<(f64, Stamp), Rejection> {
    if stamp == Stamp(0) {
        return Ok((0.0, Stamp(0)));
    }
    if stamp > now {
        return Ok((0.0, stamp));
    }
    let elapsed = now.seconds_from(stamp);
    let end = given.last().map_or(0.0, |w| w.time);
    if end < elapsed {
        return Err(Rejection::EndsInThePast { ago: elapsed - end });
    }
    Ok((elapsed, Stamp(0)))
}

/// The first given point not before `time`, s.
fn point_at(given: &[Waypoint], time: f64) -> usize {
    let index = given.partition_point(|w| w.time < time - 1e-9);
    index.min(given.len().saturating_sub(1))
}
