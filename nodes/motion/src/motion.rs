//! Goals in, plans out; reports in, answers out.

use crate::active::Active;
use crate::config::{Config, ConfigError};
use crate::messages::{Event, Feedback, GoalEvent, Inputs, Outputs};
use crate::request::GoalId;
use crate::validate::Rules;
use trajectory::State;
use vocabulary::arm::{ArmState, ArmStatus};
use vocabulary::health::{Health, NodeHealth};
use vocabulary::joint::{JointLimits, JointOrder, PerJoint};
use vocabulary::plan::ControlState;
use vocabulary::time::{Monotonic, Now, Stamp};

/// Low bits of a plan id that count; the others come from the process start.
const PLANS_PER_BOOT: u64 = 1 << 20;

/// The trajectory API.
#[derive(Debug)]
pub struct Motion {
    pub(crate) config: Config,
    pub(crate) rules: Rules,
    pub(crate) next_plan_id: u64,
    pub(crate) status: Option<ArmStatus>,
    pub(crate) state: Option<ControlState>,
    pub(crate) state_at: Monotonic,
    /// Newest epoch heard of control.
    pub(crate) epoch: u64,
    pub(crate) arm_state: Option<ArmState>,
    pub(crate) active: Option<Active>,
    /// A trajectory whose start lies in the future.
    pub(crate) next: Option<Active>,
    pub(crate) next_feedback: Monotonic,
    next_state: Monotonic,
    pub(crate) refused: u64,
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
        config.check(&order)?;
        Ok(Self {
            rules: Rules::of(&config, order, limits),
            config,
            next_plan_id: (boot_id & !(PLANS_PER_BOOT - 1)) + 1,
            status: None,
            state: None,
            state_at: Monotonic(0),
            epoch: 0,
            arm_state: None,
            active: None,
            next: None,
            next_feedback: Monotonic(0),
            next_state: Monotonic(0),
            refused: 0,
        })
    }

    /// One step; the host calls it at a steady rate and at once when a goal comes.
    pub fn step(&mut self, now: Now, inputs: &Inputs) -> Outputs {
        let mut out = Outputs::default();
        self.hear(now, inputs);
        self.promote(now, &mut out);
        self.judge(now, &mut out);
        if let Some(reason) = &inputs.give_up {
            self.give_up(reason, now, &mut out);
        }
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

    /// Whether this goal is under way.
    #[must_use]
    pub fn is_active(&self, id: &GoalId) -> bool {
        let goals = self.active.iter().chain(&self.next);
        goals.into_iter().any(|active| active.goal.as_ref() == Some(id))
    }

    /// The state that the trajectory under way, or the next one, asks for at ROS time `time`; none
    /// outside of them.
    #[must_use]
    pub fn query(&self, time: Stamp) -> Option<State> {
        let sample = |active: &Active, at: f64| {
            let path = &active.plan.path;
            (0.0..=path.duration()).contains(&at).then(|| path.sample(at))
        };
        if let Some(next) = self.next.as_ref().filter(|next| next.plan.start <= time) {
            return sample(next, time.seconds_from(next.plan.start));
        }
        let (active, state) = (self.active.as_ref()?, self.state.as_ref()?);
        let ahead = time.seconds_from(state.stamp);
        sample(active, active.path_time + ahead * state.speed_scaling)
    }

    /// Changes the parameters while running: they count for the next trajectory.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key; the old ones stay.
    pub fn reconfigure(&mut self, config: Config) -> Result<(), ConfigError> {
        config.check(&self.rules.order)?;
        self.rules = Rules::of(&config, self.rules.order.clone(), self.rules.limits);
        self.config = config;
        Ok(())
    }

    /// The newest report of control.
    #[must_use]
    pub fn control_state(&self) -> Option<&ControlState> {
        self.state.as_ref()
    }

    /// Whether `controller_state` is due with the report just heard.
    pub fn is_state_due(&mut self, now: Monotonic) -> bool {
        let fresh = self.state_at == now && self.state.is_some();
        // A report that comes a little early is not left out.
        let due = fresh && now >= self.next_state;
        if due {
            self.next_state = now.shifted(0.9 / self.config.state_publish_rate);
        }
        due
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
        if let Some(state) = inputs.control_state.as_ref().filter(|s| self.counts(now.mono, s)) {
            self.epoch = self.epoch.max(state.epoch);
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

    /// A controller that joins and does not hear the others yet says that it has no lease: that is no
    /// news of the arm as long as whoever has the lease is heard.
    fn counts(&self, now: Monotonic, news: &ControlState) -> bool {
        let holder = self.state.as_ref().filter(|known| known.epoch > 0);
        let heard = now.seconds_from(self.state_at) <= self.config.control_timeout;
        news.epoch > 0 || !holder.is_some_and(|holder| heard && holder.boot_id != news.boot_id)
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
