//! Topics, services and the action of the trajectory API.
//!
//! The rule: every goal that came is answered once.

use super::ros::{self, TopicTrajectory};
use crate::{Event, GoalEvent, Inputs, Motion, Outputs};
use node::action::{ActionEvent, ActionServer, Ending};
use node::services::Requests;
use node::topics::{Latest, Publisher, Stream};
use node::{Shell, StartError, convert};
use r2r::armature_msgs::srv::ValidateTrajectory;
use r2r::control_msgs::action::FollowJointTrajectory as Follow;
use r2r::control_msgs::msg::JointTrajectoryControllerState;
use r2r::control_msgs::srv::QueryTrajectoryState;
use vocabulary::arm::{ArmState, ArmStatus};
use vocabulary::plan::{ControlState, MotionPlan};
use vocabulary::time::Now;
use vocabulary::topics;

/// What comes in and what goes out.
pub struct Wiring {
    server: ActionServer<Follow::Action>,
    trajectories: Stream<TopicTrajectory>,
    control_state: Latest<ControlState>,
    status: Latest<ArmStatus>,
    arm_state: Latest<ArmState>,
    plan: Publisher<MotionPlan>,
    controller_state: r2r::Publisher<JointTrajectoryControllerState>,
    query: Requests<QueryTrajectoryState::Service>,
    validate: Requests<ValidateTrajectory::Service>,
}

impl Wiring {
    /// Creates everything.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let state = topics::CONTROLLER_STATE;
        Ok(Self {
            server: shell.action("arm_controller/follow_joint_trajectory")?,
            trajectories: shell.stream(topics::JOINT_TRAJECTORY)?,
            control_state: shell.latest(topics::CONTROL_STATE)?,
            status: shell.latest(topics::ARM_STATUS)?,
            arm_state: shell.latest(topics::ARM_STATE)?,
            plan: shell.publisher(topics::MOTION_PLAN)?,
            controller_state: shell.messages(state.name, state.qos)?,
            query: shell.service("arm_controller/query_state")?,
            validate: shell.service("arm_controller/validate_trajectory")?,
        })
    }

    /// What came since the last step.
    pub fn inputs(&mut self, motion: &Motion, shell: &Shell) -> Inputs {
        let mut inputs = Inputs {
            control_state: self.control_state.take(),
            status: self.status.take(),
            arm_state: self.arm_state.take(),
            topic_trajectories: self.trajectories.take().into_iter().map(|t| t.0).collect(),
            ..Inputs::default()
        };
        for event in self.server.events() {
            match event {
                ActionEvent::Goal(id, goal) => inputs.goals.push(ros::goal(id, &goal)),
                ActionEvent::Cancel(id) => {
                    let active = motion.is_active(&id);
                    self.server.answer_cancel(&id, active);
                    inputs.cancels.extend(active.then_some(id));
                }
            }
        }
        if !shell.is_active() {
            inputs.give_up = Some("arm_controller was deactivated".to_owned());
            self.turn_away(&mut inputs);
        }
        inputs
    }

    /// An inactive node starts nothing.
    fn turn_away(&mut self, inputs: &mut Inputs) {
        inputs.topic_trajectories.clear();
        for goal in inputs.goals.drain(..) {
            let answer = ros::invalid("arm_controller is not active: activate it first");
            self.server.finish(&goal.id, Ending::Aborted, answer);
        }
    }

    /// Tells everybody what a step decided.
    pub fn send(&mut self, outputs: Outputs, motion: &mut Motion, shell: &Shell, now: Now) {
        self.plan.send_all(&outputs.plan);
        for GoalEvent { id, event } in outputs.goal_events {
            match event {
                Event::Accepted => {}
                Event::Feedback(feedback) => {
                    self.server.feedback(&id, ros::feedback(&feedback, shell.order()));
                }
                Event::Succeeded { text } => {
                    self.server.finish(&id, Ending::Succeeded, ros::result(0, text));
                }
                Event::Aborted { code, text } => {
                    self.server.finish(&id, Ending::Aborted, ros::result(code, text));
                }
                Event::Canceled { text } => {
                    self.server.finish(&id, Ending::Canceled, ros::result(0, text));
                }
            }
        }
        let due = motion.is_state_due(now.mono);
        if let Some(state) = motion.control_state().filter(|_| due) {
            let msg = ros::controller_state(state, shell.order());
            let _ending = self.controller_state.publish(&msg);
        }
    }

    /// Answers questions.
    pub fn serve(&mut self, motion: &Motion, shell: &Shell, now: Now) {
        self.query.answer(|request| {
            ros::queried(motion.query(convert::stamp(&request.time)), shell.order())
        });
        self.validate.answer(|request| {
            ros::validated(motion.validate(&ros::trajectory(&request.trajectory), now))
        });
    }
}
