//! The process of the supervisor: poll, step, store, publish, answer.
//!
//! The rule: what a step wants stored is on the disk before anything else of that step leaves the
//! process; when it cannot be stored, the process ends rather than forget a "no".

mod ros;
mod services;
mod store;

use crate::{Config, ControlReport, Inputs, Outputs, Supervisor};
use node::realtime::{self, CycleTimer, Realtime};
use node::topics::{Latest, Publisher, Stream};
use node::{Shell, StartError, signal};
use services::Services;
use std::time::Duration;
use store::Store;
use vocabulary::arm::{ArmState, ArmStatus};
use vocabulary::command::Lease;
use vocabulary::health::Heartbeat;
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::time::Monotonic;
use vocabulary::topics;

/// Its name unless launch gives it another one.
pub const NAME: &str = "supervisor";

/// Who publishes commands is looked up so often: the middleware keeps the list anyway.
const LOOK: Duration = Duration::from_secs(1);

/// Heartbeats are judged in time also on a busy machine; below everything that moves the arm.
const PRIORITY: i32 = 30;

struct Wiring {
    heartbeats: Stream<Heartbeat>,
    arm_state: Latest<ArmState>,
    control: Stream<ControlState>,
    lease: Publisher<Lease>,
    status: Publisher<ArmStatus>,
    services: Services,
}

impl Wiring {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            heartbeats: shell.stream(topics::HEARTBEAT)?,
            arm_state: shell.latest(topics::ARM_STATE)?,
            control: shell.stream(topics::CONTROL_STATE)?,
            lease: shell.publisher(topics::LEASE)?,
            status: shell.publisher(topics::ARM_STATUS)?,
            services: Services::create(shell)?,
        })
    }

    /// The report of the highest epoch among those that came.
    fn control_report(&self) -> Option<ControlReport> {
        let reports = self.control.take().into_iter().map(|state| ControlReport {
            boot_id: state.boot_id,
            epoch: state.epoch,
            paused: state.phase == ControlPhase::Paused,
            ready: state.phase != ControlPhase::Inactive,
            found_bad: state.found_bad,
        });
        reports.max_by_key(|report| report.epoch)
    }

    fn send(&mut self, outputs: Outputs) {
        self.lease.send_all(&outputs.lease);
        self.status.send_all(&outputs.status);
        self.services.answer(outputs.responses, outputs.hand_overs);
    }
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(mut shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    let period = Duration::from_secs_f64(config.step_period);
    let store = Store::open(&config.state_file, &shell.namespace());
    let (order, boot_id) = (shell.order().clone(), shell.boot_id());
    config.validate().map_err(StartError::config)?;
    let mut supervisor =
        Supervisor::new(config, order, boot_id, &store::machine_boot_id()?, store.load()?)
            .map_err(StartError::config)?;
    let mut wiring = Wiring::create(&mut shell)?;
    let mut timer = CycleTimer::new(period);
    let mut looked = Monotonic(0);
    shell.start();
    shell.log_all(&realtime::request(Realtime::of(shell.config(), PRIORITY)));
    while !signal::stop_requested() {
        timer.wait();
        let now = shell.poll();
        let commanders = (now.mono.since(looked) >= LOOK).then(|| {
            looked = now.mono;
            shell.publishers_of(topics::JOINT_COMMAND)
        });
        let (requests, hand_overs) =
            (wiring.services.requests(), wiring.services.hand_over_requests());
        let (heartbeats, arm_state) =
            (wiring.heartbeats.take_received(), wiring.arm_state.take_received());
        if shell.is_active() {
            let mut outputs = supervisor.step(
                now,
                &Inputs {
                    heartbeats: &heartbeats,
                    requests: &requests,
                    hand_overs: &hand_overs,
                    commanders: commanders.as_deref(),
                    arm_state: arm_state.as_ref(),
                    control: wiring.control_report(),
                },
            );
            if let Some(state) = &outputs.persist {
                store.save(state)?;
            }
            shell.log_all(&outputs.log);
            let diagnostics = std::mem::take(&mut outputs.diagnostics);
            shell.diagnose(now, diagnostics.into_iter().map(ros::diagnostic).collect());
            wiring.send(outputs);
        } else {
            wiring.services.turn_away();
        }
        shell.beat(now, || timer.annotate(supervisor.health()));
    }
    Ok(())
}
