//! The loop of the process: a timer of absolute instants, poll, step, publish.
//!
//! The rule: an inactive control goes on listening and stepping, so that it knows where the arm is,
//! and publishes nothing. Whether an active one commands is the library's word.

mod desk;
mod file;

use crate::{Arm, Config, Control, Inputs, Outputs};
use desk::Desk;
use node::arm::DescribedArm;
use node::convert::{FromMsg, Refused};
use node::realtime::{self, CycleTimer, Realtime};
use node::topics::{Latest, Publisher, Stream};
use node::{Shell, StartError, signal};
use std::time::Duration;
use vocabulary::arm::{ArmStatus, Derating};
use vocabulary::command::{JointCommand, JointFeedback, Lease};
use vocabulary::handover::HandOver;
use vocabulary::joint::JointOrder;
use vocabulary::plan::{ControlState, MotionPlan};
use vocabulary::time::Now;
use vocabulary::topics;

/// Its name unless launch gives it another one.
pub const NAME: &str = "control";

/// Below the drivers, whose feedback each cycle begins with, and above everything else of the arm.
const PRIORITY: i32 = 60;

/// A factor of `arm_controller/speed_scaling_input`.
struct SpeedScaling(f64);

impl FromMsg for SpeedScaling {
    type Msg = r2r::control_msgs::msg::SpeedScalingFactor;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        if (0.0..=1.0).contains(&msg.factor) {
            return Ok(Self(msg.factor));
        }
        Err(Refused::Value { field: "factor", value: msg.factor.to_string(), allowed: "0 to 1" })
    }
}

struct Subscriptions {
    feedback: Vec<Latest<JointFeedback>>,
    status: Latest<ArmStatus>,
    lease: Latest<Lease>,
    plan: Latest<MotionPlan>,
    derating: Latest<Derating>,
    speed_scaling: Latest<SpeedScaling>,
    commands: Stream<JointCommand>,
    handovers: Stream<HandOver>,
}

impl Subscriptions {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let names = shell.order().names().clone();
        let of = |name: &String| shell.latest_named(&topics::feedback(name), topics::Qos::Latest);
        Ok(Self {
            feedback: names.iter().map(of).collect::<Result<_, _>>()?,
            status: shell.latest(topics::ARM_STATUS)?,
            lease: shell.latest(topics::LEASE)?,
            plan: shell.latest(topics::MOTION_PLAN)?,
            derating: shell.latest(topics::DERATING)?,
            speed_scaling: shell.latest(topics::SPEED_SCALING)?,
            commands: shell.stream(topics::JOINT_COMMAND)?,
            handovers: shell.stream(topics::HANDOVER)?,
        })
    }

    fn fill(&self, inputs: &mut Inputs) {
        for (slot, topic) in inputs.feedback.iter_mut().zip(&self.feedback) {
            *slot = topic.take_received().map(|received| (received.value, received.at));
        }
        inputs.status = self.status.take();
        inputs.lease = self.lease.take();
        inputs.plan = self.plan.take();
        inputs.derating = self.derating.take();
        inputs.commands = self.commands.take_received();
        inputs.handovers = self.handovers.take();
        inputs.speed_scaling = self.speed_scaling.take().map(|scaling| scaling.0);
    }
}

struct Publications {
    command: Publisher<JointCommand>,
    handover: Publisher<HandOver>,
    state: Publisher<ControlState>,
}

impl Publications {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let command = shell.publisher(topics::JOINT_COMMAND)?;
        let handover = shell.publisher(topics::HANDOVER)?;
        Ok(Self { command, handover, state: shell.publisher(topics::CONTROL_STATE)? })
    }

    fn send(&self, outputs: &Outputs) {
        self.command.send_all(&outputs.command);
        self.handover.send_all(&outputs.handover);
        self.state.send_all(&outputs.state);
    }
}

fn create(shell: &Shell) -> Result<Control, StartError> {
    let mut config: Config = shell.parameters().config()?;
    config.period = shell.arm().period;
    let DescribedArm { model, limits } = node::arm::described(shell.parameters())?;
    let arm = Arm { order: shell.order().clone(), limits, model: Some(model) };
    Control::new(config, arm, shell.boot_id()).map_err(StartError::config)
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(shell: Shell) -> anyhow::Result<()> {
    run_spoiled(shell, |_, _, _| {})
}

/// As [`run`]; `spoil` sees what is about to be published: programs that misbehave on purpose are made
/// of it.
///
/// # Errors
/// As [`run`].
pub fn run_spoiled(
    mut shell: Shell,
    mut spoil: impl FnMut(Now, &Control, &mut Outputs),
) -> anyhow::Result<()> {
    let mut control = create(&shell)?;
    let phase = Duration::from_secs_f64(control.phase());
    let subscriptions = Subscriptions::create(&mut shell)?;
    let publications = Publications::create(&mut shell)?;
    let mut desk = Desk::create(&mut shell, &mut control)?;
    let mut timer = CycleTimer::new(Duration::from_secs_f64(shell.arm().period));
    let mut inputs = Inputs::default();
    shell.start();
    shell.log_all(&realtime::request(Realtime::of(shell.config(), PRIORITY)));
    while !signal::stop_requested() {
        timer.wait();
        let now = shell.poll();
        subscriptions.fill(&mut inputs);
        let mut outputs = control.step(now, &inputs);
        spoil(now, &control, &mut outputs);
        if shell.is_active() {
            publications.send(&outputs);
        }
        shell.log_all(&outputs.log);
        desk.work(&mut shell, &mut control, now);
        if let Some(beat) = control.newest_beat() {
            timer.follow(beat, phase);
        }
        shell.beat(now, || timer.annotate(control.health()));
    }
    Ok(())
}
