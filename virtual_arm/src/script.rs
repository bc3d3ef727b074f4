//! What a test does with the virtual arm: let time pass, call services, send goals, break things,
//! look at what came of it.
//!
//! The one rule: a call never waits longer than it says, in virtual time.

use crate::arm::VirtualArm;
use crate::client::GoalState;
use crate::config::{VirtualConfig, VirtualError};
use crate::invariants::Violation;
use crate::message::{Message, Role};
use crate::network::{NetworkFaults, ProcessId};
use crate::process::RunState;
use crate::record::Record;
use crate::schedule::Rogue;
use crate::tracking::TrackingFigures;
use can_bus::in_process::{BusFault, FaultId};
use motion::{GoalId, GoalRequest, RequestPoint, TrajectoryRequest};
use servo_sim::{FaultRequest, Truth};
use std::time::Duration;
use supervisor::{HandOverRequest, HandOverResponse, Request, RequestKind};
use vocabulary::arm::ArmStatus;
use vocabulary::joint::PerJoint;
use vocabulary::plan::ControlState;
use vocabulary::settings::ControlSettings;
use vocabulary::time::Monotonic;

/// How long a call may take.
const CALL: Duration = Duration::from_secs(15);
/// How often a waiting client looks.
const LOOK: Duration = Duration::from_millis(10);

/// After a drive that moved as nobody asked is healthy again, until its joint is back in order.
const CALM: Duration = Duration::from_secs(2);

/// Signals whose faults make a drive move as nobody asked.
const DECEPTIVE: [&str; 2] = ["position", "power"];

impl VirtualArm {
    /// Lets time pass. Returns early when an invariant is broken: see [`VirtualArm::verdict`].
    pub fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// World time.
    #[must_use]
    pub fn now(&self) -> Monotonic {
        self.now
    }

    /// Whether everything was as it must be.
    ///
    /// # Errors
    /// The broken invariant.
    pub fn verdict(&self) -> Result<(), Violation> {
        self.violation.clone().map_or(Ok(()), Err)
    }

    /// Why a process could not be started.
    #[must_use]
    pub fn failure(&self) -> Option<&VirtualError> {
        self.failure.as_ref()
    }

    /// Calls an arm service without waiting.
    pub fn request(&mut self, kind: RequestKind) -> u64 {
        let id = self.client.next_call();
        self.send(self.processes.len(), Message::Request(Request { id, kind }));
        id
    }

    /// Waits for the server of an arm service, calls it, and waits for the answer.
    ///
    /// # Errors
    /// The words of the supervisor, or that it did not answer.
    pub fn call(&mut self, kind: RequestKind) -> Result<String, String> {
        let serves =
            |arm: &Self| arm.processes.iter().any(|p| p.role == Role::Supervisor && p.is_alive());
        self.wait_until(CALL, serves);
        let id = self.request(kind);
        self.wait_until(CALL, |arm| arm.client.answer(id).is_some());
        match self.client.answer(id) {
            Some(answer) if answer.success => Ok(answer.message.clone()),
            Some(answer) => Err(answer.message.clone()),
            None => Err(format!("{kind:?} was not answered within {CALL:?}")),
        }
    }

    /// Hands the lease over to node `to` (empty: the standby) with a probation of `canary` s, and
    /// waits for the answer.
    ///
    /// # Errors
    /// That it was not answered.
    pub fn hand_over(&mut self, to: &str, canary: f64) -> Result<HandOverResponse, String> {
        let id = self.client.next_call();
        let request = HandOverRequest { id, to: to.to_owned(), canary };
        self.send(self.processes.len(), Message::HandOverRequest(request));
        self.wait_until(CALL, |arm| arm.client.hand_over(id).is_some());
        let answer = self.client.hand_over(id).cloned();
        answer.ok_or_else(|| format!("arm/hand_over was not answered within {CALL:?}"))
    }

    /// Asks for a hand-over as [`VirtualArm::hand_over`] does, without waiting.
    pub fn ask_hand_over(&mut self, to: &str, canary: f64) {
        let id = self.client.next_call();
        let request = HandOverRequest { id, to: to.to_owned(), canary };
        self.send(self.processes.len(), Message::HandOverRequest(request));
    }

    /// Waits until all nodes have started and found each other, then enables the arm.
    ///
    /// # Errors
    /// As [`VirtualArm::call`].
    pub fn enable(&mut self) -> Result<String, String> {
        self.call(RequestKind::Enable)
    }

    /// Sends a goal.
    pub fn send_goal(&mut self, trajectory: TrajectoryRequest) -> GoalId {
        let id = self.client.next_goal();
        let goal = GoalRequest { id, trajectory, ..GoalRequest::default() };
        self.send(self.processes.len(), Message::Goal(goal));
        id
    }

    /// A trajectory through waypoints, each reached at rest: position and time from start, s.
    #[must_use]
    pub fn trajectory(&self, points: &[(PerJoint<f64>, f64)]) -> TrajectoryRequest {
        let point = |(position, time): &(PerJoint<f64>, f64)| RequestPoint {
            positions: position.to_vec(),
            velocities: vec![0.0; position.len()],
            accelerations: vec![0.0; position.len()],
            effort: Vec::new(),
            time_from_start: *time,
        };
        TrajectoryRequest {
            stamp: Default::default(),
            joint_names: self.config.arm.joints.clone(),
            points: points.iter().map(point).collect(),
            yields: false,
        }
    }

    /// Cancels a goal.
    pub fn cancel(&mut self, goal: GoalId) {
        self.send(self.processes.len(), Message::Cancel(goal));
    }

    /// What became of a goal.
    #[must_use]
    pub fn goal(&self, goal: &GoalId) -> GoalState {
        self.client.goal(goal).cloned().unwrap_or(GoalState::Lost)
    }

    /// Waits until a goal is over, at most for `patience`.
    pub fn wait(&mut self, goal: &GoalId, patience: Duration) -> GoalState {
        self.wait_until(patience, |arm| arm.goal(goal).is_over());
        self.goal(goal)
    }

    /// Waits until something is true, at most for `patience`; returns whether it is.
    pub fn wait_until(&mut self, patience: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let until = self.now + patience;
        while !done(self) {
            if self.now >= until || self.violation.is_some() || self.failure.is_some() {
                return false;
            }
            self.run_until((self.now + LOOK).min(until));
        }
        true
    }

    /// Sets the fraction of the programmed speed, 0 to 1.
    pub fn set_speed(&mut self, factor: f64) {
        self.send(self.processes.len(), Message::SpeedScaling(factor));
    }

    /// Sets parameters of the servo loop while it runs.
    pub fn tune(&mut self, config: &control::Config) {
        self.send(self.processes.len(), Message::Parameters(Box::new(config.clone())));
    }

    /// The parameters with which everything was started.
    #[must_use]
    pub fn config(&self) -> &VirtualConfig {
        &self.config
    }

    /// What control last said that it works with.
    #[must_use]
    pub fn control_settings(&self) -> Option<&ControlSettings> {
        self.client.settings()
    }

    /// What control last reported.
    #[must_use]
    pub fn control_state(&self) -> Option<&ControlState> {
        self.client.heat().control.as_ref()
    }

    /// Names of all processes.
    pub fn process_names(&self) -> impl Iterator<Item = &str> {
        self.processes.iter().map(|process| process.name.as_str())
    }

    fn find(&self, name: &str) -> Result<ProcessId, VirtualError> {
        self.processes.iter().position(|process| process.name == name).ok_or_else(|| {
            let known = self.process_names().collect::<Vec<_>>().join(", ");
            VirtualError::NoProcess { name: name.to_owned(), known }
        })
    }

    /// Kills a process (SIGKILL); it is started again after the respawn delay.
    ///
    /// # Errors
    /// [`VirtualError::NoProcess`].
    pub fn kill(&mut self, name: &str) -> Result<(), VirtualError> {
        let host = self.config.host;
        let again = host.respawn_delay + self.host_dice.between(host.start_up.0, host.start_up.1);
        self.kill_for(name, again)
    }

    /// Kills a process; it makes its first step again after `time`. Whoever lives in it dies with it.
    ///
    /// # Errors
    /// [`VirtualError::NoProcess`].
    pub fn kill_for(&mut self, name: &str, time: Duration) -> Result<(), VirtualError> {
        let id = self.find(name)?;
        for member in self.house(id) {
            self.end(member, Some(self.now + time));
        }
        Ok(())
    }

    /// Gives a process no time for a while (SIGSTOP, SIGCONT), and whoever lives in it.
    ///
    /// # Errors
    /// [`VirtualError::NoProcess`].
    pub fn freeze(&mut self, name: &str, time: Duration) -> Result<(), VirtualError> {
        let id = self.find(name)?;
        self.house(id).into_iter().for_each(|member| self.pause(member, time));
        Ok(())
    }

    /// The code of one node does not come back for a while; others in its process, each with a thread
    /// of its own, go on.
    ///
    /// # Errors
    /// [`VirtualError::NoProcess`].
    pub fn hang(&mut self, name: &str, time: Duration) -> Result<(), VirtualError> {
        let id = self.find(name)?;
        self.pause(id, time);
        Ok(())
    }

    fn pause(&mut self, id: ProcessId, time: Duration) {
        let now = self.now;
        let Some(process) = self.processes.get_mut(id).filter(|process| process.is_alive()) else {
            return;
        };
        self.record.event(now, &process.name, &format!("frozen for {time:?}"));
        process.state = RunState::Frozen(now + time);
        self.set_alarm(id);
    }

    /// What goes wrong with messages from now on.
    pub fn set_network(&mut self, faults: NetworkFaults) {
        self.record.event(self.now, "network", &format!("{faults:?}"));
        self.network.faults = faults;
    }

    /// Cuts these processes off from all others; they still reach each other.
    ///
    /// # Errors
    /// [`VirtualError::NoProcess`].
    pub fn set_apart(&mut self, names: &[String]) -> Result<(), VirtualError> {
        let apart = names.iter().map(|name| self.find(name)).collect::<Result<Vec<_>, _>>()?;
        self.record.event(self.now, "network", &format!("cut off: {}", names.join(", ")));
        self.network.set_apart(self.now, &apart);
        Ok(())
    }

    /// Everybody reaches everybody again.
    pub fn join_all(&mut self) {
        self.record.event(self.now, "network", "whole again");
        self.network.join_all(self.now);
    }

    /// Publishes a command that nobody may obey; nothing before the first command of the holder.
    pub fn forge(&mut self, as_if: Rogue) {
        if let Some(forged) = self.overheard.forge(as_if, self.now) {
            self.send(self.processes.len(), Message::Command(Box::new(forged)));
        }
    }

    /// Makes a drive misbehave. When it lies about its position or its power stage fails, true motion
    /// is not judged while it does and until it has come to rest.
    ///
    /// # Errors
    /// [`VirtualError::Fault`] saying what is allowed.
    pub fn inject(&mut self, fault: &FaultRequest) -> Result<String, VirtualError> {
        let answer = self.hardware.drives.inject(fault)?;
        if DECEPTIVE.contains(&fault.signal.as_str()) {
            let forever = fault.duration <= 0.0 || fault.kind == "none";
            let time = if forever { 1e9 } else { fault.duration };
            self.checker.distrust_drives(self.now.shifted(time) + CALM);
        }
        Ok(answer)
    }

    /// Ends all faults of the drives.
    pub fn mend_drives(&mut self) {
        let healthy = FaultRequest {
            signal: "all".to_owned(),
            kind: "none".to_owned(),
            ..FaultRequest::default()
        };
        // Known words for all joints are never refused.
        let _answer = self.hardware.drives.inject(&healthy);
        self.checker.trust_drives(self.now + CALM);
    }

    /// Does something to the bus.
    pub fn break_bus(&mut self, fault: BusFault) -> FaultId {
        self.record.event(self.now, "bus", &format!("{:?}", fault.kind));
        self.hardware.wire.add_fault(fault, self.now)
    }

    /// Takes all faults of the bus away.
    pub fn mend_bus(&mut self) {
        self.record.event(self.now, "bus", "mended");
        self.hardware.wire.clear_faults(self.now);
    }

    /// The recording.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The supervisor's word, as the client last heard it.
    #[must_use]
    pub fn status(&self) -> &ArmStatus {
        self.client.status()
    }

    /// The true state.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.hardware.drives.truth()
    }

    /// Best-effort messages lost so far.
    #[must_use]
    pub fn lost_messages(&self) -> u64 {
        self.network.lost()
    }

    /// Commands that the living drivers refused, as their telemetry says.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.iter().sum()
    }

    /// Begins a new measurement of tracking.
    pub fn restart_tracking(&mut self) {
        self.tracking.restart();
    }

    /// How well the arm followed since the last [`VirtualArm::restart_tracking`].
    #[must_use]
    pub fn tracking(&self) -> TrackingFigures {
        self.tracking.figures()
    }
}
