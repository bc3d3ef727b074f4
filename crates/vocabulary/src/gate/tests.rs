use super::*;
use crate::command::Mode;
use crate::time::Stamp;
use proptest::prelude::*;

const HOLDER: u64 = 70;
const SUCCESSOR: u64 = 71;
const LIMITS: JointLimits =
    JointLimits { lower: -2.0, upper: 2.0, velocity: 3.0, acceleration: 10.0, effort: 50.0 };

fn at(ms: u64) -> Monotonic {
    Monotonic(ms * 1_000_000)
}

fn gate(shared_clock: bool) -> CommandGate {
    let mut gate = CommandGate::new(GateConfig {
        joint_order: 5,
        limits: [Some(LIMITS); 6],
        max_validity: MAX_VALIDITY,
        takeover_silence: Duration::from_millis(12),
        shared_clock,
    });
    gate.grant(
        at(0),
        &Lease {
            epoch: 3,
            holder: HOLDER,
            successor: SUCCESSOR,
            since: Stamp(0),
            ..Lease::default()
        },
    );
    gate
}

/// A command sent at `ms` of a sender whose clock agrees with ours.
fn command(sequence: u64, ms: u64) -> JointCommand {
    JointCommand {
        stamp: Stamp(0),
        boot_id: HOLDER,
        epoch: 3,
        sequence,
        sent_at: at(ms),
        setpoint_at: at(ms + 10),
        valid_for: Duration::from_millis(50),
        joint_order: 5,
        yields: false,
        mode: Mode::Position,
        position: [0.1; 6],
        velocity: [0.2; 6],
        acceleration: [0.0; 6],
        effort: [0.3; 6],
    }
}

#[test]
fn a_good_command_passes_with_its_validity_counted_from_reception() {
    let mut gate = gate(true);
    let admitted = gate.admit(at(103), &command(1, 100)).unwrap();
    assert_eq!(admitted.valid_until, at(153));
    assert_eq!(admitted.setpoint_at, at(110));
    assert!(gate.still_holds(&admitted.command));
    assert_eq!(gate.refused().total(), 0);
}

#[test]
fn each_defect_is_refused_under_its_own_reason_and_counted() {
    type Spoil = fn(&mut JointCommand);
    let cases: [(Refusal, Spoil); 12] = [
        (Refusal::JointOrder, |c| c.joint_order = 6),
        (Refusal::Epoch, |c| c.epoch = 2),
        (Refusal::Epoch, |c| c.epoch = 9),
        (Refusal::NotHolder, |c| c.boot_id = 1),
        (Refusal::NotFinite, |c| c.position[5] = f64::NAN),
        (Refusal::NotFinite, |c| c.effort[0] = f64::INFINITY),
        (Refusal::Validity, |c| c.valid_for = Duration::ZERO),
        (Refusal::Validity, |c| c.valid_for = Duration::from_millis(501)),
        (Refusal::Validity, |c| c.setpoint_at = at(100_000)),
        (Refusal::Sequence, |c| c.sequence = 1),
        (Refusal::Limit, |c| c.position[3] = 2.01),
        (Refusal::Limit, |c| c.velocity[3] = -3.01),
    ];
    for (reason, spoil) in cases {
        let mut gate = gate(true);
        gate.admit(at(100), &command(1, 100)).unwrap();
        let mut bad = command(2, 104);
        spoil(&mut bad);
        assert_eq!(gate.admit(at(104), &bad), Err(reason), "{}", reason.name());
        assert_eq!(gate.refused().of(reason), 1);
        assert_eq!(gate.refused().total(), 1);
        assert!(gate.admit(at(108), &command(2, 108)).is_ok(), "after {}", reason.name());
    }
}

#[test]
fn a_command_delayed_beyond_its_validity_is_late_although_the_clocks_disagree() {
    let ahead = 7_000_000;
    let mut gate = gate(false);
    gate.admit(at(100), &command(1, 100 + ahead)).unwrap();
    let delayed = command(2, 104 + ahead);
    assert_eq!(gate.admit(at(155), &delayed), Err(Refusal::Late));
    let admitted = gate.admit(at(154), &delayed).unwrap();
    assert_eq!(admitted.setpoint_at, at(114));
}

#[test]
fn a_sender_whose_clock_stepped_is_heard_again_once_the_old_estimate_is_forgotten() {
    let mut gate = gate(false);
    gate.admit(at(1_000), &command(1, 1_000)).unwrap();
    let late = (2..).map(|n| (n, n * 1_000));
    let first = late
        .take(60)
        .find(|&(n, ms)| gate.admit(at(ms), &command(n, ms - 400)).is_ok())
        .map(|(_, ms)| ms);
    assert!(first.is_some_and(|ms| ms <= 22_000), "{first:?}");
}

#[test]
fn a_shared_clock_is_not_believed_when_the_delays_contradict_it() {
    let mut estimate = ClockOffset::new(true);
    estimate.observe(at(10), at(7));
    assert_eq!(estimate.offset(), 0);
    let mut foreign = ClockOffset::new(true);
    foreign.observe(at(10), at(5_000));
    assert_eq!(foreign.to_local(at(5_000)), at(10));
}

#[test]
fn the_successor_is_admitted_after_three_silent_periods_with_its_own_sequence() {
    let mut gate = gate(true);
    gate.admit(at(100), &command(900, 100)).unwrap();
    let takeover = |ms| JointCommand { boot_id: SUCCESSOR, epoch: 4, ..command(1, ms) };
    assert_eq!(gate.admit(at(108), &takeover(108)), Err(Refusal::Epoch));
    assert!(gate.admit(at(112), &takeover(112)).is_ok());
    assert_eq!(gate.admit(at(113), &command(901, 113)), Err(Refusal::Epoch));
}

#[test]
fn an_invalid_command_of_the_holder_is_no_sign_of_life() {
    let mut gate = gate(true);
    gate.admit(at(100), &command(1, 100)).unwrap();
    let broken = JointCommand { position: [f64::NAN; 6], ..command(2, 110) };
    assert!(gate.admit(at(110), &broken).is_err());
    let takeover = JointCommand { boot_id: SUCCESSOR, epoch: 4, ..command(1, 112) };
    assert!(gate.admit(at(112), &takeover).is_ok());
}

proptest! {
    #[test]
    fn whatever_passes_is_of_the_lease_rising_finite_and_within_limits(
        stream in prop::collection::vec(
            (0_u64..5, 68_u64..73, 0_u64..40, -4.0_f64..4.0, 0_u64..700, 0_u64..60), 1..80,
        ),
    ) {
        let mut gate = gate(true);
        let mut now = 100;
        let mut last: Option<JointCommand> = None;
        for (epoch, boot_id, sequence, value, validity, wait) in stream {
            now += wait;
            let sent = JointCommand {
                boot_id, epoch, position: [value; 6],
                valid_for: Duration::from_millis(validity),
                ..command(sequence, now)
            };
            let Ok(passed) = gate.admit(at(now), &sent) else { continue };
            prop_assert_eq!(epoch, gate.lease().epoch());
            prop_assert_eq!(boot_id, gate.lease().holder());
            prop_assert!((-2.001..=2.001).contains(&value));
            prop_assert!(passed.valid_until <= at(now) + MAX_VALIDITY);
            if let Some(before) = last.filter(|b| b.epoch == epoch) {
                prop_assert!(sequence > before.sequence && before.boot_id == boot_id);
            }
            prop_assert!(last.is_none_or(|b| b.epoch <= epoch));
            last = Some(sent);
        }
    }
}

#[test]
fn refusals_are_told_by_reason_and_since_when() {
    let mut earlier = RefusalCounts::default();
    assert_eq!(earlier.to_string(), "none refused");
    earlier.add(Refusal::Late);
    let mut now = earlier;
    (0..3).for_each(|_| now.add(Refusal::Epoch));
    now.add(Refusal::Late);
    assert_eq!(now.since(&earlier).to_string(), "3 refused as epoch, 1 as late");
    assert_eq!(earlier.since(&now), RefusalCounts::default(), "counts never fall");
}
