//! The slow truth: the original shapes, checked pair by pair with parry. For tests and benchmarks of
//! the fast check, and for whoever wants to know whether it was only the balls that touched.
//!
//! The rule: no part of it is shared with the fast check but the description itself.

use nalgebra::{UnitQuaternion, Vector3};
use parry3d_f64::bounding_volume::{Aabb, BoundingVolume};
use parry3d_f64::math::{Pose as Place, Rotation, Vector};
use parry3d_f64::query;
use parry3d_f64::shape::SharedShape;

use crate::mesh::to_parry;
use crate::{Pose, Robot, Scene, Shape};

/// Something with an original shape.
struct Solid {
    name: String,
    /// Where the shape is in the frame of its body.
    place: Pose,
    body: usize,
    shape: SharedShape,
    /// Place of the link in the robot, to know its allowed pairs; none for what is attached.
    link: Option<usize>,
}

/// The original shapes of an arm and its scene.
pub struct Truth {
    robot: Robot,
    scene: Scene,
    solids: Vec<Solid>,
    objects: Vec<(String, Place, SharedShape, Aabb)>,
}

impl Truth {
    /// Converts all shapes. A link without shapes counts as its spheres.
    #[must_use]
    pub fn new(robot: &Robot, scene: &Scene) -> Self {
        let mut solids = Vec::new();
        for (i, link) in robot.links().iter().enumerate() {
            let mut add = |pose: Pose, shape: SharedShape| {
                let (name, body) = (link.name.clone(), link.body);
                solids.push(Solid { name, place: link.pose * pose, body, shape, link: Some(i) });
            };
            for (pose, shape) in &link.shapes {
                shapes(shape).into_iter().for_each(|(own, s)| add(pose * own, s));
            }
            for sphere in link.spheres.iter().filter(|_| link.shapes.is_empty()) {
                let [x, y, z] = sphere.center;
                let at = Pose::translation(x, y, z);
                add(at, SharedShape::ball(sphere.radius));
            }
        }
        for (name, load) in scene.attached() {
            for (own, shape) in shapes(&load.shape) {
                let (name, body) = (name.clone(), load.body);
                solids.push(Solid { name, place: load.pose * own, body, shape, link: None });
            }
        }
        let mut objects = Vec::new();
        for (name, object) in scene.objects() {
            for (own, shape) in shapes(&object.shape) {
                let place = to_place(&(object.pose * own));
                let aabb = shape.compute_aabb(&place);
                objects.push((name.clone(), place, shape, aabb));
            }
        }
        Self { robot: robot.clone(), scene: scene.clone(), solids, objects }
    }

    /// The first two things found touching at these positions [rad or m].
    #[must_use]
    pub fn collision(&self, positions: &[f64]) -> Option<(String, String)> {
        let bodies = self.robot.body_poses(positions);
        let placed: Vec<(Place, Aabb)> = self
            .solids
            .iter()
            .map(|s| {
                let body = bodies.get(s.body).copied().unwrap_or_else(Pose::identity);
                let place = to_place(&(body * s.place));
                (place, s.shape.compute_aabb(&place))
            })
            .collect();
        for (i, (solid, (place, aabb))) in self.solids.iter().zip(&placed).enumerate() {
            for (name, at, shape, box_) in self.objects.iter().filter(|_| solid.body > 0) {
                if aabb.intersects(box_) && touch(place, &solid.shape, at, shape) {
                    return Some((solid.name.clone(), name.clone()));
                }
            }
            for (other, (at, box_)) in self.solids.iter().zip(&placed).skip(i + 1) {
                let near = !self.may_touch(solid, other) && aabb.intersects(box_);
                if near && touch(place, &solid.shape, at, &other.shape) {
                    return Some((solid.name.clone(), other.name.clone()));
                }
            }
        }
        None
    }

    fn may_touch(&self, a: &Solid, b: &Solid) -> bool {
        if a.body == b.body {
            return true;
        }
        match (a.link, b.link) {
            (Some(i), Some(j)) => self.robot.is_allowed(i, j),
            (Some(_), None) => self.scene.may_touch(&b.name, &a.name),
            (None, Some(_)) => self.scene.may_touch(&a.name, &b.name),
            (None, None) => false,
        }
    }
}

fn touch(a: &Place, first: &SharedShape, b: &Place, second: &SharedShape) -> bool {
    // A pair that parry cannot check would be a bug of ours: count it as touching.
    query::intersection_test(a, &**first, b, &**second).map_or(true, |t| t.intersecting)
}

fn to_place(pose: &Pose) -> Place {
    let q = pose.rotation.coords;
    Place {
        translation: to_parry(&pose.translation.vector),
        rotation: Rotation::from_xyzw(q.x, q.y, q.z, q.w),
    }
}

/// Parry's shapes for one of ours, and where they lie in its frame.
fn shapes(shape: &Shape) -> Vec<(Pose, SharedShape)> {
    // Parry's cylinder lies along y.
    let upright = UnitQuaternion::from_axis_angle(&Vector3::x_axis(), std::f64::consts::FRAC_PI_2);
    let upright = Pose::from_parts(Vector3::zeros().into(), upright);
    match shape {
        Shape::Sphere { radius } => vec![(Pose::identity(), SharedShape::ball(*radius))],
        Shape::Cuboid { half_extents: h } => {
            vec![(Pose::identity(), SharedShape::cuboid(h.x, h.y, h.z))]
        }
        Shape::Cylinder { radius, length } => {
            vec![(upright, SharedShape::cylinder(length / 2.0, *radius))]
        }
        Shape::Capsule { radius, length } => {
            let half = Vector::new(0.0, 0.0, length / 2.0);
            vec![(Pose::identity(), SharedShape::capsule(-half, half, *radius))]
        }
        Shape::Mesh(mesh) => {
            let vertices = mesh.vertices().iter().map(to_parry).collect();
            let triangles = mesh.triangles().to_vec();
            let trimesh = SharedShape::trimesh(vertices, triangles).ok();
            trimesh.map(|shape| (Pose::identity(), shape)).into_iter().collect()
        }
        Shape::Points { points, radius } => {
            let at = |p: &Vector3<f64>| Pose::translation(p.x, p.y, p.z);
            // Parry knows no ball without size.
            let ball = SharedShape::ball(radius.max(1e-9));
            points.iter().map(|p| (at(p), ball.clone())).collect()
        }
    }
}

impl std::fmt::Debug for Truth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Truth({} solids, {} objects)", self.solids.len(), self.objects.len())
    }
}
