//! The services.

use crate::question::{Ask, IkAsk, Target};
use crate::{Driven, Planning, PlanningError};
use node::services::Requests;
use node::{Shell, StartError, clock};
use r2r::armature_msgs::msg::{IkSolution, PlanOutcome};
use r2r::armature_msgs::srv::{
    CheckState, ComputeFk, ComputeIk, EditScene, PlanCartesian, PlanToJoints, PlanToPose,
};
use r2r::geometry_msgs::msg::PoseStamped;
use r2r::trajectory_msgs::msg::JointTrajectory;
use vocabulary::time::Now;
use vocabulary::topics::planning_service as name;

use super::{coordinates, framed, outcome, pose, scene, settings, trajectory};

/// All services.
pub struct Services {
    to_joints: Requests<PlanToJoints::Service>,
    to_pose: Requests<PlanToPose::Service>,
    cartesian: Requests<PlanCartesian::Service>,
    inverse: Requests<ComputeIk::Service>,
    forward: Requests<ComputeFk::Service>,
    check: Requests<CheckState::Service>,
    scene: Requests<EditScene::Service>,
}

/// Whom to ask, and when.
struct Desk<'a> {
    planning: &'a Planning,
    now: Now,
    active: bool,
}

impl Services {
    /// Creates the servers.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            to_joints: shell.service(name::PLAN_TO_JOINTS)?,
            to_pose: shell.service(name::PLAN_TO_POSE)?,
            cartesian: shell.service(name::PLAN_CARTESIAN)?,
            inverse: shell.service(name::COMPUTE_IK)?,
            forward: shell.service(name::COMPUTE_FK)?,
            check: shell.service(name::CHECK_STATE)?,
            scene: shell.service(name::SCENE)?,
        })
    }

    /// Answers what was asked; the scene first, so that whoever asks afterwards is answered by it.
    pub fn serve(&mut self, planning: &mut Planning, now: Now, active: bool) {
        self.scene.answer(|asked| scene::edited(planning, asked, now, active));
        let desk = Desk { planning, now, active };
        self.to_joints.answer(|asked| {
            let (names, positions) = (asked.joint_names.clone(), asked.positions.clone());
            let target = Target::Joints { names, positions };
            let (outcome, trajectory) = desk.plan(target, &asked.start, &asked.settings);
            PlanToJoints::Response { outcome, trajectory }
        });
        self.to_pose.answer(|asked| {
            let target = Target::Pose {
                pose: framed(&asked.pose),
                position_tolerance: asked.position_tolerance,
                rotation_tolerance: asked.rotation_tolerance,
            };
            let (outcome, trajectory) = desk.plan(target, &asked.start, &asked.settings);
            PlanToPose::Response { outcome, trajectory }
        });
        self.cartesian.answer(|asked| {
            let target = segment(asked);
            let (outcome, trajectory) = desk.plan(target, &asked.start, &asked.settings);
            PlanCartesian::Response { outcome, trajectory }
        });
        self.inverse.answer(|asked| desk.inverse(asked));
        self.forward.answer(|asked| desk.forward(asked));
        self.check.answer(|asked| desk.check(asked));
    }
}

fn segment(asked: &PlanCartesian::Request) -> Target {
    let (pose, point) = (framed(&asked.pose), coordinates(&asked.point));
    match asked.kind {
        0 => Target::Line(pose),
        1 => Target::ArcVia(pose, point),
        2 => Target::ArcAround(pose, point),
        unknown => Target::Unknown(unknown),
    }
}

impl Desk<'_> {
    /// Works on a question, if there is somebody to do so; how long it took, s.
    fn work<T>(
        &self,
        work: impl FnOnce() -> Result<T, PlanningError>,
    ) -> (Result<T, PlanningError>, f64) {
        let begin = clock::monotonic();
        let result = if self.active { work() } else { Err(PlanningError::Inactive) };
        (result, clock::monotonic().seconds_from(begin))
    }

    fn plan(
        &self,
        target: Target,
        start: &[f64],
        how: &r2r::armature_msgs::msg::PlanSettings,
    ) -> (PlanOutcome, JointTrajectory) {
        let ask = Ask { target, start: start.to_vec(), settings: settings(how) };
        let now = self.now.mono;
        let (planned, took) = self.work(|| self.planning.plan(&ask, now, &clock::monotonic));
        match planned {
            Ok(motion) => {
                let trajectory = trajectory(&motion, self.planning.order());
                (outcome(Ok(summary(&motion)), took), trajectory)
            }
            Err(error) => (outcome(Err(&error), took), JointTrajectory::default()),
        }
    }

    fn inverse(&self, asked: &ComputeIk::Request) -> ComputeIk::Response {
        let ask = IkAsk {
            pose: framed(&asked.pose),
            reference: asked.reference.clone(),
            all_turns: asked.all_turns,
            avoid_collisions: asked.avoid_collisions,
        };
        let (found, took) = self.work(|| self.planning.inverse(&ask, self.now.mono));
        let answers = match found {
            Ok(answers) => answers,
            Err(error) => {
                let outcome = outcome(Err(&error), took);
                return ComputeIk::Response { outcome, solutions: Vec::new() };
            }
        };
        let message = format!("{} ways of standing at the pose", answers.len());
        let solutions = answers.into_iter().map(|answer| IkSolution {
            positions: answer.positions.to_vec(),
            free: answer.verdict.free,
            distance: answer.verdict.nearest.as_ref().map_or(f64::INFINITY, |n| n.distance),
            contact: answer.verdict.nearest.map_or_else(String::new, |n| n.to_string()),
        });
        let solutions = solutions.collect();
        ComputeIk::Response { outcome: outcome(Ok(message), took), solutions }
    }

    fn forward(&self, asked: &ComputeFk::Request) -> ComputeFk::Response {
        let (found, took) =
            self.work(|| self.planning.forward(&asked.positions, &asked.links, self.now.mono));
        let poses = match &found {
            Ok(poses) => poses.iter().map(|pose| self.stamped(pose)).collect(),
            Err(_) => Vec::new(),
        };
        let outcome = outcome(found.as_ref().map(|_| String::new()), took);
        ComputeFk::Response { outcome, poses }
    }

    fn stamped(&self, from: &collision::Pose) -> PoseStamped {
        let mut msg = PoseStamped { pose: pose(from), ..PoseStamped::default() };
        let [base, _] = self.planning.links();
        msg.header.frame_id.clone_from(base);
        msg.header.stamp = node::convert::time(self.now.stamp);
        msg
    }

    fn check(&self, asked: &CheckState::Request) -> CheckState::Response {
        let mut nearest = None;
        let (found, took) = self.work(|| {
            let (judged, near) = self.planning.check(&asked.positions, self.now.mono);
            nearest = near;
            judged
        });
        let free = found.is_ok();
        let words = nearest.as_ref().map_or_else(String::new, ToString::to_string);
        let outcome = outcome(found.as_ref().map(|()| words), took);
        let (first, second, distance) = match nearest {
            Some(near) => (near.first, near.second, near.distance),
            None => (String::new(), String::new(), f64::NAN),
        };
        CheckState::Response { outcome, free, first, second, distance }
    }
}

fn summary(motion: &Driven) -> String {
    let [raw, cost] = motion.costs;
    let corners = motion.waypoints.len().saturating_sub(2);
    let duration = motion.timed.duration();
    format!("{duration:.3} s, {corners} corners, {cost:.2} rad long ({raw:.2} as found)")
}
