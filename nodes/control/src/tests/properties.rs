//! Whatever happens in whatever order, the commands stay continuous and permitted.

use super::harness::{Rig, waypoint};
use proptest::prelude::*;
use vocabulary::arm::{ArmMode, Derating};
use vocabulary::command::{DriverState, Lease};
use vocabulary::plan::PlanAction;
use vocabulary::time::Stamp;

#[derive(Debug, Clone)]
enum Happening {
    Plan { seconds: f64, distance: f64, at_once: bool, linear: bool },
    Stop,
    Reissue,
    Mode(ArmMode, bool),
    Silence(usize, bool),
    Driver(usize, bool),
    Speed(f64),
    Derate(f64),
    Lease { epoch: u64, mine: bool },
    Sleep(f64),
    Wait(f64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let mode = prop_oneof![
        4 => Just(ArmMode::Enabled),
        1 => Just(ArmMode::Stopped),
        1 => Just(ArmMode::Hold),
        1 => Just(ArmMode::Disabled),
    ];
    prop_oneof![
        4 => (0.6..2.0, -0.8..0.8, any::<bool>(), any::<bool>())
            .prop_map(|(seconds, distance, at_once, linear)| Happening::Plan {
                seconds, distance, at_once, linear,
            }),
        1 => Just(Happening::Stop),
        2 => Just(Happening::Reissue),
        3 => (mode, any::<bool>()).prop_map(|(mode, yes)| Happening::Mode(mode, yes)),
        1 => (0..6_usize, any::<bool>()).prop_map(|(joint, on)| Happening::Silence(joint, on)),
        1 => (0..6_usize, any::<bool>()).prop_map(|(joint, on)| Happening::Driver(joint, on)),
        1 => (0.0..=1.0).prop_map(Happening::Speed),
        1 => (0.0..=1.0).prop_map(Happening::Derate),
        1 => (1..6_u64, any::<bool>()).prop_map(|(epoch, mine)| Happening::Lease { epoch, mine }),
        1 => (0.0..0.04).prop_map(Happening::Sleep),
        6 => (0.02..1.0).prop_map(Happening::Wait),
    ]
}

fn let_happen(rig: &mut Rig, happening: &Happening) {
    match *happening {
        Happening::Plan { seconds, distance, at_once, linear } => {
            let mut points = vec![waypoint(seconds, distance), waypoint(seconds + 1.0, 0.1)];
            if at_once {
                points.insert(0, waypoint(0.0, distance * 0.3));
            }
            if linear {
                points.iter_mut().for_each(|p| p.velocity = None);
            }
            rig.execute(&points);
        }
        Happening::Stop => rig.revise(PlanAction::Stop, 0.0),
        Happening::Reissue => rig.reissue(rig.plan.from_path_time),
        Happening::Mode(mode, yes) => {
            rig.permit += u64::from(yes && mode == ArmMode::Enabled);
            rig.mode(mode);
        }
        Happening::Silence(joint, on) => rig.silence(joint, on),
        Happening::Driver(joint, on) => {
            rig.driver(joint, if on { DriverState::Following } else { DriverState::Blocked });
        }
        Happening::Speed(factor) => rig.inputs.speed_scaling = Some(factor),
        Happening::Derate(speed) => {
            rig.inputs.derating = Some(Derating {
                stamp: Stamp(0),
                boot_id: 1,
                stop: false,
                torque: [1.0; 6],
                speed,
            });
        }
        Happening::Lease { epoch, mine } => {
            let holder = if mine { super::BOOT } else { 77 };
            rig.inputs.lease = Some(Lease { epoch, holder, ..Lease::default() });
        }
        Happening::Sleep(seconds) => rig.skip(seconds),
        Happening::Wait(seconds) => rig.run(seconds),
    }
    rig.step();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn commands_are_continuous_and_come_only_with_the_lease(
        happenings in prop::collection::vec(happening(), 1..24)
    ) {
        let mut rig = Rig::ready();
        for happening in &happenings {
            let_happen(&mut rig, happening);
            // The harness checks every command against the limits.
            let out = rig.step();
            prop_assert!(out.command.is_none() || rig.control.is_holder());
        }
    }

    #[test]
    fn without_the_permit_nothing_moves(
        happenings in prop::collection::vec(happening(), 1..24)
    ) {
        let mut rig = Rig::ready();
        rig.permit = 100;
        rig.mode(ArmMode::Enabled);
        rig.step();
        rig.permit = 200;
        for happening in &happenings {
            if matches!(happening, Happening::Mode(..) | Happening::Driver(..)) {
                continue;
            }
            let_happen(&mut rig, happening);
            prop_assert!(!rig.moved);
        }
    }
}
