//! A client of planning: `move_to` goals and targets for them.

use crate::client::ArmClient;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use futures::future::{FutureExt, LocalBoxFuture};
use futures::stream::{BoxStream, StreamExt};
use r2r::armature_msgs::action::MoveTo;
use r2r::armature_msgs::msg::MotionTarget;
use r2r::geometry_msgs::msg::{Point, Pose, PoseStamped, Quaternion};
use std::time::{Duration, Instant};

/// A client of `planning/move_to`.
pub struct Mover {
    action: r2r::ActionClient<MoveTo::Action>,
}

/// A goal that was accepted.
pub struct RunningMove {
    handle: r2r::ActionClientGoal<MoveTo::Action>,
    result: LocalBoxFuture<'static, r2r::Result<(r2r::GoalStatus, MoveTo::Result)>>,
    feedback: BoxStream<'static, MoveTo::Feedback>,
    /// Newest feedback.
    pub last_feedback: Option<MoveTo::Feedback>,
}

impl Mover {
    /// A client on the node of `arm`; waits until planning serves.
    ///
    /// # Errors
    /// When it does not within 20 s.
    pub fn new(arm: &mut ArmClient) -> Result<Self> {
        let action = arm.node().create_action_client::<MoveTo::Action>("planning/move_to")?;
        let available = r2r::Node::is_available(&action)?;
        arm.complete("the action planning/move_to", Duration::from_secs(20), available)??;
        Ok(Self { action })
    }

    /// Sends a goal and waits until it is accepted.
    ///
    /// # Errors
    /// When it is not.
    pub fn send(&self, arm: &mut ArmClient, goal: MoveTo::Goal) -> Result<RunningMove> {
        let request = self.action.send_goal_request(goal)?;
        let answer = arm.complete("acceptance by move_to", Duration::from_secs(5), request)?;
        let (handle, result, feedback) = answer.map_err(|e| anyhow!("goal rejected: {e}"))?;
        let (result, feedback) = (result.boxed_local(), feedback.boxed());
        Ok(RunningMove { handle, result, feedback, last_feedback: None })
    }

    /// Sends a goal and waits for its end.
    ///
    /// # Errors
    /// When it does not end within `limit`.
    pub fn drive(
        &self,
        arm: &mut ArmClient,
        goal: MoveTo::Goal,
        limit: Duration,
    ) -> Result<MoveTo::Result> {
        let mut running = self.send(arm, goal)?;
        Ok(running.finish(arm, limit)?.1)
    }
}

impl RunningMove {
    /// Pumps once and looks at the goal; `Some` when it has ended.
    ///
    /// # Errors
    /// When planning is gone.
    pub fn poll(
        &mut self,
        arm: &mut ArmClient,
    ) -> Result<Option<(r2r::GoalStatus, MoveTo::Result)>> {
        arm.pump();
        while let Some(Some(feedback)) = self.feedback.next().now_or_never() {
            self.last_feedback = Some(feedback);
        }
        let ended = self.result.as_mut().now_or_never();
        ended.transpose().context("planning went away")
    }

    /// Pumps until the goal has ended.
    ///
    /// # Errors
    /// After `limit`.
    pub fn finish(
        &mut self,
        arm: &mut ArmClient,
        limit: Duration,
    ) -> Result<(r2r::GoalStatus, MoveTo::Result)> {
        let begin = Instant::now();
        loop {
            if let Some(ended) = self.poll(arm)? {
                return Ok(ended);
            }
            if begin.elapsed() > limit {
                bail!("move_to did not end within {limit:?}: {}", arm.world.describe());
            }
        }
    }

    /// Pumps until so much of the motion is done, 0 to 1.
    ///
    /// # Errors
    /// When the goal ends before, or after `limit`.
    pub fn wait_for(&mut self, arm: &mut ArmClient, share: f64, limit: Duration) -> Result<()> {
        let begin = Instant::now();
        while self.last_feedback.as_ref().is_none_or(|feedback| feedback.progress < share) {
            if let Some((_, result)) = self.poll(arm)? {
                bail!("the goal ended before: {}", result.outcome.message);
            }
            ensure!(begin.elapsed() < limit, "no progress of {share} within {limit:?}");
        }
        Ok(())
    }

    /// Asks for the goal to be cancelled.
    ///
    /// # Errors
    /// When planning refuses or does not answer.
    pub fn cancel(&self, arm: &mut ArmClient) -> Result<()> {
        let request = self.handle.cancel()?;
        Ok(arm.complete("the cancel answer", Duration::from_secs(5), request)??)
    }
}

/// A pose in the base, the tool pointing down.
#[must_use]
pub fn tool_down(position: [f64; 3]) -> PoseStamped {
    let [x, y, z] = position;
    let [qx, qy, qz, qw] = vocabulary::arm::TOOL_DOWN;
    let orientation = Quaternion { x: qx, y: qy, z: qz, w: qw };
    let pose = Pose { position: Point { x, y, z }, orientation };
    PoseStamped { pose, ..PoseStamped::default() }
}

/// A goal: to a pose.
#[must_use]
pub fn to_pose(pose: PoseStamped) -> MoveTo::Goal {
    let kind = MotionTarget::POSE as u8;
    let target = MotionTarget { kind, pose, ..MotionTarget::default() };
    MoveTo::Goal { target, ..MoveTo::Goal::default() }
}

/// A goal: to joint positions, rad.
#[must_use]
pub fn to_joints(positions: &[f64]) -> MoveTo::Goal {
    let target = MotionTarget { positions: positions.to_vec(), ..MotionTarget::default() };
    MoveTo::Goal { target, ..MoveTo::Goal::default() }
}
