//! What is around the arm, in a form in which a ball is checked in one look: a grid of cells over all
//! that the arm can reach, each with a bound of the distance to the nearest obstacle.
//!
//! The rule: `low` of a cell is at most the distance of any of its points to any obstacle, `high` is
//! at least the distance of any of its points to the nearest one. So a ball whose radius is at most
//! `low` is free and one above `high` touches; only in between are the obstacles of the cell asked,
//! nearest first.
//!
//! Cells lie in bricks of 4 x 4 x 4, one cache line each: what an arm asks one after the other is
//! mostly near to each other.
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
/// Cells along the edge of a brick.
pub(crate) const BRICK: u32 = 4;
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
    /// Index of the last cell along each axis.
    pub last: V3,
    /// What a step from brick to brick along y and z adds to the index, besides the cells' own.
    pub brick_steps: [f32; 3],
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
        let bricks = match primitives.is_empty() {
            true => [1; 3],
            false => span.map(|s| (s / cell / BRICK as f32).ceil().max(1.0) as u32),
        };
        let size = bricks.map(|b| b * BRICK);
        let count = size.iter().product::<u32>() as usize;
        let mut field = Self {
            origin: reach.low,
            inverse: 1.0 / cell,
            last: size.map(|s| s as f32 - 1.0),
            brick_steps: brick_steps(bricks),
            low: vec![LEVELS as u8; count + SPARE],
            steps: LEVELS / reach.widest,
            slots: vec![FAR; count],
            near: Vec::new(),
            lists: Vec::new(),
            tree: BoxTree::new(&primitives),
            primitives,
        };
        let mut stack: Vec<(u32, f32)> =
            (0..field.primitives.len() as u32).map(|i| (i, 0.0)).collect();
        let all = Block { first: [0; 3], last: size };
        field.fill(&Fill { cell, reach }, all, &mut stack, 0);
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

    /// Shows the obstacles that are nearer to a point than `radius`, each with its distance.
    pub fn each_near(&self, center: V3, radius: f32, mut show: impl FnMut(usize, f32)) {
        self.tree.any(center, radius, |index| {
            let index = index as usize;
            let distance = self.primitives.get(index).map(|o| o.distance(center));
            if let Some(distance) = distance.filter(|d| *d < radius) {
                show(index, distance);
            }
            false
        });
    }

    /// Fills a block of cells from the obstacles that may come near to it: those on the stack from
    /// `first` on.
    fn fill(&mut self, fill: &Fill, block: Block, stack: &mut Vec<(u32, f32)>, first: usize) {
        let (center, half) = block.ball(self.origin, fill.cell);
        let own = stack.len();
        let mut nearest = f32::INFINITY;
        for place in first..own {
            let Some((index, _)) = stack.get(place).copied() else { continue };
            let Some(obstacle) = self.primitives.get(index as usize) else { continue };
            let distance = obstacle.distance(center);
            nearest = nearest.min(distance);
            stack.push((index, distance - half));
        }
        // Whoever is farther at best than the nearest at worst is never the nearest.
        let worst = nearest + half;
        let mut kept = own;
        for place in own..stack.len() {
            let Some(candidate) = stack.get(place).copied() else { continue };
            if candidate.1 <= worst && candidate.1 < fill.reach.widest {
                stack.swap(kept, place);
                kept += 1;
            }
        }
        stack.truncate(kept);
        if stack.len() > own {
            if worst < 0.0 || block.is_fine_enough(nearest - half, fill.reach.exact) {
                self.write(fill, block, [nearest - half, worst], stack.get_mut(own..));
            } else {
                block.halves(|half| self.fill(fill, half, stack, own));
            }
        }
        stack.truncate(own);
    }

    /// Fills a block with one pair of bounds, and the obstacles that matter within it.
    fn write(
        &mut self,
        fill: &Fill,
        block: Block,
        [low, high]: [f32; 2],
        near: Option<&mut [(u32, f32)]>,
    ) {
        let near = near.unwrap_or_default();
        near.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
        // Deep inside of one obstacle the others do not matter.
        let limit = if high < 0.0 { f32::NEG_INFINITY } else { fill.reach.exact };
        let count = near.partition_point(|(_, low)| *low < limit);
        let slot = self.remember(high, near.get(..count).unwrap_or_default());
        block.cells(|at| self.set(at, low, slot));
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
        let brick = |i: u32| (i / BRICK) as f32;
        let [kx, ky, kz] = self.brick_steps;
        let index = (x + BRICK * (y + BRICK * z)) as f32;
        let index = (index + brick(x) * kx + brick(y) * ky + brick(z) * kz) as usize;
        if let (Some(l), Some(s)) = (self.low.get_mut(index), self.slots.get_mut(index)) {
            (*l, *s) = (((low - ROUNDING) * self.steps).clamp(0.0, LEVELS) as u8, slot);
        }
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Field({} obstacles, {} cells)", self.primitives.len(), self.slots.len())
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
    /// A single cell always is; one that no ball touches whose answer must be exact may be larger.
    fn is_fine_enough(&self, low: f32, exact: f32) -> bool {
        let edge = self.first.iter().zip(self.last).map(|(f, l)| l - f).max().unwrap_or(1);
        edge <= 1 || (edge <= 2 && low > exact) || (edge <= 4 && low > 2.0 * exact)
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

    fn halves(self, mut visit: impl FnMut(Self)) {
        let parts = |k: usize| {
            let (f, l) = (self.first.get(k), self.last.get(k));
            let (f, l) = f.zip(l).map_or((0, 1), |(f, l)| (*f, *l));
            let middle = f.midpoint(l);
            if middle > f { [Some((f, middle)), Some((middle, l))] } else { [Some((f, l)), None] }
        };
        for z in parts(2).into_iter().flatten() {
            for y in parts(1).into_iter().flatten() {
                for x in parts(0).into_iter().flatten() {
                    visit(Self { first: [x.0, y.0, z.0], last: [x.1, y.1, z.1] });
                }
            }
        }
    }

    fn cells(self, mut visit: impl FnMut([u32; 3])) {
        let ([x0, y0, z0], [x1, y1, z1]) = (self.first, self.last);
        for z in z0..z1 {
            for y in y0..y1 {
                for x in x0..x1 {
                    visit([x, y, z]);
                }
            }
        }
    }
}

/// What a brick farther along x, y and z adds to the index of a cell, when the cell itself counts as 1,
/// [`BRICK`] and its square.
fn brick_steps([x, y, _]: [u32; 3]) -> [f32; 3] {
    let own = (BRICK * BRICK * BRICK) as f32;
    let (row, layer) = (own * x as f32, own * (x * y) as f32);
    let edge = BRICK as f32;
    [own - edge, row - edge * edge, layer - edge * edge * edge]
}
