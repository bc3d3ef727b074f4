//! Injected faults, as they show on the bus.

use crate::FaultRequest;
use crate::objects::WINDING_TEMPERATURE;
use crate::test_support::{COUNTS, Rig, bent, node};
use can_bus::canopen::cob::{self, PdoNumber};
use can_bus::canopen::nmt::Heartbeat;
use can_bus::canopen::od;
use can_bus::cia402::State;
use vocabulary::joint::JOINTS;

fn inject(rig: &mut Rig, joint: &str, signal: &str, kind: &str, amount: f64) -> String {
    let (joint, signal, kind) = (joint.into(), signal.into(), kind.into());
    rig.sim.inject(&FaultRequest { joint, signal, kind, amount, duration: 0.0 }).unwrap()
}

fn feedbacks(rig: &mut Rig, joint: usize) -> Vec<Vec<u8>> {
    rig.heard.clear();
    rig.sync(50);
    let id = Some(cob::tpdo(PdoNumber::One, node(joint)));
    let own = rig.heard.iter().filter(|(_, f)| f.cob_id() == id);
    own.map(|(_, f)| f.data().to_vec()).collect()
}

#[test]
fn unknown_joint_is_refused_with_the_names_of_the_arm() {
    let mut rig = Rig::new(bent());
    let request = FaultRequest { joint: "elbow".into(), ..FaultRequest::default() };
    let text = rig.sim.inject(&request).unwrap_err().to_string();
    assert!(text.contains("\"elbow\"") && text.contains("joint_1, joint_2"), "{text}");
}

#[test]
fn wrong_position_is_reported_with_its_offset_and_ends_by_itself() {
    let mut rig = Rig::enabled(bent());
    let request = FaultRequest {
        joint: "joint_2".into(),
        signal: "position".into(),
        kind: "wrong".into(),
        amount: 0.25,
        duration: 0.5,
    };
    rig.sim.inject(&request).unwrap();
    let shown = |rig: &mut Rig| rig.read(1, od::POSITION_ACTUAL) as f64 / COUNTS;
    rig.run(2);
    assert!((shown(&mut rig) - rig.sim.truth().position[1] - 0.25).abs() < 1e-4);
    rig.run(600);
    assert!((shown(&mut rig) - rig.sim.truth().position[1]).abs() < 1e-4);
}

#[test]
fn missing_temperature_sensor_reads_the_lowest_number_and_trips_nothing() {
    let mut rig = Rig::enabled(bent());
    inject(&mut rig, "joint_1", "temperature", "off", 0.0);
    rig.run(20);
    assert_eq!(rig.read(0, WINDING_TEMPERATURE), -32768);
    assert_eq!(rig.sim.states()[0], State::OperationEnabled);
    inject(&mut rig, "joint_1", "temperature", "wrong", 150.0);
    rig.run(20);
    assert!(rig.emergencies(0).contains(&0x4310));
}

#[test]
fn feedback_faults_drop_repeat_shorten_and_lose_frames() {
    let mut rig = Rig::enabled(bent());
    assert_eq!(feedbacks(&mut rig, 0).len(), 50);
    inject(&mut rig, "joint_1", "feedback", "off", 0.0);
    assert!(feedbacks(&mut rig, 0).is_empty());
    assert_eq!(feedbacks(&mut rig, 1).len(), 50, "the other joint is healthy");
    inject(&mut rig, "joint_1", "feedback", "wrong", 0.0);
    assert!(feedbacks(&mut rig, 0).iter().all(|data| data.len() == 7));
    inject(&mut rig, "joint_1", "feedback", "intermittent", 0.5);
    assert!((10..40).contains(&feedbacks(&mut rig, 0).len()));
    inject(&mut rig, "joint_1", "feedback", "slow", 0.02);
    assert_eq!(feedbacks(&mut rig, 0).len(), 10);
    inject(&mut rig, "joint_1", "feedback", "none", 0.0);
    assert_eq!(feedbacks(&mut rig, 0).len(), 50);
}

#[test]
fn delayed_drive_answers_late_and_in_order() {
    let mut rig = Rig::enabled(bent());
    inject(&mut rig, "joint_1", "all", "delayed", 0.010);
    rig.heard.clear();
    rig.sync(1);
    let id = Some(cob::tpdo(PdoNumber::One, node(0)));
    assert!(rig.heard.iter().all(|(_, f)| f.cob_id() != id));
    let start = rig.now;
    rig.run(20);
    let (at, _) = rig.heard.iter().find(|(_, f)| f.cob_id() == id).unwrap();
    assert_eq!(at.since(start).as_millis(), 6);
}

#[test]
fn silent_drive_neither_hears_nor_speaks() {
    let mut rig = Rig::enabled(bent());
    inject(&mut rig, "joint_3", "all", "off", 0.0);
    assert_eq!(rig.request(2, [0x40, 0x41, 0x60, 0, 0, 0, 0, 0]), None);
    assert!(feedbacks(&mut rig, 2).is_empty());
    inject(&mut rig, "", "all", "none", 0.0);
    assert_eq!(feedbacks(&mut rig, 2).len(), 50);
}

#[test]
fn drive_without_supply_holds_by_its_brake_and_boots_when_it_returns() {
    let mut rig = Rig::enabled(bent());
    inject(&mut rig, "joint_2", "power", "off", 0.0);
    rig.run(500);
    assert_eq!(rig.sim.states()[1], State::NotReadyToSwitchOn);
    let fallen = (rig.sim.truth().position[1] - bent().initial_position[1]).abs();
    assert!(fallen < 2e-3, "{fallen} rad");
    rig.heard.clear();
    inject(&mut rig, "joint_2", "power", "none", 0.0);
    rig.run(100);
    let boot = Heartbeat::BootUp.frame(node(1));
    assert_eq!(rig.heard.iter().filter(|(_, f)| *f == boot).count(), 1);
}

#[test]
fn stuck_power_stage_ignores_setpoints() {
    let mut rig = Rig::enabled(bent());
    inject(&mut rig, "joint_1", "power", "stuck", 0.0);
    let mut position = bent().initial_position;
    for _ in 0..50 {
        position[0] += 0.002;
        position[5] += 0.002;
        rig.cycle(position, [0.0; JOINTS]);
    }
    let truth = rig.sim.truth().position;
    assert!((truth[0] - bent().initial_position[0]).abs() < 1e-3);
    assert!((truth[5] - bent().initial_position[5]) > 0.08);
}

#[test]
fn garbage_statuswords_and_heartbeats_stay_frames() {
    let mut rig = Rig::enabled(bent());
    rig.write(0, od::PRODUCER_HEARTBEAT, 20);
    inject(&mut rig, "joint_1", "statusword", "garbage", 0.0);
    inject(&mut rig, "joint_1", "heartbeat", "garbage", 0.0);
    let words = feedbacks(&mut rig, 0);
    assert!(words.windows(2).any(|pair| pair[0][..2] != pair[1][..2]));
    let id = Some(cob::heartbeat(node(0)));
    assert!(rig.heard.iter().any(|(_, f)| f.cob_id() == id));
}
