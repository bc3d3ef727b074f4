//! One call from a start and a goal to a motion that can be driven: search, shorten, time, look again.
//!
//! The rule: what comes out is free of collision as it will be driven, rounded corners included, and
//! keeps the limits that it was timed with.

mod error;
mod goals;
mod look;

use arm_model::cartesian::{self, PathSettings, Segment};
use arm_model::ik::Ik;
use arm_model::{JointVector, Pose};
use collision::{Checker, Tally};
use time_parameterization::{PathRequest, Shape, Timed, Timing, TimingError};

pub use error::MotionError;
pub use goals::Tolerance;
pub use look::first_contact;

use crate::{Planner, Settings, Simplification};

/// Corners nearer than this are the same [rad].
const SAME: f64 = 1e-9;
/// What is tried of the accuracy when a rounded corner is not free; with none, the motion stops at
/// the corners and goes just where the search found it free.
const ACCURACIES: [f64; 3] = [1.0, 0.25, 0.0];

/// Where to go.
#[derive(Debug, Clone)]
pub enum Target<'a, const N: usize> {
    /// To any of these joint positions [rad].
    Joints(&'a [[f64; N]]),
    /// To a pose of the tip, in whatever way of standing there.
    Pose(Pose, Tolerance),
    /// Along a line or an arc of the tip, from where the arm stands.
    Segment(&'a Segment),
}

/// How to go there.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Part of the greatest speed, more than 0 and at most 1.
    pub speed: f64,
    /// How far the motion may be from the way that was found [rad, Euclidean norm]: rounder corners
    /// are quicker.
    pub accuracy: f64,
    /// How to search.
    pub search: Settings,
    /// How to shorten.
    pub simplification: Simplification,
    /// How closely a line or an arc is followed.
    pub path: PathSettings,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            speed: 1.0,
            accuracy: 0.05,
            search: Settings::default(),
            simplification: Simplification::default(),
            path: PathSettings::default(),
        }
    }
}

/// A motion to drive.
#[derive(Debug, Clone)]
pub struct Motion<const N: usize> {
    /// Points in time, as the trajectory service takes them.
    pub timed: Timed<N>,
    /// The corners of the way, or the waypoints of the segment [rad].
    pub waypoints: Vec<[f64; N]>,
    /// How far it may be from them [rad]; less than asked for where a corner is tight.
    pub accuracy: f64,
    /// Length of the way as found and as shortened [rad].
    pub costs: [f64; 2],
    /// Checks made.
    pub tally: Tally,
}

/// Plans motions for one arm in one scene.
#[derive(Debug)]
pub struct MotionPlanner<'a, const N: usize> {
    ik: &'a Ik<N>,
    checker: &'a Checker,
    timing: &'a Timing<'a, N>,
    planner: Planner,
}

impl<'a, const N: usize> MotionPlanner<'a, N> {
    /// Puts together kinematics, collision model and timing, which must be of the same arm.
    ///
    /// # Errors
    /// [`MotionError::OtherArm`].
    pub fn new(
        ik: &'a Ik<N>,
        checker: &'a Checker,
        timing: &'a Timing<'a, N>,
    ) -> Result<Self, MotionError> {
        let kinematics: Vec<String> = ik.arm().joint_names().to_vec();
        let joints = checker.robot().joints().iter();
        let collision: Vec<String> = joints.map(|joint| joint.name.clone()).collect();
        if kinematics != collision {
            return Err(MotionError::OtherArm { kinematics, collision });
        }
        Ok(Self { ik, checker, timing, planner: Planner::new(N) })
    }

    /// A motion from rest at `start` [rad] to rest at the target. `stop` is asked now and then: a
    /// search ends in [`crate::PlanError::TimeOver`], shortening ends with what it has.
    ///
    /// # Errors
    /// See [`MotionError`].
    pub fn motion(
        &mut self,
        start: &[f64; N],
        target: &Target<N>,
        request: &Request,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<Motion<N>, MotionError> {
        match target {
            Target::Joints(goals) => {
                let goals: Vec<Vec<f64>> = goals.iter().map(|goal| goal.to_vec()).collect();
                self.search(start, &goals, request, stop)
            }
            Target::Pose(pose, tolerance) => {
                let goals = goals::goals(self.ik, self.checker, start, (pose, tolerance))?;
                self.search(start, &goals, request, stop)
            }
            Target::Segment(segment) => self.follow(start, segment, request),
        }
    }

    fn search(
        &mut self,
        start: &[f64; N],
        goals: &[Vec<f64>],
        request: &Request,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<Motion<N>, MotionError> {
        let plan =
            self.planner.plan(self.checker, (start.as_slice(), goals), &request.search, stop)?;
        let (mut path, mut tally) = (plan.path, plan.tally);
        let raw = path.cost();
        let shorten = &request.simplification;
        add(&mut tally, self.planner.simplify(self.checker, &mut path, shorten, stop));
        let costs = [raw, path.cost()];
        let waypoints = self.waypoints(&path.corners());
        if waypoints.len() < 2 {
            return Err(MotionError::AlreadyThere);
        }
        let mut refusal = MotionError::AlreadyThere;
        for share in ACCURACIES {
            let accuracy = request.accuracy * share;
            let ask = PathRequest { speed: request.speed, accuracy, shape: Shape::Lines };
            match self.timing.path(&waypoints, &ask) {
                // Straight pieces, which were found free.
                Ok(timed) if share == 0.0 || waypoints.len() == 2 => {
                    return Ok(Motion { timed, waypoints, accuracy, costs, tally });
                }
                Ok(timed) => match look::touches(self.checker, &timed, &mut tally) {
                    None => return Ok(Motion { timed, waypoints, accuracy, costs, tally }),
                    Some((share, contact)) => refusal = MotionError::Contact { share, contact },
                },
                Err(error @ TimingError::Swings { .. }) => refusal = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(refusal)
    }

    /// The corners in the limits of the arm (single precision may leave them by its last digit), none
    /// of them twice.
    fn waypoints(&self, corners: &[Vec<f64>]) -> Vec<[f64; N]> {
        let joints = self.checker.robot().joints();
        let mut waypoints: Vec<[f64; N]> = Vec::with_capacity(corners.len());
        for corner in corners {
            let mut at = [0.0; N];
            for ((at, x), joint) in at.iter_mut().zip(corner).zip(joints) {
                *at = x.max(joint.lower).min(joint.upper);
            }
            let same = |last: &[f64; N]| {
                last.iter().zip(&at).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() < SAME * SAME
            };
            match waypoints.last_mut() {
                Some(last) if same(last) => *last = at,
                _ => waypoints.push(at),
            }
        }
        waypoints
    }

    fn follow(
        &self,
        start: &[f64; N],
        segment: &Segment,
        request: &Request,
    ) -> Result<Motion<N>, MotionError> {
        let reference = JointVector::<N>::from(*start);
        let path = cartesian::follow(self.ik, segment, &reference, &request.path)?;
        let corners: Vec<Vec<f64>> =
            path.waypoints.iter().map(|w| w.joints.iter().copied().collect()).collect();
        let waypoints = self.waypoints(&corners);
        if waypoints.len() < 2 {
            return Err(MotionError::AlreadyThere);
        }
        let mut tally = Tally::default();
        if let Some((index, contact)) =
            look::contact(self.checker, waypoints.iter().copied(), &mut tally)
        {
            let share = path.waypoints.get(index).map_or(1.0, |w| w.share);
            return Err(MotionError::Contact { share, contact });
        }
        let accuracy = request.accuracy;
        let ask = PathRequest { speed: request.speed, accuracy, shape: Shape::Through };
        let timed = self.timing.path(&waypoints, &ask)?;
        if let Some((share, contact)) = look::touches(self.checker, &timed, &mut tally) {
            return Err(MotionError::Contact { share, contact });
        }
        let pieces = waypoints.windows(2).map(|pair| match pair {
            [a, b] => a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
            _ => 0.0,
        });
        let cost = pieces.sum();
        Ok(Motion { timed, waypoints, accuracy, costs: [cost, cost], tally })
    }
}

fn add(sum: &mut Tally, more: Tally) {
    sum.motions += more.motions;
    sum.blocks += more.blocks;
    sum.configurations += more.configurations;
}
