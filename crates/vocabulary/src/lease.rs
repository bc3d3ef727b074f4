//! The right to command, as a driver enforces it.
//!
//! The one rule: at any moment exactly one process may command, and an epoch that was passed is
//! refused for ever. The supervisor's word moves the gate forward, never back; the successor named
//! in advance may move it by one when the holder has fallen silent or yields, so that a takeover
//! needs neither a round trip nor a living supervisor. Who yielded may take back while the new
//! holder is on probation.

use crate::command::{Lease, Refusal};
use crate::time::Monotonic;
use std::time::Duration;

/// By which right a command was admitted; hand it to [`LeaseGate::obey`] once the command has
/// passed every other check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The sender holds the lease.
    Holder,
    /// The sender holds the lease and has not heard yet that it did so again, in a newer epoch.
    Former,
    /// The sender is the successor, and the holder is silent.
    Takeover,
    /// The sender is the successor, and the holder's last command yielded to it.
    Yielded,
    /// The sender was the holder before, and the present one is on probation.
    Reclaim,
    /// The sender yielded and took back, and the epoch in between was not heard here.
    Return,
}

/// How long a holder may be silent before its successor may take over: three commands are missing,
/// and a quarter of a period is left to the jitter of both timers.
#[must_use]
pub fn takeover_silence(period: Duration) -> Duration {
    period * 11 / 4
}

/// Decides whose commands are obeyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseGate {
    epoch: u64,
    holder: u64,
    successor: u64,
    /// The successor may take back at any moment.
    probation: bool,
    heard: Monotonic,
    /// The holder's last command yielded.
    yields: bool,
    /// Any of its commands in this epoch did.
    yielded: bool,
    /// An earlier epoch of the same holder, and until when it counts.
    former: Option<(u64, Monotonic)>,
    silence: Duration,
}

impl LeaseGate {
    /// A gate that obeys nobody yet. `silence` is how long the holder may send no valid command
    /// before its successor may take over: [`takeover_silence`].
    #[must_use]
    pub fn new(silence: Duration) -> Self {
        Self {
            epoch: 0,
            holder: 0,
            successor: 0,
            probation: false,
            heard: Monotonic(0),
            yields: false,
            yielded: false,
            former: None,
            silence,
        }
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

    /// Who may go on after the holder; 0 for nobody.
    #[must_use]
    pub fn successor(&self) -> u64 {
        self.successor
    }

    /// Whether the successor may take back at any moment.
    #[must_use]
    pub fn is_on_probation(&self) -> bool {
        self.probation
    }

    /// Whether the holder's last command yielded to its successor.
    #[must_use]
    pub fn yields(&self) -> bool {
        self.yields
    }

    /// Whether the holder has sent no valid command for so long that its successor may take over.
    #[must_use]
    pub fn is_silent(&self, now: Monotonic) -> bool {
        self.silent_for(now) >= self.silence
    }

    /// For how long the holder has sent no valid command.
    #[must_use]
    pub fn silent_for(&self, now: Monotonic) -> Duration {
        now.since(self.heard)
    }

    /// Takes the supervisor's word. An older epoch is ignored; the same epoch updates the successor
    /// (and the holder: where a takeover and a grant collided, the grant wins at every driver).
    ///
    /// A holder that is granted a newer epoch learns of it a little later than we do: until then its
    /// commands of the old one still count.
    pub fn grant(&mut self, now: Monotonic, lease: &Lease) {
        if lease.epoch < self.epoch {
            return;
        }
        if (lease.epoch, lease.holder) != (self.epoch, self.holder) {
            let again = lease.holder == self.holder && self.holder != 0;
            self.former = again.then(|| (self.epoch, now + self.silence * 2 / 3));
            (self.heard, self.yields, self.yielded) = (now, false, false);
        }
        self.epoch = lease.epoch;
        self.holder = lease.holder;
        self.successor = lease.successor;
        self.probation = lease.probation;
    }

    /// Whether `boot_id` may command under `epoch` now. Changes nothing.
    ///
    /// # Errors
    /// [`Refusal::Epoch`] or [`Refusal::NotHolder`].
    pub fn check(&self, now: Monotonic, boot_id: u64, epoch: u64) -> Result<Claim, Refusal> {
        if self.epoch == 0 || boot_id == 0 {
            return Err(Refusal::Epoch);
        }
        let is_holder = boot_id == self.holder;
        match epoch.checked_sub(self.epoch) {
            Some(0) if is_holder => Ok(Claim::Holder),
            Some(0) => Err(Refusal::NotHolder),
            Some(1) if boot_id == self.successor => self.succession(now),
            Some(1) => Err(Refusal::NotHolder),
            Some(2) if is_holder && self.yielded => Ok(Claim::Return),
            None if is_holder && self.counts_still(now, epoch) => Ok(Claim::Former),
            _ => Err(Refusal::Epoch),
        }
    }

    fn succession(&self, now: Monotonic) -> Result<Claim, Refusal> {
        match () {
            () if self.probation => Ok(Claim::Reclaim),
            () if self.yields => Ok(Claim::Yielded),
            () if self.is_silent(now) => Ok(Claim::Takeover),
            () => Err(Refusal::Epoch),
        }
    }

    fn counts_still(&self, now: Monotonic, epoch: u64) -> bool {
        self.former.is_some_and(|(former, until)| epoch == former && now < until)
    }

    /// Notes a valid command at `now` and whether it `yields`: the holder lives, or somebody else
    /// becomes the holder. After a yield the two change places, and the new holder is on probation.
    pub fn obey(&mut self, now: Monotonic, claim: Claim, yields: bool) {
        self.heard = self.heard.max(now);
        let (predecessor, successor) = (self.holder, self.successor);
        match claim {
            Claim::Former => {}
            Claim::Holder => {
                self.yields = yields;
                self.yielded |= yields;
                self.former = None;
            }
            Claim::Takeover | Claim::Reclaim => self.pass(1, successor, 0),
            Claim::Yielded => self.pass(1, successor, predecessor),
            Claim::Return => self.pass(2, predecessor, 0),
        }
    }

    fn pass(&mut self, epochs: u64, holder: u64, successor: u64) {
        self.epoch = self.epoch.saturating_add(epochs);
        (self.holder, self.successor) = (holder, successor);
        self.probation = successor != 0;
        (self.yields, self.yielded, self.former) = (false, false, None);
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
        gate.obey(at(10), Claim::Holder, false);
        assert_eq!(gate.check(at(21), 71, 5), Err(Refusal::Epoch));
    }

    #[test]
    fn the_successor_takes_over_after_silence_and_the_old_epoch_is_gone_for_ever() {
        let mut gate = granted();
        gate.obey(at(10), Claim::Holder, false);
        assert_eq!(gate.check(at(22), 72, 5), Err(Refusal::NotHolder));
        let claim = gate.check(at(22), 71, 5).unwrap();
        assert_eq!(claim, Claim::Takeover);
        gate.obey(at(22), claim, false);
        assert_eq!(gate.check(at(23), 70, 4), Err(Refusal::Epoch));
        assert_eq!(gate.check(at(23), 71, 5), Ok(Claim::Holder));
        gate.grant(at(24), &lease(4, 70, 71));
        assert_eq!(gate.check(at(24), 70, 4), Err(Refusal::Epoch));
    }

    #[test]
    fn a_ratified_takeover_names_the_next_successor() {
        let mut gate = granted();
        gate.obey(at(20), Claim::Takeover, false);
        gate.grant(at(30), &lease(5, 71, 73));
        assert_eq!(gate.check(at(31), 73, 6), Err(Refusal::Epoch));
        assert_eq!(gate.check(at(33), 73, 6), Ok(Claim::Takeover));
    }

    #[test]
    fn a_yield_makes_the_predecessor_the_successor_on_probation() {
        let mut gate = granted();
        gate.obey(at(10), Claim::Holder, true);
        assert_eq!(gate.check(at(10), 72, 5), Err(Refusal::NotHolder));
        assert_eq!(gate.check(at(10), 71, 5), Ok(Claim::Yielded));
        gate.obey(at(11), Claim::Yielded, false);
        assert_eq!((gate.epoch(), gate.holder(), gate.successor()), (5, 71, 70));
        assert_eq!(gate.check(at(11), 70, 4), Err(Refusal::Epoch));
        assert_eq!(gate.check(at(12), 70, 6), Ok(Claim::Reclaim));
        gate.obey(at(12), Claim::Reclaim, false);
        assert_eq!((gate.epoch(), gate.holder(), gate.successor()), (6, 70, 0));
        assert_eq!(gate.check(at(99), 71, 7), Err(Refusal::NotHolder));
    }

    #[test]
    fn a_yield_taken_back_gives_nothing() {
        let mut gate = granted();
        gate.obey(at(10), Claim::Holder, true);
        gate.obey(at(14), Claim::Holder, false);
        assert_eq!(gate.check(at(15), 71, 5), Err(Refusal::Epoch));
    }

    #[test]
    fn the_end_of_the_probation_ends_the_right_to_take_back() {
        let mut gate = granted();
        gate.obey(at(10), Claim::Holder, true);
        gate.obey(at(11), Claim::Yielded, false);
        gate.grant(at(20), &lease(5, 71, 70));
        assert_eq!(gate.check(at(21), 70, 6), Err(Refusal::Epoch));
        assert_eq!(gate.check(at(23), 70, 6), Ok(Claim::Takeover));
    }

    #[test]
    fn a_gate_that_missed_the_epoch_in_between_accepts_who_yielded_and_took_back() {
        let mut gate = granted();
        assert_eq!(gate.check(at(10), 70, 6), Err(Refusal::Epoch));
        gate.obey(at(10), Claim::Holder, true);
        assert_eq!(gate.check(at(12), 70, 6), Ok(Claim::Return));
        gate.obey(at(12), Claim::Return, false);
        assert_eq!(gate.check(at(13), 71, 5), Err(Refusal::Epoch));
        assert_eq!(gate.check(at(13), 70, 6), Ok(Claim::Holder));
    }

    #[test]
    fn a_holder_granted_a_newer_epoch_may_finish_the_old_one_until_it_uses_the_new() {
        let mut gate = granted();
        gate.grant(at(20), &lease(6, 70, 73));
        assert_eq!(gate.check(at(21), 70, 4), Ok(Claim::Former));
        gate.obey(at(21), Claim::Former, false);
        assert_eq!(gate.epoch(), 6);
        assert_eq!(gate.check(at(28), 70, 4), Err(Refusal::Epoch));
        gate.grant(at(30), &lease(8, 70, 73));
        gate.obey(at(31), Claim::Holder, false);
        assert_eq!(gate.check(at(32), 70, 6), Err(Refusal::Epoch));
        gate.grant(at(40), &lease(9, 71, 0));
        assert_eq!(gate.check(at(41), 70, 8), Err(Refusal::Epoch));
    }

    proptest! {
        #[test]
        fn the_epoch_never_falls(steps in prop::collection::vec((0_u64..8, 0_u64..4, 0_u64..4, 0_u64..20, any::<(bool, bool, bool)>()), 0..60)) {
            let mut gate = LeaseGate::new(SILENCE);
            let mut now = 0;
            for (epoch, holder, other, wait, (is_grant, yields, probation)) in steps {
                now += wait;
                let before = gate.epoch();
                if is_grant {
                    gate.grant(at(now), &Lease { probation, ..lease(epoch, holder, other) });
                } else if let Ok(claim) = gate.check(at(now), holder, epoch) {
                    gate.obey(at(now), claim, yields);
                    if claim != Claim::Former {
                        prop_assert_eq!((gate.epoch(), gate.holder()), (epoch, holder));
                    }
                }
                prop_assert!(gate.epoch() >= before);
            }
        }
    }
}
