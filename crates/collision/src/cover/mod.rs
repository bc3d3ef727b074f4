//! Spheres that cover a shape. The rule: every point of the shape lies in at least one sphere, so
//! that what the spheres do not touch the shape does not touch.
//!
//! Term. *Excess*: how far a sphere stands out of the shape at most.

mod primitive;
mod voxel;

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

use crate::shape::{Pose, Shape};

/// A ball [m].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sphere {
    /// Its centre [m].
    pub center: [f64; 3],
    /// Its radius [m].
    pub radius: f64,
}

impl Sphere {
    pub(crate) fn new(center: Vector3<f64>, radius: f64) -> Self {
        Self { center: center.into(), radius }
    }

    pub(crate) fn middle(&self) -> Vector3<f64> {
        self.center.into()
    }

    /// The same ball seen from the frame in which its own frame lies at `pose`.
    pub(crate) fn at(&self, pose: &Pose) -> Self {
        Self::new((pose * nalgebra::Point3::from(self.middle())).coords, self.radius)
    }

    fn holds(&self, other: &Self) -> bool {
        (self.middle() - other.middle()).norm() + other.radius <= self.radius
    }
}

/// How closely spheres follow a shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fineness {
    /// Excess that is good enough [m]. Boxes and meshes may need more where they would else need
    /// more spheres than `most`.
    pub excess: f64,
    /// Most spheres for one shape; the excess grows until they suffice. At least 1.
    pub most: usize,
}

impl Default for Fineness {
    fn default() -> Self {
        Self { excess: 0.010, most: 24 }
    }
}

/// Spheres that together cover `shape`, in the shape's frame.
#[must_use]
pub fn cover(shape: &Shape, fineness: Fineness) -> Vec<Sphere> {
    let fine = Fineness { excess: fineness.excess.max(1e-4), most: fineness.most.max(1) };
    match shape {
        Shape::Sphere { radius } => vec![Sphere::new(Vector3::zeros(), *radius)],
        Shape::Cuboid { half_extents } => primitive::cuboid(*half_extents, fine),
        Shape::Cylinder { radius, length } => primitive::cylinder(*radius, *length, fine),
        Shape::Capsule { radius, length } => primitive::capsule(*radius, *length, fine),
        Shape::Mesh(mesh) => voxel::cover(mesh, fine),
        Shape::Points { points, radius } => voxel::cover_points(points, *radius, fine),
    }
}

/// Spheres that cover several shapes of one link; spheres within others are left out.
#[must_use]
pub fn cover_all(shapes: &[(Pose, Shape)], fineness: Fineness) -> Vec<Sphere> {
    let mut spheres: Vec<Sphere> = Vec::new();
    for (pose, shape) in shapes {
        spheres.extend(cover(shape, fineness).iter().map(|s| s.at(pose)));
    }
    spheres.sort_by(|a, b| b.radius.total_cmp(&a.radius));
    let mut kept: Vec<Sphere> = Vec::new();
    for sphere in spheres {
        if !kept.iter().any(|k| k.holds(&sphere)) {
            kept.push(sphere);
        }
    }
    kept
}

/// A small ball that holds all of these balls: the centre walks to what sticks out most, by less each
/// time (Bădoiu and Clarkson 2003); the radius is then exact.
#[must_use]
pub(crate) fn bounding(spheres: &[Sphere]) -> Sphere {
    let Some(first) = spheres.first() else { return Sphere::new(Vector3::zeros(), 0.0) };
    let reach = |c: &Vector3<f64>, s: &Sphere| (s.middle() - c).norm() + s.radius;
    let mut center = first.middle();
    for step in 1..500 {
        let far = spheres.iter().max_by(|a, b| reach(&center, a).total_cmp(&reach(&center, b)));
        let Some(way) = far.map(|f| f.middle() - center).filter(|way| way.norm() > 0.0) else {
            break;
        };
        let tip = far.map_or(0.0, |f| f.radius);
        center += (way + way.normalize() * tip) / f64::from(step + 1);
    }
    let radius = spheres.iter().map(|s| reach(&center, s)).fold(0.0, f64::max);
    let single = spheres.len() == 1;
    if single { *first } else { Sphere::new(center, radius) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mesh;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn is_covered(spheres: &[Sphere], p: Vector3<f64>) -> bool {
        spheres.iter().any(|s| (s.middle() - p).norm() <= s.radius + 1e-9)
    }

    fn size() -> impl Strategy<Value = f64> {
        0.005..0.5f64
    }

    proptest! {
        #[test]
        fn any_point_of_a_box_is_covered(
            (x, y, z) in (size(), size(), size()),
            (u, v, w) in (-1.0..=1.0f64, -1.0..=1.0f64, -1.0..=1.0f64),
        ) {
            let shape = Shape::Cuboid { half_extents: Vector3::new(x, y, z) };
            let spheres = cover(&shape, Fineness::default());
            prop_assert!(spheres.len() <= 24);
            for point in [[u, v, w], [u.signum(), v, w], [u.signum(), v.signum(), w.signum()]] {
                let p = Vector3::from(point).component_mul(&Vector3::new(x, y, z));
                prop_assert!(is_covered(&spheres, p));
            }
        }

        #[test]
        fn any_point_of_a_cylinder_is_covered(
            (radius, length) in (size(), size()),
            (u, angle, w) in (0.0..=1.0f64, 0.0..6.3f64, -1.0..=1.0f64),
        ) {
            let spheres = cover(&Shape::Cylinder { radius, length }, Fineness::default());
            prop_assert!(spheres.len() <= 24);
            for (share, height) in [(u, w), (1.0, w), (1.0, w.signum())] {
                let (sin, cos) = angle.sin_cos();
                let r = share * radius;
                let p = Vector3::new(r * cos, r * sin, height * length / 2.0);
                prop_assert!(is_covered(&spheres, p));
            }
        }

        #[test]
        fn any_point_of_a_capsule_is_covered(
            (radius, length) in (size(), 0.0..0.5f64),
            (u, angle, tilt) in (-1.0..=1.0f64, 0.0..6.3f64, 0.0..3.15f64),
        ) {
            let spheres = cover(&Shape::Capsule { radius, length }, Fineness::default());
            let out = Vector3::new(tilt.sin() * angle.cos(), tilt.sin() * angle.sin(), tilt.cos());
            let middle = Vector3::new(0.0, 0.0, u * length / 2.0);
            prop_assert!(is_covered(&spheres, middle + out * radius));
        }
    }

    /// An open-ended or closed prism with many sides.
    fn tube(closed: bool) -> Mesh {
        let sides = 24u32;
        let ring = |z: f64| {
            (0..sides).map(move |i| {
                let angle = f64::from(i) / f64::from(sides) * std::f64::consts::TAU;
                [0.05 * angle.cos(), 0.05 * angle.sin(), z]
            })
        };
        let mut vertices: Vec<_> = ring(0.0).chain(ring(0.2)).collect();
        vertices.extend([[0.0, 0.0, 0.0], [0.0, 0.0, 0.2]]);
        let mut triangles = Vec::new();
        for i in 0..sides {
            let j = (i + 1) % sides;
            triangles.extend([[i, j, sides + j], [i, sides + j, sides + i]]);
            if closed {
                triangles.extend([[2 * sides, j, i], [2 * sides + 1, sides + i, sides + j]]);
            }
        }
        Mesh::new("tube", &vertices, &triangles).unwrap()
    }

    #[test]
    fn every_point_of_a_mesh_and_the_inside_of_a_closed_one_is_covered() {
        for closed in [true, false] {
            let mesh = Arc::new(tube(closed));
            assert_eq!(mesh.is_closed(), closed);
            let spheres = cover(&Shape::Mesh(mesh), Fineness::default());
            assert!(spheres.len() <= 24, "{}", spheres.len());
            for i in 0..20_000 {
                let f = |k: f64| (f64::from(i) * k).fract();
                let angle = f(0.754_877) * std::f64::consts::TAU;
                let r = if closed { 0.0495 * f(0.569_84).sqrt() } else { 0.0495 };
                let p = Vector3::new(r * angle.cos(), r * angle.sin(), 0.2 * f(0.430_16));
                assert!(is_covered(&spheres, p), "{p}");
            }
        }
    }

    #[test]
    fn spheres_of_a_mesh_stand_out_by_four_times_the_excess_and_a_cube_at_most() {
        let mesh = tube(true);
        let spheres = cover(&Shape::Mesh(Arc::new(tube(true))), Fineness::default());
        for s in &spheres {
            let out = mesh.signed_distance(&s.middle()) + s.radius;
            // A cube is a 32nd of the longest edge, and its diagonal may stand out.
            assert!(out <= 0.040 + 0.2 / 32.0 * 3f64.sqrt(), "sphere {s:?} stands out by {out} m");
        }
    }

    #[test]
    fn bounding_ball_holds_every_ball_and_little_else() {
        let spheres: Vec<_> =
            (0..5).map(|i| Sphere::new(Vector3::z() * 0.1 * f64::from(i), 0.05)).collect();
        let ball = bounding(&spheres);
        assert!(
            spheres
                .iter()
                .all(|s| (s.middle() - ball.middle()).norm() + 0.05 <= ball.radius + 1e-12)
        );
        assert!(ball.radius < 0.26, "{ball:?}");
    }
}
