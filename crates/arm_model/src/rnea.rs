//! The recursive Newton-Euler algorithm (Luh, Walker and Paul 1980; Featherstone 2008, table 5.1),
//! two numbers at a time: whatever an angular velocity goes through an angular acceleration goes
//! through too, and so do force and moment.
//!
//! It carries the classical acceleration of a body's origin, not the spatial one: the matrix
//! `[α]× + [ω]×²` then gives the acceleration of any point of the body, which takes a third less
//! arithmetic.
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use nalgebra::{Matrix3, Vector3};
use wide::f64x2;

use crate::hinge::Socket;
use crate::model::Body;
use crate::spatial::RigidInertia;
use crate::symmetric::Symmetric;
use crate::trig::SinCos;

/// Two numbers that go through the same.
type Pair = f64x2;
/// Two vectors.
type Twins = [Pair; 3];

/// A body as this algorithm wants it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Twin {
    /// Second moment, each entry twice: xx, yy, zz, xy, xz, yz [kg m²].
    second_moment: [Pair; 6],
    /// First moment [kg m], and beside it the origin of the next body [m].
    points: Twins,
    /// [kg]
    mass: f64,
    first_moment: Vector3<f64>,
    /// Origin in the body before [m].
    origin: Vector3<f64>,
    /// Cosine and sine of the twist, twice.
    twist: (Pair, Pair),
}

/// A body's motion: angular velocity [rad/s] and beside it angular acceleration [rad/s²], and the
/// acceleration of its origin [m/s²].
#[derive(Clone, Copy)]
struct Moving {
    angular: Twins,
    linear: Vector3<f64>,
    /// What the body's turning adds to the acceleration at the origin of the next body [m/s²].
    beyond: Vector3<f64>,
}

/// Moment [N m] and beside it force [N].
#[derive(Clone, Copy)]
struct Push(Twins);

impl Twin {
    pub fn new(inertia: &RigidInertia, socket: &Socket, next: Option<&Socket>) -> Self {
        let Symmetric { xx, yy, zz, xy, xz, yz } = inertia.second_moment;
        let next = next.map_or(Vector3::zeros(), |next| next.origin);
        let twist = (Pair::splat(socket.twist.cos), Pair::splat(socket.twist.sin));
        Self {
            second_moment: [xx, yy, zz, xy, xz, yz].map(Pair::splat),
            points: beside(&inertia.first_moment, &next),
            mass: inertia.mass,
            first_moment: inertia.first_moment,
            origin: socket.origin,
            twist,
        }
    }
}

/// Torques that produce velocities `v` and accelerations `a` of the joints, turned so far, when the
/// base accelerates by `up`; `payload` moves with the last body, in its frame.
#[inline]
pub(crate) fn torques<const N: usize>(
    bodies: &[Body; N],
    turns: &[SinCos; N],
    (v, a): (&[f64; N], &[f64; N]),
    up: &Vector3<f64>,
    payload: Option<&RigidInertia>,
) -> [f64; N] {
    let mut pushes = [Push([Pair::ZERO; 3]); N];
    let still = Vector3::zeros();
    let mut body = Moving { angular: [Pair::ZERO; 3], linear: *up, beyond: still };
    for i in 0..N {
        (body, pushes[i]) = body.next(&bodies[i].twin, turns[i], (v[i], a[i]));
    }
    let mut carried = payload.map_or(Push([Pair::ZERO; 3]), |payload| body.push(payload));
    let mut torques = [0.0; N];
    for i in (0..N).rev() {
        carried.add(&pushes[i]);
        torques[i] = carried.0[2].to_array()[0];
        carried = carried.to_parent(&bodies[i].twin, turns[i]);
    }
    torques
}

impl Moving {
    /// The next body, which its joint turns at `v` [rad/s] and `a` [rad/s²], and what it takes to
    /// move it.
    #[inline(always)]
    fn next(&self, twin: &Twin, turn: SinCos, (v, a): (f64, f64)) -> (Self, Push) {
        let mut angular = turned_back(&self.angular, twin.twist, turn.pairs());
        let ([wx, _], [wy, _]) = (angular[0].to_array(), angular[1].to_array());
        angular[0] += Pair::new([0.0, wy * v]);
        angular[1] -= Pair::new([0.0, wx * v]);
        angular[2] += Pair::new([v, a]);
        let before = self.linear + self.beyond;
        let linear = turned_back_one(&before, &twin.twist, turn);
        let [[wx, ax], [wy, ay], [wz, az]] = angular.map(Pair::to_array);
        let spread = spread(&Vector3::new(wx, wy, wz), &Vector3::new(ax, ay, az));
        let [x, y, z] = times(&spread, &twin.points).map(Pair::to_array);
        let beyond = Vector3::new(x[1], y[1], z[1]);
        let force = linear * twin.mass + Vector3::new(x[0], y[0], z[0]);
        let [sx, sy, sz] = apply(&twin.second_moment, &angular).map(Pair::to_array);
        let spin = Vector3::new(sx[0], sy[0], sz[0]);
        let moment = Vector3::new(sx[1], sy[1], sz[1])
            + Vector3::new(wx, wy, wz).cross(&spin)
            + twin.first_moment.cross(&linear);
        (Self { angular, linear, beyond }, Push(beside(&moment, &force)))
    }

    /// What another mass takes that moves with this body.
    fn push(&self, payload: &RigidInertia) -> Push {
        let [[wx, ax], [wy, ay], [wz, az]] = self.angular.map(Pair::to_array);
        let (w, a) = (Vector3::new(wx, wy, wz), Vector3::new(ax, ay, az));
        let moment = payload.second_moment.apply(&a)
            + w.cross(&payload.second_moment.apply(&w))
            + payload.first_moment.cross(&self.linear);
        let force = self.linear * payload.mass + spread(&w, &a) * payload.first_moment;
        Push(beside(&moment, &force))
    }
}

impl Push {
    #[inline(always)]
    fn add(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += other;
        }
    }

    /// The same seen in the body before, about its origin.
    #[inline(always)]
    fn to_parent(self, twin: &Twin, turn: SinCos) -> Self {
        let mut push = turned(&self.0, twin.twist, turn.pairs());
        let [fx, fy, fz] = push.map(|p| p.to_array()[1]);
        let moved = twin.origin.cross(&Vector3::new(fx, fy, fz));
        for (push, moved) in push.iter_mut().zip(&moved) {
            *push += Pair::new([*moved, 0.0]);
        }
        Self(push)
    }
}

impl SinCos {
    /// Cosine and sine, twice each.
    #[inline(always)]
    fn pairs(self) -> (Pair, Pair) {
        (Pair::splat(self.cos), Pair::splat(self.sin))
    }
}

#[inline(always)]
fn beside(a: &Vector3<f64>, b: &Vector3<f64>) -> Twins {
    [Pair::new([a.x, b.x]), Pair::new([a.y, b.y]), Pair::new([a.z, b.z])]
}

/// Child coordinates to parent coordinates: see [`crate::hinge::Hinge::turn`].
#[inline(always)]
fn turned(&[x, y, z]: &Twins, (ct, st): (Pair, Pair), (c, s): (Pair, Pair)) -> Twins {
    let (x, y) = (c * x - s * y, s * x + c * y);
    [x, ct * y - st * z, st * y + ct * z]
}

/// Parent coordinates to child coordinates.
#[inline(always)]
fn turned_back(&[x, y, z]: &Twins, (ct, st): (Pair, Pair), (c, s): (Pair, Pair)) -> Twins {
    let (y, z) = (ct * y + st * z, ct * z - st * y);
    [c * x + s * y, c * y - s * x, z]
}

/// The same of one vector.
#[inline(always)]
fn turned_back_one(v: &Vector3<f64>, twist: &(Pair, Pair), turn: SinCos) -> Vector3<f64> {
    let ([ct, _], [st, _]) = (twist.0.to_array(), twist.1.to_array());
    let (y, z) = (ct * v.y + st * v.z, ct * v.z - st * v.y);
    Vector3::new(turn.cos * v.x + turn.sin * y, turn.cos * y - turn.sin * v.x, z)
}

/// `[α]× + [ω]×²`.
#[inline(always)]
fn spread(w: &Vector3<f64>, a: &Vector3<f64>) -> Matrix3<f64> {
    let (xx, yy, zz) = (w.x * w.x, w.y * w.y, w.z * w.z);
    let (xy, xz, yz) = (w.x * w.y, w.x * w.z, w.y * w.z);
    #[rustfmt::skip]
    let matrix = Matrix3::new(
        -yy - zz, xy - a.z, xz + a.y,
        xy + a.z, -xx - zz, yz - a.x,
        xz - a.y, yz + a.x, -xx - yy,
    );
    matrix
}

/// A matrix times both vectors.
#[inline(always)]
fn times(m: &Matrix3<f64>, &[x, y, z]: &Twins) -> Twins {
    let row = |a: f64, b: f64, c: f64| Pair::splat(a) * x + Pair::splat(b) * y + Pair::splat(c) * z;
    [row(m.m11, m.m12, m.m13), row(m.m21, m.m22, m.m23), row(m.m31, m.m32, m.m33)]
}

/// A symmetric matrix times both vectors.
#[inline(always)]
fn apply(&[xx, yy, zz, xy, xz, yz]: &[Pair; 6], &[x, y, z]: &Twins) -> Twins {
    [xx * x + xy * y + xz * z, xy * x + yy * y + yz * z, xz * x + yz * y + zz * z]
}
