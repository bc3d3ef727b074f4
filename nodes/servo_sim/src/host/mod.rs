//! The process of the simulated drives: wakes on frames, polls ROS now and then.
//!
//! The rule: the drives answer on the bus only. What ROS gets to see is the truth for whoever
//! compares, and services that break things.

mod services;

use crate::{Config, Simulator};
use can_bus::bus::{BusConfig, Filter};
use can_bus::socketcand::SocketcandConfig;
use node::bus::BusPort;
use node::convert::joint_state;
use node::realtime::{self, CycleMeter, Realtime};
use node::{Shell, StartError, clock, signal, start};
use r2r::sensor_msgs::msg::JointState;
use services::{Services, health, news};
use std::time::Duration;
use vocabulary::time::Now;
use vocabulary::topics;

/// Its name unless launch gives it another one.
pub const NAME: &str = "servo_sim";

/// Above everything: hardware does not wait.
const PRIORITY: i32 = 65;

/// The drives' own timers are not finer; without it, one that is overdue would let nobody else run.
const SHORTEST_SLEEP: Duration = Duration::from_micros(500);

struct Wiring {
    truth: r2r::Publisher<JointState>,
    services: Services,
}

impl Wiring {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let truth = topics::SIM_TRUTH;
        Ok(Self {
            truth: shell.messages(truth.name, truth.qos)?,
            services: Services::create(shell)?,
        })
    }

    fn publish(&self, simulator: &Simulator, shell: &Shell, now: Now) {
        let truth = simulator.truth();
        let stamp = now.stamp.shifted(truth.time.seconds_from(now.mono));
        let msg =
            joint_state(shell.order(), stamp, &truth.position, &truth.velocity, &truth.effort);
        let _ending = self.truth.publish(&msg);
    }
}

fn create(shell: &Shell) -> Result<(BusConfig, Simulator), StartError> {
    let bus: SocketcandConfig = shell.parameters().group("bus")?;
    let config: Config = shell.parameters().config_without("bus")?;
    let model = node::arm::described(shell.parameters())?.model;
    let simulator = Simulator::new(config, model, shell.boot_id()).map_err(StartError::config)?;
    Ok((BusConfig::Socketcand(bus), simulator))
}

async fn work(mut shell: Shell, bus: BusConfig, mut simulator: Simulator) -> anyhow::Result<()> {
    let period = Duration::from_secs_f64(shell.arm().period);
    let mut wiring = Wiring::create(&mut shell)?;
    let mut port = BusPort::new(&bus, Filter::All, period)?;
    let mut meter = CycleMeter::new(period);
    let mut polled = clock::now();
    let (mut received, mut answers) = (Vec::new(), Vec::new());
    shell.start();
    shell.log_all(&realtime::request(Realtime::of(shell.config(), PRIORITY)));
    while !signal::stop_requested() {
        let now = clock::now().mono;
        let wake = simulator.next_wake().unwrap_or(now).max(now + SHORTEST_SLEEP);
        let wake = wake.min(polled.mono + period);
        port.wait(wake).await;
        received.clear();
        received.extend(port.frames.iter().map(|frame| frame.value));
        let woken = clock::now();
        simulator.step_into(woken.mono, &received, &mut answers);
        for frame in answers.drain(..) {
            port.bus().message(frame);
        }
        port.bus().flush();
        shell.log_all(&port.events.iter().map(news).collect::<Vec<_>>());
        shell.log_all(&simulator.take_log());
        if woken.mono.since(polled.mono) < period {
            continue;
        }
        meter.began(woken.mono.since(polled.mono + period));
        polled = shell.poll();
        wiring.publish(&simulator, &shell, polled);
        wiring.services.serve(&mut simulator);
        let up = port.bus().is_up();
        shell.beat(polled, || (health(up, &meter), Vec::new()));
    }
    Ok(())
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(shell: Shell) -> anyhow::Result<()> {
    let (bus, simulator) = create(&shell)?;
    start::block_on(work(shell, bus, simulator))
}
