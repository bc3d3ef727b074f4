//! The right to command, as a driver enforces it.
//!
//! The one rule: at any moment exactly one process may command, and an epoch that was passed is
//! refused for ever. The supervisor's word moves the gate forward, never back; the successor named
//! in advance may move it by one when the holder has fallen silent, so that a takeover needs neither
//! a round trip nor a living supervisor.

use crate::command::{Lease, Refusal};
use crate::time::Monotonic;
use std::time::Duration;

/// By which right a command was admitted; hand it to [`LeaseGate::obey`] once the command has
/// passed every other check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The sender holds the lease.
    Holder,
    /// The sender is the successor, and the holder is silent.
    Takeover,
}

/// Decides whose commands are obeyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseGate {
    epoch: u64,
    holder: u64,
    successor: u64,
    heard: Monotonic,
    silence: Duration,
}

impl LeaseGate {
    /// A gate that obeys nobody yet. `silence` is how long the holder may send no valid command
    /// before its successor may take over: three control periods.
    #[must_use]
    pub fn new(silence: Duration) -> Self {
        Self { epoch: 0, holder: 0, successor: 0, heard: Monotonic(0), silence }
    }

    /// The epoch being obeyed; 0 before the first grant.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The process being obeyed; 0 for nobody.
    #[must_use]
    pub fn holder(&self) -> u64 {
        self.holder
    }

    /// Takes the supervisor's word. An older epoch is ignored; the same epoch updates the successor
    /// (and the holder: where a takeover and a grant collided, the grant wins at every driver).
    pub fn grant(&mut self, now: Monotonic, lease: &Lease) {
        if lease.epoch < self.epoch {
            return;
        }
        if (lease.epoch, lease.holder) != (self.epoch, self.holder) {
            self.heard = now;
        }
        self.epoch = lease.epoch;
        self.holder = lease.holder;
        self.successor = lease.successor;
    }

    /// Whether `boot_id` may command under `epoch` now. Changes nothing.
    ///
    /// # Errors
    /// [`Refusal::Epoch`] or [`Refusal::NotHolder`].
    pub fn check(&self, now: Monotonic, boot_id: u64, epoch: u64) -> Result<Claim, Refusal> {
        if self.epoch == 0 || boot_id == 0 {
            return Err(Refusal::Epoch);
        }
        if epoch == self.epoch {
            return if boot_id == self.holder {
                Ok(Claim::Holder)
            } else {
                Err(Refusal::NotHolder)
            };
        }
        if self.epoch.checked_add(1) != Some(epoch) {
            return Err(Refusal::Epoch);
        }
        match boot_id == self.successor {
            true if now.since(self.heard) >= self.silence => Ok(Claim::Takeover),
            true => Err(Refusal::Epoch),
            false => Err(Refusal::NotHolder),
        }
    }

    /// Notes a valid command at `now`: the holder lives, or the successor becomes the holder.
    pub fn obey(&mut self, now: Monotonic, claim: Claim) {
        self.heard = self.heard.max(now);
        if claim == Claim::Takeover {
            self.epoch = self.epoch.saturating_add(1);
            self.holder = self.successor;
            self.successor = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Stamp;
    use proptest::prelude::*;

    const SILENCE: Duration = Duration::from_millis(12);

    fn lease(epoch: u64, holder: u64, successor: u64) -> Lease {
        Lease { epoch, holder, successor, since: Stamp(0), ..Lease::default() }
    }

    fn at(ms: u64) -> Monotonic {
        Monotonic(ms * 1_000_000)
    }

    fn granted() -> LeaseGate {
        let mut gate = LeaseGate::new(SILENCE);
        gate.grant(at(0), &lease(4, 70, 71));
        gate
    }

    #[test]
    fn nobody_is_obeyed_before_the_first_grant() {
        let mut gate = LeaseGate::new(SILENCE);
        assert_eq!(gate.check(at(100), 0, 0), Err(Refusal::Epoch));
        assert_eq!(gate.check(at(100), 7, 1), Err(Refusal::Epoch));
        gate.grant(at(100), &lease(0, 0, 0));
        assert_eq!(gate.check(at(100), 0, 0), Err(Refusal::Epoch));
    }

    #[test]
    fn only_the_holder_is_obeyed_while_it_speaks() {
        let mut gate = granted();
        assert_eq!(gate.check(at(1), 70, 4), Ok(Claim::Holder));
        assert_eq!(gate.check(at(1), 72, 4), Err(Refusal::NotHolder));
        assert_eq!(gate.check(at(1), 70, 3), Err(Refusal::Epoch));
        assert_eq!(gate.check(at(1), 70, 6), Err(Refusal::Epoch));
        gate.obey(at(10), Claim::Holder);
        assert_eq!(gate.check(at(21), 71, 5), Err(Refusal::Epoch));
    }

    #[test]
    fn the_successor_takes_over_after_silence_and_the_old_epoch_is_gone_for_ever() {
        let mut gate = granted();
        gate.obey(at(10), Claim::Holder);
        assert_eq!(gate.check(at(22), 72, 5), Err(Refusal::NotHolder));
        let claim = gate.check(at(22), 71, 5).unwrap();
        assert_eq!(claim, Claim::Takeover);
        gate.obey(at(22), claim);
        assert_eq!(gate.check(at(23), 70, 4), Err(Refusal::Epoch));
        assert_eq!(gate.check(at(23), 71, 5), Ok(Claim::Holder));
        gate.grant(at(24), &lease(4, 70, 71));
        assert_eq!(gate.check(at(24), 70, 4), Err(Refusal::Epoch));
    }

    #[test]
    fn a_ratified_takeover_names_the_next_successor() {
        let mut gate = granted();
        gate.obey(at(20), Claim::Takeover);
        gate.grant(at(30), &lease(5, 71, 73));
        assert_eq!(gate.check(at(31), 73, 6), Err(Refusal::Epoch));
        assert_eq!(gate.check(at(33), 73, 6), Ok(Claim::Takeover));
    }

    proptest! {
        #[test]
        fn the_epoch_never_falls(steps in prop::collection::vec((0_u64..6, 0_u64..4, 0_u64..4, 0_u64..20, any::<bool>()), 0..60)) {
            let mut gate = LeaseGate::new(SILENCE);
            let mut now = 0;
            for (epoch, holder, other, wait, is_grant) in steps {
                now += wait;
                let before = gate.epoch();
                if is_grant {
                    gate.grant(at(now), &lease(epoch, holder, other));
                } else if let Ok(claim) = gate.check(at(now), holder, epoch) {
                    gate.obey(at(now), claim);
                    prop_assert_eq!((gate.epoch(), gate.holder()), (epoch, holder));
                }
                prop_assert!(gate.epoch() >= before);
            }
        }
    }
}
