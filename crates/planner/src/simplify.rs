//! A shorter way, piece by piece, each of them checked; at any moment it may be stopped and the way so
//! far is good.
//!
//! The rule: a way never becomes longer, and no piece is taken that was not found free or is not part
//! of one that was.

use collision::{Checker, MAX_JOINTS, Tally};

use crate::Simplification;
use crate::halton::Halton;
use crate::path::{Path, between, distance};

/// How much of the pieces next to a corner is tried to cut off, from all to little.
const CUTS: [f32; 4] = [1.0, 0.5, 0.25, 0.1];

/// Shortens a way as long as it pays and `stop` does not say otherwise.
pub(crate) fn simplify(
    path: &mut Path,
    checker: &Checker,
    settings: &Simplification,
    stop: &mut dyn FnMut() -> bool,
    tally: &mut Tally,
) {
    if path.len() < 3 {
        return;
    }
    let mut work = Work { path, checker, tally };
    work.skip_corners();
    let mut halton = Halton::new(2, settings.seed);
    let mut cost = work.path.cost();
    for round in 0..settings.rounds {
        if work.path.len() < 3 || stop() {
            return;
        }
        if round == 0 {
            work.random_cuts(settings.random_cuts, &mut halton);
        }
        work.cut_corners(settings.worth * cost);
        let now = work.path.cost();
        if cost - now < settings.enough * cost {
            return;
        }
        cost = now;
    }
}

struct Work<'a> {
    path: &'a mut Path,
    checker: &'a Checker,
    tally: &'a mut Tally,
}

type Point = [f32; MAX_JOINTS];

impl Work<'_> {
    fn is_free(&mut self, a: &[f32], b: &[f32]) -> bool {
        self.checker.is_motion_free(a, b, self.tally)
    }

    /// From every corner straight to the farthest one that can be reached.
    fn skip_corners(&mut self) {
        let mut at = 0;
        while at + 2 < self.path.len() {
            let mut far = self.path.len() - 1;
            while far > at + 1 {
                let (from, to) = (self.path.point(at), self.path.point(far));
                if self.checker.is_motion_free(from, to, self.tally) {
                    self.path.remove(at + 1, far);
                    break;
                }
                far -= 1;
            }
            at += 1;
        }
    }

    /// Straight between two places of the way that lie on different pieces.
    fn random_cuts(&mut self, count: usize, halton: &mut Halton) {
        for _ in 0..count {
            let mut shares = [0.0; 2];
            halton.next(&mut shares);
            let [a, b] = shares;
            let cost = self.path.cost() as f32;
            let (first, second) = (self.place(a.min(b) * cost), self.place(a.max(b) * cost));
            let (Some((i, p)), Some((j, q))) = (first, second) else { return };
            if i == j {
                continue;
            }
            let n = self.path.joints();
            let (Some(p), Some(q)) = (p.get(..n), q.get(..n)) else { return };
            if self.is_free(p, q) {
                // Corners i + 1 to j give way to p and q.
                self.path.remove(i + 1, j + 1);
                self.path.insert(i + 1, q);
                self.path.insert(i + 1, p);
            }
            if self.path.len() < 3 {
                return;
            }
        }
    }

    /// The piece and the point at a length along the way.
    fn place(&self, mut along: f32) -> Option<(usize, Point)> {
        let last = self.path.len().checked_sub(2)?;
        for i in 0..=last {
            let (a, b) = (self.path.point(i), self.path.point(i + 1));
            let length = distance(a, b);
            if along <= length || i == last {
                let mut point = [0.0; MAX_JOINTS];
                let share = if length > 0.0 { (along / length).clamp(0.0, 1.0) } else { 0.0 };
                between(a, b, share, &mut point);
                return Some((i, point));
            }
            along -= length;
        }
        None
    }

    /// Cuts every corner as deep as is free, when the gain is worth it.
    fn cut_corners(&mut self, worth: f64) {
        let mut at = 1;
        let n = self.path.joints();
        while at + 1 < self.path.len() {
            let mut cut = false;
            for share in CUTS {
                let (mut p, mut q) = ([0.0; MAX_JOINTS], [0.0; MAX_JOINTS]);
                let (Some(p), Some(q)) = (p.get_mut(..n), q.get_mut(..n)) else { return };
                let (a, v, b) =
                    (self.path.point(at - 1), self.path.point(at), self.path.point(at + 1));
                between(v, a, share, p);
                between(v, b, share, q);
                let gain = distance(p, v) + distance(v, q) - distance(p, q);
                if f64::from(gain) < worth {
                    break;
                }
                if self.is_free(p, q) {
                    if share == 1.0 {
                        self.path.remove(at, at + 1);
                    } else {
                        self.path.set(at, q);
                        self.path.insert(at, p);
                        at += 2;
                    }
                    cut = true;
                    break;
                }
            }
            if !cut {
                at += 1;
            }
        }
    }
}
