//! The process of the supervisor: poll, step, store, publish, answer.
//!
//! The rule: what a step wants stored is on the disk before anything else of that step leaves the
//! process; when it cannot be stored, the process ends rather than forget a "no".

mod ros;
mod store;

use node::realtime::{self, CycleTimer, Realtime};
use node::services::Requests;
use node::topics::{Latest, Publisher, Stream};
use node::{Shell, StartError, signal, start};
use r2r::ServiceRequest;
use r2r::armature_msgs::srv::HandOverControl;
use r2r::std_srvs::srv::Trigger;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;
use store::Store;
use supervisor::{Config, ControlReport, HandOverRequest, HandOverResponse, Inputs, Outputs};
use supervisor::{Request, RequestKind, Response, Supervisor};
use vocabulary::arm::{ArmState, ArmStatus};
use vocabulary::command::Lease;
use vocabulary::health::Heartbeat;
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::time::Monotonic;
use vocabulary::topics;

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
    servers: Vec<(Requests<Trigger::Service>, RequestKind)>,
    unanswered: BTreeMap<u64, ServiceRequest<Trigger::Service>>,
    hand_overs: Requests<HandOverControl::Service>,
    handing_over: BTreeMap<u64, ServiceRequest<HandOverControl::Service>>,
    next_id: u64,
}

impl Wiring {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let mut servers = Vec::new();
        for (name, kind) in ros::SERVICES {
            servers.push((shell.service(name)?, kind));
        }
        Ok(Self {
            heartbeats: shell.stream(topics::HEARTBEAT)?,
            arm_state: shell.latest(topics::ARM_STATE)?,
            control: shell.stream(topics::CONTROL_STATE)?,
            lease: shell.publisher(topics::LEASE)?,
            status: shell.publisher(topics::ARM_STATUS)?,
            servers,
            unanswered: BTreeMap::new(),
            hand_overs: shell.service(topics::service::HAND_OVER)?,
            handing_over: BTreeMap::new(),
            next_id: 1,
        })
    }

    fn requests(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        for (server, kind) in &mut self.servers {
            while let Some(request) = server.take() {
                requests.push(Request { id: self.next_id, kind: *kind });
                self.unanswered.insert(self.next_id, request);
                self.next_id += 1;
            }
        }
        requests
    }

    fn hand_over_requests(&mut self) -> Vec<HandOverRequest> {
        let mut requests = Vec::new();
        while let Some(request) = self.hand_overs.take() {
            let HandOverControl::Request { to, canary } = request.message.clone();
            requests.push(HandOverRequest { id: self.next_id, to, canary });
            self.handing_over.insert(self.next_id, request);
            self.next_id += 1;
        }
        requests
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

    /// An inactive supervisor decides nothing.
    fn turn_away(&mut self) {
        while let Some((_, request)) = self.unanswered.pop_first() {
            let message = "supervisor is not active: activate it first".to_owned();
            let _client_gone = request.respond(Trigger::Response { success: false, message });
        }
        while let Some((_, request)) = self.handing_over.pop_first() {
            let message = "supervisor is not active: activate it first".to_owned();
            let answer = HandOverControl::Response { message, ..Default::default() };
            let _client_gone = request.respond(answer);
        }
    }

    fn send(&mut self, outputs: Outputs) {
        self.lease.send_all(&outputs.lease);
        self.status.send_all(&outputs.status);
        for Response { id, success, message } in outputs.responses {
            if let Some(request) = self.unanswered.remove(&id) {
                let _client_gone = request.respond(Trigger::Response { success, message });
            }
        }
        for HandOverResponse { id, success, message, epoch, gap } in outputs.hand_overs {
            if let Some(request) = self.handing_over.remove(&id) {
                let answer = HandOverControl::Response { success, message, epoch, gap };
                let _client_gone = request.respond(answer);
            }
        }
    }
}

fn run(mut shell: Shell) -> anyhow::Result<()> {
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
        let (requests, hand_overs) = (wiring.requests(), wiring.hand_over_requests());
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
            wiring.turn_away();
        }
        shell.beat(now, || timer.annotate(supervisor.health()));
    }
    Ok(())
}

fn main() -> ExitCode {
    start::main("supervisor", run)
}
