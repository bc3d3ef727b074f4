//! The ordinary life of a driver: find, configure, enable, follow, stop, power off.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)] // a test that panics has failed

mod world;

use can_bus::canopen::od;
use can_bus::cia402::State;
use vocabulary::arm::ArmMode;
use vocabulary::command::{DriveState, DriverState};
use vocabulary::health::Health;
use world::drive::FakeDrive;
use world::{World, config};

fn still(_: f64) -> (f64, f64) {
    (0.0, 0.0)
}

/// 0.2 rad and back with a period of 2 s.
fn swing(t: f64) -> (f64, f64) {
    let w = std::f64::consts::PI;
    (0.1 - 0.1 * (w * t).cos(), 0.1 * w * (w * t).sin())
}

#[test]
fn a_fresh_drive_is_configured_with_read_back_and_stays_without_power() {
    let mut world = World::single();
    world.order(ArmMode::Disabled, 0);
    world.run(1.0);
    let objects = &world.drives[0].objects;
    assert_eq!(objects.get(od::CONSUMER_HEARTBEAT), 0x0064_012C);
    assert_eq!(objects.get(od::QUICK_STOP_OPTION), 6);
    assert_eq!(objects.get(od::ABORT_CONNECTION_OPTION), 3);
    assert_eq!((objects.get(od::INTERPOLATION_PERIOD), objects.get(od::MODE)), (4, 8));
    assert_eq!(world.logged("drive configured, node 1 on vcan0"), 1, "{:?}", world.texts());
    assert_eq!((world.last().driver, world.last().faults), (DriverState::Disabled, 0));
    assert_eq!(world.drives[0].state, State::SwitchOnDisabled);
    let health = world.driver.health();
    assert_eq!((health.health, health.resume_required), (Health::Ok, false));
}

#[test]
fn enabling_does_not_move_the_joint_and_waits_for_the_mode() {
    let mut world = World::single();
    world.drives[0].position = 54_321;
    world.order(ArmMode::Disabled, 0);
    world.run(1.0);
    world.order(ArmMode::Enabled, 1);
    world.run(0.3);
    assert_eq!(world.drives[0].state, State::OperationEnabled);
    assert_eq!(world.drives[0].position, 54_321);
    assert_eq!(world.last().driver, DriverState::Holding);
    assert!((world.last().setpoint_position - world.last().position).abs() < 1e-5);
}

#[test]
fn a_drive_that_shows_another_mode_is_not_enabled_and_named() {
    let mut world = World::single();
    world.order(ArmMode::Disabled, 0);
    world.run(1.0);
    world.drives[0].objects.set(od::MODE_DISPLAY, 1);
    world.drives[0].objects.set(od::MODE, 1);
    world.run(0.3);
    world.order(ArmMode::Enabled, 1);
    world.run(3.0);
    assert_eq!(world.drives[0].state, State::SwitchedOn);
    assert_eq!(world.last().driver, DriverState::Enabling);
    assert_eq!(world.logged("does not show the position mode"), 1, "{:?}", world.texts());
}

#[test]
fn commands_are_followed_at_the_instant_they_are_meant_for() {
    let mut world = World::single().enabled();
    world.control(swing);
    let mut worst: f64 = 0.0;
    for _ in 0..4000 {
        world.tick(None);
        // The fake drive takes a setpoint over at the SYNC after the one it was written for, and
        // is there at once; a real one interpolates and is there one period later.
        if world.seconds() > 0.1 && world.now.is_multiple_of(4_000_000) {
            let early = swing(world.seconds() + 0.004).0 - world.position(0);
            worst = worst.max(early.abs());
        }
    }
    assert!(worst < 0.002, "{worst}");
    assert_eq!(world.driver.health().cycles.refused, 0);
    assert_eq!(world.last().driver, DriverState::Following);
    assert_eq!(world.last().applied_epoch, 3);
    assert_eq!(world.drives[0].offset, 40, "3 N·m of 75 N·m");
}

#[test]
fn velocity_and_effort_are_reported_in_si_units() {
    let mut world = World::single().enabled();
    world.control(swing);
    world.run(1.5);
    let feedback = world.last();
    assert!((feedback.effort - 7.5).abs() < 1e-9);
    assert!((feedback.velocity - feedback.setpoint_velocity).abs() < 0.02, "{feedback:?}");
    assert_eq!(feedback.drive, DriveState::OperationEnabled);
    let telemetry = world.telemetry.last().unwrap();
    assert!((telemetry.winding_temperature - 20.0).abs() < 1e-9);
    assert!(telemetry.voltage.is_nan());
}

#[test]
fn disabling_in_motion_decelerates_first_then_takes_the_power_away() {
    let mut world = World::single().enabled();
    world.control(swing);
    world.run(0.5);
    let before = world.position(0);
    world.order(ArmMode::Disabled, 5);
    world.run(0.02);
    assert_eq!(world.drives[0].state, State::OperationEnabled);
    world.run(0.5);
    assert_eq!(world.drives[0].state, State::SwitchOnDisabled);
    assert!(world.position(0) > before + 0.003);
    assert_eq!(world.last().driver, DriverState::Disabled);
    assert_eq!(world.last().faults, 0);
}

#[test]
fn an_inactive_node_takes_the_power_away() {
    let mut world = World::single().enabled();
    world.active = false;
    world.run(0.2);
    assert_eq!(world.drives[0].state, State::SwitchOnDisabled);
}

#[test]
fn six_joints_share_one_driver_and_one_sync() {
    let drives = (1..=6).map(FakeDrive::new).collect();
    let mut world = World::new(config(&[]), drives).enabled();
    world.control(swing);
    world.run(1.0);
    let last: Vec<_> = world.feedback[world.feedback.len() - 6..].iter().map(|f| f.joint).collect();
    assert_eq!(last, [0, 1, 2, 3, 4, 5]);
    assert!(world.feedback.iter().rev().take(6).all(|f| f.driver == DriverState::Following));
    let cycles = world.driver.health().cycles;
    assert_eq!((cycles.late, cycles.refused), (0, 0));
}

#[test]
fn a_restarted_driver_adopts_the_running_drive_and_waits_for_a_permit() {
    let mut old = World::single().enabled();
    old.control(swing);
    old.run(0.3);
    let drive = old.drives.remove(0);
    let at = drive.position;
    let mut world = World::new(config(&["joint_1"]), vec![drive]);
    world.now = old.now;
    world.status = old.status.clone();
    world.order(ArmMode::Hold, 5);
    world.control(still);
    world.run(1.0);
    assert_eq!(world.logged("drive found configured"), 1, "{:?}", world.texts());
    assert_eq!(world.drives[0].state, State::OperationEnabled);
    assert_eq!(world.last().driver, DriverState::Blocked);
    // One setpoint of the old driver may still have been on its way: 0.3 rad/s for 4 ms.
    assert!((world.drives[0].position - at).abs() < 250);
    assert!(world.driver.health().resume_required);
    world.reference = None;
    world.order(ArmMode::Enabled, 6);
    world.run(0.1);
    assert_eq!(world.last().driver, DriverState::Holding);
    assert!(!world.driver.health().resume_required);
}

#[test]
fn without_a_word_of_the_supervisor_a_powered_drive_is_left_as_it_is() {
    let mut old = World::single().enabled();
    let drive = old.drives.remove(0);
    let mut world = World::new(config(&["joint_1"]), vec![drive]);
    (world.now, world.news) = (old.now, false);
    world.run(3.0);
    assert_eq!(world.logged("drive found configured"), 1);
    assert_eq!(world.drives[0].state, State::OperationEnabled);
    world.order(ArmMode::Disabled, 5);
    world.run(0.1);
    assert_eq!(world.drives[0].state, State::SwitchOnDisabled);
}

#[test]
fn a_joint_outside_its_limits_is_named_when_it_gets_power() {
    let mut world = World::single();
    world.drives[0].position = 1 << 18; // 1.57 rad, limit 1 rad
    let mut world = world.enabled();
    assert_eq!(world.logged("0.5708 rad outside -1 to 1 rad"), 1, "{:?}", world.texts());
    world.control(still);
    world.run(0.2);
    assert_eq!(world.drives[0].position, 1 << 18);
}

#[test]
fn a_stopped_arm_decelerates_on_commands_and_then_refuses_new_motion() {
    let mut world = World::single().enabled();
    world.control(swing);
    world.run(0.4);
    world.order(ArmMode::Stopped, 5);
    world.run(0.5);
    assert_eq!(world.last().driver, DriverState::Following);
    world.run(0.8);
    let held = world.position(0);
    world.run(1.0);
    assert_eq!(world.position(0), held);
    let refused = world.telemetry.last().unwrap().refused;
    let reason = vocabulary::command::Refusal::NotPermitted;
    assert!(
        refused[vocabulary::command::Refusal::ALL.iter().position(|r| *r == reason).unwrap()] > 50
    );
}
