//! Joint positions for a pose, nearest to a reference first, and all the full turns that the
//! limits leave.
//!
//! The rule: a solution is within the limits, and each joint of it stands at the full turn that is
//! nearest to the reference; [`Solution::turns`] gives the others.
#![allow(clippy::indexing_slicing)] // loops over 0..N, 0..BRANCHES into arrays of that size

use std::f64::consts::TAU;

use super::closed::{BRANCHES, Branches, PAIRS};
use super::lanes::Pair;
use crate::{JointLimits, JointVector};

/// Outside a limit by this much [rad] is rounding: the joint then stands at the limit.
const LIMIT_SLACK: f64 = 1e-10;
/// Closer than this in every joint [rad], two solutions are one: what is left between the two
/// sides of a singularity.
const SAME: f64 = 4.0 * SINGULAR;
/// A margin below this is a singularity: joints move 10⁶ times faster than the tip.
pub(crate) const SINGULAR: f64 = 1e-6;
/// Positions this far from every branch of their own pose [rad] are on none.
const FAR: f64 = 0.1;
/// Adding it rounds a small number to an integer.
const ROUNDER: f64 = 6_755_399_441_055_744.0; // 1.5 × 2^52

/// Where an arm loses a direction of motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Singularity {
    /// The wrist's center is as close to the first axis as it can be: joint 1 alone cannot move it.
    Shoulder,
    /// Upper arm and forearm are in line.
    Elbow,
    /// The axes that join the wrist's middle joint are parallel: only their sum matters.
    Wrist,
    /// Any other loss of a direction, of an arm without a closed form.
    Other,
}

/// How far from a singularity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closeness {
    /// The nearest one.
    pub singularity: Singularity,
    /// 0 in it, 1 far away: the sine of the angle that the elbow or the wrist lacks, the distance
    /// of the wrist's center from the shoulder's relative to the size of the arm, or, of an arm
    /// without a closed form, the least motion of the tip relative to the largest.
    pub margin: f64,
}

/// One way to a pose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solution<const N: usize> {
    /// Joint positions [rad].
    pub joints: JointVector<N>,
    /// Euclidean distance to the reference [rad].
    pub distance: f64,
    /// The singularity that it lies in, if any. Joints that then do not matter by themselves stand
    /// where the reference has them.
    pub singularity: Option<Singularity>,
}

/// The ways to a pose, nearest to the reference first; at least one.
#[derive(Debug, Clone)]
pub struct Solutions<const N: usize> {
    list: [Solution<N>; BRANCHES],
    count: usize,
}

/// The joint that keeps the best branch from being a solution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outside {
    pub joint: usize,
    pub position: f64,
    pub by: f64,
}

impl<const N: usize> Solution<N> {
    /// Every variant by full turns within the limits, this one among them, in no order.
    pub fn turns(
        &self,
        limits: &[JointLimits; N],
    ) -> impl Iterator<Item = JointVector<N>> + use<N> {
        let lowest = JointVector::<N>::from_fn(|i, _| {
            let turns = ((self.joints[i] - limits[i].lower + LIMIT_SLACK) / TAU).floor();
            self.joints[i] - TAU * turns
        });
        let counts: [usize; N] = std::array::from_fn(|i| {
            1 + ((limits[i].upper + LIMIT_SLACK - lowest[i]) / TAU).floor().max(0.0) as usize
        });
        let all = counts.iter().fold(1_usize, |all, count| all.saturating_mul(*count));
        (0..all).map(move |number| {
            let mut rest = number;
            JointVector::from_fn(|i, _| {
                let turn = rest % counts[i];
                rest /= counts[i];
                lowest[i] + TAU * turn as f64
            })
        })
    }
}

impl<const N: usize> Solutions<N> {
    /// The nearest one.
    pub fn nearest(&self) -> &Solution<N> {
        &self.list[0]
    }

    /// All, nearest first.
    pub fn as_slice(&self) -> &[Solution<N>] {
        &self.list[..self.count]
    }

    pub(super) fn one(solution: Solution<N>) -> Self {
        Self { list: [solution; BRANCHES], count: 1 }
    }

    /// Without solutions that a singularity makes one.
    #[cold]
    fn distinct(self) -> Self {
        let mut found = Self::one(self.list[0]);
        for solution in &self.as_slice()[1..] {
            found.insert(*solution);
        }
        found
    }

    /// Adds a solution in its place, unless it is there already or there is no room for it.
    #[inline]
    pub(super) fn insert(&mut self, new: Solution<N>) {
        let mut at = self.count;
        while at > 0 && self.list[at - 1].distance > new.distance {
            at -= 1;
        }
        let same = |old: &Solution<N>| (old.joints - new.joints).amax() < SAME;
        let close = |old: &&Solution<N>| (old.distance - new.distance).abs() < SAME * N as f64;
        if self.as_slice().iter().filter(close).any(same) || at >= BRANCHES {
            return;
        }
        let end = self.count.min(BRANCHES - 1);
        self.list.copy_within(at..end, at + 1);
        self.list[at] = new;
        self.count = end + 1;
    }
}

impl<'a, const N: usize> IntoIterator for &'a Solutions<N> {
    type Item = &'a Solution<N>;
    type IntoIter = std::slice::Iter<'a, Solution<N>>;
    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter()
    }
}

/// What the ranking of branches needs to know.
pub(super) struct Ranking<'a, const N: usize> {
    pub reference: &'a JointVector<N>,
    /// None to rank regardless of limits.
    pub limits: Option<&'a [JointLimits; N]>,
}

impl<const N: usize> Ranking<'_, N> {
    /// The branches within limits, each at its nearest full turns; else what is in the way.
    #[inline]
    pub fn rank(&self, branches: &Branches) -> Result<Solutions<N>, Option<Outside>> {
        let mut wound = branches.joints;
        let mut squared = [Pair::ZERO; PAIRS];
        let mut inside = branches.reached;
        for (i, joint) in wound.iter_mut().enumerate().take(N) {
            for p in 0..PAIRS {
                let (q, within) = self.wind(i, joint[p]);
                let off = q - Pair::splat(self.reference[i]);
                squared[p] += off * off;
                inside[p] &= within;
                joint[p] = q;
            }
        }
        let (order, count) = sorted(&lanes(&squared), &inside);
        if count == 0 {
            return Err(self.least_outside(branches, &wound));
        }
        let nothing = Solution { joints: JointVector::zeros(), distance: 0.0, singularity: None };
        let mut found = Solutions { list: [nothing; BRANCHES], count };
        let joints: [[f64; BRANCHES]; 6] = wound.each_ref().map(lanes);
        let squared = lanes(&squared);
        let margins: [[f64; BRANCHES]; 3] = branches.margins.each_ref().map(lanes);
        let list: &mut [Solution<N>] = &mut found.list;
        for (solution, b) in list.iter_mut().zip(order).take(count) {
            for (q, joint) in solution.joints.iter_mut().zip(&joints) {
                *q = joint[b];
            }
            solution.distance = squared[b].sqrt();
            solution.singularity = singularity(margins.each_ref().map(|margin| margin[b]));
        }
        let singular = found.into_iter().any(|s| s.singularity.is_some());
        Ok(if singular { found.distinct() } else { found })
    }

    /// The smallest margin of the branch nearest to the reference.
    pub fn nearest_margins(&self, branches: &Branches) -> Option<Closeness> {
        let off = |q: [f64; 6]| -> f64 {
            self.reference.iter().zip(q).map(|(near, q)| (wound(q, *near) - near).powi(2)).sum()
        };
        let reached = (0..BRANCHES).filter_map(|b| Some((b, off(branches.get(b)?))));
        let (b, off) = reached.min_by(|x, y| x.1.total_cmp(&y.1))?;
        // An ideal arm may have lost the branch that the true one is on.
        if off > FAR * FAR {
            return None;
        }
        let kinds = [Singularity::Shoulder, Singularity::Elbow, Singularity::Wrist];
        let margins = branches.margins.each_ref().map(|margin| lanes(margin)[b]);
        let (singularity, margin) =
            kinds.into_iter().zip(margins).min_by(|x, y| x.1.total_cmp(&y.1))?;
        Some(Closeness { singularity, margin })
    }

    /// Joint `i` at the full turn nearest to the reference, within limits if it can be, and where
    /// it is.
    #[inline]
    fn wind(&self, i: usize, q: Pair) -> (Pair, Pair) {
        let Some(limits) = self.limits else {
            return (wound_pair(q, self.reference[i]), Pair::splat(f64::from_bits(u64::MAX)));
        };
        let (lower, upper) = (limits[i].lower, limits[i].upper);
        let (low, high) = (Pair::splat(lower - LIMIT_SLACK), Pair::splat(upper + LIMIT_SLACK));
        let near = wound_pair(q, self.reference[i].clamp(lower, upper));
        // The nearest turn is within half of one from a position inside, so one more decides.
        let turn = Pair::splat(TAU);
        let turned = near - (near.simd_gt(high) & turn) + (near.simd_lt(low) & turn);
        let within = turned.simd_ge(low) & turned.simd_le(high);
        let clamped = turned.fast_max(Pair::splat(lower)).fast_min(Pair::splat(upper));
        (within.bitselect(clamped, near), within)
    }

    /// Of the branches that only the limits forbid, the one that is least outside, by its worst
    /// joint.
    #[cold]
    fn least_outside(&self, branches: &Branches, wound: &[[Pair; PAIRS]; 6]) -> Option<Outside> {
        let limits = self.limits?;
        let joints: [[f64; BRANCHES]; 6] = wound.each_ref().map(lanes);
        let worst = |b: usize| {
            let outside = |i: usize| {
                let position = joints[i][b];
                let by = (position - limits[i].upper).max(limits[i].lower - position);
                Outside { joint: i, position, by }
            };
            (0..N.min(6)).map(outside).max_by(|x, y| x.by.total_cmp(&y.by))
        };
        let reached = (0..BRANCHES).filter(|b| branches.get(*b).is_some());
        reached.filter_map(worst).min_by(|x, y| x.by.total_cmp(&y.by))
    }
}

/// The numbers of every branch.
#[inline]
fn lanes(pairs: &[Pair; PAIRS]) -> [f64; BRANCHES] {
    let [[a, b], [c, d], [e, f], [g, h]] = pairs.map(Pair::to_array);
    [a, b, c, d, e, f, g, h]
}

/// The branches inside, nearest first, and how many.
#[inline]
fn sorted(squared: &[f64; BRANCHES], inside: &[Pair; PAIRS]) -> ([usize; BRANCHES], usize) {
    let mut order = [0; BRANCHES];
    let mut count = 0;
    for b in 0..BRANCHES {
        if inside[b / 2].to_bitmask() >> (b % 2) & 1 == 0 {
            continue;
        }
        let mut at = count;
        while at > 0 && squared[order[at - 1]] > squared[b] {
            order[at] = order[at - 1];
            at -= 1;
        }
        order[at] = b;
        count += 1;
    }
    (order, count)
}

/// The full turn of an angle nearest to another.
#[inline]
pub(super) fn wound(angle: f64, near: f64) -> f64 {
    let turns = (near - angle) * (1.0 / TAU) + ROUNDER;
    angle + TAU * (turns - ROUNDER)
}

#[inline]
fn wound_pair(angle: Pair, near: f64) -> Pair {
    let turns = (Pair::splat(near) - angle) * Pair::splat(1.0 / TAU) + Pair::splat(ROUNDER);
    angle + Pair::splat(TAU) * (turns - Pair::splat(ROUNDER))
}

#[inline]
fn singularity([shoulder, elbow, wrist]: [f64; 3]) -> Option<Singularity> {
    match (shoulder < SINGULAR, elbow < SINGULAR, wrist < SINGULAR) {
        (false, false, false) => None,
        (true, _, _) => Some(Singularity::Shoulder),
        (_, _, true) => Some(Singularity::Wrist),
        _ => Some(Singularity::Elbow),
    }
}
