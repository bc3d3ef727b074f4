//! Inverse kinematics: from a pose of the tip to joint positions.
//!
//! The rule: what comes back reaches the pose to 1e-9 and is within the limits; when nothing does,
//! the error names the joint, the singularity or the amount. Nothing here allocates but
//! [`Ik::new`] and [`Ik::all_turns`].
//!
//! [`Ik::new`] finds by itself which solver fits the arm: a closed form for a spherical wrist or
//! three parallel axes, polished on the true arm when a description has few digits or comes from a
//! calibration; else damped least squares.

mod axes;
mod closed;
mod elbow;
mod error;
mod lanes;
mod least_squares;
mod numeric;
mod pose;
mod settings;
mod solutions;
mod waist;
mod wrist;

use std::sync::Arc;

pub use error::{IkError, PoseError};
pub(crate) use pose::check as check_pose;
pub use pose::pose_from;
pub use settings::{NumericSettings, Posture};
pub use solutions::{Closeness, Singularity, Solution, Solutions};

use crate::spatial::Transform;
use crate::{ArmModel, JointLimits, JointVector, Pose};
use axes::Skeleton;
use closed::{Branches, ClosedForm, Miss};
use least_squares::Gap;
use numeric::{Nearest, Random, Search};
use solutions::{Outside, Ranking, SINGULAR};

/// Polished until closer than this [m, rad].
const POLISHED: f64 = 1e-11;

/// How an arm's poses are solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Closed form: axes 2 and 3 parallel, axes 4, 5 and 6 meeting in a point.
    SphericalWrist,
    /// Closed form: axes 2, 3 and 4 parallel, axes 5 and 6 meeting.
    ThreeParallel,
    /// Damped least squares.
    Numeric,
}

/// The inverse kinematics of one arm.
///
/// ```
/// # let urdf = include_str!("../../../../config/description/armature.urdf");
/// use arm_model::ik::{Family, Ik};
/// use arm_model::{ArmModel, JointVector};
/// let arm = ArmModel::<6>::from_urdf(urdf, "base_link", "tool0")?;
/// let ik = Ik::new(&arm);
/// assert_eq!(ik.family(), Family::SphericalWrist);
/// let here = JointVector::from([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
/// let ways = ik.solve_all(&arm.forward_kinematics(&here), &here)?;
/// assert!((ways.nearest().joints - here).amax() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ik<const N: usize> {
    arm: ArmModel<N>,
    names: [Arc<str>; N],
    closed: Option<ClosedForm>,
    why: Arc<str>,
    size: f64,
    settings: NumericSettings<N>,
}

impl<const N: usize> Ik<N> {
    /// Finds the family of an arm.
    pub fn new(arm: &ArmModel<N>) -> Self {
        let skeleton = Skeleton::of(arm);
        let (closed, why) = match ClosedForm::of(&skeleton) {
            Ok(closed) => {
                let why = match closed.has_spherical_wrist() {
                    true => "axes 2 and 3 are parallel, axes 4, 5 and 6 meet in a point",
                    false => "axes 2, 3 and 4 are parallel, axes 5 and 6 meet",
                };
                (Some(closed), why.to_owned())
            }
            Err(why) => (None, why),
        };
        Self {
            arm: arm.clone(),
            names: std::array::from_fn(|i| arm.joint_names.get(i).map_or("", |n| n).into()),
            closed,
            why: why.into(),
            size: skeleton.size,
            settings: NumericSettings::default(),
        }
    }

    /// The same with other settings of the numeric solver.
    #[must_use]
    pub fn with_settings(mut self, settings: NumericSettings<N>) -> Self {
        self.settings = settings;
        self
    }

    /// The same by damped least squares even where a closed form fits.
    #[must_use]
    pub fn forced_numeric(mut self) -> Self {
        self.closed = None;
        self.why = "asked for".into();
        self
    }

    /// Which solver this arm has.
    pub fn family(&self) -> Family {
        match &self.closed {
            Some(closed) if closed.has_spherical_wrist() => Family::SphericalWrist,
            Some(_) => Family::ThreeParallel,
            None => Family::Numeric,
        }
    }

    /// Why it has that one: what was found of its axes.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// How far the arm is from its family [rad, m]: 0 but for printed digits and calibration.
    pub fn misfit(&self) -> f64 {
        self.closed.as_ref().map_or(0.0, |closed| closed.misfit)
    }

    /// Lengths of upper arm and forearm [m], of an arm with a closed form.
    pub fn links(&self) -> Option<(f64, f64)> {
        self.closed.as_ref().map(ClosedForm::links)
    }

    /// The arm.
    pub fn arm(&self) -> &ArmModel<N> {
        &self.arm
    }

    /// Joint positions for a pose of the tip, nearest to `reference` [rad].
    ///
    /// # Errors
    /// See [`IkError`].
    pub fn solve(&self, tip: &Pose, reference: &JointVector<N>) -> Result<Solution<N>, IkError> {
        if self.closed.is_some() {
            return Ok(*self.solve_all(tip, reference)?.nearest());
        }
        self.check(tip, reference)?;
        let found = self.search(tip, Some(&self.arm.limits)).run(reference);
        found.map(|q| self.numeric_solution(q, reference)).map_err(not_found)
    }

    /// All ways to a pose of the tip, nearest to `reference` [rad] first. Of an arm without a
    /// closed form, those that its solver finds from several starts.
    ///
    /// # Errors
    /// See [`IkError`].
    pub fn solve_all(
        &self,
        tip: &Pose,
        reference: &JointVector<N>,
    ) -> Result<Solutions<N>, IkError> {
        self.check(tip, reference)?;
        let Some(closed) = &self.closed else { return self.search_all(tip, reference) };
        match self.closed_solutions(closed, tip, reference, Some(&self.arm.limits)) {
            // The true arm may reach what the ideal one does not.
            Err(_) if closed.is_ideal() => self.search_all(tip, reference),
            found => found,
        }
    }

    /// Every variant of every solution by full turns within the limits, nearest to `reference`
    /// [rad] first.
    pub fn all_turns(
        &self,
        solutions: &Solutions<N>,
        reference: &JointVector<N>,
    ) -> Vec<JointVector<N>> {
        let turns = solutions.into_iter().flat_map(|s| s.turns(&self.arm.limits));
        let mut all: Vec<JointVector<N>> = turns.collect();
        all.sort_by(|a, b| (a - reference).norm().total_cmp(&(b - reference).norm()));
        all
    }

    /// The name of a joint, by its place in the chain; empty when there is none.
    pub(crate) fn joint_name(&self, joint: usize) -> Arc<str> {
        self.names.get(joint).cloned().unwrap_or_else(|| "".into())
    }

    /// How close joint positions [rad] are to the nearest singularity.
    pub fn closeness(&self, q: &JointVector<N>) -> Closeness {
        let margins = self.closed.as_ref().and_then(|closed| {
            let tip = self.arm.forward_kinematics(q);
            let branches = closed.branches(&tip, &first_six(q)).ok()?;
            Ranking { reference: q, limits: None }.nearest_margins(&branches)
        });
        margins.unwrap_or_else(|| self.conditioning(q))
    }

    /// The ratio of the least to the largest motion of the tip that joints can make.
    fn conditioning(&self, q: &JointVector<N>) -> Closeness {
        let target = Transform::from_pose(&Pose::identity());
        let jacobian = Gap::new(&self.arm, &target, q).scaled_jacobian(self.size, &[false; N]);
        let squares = (jacobian * jacobian.transpose()).symmetric_eigenvalues();
        // An arm of fewer joints never moves in all directions; its least motion is another one.
        let mut squares: [f64; 6] = squares.into();
        squares.sort_by(|a, b| b.total_cmp(a));
        let least = squares.get(N.clamp(1, 6) - 1).copied().unwrap_or(0.0).max(0.0);
        let margin = (least / squares.first().copied().unwrap_or(1.0)).sqrt();
        Closeness { singularity: Singularity::Other, margin }
    }

    /// The way to a pose that is nearest to `last` [rad], whatever the limits: what a path or a hand
    /// on a joystick follows, to find out for itself what the limits forbid.
    ///
    /// # Errors
    /// See [`IkError`], but for the limits.
    pub fn follow(&self, tip: &Pose, last: &JointVector<N>) -> Result<Solution<N>, IkError> {
        self.check(tip, last)?;
        if let Some(closed) = &self.closed {
            return Ok(*self.closed_solutions(closed, tip, last, None)?.nearest());
        }
        // Within the limits if it can be: a redundant arm may have a way round them.
        let mut nearest = Nearest { starts: 1, ..Nearest::none() };
        for limits in [Some(&self.arm.limits), None] {
            if let Some(q) = self.search(tip, limits).descend(*last, &mut nearest) {
                return Ok(self.numeric_solution(q, last));
            }
        }
        Err(not_found(nearest))
    }

    #[inline]
    fn check(&self, tip: &Pose, reference: &JointVector<N>) -> Result<(), IkError> {
        pose::check(tip)?;
        self.check_reference(reference)
    }

    /// Ok when every position is a number.
    #[inline]
    pub(crate) fn check_reference(&self, reference: &JointVector<N>) -> Result<(), IkError> {
        if reference.sum().is_finite() { Ok(()) } else { self.check_each(reference) }
    }

    #[cold]
    fn check_each(&self, reference: &JointVector<N>) -> Result<(), IkError> {
        match reference.iter().zip(&self.names).find(|(value, _)| !value.is_finite()) {
            Some((&value, name)) => Err(IkError::Reference { joint: name.clone(), value }),
            None => Ok(()),
        }
    }

    #[inline]
    fn closed_solutions(
        &self,
        closed: &ClosedForm,
        tip: &Pose,
        reference: &JointVector<N>,
        limits: Option<&[JointLimits; N]>,
    ) -> Result<Solutions<N>, IkError> {
        let held = first_six(reference);
        let mut branches = closed.branches(tip, &held).map_err(|miss| self.missed(miss))?;
        if closed.is_ideal() {
            self.polish(&mut branches, tip);
        }
        let ranking = Ranking { reference, limits };
        ranking.rank(&branches).map_err(|outside| self.outside(outside))
    }

    /// Newton's steps on the true arm from where the ideal one is.
    #[cold]
    fn polish(&self, branches: &mut Branches, tip: &Pose) {
        let target = Transform::from_pose(tip);
        for b in 0..closed::BRANCHES {
            let Some(q) = branches.get(b) else { continue };
            let start = JointVector::from_fn(|i, _| q.get(i).copied().unwrap_or(0.0));
            let polished = self.polished(&target, start);
            branches.replace(b, polished.as_ref().map(|q| q.as_slice()));
        }
    }

    fn polished(&self, target: &Transform, mut q: JointVector<N>) -> Option<JointVector<N>> {
        for _ in 0..12 {
            let gap = Gap::new(&self.arm, target, &q);
            if gap.closed(POLISHED, POLISHED) {
                return Some(q);
            }
            let jacobian = gap.scaled_jacobian(self.size, &[false; N]);
            let error = gap.error(self.size);
            let damping = (0.05 * error.norm_squared()).max(1e-13);
            q += least_squares::step(&jacobian, &error, damping)?;
        }
        None
    }

    fn search<'a>(&'a self, tip: &Pose, limits: Option<&'a [JointLimits; N]>) -> Search<'a, N> {
        let (arm, settings) = (&self.arm, &self.settings);
        Search { arm, settings, size: self.size, target: Transform::from_pose(tip), limits }
    }

    /// The first solution as [`Self::solve`] finds it, and what other starts find.
    fn search_all(&self, tip: &Pose, reference: &JointVector<N>) -> Result<Solutions<N>, IkError> {
        let search = self.search(tip, Some(&self.arm.limits));
        let first = search.run(reference).map_err(not_found)?;
        let mut found = Solutions::one(self.numeric_solution(first, reference));
        let mut random = Random(self.settings.seed);
        let mut spent = Nearest::none();
        for _ in 1..self.settings.starts {
            let start = search.random_start(&mut random);
            if let Some(q) = search.descend(start, &mut spent) {
                let q = search.wound(q, reference);
                found.insert(self.numeric_solution(q, reference));
            }
        }
        Ok(found)
    }

    fn numeric_solution(&self, joints: JointVector<N>, reference: &JointVector<N>) -> Solution<N> {
        let singular = self.conditioning(&joints).margin < SINGULAR;
        let singularity = singular.then_some(Singularity::Other);
        Solution { joints, distance: (joints - reference).norm(), singularity }
    }

    #[cold]
    fn missed(&self, miss: Miss) -> IkError {
        match miss {
            Miss::Shoulder { by } => IkError::TooCloseToAxis { joint: self.joint_name(0), by },
            Miss::Elbow { by } => IkError::OutOfReach { by },
            Miss::Wrist => IkError::Orientation,
        }
    }

    #[cold]
    fn outside(&self, outside: Option<Outside>) -> IkError {
        let named = outside.and_then(|o| {
            Some((o, self.names.get(o.joint)?.clone(), self.arm.limits.get(o.joint)?))
        });
        match named {
            Some((Outside { position, by, .. }, joint, JointLimits { lower, upper, .. })) => {
                IkError::OutsideLimits { joint, position, lower: *lower, upper: *upper, by }
            }
            None => IkError::Orientation,
        }
    }
}

/// Closed forms know of six joints.
#[inline]
fn first_six<const N: usize>(q: &JointVector<N>) -> [f64; 6] {
    let mut six = [0.0; 6];
    for (six, q) in six.iter_mut().zip(q) {
        *six = *q;
    }
    six
}

#[cold]
fn not_found(nearest: Nearest) -> IkError {
    let Nearest { position, rotation, iterations, starts } = nearest;
    IkError::NotFound { iterations, starts, position, rotation }
}
