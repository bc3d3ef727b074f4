//! The check itself: forward kinematics and balls, several configurations per vector, from the base
//! outwards, so that most collisions end it early.
//!
//! The rule: what is true for one lane is true for the configuration in that lane; lanes that are not
//! asked for are not reported.
//!
//! Terms. *Group*: balls of one body that are checked against the same partners, with one ball around
//! all of them. *Margin*: by how much the balls are widened so that what moves between two checked
//! configurations is covered as well.
#![allow(clippy::indexing_slicing)] // indices are made together with what they point into

mod build;
pub(crate) mod edge;
mod gather;
mod vector;

use arrayvec::ArrayVec;
use fearless_simd::prelude::*;

use crate::field::{BRICK, Field, V3};
use build::{Group, Margins, Partner, Turn};
pub(crate) use build::{Kernel, Part, Parts, Stride};
use vector::{
    Frame, Triple, along, distance_squared, distance_to_axis_squared, minus, mix, sin_cos, splat,
};

/// Groups that a robot with its attached objects may have.
pub(crate) const MAX_GROUPS: usize = 40;

/// What a check needs besides the positions.
#[derive(Clone, Copy)]
pub(crate) struct Check<'a> {
    pub kernel: &'a Kernel,
    pub field: &'a Field,
    /// 0: no margin; then ever wider.
    pub margin: usize,
    /// Bits of the lanes that are asked for.
    pub lanes: u64,
}

/// Which lanes collide, at least one of them when any does; 0 when none does.
#[inline(always)]
pub(crate) fn collides<S: Simd>(simd: S, check: Check, positions: &[S::f32s]) -> u64 {
    let kernel = check.kernel;
    let margin = &kernel.margins[check.margin];
    let mut frames: ArrayVec<Frame<S>, { crate::MAX_JOINTS }> = ArrayVec::new();
    let mut balls: ArrayVec<Triple<S>, MAX_GROUPS> = ArrayVec::new();
    for group in &kernel.groups[..kernel.grounded] {
        balls.push(splat(simd, group.ball));
    }
    let mut next = kernel.grounded;
    for (i, joint) in kernel.joints.iter().enumerate() {
        let frame = step(simd, kernel, i, &frames, positions[i] + joint.zero);
        frames.push(frame);
        while let Some(group) = kernel.groups.get(next).filter(|g| g.body == i + 1) {
            let center = frame.point(group.ball);
            balls.push(center);
            let hit = outside(check, margin, group, next, &frame, center)
                | itself(simd, check, margin, next, &frames, &balls);
            if hit != 0 {
                return hit;
            }
            next += 1;
        }
    }
    0
}

/// Frame `i` from the one before.
#[inline(always)]
fn step<S: Simd>(
    simd: S,
    kernel: &Kernel,
    i: usize,
    frames: &[Frame<S>],
    position: S::f32s,
) -> Frame<S> {
    let joint = &kernel.joints[i];
    let (x, y, z, p) = match frames.last() {
        None => {
            let [x, y, z, p] = kernel.base;
            (splat(simd, x), splat(simd, y), splat(simd, z), splat(simd, p))
        }
        Some(f) => {
            let (y, z) = match joint.turn {
                Turn::None => (f.y, f.z),
                Turn::Quarter => (f.z, minus::<S>(f.y)),
                Turn::Back => (minus::<S>(f.z), f.y),
                Turn::Half => (minus::<S>(f.y), minus::<S>(f.z)),
                Turn::Other { sin, cos } => {
                    let (s, c) = (sin.simd_into(simd), cos.simd_into(simd));
                    (mix::<S>(f.y, c, f.z, s), mix::<S>(f.z, c, f.y, -s))
                }
            };
            let p = if joint.a == 0.0 { f.p } else { along::<S>(f.p, f.x, joint.a) };
            (f.x, y, z, p)
        }
    };
    if joint.slides {
        let (s, c) = (joint.theta.0.simd_into(simd), joint.theta.1.simd_into(simd));
        let [zx, zy, zz] = z;
        let [px, py, pz] = p;
        let p = [zx.mul_add(position, px), zy.mul_add(position, py), zz.mul_add(position, pz)];
        return Frame { x: mix::<S>(x, c, y, s), y: mix::<S>(y, c, x, -s), z, p };
    }
    let (s, c) = sin_cos::<S>(position);
    let p = if joint.d == 0.0 { p } else { along::<S>(p, z, joint.d) };
    Frame { x: mix::<S>(x, c, y, s), y: mix::<S>(y, c, x, -s), z, p }
}

/// Lanes in which a group touches an obstacle.
#[inline(always)]
fn outside<S: Simd>(
    check: Check,
    margin: &Margins,
    group: &Group,
    index: usize,
    frame: &Frame<S>,
    center: Triple<S>,
) -> u64 {
    let field = check.field;
    let near = look::<S>(field, center, margin.group_outside[index]);
    if near.lanes & check.lanes == 0 {
        return 0;
    }
    for ball in group.balls.clone() {
        let radius = margin.outside[ball];
        let center = frame.point(check.kernel.balls[ball]);
        let near = look::<S>(field, center, radius);
        let asked = near.lanes & check.lanes;
        if asked != 0 {
            let hit = ask::<S>(field, near.cells, center, radius, asked);
            if hit != 0 {
                return hit;
            }
        }
    }
    0
}

/// Cells in which balls lie, and the lanes whose ball is wider than the cell's lower bound.
struct Look<S: Simd> {
    cells: S::i32s,
    lanes: u64,
}

#[inline(always)]
fn look<S: Simd>(field: &Field, center: Triple<S>, radius: f32) -> Look<S> {
    let [x, y, z] = center;
    let [ox, oy, oz] = field.origin;
    let [sx, sy, sz] = field.last;
    let x = coordinate::<S>(x, ox, field.inverse, sx);
    let y = coordinate::<S>(y, oy, field.inverse, sy);
    let z = coordinate::<S>(z, oz, field.inverse, sz);
    let edge = BRICK as f32;
    let [kx, ky, kz] = field.brick_steps;
    // All of it is whole numbers below 2^24, so nothing is rounded.
    let index = z.mul_add(edge, y).mul_add(edge, x);
    let index = (x * (1.0 / edge)).floor().mul_add(kx, index);
    let index = (y * (1.0 / edge)).floor().mul_add(ky, index);
    let index = (z * (1.0 / edge)).floor().mul_add(kz, index);
    let cells: S::i32s = index.to_int();
    let low = gather::gather(cells.token(), &field.low, cells.bitcast());
    Look { cells, lanes: low.simd_lt(radius * field.steps).to_bitmask() }
}

/// The whole number of cells from `origin` to `x`, within the grid.
#[inline(always)]
fn coordinate<S: Simd>(x: S::f32s, origin: f32, inverse: f32, last: f32) -> S::f32s {
    ((x - origin) * inverse).max(0.0).min(last).floor()
}

/// Asks the field lane by lane; the first lane that touches.
#[inline(always)]
fn ask<S: Simd>(
    field: &Field,
    cells: S::i32s,
    center: Triple<S>,
    radius: f32,
    mut lanes: u64,
) -> u64 {
    while lanes != 0 {
        let lane = lanes.trailing_zeros() as usize;
        lanes &= lanes - 1;
        let at: V3 = [center[0][lane], center[1][lane], center[2][lane]];
        if field.touches(cells[lane] as usize, at, radius) {
            return 1 << lane;
        }
    }
    0
}

/// Lanes in which the newest group touches an earlier one.
#[inline(always)]
fn itself<S: Simd>(
    simd: S,
    check: Check,
    margin: &Margins,
    index: usize,
    frames: &[Frame<S>],
    balls: &[Triple<S>],
) -> u64 {
    let kernel = check.kernel;
    for partner in &kernel.groups[index].partners {
        let reach = margin.group_itself[index] + margin.group_itself[partner.group];
        let near = distance_squared::<S>(balls[index], balls[partner.group]).simd_lt(reach * reach);
        if near.to_bitmask() & check.lanes != 0 {
            let hit = pair(simd, check, margin, (index, partner), frames, balls[index]);
            if hit != 0 {
                return hit;
            }
        }
    }
    0
}

/// Lanes in which a ball of one group touches a ball of another one.
#[inline(always)]
fn pair<S: Simd>(
    simd: S,
    check: Check,
    margin: &Margins,
    (index, partner): (usize, &Partner),
    frames: &[Frame<S>],
    ball: Triple<S>,
) -> u64 {
    let kernel = check.kernel;
    let (group, other) = (&kernel.groups[index], &kernel.groups[partner.group]);
    let capsule = Capsule::<S> {
        from: place(simd, other.body, frames, other.axis.from),
        way: direction(simd, other.body, frames, other.axis.way),
        inverse_square: other.axis.inverse_square,
        radius: margin.capsules[partner.group],
    };
    if capsule.near(ball, margin.group_itself[index]) & check.lanes == 0 {
        return 0;
    }
    for row in &partner.rows {
        let center = frames[group.body - 1].point(kernel.balls[row.ball]);
        let radius = margin.itself[row.ball];
        if row.others.len() > 2 && capsule.near(center, radius) & check.lanes == 0 {
            continue;
        }
        for &second in &row.others {
            let place = place(simd, other.body, frames, kernel.balls[second]);
            let reach = radius + margin.itself[second];
            let touch = distance_squared::<S>(center, place).simd_lt(reach * reach);
            let hit = touch.to_bitmask() & check.lanes;
            if hit != 0 {
                return hit;
            }
        }
    }
    0
}

/// The capsule around a group.
struct Capsule<S: Simd> {
    from: Triple<S>,
    way: Triple<S>,
    inverse_square: f32,
    radius: f32,
}

impl<S: Simd> Capsule<S> {
    /// Lanes in which a ball touches it.
    #[inline(always)]
    fn near(&self, center: Triple<S>, radius: f32) -> u64 {
        let reach = radius + self.radius;
        let square =
            distance_to_axis_squared::<S>(center, self.from, self.way, self.inverse_square);
        square.simd_lt(reach * reach).to_bitmask()
    }
}

/// A point of a body.
#[inline(always)]
fn place<S: Simd>(simd: S, body: usize, frames: &[Frame<S>], point: V3) -> Triple<S> {
    match body.checked_sub(1) {
        None => splat(simd, point),
        Some(i) => frames[i].point(point),
    }
}

/// A direction of a body.
#[inline(always)]
fn direction<S: Simd>(simd: S, body: usize, frames: &[Frame<S>], way: V3) -> Triple<S> {
    match body.checked_sub(1) {
        None => splat(simd, way),
        Some(i) => frames[i].direction(way),
    }
}
