//! Whether a trajectory may run now, and from where it would start.

use crate::config::Config;
use crate::motion::Motion;
use crate::rejection::Rejection;
use crate::request::TrajectoryRequest;
use crate::validate::{Rules, Start, ValidPlan};
use trajectory::State;
use vocabulary::arm::{ArmMode, Freshness};
use vocabulary::command::DriverState;
use vocabulary::joint::{JointLimits, JointOrder, PerJoint};
use vocabulary::plan::ControlPhase;
use vocabulary::time::{Monotonic, Now, Stamp};

impl Rules {
    pub(crate) fn of(config: &Config, order: JointOrder, limits: PerJoint<JointLimits>) -> Self {
        Self {
            allow_partial: config.allow_partial_joints_goal,
            allow_end_velocity: config.allow_nonzero_velocity_at_trajectory_end,
            allow_integration: config.allow_integration_in_goal_trajectories,
            interpolation: config.interpolation_method,
            wraparound: config.wraparound(&order),
            max_start_distance: config.max_start_distance,
            order,
            limits,
        }
    }
}

impl Motion {
    /// Judges a trajectory as if it came now, without moving anything.
    ///
    /// # Errors
    /// [`Rejection`] naming joint, point, limit and amount.
    pub fn validate(&self, request: &TrajectoryRequest, now: Now) -> Result<ValidPlan, Rejection> {
        let goals = self.active.iter().chain(&self.next);
        if request.yields && goals.into_iter().any(|active| active.goal.is_some()) {
            return Err(Rejection::GoalUnderWay);
        }
        let state = self.start_state(request.stamp, now)?;
        let plan = self.rules.validate(request, &Start { state, now: now.stamp })?;
        match self.obstacle() {
            Some(reason) => Err(Rejection::NotReady { reason }),
            None => Ok(plan),
        }
    }

    pub(crate) fn control_lives(&self, now: Monotonic) -> bool {
        now.seconds_from(self.state_at) <= self.config.control_timeout && self.state.is_some()
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

    /// The reference when a trajectory stamped `begin` starts: where the one under way will have
    /// come by then.
    fn start_state(&self, begin: Stamp, now: Now) -> Result<State, Rejection> {
        let present = self.present_state(now)?;
        if begin <= now.stamp {
            return Ok(present);
        }
        let under_way = self.active.as_ref().filter(|active| active.is_under_way());
        let later = under_way.zip(self.state.as_ref()).map(|(active, state)| {
            let ahead = begin.seconds_from(state.stamp);
            let path = &active.plan.path;
            let at = active.path_time + ahead * state.speed_scaling;
            if at < path.duration() { path.sample(at) } else { State::at_rest(path.end().position) }
        });
        Ok(later.unwrap_or_else(|| State::at_rest(present.position)))
    }

    /// Where a trajectory would start now: derivatives by path time, so that it goes on at the present
    /// path speed.
    fn present_state(&self, now: Now) -> Result<State, Rejection> {
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
}
