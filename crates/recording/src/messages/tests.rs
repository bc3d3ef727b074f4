use super::*;
use proptest::prelude::*;
use vocabulary::arm::{ArmState, ArmStatus, Derating};
use vocabulary::command::{JointFeedback, JointTelemetry, Lease};
use vocabulary::config::ArmConfig;
use vocabulary::event::{Event, EventKind, Notice};
use vocabulary::health::{Heartbeat, Level};
use vocabulary::plan::ControlState;
use vocabulary::thermal::{ThermalAlarm, ThermalState};
use vocabulary::time::Stamp;

fn order() -> JointOrder {
    ArmConfig::default().joint_order().unwrap()
}

fn survives<M: Message + PartialEq + std::fmt::Debug>(message: &M) {
    let bytes = encode(message, &order());
    assert_eq!(&decode::<M>(&bytes, &order()).unwrap(), message);
    for length in 0..bytes.len() {
        assert!(decode::<M>(&bytes[..length], &order()).is_err(), "cut to {length} bytes");
    }
}

fn notice() -> Notice {
    Notice {
        stamp: Stamp(5),
        heard: Stamp(6),
        level: Level::Error,
        by: "supervisor".to_owned(),
        subject: "control".to_owned(),
        what: "silent".to_owned(),
        topic: "/arm/status".to_owned(),
    }
}

#[test]
fn every_message_comes_back_and_is_refused_when_cut() {
    survives(&ArmStatus { reason: "all is well".to_owned(), ..Default::default() });
    survives(&ArmState::default());
    survives(&Derating { stamp: Stamp(7), boot_id: 3, stop: true, torque: [0.5; 6], speed: 0.25 });
    survives(&Lease { epoch: 5, transfer: true, since: Stamp(-1), ..Default::default() });
    survives(&JointFeedback { joint: 3, position: 0.5, error_code: 0x8611, ..Default::default() });
    survives(&JointTelemetry { joint: 5, refused: [7; 11], ..Default::default() });
    survives(&ControlState { found_bad: true, reason: "paused".to_owned(), ..Default::default() });
    survives(&ThermalState { winding: [80.0; 6], ..Default::default() });
    survives(&ThermalAlarm { boot_id: 9, ..Default::default() });
    survives(&Heartbeat { node: "motion".to_owned(), pid: 12, ..Default::default() });
    let kind = EventKind::Fault;
    survives(&Event { id: 4, kind, chain: vec![notice(), notice()], ..Default::default() });
    let status = DiagnosticStatus {
        level: 2,
        values: vec![("a".to_owned(), "b".to_owned())],
        ..Default::default()
    };
    survives(&Diagnostics { status: vec![status], ..Default::default() });
}

#[test]
fn what_the_door_refuses_is_refused_here() {
    let order = order();
    let bad = JointFeedback { position: f64::NAN, ..Default::default() };
    let error = decode::<JointFeedback>(&encode(&bad, &order), &order).unwrap_err();
    assert_eq!(error.to_string(), "position = NaN is not allowed");
    let bad = Derating { stamp: Stamp(0), boot_id: 1, stop: false, torque: [2.0; 6], speed: 1.0 };
    assert!(decode::<Derating>(&encode(&bad, &order), &order).is_err());
    let other = JointOrder::new((0..6).map(|n| format!("axis_{n}")).collect()).unwrap();
    assert!(decode::<ArmState>(&encode(&ArmState::default(), &other), &order).is_err());
    assert!(decode::<JointFeedback>(&encode(&JointFeedback::default(), &other), &order).is_err());
}

fn tried<M: Message>(bytes: &[u8]) {
    let _whatever = decode::<M>(bytes, &order());
}

proptest! {
    #[test]
    fn random_bytes_never_panic(tail in proptest::collection::vec(any::<u8>(), 0..600)) {
        let bytes = [&[0, 1, 0, 0], tail.as_slice()].concat();
        tried::<ArmStatus>(&bytes);
        tried::<ArmState>(&bytes);
        tried::<Derating>(&bytes);
        tried::<Lease>(&bytes);
        tried::<JointFeedback>(&bytes);
        tried::<JointTelemetry>(&bytes);
        tried::<ControlState>(&bytes);
        tried::<ThermalState>(&bytes);
        tried::<ThermalAlarm>(&bytes);
        tried::<Heartbeat>(&bytes);
        tried::<Event>(&bytes);
        tried::<Diagnostics>(&bytes);
    }
}
