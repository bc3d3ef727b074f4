//! Where a body lies in the body before it, in the form that makes the dynamics cheap: every
//! body's frame has z along its joint and an x such that the next joint is tilted about x only
//! (the rotations of Khalil and Kleinfinger's modified Denavit-Hartenberg frames, but with the
//! origin anywhere on the axis, so that nearly parallel axes do no harm).
//!
//! The rule: child to parent is a turn about z by the joint, then one about x by the twist, then a
//! shift; eight products turn a vector where a matrix takes nine, and there is no matrix to build.

use nalgebra::{Matrix3, Vector3};

use crate::spatial::{Force, Motion, RigidInertia, Transform};
use crate::symmetric::{Symmetric, turned_pair};
use crate::trig::SinCos;

/// What never changes of a joint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Socket {
    /// Angle between this joint's axis and the one before, about x of the body before.
    pub twist: SinCos,
    /// The same at half the angle, as quaternions want it.
    pub half_twist: SinCos,
    /// Origin of the body in the body before [m].
    pub origin: Vector3<f64>,
    /// Turn about z at joint position 0 [rad].
    pub offset: f64,
}

/// A joint at a position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hinge {
    turn: SinCos,
    twist: SinCos,
    /// Origin of the body in the body before [m].
    pub origin: Vector3<f64>,
}

/// A rotation as `Rz(before) Rx(twist) Rz(after)`.
struct Split {
    before: f64,
    twist: f64,
    after: f64,
}

impl Socket {
    /// Chooses each body's frame: `placements` say where body frames with z along the joints lie
    /// in the one before. Gives the place of the first in the base, a socket for each, and for
    /// each the angle about z [rad] from the given frame to the chosen one.
    pub fn chain(placements: &[Transform]) -> (Transform, Vec<(Self, f64)>) {
        let splits: Vec<Split> = placements.iter().map(|p| Split::of(&p.rotation)).collect();
        // What turns about z before the next twist may as well turn this frame.
        let chosen: Vec<f64> =
            splits.iter().skip(1).map(|next| next.before).chain([0.0]).take(splits.len()).collect();
        let mut before = 0.0;
        let mut root = Transform::IDENTITY;
        let mut sockets = Vec::with_capacity(placements.len());
        for (i, ((placement, split), &own)) in
            placements.iter().zip(&splits).zip(&chosen).enumerate()
        {
            if i == 0 {
                let rotation = placement.rotation * about_z(own);
                root = Transform { rotation, origin: placement.origin };
                sockets.push((Self::new(0.0, 0.0, Vector3::zeros()), own));
            } else {
                let origin = about_z(before).transpose() * placement.origin;
                sockets.push((Self::new(split.twist, split.after + own, origin), own));
            }
            before = own;
        }
        (root, sockets)
    }

    fn new(twist: f64, offset: f64, origin: Vector3<f64>) -> Self {
        let whole = |(sin, cos)| SinCos { sin, cos };
        let (twist, half_twist) = (whole(twist.sin_cos()), whole((twist / 2.0).sin_cos()));
        Self { twist, half_twist, origin, offset }
    }

    #[inline]
    pub fn at(&self, turn: SinCos) -> Hinge {
        Hinge { turn, twist: self.twist, origin: self.origin }
    }
}

impl Split {
    fn of(r: &Matrix3<f64>) -> Self {
        let sin = r.m13.hypot(r.m23);
        let before = if sin > 0.0 { r.m13.atan2(-r.m23) } else { 0.0 };
        let twist = sin.atan2(r.m33);
        // From what the others leave, so that their product is `r` also when axes are parallel.
        let rest = (about_z(before) * about_x(twist)).transpose() * r;
        Self { before, twist, after: rest.m21.atan2(rest.m11) }
    }
}

impl Hinge {
    /// To be overwritten.
    pub const UNSET: Self = Self {
        turn: SinCos { sin: 0.0, cos: 1.0 },
        twist: SinCos { sin: 0.0, cos: 1.0 },
        origin: Vector3::new(0.0, 0.0, 0.0),
    };

    /// Child coordinates to parent coordinates.
    #[inline]
    pub fn turn(&self, v: &Vector3<f64>) -> Vector3<f64> {
        let (x, y) = turned_pair(v.x, v.y, self.turn);
        let (y, z) = turned_pair(y, v.z, self.twist);
        Vector3::new(x, y, z)
    }

    /// Parent coordinates to child coordinates.
    #[inline]
    pub fn turn_back(&self, v: &Vector3<f64>) -> Vector3<f64> {
        let (z, y) = turned_pair(v.z, v.y, self.twist);
        let (y, x) = turned_pair(y, v.x, self.turn);
        Vector3::new(x, y, z)
    }

    /// A symmetric matrix of the child, along the axes of the parent.
    #[inline]
    pub fn turn_symmetric(&self, m: &Symmetric) -> Symmetric {
        m.turned_about_z(self.turn).turned_about_x(self.twist)
    }

    /// Any matrix of the child, along the axes of the parent.
    #[inline]
    pub fn turn_matrix(&self, m: &Matrix3<f64>) -> Matrix3<f64> {
        let column = |i| self.turn(&m.column(i).into());
        let half = Matrix3::from_columns(&[column(0), column(1), column(2)]);
        let row = |i| self.turn(&half.row(i).transpose()).transpose();
        Matrix3::from_rows(&[row(0), row(1), row(2)])
    }

    /// A motion of the parent frame, seen in the child.
    #[inline]
    pub fn motion_to_child(&self, m: &Motion) -> Motion {
        let at_child = m.linear + m.angular.cross(&self.origin);
        Motion { angular: self.turn_back(&m.angular), linear: self.turn_back(&at_child) }
    }

    /// A force in the child frame, seen in the parent.
    #[inline]
    pub fn force_to_parent(&self, f: &Force) -> Force {
        let linear = self.turn(&f.linear);
        Force { moment: self.turn(&f.moment) + self.origin.cross(&linear), linear }
    }

    /// An inertia in the child frame, seen in the parent.
    #[inline]
    pub fn inertia_to_parent(&self, inertia: &RigidInertia) -> RigidInertia {
        RigidInertia {
            mass: inertia.mass,
            first_moment: self.turn(&inertia.first_moment),
            second_moment: self.turn_symmetric(&inertia.second_moment),
        }
        .shifted(&self.origin)
    }

    /// Where the child lies in the parent of `parent`'s frame.
    #[inline]
    pub fn after(&self, parent: &Transform) -> Transform {
        let r = &parent.rotation;
        let (x, y, z) = (r.column(0), r.column(1), r.column(2));
        let (tilted_y, tilted_z) =
            (y * self.twist.cos + z * self.twist.sin, z * self.twist.cos - y * self.twist.sin);
        let turned_x = x * self.turn.cos + tilted_y * self.turn.sin;
        let turned_y = tilted_y * self.turn.cos - x * self.turn.sin;
        Transform {
            rotation: Matrix3::from_columns(&[turned_x, turned_y, tilted_z]),
            origin: parent.origin + crate::spatial::turn(r, &self.origin),
        }
    }
}

/// A turn about z by an angle [rad].
pub(crate) fn about_z(angle: f64) -> Matrix3<f64> {
    nalgebra::Rotation3::from_axis_angle(&Vector3::z_axis(), angle).into_inner()
}

fn about_x(angle: f64) -> Matrix3<f64> {
    nalgebra::Rotation3::from_axis_angle(&Vector3::x_axis(), angle).into_inner()
}
