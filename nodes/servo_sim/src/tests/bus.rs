//! Communication: boot, SDO, PDO timing, event PDOs, emergencies, arbitrary frames.

use crate::objects::WINDING_TEMPERATURE;
use crate::test_support::{COUNTS, Rig, bent, node};
use crate::{Config, Temperatures};
use can_bus::canopen::cob::{self, PdoNumber};
use can_bus::canopen::nmt::{Heartbeat, NmtCommand, NmtState};
use can_bus::canopen::od::{self, Address};
use can_bus::canopen::pdo_config::{PdoConfig, Transmission};
use can_bus::cia402::{State, Statusword};
use can_bus::frame::Frame;
use proptest::prelude::*;
use vocabulary::joint::JOINTS;

#[test]
fn every_drive_boots_once_and_then_beats_when_told() {
    let mut rig = Rig::new(Config::default());
    let boots: Vec<Frame> = rig.heard.iter().map(|(_, f)| *f).collect();
    let expected: Vec<Frame> = (0..JOINTS).map(|i| Heartbeat::BootUp.frame(node(i))).collect();
    assert_eq!(boots, expected);
    rig.write(2, od::PRODUCER_HEARTBEAT, 100);
    rig.heard.clear();
    rig.run(1000);
    let beat = Heartbeat::Alive(NmtState::PreOperational).frame(node(2));
    let count = rig.heard.iter().filter(|(_, f)| *f == beat).count();
    assert!((10..=11).contains(&count), "{count}");
}

#[test]
fn device_name_is_read_in_segments() {
    let mut rig = Rig::new(Config::default());
    let reply = rig.request(0, [0x40, 0x08, 0x10, 0, 0, 0, 0, 0]).unwrap();
    assert_eq!((reply[0], reply[4]), (0x41, 24));
    let mut name = Vec::new();
    for toggle in [0x60, 0x70, 0x60, 0x70] {
        let segment = rig.request(0, [toggle, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        let unused = usize::from(segment[0] >> 1 & 7);
        name.extend_from_slice(&segment[1..8 - unused]);
    }
    assert_eq!(name, b"Armature simulated servo");
}

#[test]
fn synchronous_setpoint_takes_effect_at_the_next_sync_and_not_before() {
    let mut rig = Rig::enabled(bent());
    let hold = bent().initial_position;
    for _ in 0..10 {
        rig.cycle(hold, [0.0; JOINTS]);
    }
    let quiet = rig.sim.truth().position[0];
    rig.send(&[Rig::command(0, 0x0F, hold[0] + 0.002, 0)]);
    rig.run(20);
    assert!((rig.sim.truth().position[0] - quiet).abs() < 1e-5, "moved before SYNC");
    let target = rig.read(0, od::TARGET_POSITION);
    assert_eq!(target, (hold[0] * COUNTS).round() as i64);
    rig.sync(1);
    rig.run(200);
    assert!((rig.sim.truth().position[0] - hold[0] - 0.002).abs() < 1e-4);
}

#[test]
fn feedback_is_sampled_at_the_sync() {
    let mut rig = Rig::enabled(bent());
    let mut position = bent().initial_position;
    for _ in 0..100 {
        position[0] += 0.002;
        rig.cycle(position, [0.0; JOINTS]);
        let id = cob::tpdo(PdoNumber::One, node(0));
        let (at, frame) = *rig.heard.iter().rev().find(|(_, f)| f.cob_id() == Some(id)).unwrap();
        let data = frame.data();
        let counts = i32::from_le_bytes([data[2], data[3], data[4], data[5]]);
        let (truth, _) = rig.sim.truth_at(at).unwrap();
        assert!((f64::from(counts) / COUNTS - truth[0]).abs() < 0.51 / COUNTS);
    }
}

#[test]
fn slow_pdo_comes_every_nth_sync() {
    let mut rig = Rig::new(Config::default());
    let slow = [od::VELOCITY_ACTUAL, od::MODE_DISPLAY, WINDING_TEMPERATURE];
    let pdo = PdoConfig::transmit(PdoNumber::Two, Transmission::EverySync(25), &slow).unwrap();
    for write in pdo.writes(node(0)) {
        rig.try_write(0, write.address, &write.data).unwrap();
    }
    rig.send(&[NmtCommand::Start.frame(None)]);
    rig.heard.clear();
    rig.sync(100);
    let id = Some(cob::tpdo(PdoNumber::Two, node(0)));
    let frames: Vec<_> = rig.heard.iter().filter(|(_, f)| f.cob_id() == id).collect();
    assert_eq!(frames.len(), 4);
    assert_eq!(frames[0].1.data(), [0, 0, 0, 0, 0, 250, 0]);
}

#[test]
fn event_pdo_reports_a_change_of_state_and_keeps_its_timer() {
    let mut rig = Rig::new(Config::default());
    rig.try_write(0, Address::new(0x1800, 5), &100_u16.to_le_bytes()).unwrap();
    rig.send(&[NmtCommand::Start.frame(None)]);
    rig.run(10);
    rig.heard.clear();
    rig.write(0, od::CONTROLWORD, 0x06);
    rig.run(2);
    let id = Some(cob::tpdo(PdoNumber::One, node(0)));
    let words = |rig: &Rig| {
        let own = rig.heard.iter().filter(|(_, f)| f.cob_id() == id);
        own.map(|(_, f)| u16::from_le_bytes([f.data()[0], f.data()[1]])).collect::<Vec<_>>()
    };
    let after = words(&rig);
    assert_eq!(after.len(), 1, "{after:x?}");
    assert_eq!(Statusword(after[0]).state(), Some(State::ReadyToSwitchOn));
    rig.run(1000);
    assert!((10..=11).contains(&(words(&rig).len() - 1)), "{}", words(&rig).len());
}

#[test]
fn no_pdo_before_operational_and_no_sdo_when_stopped() {
    let mut rig = Rig::new(Config::default());
    rig.configure(0);
    rig.send(&[NmtCommand::EnterPreOperational.frame(Some(node(0)))]);
    rig.heard.clear();
    rig.sync(5);
    assert!(rig.heard.is_empty(), "{:?}", rig.heard);
    rig.send(&[NmtCommand::Stop.frame(Some(node(0)))]);
    assert_eq!(rig.request(0, [0x40, 0x41, 0x60, 0, 0, 0, 0, 0]), None);
}

#[test]
fn reset_node_loses_the_mapping_and_the_power() {
    let mut rig = Rig::enabled(bent());
    rig.heard.clear();
    rig.send(&[NmtCommand::ResetNode.frame(Some(node(3)))]);
    rig.run(100);
    assert_eq!(rig.heard.last().map(|(_, f)| *f), Some(Heartbeat::BootUp.frame(node(3))));
    assert_eq!(rig.sim.states()[3], State::SwitchOnDisabled);
    assert_eq!(rig.read(3, od::QUICK_STOP_OPTION), 2);
    assert_eq!(rig.sim.states()[2], State::OperationEnabled);
}

#[test]
fn hot_winding_warns_then_faults_with_an_emergency_and_is_reset_when_cool() {
    let mut rig = Rig::enabled(bent());
    let hot = |winding| Temperatures { winding, housing: 60.0, stage: 40.0 };
    rig.sim.set_temperatures(1, hot(115.0));
    rig.run(10);
    assert!(Statusword(rig.read(1, od::STATUSWORD) as u16).has(Statusword::WARNING));
    assert!(rig.emergencies(1).is_empty());
    rig.sim.set_temperatures(1, hot(140.0));
    rig.run(20);
    assert_eq!(rig.emergencies(1), [0x4310]);
    assert_eq!(rig.sim.states()[1], State::Fault);
    assert_eq!(rig.read(1, od::ERROR_CODE), 0x4310);
    assert_eq!(rig.read(1, od::ERROR_REGISTER), 0x09);
    rig.write(1, od::CONTROLWORD, 0x80);
    assert_eq!(rig.sim.states()[1], State::Fault, "still hot");
    rig.sim.set_temperatures(1, hot(80.0));
    rig.run(10);
    rig.write(1, od::CONTROLWORD, 0x00);
    rig.write(1, od::CONTROLWORD, 0x80);
    rig.run(1);
    assert_eq!(rig.sim.states()[1], State::SwitchOnDisabled);
    assert_eq!(rig.emergencies(1), [0x4310, 0]);
}

#[test]
fn pdo_of_the_wrong_length_is_reported_once_and_changes_nothing() {
    let mut rig = Rig::enabled(bent());
    let id = cob::rpdo(PdoNumber::One, node(0));
    let before = rig.read(0, od::TARGET_POSITION);
    for _ in 0..3 {
        rig.send(&[Frame::standard(id, &[0; 5]).unwrap()]);
        rig.sync(1);
    }
    assert_eq!(rig.emergencies(0), [0x8210]);
    assert_eq!(rig.read(0, od::TARGET_POSITION), before);
    assert_eq!(rig.sim.states()[0], State::OperationEnabled);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_frames_never_panic(
        frames in prop::collection::vec(
            (prop_oneof![0_u16..0x800, 0x600_u16..0x608, 0x200_u16..0x208, Just(0x80)],
             prop::collection::vec(any::<u8>(), 0..=8)),
            0..200,
        ),
    ) {
        let mut rig = Rig::enabled(bent());
        for (id, data) in frames {
            rig.send(&[Frame::standard(id, &data).unwrap()]);
            rig.run(1);
        }
        prop_assert!(rig.sim.truth().position.iter().all(|q| q.is_finite()));
    }
}
