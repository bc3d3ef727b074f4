//! Takeovers, planned changes and their failures, as the supervisor sees them.

use crate::rig::{Played, Rig};
use crate::{HandOverRequest, HandOverResponse};
use vocabulary::arm::ArmMode;
use vocabulary::health::Health;

const CONTROL: u64 = 106;
const STANDBY: u64 = 200;

/// An enabled arm with a standby that is named successor.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.nodes.push(Played {
        name: "control_standby".to_owned(),
        boot_id: STANDBY,
        alive: true,
        resume_required: false,
        health: Health::Ok,
    });
    rig.run(1500);
    assert!(rig.call(crate::RequestKind::Enable).success);
    assert_eq!(lease(&rig), (1, CONTROL, STANDBY));
    rig
}

fn lease(rig: &Rig) -> (u64, u64, u64) {
    (rig.lease.epoch, rig.lease.holder, rig.lease.successor)
}

fn ask(rig: &mut Rig, to: &str) -> Option<HandOverResponse> {
    let request = HandOverRequest { id: 7, to: to.to_owned(), canary: 1.0 };
    rig.step_with(&[], &[request]).hand_overs.pop()
}

fn answer(rig: &mut Rig, ms: u64) -> HandOverResponse {
    for _ in 0..ms / 20 {
        if let Some(answer) = rig.step(&[]).hand_overs.pop() {
            assert_eq!(answer.id, 7);
            return answer;
        }
    }
    panic!("not answered within {ms} ms");
}

#[test]
fn a_candidate_that_does_not_agree_is_not_named() {
    let mut rig = Rig::new();
    let name = "control_standby".to_owned();
    let (resume_required, health) = (false, Health::Warn);
    rig.nodes.push(Played { name, boot_id: STANDBY, alive: true, resume_required, health });
    rig.run(1500);
    assert_eq!(lease(&rig), (1, CONTROL, 0));
    rig.node("control_standby").health = Health::Ok;
    rig.run(100);
    assert_eq!(lease(&rig), (1, CONTROL, STANDBY));
}

#[test]
fn a_hand_over_is_offered_ratified_tried_and_answered() {
    let mut rig = rig();
    assert_eq!(ask(&mut rig, ""), None);
    assert!(rig.lease.transfer && lease(&rig) == (1, CONTROL, STANDBY));
    rig.commands = Some((STANDBY, 2));
    rig.run(40);
    assert_eq!(lease(&rig), (2, STANDBY, CONTROL));
    assert!(rig.lease.probation && !rig.lease.transfer);
    let answer = answer(&mut rig, 1200);
    assert!(answer.success && answer.epoch == 2, "{answer:?}");
    assert!(!rig.lease.probation && lease(&rig) == (2, STANDBY, CONTROL));
    assert_eq!(rig.status.mode, ArmMode::Enabled);
}

#[test]
fn a_lease_taken_back_disgraces_the_successor_until_it_is_restarted() {
    let mut rig = rig();
    ask(&mut rig, "control_standby");
    rig.commands = Some((STANDBY, 2));
    rig.run(100);
    rig.commands = Some((CONTROL, 3));
    let first = answer(&mut rig, 400);
    assert!(!first.success && first.message.contains("taken back"), "{first:?}");
    assert_eq!(lease(&rig), (3, CONTROL, 0));
    rig.commands = None;
    rig.run(500);
    assert_eq!(lease(&rig), (3, CONTROL, 0));
    let refused = ask(&mut rig, "control_standby").unwrap();
    assert!(refused.message.contains("restart it"), "{refused:?}");
    rig.node("control_standby").boot_id = 201;
    rig.run(400);
    assert_eq!(lease(&rig), (3, CONTROL, 201));
    assert_eq!(rig.status.mode, ArmMode::Enabled);
}

#[test]
fn a_predecessor_that_stumbles_goes_on_judging() {
    let mut rig = rig();
    ask(&mut rig, "");
    rig.commands = Some((STANDBY, 2));
    rig.run(100);
    rig.node("control").alive = false;
    rig.run(400);
    assert!(rig.lease.probation, "{:?}", rig.log);
    rig.node("control").alive = true;
    rig.run(40);
    assert!(rig.lease.probation && lease(&rig) == (2, STANDBY, CONTROL));
    let answer = answer(&mut rig, 800);
    assert!(answer.success && answer.message.contains("for good"), "{answer:?}");
    assert!(!rig.lease.probation);
}

#[test]
fn a_probation_whose_judge_is_gone_ends_early() {
    let mut rig = rig();
    let request = HandOverRequest { id: 7, to: String::new(), canary: 60.0 };
    rig.step_with(&[], &[request]);
    rig.commands = Some((STANDBY, 2));
    rig.run(100);
    rig.node("control").alive = false;
    let answer = answer(&mut rig, 1000);
    assert!(answer.success && answer.message.contains("predecessor is gone"), "{answer:?}");
}

#[test]
fn a_lease_taken_back_for_silence_leaves_the_successor_its_name() {
    let mut rig = rig();
    rig.found_bad = false;
    ask(&mut rig, "control_standby");
    rig.commands = Some((STANDBY, 2));
    rig.run(100);
    rig.commands = Some((CONTROL, 3));
    assert!(!answer(&mut rig, 400).success);
    rig.commands = None;
    rig.run(500);
    assert_eq!(lease(&rig), (3, CONTROL, STANDBY));
}

#[test]
fn an_offer_nobody_takes_is_withdrawn() {
    let mut rig = rig();
    ask(&mut rig, "");
    let answer = answer(&mut rig, 2400);
    assert!(!answer.success && answer.message.contains("did not take"), "{answer:?}");
    assert!(!rig.lease.transfer && lease(&rig) == (1, CONTROL, STANDBY));
}

#[test]
fn requests_that_make_no_sense_are_refused_with_the_reason() {
    let mut rig = rig();
    for (to, why) in [("control", "already"), ("control_7", "there are control, control_standby")] {
        let answer = ask(&mut rig, to).unwrap();
        assert!(!answer.success && answer.message.contains(why), "{answer:?}");
    }
    rig.node("control_standby").health = Health::Warn;
    rig.run(60);
    assert!(ask(&mut rig, "").unwrap().message.contains("not ready"));
    let request = HandOverRequest { id: 7, to: String::new(), canary: f64::NAN };
    let answer = rig.step_with(&[], &[request]).hand_overs.pop().unwrap();
    assert!(answer.message.contains("canary"), "{answer:?}");
}

#[test]
fn a_third_controller_is_named_in_an_epoch_of_its_own() {
    let mut rig = rig();
    let name = "control_next".to_owned();
    let (resume_required, health) = (false, Health::Ok);
    rig.nodes.push(Played { name, boot_id: 300, alive: true, resume_required, health });
    rig.run(200);
    assert_eq!(lease(&rig), (1, CONTROL, STANDBY));
    assert_eq!(ask(&mut rig, "control_next"), None);
    assert_eq!(lease(&rig), (3, CONTROL, 300));
    assert!(rig.lease.transfer);
    rig.commands = Some((300, 4));
    assert!(answer(&mut rig, 1200).success);
    assert_eq!(lease(&rig), (4, 300, CONTROL));
}

#[test]
fn a_supervisor_that_missed_yield_and_return_ratifies_the_epoch_in_force() {
    let mut rig = rig();
    ask(&mut rig, "");
    rig.restart_supervisor("boot a");
    rig.commands = Some((CONTROL, 3));
    rig.run(100);
    assert_eq!((rig.lease.epoch, rig.lease.holder), (3, CONTROL));
    assert_eq!(rig.status.mode, ArmMode::Enabled);
    rig.run(1500);
    assert_eq!(lease(&rig), (3, CONTROL, 0));
}

#[test]
fn a_supervisor_that_missed_a_takeover_adopts_it() {
    let mut rig = rig();
    rig.node("control").alive = false;
    rig.commands = Some((STANDBY, 2));
    rig.restart_supervisor("boot a");
    rig.run(2000);
    assert_eq!(lease(&rig), (2, STANDBY, 0));
    assert_eq!(rig.status.mode, ArmMode::Enabled, "{}", rig.status.reason);
}
