//! The lease: who may command, and who may take over without asking.
//!
//! The rule: an epoch belongs to one process for ever. Whoever was once named successor owns
//! `epoch + 1`, even when it never used it, and a holder that was asked to yield owns `epoch + 2`, in
//! which it may take back; nobody else is ever granted those numbers.

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
    /// It took the lease back because its successor did wrong, not for silence.
    pub found_bad: bool,
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

/// The lease and what was promised with it: what must outlive the process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeaseRecord {
    /// The lease in force.
    pub lease: Lease,
    /// Who was ever named successor in this epoch, and so owns the next; 0 for nobody.
    pub promised: u64,
    /// The holder was asked to yield in this epoch, and so owns the one after the next.
    pub yielded: bool,
    /// Processes from which the lease was taken back: never named again.
    pub disgraced: Vec<u64>,
}

/// A controller that may hold the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Node name.
    pub name: String,
    /// Process start.
    pub boot_id: u64,
    /// What it does as a shadow agrees with the holder.
    pub ready: bool,
}

/// Disgraced processes remembered: those that were restarted meanwhile do no harm.
const REMEMBERED: usize = 8;

/// The book of the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseBook {
    pub(crate) record: LeaseRecord,
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
    /// A hand-over is under way: the successor stays.
    pub busy: bool,
    /// Steady clock.
    pub now: Monotonic,
    /// ROS time, for the record.
    pub stamp: Stamp,
}

impl LeaseBook {
    /// Goes on from a stored lease.
    #[must_use]
    pub fn new(mut record: LeaseRecord) -> Self {
        record.lease.transfer = false;
        let live = record.lease.holder != 0;
        Self { record, holder_name: "control".to_owned(), live }
    }

    /// The lease in force.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.record.lease
    }

    /// Whether the holder lives.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.lease().holder != 0 && self.live
    }

    /// Name of the last known holder.
    #[must_use]
    pub fn holder_name(&self) -> &str {
        &self.holder_name
    }

    /// Whether the lease was taken back from this process.
    #[must_use]
    pub fn is_disgraced(&self, boot_id: u64) -> bool {
        self.record.disgraced.contains(&boot_id)
    }

    /// Ratifies a takeover, replaces a lost holder, names a successor.
    pub fn decide(&mut self, situation: &Situation, log: &mut Vec<LogLine>) -> Grant {
        let candidates = situation.registry.candidates(situation.now);
        if let Some(grant) = self.ratify(situation, &candidates, log) {
            return grant;
        }
        let holder = candidates.iter().find(|c| c.boot_id == self.lease().holder);
        if let Some(holder) = holder {
            self.holder_name.clone_from(&holder.name);
        }
        let was_live = self.live;
        self.live =
            holder.is_some() || (situation.lenient && self.lease().holder != 0 && self.live);
        if self.live {
            let settled = holder.is_some() && !situation.lenient && !situation.busy;
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
        candidates: &[Candidate],
        log: &mut Vec<LogLine>,
    ) -> Option<Grant> {
        let report = situation.report?;
        let LeaseRecord { lease, promised, yielded, .. } = &self.record;
        if report.epoch <= lease.epoch || report.epoch > ABSURD_EPOCH {
            return None;
        }
        let (sender, ahead) = (report.boot_id, report.epoch - lease.epoch);
        match ahead {
            1 if sender == *promised && *yielded => self.ratify_yield(situation.stamp, log),
            1 if sender == *promised => {
                let bad = (lease.probation && report.found_bad).then_some(lease.holder);
                self.disgrace(bad, log);
                self.grant(sender, candidates, situation.stamp, log);
            }
            2 if sender == lease.holder && *yielded => {
                self.disgrace(report.found_bad.then_some(*promised), log);
                self.grant(sender, candidates, situation.stamp, log);
            }
            _ => {
                self.recover(&report, candidates, situation.stamp, log);
                return Some(Grant::Replaced);
            }
        }
        self.name_holder(candidates);
        Some(Grant::Takeover)
    }

    /// Who yielded is the successor now, and may take back.
    fn ratify_yield(&mut self, stamp: Stamp, log: &mut Vec<LogLine>) {
        let before = &self.record.lease;
        let (epoch, predecessor) = (before.epoch.saturating_add(1), before.holder);
        self.record.lease = Lease {
            epoch,
            holder: self.record.promised,
            successor: predecessor,
            transfer: false,
            probation: true,
            since: stamp,
        };
        (self.record.promised, self.record.yielded, self.live) = (predecessor, false, true);
        log.push(LogLine::info(format!("the lease was handed over, epoch {epoch}, on probation")));
    }

    fn disgrace(&mut self, boot_id: Option<u64>, log: &mut Vec<LogLine>) {
        let Some(boot_id) = boot_id else { return };
        let disgraced = &mut self.record.disgraced;
        disgraced.push(boot_id);
        disgraced.drain(..disgraced.len().saturating_sub(REMEMBERED));
        log.push(LogLine::error(format!(
            "the lease was taken back from {} (boot id {boot_id:016x}): restart it before it is named again",
            self.holder_name
        )));
    }

    fn recover(
        &mut self,
        report: &ControlReport,
        candidates: &[Candidate],
        stamp: Stamp,
        log: &mut Vec<LogLine>,
    ) {
        log.push(LogLine::error(format!(
            "a controller commands in epoch {}, the highest known here is {}: the state file was lost",
            report.epoch,
            self.lease().epoch
        )));
        // Whom the lost state promised the next epochs is unknown: nobody gets those.
        self.record = LeaseRecord {
            lease: Lease {
                epoch: report.epoch,
                holder: report.boot_id,
                since: stamp,
                ..Lease::default()
            },
            promised: u64::MAX,
            yielded: true,
            disgraced: std::mem::take(&mut self.record.disgraced),
        };
        self.live = candidates.iter().any(|c| c.boot_id == report.boot_id);
        if self.live {
            self.grant(report.boot_id, candidates, stamp, log);
        }
    }

    fn name_holder(&mut self, candidates: &[Candidate]) {
        if let Some(holder) = candidates.iter().find(|c| c.boot_id == self.record.lease.holder) {
            self.holder_name.clone_from(&holder.name);
        }
    }

    /// Finds a holder after a loss, the successor first.
    fn replace(&mut self, candidates: &[Candidate], stamp: Stamp, log: &mut Vec<LogLine>) -> Grant {
        let successor = self.lease().successor;
        let able = || candidates.iter().filter(|c| !self.is_disgraced(c.boot_id));
        let heir = able().find(|c| c.boot_id == successor);
        let next = heir.or(able().find(|c| c.ready)).or(able().next());
        let Some(next) = next.map(|c| c.boot_id) else { return Grant::Unchanged };
        let (first, inherits) = (self.lease().holder == 0, heir.is_some());
        self.grant(next, candidates, stamp, log);
        match (inherits, first) {
            (true, _) => Grant::Takeover,
            (false, true) => Grant::Granted,
            (false, false) => Grant::Replaced,
        }
    }

    /// Who could be named beside this holder.
    fn standby<'a>(&self, holder: u64, candidates: &'a [Candidate]) -> Option<&'a Candidate> {
        let able = |c: &&Candidate| c.ready && c.boot_id != holder && !self.is_disgraced(c.boot_id);
        candidates.iter().find(able)
    }

    /// Names a successor beside a live holder.
    fn provide(&mut self, candidates: &[Candidate], stamp: Stamp, log: &mut Vec<LogLine>) -> Grant {
        let (holder, successor) = (self.lease().holder, self.lease().successor);
        let present = candidates.iter().any(|c| c.boot_id == successor);
        match self.standby(holder, candidates) {
            Some(standby) if !present || successor == 0 => {
                self.name(standby, candidates, stamp, log);
                Grant::Granted
            }
            _ => Grant::Unchanged,
        }
    }

    /// Makes a candidate the successor; where another owns the next epoch already, in a newer one.
    pub(crate) fn name(
        &mut self,
        successor: &Candidate,
        candidates: &[Candidate],
        stamp: Stamp,
        log: &mut Vec<LogLine>,
    ) {
        let boot = successor.boot_id;
        if self.record.promised != 0 && self.record.promised != boot {
            self.grant(self.lease().holder, candidates, stamp, log);
        }
        (self.record.lease.successor, self.record.promised) = (boot, boot);
        let next = self.lease().epoch.saturating_add(1);
        log.push(LogLine::info(format!("{} may take over in epoch {next}", successor.name)));
    }

    /// The next epoch that nobody but `holder` may have used.
    fn next_epoch(&self, holder: u64) -> u64 {
        let LeaseRecord { lease, promised, yielded, .. } = &self.record;
        let ahead = match () {
            () if *yielded => {
                if holder == lease.holder {
                    2
                } else {
                    3
                }
            }
            () if holder == *promised || *promised == 0 => 1,
            () => 2,
        };
        lease.epoch.saturating_add(ahead)
    }

    /// The only place where the epoch rises for a holder. The successor is whoever is ready.
    fn grant(
        &mut self,
        holder: u64,
        candidates: &[Candidate],
        stamp: Stamp,
        log: &mut Vec<LogLine>,
    ) {
        let epoch = self.next_epoch(holder);
        let successor = self.standby(holder, candidates).map_or(0, |c| c.boot_id);
        self.record.lease = Lease { epoch, holder, successor, since: stamp, ..Lease::default() };
        (self.record.promised, self.record.yielded) = (successor, false);
        self.live = true;
        self.name_holder(candidates);
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
            Self {
                registry,
                book: LeaseBook::new(LeaseRecord { lease, promised, ..LeaseRecord::default() }),
                log: Vec::new(),
            }
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
                    found_bad: true,
                }),
                lenient: false,
                busy: false,
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
