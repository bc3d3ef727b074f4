//! The hub on real sockets, with the project's own client.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test in all its parts

use std::time::Duration;

use can_bus::bus::{AnyBus, BusConfig, BusEvent, BusInput, BusOptions, Filter};
use can_bus::frame::Frame;
use can_bus::socketcand::SocketcandConfig;
use can_hub::{BusFault, Config, FaultKind, Hub, HubError, HubHandle};
use tokio::sync::oneshot;
use tokio::time::timeout;
use vocabulary::time::Monotonic;

struct Running {
    port: u16,
    handle: HubHandle,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

async fn start(port: u16) -> Running {
    let hub = Hub::bind(Config { port, ..Config::default() }).await.expect("the hub starts");
    let (stop, stopped) = oneshot::channel();
    let (port, handle) = (hub.local_addr().expect("bound").port(), hub.handle());
    let task = tokio::spawn(hub.run(async {
        let _ = stopped.await;
    }));
    Running { port, handle, stop, task }
}

impl Running {
    async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.expect("the hub ends");
    }
}

fn client(port: u16, filter: Filter) -> AnyBus {
    let config = BusConfig::Socketcand(SocketcandConfig { port, ..Default::default() });
    let clock = || {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        Monotonic(START.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64)
    };
    let setpoint_age = Duration::from_millis(100);
    AnyBus::new(&config, BusOptions { filter, setpoint_age, clock }).expect("names are valid")
}

async fn next(bus: &mut AnyBus) -> BusInput {
    timeout(Duration::from_secs(5), bus.recv()).await.expect("something arrives")
}

async fn joined(port: u16, filter: Filter) -> AnyBus {
    let mut bus = client(port, filter);
    assert_eq!(next(&mut bus).await, BusInput::Event(BusEvent::Connected));
    bus
}

fn frame_of(input: BusInput) -> Frame {
    match input {
        BusInput::Frame { frame, .. } => frame,
        BusInput::Event(event) => panic!("expected a frame, got {event:?}"),
    }
}

fn frame(id: u16, value: u8) -> Frame {
    Frame::standard(id, &[value]).expect("in range")
}

#[tokio::test]
async fn frames_pass_in_order_and_only_what_the_filter_wants() {
    let hub = start(0).await;
    let mut all = joined(hub.port, Filter::All).await;
    let mut some = joined(hub.port, Filter::cob_ids([0x182])).await;
    some.message(frame(0x7FF, 0)); // the filter has arrived when this has
    some.flush();
    assert_eq!(frame_of(next(&mut all).await), frame(0x7FF, 0));
    for n in 0..50 {
        all.message(frame(0x181 + u16::from(n % 2), n));
        all.flush();
    }
    for n in (1..50).step_by(2) {
        assert_eq!(frame_of(next(&mut some).await), frame(0x182, n));
    }
    let statistics = hub.handle.statistics();
    assert_eq!((statistics.bus.frames, statistics.clients[1].received), (51, 25));
    hub.stop().await;
}

#[tokio::test]
async fn handshake_survives_a_caller_that_never_waits_longer_than_4_ms() {
    let hub = start(0).await;
    let mut bus = client(hub.port, Filter::All);
    let mut connected = false;
    for _ in 0..500 {
        if let Ok(input) = timeout(Duration::from_millis(4), bus.recv()).await {
            connected = input == BusInput::Event(BusEvent::Connected);
            break;
        }
    }
    assert!(connected);
    hub.stop().await;
}

#[tokio::test]
async fn client_comes_back_by_itself_after_the_hub_restarts() {
    let hub = start(0).await;
    let port = hub.port;
    let mut bus = joined(port, Filter::All).await;
    hub.stop().await;
    let BusInput::Event(BusEvent::Disconnected(text)) = next(&mut bus).await else {
        panic!("expected a disconnection")
    };
    assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
    assert!(!bus.message(frame(0, 1)), "no NMT command waits for the reconnection");
    let hub = start(port).await;
    assert_eq!(next(&mut bus).await, BusInput::Event(BusEvent::Connected));
    hub.stop().await;
}

#[tokio::test]
async fn cut_client_and_bus_off_are_noticed() {
    let hub = start(0).await;
    let (mut a, mut b) = (joined(hub.port, Filter::All).await, joined(hub.port, Filter::All).await);
    let fault = BusFault::new(FaultKind::BusOff);
    let fault = hub.handle.add_fault(fault, None);
    for bus in [&mut a, &mut b] {
        assert_eq!(next(bus).await, BusInput::Event(BusEvent::BusOff));
        assert!(!bus.is_up() && !bus.message(frame(0, 1)));
    }
    assert!(hub.handle.remove_fault(fault));
    for bus in [&mut a, &mut b] {
        assert_eq!(next(bus).await, BusInput::Event(BusEvent::Restarted));
        assert!(bus.is_up());
    }
    let fault = BusFault::new(FaultKind::BusOff);
    let _ = hub.handle.add_fault(fault, Some(Duration::from_millis(30)));
    for event in [BusEvent::BusOff, BusEvent::Restarted] {
        for bus in [&mut a, &mut b] {
            assert_eq!(next(bus).await, BusInput::Event(event.clone()), "a fault with an end");
        }
    }
    let first = hub.handle.statistics().clients[0].id;
    assert!(hub.handle.cut(first));
    assert!(matches!(next(&mut a).await, BusInput::Event(BusEvent::Disconnected(_))));
    assert_eq!(next(&mut a).await, BusInput::Event(BusEvent::Connected));
    hub.stop().await;
}

#[tokio::test]
async fn client_that_does_not_read_blocks_nobody() {
    let hub = start(0).await;
    let mut talker = joined(hub.port, Filter::All).await;
    let mut reader = joined(hub.port, Filter::All).await;
    let _sleeper = joined(hub.port, Filter::All).await;
    let frame = Frame::standard(0x181, &[0xFF; 8]).expect("in range");
    for _ in 0..1000 {
        for _ in 0..50 {
            talker.message(frame);
        }
        talker.flush();
        for _ in 0..50 {
            assert_eq!(frame_of(next(&mut reader).await), frame);
        }
    }
    let statistics = hub.handle.statistics();
    assert_eq!(statistics.clients[1].received, 50_000);
    assert_eq!(statistics.clients[1].dropped, 0);
    hub.stop().await;
}

#[tokio::test]
async fn port_in_use_is_one_clear_line() {
    let hub = start(0).await;
    let Err(error) = Hub::bind(Config { port: hub.port, ..Config::default() }).await else {
        panic!("two hubs on one port")
    };
    assert!(matches!(error, HubError::Listen { .. }));
    assert!(error.to_string().contains("is another can_hub running there?"), "{error}");
    hub.stop().await;
}
