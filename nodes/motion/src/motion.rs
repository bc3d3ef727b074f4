//! Goals in, plans out; reports in, answers out.

use crate::active::{Active, Circumstances, Ending, Verdict};
use crate::config::{Config, ConfigError};
use crate::messages::{Event, Feedback, GoalEvent, Inputs, Outputs, code};
use crate::rejection::Rejection;
use crate::request::{GoalId, GoalRequest, TrajectoryRequest};
use crate::tolerances::Tolerances;
use crate::validate::{Rules, Start, ValidPlan};
use trajectory::State;
use vocabulary::arm::{ArmMode, ArmState, ArmStatus, Freshness};
use vocabulary::command::DriverState;
use vocabulary::health::{Health, LogLine, NodeHealth};
use vocabulary::joint::{JointLimits, JointOrder, PerJoint};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::time::{Monotonic, Now, Stamp};

/// Low bits of a plan id that count; the others come from the process start.
const PLANS_PER_BOOT: u64 = 1 << 20;

/// The trajectory API.
#[derive(Debug)]
pub struct Motion {
    config: Config,
    rules: Rules,
    next_plan_id: u64,
    status: Option<ArmStatus>,
    state: Option<ControlState>,
    state_at: Monotonic,
    arm_state: Option<ArmState>,
    active: Option<Active>,
    next_feedback: Monotonic,
    refused: u64,
}

impl Motion {
    /// A trajectory API without goals.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key.
    pub fn new(
        config: Config,
        order: JointOrder,
        limits: PerJoint<JointLimits>,
        boot_id: u64,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        config.check_names(&order)?;
        let rules = Rules {
            order,
            limits,
            allow_partial: config.allow_partial_joints_goal,
            allow_end_velocity: config.allow_nonzero_velocity_at_trajectory_end,
            max_start_distance: config.max_start_distance,
        };
        Ok(Self {
            config,
            rules,
            next_plan_id: (boot_id & !(PLANS_PER_BOOT - 1)) + 1,
            status: None,
            state: None,
            state_at: Monotonic(0),
            arm_state: None,
            active: None,
            next_feedback: Monotonic(0),
            refused: 0,
        })
    }

    /// One step; the host calls it at a steady rate and at once when a goal comes.
    pub fn step(&mut self, now: Now, inputs: &Inputs) -> Outputs {
        let mut out = Outputs::default();
        self.hear(now, inputs);
        self.judge(now, &mut out);
        for id in &inputs.cancels {
            self.cancel(*id, now, &mut out);
        }
        for trajectory in &inputs.topic_trajectories {
            self.take_topic(trajectory, now, &mut out);
        }
        for goal in &inputs.goals {
            self.take_goal(goal, now, &mut out);
        }
        self.give_feedback(now, &mut out);
        out
    }

    /// Judges a trajectory as if it came now, without moving anything.
    ///
    /// # Errors
    /// [`Rejection`] naming joint, point, limit and amount.
    pub fn validate(&self, request: &TrajectoryRequest, now: Now) -> Result<ValidPlan, Rejection> {
        let state = self.start_state(now)?;
        self.rules.validate(request, &Start { state, now: now.stamp })
    }

    /// Whether this goal is under way.
    #[must_use]
    pub fn is_active(&self, id: &GoalId) -> bool {
        self.active.as_ref().is_some_and(|active| active.goal.as_ref() == Some(id))
    }

    /// The state that the trajectory under way asks for at ROS time `time`; none outside of it.
    #[must_use]
    pub fn query(&self, time: Stamp) -> Option<State> {
        let (active, state) = (self.active.as_ref()?, self.state.as_ref()?);
        let ahead = (i128::from(time.0) - i128::from(state.stamp.0)) as f64 * 1e-9;
        let at = active.path_time + ahead * state.speed_scaling;
        let path = &active.plan.path;
        (0.0..=path.duration()).contains(&at).then(|| path.sample(at))
    }

    /// The newest report of control.
    #[must_use]
    pub fn control_state(&self) -> Option<&ControlState> {
        self.state.as_ref()
    }

    /// What to say in the heartbeat.
    #[must_use]
    pub fn health(&self) -> NodeHealth {
        let reason = self.active.as_ref().and_then(Active::pause_reason);
        let mut health = NodeHealth::default();
        if let Some(reason) = reason {
            health.health = Health::Warn;
            health.message = format!("trajectory paused: {reason}");
        }
        health.cycles.refused = self.refused;
        health
    }

    fn hear(&mut self, now: Now, inputs: &Inputs) {
        if let Some(state) = &inputs.control_state {
            self.state = Some(state.clone());
            self.state_at = now.mono;
        }
        if let Some(status) = &inputs.status {
            self.status = Some(status.clone());
        }
        if let Some(arm_state) = &inputs.arm_state {
            self.arm_state = Some(arm_state.clone());
        }
    }

    fn control_lives(&self, now: Monotonic) -> bool {
        now.seconds_from(self.state_at) <= self.config.control_timeout && self.state.is_some()
    }

    fn judge(&mut self, now: Now, out: &mut Outputs) {
        let control_lives = self.control_lives(now.mono);
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
            Verdict::Reissue(permit) => {
                let text = format!("going on from {:.3} s of the path", active.path_time);
                out.log.push(LogLine::info(text));
                out.plan = Some(active.reissue(permit, now.stamp));
            }
            Verdict::End(ending) => return self.end(ending, now, out),
        }
        if let Some(reason) = active.news_of_pause(now.mono) {
            out.log.push(LogLine::warn(format!("trajectory paused: {reason}")));
        }
    }

    /// Answers the client; an aborted motion is stopped too.
    fn end(&mut self, ending: Ending, now: Now, out: &mut Outputs) {
        let Some(mut active) = self.active.take() else { return };
        let event = match ending {
            Ending::Succeeded(text) => Event::Succeeded { text },
            Ending::Canceled(text) => Event::Canceled { text },
            Ending::Aborted { code, text } => {
                if !active.is_cancelled() {
                    out.plan = Some(active.stop(now.stamp));
                }
                Event::Aborted { code, text }
            }
        };
        answer(active.goal, active.plan_id, event, out);
    }

    fn cancel(&mut self, id: GoalId, now: Now, out: &mut Outputs) {
        let active = self.active.as_mut().filter(|active| active.goal == Some(id));
        if let Some(active) = active
            && let Some(plan) = active.cancel(now.mono, now.stamp)
        {
            out.log.push(LogLine::info(format!("plan {}: cancelled", active.plan_id)));
            out.plan = Some(plan);
        }
    }

    fn take_topic(&mut self, trajectory: &TrajectoryRequest, now: Now, out: &mut Outputs) {
        let tolerances = Tolerances::configured(&self.config.constraints, &self.rules.order);
        match self.admit(trajectory, now) {
            Ok(plan) => {
                let text = "preempted by a trajectory on the topic joint_trajectory";
                self.start(None, plan, tolerances, (now, text), out);
            }
            Err(rejection) => {
                self.refused += 1;
                out.log.push(LogLine::warn(format!("trajectory refused: {rejection}")));
            }
        }
    }

    fn take_goal(&mut self, goal: &GoalRequest, now: Now, out: &mut Outputs) {
        out.goal_events.push(GoalEvent { id: goal.id, event: Event::Accepted });
        let tolerances = Tolerances::of_goal(goal, &self.config.constraints, &self.rules.order);
        let admitted = tolerances.and_then(|t| Ok((self.admit(&goal.trajectory, now)?, t)));
        match admitted {
            Ok((plan, tolerances)) => {
                let text = "Current goal preempted by new incoming action.";
                self.start(Some(goal.id), plan, tolerances, (now, text), out);
            }
            Err(rejection) => {
                self.refused += 1;
                out.log.push(LogLine::warn(format!("goal refused: {rejection}")));
                let event = Event::Aborted { code: rejection.code(), text: rejection.to_string() };
                out.goal_events.push(GoalEvent { id: goal.id, event });
            }
        }
    }

    /// Whether the arm can take this trajectory now.
    fn admit(&self, trajectory: &TrajectoryRequest, now: Now) -> Result<ValidPlan, Rejection> {
        let plan = self.validate(trajectory, now)?;
        match self.obstacle() {
            Some(reason) => Err(Rejection::NotReady { reason }),
            None => Ok(plan),
        }
    }

    /// What stands against any motion.
    fn obstacle(&self) -> Option<String> {
        let Some(status) = &self.status else {
            return Some("no arm/status heard yet, is the supervisor running?".to_owned());
        };
        match status.mode {
            ArmMode::Enabled => self.unready_joint(),
            ArmMode::Disabled => Some("it is disabled, call arm/enable".to_owned()),
            ArmMode::Stopped => Some("it is stopped, call arm/resume".to_owned()),
            ArmMode::Hold => Some(format!("held by a fault, {}: call arm/resume", status.reason)),
        }
    }

    fn unready_joint(&self) -> Option<String> {
        let arm = self.arm_state.as_ref()?;
        let joints = self.rules.order.names().iter().zip(&arm.freshness).zip(&arm.driver);
        joints.into_iter().find_map(|((joint, freshness), driver)| match (freshness, driver) {
            (Freshness::Silent, _) => Some(format!("{joint} is silent")),
            (_, DriverState::Following | DriverState::Holding) => None,
            (_, DriverState::Blocked) => Some(format!("{joint} is blocked, call arm/resume")),
            (_, DriverState::Faulted) => Some(format!("{joint} has a fault: arm/clear_faults")),
            (_, DriverState::Offline) => Some(format!("the drive of {joint} is offline")),
            (_, DriverState::Disabled | DriverState::Enabling) => {
                Some(format!("{joint} is not enabled yet"))
            }
        })
    }

    /// Where a trajectory would start: derivatives by path time, so that it goes on at the present
    /// path speed.
    fn start_state(&self, now: Now) -> Result<State, Rejection> {
        let not_ready = |reason: String| Rejection::NotReady { reason };
        let state = self.state.as_ref().filter(|_| self.control_lives(now.mono));
        let state = state.ok_or_else(|| not_ready("control is silent".to_owned()))?;
        let speed = match state.phase {
            ControlPhase::Inactive => {
                return Err(not_ready(format!("control is inactive, {}", state.reason)));
            }
            ControlPhase::Executing => state.speed_scaling,
            ControlPhase::Blending => 1.0,
            _ => 0.0,
        };
        let mut start = State::at_rest(state.reference_position);
        if speed > 0.0 {
            start.velocity = state.reference_velocity.map(|v| v / speed);
            start.acceleration = state.reference_acceleration.map(|a| a / (speed * speed));
        }
        Ok(start)
    }

    fn start(
        &mut self,
        goal: Option<GoalId>,
        plan: ValidPlan,
        tolerances: Tolerances,
        (now, preempts): (Now, &str),
        out: &mut Outputs,
    ) {
        if let Some(old) = self.active.take() {
            let event = if old.is_cancelled() {
                Event::Canceled { text: preempts.to_owned() }
            } else {
                Event::Aborted { code: code::INVALID_GOAL, text: preempts.to_owned() }
            };
            answer(old.goal, old.plan_id, event, out);
        }
        let permit = self.status.as_ref().map_or(0, |s| s.permit);
        let active = Active::new(goal, plan, tolerances, (self.next_plan_id, permit));
        self.next_plan_id += 1;
        let message = active.message(now.stamp, vocabulary::plan::PlanAction::Execute);
        let (points, duration) = (message.waypoints.len(), active.plan.path.duration());
        let text = format!("plan {}: {points} waypoints, {duration:.3} s", active.plan_id);
        out.log.push(LogLine::info(text));
        out.plan = Some(message);
        self.active = Some(active);
        self.next_feedback = now.mono;
    }

    fn give_feedback(&mut self, now: Now, out: &mut Outputs) {
        let (Some(active), Some(state)) = (&self.active, &self.state) else { return };
        let Some(id) = active.goal.filter(|_| now.mono >= self.next_feedback) else { return };
        if state.plan_id != active.plan_id {
            return;
        }
        self.next_feedback = now.mono.shifted(1.0 / self.config.action_monitor_rate);
        let feedback = Feedback {
            stamp: state.stamp,
            desired: State {
                position: state.reference_position,
                velocity: state.reference_velocity,
                acceleration: state.reference_acceleration,
            },
            actual_position: state.feedback_position,
            actual_velocity: state.feedback_velocity,
            error_position: state.error_position,
            path_time: state.path_time,
        };
        out.goal_events.push(GoalEvent { id, event: Event::Feedback(Box::new(feedback)) });
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
