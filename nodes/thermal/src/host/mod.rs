//! The process of the thermal node: poll, step, publish.
//!
//! The rule: an inactive node shadows. It listens, estimates and publishes its `thermal_state` below
//! its own name, so that two versions can be compared, and says nothing that anybody obeys.

mod ros;
mod services;

use crate::{Arm, Config, Inputs, Outputs, Thermal};
use node::arm::DescribedArm;
use node::realtime::CycleTimer;
use node::topics::{Latest, Publisher};
use node::{Shell, StartError, signal};
use services::Services;
use std::time::Duration;
use vocabulary::arm::{ArmStatus, Derating};
use vocabulary::command::JointTelemetry;
use vocabulary::plan::ControlState;
use vocabulary::thermal::{ThermalAlarm, ThermalState};
use vocabulary::time::{Monotonic, Now};
use vocabulary::topics::{self, Qos};

/// Its name unless launch gives it another one.
pub const NAME: &str = "thermal";

/// Between two reports on `/diagnostics`, s.
const DIAGNOSTICS: f64 = 1.0;

struct Subscriptions {
    telemetry: Vec<Latest<JointTelemetry>>,
    control: Latest<ControlState>,
    status: Latest<ArmStatus>,
}

impl Subscriptions {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let names = shell.order().names().clone();
        let of = |name: &String| shell.latest_named(&topics::telemetry(name), Qos::Reliable);
        Ok(Self {
            telemetry: names.iter().map(of).collect::<Result<_, _>>()?,
            control: shell.latest(topics::CONTROL_STATE)?,
            status: shell.latest(topics::ARM_STATUS)?,
        })
    }

    fn fill(&self, inputs: &mut Inputs) {
        for (slot, topic) in inputs.telemetry.iter_mut().zip(&self.telemetry) {
            *slot = topic.take_received();
        }
        inputs.control = self.control.take_received();
        inputs.status = self.status.take();
    }
}

struct Publications {
    state: Publisher<ThermalState>,
    alarm: Publisher<ThermalAlarm>,
    derating: Publisher<Derating>,
    /// State of a shadow, below the node's own name.
    shadow: Publisher<ThermalState>,
}

impl Publications {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let own = format!("{}/{}", shell.name(), topics::THERMAL_STATE.name);
        Ok(Self {
            state: shell.publisher(topics::THERMAL_STATE)?,
            alarm: shell.publisher(topics::THERMAL_ALARM)?,
            derating: shell.publisher(topics::DERATING)?,
            shadow: shell.publisher_named(&own, Qos::Latched)?,
        })
    }

    fn send(&self, outputs: &Outputs, active: bool) {
        if !active {
            self.shadow.send_all(&outputs.state);
            return;
        }
        self.state.send_all(&outputs.state);
        self.alarm.send_all(&outputs.alarm);
        self.derating.send_all(&outputs.derating);
    }
}

fn create(shell: &Shell, config: Config) -> Result<Thermal, StartError> {
    let DescribedArm { model, limits } = node::arm::described(shell.parameters())?;
    let arm = Arm { order: shell.order().clone(), limits, model };
    Thermal::new(config, arm, shell.boot_id()).map_err(StartError::config)
}

fn diagnose(shell: &Shell, thermal: &Thermal, now: Now, next: &mut Monotonic) {
    if now.mono >= *next {
        *next = now.mono.shifted(DIAGNOSTICS);
        shell.diagnose(now, thermal.reports(now.mono).iter().map(ros::status).collect());
    }
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(mut shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    let period = Duration::from_secs_f64(1.0 / config.rate_hz);
    let mut thermal = create(&shell, config)?;
    let subscriptions = Subscriptions::create(&mut shell)?;
    let publications = Publications::create(&mut shell)?;
    let mut services: Option<Services> = None;
    let mut timer = CycleTimer::new(period);
    let mut inputs = Inputs::default();
    let mut next_diagnostics = Monotonic::default();
    shell.start();
    while !signal::stop_requested() {
        timer.wait();
        let now = shell.poll();
        subscriptions.fill(&mut inputs);
        let outputs = thermal.step(now, &inputs);
        publications.send(&outputs, shell.is_active());
        if shell.is_active() {
            let services = match &mut services {
                Some(services) => services,
                none => none.insert(Services::create(&mut shell)?),
            };
            services.serve(&mut thermal, &shell);
            shell.log_all(&outputs.log);
            diagnose(&shell, &thermal, now, &mut next_diagnostics);
        } else {
            services.iter_mut().for_each(Services::ignore);
            thermal.take_over();
        }
        shell.beat(now, || timer.annotate(thermal.health()));
    }
    Ok(())
}
