//! The process of the userspace bus: the hub on TCP, and ROS beside it at 50 Hz.
//!
//! The rule: the bus never waits for ROS; both share one thread and the hub is served first.

use can_bus::frame::Frame;
use can_hub::{BusFault, Config, FaultKind, Hub, HubHandle, Select};
use node::realtime::{self, Realtime};
use node::services::Requests;
use node::{Shell, StartError, clock, signal, start};
use r2r::armature_msgs::srv::InjectBusFault;
use r2r::std_srvs::srv::Trigger;
use std::process::ExitCode;
use std::time::Duration;
use vocabulary::health::{Health, LogLine, NodeHealth};

/// Above everything: hardware does not wait.
const PRIORITY: i32 = 65;
const PERIOD: Duration = Duration::from_millis(20);
/// `can_id` of a request that means every identifier.
const EVERY_ID: u32 = u32::MAX;
/// Bits of a standard identifier.
const STANDARD: u32 = 0x7FF;

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
        self.inject.answer(|request| match inject(hub, request) {
            Ok(message) => InjectBusFault::Response { success: true, message },
            Err(message) => InjectBusFault::Response { success: false, message },
        });
        self.clear.answer(|_| {
            hub.clear_faults();
            Trigger::Response { success: true, message: "no bus fault is injected now".to_owned() }
        });
    }
}

/// Makes the bus misbehave; answers what is injected now, or what is wrong with the request.
fn inject(hub: &HubHandle, request: &InjectBusFault::Request) -> Result<String, String> {
    match request.kind.as_str() {
        "none" => {
            hub.clear_faults();
            return Ok("no bus fault is injected now".to_owned());
        }
        "cut" => {
            let clients = hub.statistics().clients;
            let cut = clients.iter().filter(|client| hub.cut(client.id)).count();
            return Ok(format!("{cut} connections are cut"));
        }
        _ => {}
    }
    let lasting = duration(request.duration, "duration")?;
    let select = Select { id: identifier(request.can_id), ..Select::default() };
    let fault = BusFault { kind: kind(request)?, select, until: None };
    let _ends_by_time_or_clear = hub.add_fault(fault, (!lasting.is_zero()).then_some(lasting));
    let time =
        if lasting.is_zero() { "until cleared".to_owned() } else { format!("for {lasting:?}") };
    Ok(format!("{} {} {time}", request.kind, request.amount))
}

fn kind(request: &InjectBusFault::Request) -> Result<FaultKind, String> {
    let amount = request.amount;
    let probability = || match (0.0..=1.0).contains(&amount) {
        true => Ok(amount),
        false => Err(format!("amount {amount} is no probability: 0 to 1")),
    };
    match request.kind.as_str() {
        "loss" => Ok(FaultKind::Loss { probability: probability()? }),
        "duplicate" => Ok(FaultKind::Duplicate { probability: probability()? }),
        "delay" => Ok(FaultKind::Delay {
            probability: 1.0,
            delay: duration(amount, "amount")?,
            jitter: Duration::ZERO,
        }),
        "bus_off" => Ok(FaultKind::BusOff),
        "tx_full" => Ok(FaultKind::TxFull),
        "babble" if amount > 0.0 && amount <= 20_000.0 => {
            let id = u16::try_from(request.can_id & STANDARD).unwrap_or_default();
            let frame = Frame::standard(id, &[0; 8]).map_err(|error| error.to_string())?;
            Ok(FaultKind::Babble { frame, rate: amount })
        }
        "babble" => Err(format!("amount {amount} Hz is out of range: above 0, to 20000")),
        other => Err(format!(
            "kind {other:?} is unknown: none, loss, delay, duplicate, bus_off, tx_full, babble, cut"
        )),
    }
}

fn identifier(can_id: u32) -> Option<(u32, u32)> {
    (can_id != EVERY_ID).then_some((can_id, u32::MAX))
}

fn duration(seconds: f64, what: &str) -> Result<Duration, String> {
    let allowed = (0.0..=3600.0).contains(&seconds);
    let refused = || format!("{what} {seconds} s is out of range: 0 to 3600");
    if allowed { Ok(Duration::from_secs_f64(seconds)) } else { Err(refused()) }
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

fn run(shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    start::block_on(work(shell, config))
}

fn main() -> ExitCode {
    start::main("can_hub", run)
}
