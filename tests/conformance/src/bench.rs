//! The client side of all cases: sends, listens, compares, and writes down what happened.

use crate::messages::{at_rest, goal, positions, seconds, trajectory};
use crate::motion::Track;
use anyhow::{Context, Result, bail, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::srv::ValidateTrajectory;
use r2r::control_msgs::action::FollowJointTrajectory::Goal;
use r2r::control_msgs::msg::{JointTrajectoryControllerState, SpeedScalingFactor};
use r2r::control_msgs::srv::QueryTrajectoryState;
use r2r::lifecycle_msgs::srv::ChangeState;
use r2r::rcl_interfaces::msg::{Parameter, ParameterType, ParameterValue};
use r2r::rcl_interfaces::srv::SetParameters;
use r2r::trajectory_msgs::msg::{JointTrajectory, JointTrajectoryPoint};
use rig::{ArmClient, GoalOutcome, RunningGoal};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// What is under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// This arm: refused goals are accepted and then aborted with a reason.
    Armature,
    /// A stock joint_trajectory_controller: refused goals are rejected.
    Stock,
}

/// What became of a goal.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The server did not take it.
    Rejected,
    /// It was taken and ended.
    Ended(GoalOutcome),
}

const SOON: Duration = Duration::from_secs(5);
const GOAL: Duration = Duration::from_secs(8);

/// The controller under test, as seen from a client.
pub struct Bench {
    arm: ArmClient,
    controller: String,
    /// Joint names, in the order of the positions used by the cases.
    pub joints: Vec<String>,
    /// Where the arm was when the suite began, rad.
    pub home: Vec<f64>,
    /// What is under test.
    pub profile: Profile,
    states: Rc<RefCell<Vec<JointTrajectoryControllerState>>>,
    newest: Option<JointTrajectoryControllerState>,
    topic: r2r::Publisher<JointTrajectory>,
    scaling: r2r::Publisher<SpeedScalingFactor>,
    transcript: Vec<String>,
    changed: Vec<(String, ParameterValue)>,
    scaled: bool,
}

impl Bench {
    /// Finds the controller and where its arm is; `joints` empty: those that it reports.
    ///
    /// # Errors
    /// When it does not publish its state within 5 s, or has not the joints named.
    pub fn find(controller: &str, joints: &[String]) -> Result<Self> {
        let mut arm = ArmClient::of_controller("conformance", controller)?;
        let reliable = QosProfile::default().reliable().keep_last(100);
        let states = Rc::new(RefCell::new(Vec::new()));
        let all = Rc::clone(&states);
        arm.each(&format!("{controller}/controller_state"), reliable, move |state| {
            all.borrow_mut().push(state);
        })?;
        let topic = arm.node().create_publisher(
            &format!("{controller}/joint_trajectory"),
            QosProfile::default().reliable().keep_last(10),
        )?;
        let scaling = arm.node().create_publisher(
            &format!("{controller}/speed_scaling_input"),
            QosProfile::default().reliable().transient_local().keep_last(1),
        )?;
        let heard = Rc::clone(&states);
        arm.wait_for(&format!("{controller}/controller_state"), SOON, move |_| {
            !heard.borrow().is_empty()
        })?;
        let newest = states.borrow_mut().pop();
        let mut bench = Self {
            arm,
            controller: controller.to_owned(),
            joints: joints.to_vec(),
            home: Vec::new(),
            profile: Profile::Stock,
            states,
            newest,
            topic,
            scaling,
            transcript: Vec::new(),
            changed: Vec::new(),
            scaled: false,
        };
        let reported = bench.state().joint_names.clone();
        if bench.joints.is_empty() {
            bench.joints.clone_from(&reported);
        }
        let strange = bench.joints.iter().find(|joint| !reported.contains(joint));
        ensure!(strange.is_none(), "{controller} has {reported:?}, not {strange:?}");
        bench.home = bench.reference();
        bench.profile = bench.detect()?;
        Ok(bench)
    }

    /// The dry run is ours alone.
    fn detect(&mut self) -> Result<Profile> {
        let service = format!("{}/validate_trajectory", self.controller);
        let qos = QosProfile::services_default();
        let client = self.arm.node().create_client::<ValidateTrajectory::Service>(&service, qos)?;
        let available = r2r::Node::is_available(&client)?;
        let found = self.arm.complete(&service, Duration::from_secs(2), available);
        Ok(if found.is_ok() { Profile::Armature } else { Profile::Stock })
    }

    /// Whether this arm is under test.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.profile == Profile::Armature
    }

    /// Takes in messages for `seconds`.
    pub fn wait(&mut self, seconds: f64) {
        self.arm.pump_for(Duration::from_secs_f64(seconds));
        self.take_in();
    }

    fn take_in(&mut self) {
        if let Some(state) = self.states.borrow().last() {
            self.newest = Some(state.clone());
        }
    }

    /// The newest state of the controller.
    #[must_use]
    pub fn state(&self) -> JointTrajectoryControllerState {
        self.newest.clone().unwrap_or_default()
    }

    /// The newest reference, rad, in the order of `joints`.
    #[must_use]
    pub fn reference(&self) -> Vec<f64> {
        let state = self.state();
        Track::order(&self.joints, &state.joint_names, &state.reference.positions)
    }

    /// Forgets what the controller has said so far; [`Bench::track`] begins here.
    pub fn listen(&mut self) {
        self.wait(0.0);
        self.states.borrow_mut().clear();
    }

    /// All states since [`Bench::listen`].
    pub fn track(&mut self) -> Track {
        self.wait(0.0);
        Track::new(&self.joints, &self.states.borrow())
    }

    /// Home, moved by `by` rad in every joint.
    #[must_use]
    pub fn near(&self, by: f64) -> Vec<f64> {
        self.home.iter().map(|home| home + by).collect()
    }

    /// A trajectory of all joints from now on.
    #[must_use]
    pub fn path(&self, points: Vec<JointTrajectoryPoint>) -> JointTrajectory {
        trajectory(&self.joints, points)
    }

    /// A goal of all joints that ends at rest, `by` rad from home, after `time` s.
    #[must_use]
    pub fn move_to(&self, by: f64, time: f64) -> Goal {
        goal(self.path(vec![at_rest(&self.near(by), time)]))
    }

    /// Sends a goal; an error when it is rejected.
    ///
    /// # Errors
    /// When the server is not there or rejects it.
    pub fn start(&mut self, goal: Goal) -> Result<RunningGoal> {
        self.note("sent", &describe(&goal));
        self.arm.send_goal(goal)
    }

    /// Waits for the end of a goal.
    ///
    /// # Errors
    /// When it does not end.
    pub fn finish(&mut self, running: &mut RunningGoal) -> Result<GoalOutcome> {
        let outcome = self.arm.finish(running, GOAL)?;
        self.take_in();
        self.note("came", &text(&outcome));
        Ok(outcome)
    }

    /// Whether a goal has ended already.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn poll(&mut self, running: &mut RunningGoal) -> Result<Option<GoalOutcome>> {
        self.arm.poll_goal(running)
    }

    /// Asks for a goal to be cancelled.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub fn cancel(&mut self, running: &RunningGoal) -> Result<()> {
        self.note("sent", "cancel");
        self.arm.cancel(running)
    }

    /// Sends a goal and waits for its end.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn run(&mut self, goal: Goal) -> Result<Answer> {
        match self.start(goal) {
            Ok(mut running) => Ok(Answer::Ended(self.finish(&mut running)?)),
            Err(error) if format!("{error:#}").contains("goal rejected") => {
                self.note("came", "the goal was rejected");
                Ok(Answer::Rejected)
            }
            Err(error) => Err(error),
        }
    }

    /// Publishes a trajectory on the topic.
    ///
    /// # Errors
    /// When the middleware refuses.
    pub fn publish(&mut self, trajectory: &JointTrajectory) -> Result<()> {
        self.note("sent", &format!("on the topic: {}", points(trajectory)));
        Ok(self.topic.publish(trajectory)?)
    }

    /// How many listen to the topic of trajectories.
    #[must_use]
    pub fn topic_listeners(&self) -> usize {
        self.topic.get_inter_process_subscription_count().unwrap_or_default()
    }

    /// Publishes a speed scaling factor; 1 again after the case.
    ///
    /// # Errors
    /// When the middleware refuses.
    pub fn scale(&mut self, factor: f64) -> Result<()> {
        self.note("sent", &format!("speed_scaling_input {factor}"));
        self.scaled = true;
        Ok(self.scaling.publish(&SpeedScalingFactor { factor })?)
    }

    /// Sets a parameter until the end of the case; the reason when it is refused.
    ///
    /// # Errors
    /// When the service does not answer.
    pub fn set(&mut self, name: &str, value: ParameterValue) -> Result<Result<(), String>> {
        let before = self.parameter(name)?;
        self.note("sent", &format!("parameter {name} = {}", value_text(&value)));
        let answer = self.set_now(name, value)?;
        match &answer {
            Ok(()) => self.changed.push((name.to_owned(), before)),
            Err(reason) => self.note("came", &format!("refused: {reason}")),
        }
        Ok(answer)
    }

    fn set_now(&mut self, name: &str, value: ParameterValue) -> Result<Result<(), String>> {
        let request =
            SetParameters::Request { parameters: vec![Parameter { name: name.to_owned(), value }] };
        let service = format!("{}/set_parameters", self.controller);
        let answer = self.arm.call::<SetParameters::Service>(&service, &request, SOON)?;
        let result = answer.results.first().context("no result for the parameter")?;
        Ok(if result.successful { Ok(()) } else { Err(result.reason.clone()) })
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// When the service does not answer.
    pub fn parameter(&mut self, name: &str) -> Result<ParameterValue> {
        use r2r::rcl_interfaces::srv::GetParameters;
        let request = GetParameters::Request { names: vec![name.to_owned()] };
        let service = format!("{}/get_parameters", self.controller);
        let answer = self.arm.call::<GetParameters::Service>(&service, &request, SOON)?;
        Ok(answer.values.into_iter().next().unwrap_or_default())
    }

    /// Asks the controller where it will be `ahead` s from now.
    ///
    /// # Errors
    /// When the service does not answer.
    pub fn query(&mut self, ahead: f64) -> Result<QueryTrajectoryState::Response> {
        let request = QueryTrajectoryState::Request { time: crate::messages::stamp(ahead) };
        let service = format!("{}/query_state", self.controller);
        let answer = self.arm.call::<QueryTrajectoryState::Service>(&service, &request, SOON)?;
        self.note("sent", &format!("query_state {ahead:+.2} s from now"));
        self.note("came", &format!("success {} at {:?}", answer.success, answer.position));
        Ok(answer)
    }

    /// Asks for a dry run.
    ///
    /// # Errors
    /// When the service does not answer.
    pub fn validate(
        &mut self,
        trajectory: JointTrajectory,
    ) -> Result<ValidateTrajectory::Response> {
        let service = format!("{}/validate_trajectory", self.controller);
        let request = ValidateTrajectory::Request { trajectory };
        self.arm.call::<ValidateTrajectory::Service>(&service, &request, SOON)
    }

    /// Requests a lifecycle transition of the controller's node.
    ///
    /// # Errors
    /// When the service does not answer or the transition is refused.
    pub fn transition(&mut self, id: u8, label: &str) -> Result<()> {
        self.note("sent", &format!("lifecycle transition {label}"));
        let mut request = ChangeState::Request::default();
        request.transition.id = id;
        let service = format!("{}/change_state", self.controller);
        let answer = self.arm.call::<ChangeState::Service>(&service, &request, SOON)?;
        ensure!(answer.success, "transition {label} was refused");
        Ok(())
    }

    /// Writes down what is expected and what came; an error when they differ.
    ///
    /// # Errors
    /// When `holds` is false.
    pub fn expect(&mut self, expected: &str, holds: bool, came: impl Into<String>) -> Result<()> {
        let came = came.into();
        self.note("expected", expected);
        self.note("came", &came);
        ensure!(holds, "expected {expected}; came {came}");
        Ok(())
    }

    pub(crate) fn note(&mut self, kind: &str, text: &str) {
        self.transcript.push(format!("{kind}: {text}"));
    }

    pub(crate) fn begin_case(&mut self) {
        self.transcript.clear();
        self.listen();
    }

    pub(crate) fn take_transcript(&mut self) -> Vec<String> {
        std::mem::take(&mut self.transcript)
    }

    /// Undoes settings and brings the arm back.
    pub(crate) fn end_case(&mut self) -> Result<()> {
        for (name, value) in std::mem::take(&mut self.changed).into_iter().rev() {
            if let Err(reason) = self.set_now(&name, value)? {
                bail!("parameter {name} did not go back: {reason}");
            }
        }
        if std::mem::take(&mut self.scaled) {
            self.scale(1.0)?;
            self.wait(0.05);
        }
        self.wait(0.02);
        let off =
            self.reference().iter().zip(&self.home).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if off < 1e-4 && self.track().is_at_rest() {
            return Ok(());
        }
        let back = goal(self.path(vec![positions(&self.home.clone(), 0.3 + 4.0 * off)]));
        let mut running = self.arm.send_goal(back)?;
        let outcome = self.arm.finish(&mut running, GOAL)?;
        self.take_in();
        let fine = outcome.status == r2r::GoalStatus::Succeeded;
        ensure!(fine, "the way home ended as {}", text(&outcome));
        Ok(())
    }
}

/// A number as a parameter.
#[must_use]
pub fn number(value: f64) -> ParameterValue {
    ParameterValue {
        type_: ParameterType::PARAMETER_DOUBLE as u8,
        double_value: value,
        ..ParameterValue::default()
    }
}

/// A truth value as a parameter.
#[must_use]
pub fn switch(value: bool) -> ParameterValue {
    ParameterValue {
        type_: ParameterType::PARAMETER_BOOL as u8,
        bool_value: value,
        ..ParameterValue::default()
    }
}

fn value_text(value: &ParameterValue) -> String {
    if u32::from(value.type_) == u32::from(ParameterType::PARAMETER_BOOL as u8) {
        value.bool_value.to_string()
    } else {
        value.double_value.to_string()
    }
}

/// An outcome in words.
#[must_use]
pub fn text(outcome: &GoalOutcome) -> String {
    let GoalOutcome { status, error_code, error_string } = outcome;
    format!("{status:?}, error_code {error_code}, {error_string:?}")
}

fn describe(goal: &Goal) -> String {
    let mut text = format!("goal: {}", points(&goal.trajectory));
    for (kind, list) in [("path", &goal.path_tolerance), ("goal", &goal.goal_tolerance)] {
        if let Some(first) = list.first() {
            let rest = if list.len() > 1 { " …" } else { "" };
            text += &format!(", {kind} tolerance {} {} rad{rest}", first.name, first.position);
        }
    }
    let goal_time = seconds(&goal.goal_time_tolerance);
    if goal_time != 0.0 {
        text += &format!(", goal_time_tolerance {goal_time} s");
    }
    text
}

fn points(trajectory: &JointTrajectory) -> String {
    let (joints, count) = (trajectory.joint_names.len(), trajectory.points.len());
    let Some(last) = trajectory.points.last() else { return format!("{joints} joints, no points") };
    let has = |list: &[f64], name: &'static str| if list.is_empty() { "" } else { name };
    let fields = [
        has(&last.positions, "positions "),
        has(&last.velocities, "velocities "),
        has(&last.accelerations, "accelerations "),
        has(&last.effort, "effort "),
    ];
    let end = seconds(&last.time_from_start);
    format!("{joints} joints, {count} points with {}until {end:.3} s", fields.concat())
}
