//! The answers of the services that move nothing and change nothing.

use arm_model::cartesian::Segment;
use arm_model::{JointVector, Pose};
use collision::Nearness;
use planner::{MotionPlanner, Target, Tolerance, Which, check_state, first_contact};
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

use crate::door;
use crate::error::PlanningError;
use crate::planning::{Clock, Driven, Planning};
use crate::question::{self, Ask, FramedPose, IkAnswer, IkAsk, Verdict};

impl Planning {
    /// A motion from rest to rest.
    ///
    /// # Errors
    /// [`PlanningError`].
    pub fn plan(&self, ask: &Ask, now: Monotonic, clock: Clock) -> Result<Driven, PlanningError> {
        let request = door::request(&ask.settings)?;
        self.surroundings()?;
        let start = self.given_or_standing("start", &ask.start, now)?;
        self.check_place(Which::Start, &start)?;
        let timing = self.timing()?;
        let mut planner = MotionPlanner::new(&self.ik, &self.checker, &timing)?;
        let end = clock().shifted(ask.settings.allowed_time);
        let mut stop = || clock() >= end;
        let motion = match &ask.target {
            question::Target::Joints { names, positions } => {
                let goals = [self.ordered(names, positions)?];
                planner.motion(&start, &Target::Joints(&goals), &request, &mut stop)
            }
            question::Target::Pose { pose, position_tolerance, rotation_tolerance } => {
                let pose = self.placed(pose, &start)?;
                let tolerance =
                    Tolerance { position: *position_tolerance, rotation: *rotation_tolerance };
                planner.motion(&start, &Target::Pose(pose, tolerance), &request, &mut stop)
            }
            segment => {
                let segment = self.segment(segment, &start)?;
                planner.motion(&start, &Target::Segment(&segment), &request, &mut stop)
            }
        };
        Ok(motion?)
    }

    /// The line or arc of a target that is one.
    fn segment(
        &self,
        target: &question::Target,
        start: &PerJoint<f64>,
    ) -> Result<Segment, PlanningError> {
        let here = self.ik.arm().forward_kinematics(&JointVector::from(*start));
        let point = |pose: &FramedPose, point: &[f64; 3]| -> Result<_, PlanningError> {
            let frame = self.frame(&pose.frame, start)?;
            Ok((frame * Pose::translation(point[0], point[1], point[2])).translation.vector)
        };
        let segment = match target {
            question::Target::Line(pose) => Segment::line(here, self.placed(pose, start)?)?,
            question::Target::ArcVia(pose, via) => {
                Segment::arc_through(here, point(pose, via)?, self.placed(pose, start)?)?
            }
            question::Target::ArcAround(pose, center) => {
                Segment::arc_around(here, point(pose, center)?, self.placed(pose, start)?)?
            }
            question::Target::Unknown(value) => {
                return Err(PlanningError::Kind { what: "kind of target", value: *value });
            }
            question::Target::Joints { .. } | question::Target::Pose { .. } => {
                return Err(PlanningError::Kind { what: "kind of segment", value: 0 });
            }
        };
        Ok(segment)
    }

    /// That the arm may stand there.
    pub(crate) fn check_place(
        &self,
        which: Which,
        at: &PerJoint<f64>,
    ) -> Result<(), PlanningError> {
        check_state(&self.checker, which, at).map(|_| ()).map_err(PlanningError::Place)
    }

    fn verdict(&self, at: &PerJoint<f64>) -> Verdict {
        let free = self.checker.is_free(&at.map(|x| x as f32));
        Verdict { free, nearest: self.checker.nearest(at) }
    }

    /// Whether the arm may stand at these positions, and what is nearest to it there.
    ///
    /// # Errors
    /// When it may not, or the positions are none; with what is nearest where there is such a thing.
    #[allow(clippy::type_complexity)] // an answer that is told also with a refusal
    pub fn check(
        &self,
        positions: &[f64],
        now: Monotonic,
    ) -> (Result<(), PlanningError>, Option<Nearness>) {
        let known = self.surroundings();
        let at = match known.and_then(|()| self.given_or_standing("positions", positions, now)) {
            Ok(at) => at,
            Err(error) => return (Err(error), None),
        };
        let nearest = at.iter().all(|x| x.is_finite()).then(|| self.checker.nearest(&at)).flatten();
        (self.check_place(Which::Goal(0), &at), nearest)
    }

    /// All ways of standing at a pose, nearest to the reference first.
    ///
    /// # Errors
    /// [`PlanningError`].
    pub fn inverse(&self, ask: &IkAsk, now: Monotonic) -> Result<Vec<IkAnswer>, PlanningError> {
        let reference = self.given_or_standing("reference", &ask.reference, now)?;
        if let Some(error) = not_finite(&reference, self.order.names()) {
            return Err(error);
        }
        if ask.avoid_collisions {
            self.surroundings()?;
        }
        let pose = self.placed(&ask.pose, &reference)?;
        let reference = JointVector::from(reference);
        let solutions = self.ik.solve_all(&pose, &reference)?;
        let all: Vec<PerJoint<f64>> = if ask.all_turns {
            self.ik.all_turns(&solutions, &reference).into_iter().map(Into::into).collect()
        } else {
            solutions.as_slice().iter().map(|solution| solution.joints.into()).collect()
        };
        let count = all.len();
        let answer = |positions| IkAnswer { positions, verdict: self.verdict(&positions) };
        let mut answers: Vec<IkAnswer> = all.into_iter().map(answer).collect();
        if ask.avoid_collisions {
            let first = answers.first().and_then(|answer| answer.verdict.nearest.clone());
            answers.retain(|answer| answer.verdict.free);
            if let (true, Some(contact)) = (answers.is_empty(), first) {
                return Err(PlanningError::NoFreeIk { count, contact });
            }
        }
        Ok(answers)
    }

    /// Where links are, in the base; the tip when none is named.
    ///
    /// # Errors
    /// [`PlanningError`] naming the link.
    pub fn forward(
        &self,
        positions: &[f64],
        links: &[String],
        now: Monotonic,
    ) -> Result<Vec<Pose>, PlanningError> {
        let at = self.given_or_standing("positions", positions, now)?;
        if let Some(error) = not_finite(&at, self.order.names()) {
            return Err(error);
        }
        if links.is_empty() {
            return Ok(vec![self.ik.arm().forward_kinematics(&JointVector::from(at))]);
        }
        links.iter().map(|link| self.frame(link, &at)).collect()
    }

    /// When a motion, from time `from` [s] on, would touch something in the scene as it is now.
    #[must_use]
    pub fn blocked(&self, motion: &Driven, from: f64) -> Option<PlanningError> {
        let (time, contact) = first_contact(&self.checker, &motion.timed, from)?;
        Some(PlanningError::Blocked { time, contact })
    }

    /// The way of the tip in the base, m.
    #[must_use]
    pub fn way(&self, motion: &Driven, pieces: usize) -> Vec<[f64; 3]> {
        let timed = &motion.timed;
        let at = |k: usize| timed.sample(timed.duration() * k as f64 / pieces as f64).position;
        let tip = |k| self.ik.arm().forward_kinematics(&JointVector::<JOINTS>::from(at(k)));
        (0..=pieces).map(|k| tip(k).translation.vector.into()).collect()
    }
}

fn not_finite(at: &PerJoint<f64>, names: &PerJoint<String>) -> Option<PlanningError> {
    let (value, joint) = at.iter().zip(names).find(|(at, _)| !at.is_finite())?;
    let what = format!("position of {joint}");
    Some(PlanningError::Number { what, value: *value, must: "finite" })
}
