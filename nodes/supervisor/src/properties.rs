//! What must hold of the supervisor whatever happens around it.

use crate::RequestKind::{ClearFaults, Disable, Enable, Resume, Stop};
use crate::rig::Rig;
use proptest::prelude::*;
use std::collections::BTreeMap;
use vocabulary::arm::Freshness;
use vocabulary::command::DriverState;

/// One thing that happens to the arm.
#[derive(Debug, Clone)]
enum Happening {
    Call(crate::RequestKind),
    Flip(usize),
    Restart(usize, u64),
    Driver(usize, DriverState),
    Fresh(usize, Freshness),
    Standby(u64),
    RestartSupervisor,
    Wait(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let kinds =
        prop_oneof![Just(Enable), Just(Disable), Just(Stop), Just(Resume), Just(ClearFaults)];
    let drivers = prop_oneof![
        Just(DriverState::Offline),
        Just(DriverState::Holding),
        Just(DriverState::Blocked),
        Just(DriverState::Faulted),
    ];
    let fresh =
        prop_oneof![Just(Freshness::Fresh), Just(Freshness::Silent), Just(Freshness::Frozen)];
    prop_oneof![
        4 => kinds.prop_map(Happening::Call),
        2 => (0..9_usize).prop_map(Happening::Flip),
        2 => (0..9_usize, 1000..2000_u64).prop_map(|(n, boot)| Happening::Restart(n, boot)),
        1 => (0..6_usize, drivers).prop_map(|(n, state)| Happening::Driver(n, state)),
        1 => (0..6_usize, fresh).prop_map(|(n, state)| Happening::Fresh(n, state)),
        1 => (2000..3000_u64).prop_map(Happening::Standby),
        1 => Just(Happening::RestartSupervisor),
        6 => (20..600_u64).prop_map(Happening::Wait),
    ]
}

/// What must hold whatever happens.
#[derive(Default)]
struct Ledger {
    epochs: BTreeMap<u64, u64>,
    promises: BTreeMap<u64, u64>,
    epoch: u64,
    permit: u64,
    asked: BTreeMap<u64, u32>,
    /// Calls that may raise the permit and are not answered, or were in this very step.
    pleading: std::collections::BTreeSet<u64>,
}

impl Ledger {
    fn ask(&mut self, request: &crate::Request) {
        self.asked.insert(request.id, 0);
        if matches!(request.kind, Enable | Resume) {
            self.pleading.insert(request.id);
        }
    }

    fn check(&mut self, outputs: &crate::Outputs) {
        if let Some(lease) = &outputs.lease {
            assert!(lease.epoch >= self.epoch, "epoch fell from {} to {}", self.epoch, lease.epoch);
            self.epoch = lease.epoch;
            let holder = *self.epochs.entry(lease.epoch).or_insert(lease.holder);
            assert_eq!(holder, lease.holder, "epoch {} has two holders", lease.epoch);
            let promised = self.promises.get(&lease.epoch);
            assert!(
                promised.is_none_or(|p| *p == lease.holder),
                "epoch {} was promised",
                lease.epoch
            );
            if lease.successor != 0 {
                let next = *self.promises.entry(lease.epoch + 1).or_insert(lease.successor);
                assert_eq!(next, lease.successor, "epoch {} promised twice", lease.epoch + 1);
            }
        }
        if let Some(status) = &outputs.status {
            assert!(status.permit >= self.permit);
            assert!(
                status.permit == self.permit || !self.pleading.is_empty(),
                "permit without a yes"
            );
            self.permit = status.permit;
        }
        for answer in &outputs.responses {
            let count = self.asked.get_mut(&answer.id).unwrap();
            *count += 1;
            assert_eq!(*count, 1, "request {} was answered twice", answer.id);
            assert!(!answer.message.is_empty());
            self.pleading.remove(&answer.id);
        }
    }
}

fn happen(rig: &mut Rig, ledger: &mut Ledger, what: &Happening) {
    match what {
        Happening::Call(kind) => {
            let request = rig.request(*kind);
            ledger.ask(&request);
            ledger.check(&rig.step(&[request]));
        }
        Happening::Flip(n) => rig.nodes[*n].alive = !rig.nodes[*n].alive,
        Happening::Restart(n, boot) => rig.nodes[*n].boot_id = *boot,
        Happening::Driver(n, state) => rig.driver[*n] = *state,
        Happening::Fresh(n, state) => rig.freshness[*n] = *state,
        Happening::Standby(boot_id) => {
            rig.nodes.retain(|node| node.name != "control_standby");
            let name = "control_standby".to_owned();
            let standby = crate::rig::Played {
                name,
                boot_id: *boot_id,
                alive: true,
                resume_required: false,
                health: Default::default(),
            };
            rig.nodes.push(standby);
        }
        Happening::RestartSupervisor => {
            if rig.stored.is_some() {
                rig.restart_supervisor("boot a");
                ledger.asked.retain(|_, count| *count > 0);
                ledger.pleading.clear();
            }
        }
        Happening::Wait(ms) => {
            for _ in 0..ms / 20 {
                ledger.check(&rig.step(&[]));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_epochs_are_unique_permits_are_asked_for_and_calls_are_answered_once(
        happenings in proptest::collection::vec(happening(), 1..60)
    ) {
        let mut rig = Rig::new();
        let mut ledger = Ledger::default();
        for what in &happenings {
            happen(&mut rig, &mut ledger, what);
        }
        happen(&mut rig, &mut ledger, &Happening::Wait(15_000));
        prop_assert!(ledger.asked.values().all(|count| *count == 1), "{:?}", ledger.asked);
    }

    #[test]
    fn whatever_was_stored_a_restart_publishes_exactly_that(
        happenings in proptest::collection::vec(happening(), 1..40)
    ) {
        let mut rig = Rig::new();
        let mut ledger = Ledger::default();
        for what in &happenings {
            happen(&mut rig, &mut ledger, what);
        }
        happen(&mut rig, &mut ledger, &Happening::Wait(40));
        let (lease, status) = (rig.lease.clone(), rig.status.clone());
        rig.restart_supervisor("boot a");
        rig.nodes.iter_mut().for_each(|node| node.alive = false);
        let first = rig.step(&[]);
        prop_assert_eq!((first.lease, first.status, first.persist), (Some(lease), Some(status), None));
    }
}
