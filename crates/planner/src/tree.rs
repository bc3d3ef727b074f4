//! A tree of configurations that is asked for the nearest one over and over.
//!
//! The rule: nothing is allocated per node once the tree has been as large before. Up to a leaf's
//! worth of nodes it is one scan; beyond, nodes lie in leaves with a box each, and a leaf whose box is
//! farther than what was found is passed over. In six or seven dimensions that beats a tree of single
//! nodes, since sixteen nodes are compared at once.
#![allow(clippy::indexing_slicing)] // nodes and leaves are made together with their indices

use fearless_simd::{Level, dispatch, prelude::*};

/// Nodes of a leaf; a multiple of the widest vector.
const LEAF: usize = 128;
/// Parent of a root.
pub(crate) const ROOT: u32 = u32::MAX;
/// Radius of a node whose extensions never failed.
const UNBOUNDED: f32 = f32::INFINITY;

/// The tree.
#[derive(Debug)]
pub(crate) struct Tree {
    joints: usize,
    level: Level,
    /// Node by node.
    positions: Vec<f32>,
    parents: Vec<u32>,
    /// How far from a node samples are taken seriously (dynamic domain).
    radii: Vec<f32>,
    leaves: Vec<Leaf>,
    used: usize,
}

/// Nodes near to each other, joint by joint.
#[derive(Debug, Clone)]
struct Leaf {
    /// `joints` rows of [`LEAF`]; places without a node are infinitely far.
    rows: Vec<f32>,
    nodes: Vec<u32>,
    low: Vec<f32>,
    high: Vec<f32>,
}

/// A node and how far it is, squared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub node: u32,
    pub distance_squared: f32,
}

impl Tree {
    pub fn new(joints: usize) -> Self {
        Self {
            joints,
            level: Level::new(),
            positions: Vec::with_capacity(1024 * joints),
            parents: Vec::with_capacity(1024),
            radii: Vec::with_capacity(1024),
            leaves: Vec::new(),
            used: 0,
        }
    }

    /// Forgets all nodes but not the storage.
    pub fn clear(&mut self) {
        self.positions.clear();
        self.parents.clear();
        self.radii.clear();
        self.used = 0;
    }

    pub fn len(&self) -> usize {
        self.parents.len()
    }

    pub fn position(&self, node: u32) -> &[f32] {
        let first = node as usize * self.joints;
        &self.positions[first..first + self.joints]
    }

    pub fn parent(&self, node: u32) -> u32 {
        self.parents[node as usize]
    }

    pub fn radius(&self, node: u32) -> f32 {
        self.radii[node as usize]
    }

    /// An extension of a node went well: its radius grows by a share.
    pub fn widen(&mut self, node: u32, share: f32) {
        self.radii[node as usize] *= 1.0 + share;
    }

    /// An extension of a node failed: its radius becomes `first`, or shrinks by a share, but not
    /// below `least`.
    pub fn narrow(&mut self, node: u32, first: f32, share: f32, least: f32) {
        let radius = &mut self.radii[node as usize];
        *radius = if *radius == UNBOUNDED { first } else { (*radius * (1.0 - share)).max(least) };
    }

    /// Adds a node; its number.
    pub fn add(&mut self, position: &[f32], parent: u32) -> u32 {
        let node = self.parents.len() as u32;
        self.positions.extend_from_slice(position);
        self.parents.push(parent);
        self.radii.push(UNBOUNDED);
        let leaf = self.leaf_for(position);
        self.leaves[leaf].add(position, node);
        if self.leaves[leaf].nodes.len() == LEAF {
            self.split(leaf);
        }
        node
    }

    /// The leaf whose box would grow least.
    fn leaf_for(&mut self, position: &[f32]) -> usize {
        if self.used == 0 {
            return self.fresh_leaf();
        }
        let distance = |i: &usize| self.leaves[*i].distance_squared(position);
        (0..self.used).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    }

    fn fresh_leaf(&mut self) -> usize {
        if self.used == self.leaves.len() {
            self.leaves.push(Leaf::new(self.joints));
        }
        self.leaves[self.used].clear();
        self.used += 1;
        self.used - 1
    }

    /// Halves a full leaf across its widest side.
    fn split(&mut self, leaf: usize) {
        let other = self.fresh_leaf();
        let widest = self.leaves[leaf].widest();
        let mut nodes = std::mem::take(&mut self.leaves[leaf].nodes);
        let at = |node: &u32| self.positions[*node as usize * self.joints + widest];
        nodes.sort_unstable_by(|a, b| at(a).total_cmp(&at(b)));
        self.leaves[leaf].clear();
        for (i, node) in nodes.iter().enumerate() {
            let target = if i < LEAF / 2 { leaf } else { other };
            let first = *node as usize * self.joints;
            let position = &self.positions[first..first + self.joints];
            self.leaves[target].add(position, *node);
        }
    }

    /// The node nearest to a position. The tree must have one.
    pub fn nearest(&self, position: &[f32]) -> Found {
        dispatch!(self.level, simd => self.nearest_with(simd, position))
    }

    #[inline(always)]
    fn nearest_with<S: Simd>(&self, simd: S, position: &[f32]) -> Found {
        let mut best = Found { node: 0, distance_squared: f32::INFINITY };
        if self.used == 1 {
            return self.leaves[0].nearest(simd, position, best);
        }
        // The leaf that looks nearest first: it mostly rules out the others.
        let mut first = 0;
        let mut least = f32::INFINITY;
        for (i, leaf) in self.leaves[..self.used].iter().enumerate() {
            let distance = leaf.distance_squared(position);
            if distance < least {
                (first, least) = (i, distance);
            }
        }
        best = self.leaves[first].nearest(simd, position, best);
        for (i, leaf) in self.leaves[..self.used].iter().enumerate() {
            if i != first && leaf.distance_squared(position) < best.distance_squared {
                best = leaf.nearest(simd, position, best);
            }
        }
        best
    }
}

impl Leaf {
    fn new(joints: usize) -> Self {
        Self {
            rows: vec![f32::INFINITY; joints * LEAF],
            nodes: Vec::with_capacity(LEAF),
            low: vec![f32::INFINITY; joints],
            high: vec![f32::NEG_INFINITY; joints],
        }
    }

    fn clear(&mut self) {
        self.rows.fill(f32::INFINITY);
        self.nodes.clear();
        self.low.fill(f32::INFINITY);
        self.high.fill(f32::NEG_INFINITY);
    }

    fn add(&mut self, position: &[f32], node: u32) {
        let place = self.nodes.len();
        for (joint, at) in position.iter().enumerate() {
            self.rows[joint * LEAF + place] = *at;
            self.low[joint] = self.low[joint].min(*at);
            self.high[joint] = self.high[joint].max(*at);
        }
        self.nodes.push(node);
    }

    fn widest(&self) -> usize {
        let span = |joint: &usize| self.high[*joint] - self.low[*joint];
        (0..self.low.len()).max_by(|a, b| span(a).total_cmp(&span(b))).unwrap_or(0)
    }

    /// Distance of a position to the box around the nodes, squared.
    #[inline(always)]
    fn distance_squared(&self, position: &[f32]) -> f32 {
        let mut sum = 0.0;
        for ((at, low), high) in position.iter().zip(&self.low).zip(&self.high) {
            let out = (low - at).max(at - high).max(0.0);
            sum += out * out;
        }
        sum
    }

    /// The nearest node, or `best` when none is nearer.
    #[inline(always)]
    fn nearest<S: Simd>(&self, simd: S, position: &[f32], best: Found) -> Found {
        let width = S::f32s::LEN;
        let mut least = S::f32s::splat(simd, best.distance_squared);
        let mut places = S::i32s::splat(simd, -1);
        let mut start = 0;
        while start < self.nodes.len() {
            let mut sum = S::f32s::splat(simd, 0.0);
            for (joint, at) in position.iter().enumerate() {
                let first = joint * LEAF + start;
                let out = S::f32s::from_slice(simd, &self.rows[first..first + width]) - *at;
                sum = out.mul_add(out, sum);
            }
            let nearer = sum.simd_lt(least);
            least = nearer.select(sum, least);
            places = nearer.select(S::i32s::splat(simd, start as i32), places);
            start += width;
        }
        let mut best = best;
        for lane in 0..width {
            let (distance, place) = (least.as_slice()[lane], places.as_slice()[lane]);
            if place >= 0 && distance < best.distance_squared {
                let node = self.nodes[place as usize + lane];
                best = Found { node, distance_squared: distance };
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::halton::fraction;

    #[test]
    fn nearest_is_that_of_a_plain_search_in_small_and_large_trees() {
        for joints in [1, 6, 7, 12] {
            let mut tree = Tree::new(joints);
            let mut state = 5;
            let mut any =
                || (0..joints).map(|_| fraction(&mut state) * 6.0 - 3.0).collect::<Vec<_>>();
            for round in 0..2 {
                tree.clear();
                let mut nodes: Vec<Vec<f32>> = Vec::new();
                for i in 0..1500 {
                    let node = any();
                    assert_eq!(tree.add(&node, ROOT), i);
                    nodes.push(node);
                    let asked = any();
                    let square = |n: &Vec<f32>| -> f32 {
                        n.iter().zip(&asked).map(|(a, b)| (a - b) * (a - b)).sum()
                    };
                    let expected = nodes.iter().map(square).fold(f32::INFINITY, f32::min);
                    let found = tree.nearest(&asked);
                    let found_square = square(&nodes[found.node as usize]);
                    assert!((found_square - expected).abs() <= 1e-5, "round {round}, node {i}");
                    assert!((found.distance_squared - expected).abs() <= 1e-5);
                }
            }
        }
    }

    #[test]
    fn many_equal_nodes_are_no_trouble() {
        let mut tree = Tree::new(3);
        for _ in 0..1000 {
            tree.add(&[1.0, 2.0, 3.0], ROOT);
        }
        assert_eq!(tree.nearest(&[1.0, 2.0, 3.5]).distance_squared, 0.25);
    }
}
