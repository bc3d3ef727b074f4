//! Situations of the whole supervisor, and what must come of them.

use crate::RequestKind::{ClearFaults, Disable, Enable, Resume, Stop};
use crate::rig::Rig;
use vocabulary::arm::{ArmMode, Freshness};
use vocabulary::command::DriverState;

#[test]
fn a_fresh_arm_is_disabled_and_gets_a_lease_at_once() {
    let mut rig = Rig::new();
    let first = rig.step(&[]);
    assert_eq!(first.status.unwrap().mode, ArmMode::Disabled);
    assert_eq!(rig.lease.epoch, 1);
    assert_eq!(rig.lease.holder, 106);
    assert!(first.persist.is_some());
}

#[test]
fn enable_answers_when_all_joints_have_power() {
    let rig = Rig::enabled();
    assert_eq!((rig.status.mode, rig.status.permit), (ArmMode::Enabled, 1));
}

#[test]
fn enable_that_times_out_names_each_joint_and_takes_the_power_back() {
    let mut rig = Rig::new();
    rig.run(1500);
    rig.obedient = false;
    rig.driver = [DriverState::Holding; 6];
    rig.driver[2] = DriverState::Enabling;
    let answer = rig.call(Enable);
    assert!(!answer.success);
    assert_eq!(answer.message, "cannot enable within 10 s: joint_3 is enabling");
    assert_eq!(rig.status.mode, ArmMode::Disabled);
}

#[test]
fn enable_without_a_driver_names_it_and_gives_no_permit() {
    let mut rig = Rig::new();
    rig.node("driver_joint_4").alive = false;
    rig.run(1500);
    let answer = rig.call(Enable);
    assert!(
        answer.message.contains("driver_joint_4 (joint_4) was never heard"),
        "{}",
        answer.message
    );
    assert_eq!((rig.status.mode, rig.status.permit), (ArmMode::Disabled, 0));
}

#[test]
fn enable_with_a_latched_drive_fault_is_refused_at_once() {
    let mut rig = Rig::new();
    rig.run(1500);
    rig.driver[1] = DriverState::Faulted;
    let before = rig.ms;
    let answer = rig.call(Enable);
    assert!(answer.message.contains("joint_2 has a latched drive fault: call arm/clear_faults"));
    assert!(rig.ms - before < 100);
}

#[test]
fn a_driver_that_missed_the_permit_gets_another_within_the_same_enable() {
    let mut rig = Rig::new();
    rig.run(1500);
    rig.obedient = false;
    rig.driver = [DriverState::Holding; 6];
    rig.driver[0] = DriverState::Blocked;
    let request = rig.request(Enable);
    rig.step(&[request]);
    rig.run(400);
    assert_eq!(rig.status.permit, 1);
    rig.run(200);
    assert_eq!(rig.status.permit, 2);
}

#[test]
fn a_heartbeat_from_before_the_permit_does_not_hold_the_arm_after_enable() {
    let mut rig = Rig::new();
    rig.node("driver_joint_2").resume_required = true;
    rig.run(1500);
    let enable = rig.request(Enable);
    rig.step(&[enable]);
    rig.run(60);
    rig.node("driver_joint_2").resume_required = false;
    assert!(rig.step(&[]).responses[0].success);
    rig.run(500);
    assert_eq!(rig.status.mode, ArmMode::Enabled);
}

#[test]
fn calling_twice_changes_nothing_more() {
    let mut rig = Rig::enabled();
    assert!(rig.call(Enable).success);
    assert!(rig.call(Resume).success);
    assert_eq!((rig.status.mode, rig.status.permit), (ArmMode::Enabled, 1));
    assert!(rig.call(Stop).success && rig.call(Stop).success);
    assert_eq!(rig.status.mode, ArmMode::Stopped);
    assert!(rig.call(Disable).success && rig.call(Disable).success);
    assert_eq!(rig.status.mode, ArmMode::Disabled);
}

#[test]
fn two_enables_at_once_are_both_answered_by_one_permit() {
    let mut rig = Rig::new();
    rig.run(1500);
    let both = [rig.request(Enable), rig.request(Enable)];
    let mut answers = rig.step(&both).responses;
    for _ in 0..10 {
        answers.extend(rig.step(&[]).responses);
    }
    assert_eq!(answers.iter().filter(|a| a.success).count(), 2);
    assert_eq!(rig.status.permit, 1);
}

#[test]
fn stop_beats_a_resume_that_came_with_it() {
    let mut rig = Rig::enabled();
    rig.call(Stop);
    let both = [rig.request(Stop), rig.request(Resume)];
    let answers = rig.step(&both).responses;
    assert_eq!(answers.iter().filter(|a| a.success).count(), 1);
    assert_eq!((rig.status.mode, rig.status.permit), (ArmMode::Stopped, 1));
}

#[test]
fn stop_ends_an_enable_that_waits() {
    let mut rig = Rig::new();
    rig.node("driver_joint_4").alive = false;
    rig.run(1500);
    let enable = rig.request(Enable);
    rig.step(&[enable]);
    let stop = rig.request(Stop);
    let answers = rig.step(&[stop]).responses;
    assert_eq!(answers.len(), 2);
    rig.node("driver_joint_4").alive = true;
    rig.run(1000);
    assert_eq!(rig.status.mode, ArmMode::Disabled);
}

#[test]
fn resume_after_a_stop_gives_a_new_permit() {
    let mut rig = Rig::enabled();
    rig.call(Stop);
    assert!(rig.call(Resume).success);
    assert_eq!((rig.status.mode, rig.status.permit), (ArmMode::Enabled, 2));
}

#[test]
fn a_restarted_supervisor_judges_nobody_before_it_was_heard_once() {
    let mut rig = Rig::enabled();
    let before = (rig.lease.epoch, rig.status.permit);
    rig.restart_supervisor("boot a");
    rig.node("control").alive = false;
    rig.run(3000);
    rig.node("control").alive = true;
    rig.run(500);
    assert_eq!(rig.status.mode, ArmMode::Enabled);
    assert_eq!((rig.lease.epoch, rig.status.permit), before);
    rig.node("control").alive = false;
    rig.run(500);
    assert_eq!(rig.status.mode, ArmMode::Hold);
}

#[test]
fn enable_is_answered_only_when_control_hears_all_joints() {
    let mut rig = Rig::new();
    rig.ready = false;
    rig.run(1500);
    let answer = rig.call(Enable);
    assert!(!answer.success && answer.message.contains("control"), "{}", answer.message);
}

#[test]
fn resume_of_a_paused_path_in_an_enabled_arm_gives_a_new_permit() {
    let mut rig = Rig::enabled();
    rig.paused = true;
    rig.step(&[]);
    assert!(rig.call(Resume).success);
    assert_eq!(rig.status.permit, 2);
}

#[test]
fn resume_while_a_joint_is_silent_names_it() {
    let mut rig = Rig::enabled();
    rig.call(Stop);
    rig.freshness[2] = Freshness::Silent;
    let answer = rig.call(Resume);
    assert!(!answer.success);
    assert!(answer.message.contains("joint_3 is silent"), "{}", answer.message);
    assert_eq!(rig.status.mode, ArmMode::Stopped);
}

#[test]
fn a_lost_driver_holds_the_arm_and_names_node_and_joint() {
    let mut rig = Rig::enabled();
    rig.node("driver_joint_5").alive = false;
    rig.run(400);
    assert_eq!(rig.status.mode, ArmMode::Hold);
    assert!(
        rig.status.reason.contains("driver_joint_5 (joint_5) is silent"),
        "{}",
        rig.status.reason
    );
    assert!(!rig.call(Resume).success);
}

#[test]
fn a_restarted_driver_waits_for_resume() {
    let mut rig = Rig::enabled();
    rig.node("driver_joint_5").boot_id = 777;
    rig.driver[4] = DriverState::Blocked;
    rig.run(400);
    assert_eq!(rig.status.mode, ArmMode::Hold);
    assert!(rig.call(Resume).success);
    assert_eq!((rig.status.mode, rig.status.permit), (ArmMode::Enabled, 2));
    rig.run(1000);
    assert_eq!(rig.status.mode, ArmMode::Enabled);
}

#[test]
fn a_driver_that_asks_for_a_permit_holds_the_arm() {
    let mut rig = Rig::enabled();
    rig.node("driver_joint_1").resume_required = true;
    rig.run(40);
    assert_eq!(rig.status.mode, ArmMode::Hold);
    assert!(rig.status.reason.contains("joint_1"));
}

#[test]
fn a_resume_that_a_driver_does_not_follow_ends_in_hold() {
    let mut rig = Rig::enabled();
    rig.obedient = false;
    rig.driver[3] = DriverState::Blocked;
    rig.run(40);
    let answer = rig.call(Resume);
    assert!(answer.message.contains("joint_4 is blocked"), "{}", answer.message);
    assert_eq!(rig.status.mode, ArmMode::Hold);
}

#[test]
fn a_latched_drive_fault_wants_clear_faults_then_resume() {
    let mut rig = Rig::enabled();
    rig.driver[5] = DriverState::Faulted;
    rig.run(40);
    assert_eq!(rig.status.mode, ArmMode::Hold);
    assert!(rig.call(Resume).message.contains("call arm/clear_faults"));
    assert!(rig.call(ClearFaults).success);
    rig.run(40);
    assert!(rig.call(Resume).success);
}

#[test]
fn a_lost_control_without_successor_holds_the_arm() {
    let mut rig = Rig::enabled();
    rig.node("control").alive = false;
    rig.run(200);
    assert_eq!(rig.status.mode, ArmMode::Hold);
    assert!(rig.status.reason.contains("no control node"), "{}", rig.status.reason);
    rig.node("control").alive = true;
    rig.node("control").boot_id = 888;
    rig.run(200);
    assert_eq!((rig.lease.epoch, rig.lease.holder), (2, 888));
    assert!(rig.call(Resume).success);
}

#[test]
fn a_takeover_by_the_successor_is_no_fault() {
    let mut rig = Rig::new();
    let boot_id = 555;
    rig.nodes.push(crate::rig::Played {
        name: "control_standby".to_owned(),
        boot_id,
        alive: true,
        resume_required: false,
        health: vocabulary::health::Health::Ok,
    });
    rig.run(1500);
    assert!(rig.call(Enable).success);
    assert_eq!(rig.lease.successor, boot_id);
    rig.node("control").alive = false;
    rig.run(300);
    assert_eq!((rig.lease.epoch, rig.lease.holder), (2, boot_id));
    assert_eq!((rig.status.mode, rig.status.permit), (ArmMode::Enabled, 1));
}

#[test]
fn a_lost_joint_state_does_not_hold_a_moving_arm_but_gets_no_new_permit() {
    let mut rig = Rig::enabled();
    rig.sees = false;
    rig.node("joint_state").alive = false;
    rig.run(3000);
    assert_eq!(rig.status.mode, ArmMode::Enabled);
    rig.call(Stop);
    assert!(rig.call(Resume).message.contains("joint_state is silent"));
}

#[test]
fn a_restarted_joint_state_that_heard_nothing_yet_does_not_hold_the_arm() {
    let mut rig = Rig::enabled();
    rig.freshness = [Freshness::Silent; 6];
    rig.driver = [DriverState::Offline; 6];
    rig.run(1000);
    assert_eq!(rig.status.mode, ArmMode::Enabled);
}

#[test]
fn disable_waits_for_rest() {
    let mut rig = Rig::enabled();
    rig.velocity = 0.5;
    let request = rig.request(Disable);
    assert_eq!(rig.step(&[request]).responses, []);
    rig.run(400);
    assert_eq!(rig.status.mode, ArmMode::Stopped);
    rig.velocity = 0.0;
    let answers = rig.step(&[]).responses;
    assert!(answers[0].success);
    assert_eq!(rig.status.mode, ArmMode::Disabled);
}

#[test]
fn disable_of_an_arm_that_never_rests_happens_after_two_seconds() {
    let mut rig = Rig::enabled();
    rig.velocity = 0.5;
    let before = rig.ms;
    assert!(rig.call(Disable).success);
    assert!((2000..2100).contains(&(rig.ms - before)), "{} ms", rig.ms - before);
}

#[test]
fn a_restarted_supervisor_publishes_what_was_stored_and_changes_nothing() {
    let mut rig = Rig::enabled();
    let (lease, status) = (rig.lease.clone(), rig.status.clone());
    rig.restart_supervisor("boot a");
    let alive: Vec<bool> = rig.nodes.iter().map(|node| node.alive).collect();
    rig.nodes.iter_mut().for_each(|node| node.alive = false);
    let first = rig.step(&[]);
    assert_eq!((first.lease, first.status), (Some(lease), Some(status)));
    assert_eq!(first.persist, None);
    rig.run(800);
    rig.nodes.iter_mut().zip(alive).for_each(|(node, alive)| node.alive = alive);
    for _ in 0..200 {
        let outputs = rig.step(&[]);
        assert_eq!((outputs.lease, outputs.status, outputs.persist), (None, None, None));
    }
}

#[test]
fn a_supervisor_after_a_reboot_of_the_machine_begins_disabled_with_the_old_counters() {
    let mut rig = Rig::enabled();
    rig.restart_supervisor("boot b");
    rig.step(&[]);
    assert_eq!((rig.status.mode, rig.status.permit), (ArmMode::Disabled, 1));
    assert_eq!(rig.lease.epoch, 2);
}

#[test]
fn an_arm_that_was_launched_anew_begins_disabled() {
    let mut rig = Rig::enabled();
    let config = crate::Config { session: "next launch".to_owned(), ..crate::Config::default() };
    let joints = crate::rig::joints();
    rig.supervisor =
        crate::Supervisor::new(config, joints, 2, "boot a", rig.stored.clone()).unwrap();
    rig.step(&[]);
    assert_eq!((rig.status.mode, rig.status.permit), (ArmMode::Disabled, 1));
    assert!(rig.status.reason.contains("started anew"));
}

#[test]
fn a_resume_right_after_a_restart_of_the_supervisor_waits_for_the_nodes() {
    let mut rig = Rig::enabled();
    rig.call(Stop);
    rig.restart_supervisor("boot a");
    let before = rig.ms;
    let answer = rig.call(Resume);
    assert!(answer.success, "{}", answer.message);
    assert!(rig.ms - before >= 980, "{} ms", rig.ms - before);
}

#[test]
fn a_supervisor_that_was_frozen_for_three_seconds_blames_nobody() {
    let mut rig = Rig::enabled();
    rig.ms += 3000;
    rig.run(1000);
    assert_eq!(rig.status.mode, ArmMode::Enabled);
}

#[test]
fn a_node_that_never_came_is_logged_once_by_name() {
    let mut rig = Rig::new();
    rig.node("driver_joint_2").alive = false;
    rig.run(15_000);
    let lines = rig
        .log
        .iter()
        .filter(|line| line.text.contains("driver_joint_2 (joint_2) was never heard"));
    assert_eq!(lines.count(), 1);
}

#[test]
fn diagnostics_come_once_a_second_and_name_every_node() {
    let mut rig = Rig::new();
    let all: Vec<_> =
        (0..100).map(|_| rig.step(&[]).diagnostics).filter(|d| !d.is_empty()).collect();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].len(), 2 + 9);
}
