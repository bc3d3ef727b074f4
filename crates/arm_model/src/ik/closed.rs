//! The two families of six-joint arms that have closed forms here, found in the axes alone.
//!
//! *Spherical wrist*: axes 4, 5 and 6 meet in a point. *Three parallel*: axis 4 is parallel to 2
//! and 3, and axes 5 and 6 meet. Both: axes 2 and 3 are parallel and axis 1 is not parallel to
//! them. Where the joints are at zero, which way axes point, whether angles are right angles and
//! where the tool sits does not matter.
//!
//! Up to eight branches: *facing* the target or not (the lane), elbow one way or the other, wrist
//! one way or the other. The decomposition into subproblems is that of Elias and Wen, "IK-Geo"
//! (2022), the subproblems themselves are Paden's.
#![allow(clippy::indexing_slicing)] // constant indices into arrays of constant size

use nalgebra::{Matrix3, Vector3};

use super::axes::{Line, Skeleton, meeting, parallel_sign, skew};
use super::elbow::Elbow;
use super::lanes::{Pair, Triple, both, times};
use super::waist::{Facing, Slack, Waist};
use super::wrist::{Held, Wrist};
use crate::Pose;

/// Farther from its family than this [rad, m], and an arm is none of it.
const FAMILY_LIKENESS: f64 = 5e-3;

/// Farther from its family than this [rad, m], a closed form's answer must be polished.
const EXACT: f64 = 1e-11;

/// How many branches there can be.
pub(super) const BRANCHES: usize = 2 * PAIRS;
/// How many pairs of branches: elbow and wrist one way or the other.
pub(super) const PAIRS: usize = 4;

/// A target that no branch reaches, and by how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Miss {
    /// Too close to the first axis [m].
    Shoulder { by: f64 },
    /// Too far from or too close to the second axis [m].
    Elbow { by: f64 },
    /// The axes of the wrist are not at right angles, and this orientation would need that.
    Wrist,
}

/// Joint positions of every branch, joint by joint, two branches to a pair.
#[derive(Debug, Clone)]
pub(super) struct Branches {
    /// Not wrapped [rad].
    pub joints: [[Pair; PAIRS]; 6],
    /// All bits set where the target is reached.
    pub reached: [Pair; PAIRS],
    /// How far each branch is from the singularity of shoulder, elbow and wrist, 0 to 1.
    pub margins: [[Pair; PAIRS]; 3],
}

/// What the two families share.
#[derive(Debug, Clone)]
pub(super) struct ClosedForm {
    waist: Waist,
    elbow: Elbow,
    wrist: Wrist,
    family: Parts,
    /// The last frame of the wrist, in the tip.
    wrist_in_tip: Matrix3<f64>,
    /// The point that the first three joints must place, in the tip [m].
    target_in_tip: Vector3<f64>,
    /// How far the arm is from its family [rad, m]: 0 but for printed digits and calibration.
    pub misfit: f64,
}

#[derive(Debug, Clone)]
enum Parts {
    Spherical {
        /// Takes coordinates of the plane to those of the wrist's first frame.
        plane_to_wrist: Matrix3<f64>,
    },
    Parallel {
        /// Takes waist coordinates to those of the wrist's first frame.
        waist_to_wrist: Matrix3<f64>,
        /// From the fourth axis to the target, in the plane, at zero [m].
        fourth_to_target: (f64, f64),
        /// -1 when the fourth axis points against the second.
        sign: f64,
    },
}

impl ClosedForm {
    /// The arm as one of the family that it is nearer to, or why it is of none.
    pub fn of(arm: &Skeleton) -> Result<Self, String> {
        match (Self::spherical(arm), Self::three_parallel(arm)) {
            (Ok(spherical), Ok(parallel)) if parallel.misfit < spherical.misfit - EXACT => {
                Ok(parallel)
            }
            (Ok(spherical), _) => Ok(spherical),
            (Err(_), Ok(parallel)) => Ok(parallel),
            (Err(spherical), Err(parallel)) => Err(format!(
                "no spherical wrist, because {spherical}; no three parallel axes, because {parallel}"
            )),
        }
    }

    /// The arm as one with a spherical wrist, or why it is none.
    fn spherical(arm: &Skeleton) -> Result<Self, String> {
        let axes = six(arm)?;
        let [first, second, third, fourth, fifth, sixth] = axes;
        let (center, apart) =
            meeting(&[*fourth, *fifth, *sixth]).ok_or("axes 4, 5 and 6 are parallel".to_owned())?;
        let tilt = check("axes 2 and 3 are not parallel", skew_of(second, third), "rad")?;
        check("axes 4, 5 and 6 do not meet in a point", apart, "m")?;
        let slack = slack(tilt.max(apart));
        let waist = Waist::new(first, second, &center, arm.size, slack).ok_or(WAIST)?;
        let target = waist.in_plane(&center);
        let elbow = Elbow::new(&waist, second, third, target, slack).ok_or(LINKS)?;
        let wrist = Wrist::new(&fourth.direction, &fifth.direction, sixth, slack).ok_or(WRIST)?;
        let to_base = waist.plane() * waist.rotation(&Matrix3::identity());
        let family = Parts::Spherical { plane_to_wrist: wrist.into_first * to_base.transpose() };
        Ok(Self::assemble(arm, (waist, elbow, wrist), family, center, tilt.max(apart)))
    }

    /// The arm as one with three parallel axes, or why it is none.
    fn three_parallel(arm: &Skeleton) -> Result<Self, String> {
        let axes = six(arm)?;
        let [first, second, third, fourth, fifth, sixth] = axes;
        let tilt = check("axes 2 and 3 are not parallel", skew_of(second, third), "rad")?;
        let other = check("axes 2 and 4 are not parallel", skew_of(second, fourth), "rad")?;
        let (meet, apart) =
            meeting(&[*fifth, *sixth]).ok_or("axes 5 and 6 are parallel".to_owned())?;
        check("axes 5 and 6 do not meet", apart, "m")?;
        let misfit = tilt.max(other).max(apart);
        let slack = slack(misfit);
        let waist = Waist::new(first, second, &meet, arm.size, slack).ok_or(WAIST)?;
        let (axis, target) = (waist.in_plane(&fourth.point), waist.in_plane(&meet));
        let elbow = Elbow::new(&waist, second, third, axis, slack).ok_or(LINKS)?;
        let wrist = Wrist::new(&second.direction, &fifth.direction, sixth, slack).ok_or(WRIST)?;
        let to_waist = waist.rotation(&Matrix3::identity());
        let family = Parts::Parallel {
            waist_to_wrist: wrist.into_first * to_waist.transpose(),
            fourth_to_target: (target.0 - axis.0, target.1 - axis.1),
            sign: parallel_sign(&second.direction, &fourth.direction),
        };
        Ok(Self::assemble(arm, (waist, elbow, wrist), family, meet, misfit))
    }

    fn assemble(
        arm: &Skeleton,
        (waist, elbow, wrist): (Waist, Elbow, Wrist),
        family: Parts,
        target: Vector3<f64>,
        misfit: f64,
    ) -> Self {
        let into_tip = arm.tip.rotation.transpose();
        let wrist_in_tip = into_tip * wrist.last;
        let target_in_tip = into_tip * (target - arm.tip.origin);
        Self { waist, elbow, wrist, family, wrist_in_tip, target_in_tip, misfit }
    }

    /// Whether its answers are of an ideal arm, which the true one is near.
    pub fn is_ideal(&self) -> bool {
        self.misfit > EXACT
    }

    pub fn has_spherical_wrist(&self) -> bool {
        matches!(self.family, Parts::Spherical { .. })
    }

    /// Lengths of upper arm and forearm [m].
    pub fn links(&self) -> (f64, f64) {
        (self.elbow.upper_length, self.elbow.fore_length)
    }

    /// All branches for a pose of the tip; joints that do not matter stay at `held` [rad].
    #[inline]
    pub fn branches(&self, tip: &Pose, held: &[f64; 6]) -> Result<Branches, Miss> {
        let rotation = tip.rotation.to_rotation_matrix().into_inner();
        let target = crate::spatial::turn(&rotation, &self.target_in_tip) + tip.translation.vector;
        let facing = self.waist.face(&self.waist.place(&target), held[0])?;
        let wrist = crate::spatial::product(&self.waist.rotation(&rotation), &self.wrist_in_tip);
        let seen = |column: usize| {
            let [x, y, z] = both(&wrist.column(column).into());
            let (x, y) = facing.turn.back().apply(x, y);
            [x, y, z]
        };
        let (x, z) = (seen(0), seen(2));
        let mut found = Branches::none();
        found.put_shoulder(facing.turn.angle(), facing.margin);
        match &self.family {
            Parts::Spherical { plane_to_wrist } => {
                self.spherical_branches(&facing, plane_to_wrist, (x, z), held, &mut found)
            }
            Parts::Parallel { .. } => self.parallel_branches(&facing, (x, z), held, &mut found),
        }
        .map_or(Ok(found), Err)
    }

    /// First the elbow, which places the wrist's center, then the wrist.
    #[inline]
    fn spherical_branches(
        &self,
        facing: &Facing,
        plane_to_wrist: &Matrix3<f64>,
        (x, z): (Triple, Triple),
        held: &[f64; 6],
        found: &mut Branches,
    ) -> Option<Miss> {
        let stretch = self.elbow.stretch(facing.x, facing.w);
        if stretch.reached.to_bitmask() == 0 {
            return Some(Miss::Elbow { by: self.elbow.missing(&stretch) });
        }
        let into_plane = |[x, y, z]: Triple| {
            let (axis_y, axis_z) = (Pair::splat(self.waist.axis_y), Pair::splat(self.waist.axis_z));
            [x, axis_z * y - axis_y * z, axis_y * y + axis_z * z]
        };
        let (x, z) = (into_plane(x), into_plane(z));
        let mut oriented = false;
        for (e, elbow_side) in [1.0, -1.0].into_iter().enumerate() {
            let bend = self.elbow.bend(&stretch, elbow_side, held[1]);
            let both = bend.second.and(bend.third).back();
            let unbent = |[x, w, h]: Triple| {
                let (x, w) = both.apply(x, w);
                times(plane_to_wrist, [x, w, h])
            };
            let tilt = self.wrist.tilt(unbent(x), unbent(z));
            let reached = stretch.reached & tilt.reached;
            oriented |= reached.any();
            let (second, third) =
                (bend.second.angle(), self.elbow.third_joint(&stretch, elbow_side).1);
            let ways = self.wrist.both_ways(&tilt, Held::First(held[3]));
            for (w, turns) in ways.into_iter().enumerate() {
                let at = 2 * e + w;
                found.put(at, [second, third, turns.first, turns.middle, turns.last]);
                found.put_margins(at, self.elbow.margin(&stretch), tilt.margin, reached);
            }
        }
        (!oriented).then_some(Miss::Wrist)
    }

    /// First the wrist, whose first turn is the sum of the three parallel joints, then the elbow.
    #[inline]
    fn parallel_branches(
        &self,
        facing: &Facing,
        (x, z): (Triple, Triple),
        held: &[f64; 6],
        found: &mut Branches,
    ) -> Option<Miss> {
        let Parts::Parallel { waist_to_wrist, fourth_to_target, sign } = &self.family else {
            return None;
        };
        let tilt = self.wrist.tilt(times(waist_to_wrist, x), times(waist_to_wrist, z));
        if tilt.reached.to_bitmask() == 0 {
            return Some(Miss::Wrist);
        }
        let mut missing = f64::INFINITY;
        let ways = self.wrist.both_ways(&tilt, Held::Last(held[5]));
        for (w, turns) in ways.into_iter().enumerate() {
            let (dx, dw) = turns
                .first_turn
                .apply(Pair::splat(fourth_to_target.0), Pair::splat(fourth_to_target.1));
            let stretch = self.elbow.stretch(facing.x - dx, facing.w - dw);
            let reached = stretch.reached & tilt.reached;
            missing = missing.min(if reached.any() { 0.0 } else { self.elbow.missing(&stretch) });
            for (e, elbow_side) in [1.0, -1.0].into_iter().enumerate() {
                let at = 2 * e + w;
                let bend = self.elbow.bend(&stretch, elbow_side, held[1]);
                let second = bend.second.angle();
                let (turn, third) = self.elbow.third_joint(&stretch, elbow_side);
                let fourth = (turns.first - second - turn) * Pair::splat(*sign);
                found.put(at, [second, third, fourth, turns.middle, turns.last]);
                found.put_margins(at, self.elbow.margin(&stretch), tilt.margin, reached);
            }
        }
        (missing > 0.0).then_some(Miss::Elbow { by: missing })
    }
}

impl Branches {
    fn none() -> Self {
        let zero = [Pair::ZERO; PAIRS];
        Self { joints: [zero; 6], reached: zero, margins: [zero; 3] }
    }

    /// The joint positions of a branch; none when it does not reach the target.
    pub fn get(&self, b: usize) -> Option<[f64; 6]> {
        let reached = self.reached[b / 2].to_bitmask() >> (b % 2) & 1 != 0;
        reached.then(|| self.joints.each_ref().map(|joint| joint[b / 2].to_array()[b % 2]))
    }

    /// Other joint positions for a branch, or that it does not reach the target.
    pub fn replace(&mut self, b: usize, joints: Option<&[f64]>) {
        let lane = Pair::new(if b.is_multiple_of(2) { [1.0, 0.0] } else { [0.0, 1.0] })
            .simd_gt(Pair::ZERO);
        for (joint, value) in self.joints.iter_mut().zip(joints.unwrap_or_default()) {
            joint[b / 2] = lane.bitselect(Pair::splat(*value), joint[b / 2]);
        }
        if joints.is_none() {
            self.reached[b / 2] = lane.bitselect(Pair::ZERO, self.reached[b / 2]);
        }
    }

    #[inline]
    fn put_shoulder(&mut self, first: Pair, margin: f64) {
        self.joints[0] = [first; PAIRS];
        self.margins[0] = [Pair::splat(margin); PAIRS];
    }

    /// Joints 2 to 6 of a pair of branches.
    #[inline]
    fn put(&mut self, at: usize, values: [Pair; 5]) {
        for (joint, value) in self.joints[1..].iter_mut().zip(values) {
            joint[at] = value;
        }
    }

    #[inline]
    fn put_margins(&mut self, at: usize, elbow: Pair, wrist: Pair, reached: Pair) {
        (self.margins[1][at], self.margins[2][at], self.reached[at]) = (elbow, wrist, reached);
    }
}

fn slack(misfit: f64) -> Slack {
    Slack::new(misfit, misfit > EXACT)
}

const WAIST: &str = "axes 1 and 2 are parallel";
const LINKS: &str = "upper arm or forearm has no length";
const WRIST: &str = "neighbouring axes of the wrist are parallel";

fn six(arm: &Skeleton) -> Result<&[Line; 6], String> {
    let axes = arm.axes.as_slice();
    axes.try_into().map_err(|_| format!("it has {} joints, not 6", axes.len()))
}

fn skew_of(a: &Line, b: &Line) -> f64 {
    skew(&a.direction, &b.direction)
}

/// The deviation, or what is wrong when it is too large.
fn check(wrong: &str, by: f64, unit: &str) -> Result<f64, String> {
    if by <= FAMILY_LIKENESS { Ok(by) } else { Err(format!("{wrong}, by {by:.3} {unit}")) }
}
