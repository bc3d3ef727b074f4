//! Lines and arcs of the tip: LIN and CIRC as robot programs have them.
//!
//! The position moves along the line or the circle and the orientation turns about one axis that
//! does not change, both in proportion to the share of the way (spherical linear interpolation).

use nalgebra::{Rotation3, Unit, UnitQuaternion, Vector3};

use super::SegmentError;
use crate::Pose;
use crate::ik::check_pose;

/// Points closer than this are one [m].
const APART: f64 = 1e-6;
/// A sine below this is a line.
const LINE: f64 = 1e-6;
/// How far an orientation must be from half a turn [rad].
const UNCLEAR: f64 = 1e-6;
/// How much the radii at start and goal may differ, relative to them.
const ROUND: f64 = 1e-3;

/// A path of the tip from one pose to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    start: Pose,
    goal: Pose,
    /// Axis times angle of the whole turn [rad], in the base.
    turn: Vector3<f64>,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Line,
    Arc { center: Vector3<f64>, axis: Unit<Vector3<f64>>, angle: f64, growth: f64 },
}

impl Segment {
    /// A straight line (LIN).
    ///
    /// # Errors
    /// When a pose is not one, or the orientation turns by half a turn.
    pub fn line(start: Pose, goal: Pose) -> Result<Self, SegmentError> {
        Ok(Self { start, goal, turn: turn_between(&start, &goal)?, shape: Shape::Line })
    }

    /// An arc through a point [m] (CIRC): the one of the two that `via` is on.
    ///
    /// # Errors
    /// When a pose is not one, the points make no circle, or the orientation turns by half a turn.
    pub fn arc_through(start: Pose, via: Vector3<f64>, goal: Pose) -> Result<Self, SegmentError> {
        let turn = turn_between(&start, &goal)?;
        check("via point", &Pose::from_parts(via.into(), UnitQuaternion::identity()))?;
        let (a, b, c) = (start.translation.vector, via, goal.translation.vector);
        apart("start", &a, "via point", &b)?;
        apart("via point", &b, "goal", &c)?;
        apart("start", &a, "goal", &c)?;
        let (to_via, to_goal) = (b - a, c - a);
        let normal = to_via.cross(&to_goal);
        if normal.norm() < LINE * to_via.norm() * to_goal.norm() {
            return Err(SegmentError::Collinear { points: "start, via point and goal" });
        }
        // The circumcenter.
        let center = a
            + (to_goal.norm_squared() * normal.cross(&to_via)
                - to_via.norm_squared() * normal.cross(&to_goal))
                / (2.0 * normal.norm_squared());
        let axis = Unit::new_normalize(normal);
        let angle =
            angle_about(&axis, &(a - center), &(c - center)).rem_euclid(std::f64::consts::TAU);
        Ok(Self { start, goal, turn, shape: Shape::Arc { center, axis, angle, growth: 0.0 } })
    }

    /// The shorter arc around a center [m] (CIRC).
    ///
    /// # Errors
    /// When a pose is not one, the center is not as far from the start as from the goal, the three
    /// are on a line, or the orientation turns by half a turn.
    pub fn arc_around(start: Pose, center: Vector3<f64>, goal: Pose) -> Result<Self, SegmentError> {
        let turn = turn_between(&start, &goal)?;
        check("center", &Pose::from_parts(center.into(), UnitQuaternion::identity()))?;
        let (a, c) = (start.translation.vector, goal.translation.vector);
        apart("start", &a, "center", &center)?;
        apart("start", &a, "goal", &c)?;
        let (from, to) = (a - center, c - center);
        let (near, far) = (from.norm(), to.norm());
        if (near - far).abs() > ROUND * near.max(far) {
            return Err(SegmentError::Radius { start: near, goal: far });
        }
        let normal = from.cross(&to);
        if normal.norm() < LINE * near * far {
            return Err(SegmentError::Collinear { points: "start, center and goal" });
        }
        let axis = Unit::new_normalize(normal);
        let angle = angle_about(&axis, &from, &to);
        let growth = far / near - 1.0;
        Ok(Self { start, goal, turn, shape: Shape::Arc { center, axis, angle, growth } })
    }

    /// The pose after a share of the way, from 0 to 1.
    pub fn pose(&self, share: f64) -> Pose {
        if share >= 1.0 {
            return self.goal;
        }
        let rotation = UnitQuaternion::from_scaled_axis(self.turn * share) * self.start.rotation;
        let (start, goal) = (self.start.translation.vector, self.goal.translation.vector);
        let position = match self.shape {
            Shape::Line => start + (goal - start) * share,
            Shape::Arc { center, axis, angle, growth } => {
                let out = Rotation3::from_axis_angle(&axis, angle * share) * (start - center);
                center + out * (1.0 + growth * share)
            }
        };
        Pose::from_parts(position.into(), rotation)
    }

    /// Length of the way of the position [m].
    pub fn length(&self) -> f64 {
        let (start, goal) = (self.start.translation.vector, self.goal.translation.vector);
        match self.shape {
            Shape::Line => (goal - start).norm(),
            Shape::Arc { center, angle, growth, .. } => {
                (start - center).norm() * (1.0 + growth / 2.0) * angle
            }
        }
    }

    /// Angle of the whole turn of the orientation [rad].
    pub fn angle(&self) -> f64 {
        self.turn.norm()
    }
}

fn turn_between(start: &Pose, goal: &Pose) -> Result<Vector3<f64>, SegmentError> {
    check("start", start)?;
    check("goal", goal)?;
    let turn = (goal.rotation * start.rotation.inverse()).scaled_axis();
    match turn.norm() > std::f64::consts::PI - UNCLEAR {
        true => Err(SegmentError::HalfTurn),
        false => Ok(turn),
    }
}

fn check(which: &'static str, pose: &Pose) -> Result<(), SegmentError> {
    check_pose(pose).map_err(|source| SegmentError::Pose { which, source })
}

fn apart(
    first: &'static str,
    a: &Vector3<f64>,
    second: &'static str,
    b: &Vector3<f64>,
) -> Result<(), SegmentError> {
    let distance = (a - b).norm();
    if distance > APART {
        Ok(())
    } else {
        Err(SegmentError::Coincident { first, second, distance })
    }
}

/// The angle from one vector to another about an axis [rad], in (-π, π].
fn angle_about(axis: &Vector3<f64>, from: &Vector3<f64>, to: &Vector3<f64>) -> f64 {
    axis.dot(&from.cross(to)).atan2(from.dot(to))
}
