//! The first joint: it must bring the target to the distance from the shoulder's plane that the
//! arm cannot change, because all its next joints turn about that plane's normal.
//!
//! *Waist frame*: z along the first axis, y so that the second axis lies in the y-z plane, origin
//! on the first axis. *Plane*: what the second joint turns in, with x and w = axis 2 × x.

use nalgebra::{Matrix3, Vector3};

use super::axes::Line;
use super::closed::Miss;
use super::lanes::{Pair, Turn};

/// What is accepted beyond the boundary of the reach, relative to the arm's size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slack {
    /// Beyond it by so much counts as reached.
    pub beyond: f64,
    /// Closer to it than this counts as so close: leaves two ways to polish where there is one.
    pub within: f64,
}

impl Slack {
    /// Of an arm so far from its family [rad, m], which is polished when `polished`.
    pub fn new(misfit: f64, polished: bool) -> Self {
        let beyond = (10.0 * misfit).max(1e-12);
        Self { beyond, within: if polished { beyond } else { 0.0 } }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Waist {
    /// Axes of the waist frame in the base.
    basis: Matrix3<f64>,
    origin: Vector3<f64>,
    /// The second axis along y and z of the waist frame.
    pub axis_y: f64,
    pub axis_z: f64,
    /// Distance of the target along the second axis, which no joint but the first changes [m].
    offset: f64,
    /// Size of the arm [m].
    size: f64,
    slack: Slack,
}

/// The two ways to face a target, one per lane.
pub(super) struct Facing {
    pub turn: Turn,
    /// The target in the plane [m].
    pub x: Pair,
    pub w: Pair,
    /// How far the target is from where both ways are one, relative to the arm's size.
    pub margin: f64,
}

impl Waist {
    /// From the first two axes and the target at zero; none when the axes are parallel.
    pub fn new(
        first: &Line,
        second: &Line,
        target: &Vector3<f64>,
        size: f64,
        slack: Slack,
    ) -> Option<Self> {
        let z = first.direction;
        let across = second.direction - z * z.dot(&second.direction);
        let y = across.try_normalize(1e-3)?;
        let basis = Matrix3::from_columns(&[y.cross(&z), y, z]);
        let origin = first.point;
        let offset = second.direction.dot(&(target - origin));
        let (axis_y, axis_z) = (y.dot(&second.direction), z.dot(&second.direction));
        Some(Self { basis, origin, axis_y, axis_z, offset, size, slack })
    }

    /// A rotation of the base seen in the waist frame.
    #[inline]
    pub fn rotation(&self, of_base: &Matrix3<f64>) -> Matrix3<f64> {
        crate::spatial::product(&self.basis.transpose(), of_base)
    }

    /// A place of the base in the waist frame [m].
    #[inline]
    pub fn place(&self, of_base: &Vector3<f64>) -> Vector3<f64> {
        crate::spatial::turn_back(&self.basis, &(of_base - self.origin))
    }

    /// The plane's coordinates of a place of the arm at zero [m].
    pub fn in_plane(&self, of_base: &Vector3<f64>) -> (f64, f64) {
        let p = self.place(of_base);
        (p.x, self.axis_z * p.y - self.axis_y * p.z)
    }

    /// Takes waist coordinates to those of the plane: x, w and along the second axis.
    pub fn plane(&self) -> Matrix3<f64> {
        let (y, z) = (self.axis_y, self.axis_z);
        Matrix3::new(1.0, 0.0, 0.0, 0.0, z, -y, 0.0, y, z)
    }

    /// Turns towards a place in the waist frame [m]; on the axis, as far as `held` [rad].
    #[inline]
    pub fn face(&self, target: &Vector3<f64>, held: f64) -> Result<Facing, Miss> {
        let aside = (self.offset - self.axis_z * target.z) / self.axis_y;
        let around = target.x * target.x + target.y * target.y;
        let free = around - aside * aside;
        let least = |slack: f64| slack * around + (slack * self.size).powi(2);
        if free.is_nan() || free < -least(self.slack.beyond) {
            return Err(Miss::Shoulder { by: aside.abs() - around.sqrt() });
        }
        let forward = free.max(least(self.slack.within)).sqrt();
        let x = Pair::new([forward, -forward]);
        let turn = if around > (1e-12 * self.size).powi(2) {
            let (px, py) = (Pair::splat(target.x / around), Pair::splat(target.y / around));
            let b = Pair::splat(aside);
            Turn { cos: x * px + b * py, sin: x * py - b * px }
        } else {
            Turn::of(held)
        };
        let w = Pair::splat(self.axis_z * aside - self.axis_y * target.z);
        Ok(Facing { turn, x, w, margin: forward / self.size })
    }
}
