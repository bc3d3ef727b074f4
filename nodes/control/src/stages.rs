//! What the controller is doing, and what makes it do something else.

use crate::control::Control;
use crate::course::Pace;
use crate::gate::{Block, may_begin, permitted};
use crate::law::Measured;
use crate::plan::{AtHand, Progress};
use crate::tolerance::first_violation;
use vocabulary::health::LogLine;
use vocabulary::joint::PerJoint;
use vocabulary::plan::{ControlPhase, MotionPlan, PlanAction, Violation};
use vocabulary::time::{Monotonic, Now, Stamp};

/// Slope of a path that counts as starting from rest, rad/s.
pub(crate) const FLAT: f64 = 1e-3;

/// What the controller is doing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stage {
    /// Holds position.
    Hold,
    /// Moves onto the path; `at_rest` when it will stand there first.
    Blend { at_rest: bool },
    /// Follows the path; samples from `since` on count for tolerances.
    Run { since: Monotonic },
    /// Waits at the end of the path; samples from `since` on count.
    Settle { since: Monotonic },
    /// Holds the goal.
    Reached,
    /// Brakes; afterwards the plan is paused or over.
    Stop { pause: bool },
    /// Holds in the middle of a plan.
    Paused,
}

impl Stage {
    pub(crate) fn phase(self) -> ControlPhase {
        match self {
            Self::Hold => ControlPhase::Holding,
            Self::Blend { .. } => ControlPhase::Blending,
            Self::Run { .. } => ControlPhase::Executing,
            Self::Settle { .. } => ControlPhase::Settling,
            Self::Reached => ControlPhase::Reached,
            Self::Stop { .. } => ControlPhase::Stopping,
            Self::Paused => ControlPhase::Paused,
        }
    }

    pub(crate) fn is_moving(self) -> bool {
        matches!(
            self,
            Self::Blend { .. } | Self::Run { .. } | Self::Settle { .. } | Self::Stop { .. }
        )
    }

    fn needs_permission(self) -> bool {
        self.is_moving() && !matches!(self, Self::Stop { .. })
    }
}

impl Control {
    /// Takes a new plan, a new revision of the one at hand, or one that begins later.
    pub(crate) fn take_plan(&mut self, plan: &MotionPlan, now: Stamp, log: &mut Vec<LogLine>) {
        let at_hand = self.plan.as_ref();
        let revises = at_hand.is_some_and(|at_hand| at_hand.plan.plan_id == plan.plan_id);
        if at_hand.is_some_and(|at_hand| !at_hand.is_older_than(plan)) {
            return;
        }
        if !revises {
            let waiting = self.next.as_ref().filter(|next| next.plan_id == plan.plan_id);
            if waiting.is_some_and(|next| next.revision >= plan.revision) {
                return;
            }
            let waits = waiting.is_some();
            self.next = None;
            if plan.action == PlanAction::Execute && plan.start > now {
                self.next = Some(plan.clone());
                return;
            }
            if waits && plan.action == PlanAction::Stop {
                return;
            }
        }
        self.put_at_hand(plan.clone(), log);
    }

    /// The plan that begins later becomes the one at hand when its time has come; until then
    /// whatever is under way goes on.
    pub(crate) fn promote_next(&mut self, now: Stamp, log: &mut Vec<LogLine>) {
        if self.next.as_ref().is_some_and(|next| next.start <= now)
            && let Some(next) = self.next.take()
        {
            self.put_at_hand(next, log);
        }
    }

    fn put_at_hand(&mut self, plan: MotionPlan, log: &mut Vec<LogLine>) {
        let stop = plan.action == PlanAction::Stop;
        let before = self.plan.take();
        let path_time = before.as_ref().map_or(0.0, |b| b.path_time);
        let mut at_hand = AtHand::new(plan, before);
        self.report_now = true;
        if stop {
            at_hand.path_time = path_time;
            at_hand.progress = Progress::Over;
            self.plan = Some(at_hand);
            self.stop(false, "stopped by the client", log);
            return;
        }
        self.violation = None;
        self.plan = Some(at_hand);
    }

    /// Path seconds per second to go for.
    pub(crate) fn pace(&self) -> Pace {
        match self.stage {
            Stage::Stop { .. } | Stage::Paused => Pace::Stop,
            Stage::Blend { .. } => Pace::Towards(1.0),
            _ => Pace::Towards(self.allowed_speed()),
        }
    }

    /// Path speed to report: where no path is followed, the one that would be.
    pub(crate) fn path_speed(&self) -> f64 {
        match self.stage {
            Stage::Run { .. } | Stage::Stop { .. } => self.course.speed(),
            Stage::Blend { .. } | Stage::Paused => 0.0,
            Stage::Hold | Stage::Settle { .. } | Stage::Reached => self.allowed_speed(),
        }
    }

    /// Path time to report: it goes on counting after the end.
    pub(crate) fn path_time(&self) -> f64 {
        match self.stage {
            Stage::Settle { .. } => self.course.path_time(),
            _ => self.plan.as_ref().map_or(0.0, |p| p.path_time),
        }
    }

    /// Gives up the plan under way at once: whoever goes on, begins from what the drives do.
    pub(crate) fn interrupt(&mut self, reason: &str) {
        self.course.leave();
        let unfinished = self.plan.as_mut().filter(|p| p.progress != Progress::Over);
        let pause = unfinished.is_some();
        if let Some(plan) = unfinished {
            plan.progress = Progress::Over;
        }
        self.stage = if pause { Stage::Paused } else { Stage::Hold };
        self.reason = reason.to_owned();
        self.report_now = true;
    }

    /// Before the reference goes on: may it, and is there something to begin?
    pub(crate) fn decide(&mut self, now: Now, log: &mut Vec<LogLine>) {
        let Some(at_hand) = &self.plan else { return };
        match at_hand.progress {
            Progress::Over => {}
            Progress::Begun if self.stage.needs_permission() => {
                let status = self.status.as_ref();
                let allowed =
                    self.cool().and_then(|()| permitted(&at_hand.plan, status, &self.joints, now));
                if let Err(block) = allowed {
                    self.stop(true, &block.text(&self.order), log);
                }
            }
            Progress::Begun => {}
            Progress::Waiting => self.try_to_begin(now, log),
        }
    }

    /// Refuses motion while thermal wants the arm to stand.
    fn cool(&self) -> Result<(), Block> {
        if self.heat.stops() { Err(Block::Hot) } else { Ok(()) }
    }

    fn try_to_begin(&mut self, now: Now, log: &mut Vec<LogLine>) {
        let Some(at_hand) = &self.plan else { return };
        let braking = !self.stage.is_moving() && !self.course.is_at_rest();
        if braking || matches!(self.stage, Stage::Stop { .. }) {
            return;
        }
        let (status, joints) = (self.status.as_ref(), &self.joints);
        let allowed = may_begin(&at_hand.plan, status, joints, now, self.since_epoch);
        match allowed.and_then(|()| self.cool()) {
            Ok(()) => self.begin(log),
            Err(block) if self.stage.is_moving() => self.stop(true, &block.text(&self.order), log),
            Err(block) => self.wait(block, now.mono, log),
        }
    }

    /// A plan that may not begin is paused; after a while only a new revision begins it, so that
    /// nothing starts to move when nobody expects it any more.
    fn wait(&mut self, block: Block, now: Monotonic, log: &mut Vec<LogLine>) {
        let patience = self.config.start_patience;
        let Some(at_hand) = &mut self.plan else { return };
        if block == Block::Old {
            at_hand.progress = Progress::Over;
            return self.enter(Stage::Hold, &block.text(&self.order), log);
        }
        let since = *at_hand.blocked_since.get_or_insert(now);
        if now.seconds_from(since) > patience {
            at_hand.progress = Progress::Over;
        }
        if self.stage != Stage::Paused || since == now {
            self.enter(Stage::Paused, &block.text(&self.order), log);
        }
    }

    /// After the reference has gone on: has something come to its end?
    pub(crate) fn arrive(&mut self, now: Monotonic, log: &mut Vec<LogLine>) {
        if matches!(self.stage, Stage::Run { .. } | Stage::Stop { pause: true }) {
            self.note_path_time();
        }
        match self.stage {
            Stage::Blend { at_rest } if self.course.is_past_end() => self.enter_path(at_rest, log),
            Stage::Run { since } => self.watch_path(now, since, log),
            Stage::Settle { since } => self.watch_goal(since, log),
            Stage::Stop { pause } if self.course.is_stopped() => self.come_to_rest(pause, log),
            _ => {}
        }
    }

    fn note_path_time(&mut self) {
        let at = self.course.path_time();
        if let Some(plan) = self.plan.as_mut().filter(|p| p.on_path) {
            plan.path_time = at.min(plan.duration());
        }
    }

    fn enter_path(&mut self, at_rest: bool, log: &mut Vec<LogLine>) {
        let Some(at_hand) = &self.plan else { return };
        let (Some(path), from) = (at_hand.path.clone(), at_hand.path_time) else { return };
        let flat = path.sample(from).is_at_rest(FLAT);
        let speed = match (at_rest, flat) {
            (true, false) => 0.0,
            (true, true) => self.allowed_speed(),
            (false, _) => 1.0,
        };
        self.course.follow(path, from, speed);
        self.enter(Stage::Run { since: self.reference_at }, "", log);
    }

    fn watch_path(&mut self, now: Monotonic, since: Monotonic, log: &mut Vec<LogLine>) {
        let Some(at_hand) = &self.plan else { return };
        let measured = self.measured_since(since);
        let tolerance = &at_hand.plan.path_tolerance;
        let found = first_violation(&measured, tolerance, false, at_hand.path_time);
        let excused = self.excuse.covers(found.is_some(), now, self.tenure.held_up());
        if let Some(found) = found.filter(|_| !excused) {
            self.violation = Some(found);
            self.stop(true, &self.violation_text(&found), log);
        } else if self.course.is_past_end() {
            self.enter(Stage::Settle { since: self.reference_at }, "", log);
        }
    }

    fn watch_goal(&mut self, since: Monotonic, log: &mut Vec<LogLine>) {
        let Some(at_hand) = &mut self.plan else { return };
        let measured = {
            let joints = &self.joints;
            samples_since(joints, &self.measured, since)
        };
        let over = self.course.path_time() - at_hand.duration();
        let tolerance = &at_hand.plan.goal_tolerance;
        let found = first_violation(&measured, tolerance, true, self.course.path_time());
        if found.is_none() && measured.iter().all(Option::is_some) {
            at_hand.progress = Progress::Over;
            self.enter(Stage::Reached, "", log);
        } else if let (Some(found), None) = (found, self.violation)
            && over > at_hand.plan.goal_time
        {
            self.violation = Some(found);
            self.report_now = true;
            log.push(LogLine::warn(self.violation_text(&found)));
        }
    }

    fn come_to_rest(&mut self, pause: bool, log: &mut Vec<LogLine>) {
        self.course.leave();
        let waiting = self.plan.as_ref().is_some_and(|p| p.progress == Progress::Waiting);
        let reason = std::mem::take(&mut self.reason);
        if pause && !waiting {
            self.enter(Stage::Paused, &reason, log);
        } else {
            self.enter(Stage::Hold, "", log);
        }
    }

    /// Brakes on the path; a plan under way is paused or over.
    pub(crate) fn stop(&mut self, pause: bool, reason: &str, log: &mut Vec<LogLine>) {
        if let Some(begun) = self.plan.as_mut().filter(|p| p.progress == Progress::Begun) {
            begun.progress = Progress::Over;
        }
        match self.stage {
            // Braking already: what comes afterwards is decided anew.
            Stage::Stop { .. } => {
                self.stage = Stage::Stop { pause };
                self.report_now = true;
            }
            stage if stage.is_moving() => self.enter(Stage::Stop { pause }, reason, log),
            _ if pause => self.enter(Stage::Paused, reason, log),
            _ => self.enter(Stage::Hold, "", log),
        }
    }

    pub(crate) fn enter(&mut self, stage: Stage, reason: &str, log: &mut Vec<LogLine>) {
        // From path to path without a stop: whoever sends such plans tells of them.
        let goes_on = matches!((self.stage, stage), (Stage::Run { .. }, Stage::Run { .. }));
        self.stage = stage;
        self.report_now = true;
        self.reason.clear();
        self.reason.push_str(reason);
        if let Some(at_hand) = &mut self.plan {
            at_hand.on_path = match stage {
                Stage::Run { .. } | Stage::Settle { .. } => true,
                Stage::Stop { .. } => at_hand.on_path,
                _ => false,
            };
        }
        if !goes_on {
            log.push(self.transition(stage, reason));
        }
    }

    fn transition(&self, stage: Stage, reason: &str) -> LogLine {
        let plan = self.plan.as_ref().map_or((0, 0), |p| (p.plan.plan_id, p.plan.revision));
        let (id, revision) = plan;
        let at = self.path_time();
        let text = match stage {
            Stage::Hold => format!("plan {id}.{revision}: holding. {reason}"),
            Stage::Blend { .. } => {
                format!("plan {id}.{revision}: moving onto the path at {at:.3} s")
            }
            Stage::Run { .. } => format!("plan {id}.{revision}: executing from {at:.3} s"),
            Stage::Settle { .. } => format!("plan {id}.{revision}: end of the path, settling"),
            Stage::Reached => format!("plan {id}.{revision}: goal reached"),
            Stage::Stop { .. } => format!("plan {id}.{revision}: stopping at {at:.3} s: {reason}"),
            Stage::Paused => format!("plan {id}.{revision}: paused at {at:.3} s: {reason}"),
        };
        match stage {
            Stage::Stop { pause: true } | Stage::Paused => LogLine::warn(text),
            _ => LogLine::info(text),
        }
    }

    fn measured_since(&self, since: Monotonic) -> PerJoint<Option<Measured>> {
        samples_since(&self.joints, &self.measured, since)
    }

    fn violation_text(&self, found: &Violation) -> String {
        let name = self.order.names().get(found.joint).map_or("?", String::as_str);
        let (quantity, unit) =
            if found.velocity { ("velocity", "rad/s") } else { ("position", "rad") };
        let kind = if found.at_goal { "goal" } else { "path" };
        format!(
            "{name} is off by {:.5} {unit} at {:.3} s, {kind} tolerance of {quantity} is {} {unit}",
            found.error, found.path_time, found.limit
        )
    }
}

/// The measurements whose samples were taken at `since` or later.
fn samples_since(
    joints: &crate::joints::Joints,
    measured: &PerJoint<Option<Measured>>,
    since: Monotonic,
) -> PerJoint<Option<Measured>> {
    let mut current = *measured;
    for (slot, (_, joint)) in current.iter_mut().zip(joints.iter()) {
        if joint.sampled_at < since {
            *slot = None;
        }
    }
    current
}
