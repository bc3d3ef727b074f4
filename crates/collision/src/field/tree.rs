//! A tree of boxes over obstacles: which one comes near a point, without looking at all of them.

use super::primitive::{Primitive, V3};

/// Obstacles in one leaf.
const LEAF: usize = 4;

struct Node {
    low: V3,
    high: V3,
    /// Leaf: first place in `order` and how many. Else: the two children.
    kind: Kind,
}

enum Kind {
    Leaf { first: usize, count: usize },
    Inner { left: usize, right: usize },
}

/// The boxes.
pub(super) struct BoxTree {
    nodes: Vec<Node>,
    order: Vec<u32>,
}

impl BoxTree {
    pub fn new(primitives: &[Primitive]) -> Self {
        let boxes: Vec<(V3, V3)> = primitives.iter().map(Primitive::extent).collect();
        let mut tree = Self { nodes: Vec::new(), order: (0..primitives.len() as u32).collect() };
        if !primitives.is_empty() {
            tree.build(&boxes, 0, primitives.len());
        }
        tree
    }

    /// Builds the node over `order[first..last]`; the index of the node.
    fn build(&mut self, boxes: &[(V3, V3)], first: usize, last: usize) -> usize {
        let extent = |i: u32| boxes.get(i as usize).copied().unwrap_or(([0.0; 3], [0.0; 3]));
        let members = self.order.get_mut(first..last).unwrap_or_default();
        let nothing = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        let (low, high) = members.iter().map(|i| extent(*i)).fold(nothing, joined);
        let index = self.nodes.len();
        let kind = Kind::Leaf { first, count: last - first };
        self.nodes.push(Node { low, high, kind });
        if last - first <= LEAF {
            return index;
        }
        let span = |k: usize| high.get(k).zip(low.get(k)).map_or(0.0, |(h, l)| h - l);
        let widest = (0..3).max_by(|a, b| span(*a).total_cmp(&span(*b))).unwrap_or(0);
        let middle = |i: u32| {
            let (low, high) = extent(i);
            low.get(widest).zip(high.get(widest)).map_or(0.0, |(l, h)| l + h)
        };
        let half = (last - first) / 2;
        members.select_nth_unstable_by(half, |a, b| middle(*a).total_cmp(&middle(*b)));
        let left = self.build(boxes, first, first + half);
        let right = self.build(boxes, first + half, last);
        if let Some(node) = self.nodes.get_mut(index) {
            node.kind = Kind::Inner { left, right };
        }
        index
    }

    /// Whether any obstacle comes nearer to `p` than `radius`.
    pub fn touches(&self, primitives: &[Primitive], p: V3, radius: f32) -> bool {
        let near = |i: u32| primitives.get(i as usize).is_some_and(|o| o.distance(p) < radius);
        self.any(p, radius, near)
    }

    /// Shows the obstacles whose boxes come nearer to `p` than `radius` until one is the right one;
    /// whether there was one.
    #[inline]
    pub fn any(&self, p: V3, radius: f32, mut is_it: impl FnMut(u32) -> bool) -> bool {
        let mut open = [0usize; 64];
        let mut count = usize::from(!self.nodes.is_empty());
        while count > 0 {
            count -= 1;
            let Some(node) = open.get(count).and_then(|i| self.nodes.get(*i)) else { continue };
            if box_distance_squared(p, node.low, node.high) >= radius * radius {
                continue;
            }
            match node.kind {
                Kind::Leaf { first, count } => {
                    let members = self.order.get(first..first + count).unwrap_or_default();
                    if members.iter().any(|i| is_it(*i)) {
                        return true;
                    }
                }
                Kind::Inner { left, right } => {
                    for child in [left, right] {
                        // Halving keeps the depth under 32 for any number of obstacles in u32.
                        if let Some(place) = open.get_mut(count) {
                            *place = child;
                            count += 1;
                        }
                    }
                }
            }
        }
        false
    }
}

fn joined((al, ah): (V3, V3), (bl, bh): (V3, V3)) -> (V3, V3) {
    let pick = |a: V3, b: V3, f: fn(f32, f32) -> f32| {
        let ([a, b, c], [x, y, z]) = (a, b);
        [f(a, x), f(b, y), f(c, z)]
    };
    (pick(al, bl, f32::min), pick(ah, bh, f32::max))
}

fn box_distance_squared(p: V3, low: V3, high: V3) -> f32 {
    let outside =
        p.iter().zip(low.iter().zip(&high)).map(|(p, (l, h))| (l - p).max(p - h).max(0.0));
    outside.map(|d| d * d).sum()
}
