//! The door: from what was sent to finite numbers in joint order and poses in the base.

use arm_model::Pose as BasePose;
use arm_model::ik::pose_from;
use collision::Pose;
use planner::{Request, Simplification};
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

use crate::error::PlanningError;
use crate::planning::Planning;
use crate::question::{FramedPose, Settings};

/// Largest accuracy, rad.
const MOST_ACCURACY: f64 = 1.0;
/// Longest search, s.
const LONGEST: f64 = 0.5;

impl Planning {
    /// Positions as given, or where the arm stands.
    pub(crate) fn given_or_standing(
        &self,
        what: &'static str,
        given: &[f64],
        now: Monotonic,
    ) -> Result<PerJoint<f64>, PlanningError> {
        if given.is_empty() { self.standing(now) } else { sized(what, given) }
    }

    /// Positions in the order of the arm.
    pub(crate) fn ordered(
        &self,
        names: &[String],
        positions: &[f64],
    ) -> Result<PerJoint<f64>, PlanningError> {
        if names.is_empty() {
            return sized("positions", positions);
        }
        if let Some(name) = names.iter().find(|name| self.order.index_of(name).is_none()) {
            let known = self.order.names().join(", ");
            return Err(PlanningError::UnknownJoint { name: name.clone(), known });
        }
        let given = sized("positions", positions)?;
        let mut ordered = [f64::NAN; JOINTS];
        for (slot, joint) in ordered.iter_mut().zip(self.order.names()) {
            let mut places = names.iter().zip(given).filter(|(name, _)| *name == joint);
            match (places.next(), places.next()) {
                (Some((_, at)), None) => *slot = at,
                _ => return Err(PlanningError::MissingJoint { name: joint.clone() }),
            }
        }
        Ok(ordered)
    }

    /// A frame in the base while the arm stands at `at`.
    pub(crate) fn frame(&self, name: &str, at: &PerJoint<f64>) -> Result<Pose, PlanningError> {
        let [base, _] = &self.links;
        if name.is_empty() || name == base {
            return Ok(Pose::identity());
        }
        let unknown = || PlanningError::Frame { frame: name.to_owned(), base: base.clone() };
        let (body, pose) = self.robot.frame(name).ok_or_else(unknown)?;
        let bodies = self.robot.body_poses(at);
        let body = bodies.get(body).copied().ok_or_else(unknown)?;
        Ok(self.base.inverse() * body * pose)
    }

    /// A pose in the base while the arm stands at `at`.
    pub(crate) fn placed(
        &self,
        pose: &FramedPose,
        at: &PerJoint<f64>,
    ) -> Result<BasePose, PlanningError> {
        let frame = self.frame(&pose.frame, at)?;
        Ok(frame * pose_from(pose.position, pose.quaternion)?)
    }
}

/// One number per joint.
fn sized(what: &'static str, given: &[f64]) -> Result<PerJoint<f64>, PlanningError> {
    let (found, expected) = (given.len(), JOINTS);
    given.try_into().map_err(|_| PlanningError::Size { what, found, expected })
}

/// How to plan, checked; speed and accuracy are checked again by whoever uses them.
pub(crate) fn request(settings: &Settings) -> Result<Request, PlanningError> {
    let Settings { speed, accuracy, allowed_time, seed } = *settings;
    let number = |what: &str, value, good: bool, must| match good {
        true => Ok(()),
        false => Err(PlanningError::Number { what: what.to_owned(), value, must }),
    };
    number("speed", speed, speed > 0.0 && speed <= 1.0, "above 0 and at most 1")?;
    number("accuracy", accuracy, (0.0..=MOST_ACCURACY).contains(&accuracy), "0 to 1 rad")?;
    let timely = allowed_time > 0.0 && allowed_time <= LONGEST;
    number("allowed_time", allowed_time, timely, "above 0 and at most 0.5 s")?;
    let mut request = Request { speed, accuracy, ..Request::default() };
    request.search.seed = seed;
    request.simplification = Simplification { seed, ..Simplification::default() };
    Ok(request)
}
