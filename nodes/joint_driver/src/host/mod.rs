//! The process of the drives of one bus: wakes on frames, polls ROS once per cycle.
//!
//! The rule: whatever ROS does, frames go first; a bus that is missing is said once and tried again.

use crate::{Arm, BusEvent, Config, Driver, Inputs, Outputs};
use can_bus::bus::Filter;
use can_bus::canopen::cob;
use node::bus::BusPort;
use node::realtime::{self, Realtime};
use node::topics::{Latest, Publisher, Stream};
use node::{Shell, StartError, clock, signal, start};
use std::time::Duration;
use vocabulary::arm::ArmStatus;
use vocabulary::command::{JointCommand, JointFeedback, JointTelemetry, Lease};
use vocabulary::time::Now;
use vocabulary::topics::{self, Qos};

/// Its name unless launch gives it another one.
pub const NAME: &str = "driver";

/// Above control: whoever watches others must not take the processor from them.
const PRIORITY: i32 = 62;
/// Signals are noticed within this also on a silent bus.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);
/// One joint's publishers, found by its index.
struct JointTopics {
    index: usize,
    feedback: Publisher<JointFeedback>,
    telemetry: Publisher<JointTelemetry>,
}

struct Wiring {
    commands: Stream<JointCommand>,
    lease: Latest<Lease>,
    status: Latest<ArmStatus>,
    joints: Vec<JointTopics>,
}

impl Wiring {
    fn create(shell: &mut Shell, config: &Config) -> Result<Self, StartError> {
        let mut joints = Vec::new();
        for (index, name) in shell.order().names().clone().iter().enumerate() {
            if config.joints.is_empty() || config.joints.contains(name) {
                let feedback = shell.publisher_named(&topics::feedback(name), Qos::Latest)?;
                let telemetry = shell.publisher_named(&topics::telemetry(name), Qos::Reliable)?;
                joints.push(JointTopics { index, feedback, telemetry });
            }
        }
        Ok(Self {
            commands: shell.stream(topics::JOINT_COMMAND)?,
            lease: shell.latest(topics::LEASE)?,
            status: shell.latest(topics::ARM_STATUS)?,
            joints,
        })
    }

    fn publish(&self, outputs: &Outputs) {
        for topics in &self.joints {
            let feedback = outputs.feedback.iter().filter(|f| f.joint == topics.index);
            topics.feedback.send_all(feedback);
            let telemetry = outputs.telemetry.iter().filter(|t| t.joint == topics.index);
            topics.telemetry.send_all(telemetry);
        }
    }
}

fn send(port: &mut BusPort, outputs: &Outputs) {
    for outgoing in &outputs.frames {
        if outgoing.setpoint {
            port.bus().setpoint(outgoing.frame);
        } else {
            port.bus().message(outgoing.frame);
        }
    }
    port.bus().flush();
}

async fn work(mut shell: Shell, config: Config, mut driver: Driver) -> anyhow::Result<()> {
    let period = Duration::from_secs_f64(config.period);
    let wiring = Wiring::create(&mut shell, &config)?;
    let filter = Filter::cob_ids(driver.cob_ids().iter().copied());
    let mut port = BusPort::new(&config.bus.to_open(), filter, period)?;
    let mut outputs = Outputs::default();
    let mut polled = Now::default();
    shell.start();
    shell.log_all(&realtime::request(Realtime::of(shell.config(), PRIORITY)));
    while !signal::stop_requested() {
        let now = clock::now().mono;
        port.wait(driver.next_wake(now).min(now + LONGEST_SLEEP)).await;
        let woken = clock::now();
        let synced = port.frames.iter().any(|frame| frame.value.cob_id() == Some(cob::SYNC));
        let cycle = synced || woken.mono.since(polled.mono) * 2 >= period;
        if cycle {
            polled = shell.poll();
        }
        let bus_events: Vec<_> = port.events.iter().map(BusEvent::from).collect();
        let idle = port.frames.is_empty() && bus_events.is_empty();
        if idle && !cycle && driver.next_wake(woken.mono) > woken.mono {
            continue;
        }
        let (lease, status) = (wiring.lease.take(), wiring.status.take());
        let commands = wiring.commands.take_received();
        let inputs = Inputs {
            frames: &port.frames,
            bus_events: &bus_events,
            commands: &commands,
            lease: lease.as_ref(),
            status: status.as_ref(),
            active: shell.is_active(),
        };
        driver.step(if cycle { polled } else { woken }, &inputs, &mut outputs);
        send(&mut port, &outputs);
        let produced = outputs.frames.iter().any(|out| out.frame.cob_id() == Some(cob::SYNC));
        if synced || produced {
            // All answer SYNC at once; what they say is read together.
            port.gather(polled.mono + period / 4);
        }
        wiring.publish(&outputs);
        shell.log_all(&outputs.log);
        shell.beat(woken, || (driver.health(), Vec::new()));
    }
    Ok(())
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(shell: Shell) -> anyhow::Result<()> {
    let mut config: Config = shell.parameters().config().map_err(StartError::from)?;
    config.period = shell.arm().period;
    let limits = node::arm::described(shell.parameters()).map_err(StartError::from)?.limits;
    let arm = Arm { order: shell.order().clone(), limits };
    let driver = Driver::new(config.clone(), &arm, shell.boot_id()).map_err(StartError::config)?;
    start::block_on(work(shell, config, driver))
}
