//! The process of the userspace bus: the hub on TCP, and ROS beside it at 50 Hz.
//!
//! The rule: the bus never waits for ROS; both share one thread and the hub is served first.

mod faults;

use crate::{Config, Hub, HubHandle};
use node::realtime::{self, Realtime};
use node::services::Requests;
use node::{Shell, StartError, clock, signal, start};
use r2r::armature_msgs::srv::InjectBusFault;
use r2r::std_srvs::srv::Trigger;
use std::time::Duration;
use vocabulary::health::{Health, LogLine, NodeHealth};

/// Its name unless launch gives it another one.
pub const NAME: &str = "can_hub";

/// Above everything: hardware does not wait.
const PRIORITY: i32 = 65;
const PERIOD: Duration = Duration::from_millis(20);

struct Wiring {
    inject: Requests<InjectBusFault::Service>,
    clear: Requests<Trigger::Service>,
}

impl Wiring {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let inject = shell.service("~/inject_bus_fault")?;
        Ok(Self { inject, clear: shell.service("~/clear_faults")? })
    }

    fn serve(&mut self, hub: &HubHandle) {
        self.inject.answer(|request| match faults::inject(hub, request) {
            Ok(message) => InjectBusFault::Response { success: true, message },
            Err(message) => InjectBusFault::Response { success: false, message },
        });
        self.clear.answer(|_| {
            hub.clear_faults();
            Trigger::Response { success: true, message: "no bus fault is injected now".to_owned() }
        });
    }
}

fn report(hub: &HubHandle) -> (NodeHealth, Vec<(&'static str, String)>) {
    let statistics = hub.statistics();
    let bus = &statistics.bus;
    let overload = bus.load > 0.8;
    let health = if overload { Health::Warn } else { Health::Ok };
    let message =
        if overload { format!("bus load {:.0} %", bus.load * 1e2) } else { String::new() };
    let values = vec![
        ("clients", statistics.clients.len().to_string()),
        ("frames", bus.frames.to_string()),
        ("load_percent", format!("{:.1}", bus.load * 1e2)),
        ("lost", bus.lost.to_string()),
        ("overrun", bus.overrun.to_string()),
        ("malformed", statistics.malformed.to_string()),
        ("dropped", statistics.dropped.to_string()),
    ];
    (NodeHealth { health, message, ..NodeHealth::default() }, values)
}

async fn tend(mut shell: Shell, hub: HubHandle) -> anyhow::Result<()> {
    let mut wiring = Wiring::create(&mut shell)?;
    shell.start();
    shell.log_all(&realtime::request(Realtime::of(shell.config(), PRIORITY)));
    while !signal::stop_requested() {
        tokio::time::sleep(PERIOD).await;
        shell.poll();
        wiring.serve(&hub);
        shell.beat(clock::now(), || report(&hub));
    }
    Ok(())
}

async fn work(shell: Shell, config: Config) -> anyhow::Result<()> {
    let hub = Hub::bind(config.clone()).await.map_err(StartError::config)?;
    let (handle, address) = (hub.handle(), hub.local_addr()?);
    shell.log(&LogLine::info(format!("bus {} on {address} (socketcand)", config.channel)));
    tokio::select! {
        biased;
        () = hub.run(std::future::pending()) => Ok(()),
        ended = tend(shell, handle) => ended,
    }
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    start::block_on(work(shell, config))
}
