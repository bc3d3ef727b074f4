//! Checks the SocketCAN transport against a real kernel: `vcan_check vcan0`, as root, on a machine
//! where that interface is up and `cansend`, `ip` and `tc` exist. Exits 0 when all of it holds.
//!
//! Would catch: our own frames coming back, filters that let others through, bus-off unheard, a
//! FIFO of old setpoints behind a full queue, an interface that stays lost.
#![allow(clippy::expect_used, clippy::panic)] // a check in all its parts

use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use can_bus::bus::{AnyBus, BusConfig, BusEvent, BusInput, BusOptions, Filter};
use can_bus::frame::Frame;
use tokio::time::timeout;
use vocabulary::time::Monotonic;

const CYCLE: Duration = Duration::from_millis(50);

fn clock() -> Monotonic {
    static START: OnceLock<Instant> = OnceLock::new();
    Monotonic(START.get_or_init(Instant::now).elapsed().as_nanos() as u64)
}

fn shell(line: &str) {
    let status = Command::new("sh").args(["-c", line]).status().expect("sh runs");
    assert!(status.success(), "{line}: {status}");
}

fn frame(id: u16, value: u8) -> Frame {
    Frame::standard(id, &[value]).expect("in range")
}

async fn next(bus: &mut AnyBus) -> BusInput {
    timeout(Duration::from_secs(5), bus.recv()).await.expect("something arrives within 5 s")
}

async fn event(bus: &mut AnyBus) -> BusEvent {
    match next(bus).await {
        BusInput::Event(event) => event,
        BusInput::Frame { frame, .. } => panic!("expected an event, got {frame:?}"),
    }
}

async fn heard(bus: &mut AnyBus) -> Frame {
    match next(bus).await {
        BusInput::Frame { frame, .. } => frame,
        BusInput::Event(event) => panic!("expected a frame, got {event:?}"),
    }
}

async fn open(interface: &str, filter: Filter) -> AnyBus {
    let config = BusConfig::Socketcan { interface: interface.into() };
    let options = BusOptions { filter, setpoint_age: CYCLE, clock };
    let mut bus = AnyBus::new(&config, options).expect("the name is valid");
    assert_eq!(event(&mut bus).await, BusEvent::Connected);
    bus
}

/// What is heard until nothing comes for 100 ms.
async fn rest(bus: &mut AnyBus) -> Vec<BusInput> {
    let mut inputs = Vec::new();
    while let Ok(input) = timeout(Duration::from_millis(100), bus.recv()).await {
        inputs.push(input);
    }
    inputs
}

async fn frames_pass_filtered_and_without_echo(name: &str) {
    let mut a = open(name, Filter::All).await;
    let mut b = open(name, Filter::cob_ids([0x181, 0x7FF])).await;
    for id in [0x180, 0x181, 0x182, 0x7FF] {
        a.message(frame(id, 1));
    }
    a.flush();
    assert_eq!(heard(&mut b).await, frame(0x181, 1));
    assert_eq!(heard(&mut b).await, frame(0x7FF, 1));
    shell(&format!("cansend {name} 181#R && cansend {name} 00000181#05 && cansend {name} 181#06"));
    assert_eq!(heard(&mut b).await, frame(0x181, 6), "remote and extended frames are not for us");
    let own = rest(&mut a).await;
    assert!(
        own.iter().all(|i| !matches!(i, BusInput::Frame { frame: f, .. } if *f == frame(0x7FF, 1)))
    );
}

async fn error_frames_are_heard(name: &str) {
    let mut bus = open(name, Filter::cob_ids([0x181])).await;
    shell(&format!("cansend {name} 20000004#0020000000008205"));
    assert!(matches!(event(&mut bus).await, BusEvent::ErrorPassive(Some(c)) if c.tec == 0x82));
    shell(&format!("cansend {name} 20000020#0000000000000000"));
    assert_eq!(event(&mut bus).await, BusEvent::NoAck);
    shell(&format!("cansend {name} 20000040#0000000000000000"));
    assert_eq!(event(&mut bus).await, BusEvent::BusOff);
    assert!(!bus.is_up() && !bus.message(frame(0x601, 1)));
    shell(&format!("cansend {name} 20000100#0000000000000000"));
    assert_eq!(event(&mut bus).await, BusEvent::Restarted);
    assert!(bus.is_up());
}

async fn full_queue_keeps_only_the_newest_setpoint(name: &str) {
    let mut a = open(name, Filter::cob_ids([])).await;
    let mut b = open(name, Filter::cob_ids([0x201])).await;
    shell(&format!("tc qdisc replace dev {name} root tbf rate 8kbit burst 64 limit 64"));
    for value in 0..200 {
        a.setpoint(frame(0x201, value));
        a.flush();
    }
    let counters = a.tx_counters();
    assert!(counters.overflows > 150 && counters.superseded > 150, "{counters:?}");
    shell(&format!("tc qdisc del dev {name} root"));
    a.setpoint(frame(0x201, 255));
    a.flush();
    let inputs = rest(&mut b).await;
    assert!(inputs.len() < 20, "{} old setpoints were queued", inputs.len());
    let newest =
        |i: &BusInput| matches!(i, BusInput::Frame { frame: f, .. } if *f == frame(0x201, 255));
    assert!(inputs.last().is_some_and(newest), "{:?}", inputs.last());
}

async fn interface_down_is_told_and_repaired(name: &str) {
    let mut bus = open(name, Filter::All).await;
    shell(&format!("ip link set {name} down"));
    assert!(matches!(event(&mut bus).await, BusEvent::InterfaceDown(_)));
    assert!(!bus.is_up() && rest(&mut bus).await.is_empty(), "told once");
    shell(&format!("ip link set {name} up"));
    assert_eq!(event(&mut bus).await, BusEvent::Connected);
    shell(&format!("cansend {name} 123#07"));
    assert_eq!(heard(&mut bus).await, frame(0x123, 7));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let name = std::env::args().nth(1).unwrap_or_else(|| "vcan0".into());
    frames_pass_filtered_and_without_echo(&name).await;
    println!("frames pass, filtered and without echo");
    error_frames_are_heard(&name).await;
    println!("error frames are heard");
    full_queue_keeps_only_the_newest_setpoint(&name).await;
    println!("a full queue keeps only the newest setpoint");
    interface_down_is_told_and_repaired(&name).await;
    println!("an interface that went down is used again");
}
