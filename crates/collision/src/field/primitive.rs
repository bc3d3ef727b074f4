//! Signed distances of points to obstacles, in single precision: negative inside, so that how deep a
//! point is can be said, and never more than the true distance to any other point (1-Lipschitz).

use std::sync::Arc;

use nalgebra::Vector3;

use crate::Mesh;
use crate::shape::{Pose, Shape};

/// A point or direction [m].
pub(crate) type V3 = [f32; 3];

/// An obstacle in the frame of the root.
#[derive(Debug, Clone)]
pub(crate) enum Primitive {
    Ball {
        center: V3,
        radius: f32,
    },
    /// Rows of `axes` are the box's axes.
    Cuboid {
        center: V3,
        axes: [V3; 3],
        half: V3,
    },
    /// The segment from `from` by `way`, and all that is within `radius`.
    Capsule {
        from: V3,
        way: V3,
        inverse_square: f32,
        radius: f32,
    },
    Cylinder {
        center: V3,
        axis: V3,
        half: f32,
        radius: f32,
    },
    Mesh {
        inverse: Pose,
        mesh: Arc<Mesh>,
        low: V3,
        high: V3,
    },
}

impl Primitive {
    /// The primitives of a shape at a pose: one, or one per point.
    pub fn of(shape: &Shape, pose: &Pose) -> Vec<Self> {
        let center = single(&pose.translation.vector);
        let turn = pose.rotation.to_rotation_matrix();
        let column = |k: usize| single(&turn.matrix().column(k).into_owned());
        match shape {
            Shape::Sphere { radius } => vec![Self::Ball { center, radius: *radius as f32 }],
            Shape::Cuboid { half_extents } => {
                let axes = [column(0), column(1), column(2)];
                vec![Self::Cuboid { center, axes, half: single(half_extents) }]
            }
            Shape::Cylinder { radius, length } => {
                let (half, radius) = ((length / 2.0) as f32, *radius as f32);
                vec![Self::Cylinder { center, axis: column(2), half, radius }]
            }
            Shape::Capsule { radius, length } => vec![capsule(center, column(2), *length, *radius)],
            Shape::Mesh(mesh) => {
                let corners =
                    mesh.vertices().iter().map(|v| pose.rotation * v + pose.translation.vector);
                let all = Vector3::repeat(f64::INFINITY);
                let (low, high) = corners.fold((all, -all), |(l, h), p| (l.inf(&p), h.sup(&p)));
                let (low, high) = (single(&low), single(&high));
                vec![Self::Mesh { inverse: pose.inverse(), mesh: Arc::clone(mesh), low, high }]
            }
            Shape::Points { points, radius } => {
                let at = |p: &Vector3<f64>| single(&(pose.rotation * p + pose.translation.vector));
                let radius = *radius as f32;
                points.iter().map(|p| Self::Ball { center: at(p), radius }).collect()
            }
        }
    }

    /// Distance of a point to it [m]; negative inside.
    #[inline]
    pub fn distance(&self, p: V3) -> f32 {
        match self {
            Self::Ball { center, radius } => norm(sub(p, *center)) - radius,
            Self::Cuboid { center, axes, half } => {
                let way = sub(p, *center);
                let [x, y, z] = [0, 1, 2].map(|k| {
                    #[allow(clippy::indexing_slicing)] // 0..3 into arrays of 3
                    let out = dot(way, axes[k]).abs() - half[k];
                    out
                });
                let outside = norm([x.max(0.0), y.max(0.0), z.max(0.0)]);
                outside + x.max(y).max(z).min(0.0)
            }
            Self::Capsule { from, way, inverse_square, radius } => {
                let to = sub(p, *from);
                let share = (dot(to, *way) * inverse_square).clamp(0.0, 1.0);
                let [x, y, z] = *way;
                norm(sub(to, [x * share, y * share, z * share])) - radius
            }
            Self::Cylinder { center, axis, half, radius } => {
                let way = sub(p, *center);
                let along = dot(way, *axis);
                let [x, y, z] = *axis;
                let across = norm(sub(way, [x * along, y * along, z * along])) - radius;
                let beyond = along.abs() - half;
                let outside = across.max(0.0).hypot_fast(beyond.max(0.0));
                outside + across.max(beyond).min(0.0)
            }
            Self::Mesh { inverse, mesh, .. } => {
                let point = inverse * nalgebra::Point3::from(p.map(f64::from));
                mesh.signed_distance(&point.coords) as f32
            }
        }
    }

    /// The box along the axes that holds it.
    pub fn extent(&self) -> (V3, V3) {
        match self {
            Self::Ball { center, radius } => around(*center, [*radius; 3]),
            Self::Cuboid { center, axes: [x, y, z], half: [hx, hy, hz] } => {
                let reach = |k: usize| {
                    let entry = |axis: &V3| axis.get(k).map_or(0.0, |e| e.abs());
                    entry(x) * hx + entry(y) * hy + entry(z) * hz
                };
                around(*center, [reach(0), reach(1), reach(2)])
            }
            Self::Capsule { from, way, radius, .. } => {
                let middle = add(*from, way.map(|w| w / 2.0));
                around(middle, way.map(|w| w.abs() / 2.0 + radius))
            }
            Self::Cylinder { center, axis, half, radius } => around(
                *center,
                axis.map(|a| a.abs() * half + radius * (1.0 - a * a).max(0.0).sqrt()),
            ),
            Self::Mesh { low, high, .. } => (*low, *high),
        }
    }
}

fn capsule(center: V3, axis: V3, length: f64, radius: f64) -> Primitive {
    let half = (length / 2.0) as f32;
    let way = axis.map(|a| a * 2.0 * half);
    let square = dot(way, way);
    let inverse_square = if square > 0.0 { 1.0 / square } else { 0.0 };
    Primitive::Capsule {
        from: sub(center, axis.map(|a| a * half)),
        way,
        inverse_square,
        radius: radius as f32,
    }
}

pub(crate) fn single(v: &Vector3<f64>) -> V3 {
    [v.x as f32, v.y as f32, v.z as f32]
}

#[inline]
pub(crate) fn add([a, b, c]: V3, [x, y, z]: V3) -> V3 {
    [a + x, b + y, c + z]
}

#[inline]
pub(crate) fn sub([a, b, c]: V3, [x, y, z]: V3) -> V3 {
    [a - x, b - y, c - z]
}

#[inline]
pub(crate) fn dot([a, b, c]: V3, [x, y, z]: V3) -> f32 {
    a * x + b * y + c * z
}

#[inline]
pub(crate) fn norm(v: V3) -> f32 {
    dot(v, v).sqrt()
}

fn around(center: V3, reach: V3) -> (V3, V3) {
    (sub(center, reach), add(center, reach))
}

trait Hypot {
    fn hypot_fast(self, other: Self) -> Self;
}

impl Hypot for f32 {
    /// Without the care for overflow of the library's one: coordinates are at most 1e6 m.
    #[inline]
    fn hypot_fast(self, other: Self) -> Self {
        (self * self + other * other).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shapes() -> Vec<Shape> {
        vec![
            Shape::Sphere { radius: 0.3 },
            Shape::Cuboid { half_extents: Vector3::new(0.1, 0.2, 0.4) },
            Shape::Cylinder { radius: 0.2, length: 0.5 },
            Shape::Capsule { radius: 0.1, length: 0.6 },
        ]
    }

    /// What parry makes of the same shape.
    fn truth(shape: &Shape, p: &Vector3<f64>) -> f64 {
        use parry3d_f64::query::PointQuery;
        use parry3d_f64::shape as p3;
        let at = crate::mesh::to_parry(p);
        // Parry's cylinders and capsules lie along y.
        let turned = parry3d_f64::math::Vector::new(at.x, at.z, -at.y);
        let up = parry3d_f64::math::Vector::new(0.0, 1.0, 0.0);
        match shape {
            Shape::Sphere { radius } => p3::Ball::new(*radius).distance_to_local_point(at, false),
            Shape::Cuboid { half_extents } => p3::Cuboid::new(crate::mesh::to_parry(half_extents))
                .distance_to_local_point(at, false),
            Shape::Cylinder { radius, length } => {
                p3::Cylinder::new(length / 2.0, *radius).distance_to_local_point(turned, false)
            }
            Shape::Capsule { radius, length } => {
                let half = up * (length / 2.0);
                p3::Capsule::new(-half, half, *radius).distance_to_local_point(turned, false)
            }
            _ => f64::NAN,
        }
    }

    proptest! {
        #[test]
        fn distance_is_that_of_parry(
            p in proptest::array::uniform3(-1.0..1.0f64),
            turn in proptest::array::uniform3(-3.0..3.0f64),
        ) {
            let pose = Pose::new(Vector3::new(0.3, -0.2, 0.1), Vector3::from(turn));
            for shape in shapes() {
                let local = Vector3::from(p);
                let world = pose.rotation * local + pose.translation.vector;
                let primitive = Primitive::of(&shape, &pose).remove(0);
                let distance = f64::from(primitive.distance(single(&world)));
                prop_assert!((distance - truth(&shape, &local)).abs() < 1e-5, "{shape:?}");
                let (low, high) = primitive.extent();
                let inside = distance < -1e-5;
                let [x, y, z] = single(&world);
                let boxed = [x, y, z].iter().zip(low).all(|(c, l)| *c >= l)
                    && [x, y, z].iter().zip(high).all(|(c, h)| *c <= h);
                prop_assert!(!inside || boxed);
            }
        }
    }
}
