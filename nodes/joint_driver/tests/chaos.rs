//! Whatever comes over the bus, from controllers and from the supervisor: no panic, no motion
//! without a permit, no step larger than the joint may make, nothing beyond its limits.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)] // a test that panics has failed

mod world;

use can_bus::frame::Frame;
use proptest::prelude::*;
use std::f64::consts::TAU;
use std::time::Duration;
use vocabulary::arm::ArmMode;
use vocabulary::command::{DriverState, JointCommand};
use world::{LIMITS, World};

fn swing(t: f64) -> (f64, f64) {
    (0.1 - 0.1 * (3.0 * t).cos(), 0.3 * (3.0 * t).sin())
}

#[derive(Debug, Clone)]
enum Act {
    Wait(u8),
    Mode(u8, bool),
    Silence(bool),
    Spoil(u8, f64),
    Reboot,
    Fail,
    Mute(bool),
    Freeze(u8),
    ClearFaults,
    Activate(bool),
    Frame(u16, Vec<u8>),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => any::<u8>().prop_map(Act::Wait),
        3 => (0_u8..4, any::<bool>()).prop_map(|(mode, yes)| Act::Mode(mode, yes)),
        2 => any::<bool>().prop_map(Act::Silence),
        3 => (0_u8..8, -3.0_f64..3.0).prop_map(|(how, value)| Act::Spoil(how, value)),
        1 => Just(Act::Reboot),
        1 => Just(Act::Fail),
        1 => any::<bool>().prop_map(Act::Mute),
        1 => any::<u8>().prop_map(Act::Freeze),
        1 => Just(Act::ClearFaults),
        1 => any::<bool>().prop_map(Act::Activate),
        3 => (prop_oneof![0_u16..0x800, Just(0x181), Just(0x581), Just(0x701), Just(0x81)],
              prop::collection::vec(any::<u8>(), 0..9)).prop_map(|(id, data)| Act::Frame(id, data)),
    ]
}

/// What must hold after each tick.
struct Law {
    setpoint: Option<(u64, f64)>,
    seen: usize,
    driver: Option<DriverState>,
}

impl Law {
    fn check(&mut self, world: &World) -> Result<(), TestCaseError> {
        for feedback in &world.feedback[self.seen..] {
            let (at, p) = (feedback.sampled_at.0, feedback.setpoint_position);
            let powered = |s: DriverState| {
                matches!(s, DriverState::Holding | DriverState::Following | DriverState::Blocked)
            };
            if let Some((before, from)) = self.setpoint
                && powered(feedback.driver)
                && self.driver.is_some_and(powered)
            {
                let dt = (at - before) as f64 * 1e-9;
                // A sample's setpoint may be one period older or newer than the last one's.
                let most = LIMITS.velocity * (dt + 0.004) + 1e-6;
                prop_assert!((p - from).abs() <= most, "{p} from {from} in {dt}");
            }
            if feedback.driver == DriverState::Following {
                prop_assert_eq!(feedback.applied_epoch, world.lease.epoch);
            }
            prop_assert!(p.is_finite() && feedback.position.is_finite());
            self.setpoint = Some((at, p));
            self.driver = Some(feedback.driver);
        }
        self.seen = world.feedback.len();
        let position = f64::from(world.drives[0].position) * TAU / f64::from(1 << 20);
        prop_assert!(position.abs() <= LIMITS.upper + 1e-4, "{position}");
        Ok(())
    }
}

fn spoiled(world: &mut World, how: u8, value: f64) -> JointCommand {
    let mut command = world.command(swing);
    match how {
        0 => command.position = [value; 6],
        1 => command.velocity = [value * 3.0; 6],
        2 => command.position = [f64::NAN; 6],
        3 => command.epoch = command.epoch.saturating_add_signed(value as i64),
        4 => command.boot_id += 1,
        5 => command.valid_for = Duration::from_millis((value.abs() * 300.0) as u64),
        6 => command.setpoint_at = command.setpoint_at.shifted(value),
        _ => command.effort = [value * 1e9; 6],
    }
    command
}

fn perform(world: &mut World, act: &Act, law: &mut Law) -> Result<(), TestCaseError> {
    let mut ticks = 8;
    let mut command = None;
    match act {
        Act::Wait(n) => ticks = u32::from(*n),
        Act::Mode(mode, yes) => {
            let modes = [ArmMode::Disabled, ArmMode::Enabled, ArmMode::Stopped, ArmMode::Hold];
            let permit = world.status.permit + u64::from(*yes);
            world.order(modes[usize::from(*mode)], permit);
        }
        Act::Silence(silent) => {
            world.reference = if *silent { None } else { Some(swing) };
        }
        Act::Spoil(how, value) => command = Some(spoiled(world, *how, *value)),
        Act::Reboot => {
            let boot = world.drives[0].reboot();
            world.inject.push(boot);
        }
        Act::Fail => {
            let emergency = world.drives[0].fail(0x4310);
            world.inject.push(emergency);
        }
        Act::Mute(mute) => world.drives[0].mute = *mute,
        Act::Freeze(n) => {
            world.frozen = true;
            for _ in 0..u32::from(*n) * 8 {
                world.tick(None);
            }
            world.frozen = false;
        }
        Act::ClearFaults => world.clear_faults(),
        Act::Activate(active) => world.active = *active,
        Act::Frame(id, data) => world.inject.push(Frame::standard(*id, data).unwrap()),
    }
    for _ in 0..ticks {
        world.tick(command.take());
        law.check(world)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_makes_a_joint_jump_or_leave_its_limits(acts in prop::collection::vec(act(), 1..60)) {
        let mut world = World::single().enabled();
        world.control(swing);
        let mut law = Law { setpoint: None, seen: world.feedback.len(), driver: None };
        for act in &acts {
            perform(&mut world, act, &mut law)?;
        }
    }

    #[test]
    fn no_history_moves_a_joint_without_a_new_permit(acts in prop::collection::vec(act(), 1..60)) {
        let mut world = World::single();
        world.order(ArmMode::Disabled, 7);
        world.run(0.9);
        world.control(swing);
        let mut law = Law { setpoint: None, seen: world.feedback.len(), driver: None };
        let start = world.drives[0].position;
        for act in &acts {
            let act = match act {
                Act::Mode(mode, _) => Act::Mode(*mode, false),
                Act::Frame(id, _) if *id == 0x201 || *id == 0 => Act::Wait(1),
                other => other.clone(),
            };
            perform(&mut world, &act, &mut law)?;
            prop_assert_eq!(world.drives[0].position, start);
        }
    }

    #[test]
    fn commands_of_a_wrong_epoch_or_sender_are_never_applied(
        stream in prop::collection::vec((0_u64..6, 68_u64..73, -0.01_f64..0.01), 1..100),
    ) {
        let mut world = World::single().enabled();
        let start = world.drives[0].position;
        for (epoch, boot_id, away) in stream {
            let mut command = world.command(|_| (0.0, 0.0));
            (command.epoch, command.boot_id, command.position) = (epoch, boot_id, [away; 6]);
            // The holder stays silent here, so its successor may take over, once.
            let right = (epoch, boot_id) == (3, world::HOLDER) || (epoch, boot_id) == (4, 71);
            if right {
                continue;
            }
            world.tick(Some(command));
            (0..8).for_each(|_| world.tick(None));
            prop_assert_eq!(world.drives[0].position, start);
            prop_assert_eq!(world.last().applied_epoch, 0);
        }
    }

    #[test]
    fn any_frames_at_any_time_never_panic(
        frames in prop::collection::vec((0_u16..0x800, prop::collection::vec(any::<u8>(), 0..9)), 0..200),
    ) {
        let mut world = World::single();
        world.order(ArmMode::Enabled, 1);
        for (id, data) in frames {
            world.inject.push(Frame::standard(id, &data).unwrap());
            (0..4).for_each(|_| world.tick(None));
        }
    }
}
