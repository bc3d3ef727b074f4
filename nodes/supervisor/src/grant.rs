//! The lease: who may command, and who may take over without asking.
//!
//! The rule: an epoch belongs to one process for ever. Whoever was once named successor owns
//! `epoch + 1`, even when it never used it; nobody else is ever granted that number.

use vocabulary::command::Lease;
use vocabulary::health::LogLine;
use vocabulary::time::{Monotonic, Stamp};

use crate::watch::Registry;

/// What a controller says of itself in `ControlState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlReport {
    /// Process start of the sender.
    pub boot_id: u64,
    /// The epoch it commands under; 0 for none.
    pub epoch: u64,
    /// It stands on an unfinished path and waits for a permit.
    pub paused: bool,
    /// It hears all joints and writes commands.
    pub ready: bool,
}

/// An epoch no honest sender reaches; a report beyond it is broken.
const ABSURD_EPOCH: u64 = 1 << 53;

/// What [`LeaseBook::decide`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Nothing changed.
    Unchanged,
    /// A holder was found where there was none before, or a successor was named.
    Granted,
    /// The successor took the lease; motion may go on.
    Takeover,
    /// Somebody else than the successor got the lease; motion was interrupted.
    Replaced,
}

/// The lease and what was promised with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseBook {
    lease: Lease,
    /// Who was ever named successor in this epoch.
    promised: u64,
    /// Name of the holder, for people.
    holder_name: String,
    live: bool,
}

/// What [`LeaseBook::decide`] looks at.
pub struct Situation<'a> {
    /// Everybody known.
    pub registry: &'a Registry,
    /// What a controller reported since the last decision.
    pub report: Option<ControlReport>,
    /// Nobody is judged lost.
    pub lenient: bool,
    /// Steady clock.
    pub now: Monotonic,
    /// ROS time, for the record.
    pub stamp: Stamp,
}

impl LeaseBook {
    /// Goes on from a stored lease.
    #[must_use]
    pub fn new(lease: Lease, promised: u64) -> Self {
        let live = lease.holder != 0;
        Self { lease, promised, holder_name: "control".to_owned(), live }
    }

    /// The lease in force.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Who was ever authorised for `epoch + 1`.
    #[must_use]
    pub fn promised(&self) -> u64 {
        self.promised
    }

    /// Whether the holder lives.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.lease.holder != 0 && self.live
    }

    /// Name of the last known holder.
    #[must_use]
    pub fn holder_name(&self) -> &str {
        &self.holder_name
    }

    /// Ratifies a takeover, replaces a lost holder, names a successor.
    pub fn decide(&mut self, situation: &Situation, log: &mut Vec<LogLine>) -> Grant {
        let candidates = situation.registry.candidates(situation.now);
        if let Some(grant) = self.ratify(situation, &candidates, log) {
            return grant;
        }
        let holder = candidates.iter().find(|(_, boot)| *boot == self.lease.holder);
        if let Some((name, _)) = holder {
            self.holder_name.clone_from(name);
        }
        let was_live = self.live;
        self.live = holder.is_some() || (situation.lenient && self.lease.holder != 0 && self.live);
        if self.live {
            let settled = holder.is_some() && !situation.lenient;
            return if settled {
                self.provide(&candidates, situation.stamp, log)
            } else {
                Grant::Unchanged
            };
        }
        if was_live {
            log.push(LogLine::error(format!(
                "{} lost the lease: silent or not active",
                self.holder_name
            )));
        }
        self.replace(&candidates, situation.stamp, log)
    }

    /// A report shows an epoch above ours: a takeover, or our state was lost.
    fn ratify(
        &mut self,
        situation: &Situation,
        candidates: &[(String, u64)],
        log: &mut Vec<LogLine>,
    ) -> Option<Grant> {
        let report = situation.report?;
        if report.epoch <= self.lease.epoch || report.epoch > ABSURD_EPOCH {
            return None;
        }
        if report.boot_id == self.promised && report.epoch == self.lease.epoch + 1 {
            self.grant(report.boot_id, candidates, situation.stamp, log);
            return Some(Grant::Takeover);
        }
        log.push(LogLine::error(format!(
            "a controller commands in epoch {}, the highest known here is {}: the state file was lost",
            report.epoch, self.lease.epoch
        )));
        self.lease = Lease {
            epoch: report.epoch,
            holder: report.boot_id,
            since: situation.stamp,
            ..Lease::default()
        };
        // Whom the lost state promised the next epoch is unknown: nobody gets that one.
        self.promised = u64::MAX;
        let known = candidates.iter().any(|(_, boot)| *boot == report.boot_id);
        self.live = known;
        if known {
            self.grant(report.boot_id, candidates, situation.stamp, log);
        }
        Some(Grant::Replaced)
    }

    /// Finds a holder after a loss, the successor first.
    fn replace(
        &mut self,
        candidates: &[(String, u64)],
        stamp: Stamp,
        log: &mut Vec<LogLine>,
    ) -> Grant {
        let successor = self.lease.successor;
        let heir = candidates.iter().find(|(_, boot)| *boot == successor);
        let Some((_, boot)) = heir.or(candidates.first()) else { return Grant::Unchanged };
        let (first, inherits) = (self.lease.holder == 0, heir.is_some());
        self.grant(*boot, candidates, stamp, log);
        match (inherits, first) {
            (true, _) => Grant::Takeover,
            (false, true) => Grant::Granted,
            (false, false) => Grant::Replaced,
        }
    }

    /// Names a successor beside a live holder.
    fn provide(
        &mut self,
        candidates: &[(String, u64)],
        stamp: Stamp,
        log: &mut Vec<LogLine>,
    ) -> Grant {
        let holder = self.lease.holder;
        let present = candidates.iter().any(|(_, boot)| *boot == self.lease.successor);
        let standby = candidates.iter().find(|(_, boot)| *boot != holder);
        let Some((name, boot)) = standby.filter(|_| !present || self.lease.successor == 0) else {
            return Grant::Unchanged;
        };
        if self.promised == 0 || self.promised == *boot {
            (self.lease.successor, self.promised) = (*boot, *boot);
            log.push(LogLine::info(format!(
                "{name} may take over in epoch {}",
                self.lease.epoch + 1
            )));
        } else {
            self.grant(holder, candidates, stamp, log);
        }
        Grant::Granted
    }

    /// The only place where the epoch rises for a holder.
    fn grant(
        &mut self,
        holder: u64,
        candidates: &[(String, u64)],
        stamp: Stamp,
        log: &mut Vec<LogLine>,
    ) {
        let reserved = self.promised != 0 && self.promised != holder;
        let epoch = self.lease.epoch.saturating_add(if reserved { 2 } else { 1 });
        let successor =
            candidates.iter().find(|(_, boot)| *boot != holder).map_or(0, |(_, boot)| *boot);
        if let Some((name, _)) = candidates.iter().find(|(_, boot)| *boot == holder) {
            self.holder_name.clone_from(name);
        }
        self.lease = Lease { epoch, holder, successor, since: stamp, ..Lease::default() };
        self.promised = successor;
        self.live = true;
        log.push(LogLine::info(format!("{} holds the lease, epoch {epoch}", self.holder_name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use vocabulary::health::{Heartbeat, Lifecycle};
    use vocabulary::joint::JointOrder;
    use vocabulary::time::Received;

    const MS: u64 = 1_000_000;

    struct Rig {
        registry: Registry,
        book: LeaseBook,
        log: Vec<LogLine>,
    }

    impl Rig {
        fn new(lease: Lease, promised: u64) -> Self {
            let joints = JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap();
            let registry = Registry::new(&Config::default(), &joints, Monotonic(0));
            Self { registry, book: LeaseBook::new(lease, promised), log: Vec::new() }
        }

        fn at(&mut self, ms: u64, controls: &[(&str, u64)], report: Option<(u64, u64)>) -> Grant {
            let beats: Vec<_> = controls
                .iter()
                .map(|(node, boot_id)| Received {
                    at: Monotonic(ms * MS),
                    value: Heartbeat {
                        node: (*node).to_owned(),
                        boot_id: *boot_id,
                        sequence: ms,
                        lifecycle: Lifecycle::Active,
                        ..Heartbeat::default()
                    },
                })
                .collect();
            self.registry.hear(&beats);
            self.registry.judge(Monotonic(ms * MS), false);
            let situation = Situation {
                registry: &self.registry,
                report: report.map(|(boot_id, epoch)| ControlReport {
                    boot_id,
                    epoch,
                    paused: false,
                    ready: true,
                }),
                lenient: false,
                now: Monotonic(ms * MS),
                stamp: Stamp(0),
            };
            self.book.decide(&situation, &mut self.log)
        }

        fn lease(&self) -> (u64, u64, u64) {
            let lease = self.book.lease();
            (lease.epoch, lease.holder, lease.successor)
        }
    }

    #[test]
    fn the_first_controller_gets_the_lease_and_the_second_is_named() {
        let mut rig = Rig::new(Lease::default(), 0);
        assert_eq!(rig.at(10, &[("control", 11)], None), Grant::Granted);
        assert_eq!(rig.lease(), (1, 11, 0));
        assert_eq!(rig.at(20, &[("control", 11), ("control_standby", 12)], None), Grant::Granted);
        assert_eq!(rig.lease(), (1, 11, 12));
    }

    #[test]
    fn a_silent_holder_is_followed_by_its_successor_in_the_promised_epoch() {
        let mut rig = Rig::new(
            Lease { epoch: 4, holder: 11, successor: 12, since: Stamp(0), ..Lease::default() },
            12,
        );
        rig.at(10, &[("control", 11), ("control_standby", 12)], None);
        assert_eq!(rig.at(170, &[("control_standby", 12)], None), Grant::Takeover);
        assert_eq!(rig.lease(), (5, 12, 0));
    }

    #[test]
    fn a_takeover_that_happened_already_is_ratified() {
        let mut rig = Rig::new(
            Lease { epoch: 4, holder: 11, successor: 12, since: Stamp(0), ..Lease::default() },
            12,
        );
        let both = [("control", 11), ("control_standby", 12)];
        assert_eq!(rig.at(10, &both, Some((12, 5))), Grant::Takeover);
        assert_eq!(rig.lease(), (5, 12, 11));
    }

    #[test]
    fn a_replaced_successor_makes_a_new_epoch_that_skips_the_promised_one() {
        let mut rig = Rig::new(
            Lease { epoch: 4, holder: 11, successor: 12, since: Stamp(0), ..Lease::default() },
            12,
        );
        rig.at(10, &[("control", 11), ("control_standby", 12)], None);
        rig.at(150, &[("control", 11)], None);
        assert_eq!(rig.at(200, &[("control", 11), ("control_standby", 13)], None), Grant::Granted);
        assert_eq!(rig.lease(), (6, 11, 13));
    }

    #[test]
    fn a_restarted_holder_gets_a_new_epoch_only_when_its_old_process_is_silent() {
        let mut rig = Rig::new(Lease::default(), 0);
        rig.at(10, &[("control", 11)], None);
        rig.at(60, &[("control", 21)], None);
        assert_eq!(rig.lease(), (1, 11, 21));
        assert_eq!(rig.at(200, &[("control", 21)], None), Grant::Takeover);
        assert_eq!(rig.lease(), (2, 21, 0));
    }

    #[test]
    fn a_higher_epoch_in_use_is_never_undercut() {
        let mut rig = Rig::new(Lease::default(), 0);
        assert_eq!(rig.at(10, &[("control", 11)], Some((11, 57))), Grant::Replaced);
        assert!(rig.lease().0 > 57, "{:?}", rig.lease());
    }

    #[test]
    fn nobody_to_replace_a_lost_holder_leaves_the_lease_with_it() {
        let mut rig = Rig::new(Lease::default(), 0);
        rig.at(10, &[("control", 11)], None);
        assert_eq!(rig.at(400, &[], None), Grant::Unchanged);
        assert!(!rig.book.is_held());
        rig.at(450, &[("control", 11)], None);
        assert!(rig.book.is_held());
        assert_eq!(rig.lease().0, 1);
    }
}
