//! The action `move_to`, and the trajectory that it has driven.

use crate::PlanningError;
use crate::mover::{Event, Feedback, Finish, Goal, Mover, News, Order, Stage};
use crate::question::Target;
use crate::{Code, Driven, Planning};
use node::action::{ActionEvent, ActionServer, Ending};
use node::action_client::{ActionClient, ClientEvent};
use node::{Shell, StartError};
use r2r::GoalStatus;
use r2r::armature_msgs::action::MoveTo;
use r2r::control_msgs::action::FollowJointTrajectory as Follow;
use r2r::trajectory_msgs::msg::JointTrajectory;
use r2r::visualization_msgs::msg::MarkerArray;
use vocabulary::health::LogLine;
use vocabulary::time::Now;
use vocabulary::topics::{PLANNING_MARKERS, PLANNING_PREVIEW, planning_service};

use super::{coordinates, framed, markers, outcome, settings, trajectory};

/// The wires of `move_to`.
pub struct Client {
    server: ActionServer<MoveTo::Action>,
    follow: ActionClient<Follow::Action>,
    preview: r2r::Publisher<JointTrajectory>,
    markers: r2r::Publisher<MarkerArray>,
    /// Revision of the scene that is shown.
    shown: Option<u64>,
    motion: Option<Box<Driven>>,
}

impl Client {
    /// Creates all.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            server: shell.action(planning_service::MOVE_TO)?,
            follow: shell.action_client(planning_service::FOLLOW)?,
            preview: shell.messages(PLANNING_PREVIEW.name, PLANNING_PREVIEW.qos)?,
            markers: shell.messages(PLANNING_MARKERS.name, PLANNING_MARKERS.qos)?,
            shown: None,
            motion: None,
        })
    }

    /// What happened since the last call.
    pub fn events(&mut self, active: bool, mover: &Mover) -> Vec<Event> {
        let mut events: Vec<Event> =
            self.follow.events().into_iter().filter_map(news).map(Event::Trajectory).collect();
        for event in self.server.events() {
            match event {
                ActionEvent::Goal(id, msg) if active => events.push(Event::Goal(id, goal(&msg))),
                ActionEvent::Goal(id, _) => {
                    let outcome = outcome(Err(&PlanningError::Inactive), 0.0);
                    let positions = vec![f64::NAN; vocabulary::joint::JOINTS];
                    let answer = MoveTo::Result { outcome, positions, ..Default::default() };
                    self.server.finish(&id, Ending::Aborted, answer);
                }
                ActionEvent::Cancel(id) => events.push(Event::Cancel(id)),
            }
        }
        if !active && mover.is_busy() {
            events.push(Event::GiveUp);
        }
        events
    }

    /// Does what is to be done.
    pub fn obey(&mut self, orders: Vec<Order>, planning: &Planning, shell: &Shell) {
        for order in orders {
            match order {
                Order::Preview(motion) => {
                    let _ending = self.preview.publish(&trajectory(&motion, planning.order()));
                    self.motion = Some(motion);
                    self.shown = None;
                }
                Order::Drive(motion) => self.drive(&motion, planning, shell),
                Order::Stop => self.follow.cancel(),
                Order::AnswerCancel(id, accept) => self.server.answer_cancel(&id, accept),
                Order::Feedback(id, far) => self.server.feedback(&id, feedback(far)),
                Order::Finish(id, finish) => {
                    shell.log(&line(&finish));
                    self.server.finish(&id, ending(&finish), result(finish));
                }
            }
        }
    }

    /// Shows the scene when it changed, and the newest motion.
    pub fn show(&mut self, planning: &Planning, now: Now) {
        if self.shown != Some(planning.revision()) {
            self.shown = Some(planning.revision());
            let all = markers(planning, self.motion.as_deref(), now);
            let _ending = self.markers.publish(&all);
        }
    }

    fn drive(&mut self, motion: &Driven, planning: &Planning, shell: &Shell) {
        let trajectory = trajectory(motion, planning.order());
        let goal = Follow::Goal { trajectory, ..Follow::Goal::default() };
        if let Err(error) = self.follow.send(goal) {
            shell.log(&LogLine::error(format!("the trajectory could not be sent: {error}")));
        }
    }
}

fn news(event: ClientEvent<Follow::Action>) -> Option<News> {
    Some(match event {
        ClientEvent::Accepted => News::Accepted,
        ClientEvent::Feedback(msg) => {
            News::At(node::convert::seconds(&msg.desired.time_from_start))
        }
        ClientEvent::Ended(status, result) => {
            let reached = matches!(status, GoalStatus::Succeeded);
            let text = match result.error_code {
                0 => result.error_string,
                code => format!("{} ({code})", result.error_string),
            };
            News::Ended { reached, text }
        }
        ClientEvent::Lost(text) => News::Lost(text),
    })
}

/// The goal as it was sent.
fn goal(msg: &MoveTo::Goal) -> Goal {
    let target = &msg.target;
    let (pose, point) = (framed(&target.pose), coordinates(&target.point));
    let target = match target.kind {
        0 => {
            let (names, positions) = (target.joint_names.clone(), target.positions.clone());
            Target::Joints { names, positions }
        }
        1 => Target::Pose {
            pose,
            position_tolerance: target.position_tolerance,
            rotation_tolerance: target.rotation_tolerance,
        },
        2 => Target::Line(pose),
        3 => Target::ArcVia(pose, point),
        4 => Target::ArcAround(pose, point),
        unknown => Target::Unknown(unknown),
    };
    let settings = settings(&msg.settings);
    Goal { target, settings, preview: msg.preview, plan_only: msg.plan_only }
}

fn feedback(far: Feedback) -> MoveTo::Feedback {
    let stage = match far.stage {
        Stage::Previewing => 0,
        Stage::Executing => 1,
        Stage::Stopping => 2,
    };
    MoveTo::Feedback { stage, progress: far.progress, remaining: far.remaining }
}

fn ending(finish: &Finish) -> Ending {
    match &finish.outcome {
        Ok(()) => Ending::Succeeded,
        Err(error) if error.code() == Code::Canceled => Ending::Canceled,
        Err(_) => Ending::Aborted,
    }
}

fn line(finish: &Finish) -> LogLine {
    let Finish { duration, took, .. } = finish;
    match &finish.outcome {
        Ok(()) => {
            let milliseconds = took * 1e3;
            LogLine::info(format!("move_to: {duration:.3} s, planned in {milliseconds:.1} ms"))
        }
        Err(error) if error.code() == Code::Canceled => LogLine::info(format!("move_to: {error}")),
        Err(error) => LogLine::warn(format!("move_to: {error}")),
    }
}

fn result(finish: Finish) -> MoveTo::Result {
    let Finish { outcome: ended, duration, took, replanned, positions } = finish;
    let outcome = outcome(ended.as_ref().map(|()| "there".to_owned()), took);
    MoveTo::Result { outcome, duration, replanned, positions: positions.to_vec() }
}
