//! Shapes of links and objects, in m. The rule: a [`Shape`] or [`Pose`] that exists is finite and has
//! a size, so whatever computes with it need not check.

use std::sync::Arc;

use nalgebra::{Isometry3, Quaternion, Translation3, UnitQuaternion, Vector3};

use crate::{CollisionError, Mesh};

/// A place and an orientation, in m.
pub type Pose = Isometry3<f64>;

/// Coordinates beyond this are a mistake of units, and would overflow single precision [m].
const FARTHEST: f64 = 1e6;

/// A body at the origin of its own frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A ball.
    Sphere {
        /// Radius [m].
        radius: f64,
    },
    /// A box along the axes.
    Cuboid {
        /// Half of each edge [m].
        half_extents: Vector3<f64>,
    },
    /// A cylinder along z, the origin in its middle.
    Cylinder {
        /// Radius [m].
        radius: f64,
        /// Length [m].
        length: f64,
    },
    /// A cylinder along z with a half ball at each end.
    Capsule {
        /// Radius [m].
        radius: f64,
        /// Length of the cylinder without the half balls [m].
        length: f64,
    },
    /// Triangles. A closed mesh is solid, one with holes is its surface.
    Mesh(Arc<Mesh>),
    /// Many small balls of one size: what a depth camera sees.
    Points {
        /// Centres [m].
        points: Arc<[Vector3<f64>]>,
        /// Radius of every one of them [m].
        radius: f64,
    },
}

impl Shape {
    /// A ball; `owner` is who to name in a refusal.
    pub fn sphere(owner: &str, radius: f64) -> Result<Self, CollisionError> {
        Ok(Self::Sphere { radius: size(owner, "radius", radius)? })
    }

    /// A box of these half extents [m].
    pub fn cuboid(owner: &str, half_extents: [f64; 3]) -> Result<Self, CollisionError> {
        for half in half_extents {
            size(owner, "half extent", half)?;
        }
        Ok(Self::Cuboid { half_extents: half_extents.into() })
    }

    /// A cylinder along z.
    pub fn cylinder(owner: &str, radius: f64, length: f64) -> Result<Self, CollisionError> {
        let (radius, length) = (size(owner, "radius", radius)?, size(owner, "length", length)?);
        Ok(Self::Cylinder { radius, length })
    }

    /// A capsule along z; `length` is that of its cylinder and may be zero.
    pub fn capsule(owner: &str, radius: f64, length: f64) -> Result<Self, CollisionError> {
        let radius = size(owner, "radius", radius)?;
        let length = if length == 0.0 { 0.0 } else { size(owner, "length", length)? };
        Ok(Self::Capsule { radius, length })
    }

    /// A cloud of balls of one radius, which may be zero.
    pub fn points(owner: &str, points: Vec<[f64; 3]>, radius: f64) -> Result<Self, CollisionError> {
        let radius = if radius == 0.0 { 0.0 } else { size(owner, "radius", radius)? };
        for point in &points {
            coordinates(owner, "point", point)?;
        }
        Ok(Self::Points { points: points.into_iter().map(Vector3::from).collect(), radius })
    }
}

/// A pose from a place [m] and a quaternion x, y, z, w of any length but zero.
pub fn pose(owner: &str, center: [f64; 3], quaternion: [f64; 4]) -> Result<Pose, CollisionError> {
    coordinates(owner, "center", &center)?;
    let [x, y, z, w] = quaternion;
    let raw = Quaternion::new(w, x, y, z);
    let length = raw.norm();
    if !(length.is_finite() && length > 1e-6) {
        return Err(CollisionError::Quaternion { owner: owner.into(), value: quaternion });
    }
    let turn = UnitQuaternion::from_quaternion(raw);
    Ok(Pose::from_parts(Translation3::from(Vector3::from(center)), turn))
}

/// Ok when every coordinate is finite and within a million metres.
pub(crate) fn coordinates(
    owner: &str,
    what: &'static str,
    values: &[f64],
) -> Result<(), CollisionError> {
    match values.iter().find(|x| x.is_nan() || x.abs() > FARTHEST) {
        None => Ok(()),
        Some(&value) => {
            let must = "finite and within 1e6 m";
            Err(CollisionError::BadNumber { owner: owner.into(), what, value, must })
        }
    }
}

/// Ok when it is finite, above 0 and within a million metres.
fn size(owner: &str, what: &'static str, value: f64) -> Result<f64, CollisionError> {
    if value.is_finite() && value > 0.0 && value <= FARTHEST {
        return Ok(value);
    }
    let must = "finite, above 0 and within 1e6 m";
    Err(CollisionError::BadNumber { owner: owner.into(), what, value, must })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_that_cannot_be_is_refused_by_name() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            let said = Shape::sphere("ball", bad).unwrap_err().to_string();
            assert!(said.contains("ball") && said.contains("radius"), "{said}");
            assert!(Shape::cuboid("box", [1.0, bad, 1.0]).is_err());
            assert!(Shape::cylinder("can", 1.0, bad).is_err());
            assert!(Shape::points("cloud", vec![[0.0; 3]], -1.0).is_err());
        }
        assert!(Shape::points("cloud", vec![[0.0, f64::NAN, 0.0]], 0.01).is_err());
    }

    #[test]
    fn quaternion_without_direction_is_refused() {
        for bad in [[0.0; 4], [f64::NAN, 0.0, 0.0, 1.0], [f64::INFINITY, 0.0, 0.0, 0.0]] {
            let said = pose("shelf", [0.0; 3], bad).unwrap_err().to_string();
            assert!(said.contains("shelf"), "{said}");
        }
        assert!(pose("shelf", [f64::NAN, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]).is_err());
    }

    #[test]
    fn quaternion_of_any_length_turns_the_same() {
        let short = pose("x", [0.0; 3], [0.0, 0.0, 0.1, 0.1]).unwrap();
        let long = pose("x", [0.0; 3], [0.0, 0.0, 7.0, 7.0]).unwrap();
        assert!(short.rotation.angle_to(&long.rotation) < 1e-12);
    }
}
