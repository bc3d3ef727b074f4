use std::time::Duration;

use can_bus::in_process::{BusFault, FaultKind};
use proptest::prelude::*;
use vocabulary::time::Monotonic;

use super::*;

fn at(ms: u64) -> Monotonic {
    Monotonic(ms * 1_000_000)
}

fn hub(config: Config) -> HubCore {
    HubCore::new(config, Duration::ZERO)
}

fn said(hub: &mut HubCore, id: ClientId) -> String {
    String::from_utf8(std::mem::take(hub.output(id).unwrap())).unwrap()
}

/// A client in raw mode whose silence is over.
fn join(hub: &mut HubCore) -> ClientId {
    let id = hub.connect("test".into());
    hub.input(id, b"< open vcan0 >< rawmode >< echo >", at(0));
    assert_eq!(said(hub, id), "< hi >< ok >< ok >< echo >");
    id
}

#[test]
fn frame_reaches_all_others_and_not_its_sender() {
    let mut hub = hub(Config::default());
    let (a, b, c) = (join(&mut hub), join(&mut hub), join(&mut hub));
    hub.input(a, b"< send 123 2 1 f1 >", at(1500));
    hub.step(at(1500));
    assert_eq!(said(&mut hub, a), "");
    assert_eq!(said(&mut hub, b), "< frame 123 1.500000 01F1 >");
    assert_eq!(said(&mut hub, c), "< frame 123 1.500000 01F1 >");
}

#[test]
fn nothing_follows_the_ok_of_rawmode_for_50_ms() {
    let mut hub = hub(Config::default());
    let a = join(&mut hub);
    let b = hub.connect("test".into());
    hub.input(b, b"< open vcan0 >", at(100));
    hub.input(b, b"< rawmode >", at(100));
    hub.input(a, b"< send 123 1 1 >", at(101));
    hub.step(at(149));
    assert_eq!(said(&mut hub, b), "< hi >< ok >< ok >");
    assert_eq!(hub.next_event(), Some(at(150)));
    hub.step(at(150));
    assert_eq!(said(&mut hub, b), "< frame 123 0.101000 01 >");
}

#[test]
fn client_that_speaks_after_rawmode_is_not_held_any_longer() {
    let mut hub = hub(Config::default());
    let a = join(&mut hub);
    let b = hub.connect("test".into());
    hub.input(b, b"< open vcan0 >< rawmode >", at(0));
    hub.input(b, b"< send 601 0 >", at(1));
    hub.input(a, b"< send 581 0 >", at(1));
    hub.step(at(1));
    assert_eq!(said(&mut hub, b), "< hi >< ok >< ok >< frame 581 0.001000  >");
}

#[test]
fn malformed_input_is_answered_counted_and_harms_nobody() {
    let mut hub = hub(Config::default());
    let (a, b) = (join(&mut hub), join(&mut hub));
    hub.input(a, b"< send 123 9 1 >\xFF\x00< what >< send 123 1 7 >", at(1));
    hub.step(at(1));
    assert_eq!(
        said(&mut hub, a),
        "< error 000 0.001000 1 data bytes, length code says 9 >\
         < error 000 0.001000 unknown command \"what\" >"
    );
    assert_eq!(said(&mut hub, b), "< frame 123 0.001000 07 >");
    assert_eq!(hub.statistics().malformed, 2);
    hub.disconnect(a);
    assert_eq!(hub.statistics().malformed, 2, "counted beyond the connection");
}

#[test]
fn commands_out_of_order_and_wrong_bus_are_refused() {
    let mut hub = hub(Config::default());
    let a = hub.connect("test".into());
    hub.input(a, b"< send 123 0 >< rawmode >< open can7 >< open vcan0 >", at(0));
    assert_eq!(
        said(&mut hub, a),
        "< hi >< error send before rawmode is not possible now >\
         < error rawmode is not possible now >< error no bus can7, this hub has vcan0 >< ok >"
    );
}

#[test]
fn slow_client_loses_frames_and_nobody_else_does() {
    let config = Config { client_buffer: 4096, ..Config::default() };
    let mut hub = hub(config);
    let (a, slow, fast) = (join(&mut hub), join(&mut hub), join(&mut hub));
    let mut heard = 0;
    for _ in 0..1000 {
        hub.input(a, b"< send 181 8 1 2 3 4 5 6 7 8 >", at(1));
        hub.step(at(1));
        heard += said(&mut hub, fast).matches("frame").count();
    }
    assert_eq!(heard, 1000);
    let statistics = hub.statistics();
    let of = |id| statistics.clients.iter().find(|c| c.id == id).unwrap();
    assert_eq!(of(slow).received + of(slow).dropped, 1000);
    assert!(of(slow).dropped > 800 && of(fast).dropped == 0, "{statistics:?}");
    assert!(hub.output(slow).unwrap().len() < 4096 + 64);
}

#[test]
fn filter_keeps_unwanted_frames_away() {
    let mut hub = hub(Config::default());
    let (a, b) = (join(&mut hub), join(&mut hub));
    hub.input(b, b"< filter 080 181 >", at(1));
    hub.input(a, b"< send 181 0 >< send 182 0 >< send 080 0 >", at(2));
    hub.step(at(2));
    let heard = said(&mut hub, b);
    assert_eq!(heard, "< frame 181 0.002000  >< frame 080 0.002000  >");
}

#[test]
fn bus_off_is_told_with_error_frames_and_stops_traffic() {
    let mut hub = hub(Config::default());
    let (a, b) = (join(&mut hub), join(&mut hub));
    let fault = hub.add_fault(BusFault::new(FaultKind::BusOff), at(1));
    hub.input(a, b"< send 123 0 >", at(2));
    hub.step(at(2));
    assert_eq!(said(&mut hub, b), "< error 040 0.002000 >");
    assert!(hub.remove_fault(fault, at(3)));
    hub.input(a, b"< send 123 0 >", at(4));
    hub.step(at(4));
    assert_eq!(said(&mut hub, b), "< error 100 0.004000 >< frame 123 0.004000  >");
    let statistics = hub.statistics();
    assert_eq!((statistics.clients[0].sent, statistics.clients[0].refused), (1, 1));
}

#[test]
fn modelled_wire_lets_the_lower_identifier_pass_first() {
    let mut hub = hub(Config { model_time: true, ..Config::default() });
    let (a, b, c) = (join(&mut hub), join(&mut hub), join(&mut hub));
    hub.input(a, b"< send 700 0 >< send 300 0 >", at(1));
    hub.input(b, b"< send 200 0 >", at(1));
    assert!(hub.next_event().is_some_and(|due| due > at(1) && due < at(2)));
    hub.step(at(2));
    let heard = said(&mut hub, c);
    let order: Vec<&str> = heard.split("< frame ").skip(1).map(|f| &f[..3]).collect();
    assert_eq!(order, ["700", "200", "300"]);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_never_reach_others_as_garbage(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..30),
    ) {
        let mut hub = hub(Config::default());
        let (a, b) = (join(&mut hub), join(&mut hub));
        for piece in &pieces {
            hub.input(a, piece, at(1));
            hub.step(at(1));
        }
        let heard = said(&mut hub, b);
        prop_assert!(heard.is_empty() || heard.starts_with("< frame "), "{}", heard);
    }
}
