//! A straight motion in joint space, checked at many places at once.
//!
//! The rule: the places are near enough to each other, and the balls wide enough, that a ball of the
//! given radius cannot touch anything between two places either. Only single precision is left out
//! of account, and for that the balls are wider still.
//!
//! The lanes of one vector lie spread over the whole motion (the "rake" of W. Thomason, Z. Kingston
//! and L. Kavraki, *Motions in Microseconds via Vectorized Sampling-Based Planning*, ICRA 2024), so a
//! blocked motion mostly ends after one or two blocks.

use fearless_simd::prelude::*;

use super::{Check, Kernel, collides};
use crate::MAX_JOINTS;
use crate::checker::Tally;
use crate::field::Field;
use crate::kernel::Stride;

/// Checked first: nearly all motions are decided here.
pub(crate) const COARSE: Stride = Stride { way: 0.04, turn: 0.15 };
/// Checked when the wide margin of the first try hits something.
pub(crate) const FINE: Stride = Stride { way: 0.005, turn: 0.02 };
/// Index of the radii without margin, then those of the strides.
const BARE: usize = 0;
const STRIDES: [(usize, Stride); 2] = [(1, COARSE), (2, FINE)];

/// Whether the whole motion is free.
#[inline(always)]
pub(crate) fn is_free<S: Simd>(
    simd: S,
    (kernel, field): (&Kernel, &Field),
    from: &[f32],
    to: &[f32],
    tally: &mut Tally,
) -> bool {
    for (margin, stride) in STRIDES {
        let rounds = rounds(kernel, from, to, stride, S::f32s::LEN);
        let rake = Rake { from, to, rounds };
        let mut check = Check { kernel, field, margin, lanes: all_lanes(S::f32s::LEN) };
        let Some(hit) = rake.first_hit(simd, check, tally) else { return true };
        // Nothing but the margin may have hit: then the finer stride decides.
        check.margin = BARE;
        check.lanes = hit.lanes;
        if rake.hits(simd, check, hit.round, tally) != 0 {
            return false;
        }
    }
    false
}

/// Lanes as bits.
pub(crate) fn all_lanes(count: usize) -> u64 {
    u64::MAX >> (64 - count.clamp(1, 64))
}

/// How many blocks a motion needs.
#[inline]
fn rounds(kernel: &Kernel, from: &[f32], to: &[f32], stride: Stride, lanes: usize) -> usize {
    let (mut way, mut turn) = (0.0, 0.0);
    for (((a, b), sweep), turns) in from.iter().zip(to).zip(&kernel.sweep).zip(&kernel.turns) {
        let change = f64::from((b - a).abs());
        way += change * sweep;
        turn += if *turns { change } else { 0.0 };
    }
    let gaps = (way / stride.way).max(turn / stride.turn);
    // Places are one more than gaps.
    ((gaps.ceil() as usize + 1).div_ceil(lanes)).max(1)
}

/// A motion and the places on it: lane `l` of round `r` is the place `l * rounds + r`.
struct Rake<'a> {
    from: &'a [f32],
    to: &'a [f32],
    rounds: usize,
}

/// Where the first collision was found.
struct Hit {
    round: usize,
    lanes: u64,
}

impl Rake<'_> {
    #[inline(always)]
    fn first_hit<S: Simd>(&self, simd: S, check: Check, tally: &mut Tally) -> Option<Hit> {
        // From the far end of each lane's stretch to the near one. A loop, since a closure would be
        // compiled for the plainest processor.
        let mut round = self.rounds;
        while round > 0 {
            round -= 1;
            let lanes = self.hits(simd, check, round, tally);
            if lanes != 0 {
                return Some(Hit { round, lanes });
            }
        }
        None
    }

    #[inline(always)]
    fn hits<S: Simd>(&self, simd: S, check: Check, round: usize, tally: &mut Tally) -> u64 {
        tally.blocks += 1;
        tally.configurations += S::f32s::LEN as u64;
        let last = (self.rounds * S::f32s::LEN).saturating_sub(1).max(1) as f32;
        let mut share = S::f32s::splat(simd, 0.0);
        for (lane, place) in share.as_mut_slice().iter_mut().enumerate() {
            *place = (lane * self.rounds + round) as f32;
        }
        let share = share * (1.0 / last);
        let mut positions = [share; MAX_JOINTS];
        for ((at, a), b) in positions.iter_mut().zip(self.from).zip(self.to) {
            *at = share.mul_add(b - a, *a);
        }
        collides(simd, check, &positions)
    }
}
