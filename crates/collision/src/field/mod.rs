//! What is around the arm, in a form in which a ball is checked in one look: a grid of cells over all
//! that the arm can reach, each with a bound of the distance to the nearest obstacle.
//!
//! The rule: `low` of a cell is at most the distance of any of its points to any obstacle, `high` is
//! at least the distance of any of its points to the nearest one. So a ball whose radius is at most
//! `low` is free and one above `high` touches; only in between are the obstacles of the cell asked,
//! nearest first.
//!
//! The cost of a check does therefore not grow with the number of obstacles. The grid is filled from
//! coarse to fine: a block of cells passes on only the obstacles that can matter within it.

mod primitive;
mod tree;

pub(crate) use primitive::{Primitive, V3, single};
use primitive::{add, norm};
use tree::BoxTree;

/// Cells along the longest edge.
const CELLS: f32 = 64.0;
/// Cells are no smaller than this [m].
const SMALLEST: f32 = 0.005;
/// A cell that more obstacles come near to asks the tree instead of a list.
const MOST: usize = 24;
/// Steps between no distance and the widest ball.
const LEVELS: f32 = 255.0;
/// Bytes behind the last lower bound.
pub(crate) const SPARE: usize = 3;
/// No obstacle is near: `slot` of a cell far from all.
const FAR: u32 = u32::MAX;
/// Rounding of distances computed in single precision, at 2 m from the base [m].
pub(crate) const ROUNDING: f32 = 5e-6;

/// A cell that an obstacle comes near to.
#[derive(Debug, Clone, Copy)]
struct Near {
    high: f32,
    /// Its obstacles in `lists`; more than [`MOST`]: ask the tree.
    first: u32,
    count: u32,
}

/// How far the arm comes, and how big its balls are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Corner of the box that no centre of a ball leaves [m].
    pub low: V3,
    /// The opposite corner [m].
    pub high: V3,
    /// Largest radius of a ball that is looked up at all [m].
    pub widest: f32,
    /// Largest radius of a ball for which the answer must be exact [m].
    pub exact: f32,
}

/// The obstacles and the grid over them.
pub(crate) struct Field {
    pub origin: V3,
    /// Cells per metre.
    pub inverse: f32,
    size: [u32; 3],
    /// Index of the last cell along each axis.
    pub last: V3,
    /// Cells in a row along x.
    pub row: f32,
    /// Cells in a layer of constant z.
    pub layer: f32,
    /// Lower bounds in steps of `step`, rounded down; [`SPARE`] more, so that each can be read as the
    /// lowest byte of a word.
    pub low: Vec<u8>,
    /// Steps per metre.
    pub steps: f32,
    slots: Vec<u32>,
    near: Vec<Near>,
    lists: Vec<u32>,
    pub primitives: Vec<Primitive>,
    tree: BoxTree,
}

impl Field {
    /// Fills the grid.
    pub fn new(primitives: Vec<Primitive>, reach: Reach) -> Self {
        let span = primitive::sub(reach.high, reach.low);
        let cell = (span.iter().copied().fold(0.0, f32::max) / CELLS).max(SMALLEST);
        // An empty scene needs no cells.
        let size = match primitives.is_empty() {
            true => [1; 3],
            false => span.map(|s| (s / cell).ceil().max(1.0) as u32),
        };
        let [sx, sy, _] = size;
        let row = sx as f32;
        let count = size.iter().product::<u32>() as usize;
        let mut field = Self {
            origin: reach.low,
            inverse: 1.0 / cell,
            size,
            last: size.map(|s| s as f32 - 1.0),
            row,
            layer: row * sy as f32,
            low: vec![LEVELS as u8; count + SPARE],
            steps: LEVELS / reach.widest,
            slots: vec![FAR; count],
            near: Vec::new(),
            lists: Vec::new(),
            tree: BoxTree::new(&primitives),
            primitives,
        };
        let all: Vec<(u32, f32)> = (0..field.primitives.len() as u32).map(|i| (i, 0.0)).collect();
        field.fill(&Fill { cell, reach }, Block { first: [0; 3], last: size }, &all);
        field
    }

    /// Whether a ball in cell `index` touches an obstacle, when its `low` could not say.
    #[inline(never)]
    pub fn touches(&self, index: usize, center: V3, radius: f32) -> bool {
        let slot = self.slots.get(index).copied().unwrap_or(FAR);
        let Some(near) = self.near.get(slot as usize) else {
            // Far from all, yet the ball is wider than was said: the tree knows.
            return self.tree.touches(&self.primitives, center, radius);
        };
        if near.high < radius {
            return true;
        }
        if near.count as usize > MOST {
            return self.tree.touches(&self.primitives, center, radius);
        }
        let first = near.first as usize;
        let list = self.lists.get(first..first + near.count as usize).unwrap_or_default();
        let hit =
            |i: &u32| self.primitives.get(*i as usize).is_some_and(|o| o.distance(center) < radius);
        list.iter().any(hit)
    }

    /// Fills a block of cells from the obstacles that may come near to it.
    fn fill(&mut self, fill: &Fill, block: Block, candidates: &[(u32, f32)]) {
        let (center, half) = block.ball(self.origin, fill.cell);
        let mut near: Vec<(u32, f32)> = Vec::with_capacity(candidates.len());
        let mut nearest = f32::INFINITY;
        for (index, _) in candidates {
            let Some(obstacle) = self.primitives.get(*index as usize) else { continue };
            let distance = obstacle.distance(center);
            nearest = nearest.min(distance);
            near.push((*index, distance - half));
        }
        // Whoever is farther at best than the nearest at worst is never the nearest.
        let worst = nearest + half;
        near.retain(|(_, low)| *low <= worst && *low < fill.reach.widest);
        if near.is_empty() {
            return;
        }
        if worst < 0.0 || block.is_cell() {
            near.retain(|(_, low)| worst >= 0.0 && *low < fill.reach.exact);
            near.sort_by(|a, b| a.1.total_cmp(&b.1));
            let slot = self.remember(worst, &near);
            block.cells().for_each(|at| self.set(at, nearest - half, slot));
            return;
        }
        block.halves().for_each(|half| self.fill(fill, half, &near));
    }

    fn remember(&mut self, high: f32, list: &[(u32, f32)]) -> u32 {
        let first = self.lists.len() as u32;
        if list.len() <= MOST {
            self.lists.extend(list.iter().map(|(i, _)| i));
        }
        self.near.push(Near { high: high + ROUNDING, first, count: list.len() as u32 });
        self.near.len() as u32 - 1
    }

    fn set(&mut self, [x, y, z]: [u32; 3], low: f32, slot: u32) {
        let [sx, sy, _] = self.size;
        let index = ((z * sy + y) * sx + x) as usize;
        if let (Some(l), Some(s)) = (self.low.get_mut(index), self.slots.get_mut(index)) {
            (*l, *s) = (((low - ROUNDING) * self.steps).clamp(0.0, LEVELS) as u8, slot);
        }
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Field({} obstacles, {:?} cells)", self.primitives.len(), self.size)
    }
}

/// What stays the same while filling.
struct Fill {
    cell: f32,
    reach: Reach,
}

/// Cells from `first` up to, not including, `last`.
#[derive(Clone, Copy)]
struct Block {
    first: [u32; 3],
    last: [u32; 3],
}

impl Block {
    fn is_cell(&self) -> bool {
        self.first.iter().zip(self.last).all(|(f, l)| f + 1 == l)
    }

    /// The middle of the block and the distance of its corners from there.
    fn ball(&self, origin: V3, cell: f32) -> (V3, f32) {
        let edge = |k: usize| {
            let (f, l) = (self.first.get(k), self.last.get(k));
            f.zip(l).map_or((0.0, 0.0), |(f, l)| (*f as f32 * cell, *l as f32 * cell))
        };
        let edges = [edge(0), edge(1), edge(2)];
        let center = add(origin, edges.map(|(f, l)| (f + l) / 2.0));
        // The lookup rounds, so a point may lie a little out of the cell it is told.
        (center, norm(edges.map(|(f, l)| (l - f) / 2.0)) + ROUNDING)
    }

    fn halves(self) -> impl Iterator<Item = Self> {
        let parts = |k: usize| {
            let (f, l) = (self.first.get(k), self.last.get(k));
            let (f, l) = f.zip(l).map_or((0, 1), |(f, l)| (*f, *l));
            let middle = f.midpoint(l);
            if middle > f { vec![(f, middle), (middle, l)] } else { vec![(f, l)] }
        };
        let (xs, ys, zs) = (parts(0), parts(1), parts(2));
        let mut halves = Vec::with_capacity(8);
        for z in &zs {
            for y in &ys {
                halves.extend(
                    xs.iter().map(|x| Self { first: [x.0, y.0, z.0], last: [x.1, y.1, z.1] }),
                );
            }
        }
        halves.into_iter()
    }

    fn cells(self) -> impl Iterator<Item = [u32; 3]> {
        let ([x0, y0, z0], [x1, y1, z1]) = (self.first, self.last);
        (z0..z1).flat_map(move |z| (y0..y1).flat_map(move |y| (x0..x1).map(move |x| [x, y, z])))
    }
}
