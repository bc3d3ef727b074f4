//! Inverse kinematics of any serial arm: damped least squares from the reference, then from random
//! places, until one start arrives.
//!
//! The rule: the same arm, pose, reference and seed give the same answer, and the number of
//! iterations is bounded, whatever the pose.
//!
//! Damping is proportional to the squared error (Chan and Lawrence 1988): cautious far away, the
//! Newton step close by. A joint that runs into its limit stays there while it pushes outwards.
#![allow(clippy::indexing_slicing)] // loops over 0..N into arrays of N

use super::least_squares::{Gap, step};
use super::settings::{NumericSettings, Posture};
use super::solutions::wound;
use crate::spatial::Transform;
use crate::{ArmModel, JointLimits, JointVector};

/// Damping per half squared error.
const DAMPING: f64 = 0.1;
/// Smallest damping: below the rounding of the normal equations nothing is gained.
const LEAST_DAMPING: f64 = 1e-13;
/// Longest step of a joint [rad].
const LONGEST_STEP: f64 = 1.0;
/// Iterations of one start.
const PER_START: usize = 40;
/// A start that has not halved its error in so many iterations is given up.
const PATIENCE: usize = 6;

/// One search.
pub(super) struct Search<'a, const N: usize> {
    pub arm: &'a ArmModel<N>,
    pub settings: &'a NumericSettings<N>,
    /// Length that counts as much as one radian [m].
    pub size: f64,
    pub target: Transform,
    /// None to ignore the limits.
    pub limits: Option<&'a [JointLimits; N]>,
}

/// How near a search came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nearest {
    pub position: f64,
    pub rotation: f64,
    pub iterations: usize,
    pub starts: usize,
}

impl<const N: usize> Search<'_, N> {
    /// Joint positions for the target, from the reference if possible.
    pub fn run(&self, reference: &JointVector<N>) -> Result<JointVector<N>, Nearest> {
        let mut random = Random(self.settings.seed);
        let mut nearest =
            Nearest { position: f64::INFINITY, rotation: f64::INFINITY, iterations: 0, starts: 0 };
        while nearest.iterations < self.settings.iterations {
            let start = match nearest.starts {
                0 => self.clamped(reference),
                _ => self.random_start(&mut random),
            };
            nearest.starts += 1;
            if let Some(q) = self.descend(start, &mut nearest) {
                return Ok(self.settled(q, reference));
            }
        }
        Err(nearest)
    }

    /// A random place to start from.
    pub fn random_start(&self, random: &mut Random) -> JointVector<N> {
        JointVector::from_fn(|i, _| {
            let limits = &self.arm.limits[i];
            limits.lower + (limits.upper - limits.lower) * random.unit()
        })
    }

    /// Downhill from one start.
    #[inline]
    pub fn descend(&self, mut q: JointVector<N>, nearest: &mut Nearest) -> Option<JointVector<N>> {
        let (mut best, mut since) = (f64::INFINITY, 0);
        for _ in 0..PER_START.min(self.settings.iterations.saturating_sub(nearest.iterations)) {
            nearest.iterations += 1;
            let gap = Gap::new(self.arm, &self.target, &q);
            if gap.closed(self.settings.position_tolerance, self.settings.rotation_tolerance) {
                return Some(q);
            }
            let error = gap.error(self.size).norm_squared();
            nearest.note(&gap, self.size);
            since += 1;
            if error < 0.25 * best {
                (best, since) = (error, 0);
            } else if since > PATIENCE {
                return None;
            }
            q = self.improved(&q, &gap)?;
        }
        None
    }

    /// After one step; joints that push against a limit stay.
    #[inline]
    fn improved(&self, q: &JointVector<N>, gap: &Gap<N>) -> Option<JointVector<N>> {
        let error = gap.error(self.size);
        let damping = (0.5 * DAMPING * error.norm_squared()).max(LEAST_DAMPING);
        let mut stuck = [false; N];
        loop {
            let change = step(&gap.scaled_jacobian(self.size, &stuck), &error, damping)?;
            if !self.stop_at_limits(q, &change, &mut stuck) {
                let shrink = (LONGEST_STEP / change.amax()).min(1.0);
                return Some(self.clamped(&(q + change * shrink)));
            }
        }
    }

    /// Marks the joints at a limit that a step would push beyond; whether there were new ones.
    #[inline]
    fn stop_at_limits(
        &self,
        q: &JointVector<N>,
        change: &JointVector<N>,
        stuck: &mut [bool; N],
    ) -> bool {
        let Some(limits) = self.limits else { return false };
        let mut new = false;
        for i in 0..N {
            let outwards = (q[i] <= limits[i].lower && change[i] < 0.0)
                || (q[i] >= limits[i].upper && change[i] > 0.0);
            new |= outwards && !stuck[i];
            stuck[i] |= outwards;
        }
        new
    }

    fn clamped(&self, q: &JointVector<N>) -> JointVector<N> {
        match self.limits {
            Some(limits) => {
                JointVector::from_fn(|i, _| q[i].max(limits[i].lower).min(limits[i].upper))
            }
            None => *q,
        }
    }

    /// The same pose closer to the posture that is wanted, or by full turns to the reference.
    pub fn settled(&self, q: JointVector<N>, reference: &JointVector<N>) -> JointVector<N> {
        let q = self.wound(q, reference);
        match self.settings.posture {
            _ if N <= 6 => q,
            Posture::Any => q,
            Posture::Reference => self.postured(q, reference),
            Posture::At(posture) => self.postured(q, &posture),
        }
    }

    /// Every joint at its full turn nearest to the reference.
    pub fn wound(&self, q: JointVector<N>, reference: &JointVector<N>) -> JointVector<N> {
        JointVector::from_fn(|i, _| match self.limits {
            Some(limits) => wound_within(q[i], reference[i], &limits[i]),
            None => wound(q[i], reference[i]),
        })
    }

    /// Moves a redundant arm towards a posture while the tip stays.
    fn postured(&self, mut q: JointVector<N>, posture: &JointVector<N>) -> JointVector<N> {
        for _ in 0..self.settings.posture_steps {
            let gap = Gap::new(self.arm, &self.target, &q);
            let Some(change) = self.idle_motion(&q, &gap, &(posture - q)) else { return q };
            if change.amax() < self.settings.posture_tolerance {
                return q;
            }
            let mut scratch = Nearest::none();
            let Some(moved) = self.descend(self.clamped(&(q + change)), &mut scratch) else {
                return q;
            };
            if (posture - moved).norm_squared() >= (posture - q).norm_squared() {
                return q;
            }
            q = moved;
        }
        q
    }

    /// The part of a change that does not move the tip.
    fn idle_motion(
        &self,
        q: &JointVector<N>,
        gap: &Gap<N>,
        wanted: &JointVector<N>,
    ) -> Option<JointVector<N>> {
        let mut stuck = [false; N];
        loop {
            let jacobian = gap.scaled_jacobian(self.size, &stuck);
            let free = JointVector::<N>::from_fn(|i, _| if stuck[i] { 0.0 } else { wanted[i] });
            let change = free - step(&jacobian, &(jacobian * free), LEAST_DAMPING)?;
            if !self.stop_at_limits(q, &change, &mut stuck) {
                return Some(change * (0.5 * LONGEST_STEP / change.amax()).min(1.0));
            }
        }
    }
}

impl Nearest {
    pub fn none() -> Self {
        Self { position: f64::INFINITY, rotation: f64::INFINITY, iterations: 0, starts: 0 }
    }

    #[inline]
    fn note<const N: usize>(&mut self, gap: &Gap<N>, size: f64) {
        let (position, rotation) = (gap.shift.norm(), gap.turn.norm());
        if position / size + rotation < self.position / size + self.rotation {
            (self.position, self.rotation) = (position, rotation);
        }
    }
}

/// The full turn nearest to another angle that is within limits; the angle itself when it is.
fn wound_within(angle: f64, near: f64, limits: &JointLimits) -> f64 {
    let inside = |q: f64| q >= limits.lower && q <= limits.upper;
    let turned = wound(angle, near.max(limits.lower).min(limits.upper));
    let turn = std::f64::consts::TAU;
    [turned, turned - turn, turned + turn].into_iter().find(|q| inside(*q)).unwrap_or(angle)
}

/// SplitMix64 (Steele, Lea, Flood 2014): as many good bits as starts need, from any seed.
pub(super) struct Random(pub u64);

impl Random {
    /// In [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
