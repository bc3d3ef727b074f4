//! The messages as `recording` writes and reads them without ROS, against the middleware's own.
//!
//! Each side reads what the other wrote. Bytes are not compared: between fields the middleware leaves
//! whatever its buffer held before.
//!
//! Would catch: a field added to or moved in `msg/` that readers of recordings do not know of.

use super::ToMsg;
use r2r::WrappedTypesupport;
use recording::{Message, decode, encode};
use std::fmt::Debug;
use vocabulary::arm::{ArmMode, ArmState, ArmStatus, Derating, Freshness};
use vocabulary::command::{DriveState, DriverState, JointFeedback, JointTelemetry, Lease};
use vocabulary::config::ArmConfig;
use vocabulary::event::{Event, EventKind, Notice};
use vocabulary::health::{CycleStatistics, Health, Heartbeat, Histogram, Level, Lifecycle};
use vocabulary::plan::{ControlPhase, ControlState, Violation};
use vocabulary::thermal::{SensorState, ThermalAlarm, ThermalLevel, ThermalState};
use vocabulary::time::{Monotonic, Stamp};

const STAMP: Stamp = Stamp(1_700_000_000_123_456_789);

/// Different numbers in every place, so that exchanged fields show.
fn six(first: f64) -> [f64; 6] {
    std::array::from_fn(|joint| first + joint as f64 * 0.125)
}

fn same<M: Message + ToMsg + PartialEq + Debug>(message: &M) {
    let order = ArmConfig::default().joint_order().unwrap();
    let sent = message.to_msg(&order);
    let theirs = sent.to_serialized_bytes().unwrap();
    assert_eq!(decode::<M>(&theirs, &order).as_ref(), Ok(message), "{}", M::NAME);
    let ours = encode(message, &order);
    // The middleware may fill up to a multiple of four at the end.
    assert!(theirs.len() - ours.len() < 4, "{}: {} and {}", M::NAME, ours.len(), theirs.len());
    let read = M::Msg::from_serialized_bytes(&ours).unwrap();
    assert_eq!(format!("{read:?}"), format!("{sent:?}"), "{}", M::NAME);
}

#[test]
fn the_arms_messages_are_understood_on_both_sides() {
    let (mode, reason) = (ArmMode::Hold, "cön\u{b5}".to_owned());
    same(&ArmStatus { stamp: STAMP, mode, permit: 3, fault_reset: 4, reason });
    same(&ArmState {
        stamp: STAMP,
        age: six(0.5),
        freshness: [Freshness::Late; 6],
        position: six(1.0),
        velocity: six(2.0),
        effort: six(3.0),
        temperature: six(4.0),
        drive: [DriveState::Fault; 6],
        driver: [DriverState::Blocked; 6],
    });
    let torque = six(0.0);
    same(&Derating { stamp: STAMP, boot_id: 5, stop: true, torque, speed: 0.75 });
    let (transfer, probation) = (false, true);
    same(&Lease { epoch: 6, holder: 7, successor: 8, transfer, probation, since: STAMP });
}

#[test]
fn the_joints_messages_are_understood_on_both_sides() {
    same(&JointFeedback {
        stamp: STAMP,
        sampled_at: Monotonic(9),
        joint: 4,
        boot_id: 10,
        sequence: 11,
        position: 0.1,
        velocity: 0.2,
        effort: 0.3,
        setpoint_position: 0.4,
        setpoint_velocity: 0.5,
        setpoint_at: Monotonic(35),
        applied_epoch: 12,
        applied_sequence: 13,
        lease_epoch: 36,
        lease_holder: 37,
        drive: DriveState::OperationEnabled,
        driver: DriverState::Following,
        faults: 0x0102,
        error_code: 0x8611,
    });
    same(&JointTelemetry {
        stamp: STAMP,
        joint: 5,
        boot_id: 14,
        winding_temperature: 60.0,
        housing_temperature: 50.0,
        drive_temperature: 40.0,
        current: 3.0,
        voltage: 48.0,
        bus_received: 15,
        bus_sent: 16,
        bus_dropped: 17,
        bus_errors: 18,
        refused: std::array::from_fn(|reason| reason as u64),
    });
}

#[test]
fn the_report_of_control_is_understood_on_both_sides() {
    let violation = Violation {
        joint: 2,
        at_goal: true,
        velocity: false,
        error: 0.1,
        limit: 0.05,
        path_time: 3.0,
    };
    same(&ControlState {
        stamp: STAMP,
        reference_at: Monotonic(19),
        boot_id: 20,
        epoch: 21,
        plan_id: 22,
        revision: 23,
        phase: ControlPhase::Settling,
        path_time: 1.5,
        path_duration: 2.5,
        speed_scaling: 0.5,
        reference_position: six(1.0),
        reference_velocity: six(2.0),
        reference_acceleration: six(3.0),
        feedback_position: six(4.0),
        feedback_velocity: six(5.0),
        error_position: six(6.0),
        output_effort: six(7.0),
        integral: six(8.0),
        violation: Some(violation),
        found_bad: true,
        reason: "waits".to_owned(),
        ..ControlState::default()
    });
}

#[test]
fn what_judges_and_what_is_judged_are_understood_on_both_sides() {
    same(&ThermalState {
        stamp: STAMP,
        boot_id: 24,
        winding: six(10.0),
        winding_bound: six(20.0),
        housing: six(30.0),
        housing_bound: six(40.0),
        winding_limit: six(50.0),
        time_to_limit: six(60.0),
        load: six(70.0),
        torque_limit: six(80.0),
        speed: 0.5,
        ambient: 25.0,
        winding_sensor: [SensorState::Stuck; 6],
        housing_sensor: [SensorState::Ok; 6],
        drive_sensor: [SensorState::Silent; 6],
        telemetry_age: six(0.0),
        level: [ThermalLevel::Derate; 6],
    });
    same(&ThermalAlarm {
        stamp: STAMP,
        boot_id: 25,
        level: ThermalLevel::Stop,
        levels: [ThermalLevel::Warning; 6],
        latched: [true; 6],
        reasons: std::array::from_fn(|joint| format!("joint {joint} is hot")),
    });
    let histogram = Histogram {
        name: "busy".to_owned(),
        bounds: vec![0.1, 0.2],
        counts: vec![1, 2, 3],
        worst: 0.3,
    };
    let cycles =
        CycleStatistics { period: 0.004, count: 26, late: 27, worst_lateness: 0.01, refused: 28 };
    same(&Heartbeat {
        stamp: STAMP,
        node: "control".to_owned(),
        boot_id: 29,
        pid: 30,
        sequence: 31,
        lifecycle: Lifecycle::Active,
        health: Health::Warn,
        message: "late".to_owned(),
        resume_required: true,
        cycles,
        cpu_time: 1.25,
        version: "0.1.0".to_owned(),
        histograms: vec![histogram.clone(), histogram],
    });
}

#[test]
fn an_event_is_the_same_bytes() {
    let order = ArmConfig::default().joint_order().unwrap();
    let notice = |what: &str| Notice {
        stamp: STAMP,
        heard: Stamp(STAMP.0 + 1),
        level: Level::Error,
        by: "supervisor".to_owned(),
        subject: "control".to_owned(),
        what: what.to_owned(),
        topic: String::new(),
    };
    let event = Event {
        stamp: STAMP,
        boot_id: 32,
        id: 33,
        revision: 34,
        complete: true,
        kind: EventKind::Fault,
        text: "control: silent".to_owned(),
        chain: vec![notice("silent"), notice("hold")],
    };
    let theirs = event.to_msg(&order).to_serialized_bytes().unwrap();
    assert_eq!(decode::<Event>(&theirs, &order), Ok(event));
}
