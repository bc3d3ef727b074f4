use super::*;
use proptest::prelude::*;
use std::time::Duration;
use vocabulary::joint::JointLimits;

const LIMITS: JointLimits =
    JointLimits { lower: -1.0, upper: 1.0, velocity: 2.0, acceleration: 8.0, effort: 10.0 };
const PERIOD: Duration = Duration::from_millis(4);

fn at(cycle: u64) -> Monotonic {
    Monotonic(cycle * 4_000_000)
}

fn standing() -> Motion {
    let mut motion = Motion::new(Setpoint::new(LIMITS, PERIOD));
    motion.track(at(0), 0.0, None);
    motion
}

/// A command received in `cycle`, good for five cycles, whose position holds then.
fn target(cycle: u64, position: f64, velocity: f64) -> Target {
    Target {
        position,
        velocity,
        acceleration: 0.0,
        effort: 1.0,
        mode: Mode::Position,
        setpoint_at: at(cycle),
        received_at: at(cycle),
        valid_until: at(cycle + 5),
        epoch: 1,
        sequence: cycle,
    }
}

#[test]
fn why_nothing_was_followed_any_more_is_told() {
    let mut motion = standing();
    motion.offer(target(1, 0.0, 0.5));
    motion.advance(at(1), at(1), Freedom::Follow);
    assert_eq!(motion.unheard(at(11)), "the last one came 40 ms ago, of this joint's none refused");
    motion.offer(target(2, 0.9, 0.5));
    motion.advance(at(2), at(2), Freedom::Follow);
    let why = motion.unheard(at(3));
    assert_eq!(why, "the last one came 4 ms ago, of this joint's 1 refused as jump");
}

#[test]
fn a_command_is_extrapolated_while_it_is_valid_and_its_expiry_in_motion_is_told_once() {
    let mut motion = standing();
    motion.offer(target(1, 0.0, 0.5));
    let cycles: Vec<_> = (1..=40).map(|k| motion.advance(at(k), at(k), Freedom::Follow)).collect();
    assert!(cycles[..5].iter().all(|moved| *moved == Moved::Following));
    assert_eq!(cycles[5], Moved::Expired);
    assert!(cycles[6..].iter().all(|moved| *moved == Moved::Holding));
    let stopped = 0.5 * 0.004 * 4.0 + 0.5 * 0.5 / 16.0;
    assert!((motion.setpoint().position() - stopped).abs() < 1e-9);
    assert_eq!(motion.setpoint().velocity(), 0.0);
}

#[test]
fn a_gap_in_the_commands_is_bridged_along_the_acceleration() {
    let path =
        |t: f64| (-0.2 + 3.0 * t * t - 5.0 * t.powi(3), 6.0 * t - 15.0 * t * t, 6.0 - 30.0 * t);
    let mut motion = standing();
    motion.setpoint_mut().put(path(0.1).0, path(0.1).1);
    let (position, velocity, acceleration) = path(0.104);
    motion.offer(Target { acceleration, ..target(1, position, velocity) });
    (1..=5).for_each(|k| {
        motion.advance(at(k), at(k), Freedom::Follow);
    });
    let there = path(0.12);
    assert!((motion.setpoint().position() - there.0).abs() < 5.0 * 0.016_f64.powi(3) + 1e-12);
    assert!((motion.setpoint().velocity() - there.1).abs() < 15.0 * 0.016_f64.powi(2) + 1e-12);
}

#[test]
fn a_command_that_expires_at_rest_is_no_fault_and_the_next_one_is_followed() {
    let mut motion = standing();
    motion.offer(target(1, 0.0005, 0.0));
    let moved: Vec<_> = (1..=9).map(|k| motion.advance(at(k), at(k), Freedom::Follow)).collect();
    assert!(!moved.contains(&Moved::Expired));
    assert!(motion.target(at(9)).is_none());
    motion.offer(target(10, 0.001, 0.0));
    assert_eq!(motion.advance(at(10), at(10), Freedom::Follow), Moved::Following);
    assert_eq!(motion.refused().total(), 0);
}

#[test]
fn each_refusal_is_counted_and_the_command_before_goes_on() {
    let mut motion = standing();
    motion.offer(target(1, 0.0, 0.1));
    motion.advance(at(1), at(1), Freedom::Follow);
    motion.offer(target(2, 0.5, 0.1));
    assert_eq!(motion.advance(at(2), at(2), Freedom::Follow), Moved::Following);
    assert_eq!(motion.refused().of(Refusal::Jump), 1);
    motion.refuse_torque(true);
    motion.offer(Target { mode: Mode::Torque, ..target(3, 0.0, 0.1) });
    assert_eq!(motion.advance(at(3), at(3), Freedom::Follow), Moved::Following);
    assert_eq!(motion.refused().of(Refusal::Mode), 1);
    assert_eq!(motion.target(at(3)).map(|t| t.sequence), Some(1));
    motion.offer(target(4, 0.1, 0.1));
    motion.advance(at(4), at(4), Freedom::Stand);
    motion.offer(target(5, 0.1, 0.1));
    motion.advance(at(5), at(5), Freedom::None);
    assert_eq!(motion.refused().of(Refusal::NotPermitted), 2);
}

#[test]
fn a_torque_that_is_not_renewed_is_followed_by_position_until_it_expires() {
    let mut motion = standing();
    let stale = PERIOD * 3;
    motion.offer(Target { mode: Mode::Torque, ..target(1, 0.0, 0.1) });
    assert_eq!(motion.advance(at(1), at(1), Freedom::Follow), Moved::Following);
    assert_eq!(motion.mode(at(3), stale), Mode::Torque);
    assert_eq!(motion.mode(at(4), stale), Mode::Position);
    assert_eq!(motion.advance(at(4), at(4), Freedom::Follow), Moved::Following);
}

#[test]
fn a_command_that_asks_for_nothing_is_not_counted_against_a_joint_without_power() {
    let mut motion = standing();
    motion.offer(target(1, 0.0005, 0.0));
    motion.track(at(1), 0.0, None);
    assert_eq!(motion.refused().total(), 0);
    motion.offer(target(2, 0.2, 0.0));
    motion.track(at(2), 0.0, None);
    assert_eq!(motion.refused().of(Refusal::NotPermitted), 1);
}

#[test]
fn a_stopped_arm_agrees_to_stand_but_not_to_move() {
    let mut motion = standing();
    motion.offer(target(1, 0.0, 0.0));
    assert_eq!(motion.advance(at(1), at(1), Freedom::Stand), Moved::Following);
    motion.offer(target(2, 0.004, 0.5));
    motion.advance(at(2), at(2), Freedom::Stand);
    assert_eq!(motion.setpoint().position(), 0.0);
    assert_eq!(motion.refused().of(Refusal::NotPermitted), 1);
}

fn freedom() -> impl Strategy<Value = Freedom> {
    prop_oneof![Just(Freedom::None), Just(Freedom::Stand), Just(Freedom::Follow)]
}

proptest! {
    #[test]
    fn the_setpoint_is_continuous_within_limits_and_stops_within_the_acceleration(
        steps in prop::collection::vec(
            (prop::option::of((-0.02_f64..0.02, -2.0_f64..2.0, 0_u64..4)), freedom()), 1..300,
        ),
    ) {
        let mut motion = standing();
        for (cycle, (command, freedom)) in (1..).zip(steps) {
            let before = *motion.setpoint();
            if let Some((away, velocity, age)) = command {
                motion.offer(target(
                    u64::saturating_sub(cycle, age), before.position() + away, velocity,
                ));
            }
            let moved = motion.advance(at(cycle), at(cycle), freedom);
            let after = motion.setpoint();
            let step = (after.position() - before.position()).abs();
            prop_assert!(step <= LIMITS.velocity * 0.004 + 1e-9);
            prop_assert!(after.position().abs() <= LIMITS.upper);
            if freedom != Freedom::Follow || moved != Moved::Following {
                let change = before.velocity().abs() - after.velocity().abs();
                let at_limit = after.position().abs() == LIMITS.upper;
                prop_assert!(change >= -1e-12, "sped up without being allowed to follow");
                prop_assert!(at_limit || change <= LIMITS.acceleration * 0.004 + 1e-9);
            }
        }
    }

    #[test]
    fn without_freedom_a_standing_joint_never_moves(
        steps in prop::collection::vec((-1.0_f64..1.0, -2.0_f64..2.0, any::<bool>()), 1..100),
    ) {
        let mut motion = standing();
        for (cycle, (position, velocity, stand)) in (1..).zip(steps) {
            motion.offer(target(cycle, position, velocity));
            let freedom = if stand { Freedom::Stand } else { Freedom::None };
            motion.advance(at(cycle), at(cycle), freedom);
            prop_assert_eq!(motion.setpoint().position(), 0.0);
        }
    }
}

#[test]
fn a_drive_that_held_the_joint_by_itself_gets_the_torque_it_held_it_with() {
    let mut adopted = Motion::new(Setpoint::new(LIMITS, PERIOD));
    adopted.track(at(0), 0.0, Some(7.0));
    adopted.track(at(1), 0.0, Some(6.9));
    assert_eq!(adopted.effort(), 7.0);
    adopted.track(at(2), 0.0, None);
    assert_eq!(adopted.effort(), 0.0);
}
