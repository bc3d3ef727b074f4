//! A ROS client of the arm: one thread, polled.

use crate::world::World;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use futures::future::{FutureExt, LocalBoxFuture};
use futures::stream::{BoxStream, StreamExt};
use futures::task::{Context, Poll, noop_waker};
use r2r::QosProfile;
use r2r::armature_msgs::msg::ControlState;
use r2r::control_msgs::action::FollowJointTrajectory;
use r2r::std_srvs::srv::Trigger;
use r2r::trajectory_msgs::msg::JointTrajectory;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

type Handler = Box<dyn FnMut(&mut World) -> bool>;

/// A client with its own node, in the domain of the environment.
pub struct ArmClient {
    node: r2r::Node,
    handlers: Vec<Handler>,
    action: r2r::ActionClient<FollowJointTrajectory::Action>,
    /// What was heard so far.
    pub world: World,
}

/// How a goal ended.
#[derive(Debug, Clone)]
pub struct GoalOutcome {
    /// Succeeded, canceled or aborted.
    pub status: r2r::GoalStatus,
    /// As the action defines it.
    pub error_code: i32,
    /// For people.
    pub error_string: String,
}

/// A goal that was accepted.
pub struct RunningGoal {
    handle: r2r::ActionClientGoal<FollowJointTrajectory::Action>,
    result: LocalBoxFuture<'static, r2r::Result<(r2r::GoalStatus, FollowJointTrajectory::Result)>>,
    feedback: BoxStream<'static, FollowJointTrajectory::Feedback>,
    /// Newest feedback.
    pub last_feedback: Option<FollowJointTrajectory::Feedback>,
}

fn latest() -> QosProfile {
    QosProfile::default().best_effort().keep_last(10)
}

fn latched() -> QosProfile {
    QosProfile::default().reliable().transient_local().keep_last(1)
}

impl ArmClient {
    /// A client named `name`.
    ///
    /// # Errors
    /// When the ROS context cannot be made.
    pub fn new(name: &str) -> Result<Self> {
        Self::of_controller(name, "arm_controller")
    }

    /// As [`ArmClient::new`], for a trajectory controller of another name.
    ///
    /// # Errors
    /// When the ROS context cannot be made.
    pub fn of_controller(name: &str, controller: &str) -> Result<Self> {
        let mut node = r2r::Node::create(r2r::Context::create()?, name, "")?;
        let action = node.create_action_client(&format!("{controller}/follow_joint_trajectory"))?;
        let mut client = Self { node, handlers: vec![], action, world: World::default() };
        client.on("arm/status", latched(), |w, m| w.status = Some(m))?;
        client.on("lease", latched(), |w, m| w.lease = Some(m))?;
        client.on("arm_state", latest(), |w, m| w.arm = Some(m))?;
        client.on("control_state", latest(), |w, m: ControlState| w.push_control(m))?;
        client.on("joint_states", QosProfile::default().keep_last(10), |w, m| {
            w.joint_states = Some(m);
        })?;
        client.on("sim/joint_states", latest(), World::push_truth)?;
        let beats = QosProfile::default().best_effort().keep_last(64);
        client.on("heartbeat", beats, World::push_heartbeat)?;
        Ok(client)
    }

    fn on<M>(
        &mut self,
        topic: &str,
        qos: QosProfile,
        mut apply: impl FnMut(&mut World, M) + 'static,
    ) -> Result<()>
    where
        M: r2r::WrappedTypesupport + 'static,
    {
        let mut stream = self.node.subscribe::<M>(topic, qos)?.boxed_local();
        self.handlers.push(Box::new(move |world| {
            let mut any = false;
            while let Some(Some(message)) = stream.next().now_or_never() {
                apply(world, message);
                any = true;
            }
            any
        }));
        Ok(())
    }

    /// Listens to one more topic; the newest message is in the cell.
    ///
    /// # Errors
    /// When the subscription cannot be made.
    pub fn listen<M: r2r::WrappedTypesupport + 'static>(
        &mut self,
        topic: &str,
        qos: QosProfile,
    ) -> Result<Rc<RefCell<Option<M>>>> {
        let cell = Rc::new(RefCell::new(None));
        let newest = Rc::clone(&cell);
        self.on(topic, qos, move |_, message| *newest.borrow_mut() = Some(message))?;
        Ok(cell)
    }

    /// Listens to one more topic; `take` gets every message in the order of arrival.
    ///
    /// # Errors
    /// When the subscription cannot be made.
    pub fn each<M: r2r::WrappedTypesupport + 'static>(
        &mut self,
        topic: &str,
        qos: QosProfile,
        mut take: impl FnMut(M) + 'static,
    ) -> Result<()> {
        self.on(topic, qos, move |_, message| take(message))
    }

    /// The node, for further publishers and clients of a test.
    pub fn node(&mut self) -> &mut r2r::Node {
        &mut self.node
    }

    /// Takes in what has come, waiting at most 2 ms for it.
    pub fn pump(&mut self) {
        self.node.spin_once(Duration::from_millis(2));
        for _ in 0..8 {
            let world = &mut self.world;
            let heard = self.handlers.iter_mut().fold(false, |any, handler| handler(world) | any);
            if !heard {
                break;
            }
            self.node.spin_once(Duration::ZERO);
        }
    }

    /// Pumps for a while.
    pub fn pump_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.pump();
        }
    }

    /// Pumps until `condition` holds; returns how long that took.
    ///
    /// # Errors
    /// After `limit`, naming `what` and the state of the arm.
    pub fn wait_for(
        &mut self,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut(&World) -> bool,
    ) -> Result<Duration> {
        let begin = Instant::now();
        loop {
            self.pump();
            if condition(&self.world) {
                return Ok(begin.elapsed());
            }
            if begin.elapsed() > limit {
                bail!("waited {limit:?} in vain for {what}: {}", self.world.describe());
            }
        }
    }

    /// Drives a future by pumping.
    ///
    /// # Errors
    /// After `limit`, naming `what`.
    pub fn complete<T>(
        &mut self,
        what: &str,
        limit: Duration,
        future: impl Future<Output = T>,
    ) -> Result<T> {
        let mut future = std::pin::pin!(future);
        let waker = noop_waker();
        let begin = Instant::now();
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(value);
            }
            if begin.elapsed() > limit {
                bail!("waited {limit:?} in vain for {what}: {}", self.world.describe());
            }
            self.pump();
        }
    }

    /// A client of a service that is there.
    ///
    /// # Errors
    /// When the service does not come up within `limit`.
    pub fn find<S: r2r::WrappedServiceTypeSupport + 'static>(
        &mut self,
        service: &str,
        limit: Duration,
    ) -> Result<r2r::Client<S>> {
        let client = self.node.create_client::<S>(service, QosProfile::services_default())?;
        let available = r2r::Node::is_available(&client)?;
        self.complete(&format!("service {service}"), limit, available)??;
        Ok(client)
    }

    /// Calls a service.
    ///
    /// # Errors
    /// When the service does not come up or does not answer within `limit`.
    pub fn call<S: r2r::WrappedServiceTypeSupport + 'static>(
        &mut self,
        service: &str,
        request: &S::Request,
        limit: Duration,
    ) -> Result<S::Response> {
        let client = self.find::<S>(service, limit)?;
        let answer = client.request(request)?;
        Ok(self.complete(&format!("an answer of {service}"), limit, answer)??)
    }

    /// Calls one of the arm services; the message of the answer.
    ///
    /// # Errors
    /// When it is refused (with the reason) or does not answer in 15 s.
    pub fn trigger(&mut self, service: &str) -> Result<String> {
        let answer =
            self.call::<Trigger::Service>(service, &Trigger::Request {}, Duration::from_secs(15))?;
        ensure!(answer.success, "{service} was refused: {}", answer.message);
        Ok(answer.message)
    }

    /// Waits until the supervisor has spoken, a controller holds the lease and all drivers are set
    /// up.
    ///
    /// # Errors
    /// After `limit`.
    pub fn wait_until_up(&mut self, limit: Duration) -> Result<Duration> {
        self.wait_for("the arm to come up", limit, |w| {
            w.status.is_some()
                && w.lease.as_ref().is_some_and(|lease| lease.holder != 0)
                && w.heartbeats.contains_key("arm_controller")
                && w.arm.as_ref().is_some_and(|arm| arm.driver_state.iter().all(|&s| s != 0))
        })
    }

    /// Sends a goal and waits until it is accepted.
    ///
    /// # Errors
    /// When the server is not there or rejects it.
    pub fn send(&mut self, trajectory: JointTrajectory) -> Result<RunningGoal> {
        self.send_goal(FollowJointTrajectory::Goal { trajectory, ..Default::default() })
    }

    /// Sends a complete goal message and waits until it is accepted.
    ///
    /// # Errors
    /// When the server is not there or rejects it.
    pub fn send_goal(&mut self, goal: FollowJointTrajectory::Goal) -> Result<RunningGoal> {
        let available = r2r::Node::is_available(&self.action)?;
        self.complete("the trajectory action", Duration::from_secs(10), available)??;
        let request = self.action.send_goal_request(goal)?;
        let answer = self.complete("the goal's acceptance", Duration::from_secs(5), request)?;
        let (handle, result, feedback) = answer.map_err(|e| anyhow!("goal rejected: {e}"))?;
        Ok(RunningGoal {
            handle,
            result: result.boxed_local(),
            feedback: feedback.boxed(),
            last_feedback: None,
        })
    }

    /// Pumps once and looks at the goal; `Some` when it has ended.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn poll_goal(&mut self, goal: &mut RunningGoal) -> Result<Option<GoalOutcome>> {
        self.pump();
        while let Some(Some(feedback)) = goal.feedback.next().now_or_never() {
            goal.last_feedback = Some(feedback);
        }
        let waker = noop_waker();
        match goal.result.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => Ok(None),
            Poll::Ready(result) => {
                let (status, result) = result.context("the action server went away")?;
                let (error_code, error_string) = (result.error_code, result.error_string);
                Ok(Some(GoalOutcome { status, error_code, error_string }))
            }
        }
    }

    /// Pumps until the goal has ended.
    ///
    /// # Errors
    /// After `limit`.
    pub fn finish(&mut self, goal: &mut RunningGoal, limit: Duration) -> Result<GoalOutcome> {
        let begin = Instant::now();
        loop {
            if let Some(outcome) = self.poll_goal(goal)? {
                return Ok(outcome);
            }
            if begin.elapsed() > limit {
                bail!("the goal did not end within {limit:?}: {}", self.world.describe());
            }
        }
    }

    /// Asks for a goal to be canceled.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub fn cancel(&mut self, goal: &RunningGoal) -> Result<()> {
        let request = goal.handle.cancel()?;
        Ok(self.complete("the cancel answer", Duration::from_secs(5), request)??)
    }
}
