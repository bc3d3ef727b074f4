//! The trajectory that control executes for us, and what its reports mean for whoever sent it.

use crate::request::GoalId;
use crate::tolerances::Tolerances;
use crate::validate::ValidPlan;
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::joint::JointOrder;
use vocabulary::plan::{ControlPhase, ControlState, Issue, MotionPlan, PlanAction, Violation};
use vocabulary::time::{Monotonic, Now, Stamp};

/// A pause shorter than this is a message that overtook another, s.
const PAUSE_WORTH_TELLING: f64 = 0.1;
/// A plan that control has not taken for this long is sent again, s.
const SEND_AGAIN: f64 = 0.1;

/// How an active trajectory ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    Succeeded(String),
    Aborted { code: i32, text: String },
    Canceled(String),
}

/// Somebody still expects a motion to begin that was asked for so shortly before, s.
const FRESH: f64 = 0.5;

/// What to do about an active trajectory.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Nothing changes.
    GoOn,
    /// The message was lost: send it again as it was.
    SendAgain,
    /// Issue it again under this permit.
    Reissue(u64),
    /// It is over.
    End(Ending),
}

/// What judging needs to know beside the report.
pub(crate) struct Circumstances<'a> {
    pub(crate) now: Now,
    pub(crate) order: &'a JointOrder,
    pub(crate) status: Option<&'a ArmStatus>,
    /// Control has been heard lately.
    pub(crate) control_lives: bool,
    /// Time a goal may stay paused, s.
    pub(crate) resume_timeout: f64,
    /// Time a cancelled goal waits for the arm to stop, s.
    pub(crate) stop_timeout: f64,
}

/// Why an active trajectory does not go on.
#[derive(Debug, Clone)]
struct Pause {
    since: Monotonic,
    reason: String,
    /// The log has it.
    told: bool,
}

/// A trajectory under way.
#[derive(Debug, Clone)]
pub(crate) struct Active {
    /// None for one that came by topic.
    pub(crate) goal: Option<GoalId>,
    pub(crate) plan: ValidPlan,
    pub(crate) tolerances: Tolerances,
    pub(crate) plan_id: u64,
    pub(crate) revision: u32,
    pub(crate) permit: u64,
    /// How far the arm has come on the path, s.
    pub(crate) path_time: f64,
    /// When this revision was issued: a controller that came later does not begin it.
    issued: Issue,
    action: PlanAction,
    /// When control was last told, but for the first time.
    last_sent: Option<Monotonic>,
    /// Process of control that drove it last.
    driver: Option<u64>,
    paused: Option<Pause>,
    /// When the client cancelled.
    cancelled: Option<Monotonic>,
}

impl Active {
    pub(crate) fn new(
        goal: Option<GoalId>,
        plan: ValidPlan,
        tolerances: Tolerances,
        (plan_id, permit): (u64, u64),
        issued: Issue,
    ) -> Self {
        let path_time = plan.from_path_time;
        Self {
            goal,
            plan,
            tolerances,
            plan_id,
            revision: 0,
            permit,
            path_time,
            issued,
            action: PlanAction::Execute,
            last_sent: None,
            driver: None,
            paused: None,
            cancelled: None,
        }
    }

    /// The message for control.
    pub(crate) fn message(&self) -> MotionPlan {
        let start = if self.revision == 0 { self.plan.start } else { Stamp(0) };
        MotionPlan {
            issued: self.issued,
            plan_id: self.plan_id,
            revision: self.revision,
            permit: self.permit,
            action: self.action,
            waypoints: self.plan.waypoints.clone(),
            from_path_time: self.path_time,
            start,
            path_tolerance: self.tolerances.path,
            goal_tolerance: self.tolerances.goal,
            goal_time: self.tolerances.goal_time,
        }
    }

    /// The next revision, to be executed under `permit`. Once the arm has left its start, the start
    /// is made a waypoint: a control that was restarted meanwhile would draw another path, from
    /// where the arm holds.
    pub(crate) fn reissue(&mut self, permit: u64, issued: Issue) -> MotionPlan {
        if self.path_time > 0.0 {
            self.plan.include_start();
        }
        self.permit = permit;
        self.revise(PlanAction::Execute, issued)
    }

    /// The next revision, which stops the arm.
    pub(crate) fn stop(&mut self, issued: Issue) -> MotionPlan {
        self.revise(PlanAction::Stop, issued)
    }

    fn revise(&mut self, action: PlanAction, issued: Issue) -> MotionPlan {
        self.revision += 1;
        (self.action, self.issued) = (action, issued);
        self.message()
    }

    pub(crate) fn cancel(&mut self, now: Monotonic, issued: Issue) -> Option<MotionPlan> {
        if self.cancelled.replace(now).is_some() {
            return None;
        }
        Some(self.stop(issued))
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.is_some()
    }

    /// It moves the arm and will go on doing so.
    pub(crate) fn is_under_way(&self) -> bool {
        self.driver.is_some() && self.paused.is_none() && self.cancelled.is_none()
    }

    pub(crate) fn pause_reason(&self) -> Option<&str> {
        self.paused.as_ref().map(|pause| pause.reason.as_str())
    }

    /// The reason of a pause that has lasted for a while, once.
    pub(crate) fn news_of_pause(&mut self, now: Monotonic) -> Option<&str> {
        let pause = self.paused.as_mut().filter(|pause| !pause.told)?;
        pause.told = now.seconds_from(pause.since) > PAUSE_WORTH_TELLING;
        pause.told.then_some(pause.reason.as_str())
    }

    /// It has never moved the arm and was not issued again.
    fn is_new(&self) -> bool {
        self.driver.is_none() && self.revision == 0
    }

    fn is_mine(&self, state: &ControlState) -> bool {
        state.plan_id == self.plan_id && state.revision == self.revision
    }

    /// What the newest report of control, if there is one, means.
    pub(crate) fn judge(&mut self, state: Option<&ControlState>, at: &Circumstances) -> Verdict {
        let mine = state.filter(|s| at.control_lives && self.is_mine(s));
        if let Some(since) = self.cancelled {
            return self.judge_cancelled(mine, since, at);
        }
        if let Some(ending) = mine.and_then(|state| self.ending(state, at.order)) {
            return Verdict::End(ending);
        }
        if at.status.is_some_and(|s| s.mode == ArmMode::Disabled) {
            let text = "the arm was disabled".to_owned();
            return Verdict::End(Ending::Aborted { code: crate::code::INVALID_GOAL, text });
        }
        self.note(mine, state, at);
        self.judge_pause(state, at)
    }

    fn judge_cancelled(
        &self,
        mine: Option<&ControlState>,
        since: Monotonic,
        at: &Circumstances,
    ) -> Verdict {
        let stopped = mine
            .is_some_and(|s| !matches!(s.phase, ControlPhase::Stopping | ControlPhase::Executing));
        let waited = at.now.mono.seconds_from(since);
        if stopped {
            Verdict::End(Ending::Canceled(format!(
                "stopped at {:.3} s of the path",
                self.path_time
            )))
        } else if waited > at.stop_timeout {
            let text = format!("control did not confirm the stop within {waited:.1} s");
            Verdict::End(Ending::Canceled(text))
        } else {
            Verdict::GoOn
        }
    }

    /// Whether control says that it is over.
    fn ending(&self, state: &ControlState, order: &JointOrder) -> Option<Ending> {
        if state.phase == ControlPhase::Reached {
            return Some(Ending::Succeeded("Goal successfully reached!".to_owned()));
        }
        let violation = state.violation.as_ref()?;
        let text = violation_text(violation, self.tolerances.goal_time, order);
        let code = if violation.at_goal {
            crate::code::GOAL_TOLERANCE_VIOLATED
        } else {
            crate::code::PATH_TOLERANCE_VIOLATED
        };
        Some(Ending::Aborted { code, text })
    }

    /// Remembers how far it has come and since when it does not go on.
    fn note(
        &mut self,
        mine: Option<&ControlState>,
        any: Option<&ControlState>,
        at: &Circumstances,
    ) {
        let reason = match (mine, any) {
            (Some(state), _) => match state.phase {
                ControlPhase::Executing | ControlPhase::Settling => {
                    self.driver = Some(state.boot_id);
                    self.path_time = state.path_time.min(self.plan.path.duration());
                    None
                }
                ControlPhase::Stopping | ControlPhase::Paused => {
                    if self.driver == Some(state.boot_id) {
                        self.path_time = state.path_time.min(self.plan.path.duration());
                    }
                    (state.phase == ControlPhase::Paused).then(|| state.reason.clone())
                }
                ControlPhase::Inactive => Some(format!("control is inactive: {}", state.reason)),
                ControlPhase::Holding => Some(format!("control holds: {}", state.reason)),
                _ => None,
            },
            (None, Some(_)) if at.control_lives => {
                Some("control has not taken the plan".to_owned())
            }
            _ => Some("control is silent".to_owned()),
        };
        self.paused = reason.map(|reason| match self.paused.take() {
            Some(pause) => Pause { told: pause.told && pause.reason == reason, reason, ..pause },
            None => Pause { since: at.now.mono, reason, told: false },
        });
    }

    fn judge_pause(&mut self, state: Option<&ControlState>, at: &Circumstances) -> Verdict {
        let untaken = at.control_lives && state.is_some_and(|s| !self.is_mine(s));
        let Some(Pause { since, reason, .. }) = &self.paused else { return Verdict::GoOn };
        let can_take_it = state
            .is_some_and(|s| !matches!(s.phase, ControlPhase::Inactive | ControlPhase::Stopping));
        if let Some(status) = at.status
            && status.mode == ArmMode::Enabled
            && status.permit != self.permit
            && at.control_lives
            && can_take_it
        {
            self.last_sent = Some(at.now.mono);
            return Verdict::Reissue(status.permit);
        }
        let waited = at.now.mono.seconds_from(*since);
        let succeeded = state.is_some_and(|s| s.epoch > self.issued.epoch);
        if succeeded && can_take_it && at.control_lives && self.is_new() && waited < FRESH {
            return Verdict::Reissue(self.permit);
        }
        if waited > at.resume_timeout {
            let text = format!("paused for {waited:.0} s without arm/resume: {reason}");
            return Verdict::End(Ending::Aborted { code: crate::code::INVALID_GOAL, text });
        }
        let last = self.last_sent.map_or(*since, |sent| sent.max(*since));
        if untaken && at.now.mono.seconds_from(last) > SEND_AGAIN {
            self.last_sent = Some(at.now.mono);
            return Verdict::SendAgain;
        }
        Verdict::GoOn
    }
}

fn violation_text(found: &Violation, goal_time: f64, order: &JointOrder) -> String {
    let joint = order.names().get(found.joint).map_or("?", String::as_str);
    let (quantity, unit) = if found.velocity { ("velocity", "rad/s") } else { ("position", "rad") };
    let Violation { error, limit, path_time, .. } = found;
    let what = format!("{quantity} of {joint} is off by {error:.5} {unit}, {limit} {unit} allowed");
    if found.at_goal {
        format!("Aborted due to goal_time_tolerance exceeding: {goal_time} s after the end, {what}")
    } else {
        format!("Aborted due to path tolerance violation: {what}, at {path_time:.3} s of the path")
    }
}
