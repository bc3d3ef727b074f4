//! The chain in frames that make its forward kinematics cheap: modified Denavit-Hartenberg (J. Craig,
//! *Introduction to Robotics*, 3rd ed. 2005, section 3.4).
//!
//! The rule: frame i turns or slides along its z axis, and the way to it from frame i - 1 is a turn
//! and a shift along that one's x axis. So a step needs no general product of rotations.
//!
//! Where axes are parallel the frame may slide along its axis; it is put where the shift is zero.

use nalgebra::{Matrix3, Rotation3, Translation3, UnitQuaternion, Vector3};

use super::{Joint, JointKind};
use crate::Pose;

/// Axes with a smaller sine between them are parallel.
const PARALLEL: f64 = 1e-7;

/// From one frame to the next: turn by `alpha` and shift by `a` along x, then turn by `theta` and
/// shift by `d` along z, the joint's position added to one of these.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// Turn about the x axis of the frame before [rad].
    pub alpha: f64,
    /// Shift along it [m].
    pub a: f64,
    /// Turn about this frame's z axis at joint position 0 [rad].
    pub theta: f64,
    /// Shift along it at joint position 0 [m].
    pub d: f64,
    /// The joint slides instead of turning.
    pub slides: bool,
}

/// The chain in such frames.
#[derive(Debug, Clone)]
pub(crate) struct Frames {
    /// Frame 0 in the root: at the first joint, so that its step is only the joint's motion.
    pub base: Pose,
    /// One per joint.
    pub steps: Vec<Step>,
    /// Takes coordinates in body i + 1's URDF frame to those in frame i.
    pub from_body: Vec<Pose>,
}

/// A frame while it is being placed, in the root's coordinates at joint positions zero.
#[derive(Clone, Copy)]
struct Placed {
    origin: Vector3<f64>,
    x: Vector3<f64>,
    z: Vector3<f64>,
}

impl Frames {
    pub fn new(joints: &[Joint]) -> Self {
        let mut bodies = Vec::new();
        let mut last = Pose::identity();
        for joint in joints {
            last *= joint.origin;
            bodies.push(last);
        }
        let axes: Vec<(Vector3<f64>, Vector3<f64>)> = bodies
            .iter()
            .zip(joints)
            .map(|(body, joint)| (body.translation.vector, body.rotation * joint.axis.into_inner()))
            .collect();
        let placed = place(&axes);
        let base = placed.first().map_or_else(Pose::identity, Placed::pose);
        let mut steps = Vec::new();
        let mut from_body = Vec::new();
        let mut before: Option<&Placed> = None;
        for ((frame, joint), body) in placed.iter().zip(joints).zip(&bodies) {
            let slides = joint.kind == JointKind::Prismatic;
            let zero = Step { alpha: 0.0, a: 0.0, theta: 0.0, d: 0.0, slides };
            steps.push(before.map_or(zero, |before| between(before, frame, slides)));
            from_body.push(frame.pose().inverse() * body);
            before = Some(frame);
        }
        Self { base, steps, from_body }
    }
}

/// How far joint `joint` moves a point of body `body`, `center` in that body's frame, per unit of its
/// position, at most: a chain of lengths, whatever the angles between.
pub(crate) fn sweep(
    steps: &[Step],
    joints: &[Joint],
    center: &Vector3<f64>,
    (joint, body): (usize, usize),
) -> f64 {
    if steps.get(joint).is_some_and(|s| s.slides) {
        return 1.0;
    }
    // Turning about z leaves z alone.
    let own = joint + 1 == body;
    let reach = if own { center.xy().norm() } else { center.norm() };
    let between = steps.iter().zip(joints).take(body).skip(joint + 1);
    reach + between.map(|(step, joint)| step.a.hypot(step.d.abs() + slide(joint))).sum::<f64>()
}

/// How far a sliding joint can be from its zero.
pub(crate) fn slide(joint: &Joint) -> f64 {
    match joint.kind {
        JointKind::Prismatic => joint.lower.abs().max(joint.upper.abs()),
        _ => 0.0,
    }
}

/// Frames on the axes (point, direction), x along the common normal to the next axis.
fn place(axes: &[(Vector3<f64>, Vector3<f64>)]) -> Vec<Placed> {
    let mut frames: Vec<Placed> = Vec::new();
    for (i, (point, z)) in axes.iter().enumerate() {
        let before = frames.last().copied();
        let frame = match axes.get(i + 1) {
            Some((next_point, next_z)) => with_next(*point, *z, *next_point, *next_z, before),
            None => {
                // The last frame lies where the common normal from the one before meets its axis.
                let origin = before.map_or(*point, |b| foot(&b, *point, *z));
                Placed { origin, x: across(z, before.map(|b| b.x)), z: *z }
            }
        };
        frames.push(frame);
    }
    frames
}

fn with_next(
    point: Vector3<f64>,
    z: Vector3<f64>,
    next_point: Vector3<f64>,
    next_z: Vector3<f64>,
    before: Option<Placed>,
) -> Placed {
    let normal = z.cross(&next_z);
    let way = next_point - point;
    if normal.norm() < PARALLEL {
        let origin = before.map_or(point, |b| foot(&b, point, z));
        let way = next_point - origin;
        let out = way - z * way.dot(&z);
        let x = if out.norm() > 1e-9 { out.normalize() } else { across(&z, before.map(|b| b.x)) };
        return Placed { origin, x, z };
    }
    // The point of this axis nearest to the next one.
    let s = way.cross(&next_z).dot(&normal) / normal.norm_squared();
    let origin = point + z * s;
    let unit = normal.normalize();
    let gap = way.dot(&unit);
    Placed { origin, x: if gap < 0.0 { -unit } else { unit }, z }
}

/// Where the common normal from the frame before, which runs along its x axis, meets this axis.
fn foot(before: &Placed, point: Vector3<f64>, z: Vector3<f64>) -> Vector3<f64> {
    let x = before.x;
    // The point of the axis nearest to the line of x, or nearest to the frame when they are parallel.
    let normal = z.cross(&x);
    let way = before.origin - point;
    let s = if normal.norm() < PARALLEL {
        way.dot(&z)
    } else {
        way.cross(&x).dot(&normal) / normal.norm_squared()
    };
    point + z * s
}

/// A unit vector across `z`, near to `wish` when there is one.
fn across(z: &Vector3<f64>, wish: Option<Vector3<f64>>) -> Vector3<f64> {
    let mut smallest = Vector3::zeros();
    if let Some(entry) = smallest.get_mut(z.abs().imin()) {
        *entry = 1.0;
    }
    let out = |v: Vector3<f64>| v - z * v.dot(z);
    let wished = wish.map(out).filter(|v| v.norm() > 1e-3);
    wished.unwrap_or_else(|| out(smallest)).normalize()
}

/// The step from one placed frame to the next one.
fn between(before: &Placed, frame: &Placed, slides: bool) -> Step {
    let angle = |from: &Vector3<f64>, to: &Vector3<f64>, about: &Vector3<f64>| {
        from.cross(to).dot(about).atan2(from.dot(to))
    };
    let way = frame.origin - before.origin;
    Step {
        alpha: angle(&before.z, &frame.z, &before.x),
        a: way.dot(&before.x),
        theta: angle(&before.x, &frame.x, &frame.z),
        d: (way - before.x * way.dot(&before.x)).dot(&frame.z),
        slides,
    }
}

impl Placed {
    fn pose(&self) -> Pose {
        let y = self.z.cross(&self.x);
        let matrix = Matrix3::from_columns(&[self.x, y, self.z]);
        let turn = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(matrix));
        Pose::from_parts(Translation3::from(self.origin), turn)
    }
}
