//! What becomes of goals: taken, begun, handed over to the next one, cancelled, ended, answered.

use crate::active::{Active, Circumstances, Ending, Verdict};
use crate::messages::{Event, GoalEvent, Outputs, code};
use crate::motion::Motion;
use crate::rejection::Rejection;
use crate::request::{GoalId, GoalRequest, TrajectoryRequest};
use crate::tolerances::Tolerances;
use crate::validate::ValidPlan;
use vocabulary::arm::ArmMode;
use vocabulary::health::LogLine;
use vocabulary::plan::{Issue, MotionPlan};
use vocabulary::time::{Now, Stamp};

const BY_GOAL: &str = "Current goal preempted by new incoming action.";
const BY_TOPIC: &str = "preempted by a trajectory on the topic joint_trajectory";

impl Motion {
    pub(crate) fn judge(&mut self, now: Now, out: &mut Outputs) {
        if self.status.as_ref().is_some_and(|s| s.mode == ArmMode::Disabled) {
            let text = "the arm was disabled".to_owned();
            self.drop_next(&Event::Aborted { code: code::INVALID_GOAL, text }, now, out);
        }
        let control_lives = self.control_lives(now.mono);
        let issued = self.issue(now);
        let Some(active) = &mut self.active else { return };
        let circumstances = Circumstances {
            now,
            order: &self.rules.order,
            status: self.status.as_ref(),
            control_lives,
            resume_timeout: self.config.resume_timeout,
            stop_timeout: self.config.stop_timeout,
        };
        match active.judge(self.state.as_ref(), &circumstances) {
            Verdict::GoOn => {}
            Verdict::SendAgain => out.plan = Some(active.message()),
            Verdict::Reissue(permit) => {
                let text = format!("going on from {:.3} s of the path", active.path_time);
                out.log.push(LogLine::info(text));
                out.plan = Some(active.reissue(permit, issued));
            }
            Verdict::End(ending) => return self.end(ending, now, out),
        }
        if let Some(reason) = active.news_of_pause(now.mono) {
            out.log.push(LogLine::warn(format!("trajectory paused: {reason}")));
        }
    }

    /// What a plan that is issued now says of when that was.
    fn issue(&self, now: Now) -> Issue {
        Issue { stamp: now.stamp, epoch: self.epoch }
    }

    /// Answers the client; an aborted motion is stopped too.
    fn end(&mut self, ending: Ending, now: Now, out: &mut Outputs) {
        let issued = self.issue(now);
        let Some(mut active) = self.active.take() else { return };
        let event = match ending {
            Ending::Succeeded(text) => Event::Succeeded { text },
            Ending::Canceled(text) => Event::Canceled { text },
            Ending::Aborted { code, text } => {
                if !active.is_cancelled() {
                    out.plan = Some(active.stop(issued));
                }
                Event::Aborted { code, text }
            }
        };
        answer(active.goal, active.plan_id, event, out);
    }

    /// The trajectory that begins later takes over when its time has come.
    pub(crate) fn promote(&mut self, now: Now, out: &mut Outputs) {
        let Some(next) = &self.next else { return };
        let begun = self.state.as_ref().is_some_and(|state| state.plan_id == next.plan_id);
        if !begun && now.stamp < next.plan.start {
            return;
        }
        let by = if next.goal.is_some() { BY_GOAL } else { BY_TOPIC };
        self.preempt(by, out);
        self.active = self.next.take();
        self.next_feedback = now.mono;
    }

    /// Ends everything: the node is no longer active.
    pub(crate) fn give_up(&mut self, reason: &str, now: Now, out: &mut Outputs) {
        let text = reason.to_owned();
        self.drop_next(&Event::Aborted { code: code::INVALID_GOAL, text: text.clone() }, now, out);
        self.end(Ending::Aborted { code: code::INVALID_GOAL, text }, now, out);
    }

    /// The trajectory that begins later does not begin.
    fn drop_next(&mut self, event: &Event, now: Now, out: &mut Outputs) {
        let issued = self.issue(now);
        let Some(mut next) = self.next.take() else { return };
        out.plan = Some(next.stop(issued));
        answer(next.goal, next.plan_id, event.clone(), out);
    }

    pub(crate) fn cancel(&mut self, id: GoalId, now: Now, out: &mut Outputs) {
        if self.next.as_ref().is_some_and(|next| next.goal == Some(id)) {
            let text = "cancelled before its start".to_owned();
            return self.drop_next(&Event::Canceled { text }, now, out);
        }
        let issued = self.issue(now);
        let active = self.active.as_mut().filter(|active| active.goal == Some(id));
        if let Some(active) = active
            && let Some(plan) = active.cancel(now.mono, issued)
        {
            out.log.push(LogLine::info(format!("plan {}: cancelled", active.plan_id)));
            out.plan = Some(plan);
        }
    }

    pub(crate) fn take_topic(
        &mut self,
        trajectory: &TrajectoryRequest,
        now: Now,
        out: &mut Outputs,
    ) {
        let tolerances = Tolerances::configured(&self.config.constraints, &self.rules.order);
        match self.validate(trajectory, now) {
            Ok(plan) => {
                self.start(None, plan, tolerances, (now, BY_TOPIC), out);
            }
            Err(rejection) => {
                self.refused += 1;
                out.log.push(LogLine::warn(format!("trajectory refused: {rejection}")));
            }
        }
    }

    pub(crate) fn take_goal(&mut self, goal: &GoalRequest, now: Now, out: &mut Outputs) {
        out.goal_events.push(GoalEvent { id: goal.id, event: Event::Accepted });
        match self.admit(goal, now) {
            Ok((plan, tolerances)) => {
                self.start(Some(goal.id), plan, tolerances, (now, BY_GOAL), out);
            }
            Err(rejection) => {
                self.refused += 1;
                out.log.push(LogLine::warn(format!("goal refused: {rejection}")));
                let event = Event::Aborted { code: rejection.code(), text: rejection.to_string() };
                out.goal_events.push(GoalEvent { id: goal.id, event });
            }
        }
    }

    /// Whether the arm can do what this goal asks for.
    fn admit(&self, goal: &GoalRequest, now: Now) -> Result<(ValidPlan, Tolerances), Rejection> {
        let tolerances = Tolerances::of_goal(goal, &self.config.constraints, &self.rules.order)?;
        match goal.multi_dof_points {
            0 => Ok((self.validate(&goal.trajectory, now)?, tolerances)),
            count => Err(Rejection::MultiDof { count }),
        }
    }

    /// Hands a plan to control: for now, or for the time when it begins.
    fn start(
        &mut self,
        goal: Option<GoalId>,
        plan: ValidPlan,
        tolerances: Tolerances,
        (now, by): (Now, &str),
        out: &mut Outputs,
    ) {
        let permit = self.status.as_ref().map_or(0, |s| s.permit);
        let later = plan.start != Stamp(0);
        let ids = (self.next_plan_id, permit);
        self.next_plan_id += 1;
        let active = Active::new(goal, plan, tolerances, ids, self.issue(now));
        let message = active.message();
        if !active.plan.yields {
            out.log.push(LogLine::info(announcement(&message)));
        }
        // One latched message carries one plan: control drops what waits when it hears this one.
        if let Some(old) = self.next.take().filter(is_worth_telling) {
            answer(old.goal, old.plan_id, preempted(&old, by), out);
        }
        if later {
            self.next = Some(active);
        } else {
            self.preempt(by, out);
            self.active = Some(active);
            self.next_feedback = now.mono;
        }
        out.plan = Some(message);
    }

    fn preempt(&mut self, by: &str, out: &mut Outputs) {
        if let Some(old) = self.active.take().filter(is_worth_telling) {
            answer(old.goal, old.plan_id, preempted(&old, by), out);
        }
    }
}

/// A trajectory of a stream is replaced twenty times a second.
fn is_worth_telling(active: &Active) -> bool {
    !active.plan.yields
}

fn announcement(plan: &MotionPlan) -> String {
    let (id, points) = (plan.plan_id, plan.waypoints.len());
    let duration = plan.waypoints.last().map_or(0.0, |w| w.time);
    let begins = match plan.start {
        Stamp(0) => "now".to_owned(),
        start => format!("in {:.3} s", start.seconds_from(plan.issued.stamp)),
    };
    format!("plan {id}: {points} waypoints, {duration:.3} s, begins {begins}")
}

fn preempted(old: &Active, by: &str) -> Event {
    let text = by.to_owned();
    if old.is_cancelled() {
        Event::Canceled { text }
    } else {
        Event::Aborted { code: code::INVALID_GOAL, text }
    }
}

/// Tells the client, if there is one, and the log.
fn answer(goal: Option<GoalId>, plan_id: u64, event: Event, out: &mut Outputs) {
    let line = match &event {
        Event::Aborted { code, text } => {
            LogLine::warn(format!("plan {plan_id} aborted ({code}): {text}"))
        }
        Event::Succeeded { text } => LogLine::info(format!("plan {plan_id} succeeded: {text}")),
        Event::Canceled { text } => LogLine::info(format!("plan {plan_id} cancelled: {text}")),
        Event::Accepted | Event::Feedback(_) => return,
    };
    out.log.push(line);
    out.goal_events.extend(goal.map(|id| GoalEvent { id, event }));
}
