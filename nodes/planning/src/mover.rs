//! `move_to`: plan, show, have it driven, mind the scene, stop.
//!
//! The rule: one job at a time, answered exactly once. The arm is driven by `arm_controller` alone;
//! a job that ends early lets it stop on the path and waits until it stands.

use planner::MotionError;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

use crate::error::PlanningError;
use crate::planning::{Clock, Driven, Planning};
use crate::question::{Ask, Settings, Target};

/// Identity of a goal.
pub type GoalId = [u8; 16];

/// Longest preview, s.
const LONGEST_PREVIEW: f64 = 60.0;
/// `arm_controller` tells how far it is twenty times a second; this long without a word it is gone, s.
const SILENCE: f64 = 2.0;
/// How often a job may be planned anew.
const REPLANS: u32 = 1;
/// Between two words to the client, s.
const FEEDBACK: f64 = 0.05;

/// What a client wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Where to.
    pub target: Target,
    /// How.
    pub settings: Settings,
    /// How long it is shown before the arm moves, s.
    pub preview: f64,
    /// Shown and not driven.
    pub plan_only: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A client wants something.
    Goal(GoalId, Goal),
    /// A client does not want it any more.
    Cancel(GoalId),
    /// News of the trajectory at `arm_controller`.
    Trajectory(News),
    /// The node was deactivated.
    GiveUp,
}

/// News of the trajectory.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// It was taken.
    Accepted,
    /// How far it is, s of the trajectory.
    At(f64),
    /// It is over.
    Ended {
        /// The goal was reached.
        reached: bool,
        /// In words.
        text: String,
    },
    /// Nobody took it.
    Lost(String),
}

/// What is to be done.
#[derive(Debug)]
pub enum Order {
    /// Show the motion.
    Preview(Box<Driven>),
    /// Have the motion driven.
    Drive(Box<Driven>),
    /// Have the trajectory cancelled.
    Stop,
    /// Answer a cancel request.
    AnswerCancel(GoalId, bool),
    /// Tell the client how far it is.
    Feedback(GoalId, Feedback),
    /// Answer a client for good.
    Finish(GoalId, Finish),
}

/// What a job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The motion is shown.
    Previewing,
    /// The arm moves.
    Executing,
    /// The arm is being stopped.
    Stopping,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feedback {
    /// What it is doing.
    pub stage: Stage,
    /// 0 to 1.
    pub progress: f64,
    /// To the end of the motion, s.
    pub remaining: f64,
}

/// How a job ended.
#[derive(Debug)]
pub struct Finish {
    /// Reached (or planned), or why not.
    pub outcome: Result<(), PlanningError>,
    /// Of the motion, all parts, s.
    pub duration: f64,
    /// How long it was planned, s.
    pub took: f64,
    /// How often it was planned anew.
    pub replanned: u32,
    /// Where the arm stands, rad; NaN when nobody tells.
    pub positions: PerJoint<f64>,
}

/// Why the arm is being stopped.
#[derive(Debug)]
enum Why {
    /// Something is in the way: plan anew when the arm stands.
    Anew(PlanningError),
    /// For good.
    End(PlanningError),
}

#[derive(Debug)]
enum Phase {
    Previewing {
        until: Monotonic,
    },
    Executing,
    Stopping(Why),
    /// The trajectory is over; as soon as the arm stands, go on.
    Stopped(Why),
}

#[derive(Debug)]
struct Job {
    id: GoalId,
    goal: Goal,
    motion: Driven,
    phase: Phase,
    /// Revision of the scene that the motion was found free in.
    seen: u64,
    /// How far the motion is, s.
    path_time: f64,
    /// Last word of `arm_controller`.
    heard: Monotonic,
    next_feedback: Monotonic,
    /// Of parts that were driven before, s.
    driven: f64,
    took: f64,
    replanned: u32,
}

/// The goals of `move_to`.
#[derive(Debug, Default)]
pub struct Mover {
    job: Option<Job>,
    refused: u64,
}

/// What a step works with.
pub struct Desk<'a> {
    /// Plans.
    pub planning: &'a Planning,
    /// The present.
    pub now: Monotonic,
    /// For searches.
    pub clock: Clock<'a>,
}

impl Mover {
    /// Takes in what happened; returns what is to be done.
    pub fn step(&mut self, desk: &Desk, events: Vec<Event>) -> Vec<Order> {
        let mut orders = Vec::new();
        for event in events {
            match event {
                Event::Goal(id, goal) => self.take(id, goal, desk, &mut orders),
                Event::Cancel(id) => self.cancel(id, desk, &mut orders),
                Event::Trajectory(news) => self.hear(news, desk, &mut orders),
                Event::GiveUp => self.give_up(desk, &mut orders),
            }
        }
        self.mind_the_scene(desk, &mut orders);
        self.go_on(desk, &mut orders);
        self.give_feedback(desk, &mut orders);
        orders
    }

    /// Whether a job is under way: someone should look often.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    /// Goals refused since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    fn take(&mut self, id: GoalId, goal: Goal, desk: &Desk, orders: &mut Vec<Order>) {
        let begin = (desk.clock)();
        let planned = match self.job {
            Some(_) => Err(PlanningError::Busy),
            None => plan(&goal, desk),
        };
        let took = (desk.clock)().seconds_from(begin);
        let motion = match planned {
            Ok(motion) => motion,
            Err(error) => {
                self.refused += 1;
                let positions = standing(desk);
                let finish =
                    Finish { outcome: Err(error), duration: 0.0, took, replanned: 0, positions };
                return orders.push(Order::Finish(id, finish));
            }
        };
        orders.push(Order::Preview(Box::new(motion.clone())));
        let until = desk.now.shifted(goal.preview);
        let mut job = Job {
            id,
            phase: Phase::Previewing { until },
            seen: desk.planning.changes(),
            path_time: 0.0,
            heard: desk.now,
            next_feedback: desk.now,
            driven: 0.0,
            replanned: 0,
            goal,
            motion,
            took,
        };
        if job.goal.plan_only {
            job.driven = job.motion.timed.duration();
            return finish(job, Ok(()), desk, orders);
        }
        self.job = Some(job);
    }

    fn cancel(&mut self, id: GoalId, desk: &Desk, orders: &mut Vec<Order>) {
        let Some(job) = self.job.take_if(|job| job.id == id) else {
            return orders.push(Order::AnswerCancel(id, false));
        };
        orders.push(Order::AnswerCancel(id, true));
        let text = "cancelled by the client";
        self.job = stop(job, PlanningError::Canceled(text.to_owned()), desk, orders);
    }

    fn give_up(&mut self, desk: &Desk, orders: &mut Vec<Order>) {
        let Some(job) = self.job.take() else { return };
        self.job = match job.phase {
            Phase::Stopping(Why::End(_)) | Phase::Stopped(Why::End(_)) => Some(job),
            _ => stop(job, PlanningError::Inactive, desk, orders),
        };
    }

    fn hear(&mut self, news: News, desk: &Desk, orders: &mut Vec<Order>) {
        // News of a trajectory that an earlier job had driven are no news of one that is shown.
        let mine = |job: &mut Job| !matches!(job.phase, Phase::Previewing { .. });
        let Some(mut job) = self.job.take_if(mine) else { return };
        job.heard = desk.now;
        self.job = match news {
            News::Accepted => Some(job),
            News::At(time) => {
                job.path_time = time;
                Some(job)
            }
            News::Ended { reached, text } => over(job, reached, text, desk, orders),
            News::Lost(text) => {
                let text = format!("arm_controller did not take the trajectory: {text}");
                finish(job, Err(PlanningError::Execution(text)), desk, orders);
                None
            }
        };
    }

    /// A motion that a change of the scene blocks is planned anew, once.
    fn mind_the_scene(&mut self, desk: &Desk, orders: &mut Vec<Order>) {
        let Some(mut job) = self.job.take() else { return };
        let unseen = job.seen != desk.planning.changes();
        let moving = matches!(job.phase, Phase::Previewing { .. } | Phase::Executing);
        if unseen && moving {
            job.seen = desk.planning.changes();
            if let Some(blocked) = desk.planning.blocked(&job.motion, job.path_time) {
                self.job = blocked_by(job, blocked, desk, orders);
                return;
            }
        }
        self.job = Some(job);
    }

    fn go_on(&mut self, desk: &Desk, orders: &mut Vec<Order>) {
        let Some(mut job) = self.job.take() else { return };
        let silent = desk.now.seconds_from(job.heard) > SILENCE;
        self.job = match job.phase {
            Phase::Previewing { until } if desk.now >= until => {
                orders.push(Order::Drive(Box::new(job.motion.clone())));
                job.phase = Phase::Executing;
                job.heard = desk.now;
                Some(job)
            }
            Phase::Executing | Phase::Stopping(_) if silent => {
                let text = format!(
                    "arm_controller has been silent for {SILENCE} s: what it began, control finishes"
                );
                finish(job, Err(PlanningError::Execution(text)), desk, orders);
                None
            }
            Phase::Stopped(why) if desk.planning.at_rest(desk.now).is_ok() => {
                job.phase = Phase::Executing;
                stands(job, why, desk, orders)
            }
            Phase::Stopped(Why::Anew(error) | Why::End(error)) if silent => {
                job.phase = Phase::Executing;
                finish(job, Err(error), desk, orders);
                None
            }
            phase => Some(Job { phase, ..job }),
        };
    }

    fn give_feedback(&mut self, desk: &Desk, orders: &mut Vec<Order>) {
        let Some(job) = self.job.as_mut().filter(|job| desk.now >= job.next_feedback) else {
            return;
        };
        job.next_feedback = desk.now.shifted(FEEDBACK);
        let stage = match job.phase {
            Phase::Previewing { .. } => Stage::Previewing,
            Phase::Executing => Stage::Executing,
            Phase::Stopping(_) | Phase::Stopped(_) => Stage::Stopping,
        };
        let duration = job.motion.timed.duration();
        let remaining = (duration - job.path_time).max(0.0);
        let progress = (job.path_time / duration).clamp(0.0, 1.0);
        orders.push(Order::Feedback(job.id, Feedback { stage, progress, remaining }));
    }
}

/// A motion from where the arm stands; it must stand.
fn plan(goal: &Goal, desk: &Desk) -> Result<Driven, PlanningError> {
    let preview = goal.preview;
    if !(0.0..=LONGEST_PREVIEW).contains(&preview) {
        let what = "preview".to_owned();
        return Err(PlanningError::Number { what, value: preview, must: "0 to 60 s" });
    }
    if !goal.plan_only {
        desk.planning.at_rest(desk.now)?;
    }
    let ask = Ask { target: goal.target.clone(), start: Vec::new(), settings: goal.settings };
    desk.planning.plan(&ask, desk.now, desk.clock)
}

fn standing(desk: &Desk) -> PerJoint<f64> {
    desk.planning.standing(desk.now).unwrap_or([f64::NAN; JOINTS])
}

/// Ends a job early; the job, when it must wait for the arm to stand.
fn stop(mut job: Job, why: PlanningError, desk: &Desk, orders: &mut Vec<Order>) -> Option<Job> {
    job.phase = match job.phase {
        Phase::Previewing { .. } => {
            finish(job, Err(why), desk, orders);
            return None;
        }
        Phase::Executing => {
            orders.push(Order::Stop);
            Phase::Stopping(Why::End(why))
        }
        Phase::Stopping(_) => Phase::Stopping(Why::End(why)),
        Phase::Stopped(_) => Phase::Stopped(Why::End(why)),
    };
    Some(job)
}

/// Something is in the way of a motion that is shown or driven.
fn blocked_by(
    mut job: Job,
    blocked: PlanningError,
    desk: &Desk,
    orders: &mut Vec<Order>,
) -> Option<Job> {
    let again = job.replanned < REPLANS;
    match (&job.phase, again) {
        (Phase::Previewing { .. }, true) => anew(job, blocked, desk, orders),
        (_, true) => {
            orders.push(Order::Stop);
            job.phase = Phase::Stopping(Why::Anew(blocked));
            Some(job)
        }
        (_, false) => stop(job, blocked, desk, orders),
    }
}

/// The trajectory is over.
fn over(
    mut job: Job,
    reached: bool,
    text: String,
    desk: &Desk,
    orders: &mut Vec<Order>,
) -> Option<Job> {
    match (job.phase, reached) {
        // A stop that came too late.
        (Phase::Stopping(Why::Anew(_)) | Phase::Executing | Phase::Previewing { .. }, true) => {
            job.phase = Phase::Executing;
            job.driven += job.motion.timed.duration();
            finish(job, Ok(()), desk, orders);
            None
        }
        (Phase::Stopping(why) | Phase::Stopped(why), _) => {
            job.driven += job.path_time;
            job.phase = Phase::Stopped(why);
            Some(job)
        }
        (Phase::Executing | Phase::Previewing { .. }, false) => {
            job.phase = Phase::Executing;
            job.driven += job.path_time;
            finish(
                job,
                Err(PlanningError::Execution(format!("arm_controller: {text}"))),
                desk,
                orders,
            );
            None
        }
    }
}

/// The arm stands after a stop.
fn stands(job: Job, why: Why, desk: &Desk, orders: &mut Vec<Order>) -> Option<Job> {
    match why {
        Why::Anew(blocked) => anew(job, blocked, desk, orders),
        Why::End(error) => {
            finish(job, Err(error), desk, orders);
            None
        }
    }
}

/// Plans anew from where the arm stands.
fn anew(mut job: Job, blocked: PlanningError, desk: &Desk, orders: &mut Vec<Order>) -> Option<Job> {
    let begin = (desk.clock)();
    let planned = plan(&job.goal, desk);
    job.took += (desk.clock)().seconds_from(begin);
    job.replanned += 1;
    job.path_time = 0.0;
    job.seen = desk.planning.changes();
    match planned {
        Ok(motion) => {
            orders.push(Order::Preview(Box::new(motion.clone())));
            job.motion = motion;
            job.phase = Phase::Previewing { until: desk.now };
            Some(job)
        }
        Err(PlanningError::Motion(MotionError::AlreadyThere)) => {
            finish(job, Ok(()), desk, orders);
            None
        }
        Err(error) => {
            let text = format!("{blocked}; planned anew: {error}");
            let outcome = Err(PlanningError::NoWayRound { text, code: error.code() });
            finish(job, outcome, desk, orders);
            None
        }
    }
}

fn finish(job: Job, outcome: Result<(), PlanningError>, desk: &Desk, orders: &mut Vec<Order>) {
    let Job { id, driven: duration, took, replanned, .. } = job;
    let positions = standing(desk);
    orders.push(Order::Finish(id, Finish { outcome, duration, took, replanned, positions }));
}
