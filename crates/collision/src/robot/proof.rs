//! Which spheres of two links can touch at all: most cannot, whatever the joints do, and need no check.
//!
//! The rule: a pair of spheres is left out only when a proof says so for every position within the
//! limits. The proof halves the range of the joints between the two until, in the middle of every
//! part, the spheres are farther apart than the joints can bring them nearer within it.

use nalgebra::{Point3, Vector3};

use super::Robot;
use crate::Pose;
use crate::cover::Sphere;
use crate::kernel::edge;
use crate::robot::frames::sweep;

/// The proof holds for spheres widened by the largest margin of the check, and this far apart [m].
const ALLOWANCE: f64 = 1e-3;
/// Parts looked at per pair of links; what is not proven by then counts as possible.
const BUDGET: usize = 3000;

/// Spheres of two links, by their place in each, that may touch.
pub(crate) type Possible = Vec<(usize, usize)>;

impl Robot {
    /// For every pair of links that must not touch, the pairs of spheres that could.
    pub(super) fn prove(&mut self) {
        let n = self.links.len();
        self.possible = vec![Possible::new(); n * n];
        for a in 0..n {
            for b in 0..n {
                let bodies =
                    self.links.get(a).zip(self.links.get(b)).map(|(a, b)| (a.body, b.body));
                if self.is_allowed(a, b) || bodies.is_none_or(|(a, b)| a >= b) {
                    continue;
                }
                let possible = self.possible_pairs(a, b);
                if let Some(entry) = self.possible.get_mut(a * n + b) {
                    *entry = possible;
                }
            }
        }
    }

    /// The pairs of spheres of two links, the one nearer to the base first, that may touch.
    pub(crate) fn possible(&self, near: usize, far: usize) -> &[(usize, usize)] {
        self.possible.get(near * self.links.len() + far).map_or(&[], |p| p)
    }

    fn possible_pairs(&self, a: usize, b: usize) -> Possible {
        let (Some(near), Some(far)) = (self.links.get(a), self.links.get(b)) else {
            return Possible::new();
        };
        let joints = self.joints.iter().zip(&self.frames.steps).skip(near.body);
        let ranges = joints.take(far.body - near.body).map(|(j, _)| (j.lower, j.upper)).collect();
        let widened = |s: &Sphere| edge::COARSE.widened(s.radius);
        let local = |s: &Sphere, pose: &Pose| (pose * Point3::from(s.middle())).coords;
        let first: Vec<_> =
            near.spheres.iter().map(|s| (local(s, &near.pose), widened(s))).collect();
        let second: Vec<_> =
            far.spheres.iter().map(|s| (local(s, &far.pose), widened(s))).collect();
        let sweeps =
            far.spheres.iter().map(|s| self.sweeps(far.body, near.body, &local(s, &far.pose)));
        let mut proof = Proof {
            robot: self,
            body: near.body,
            sweeps: sweeps.collect(),
            first,
            second,
            possible: Possible::new(),
            budget: BUDGET,
        };
        let all = (0..proof.first.len()).flat_map(|i| (0..far.spheres.len()).map(move |j| (i, j)));
        let all: Vec<_> = all.collect();
        proof.look(ranges, all);
        let mut possible = proof.possible;
        possible.sort_unstable();
        possible.dedup();
        possible
    }

    /// How far each joint above `from` moves a point of body `body` [m/rad], at most.
    fn sweeps(&self, body: usize, from: usize, point: &Vector3<f64>) -> Vec<f64> {
        let frame = self.frames.from_body.get(body.wrapping_sub(1)).copied();
        let center = (frame.unwrap_or_else(Pose::identity) * Point3::from(*point)).coords;
        (from..body).map(|j| sweep(&self.frames.steps, &self.joints, &center, (j, body))).collect()
    }

    /// Body `body + positions.len()` in the frame of body `body`.
    fn relative(&self, body: usize, positions: &[f64]) -> Pose {
        let joints = self.joints.iter().skip(body).zip(positions);
        joints.fold(Pose::identity(), |pose, (j, at)| pose * j.origin * j.motion(*at))
    }
}

struct Proof<'a> {
    robot: &'a Robot,
    /// Body of the first link.
    body: usize,
    /// Centre and radius, in the frames of the bodies.
    first: Vec<(Vector3<f64>, f64)>,
    second: Vec<(Vector3<f64>, f64)>,
    /// Per second sphere and joint.
    sweeps: Vec<Vec<f64>>,
    possible: Possible,
    budget: usize,
}

impl Proof<'_> {
    /// Looks at the middle of a part of the ranges, and at its halves where that is not enough.
    fn look(&mut self, ranges: Vec<(f64, f64)>, pairs: Possible) {
        let Some(budget) = self.budget.checked_sub(1) else {
            self.possible.extend(pairs);
            return;
        };
        self.budget = budget;
        let middle: Vec<f64> = ranges.iter().map(|(l, u)| (l + u) / 2.0).collect();
        let pose = self.robot.relative(self.body, &middle);
        let mut open = Possible::new();
        for (i, j) in pairs {
            let (Some(first), Some(second)) = (self.first.get(i), self.second.get(j)) else {
                continue;
            };
            let at = (pose * Point3::from(second.0)).coords;
            let gap = (at - first.0).norm() - first.1 - second.1 - ALLOWANCE;
            if gap < 0.0 {
                self.possible.push((i, j));
            } else if gap <= self.nearer(j, &ranges) {
                open.push((i, j));
            }
        }
        open.retain(|pair| !self.possible.contains(pair));
        let Some((split, (lower, upper))) = self.widest(&ranges, &open) else { return };
        let half = (lower + upper) / 2.0;
        for part in [(lower, half), (half, upper)] {
            let mut ranges = ranges.clone();
            if let Some(range) = ranges.get_mut(split) {
                *range = part;
            }
            open.retain(|pair| !self.possible.contains(pair));
            self.look(ranges, open.clone());
        }
    }

    /// By how much the joints can bring sphere `j` nearer than in the middle.
    fn nearer(&self, j: usize, ranges: &[(f64, f64)]) -> f64 {
        let sweeps = self.sweeps.get(j).map_or(&[][..], |s| s);
        sweeps.iter().zip(ranges).map(|(sweep, (l, u))| sweep * (u - l) / 2.0).sum()
    }

    /// The range that moves the open spheres most.
    fn widest(&self, ranges: &[(f64, f64)], open: &Possible) -> Option<(usize, (f64, f64))> {
        let (_, sphere) = open.first()?;
        let sweeps = self.sweeps.get(*sphere)?;
        let way = |k: usize, (l, u): &(f64, f64)| sweeps.get(k).map_or(0.0, |s| s * (u - l));
        let ranges = ranges.iter().copied().enumerate();
        ranges.max_by(|(i, a), (j, b)| way(*i, a).total_cmp(&way(*j, b)))
    }
}
