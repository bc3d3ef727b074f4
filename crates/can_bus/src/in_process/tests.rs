use std::time::Duration;

use proptest::prelude::*;
use vocabulary::time::Monotonic;

use super::*;
use crate::bus::{BusEvent, BusInput, BusOptions, Filter};
use crate::frame::Frame;
use crate::wire;

fn frame(id: u16, value: u8) -> Frame {
    Frame::standard(id, &[value]).unwrap()
}

fn received(core: &mut BusCore, id: EndpointId) -> Vec<Frame> {
    std::iter::from_fn(|| core.receive(id))
        .filter_map(|input| match input {
            BusInput::Frame { frame, .. } => Some(frame),
            BusInput::Event(_) => None,
        })
        .collect()
}

fn timed() -> BusCore {
    BusCore::new(CoreConfig { model_time: true, ..CoreConfig::default() })
}

fn certain(kind: FaultKind, select: Select) -> BusFault {
    BusFault { kind, select, until: None }
}

#[test]
fn sender_does_not_hear_itself_and_filters_apply() {
    let mut core = BusCore::new(CoreConfig::default());
    let a = core.attach(Filter::All);
    let b = core.attach(Filter::cob_ids([0x181]));
    let c = core.attach(Filter::All);
    core.send(a, frame(0x181, 1), Monotonic(0)).unwrap();
    core.send(a, frame(0x182, 2), Monotonic(0)).unwrap();
    assert_eq!(received(&mut core, a), []);
    assert_eq!(received(&mut core, b), [frame(0x181, 1)]);
    assert_eq!(received(&mut core, c), [frame(0x181, 1), frame(0x182, 2)]);
}

#[test]
fn lowest_identifier_goes_first_when_the_wire_becomes_free() {
    let mut core = timed();
    let a = core.attach(Filter::All);
    let b = core.attach(Filter::All);
    let listener = core.attach(Filter::All);
    core.send(a, frame(0x700, 0), Monotonic(0)).unwrap();
    core.send(a, frame(0x300, 1), Monotonic(0)).unwrap();
    core.send(b, frame(0x200, 2), Monotonic(0)).unwrap();
    core.step(Monotonic(1_000_000));
    let order = received(&mut core, listener);
    assert_eq!(order, [frame(0x700, 0), frame(0x200, 2), frame(0x300, 1)]);
}

#[test]
fn frame_arrives_after_its_time_on_the_wire() {
    let mut core = timed();
    let a = core.attach(Filter::All);
    let b = core.attach(Filter::All);
    let sent = frame(0x181, 7);
    core.send(a, sent, Monotonic(1000)).unwrap();
    let due = Monotonic(1000) + wire::duration(wire::bits(&sent), 1_000_000);
    assert_eq!(core.next_event(), Some(due));
    core.step(Monotonic(due.0 - 1));
    assert!(!core.has_input(b));
    core.step(due);
    assert_eq!(core.receive(b), Some(BusInput::Frame { frame: sent, received_at: due }));
}

#[test]
fn full_queue_refuses_like_enobufs() {
    let mut core = BusCore::new(CoreConfig { model_time: true, tx_queue: 2, ..Default::default() });
    let a = core.attach(Filter::All);
    let results: Vec<_> = (0..4).map(|n| core.send(a, frame(0x200, n), Monotonic(0))).collect();
    assert_eq!(results, [Ok(()), Ok(()), Ok(()), Err(SendError::Full)]);
}

#[test]
fn bus_off_drops_what_waits_and_restart_is_announced() {
    let mut core = timed();
    let a = core.attach(Filter::All);
    let b = core.attach(Filter::All);
    core.send(a, frame(0x200, 1), Monotonic(0)).unwrap();
    let fault = BusFault { until: Some(Monotonic(1_000)), ..BusFault::new(FaultKind::BusOff) };
    core.add_fault(fault, Monotonic(1));
    assert_eq!(core.send(a, frame(0x200, 2), Monotonic(2)), Err(SendError::BusOff));
    core.step(Monotonic(1_000_000));
    assert_eq!(core.receive(b), Some(BusInput::Event(BusEvent::BusOff)));
    assert_eq!(core.receive(b), Some(BusInput::Event(BusEvent::Restarted)));
    assert_eq!(core.receive(b), None);
    assert_eq!(core.send(a, frame(0x200, 3), Monotonic(1_000_001)), Ok(()));
}

#[test]
fn loss_hits_only_the_selected_direction_and_identifier() {
    let mut core = BusCore::new(CoreConfig::default());
    let a = core.attach(Filter::All);
    let b = core.attach(Filter::All);
    let c = core.attach(Filter::All);
    let select = Select { to: Some(b), ..Select::cob_id(0x181) };
    core.add_fault(certain(FaultKind::Loss { probability: 1.0 }, select), Monotonic(0));
    core.send(a, frame(0x181, 1), Monotonic(0)).unwrap();
    core.send(a, frame(0x182, 2), Monotonic(0)).unwrap();
    assert_eq!(received(&mut core, b), [frame(0x182, 2)]);
    assert_eq!(received(&mut core, c).len(), 2);
    assert_eq!(core.statistics().lost, 1);
}

#[test]
fn delayed_frame_is_overtaken_and_duplicate_comes_twice() {
    let mut core = BusCore::new(CoreConfig::default());
    let a = core.attach(Filter::All);
    let b = core.attach(Filter::All);
    let delay = FaultKind::Delay {
        probability: 1.0,
        delay: Duration::from_millis(1),
        jitter: Duration::ZERO,
    };
    core.add_fault(certain(delay, Select::cob_id(0x181)), Monotonic(0));
    core.add_fault(
        certain(FaultKind::Duplicate { probability: 1.0 }, Select::cob_id(0x182)),
        Monotonic(0),
    );
    core.send(a, frame(0x181, 1), Monotonic(0)).unwrap();
    core.send(a, frame(0x182, 2), Monotonic(0)).unwrap();
    core.step(Monotonic(1_000_000));
    assert_eq!(received(&mut core, b), [frame(0x182, 2), frame(0x182, 2), frame(0x181, 1)]);
}

#[test]
fn babbling_low_identifier_starves_the_others() {
    let mut core = timed();
    let a = core.attach(Filter::All);
    let b = core.attach(Filter::All);
    let babble = FaultKind::Babble { frame: frame(0x001, 0xFF), rate: 20_000.0 };
    core.add_fault(BusFault::new(babble), Monotonic(0));
    core.send(a, frame(0x201, 1), Monotonic(1)).unwrap();
    for ms in 0..50 {
        core.step(Monotonic(ms * 1_000_000));
    }
    let heard = received(&mut core, b);
    assert!(heard.iter().filter(|f| f.cob_id() == Some(1)).count() > 500, "{}", heard.len());
    assert!(!heard.contains(&frame(0x201, 1)), "the setpoint should not get through");
}

#[test]
fn load_is_what_passed_in_the_last_second() {
    let mut core = timed();
    let a = core.attach(Filter::All);
    core.step(Monotonic(0));
    for ms in 0..=1000_u64 {
        let _ =
            core.send(a, Frame::standard(0x181, &[0x55; 8]).unwrap(), Monotonic(ms * 1_000_000));
    }
    let load = core.statistics().load;
    assert!((0.10..0.14).contains(&load), "{load}");
}

#[tokio::test]
async fn endpoints_talk_through_the_wire() {
    let clock = || Monotonic(0);
    let options = BusOptions { filter: Filter::All, setpoint_age: Duration::from_millis(4), clock };
    let bus = InProcessWire::new(CoreConfig::default(), clock);
    let (mut a, mut b) = (bus.attach(&options), bus.attach(&options));
    let talk = async {
        a.message(frame(0x601, 1));
        a.flush();
        tokio::task::yield_now().await;
        a.setpoint(frame(0x201, 2));
        a.flush();
        std::future::pending::<()>().await;
    };
    let listen = async { (b.recv().await, b.recv().await) };
    let heard = tokio::select! {
        heard = listen => heard,
        () = talk => unreachable!(),
    };
    let at = |frame| BusInput::Frame { frame, received_at: Monotonic(0) };
    assert_eq!(heard, (at(frame(0x601, 1)), at(frame(0x201, 2))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn same_seed_gives_the_same_bus(
        seed: u64, sends in prop::collection::vec((0_u16..0x800, 0_u64..400_000, 0_u8..3), 1..60),
    ) {
        let run = || {
            let mut core = BusCore::new(CoreConfig { model_time: true, seed, ..Default::default() });
            let ids: Vec<_> = (0..3).map(|_| core.attach(Filter::All)).collect();
            core.add_fault(BusFault::new(FaultKind::Loss { probability: 0.3 }), Monotonic(0));
            let jitter = Duration::from_micros(300);
            let delay = FaultKind::Delay { probability: 0.5, delay: jitter, jitter };
            core.add_fault(BusFault::new(delay), Monotonic(0));
            let (mut log, mut now) = (Vec::new(), 0);
            for &(id, pause, who) in &sends {
                now += pause;
                let _ = core.send(ids[usize::from(who)], frame(id, who), Monotonic(now));
                log.extend(ids.iter().map(|&id| core.receive(id)));
            }
            log
        };
        prop_assert_eq!(run(), run());
    }
}
