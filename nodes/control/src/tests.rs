//! The servo loop against six ideal drivers: what it commands, and when it commands nothing.

pub(crate) mod harness;
mod later;
mod pair;
mod properties;
mod scaling;
mod standby;

use harness::{BOOT, Rig, waypoint};
use vocabulary::arm::{ArmMode, Derating};
use vocabulary::command::{DriverState, Lease};
use vocabulary::health::Health;
use vocabulary::joint::JOINTS;
use vocabulary::plan::{ControlPhase, PlanAction, Tolerance};
use vocabulary::time::Stamp;

#[test]
fn without_a_lease_nothing_is_commanded() {
    let mut rig = Rig::new();
    rig.enable();
    for _ in 0..50 {
        assert!(rig.step().command.is_none());
    }
    assert_eq!(rig.state().phase, ControlPhase::Inactive);
}

#[test]
fn without_feedback_of_all_joints_nothing_is_commanded_and_the_joint_is_named() {
    let mut rig = Rig::new();
    rig.silence(2, true);
    rig.grant(1);
    for _ in 0..50 {
        assert!(rig.step().command.is_none());
    }
    assert_eq!(rig.state().reason, "no feedback of joint_3");
}

#[test]
fn the_first_command_of_a_new_holder_is_what_the_drives_hold() {
    let mut rig = Rig::new();
    rig.grant(1);
    let command = rig.step().command.unwrap();
    assert_eq!(command.position, rig.setpoints());
    assert_eq!(command.velocity, [0.0; JOINTS]);
    assert_eq!((command.epoch, command.sequence, command.boot_id), (1, 1, BOOT));
    assert_eq!(rig.state().phase, ControlPhase::Holding);
}

#[test]
fn a_plan_is_driven_to_its_goal_in_its_time() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.6)]);
    let took = rig.until(ControlPhase::Reached, 4.0);
    assert!((2.0..2.1).contains(&took), "{took}");
    assert!((rig.last_command().position[1] - 0.6).abs() < 1e-12);
    assert_eq!(rig.last_command().velocity, [0.0; JOINTS]);
    assert!(rig.worst_error < 1e-4, "{}", rig.worst_error);
}

#[test]
fn a_plan_carries_the_torque_of_the_model() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.run(0.5);
    assert!(rig.last_command().effort[1].abs() > 1.0);
}

#[test]
fn derated_torque_limits_the_feed_forward() {
    let mut rig = Rig::ready();
    let torque = [1.0, 0.01, 1.0, 1.0, 1.0, 1.0];
    rig.inputs.derating =
        Some(Derating { stamp: Stamp(0), boot_id: 1, stop: false, torque, speed: 1.0 });
    rig.run(0.1);
    let limit = rig.limits[1].effort * 0.01;
    assert!((rig.last_command().effort[1].abs() - limit).abs() < 1e-9);
}

#[test]
fn a_thermal_stop_pauses_on_the_path_and_only_a_new_issue_goes_on() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(2.0, 0.4)]);
    rig.run(0.8);
    let hot = Derating { stamp: Stamp(0), boot_id: 1, stop: true, torque: [1.0; 6], speed: 0.0 };
    rig.inputs.derating = Some(hot);
    rig.run(1.0);
    assert_eq!(rig.state().phase, ControlPhase::Paused);
    assert!(rig.state().reason.contains("too hot"), "{}", rig.state().reason);
    rig.inputs.derating = Some(Derating { stop: false, speed: 1.0, ..hot });
    rig.run(1.0);
    assert_eq!(rig.state().phase, ControlPhase::Paused);
    let from = rig.state().path_time;
    rig.reissue(from);
    rig.run(5.0);
    assert_eq!(rig.state().phase, ControlPhase::Reached);
}

#[test]
fn a_plan_of_another_permit_does_not_move_and_is_paused_with_a_reason() {
    let mut rig = Rig::ready();
    rig.permit = 9;
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.run(1.0);
    assert!(!rig.moved);
    assert_eq!(rig.state().phase, ControlPhase::Paused);
    assert!(rig.state().reason.contains("permit 9"), "{}", rig.state().reason);
    assert_eq!(rig.control.health().health, Health::Warn);
}

#[test]
fn a_plan_that_waited_too_long_begins_only_when_issued_again() {
    let mut rig = Rig::ready();
    rig.driver(3, DriverState::Blocked);
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.run(1.0);
    rig.driver(3, DriverState::Following);
    rig.run(1.0);
    assert!(!rig.moved);
    rig.reissue(0.0);
    rig.until(ControlPhase::Reached, 3.0);
}

#[test]
fn a_plan_older_than_the_lease_does_not_move() {
    let mut rig = Rig::new();
    rig.enable();
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.run(0.1);
    rig.grant(1);
    rig.run(1.0);
    assert!(!rig.moved);
    assert_eq!(rig.state().phase, ControlPhase::Holding);
    assert!(rig.state().reason.contains("older than this controller"));
    rig.reissue(0.3);
    rig.until(ControlPhase::Reached, 3.0);
}

#[test]
fn no_wall_clock_of_anybody_makes_a_plan_old() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.until(ControlPhase::Reached, 3.0);
    for wall in [-3600, 3600, 0] {
        rig.wall = wall * 1_000_000_000;
        let goal = waypoint(1.0, 0.4 + wall as f64 * 1e-5);
        rig.execute(&[goal]);
        // Who issued it lives in 1970.
        rig.inputs.plan.as_mut().unwrap().issued.stamp = Stamp(1);
        rig.run(0.1);
        rig.until(ControlPhase::Reached, 3.0);
        let off = rig.last_command().position[1] - goal.position[1];
        assert!(off.abs() < 1e-12, "wall {wall}: off by {off}, {}", rig.state().reason);
    }
}

#[test]
fn a_stop_of_the_arm_pauses_on_the_path_and_a_new_permit_goes_on() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.6)]);
    rig.run(0.6);
    rig.mode(ArmMode::Stopped);
    let took = rig.until(ControlPhase::Paused, 1.0);
    assert!(took < 0.4, "{took}");
    let paused = rig.state().clone();
    assert!((0.6..0.9).contains(&paused.path_time), "{}", paused.path_time);
    // Still on the path, all joints together.
    let [first, second, ..] = paused.reference_position;
    assert!(second > 0.0 && (first + 0.5 * second).abs() < 1e-9);
    rig.run(0.5);
    assert_eq!(rig.state().path_time, paused.path_time);

    rig.permit += 1;
    rig.mode(ArmMode::Enabled);
    rig.run(0.5);
    assert_eq!(rig.state().phase, ControlPhase::Paused, "no motion without a new revision");
    rig.reissue(paused.path_time);
    rig.until(ControlPhase::Reached, 3.0);
    assert!((rig.last_command().position[1] - 0.6).abs() < 1e-12);
}

#[test]
fn a_silent_joint_stops_all_joints_together() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.6)]);
    rig.run(0.6);
    rig.silence(4, true);
    rig.until(ControlPhase::Paused, 1.0);
    assert!(rig.state().reason.contains("joint_5 is silent"), "{}", rig.state().reason);
    // It comes back, but nobody said yes.
    rig.silence(4, false);
    rig.run(0.5);
    assert_eq!(rig.state().phase, ControlPhase::Paused);
}

#[test]
fn one_late_cycle_of_everybody_is_no_silence() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(2.0, 0.4)]);
    rig.run(0.5);
    rig.skip(0.020);
    rig.until(ControlPhase::Reached, 3.0);
}

#[test]
fn a_controller_that_slept_longer_than_a_command_is_valid_pauses() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(2.0, 0.4)]);
    rig.run(0.5);
    rig.skip(0.2);
    rig.run(0.5);
    assert_eq!(rig.state().phase, ControlPhase::Paused);
    assert!(rig.state().reason.contains("no cycle for"), "{}", rig.state().reason);
}

#[test]
fn a_lost_lease_ends_the_commands_at_once() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.run(0.3);
    rig.inputs.lease = Some(Lease { epoch: 2, holder: 77, ..Lease::default() });
    assert!(rig.step().command.is_none());
    assert!(!rig.control.is_holder());
    rig.run(0.15);
    assert_eq!(rig.state().phase, ControlPhase::Inactive);
}

#[test]
fn a_driver_that_follows_a_newer_epoch_deposes_the_holder() {
    let mut rig = Rig::ready();
    rig.run(0.1);
    rig.stranger_epoch = 2;
    assert!(rig.step().command.is_none());
    rig.grant(1);
    assert!(rig.step().command.is_none(), "an outlived epoch is not taken again");
    rig.grant(3);
    assert!(rig.step().command.is_some());
}

#[test]
fn a_lease_granted_again_to_the_holder_moves_on() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.run(0.3);
    rig.grant(2);
    let command = rig.step().command.unwrap();
    assert_eq!(command.epoch, 2);
    rig.until(ControlPhase::Reached, 2.0);
}

#[test]
fn a_blocked_joint_is_tracked_so_that_it_never_jumps() {
    let mut rig = Rig::ready();
    rig.driver(2, DriverState::Blocked);
    rig.run(0.1);
    rig.move_blocked(2, 0.05);
    rig.run(0.1);
    let held = rig.setpoints()[2];
    assert_eq!(rig.last_command().position[2], held);
    rig.driver(2, DriverState::Holding);
    rig.run(0.1);
    assert_eq!(rig.last_command().position[2], held);
}

#[test]
fn a_resumed_joint_that_was_moved_is_blended_back_onto_the_path() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.6)]);
    rig.run(0.6);
    rig.driver(2, DriverState::Blocked);
    rig.until(ControlPhase::Paused, 1.0);
    rig.move_blocked(2, 0.1);
    rig.run(0.1);
    rig.driver(2, DriverState::Following);
    rig.permit += 1;
    rig.mode(ArmMode::Enabled);
    rig.reissue(rig.state().path_time);
    rig.run(0.05);
    assert_eq!(rig.state().phase, ControlPhase::Blending);
    rig.until(ControlPhase::Reached, 4.0);
}

#[test]
fn a_joint_too_far_from_the_path_is_named_and_not_moved() {
    let mut rig = Rig::ready();
    let mut far = waypoint(0.0, 0.0);
    far.position[5] = 1.5;
    rig.execute(&[far, waypoint(3.0, 0.1)]);
    rig.run(1.0);
    assert!(!rig.moved);
    assert!(rig.state().reason.contains("joint_6 is 1.5"), "{}", rig.state().reason);
}

#[test]
fn a_stop_revision_decelerates_and_holds() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.6)]);
    rig.run(0.6);
    rig.revise(PlanAction::Stop, 0.0);
    rig.until(ControlPhase::Holding, 1.0);
    assert_eq!(rig.state().revision, 1);
    rig.run(0.5);
    assert_eq!(rig.last_command().velocity, [0.0; JOINTS]);
}

#[test]
fn a_new_plan_takes_over_without_a_stop() {
    let mut rig = Rig::ready();
    rig.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.8)]);
    rig.run(0.9);
    let speed = rig.last_command().velocity[0].abs();
    assert!(speed > 0.05);
    rig.execute(&[waypoint(1.5, 0.2)]);
    rig.step();
    assert_eq!(rig.state().phase, ControlPhase::Executing);
    assert!((rig.last_command().velocity[0].abs() - speed).abs() < 0.1);
    rig.until(ControlPhase::Reached, 3.0);
    assert!((rig.last_command().position[1] - 0.2).abs() < 1e-9);
}

#[test]
fn half_speed_takes_twice_the_time_and_zero_pauses() {
    let mut rig = Rig::ready();
    rig.inputs.speed_scaling = Some(0.5);
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.run(1.0);
    assert!((rig.state().path_time - 0.5).abs() < 0.05, "{}", rig.state().path_time);
    rig.inputs.speed_scaling = Some(0.0);
    rig.run(0.5);
    let paused = rig.state().path_time;
    rig.run(0.5);
    assert_eq!(rig.state().path_time, paused);
    assert_eq!(rig.state().phase, ControlPhase::Executing);
    rig.inputs.speed_scaling = Some(1.0);
    rig.until(ControlPhase::Reached, 2.0);
}

#[test]
fn a_speed_scaling_out_of_range_is_refused_and_the_old_one_stays() {
    let mut rig = Rig::ready();
    for factor in [-0.12, 2.0, f64::NAN] {
        rig.inputs.speed_scaling = Some(factor);
        assert_eq!(rig.step().log.len(), 1);
    }
    rig.run(0.1);
    assert_eq!(rig.state().speed_scaling, 1.0);
}

#[test]
fn a_path_tolerance_broken_stops_the_arm_and_is_reported() {
    let mut rig = Rig::ready();
    rig.plan.path_tolerance = [Tolerance { position: 0.05, velocity: f64::INFINITY }; JOINTS];
    rig.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.6)]);
    rig.run(0.5);
    rig.offset[3] = 0.2;
    rig.until(ControlPhase::Paused, 1.0);
    let violation = rig.state().violation.unwrap();
    assert_eq!((violation.joint, violation.at_goal, violation.velocity), (3, false, false));
    assert!((violation.error.abs() - 0.2).abs() < 0.01);
}

#[test]
fn drives_that_catch_up_after_a_pause_of_control_break_no_tolerance() {
    let broken = |behind_for: f64| {
        let mut rig = Rig::ready();
        rig.plan.path_tolerance = [Tolerance { position: 0.05, velocity: f64::INFINITY }; JOINTS];
        rig.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.6)]);
        rig.run(0.5);
        rig.skip(0.04);
        rig.offset[3] = 0.2;
        rig.run(behind_for);
        rig.offset[3] = 0.0;
        rig.run(0.3);
        rig.state().violation.is_some()
    };
    assert!(!broken(0.06));
    assert!(broken(0.3));
}

#[test]
fn a_goal_tolerance_not_met_in_time_is_reported() {
    let mut rig = Rig::ready();
    rig.plan.goal_tolerance = [Tolerance { position: 0.05, velocity: 0.01 }; JOINTS];
    rig.plan.goal_time = 0.3;
    rig.execute(&[waypoint(1.0, 0.4)]);
    rig.offset[0] = 0.2;
    rig.run(1.2);
    assert_eq!(rig.state().violation, None);
    rig.run(0.3);
    let violation = rig.state().violation.unwrap();
    assert_eq!((violation.joint, violation.at_goal), (0, true));
    assert_eq!(rig.state().phase, ControlPhase::Settling);
    assert!(rig.state().path_time > 1.3);
}

#[test]
fn a_path_through_a_position_limit_is_refused() {
    let mut rig = Rig::ready();
    let mut out = waypoint(5.0, 0.4);
    out.position[1] = rig.limits[1].upper + 0.1;
    rig.execute(&[out]);
    rig.run(1.0);
    assert!(!rig.moved);
    assert!(rig.state().reason.contains("joint_2 would reach"), "{}", rig.state().reason);
}
