//! A second controller that goes on where the first one was.

use super::harness::waypoint;
use super::pair::{BOOTS, PERIOD, Pair, TAKEOVER};
use vocabulary::command::{Lease, Refusal};
use vocabulary::health::Health;
use vocabulary::plan::{ControlPhase, PlanAction};

/// Half a period of rounding.
const EPSILON: f64 = PERIOD / 2.0;

fn moving() -> Pair {
    let mut pair = Pair::ready(2);
    pair.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.8)]);
    pair.run(0.6);
    assert_eq!(pair.state.phase, ControlPhase::Executing);
    pair.look();
    pair
}

fn ends_at(pair: &mut Pair, distance: f64) {
    pair.until(ControlPhase::Reached, 3.0);
    let end = waypoint(1.0, distance).position;
    for (is, want) in pair.setpoint.0.iter().zip(end) {
        assert!((is - want).abs() < 1e-6, "{is} instead of {want}\n{}", pair.said(1));
    }
}

/// From the last command of a holder that dies to the first of its successor.
fn takes_over(pair: &mut Pair) {
    pair.ones[0].alive = false;
    pair.run(0.1);
    assert_eq!((pair.epoch(), pair.holder()), (2, BOOTS[1]), "{}", pair.said(1));
    assert!(pair.gap <= TAKEOVER.as_secs_f64(), "{} s", pair.gap);
    assert!(pair.jump < 1e-3, "a step of {} rad", pair.jump);
}

#[test]
fn a_shadow_agrees_and_says_so() {
    let mut pair = moving();
    pair.run(0.1);
    let health = pair.ones[1].control.health();
    assert_eq!(health.health, Health::Ok, "{}", health.message);
    assert!(health.message.starts_with("shadowing: differs by 0."), "{}", health.message);
    assert!(pair.ones[1].control.step(Default::default(), &Default::default()).command.is_none());
}

#[test]
fn a_shadow_is_no_candidate_before_it_has_agreed_for_a_while() {
    let mut pair = Pair::new(2);
    assert_eq!(pair.ones[1].control.health().health, Health::Warn);
    pair.grant(1, 0, None);
    pair.run(0.3);
    assert_eq!(pair.ones[1].control.health().health, Health::Warn);
    pair.run(0.4);
    assert_eq!(pair.ones[1].control.health().health, Health::Ok);
}

#[test]
fn a_killed_holder_is_followed_in_motion_and_the_plan_reaches_its_goal() {
    let mut pair = moving();
    takes_over(&mut pair);
    assert_eq!(pair.state.boot_id, BOOTS[1]);
    ends_at(&mut pair, 0.8);
    assert!(pair.jump < 1e-3);
}

#[test]
fn a_takeover_in_the_first_and_in_the_last_moment_of_a_plan_ends_well() {
    for wait in [0.0, 0.004, 0.012, 0.1, 0.99, 1.0, 1.9, 1.996, 2.0, 2.02] {
        let mut pair = Pair::ready(2);
        pair.execute(&[waypoint(1.0, 0.4), waypoint(2.0, 0.8)]);
        pair.run(wait);
        pair.look();
        takes_over(&mut pair);
        ends_at(&mut pair, 0.8);
        assert!(pair.jump < 1e-3, "at {wait}: {}", pair.jump);
    }
}

#[test]
fn a_takeover_while_another_plan_takes_over_in_motion_ends_well() {
    for wait in [0.0, 0.004, 0.008, 0.1, 0.5] {
        let mut pair = moving();
        pair.execute(&[waypoint(1.2, 0.1)]);
        pair.run(wait);
        takes_over(&mut pair);
        ends_at(&mut pair, 0.1);
    }
}

#[test]
fn a_takeover_while_the_arm_stops_stops_it() {
    let mut pair = moving();
    pair.plan.revision += 1;
    pair.plan.action = PlanAction::Stop;
    let (plan, id) = (pair.plan.waypoints.clone(), pair.plan.plan_id);
    pair.plan.plan_id -= 1;
    pair.execute(&plan);
    assert_eq!(pair.plan.plan_id, id);
    pair.run(0.02);
    takes_over(&mut pair);
    pair.until(ControlPhase::Holding, 1.0);
    assert!(pair.setpoint.1.iter().all(|v| v.abs() < 1e-9));
}

/// The second, deaf for a moment, has claimed epoch 2 and given it up; its commands are under way.
fn claimed_in_vain() -> Pair {
    let mut pair = moving();
    (pair.ones[1].hears, pair.ones[1].delayed) = (false, true);
    pair.run(0.02);
    (pair.ones[1].hears, pair.ones[1].delayed) = (true, false);
    pair.run(0.008);
    assert!(pair.said(1).contains("gives up epoch 2"), "{}", pair.said(1));
    pair
}

#[test]
fn a_claim_that_is_followed_after_it_was_given_up_is_lived_up_to() {
    let mut pair = claimed_in_vain();
    pair.ones[0].alive = false;
    pair.run(0.012);
    pair.deliver();
    pair.run(0.1);
    assert_eq!((pair.epoch(), pair.holder()), (2, BOOTS[1]), "{}", pair.said(1));
    pair.ones[0].alive = true;
    ends_at(&mut pair, 0.8);
    assert!(pair.jump < 1e-3, "a step of {} rad", pair.jump);
}

#[test]
fn a_claim_that_only_one_driver_has_heard_ends_the_tenure_of_the_holder() {
    let mut pair = claimed_in_vain();
    pair.look();
    pair.stray = Some((0, 2, BOOTS[1]));
    pair.run(0.1);
    assert_eq!((pair.epoch(), pair.holder()), (2, BOOTS[1]), "{}", pair.said(1));
    assert!(pair.gap <= TAKEOVER.as_secs_f64(), "{} s", pair.gap);
    ends_at(&mut pair, 0.8);
    assert!(pair.jump < 1e-3, "a step of {} rad", pair.jump);
}

#[test]
fn a_controller_that_joins_in_the_middle_of_a_motion_can_take_over() {
    for wait in [0.3, 1.2] {
        let mut pair = Pair::ready(2);
        pair.execute(&[waypoint(1.0, 0.4), waypoint(2.2, 0.8)]);
        pair.run(wait);
        pair.restart(1, 22);
        pair.run(0.1);
        let health = pair.ones[1].control.health();
        assert!(health.message.starts_with("shadowing: differs by 0."), "{}", health.message);
        let lease = Lease { epoch: 3, holder: BOOTS[0], successor: 22, ..Lease::default() };
        pair.lease(&lease);
        pair.run(0.02);
        assert_eq!(pair.epochs, [1, 3]);
        pair.look();
        pair.ones[0].alive = false;
        pair.run(0.1);
        assert_eq!((pair.epoch(), pair.holder()), (4, 22), "{}", pair.said(1));
        assert!(pair.gap <= TAKEOVER.as_secs_f64() && pair.jump < 1e-3);
        ends_at(&mut pair, 0.8);
    }
}

#[test]
fn a_new_epoch_for_the_same_holder_costs_no_command() {
    let mut pair = moving();
    pair.grant(3, 0, Some(1));
    pair.run(0.1);
    assert_eq!((pair.epochs.as_slice(), pair.refused()), (&[1, 3][..], 0));
    assert!(pair.gap < PERIOD + EPSILON);
}

#[test]
fn a_deaf_successor_is_refused_and_gives_up_when_it_hears_again() {
    let mut pair = moving();
    pair.ones[1].hears = false;
    pair.run(0.3);
    assert_eq!((pair.epoch(), pair.holder()), (1, BOOTS[0]));
    assert!(pair.gap < PERIOD + EPSILON, "{}", pair.said(1));
    pair.ones[1].hears = true;
    pair.run(0.3);
    assert!(pair.said(1).contains("gives up epoch 2"), "{}", pair.said(1));
    assert!(!pair.ones[1].control.is_holder());
    ends_at(&mut pair, 0.8);
    assert_eq!(pair.epochs, [1]);
}

#[test]
fn a_holder_that_wakes_from_a_freeze_is_refused_and_becomes_the_shadow() {
    let mut pair = moving();
    takes_over(&mut pair);
    let refused = pair.refused();
    pair.ones[0].alive = true;
    pair.run(0.2);
    assert!(!pair.ones[0].control.is_holder());
    assert_eq!(pair.epochs, [1, 2]);
    assert!(pair.refused() <= refused + 1);
    assert!(pair.said(0).contains("lease of epoch 1 lost to epoch 2"), "{}", pair.said(0));
    ends_at(&mut pair, 0.8);
}

/// Orders the holder to yield; runs until the successor holds the lease, and ratifies.
fn hand_over(pair: &mut Pair) {
    let lease = Lease { epoch: 1, holder: BOOTS[0], successor: BOOTS[1], ..Lease::default() };
    pair.lease(&Lease { transfer: true, ..lease });
    pair.run(0.04);
    assert_eq!((pair.epoch(), pair.holder()), (2, BOOTS[1]), "{}", pair.said(1));
    pair.lease(&Lease {
        epoch: 2,
        holder: BOOTS[1],
        successor: BOOTS[0],
        probation: true,
        ..Lease::default()
    });
    pair.run(0.04);
}

#[test]
fn a_planned_hand_over_costs_no_command() {
    let mut pair = moving();
    hand_over(&mut pair);
    assert!(pair.gap < PERIOD + EPSILON, "{} s", pair.gap);
    assert!(pair.jump < 1e-4, "{} rad", pair.jump);
    assert!(!pair.ones[0].control.is_holder());
    pair.run(0.3);
    assert_eq!(pair.epochs, [1, 2], "{}", pair.said(0));
    ends_at(&mut pair, 0.8);
}

#[test]
fn a_plan_begun_on_probation_ends_well() {
    let mut pair = moving();
    hand_over(&mut pair);
    pair.execute(&[waypoint(1.2, 0.1), waypoint(2.0, -0.3)]);
    pair.run(0.5);
    pair.execute(&[waypoint(1.0, 0.2)]);
    ends_at(&mut pair, 0.2);
    assert_eq!(pair.epochs, [1, 2], "{}", pair.said(0));
}

/// The first holder takes back within 100 ms, and the plan ends well.
fn takes_back(spoil: fn(&mut vocabulary::command::JointCommand) -> bool, why: &str) {
    let mut pair = moving();
    hand_over(&mut pair);
    pair.run(0.1);
    pair.look();
    pair.ones[1].spoil = spoil;
    let mut took = 0.0;
    while pair.epoch() < 3 && took < 0.2 {
        pair.step();
        took += PERIOD;
    }
    assert_eq!((pair.epoch(), pair.holder()), (3, BOOTS[0]), "{}", pair.said(0));
    assert!(took <= 0.1, "{took} s");
    assert!(pair.said(0).contains(why), "{}", pair.said(0));
    pair.run(0.1);
    assert!(!pair.ones[1].control.is_holder(), "{}", pair.said(1));
    ends_at(&mut pair, 0.8);
    assert_eq!(pair.epochs, [1, 2, 3]);
}

/// Its driver followed a bad command, and what came next was out of its reach.
#[test]
fn a_joint_that_was_led_astray_is_fetched_and_the_plan_ends_well() {
    for joint in [1, 4] {
        for away in [-0.06, 0.06] {
            let mut pair = moving();
            pair.setpoint.0[joint] += away;
            pair.setpoint.1[joint] = 0.0;
            ends_at(&mut pair, 0.8);
            let said = pair.said(0);
            assert!(said.contains("was left behind by"), "{said}");
            assert_eq!(said.matches("was left behind").count(), 1, "{said}");
        }
    }
}

/// Its driver has not discovered the newcomer: without this, it would hold after 100 ms.
#[test]
fn a_successor_that_one_driver_does_not_hear_gives_the_lease_back_before_that_one_holds() {
    for joint in [1, 4] {
        let mut pair = moving();
        pair.deaf = Some((joint, 2));
        hand_over(&mut pair);
        let mut took = 0.04;
        while pair.epoch() < 3 && took < 0.2 {
            pair.step();
            took += PERIOD;
        }
        assert_eq!((pair.epoch(), pair.holder()), (3, BOOTS[0]), "{}", pair.said(0));
        assert!(took <= 0.06, "{took} s");
        let why = format!("the driver of joint {} does not hear it", joint + 1);
        assert!(pair.said(0).contains(&why), "{}", pair.said(0));
        ends_at(&mut pair, 0.8);
        assert!(pair.jump < 5e-3, "a step of {} rad", pair.jump);
    }
}

#[test]
fn a_successor_that_falls_silent_loses_the_lease() {
    takes_back(|_| false, "its holder is silent");
}

#[test]
fn a_successor_that_writes_nan_loses_the_lease() {
    let spoil = |command: &mut vocabulary::command::JointCommand| {
        command.position[2] = f64::NAN;
        true
    };
    takes_back(spoil, Refusal::NotFinite.name());
}

#[test]
fn a_successor_with_the_wrong_sign_loses_the_lease() {
    let spoil = |command: &mut vocabulary::command::JointCommand| {
        let home = super::harness::HOME;
        for ((p, v), home) in command.position.iter_mut().zip(&mut command.velocity).zip(home) {
            *p = home - (*p - home);
            *v = -*v;
        }
        true
    };
    takes_back(spoil, "is off by");
}

#[test]
fn a_successor_that_lets_the_arm_stray_loses_the_lease() {
    let mut pair = moving();
    pair.give = 1e-4;
    pair.run(0.2);
    hand_over(&mut pair);
    pair.run(0.1);
    pair.ones[1].spoil = |command| {
        command.effort[1] += 200.0;
        true
    };
    pair.run(0.1);
    assert_eq!((pair.epoch(), pair.holder()), (3, BOOTS[0]), "{}", pair.said(0));
    assert!(pair.said(0).contains("its torque for joint 2"), "{}", pair.said(0));
}

#[test]
fn a_successor_that_does_not_push_enough_loses_the_lease_when_the_arm_strays() {
    let mut pair = moving();
    pair.give = 4e-4;
    pair.run(0.2);
    hand_over(&mut pair);
    pair.run(0.1);
    pair.ones[1].spoil = |command| {
        command.effort[1] -= 0.25 * 200.0;
        true
    };
    pair.run(0.1);
    assert_eq!((pair.epoch(), pair.holder()), (3, BOOTS[0]), "{}", pair.said(0));
    assert!(pair.said(0).contains("joint 2 is off its path"), "{}", pair.said(0));
}

#[test]
fn after_the_probation_nobody_takes_back() {
    let mut pair = moving();
    hand_over(&mut pair);
    pair.grant(2, 1, Some(0));
    pair.run(0.02);
    pair.ones[1].spoil = |command| {
        command.effort[1] += 200.0;
        true
    };
    pair.give = 1e-4;
    pair.run(0.1);
    assert_eq!(pair.epoch(), 2);
}
