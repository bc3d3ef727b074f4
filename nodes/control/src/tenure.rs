//! Whether this process may command, and under which epoch.
//!
//! The one rule: nothing is sent under an epoch that the drivers would not accept from us. This
//! process judges every command it hears, its own among them, with the very gate of the drivers, and
//! claims the lease when that gate says that they would let it; what the drivers then report has the
//! last word. The newest epoch in force at any one of them is in force: a claim that only one has
//! heard ends the holder's tenure, so that no joint is left behind.
//!
//! Terms: a *claim* is a command under an epoch that no driver is known to obey; to *yield* is to
//! let the successor claim while one still commands; who yielded *lingers* until all drivers have
//! gone over.

use std::time::Duration;
use vocabulary::command::{JointCommand, Lease, Refusal};
use vocabulary::gate::{Admitted, CommandGate, GateConfig};
use vocabulary::lease::{Claim, LeaseGate};
use vocabulary::time::{Monotonic, Received};

/// Periods without a pause of its own after which a process may claim, and after which a claim that
/// nobody follows, because nobody follows anything, counts.
const RESTED: u32 = 3;

/// Periods of silence after which a process claims that was itself held up lately: what holds it up,
/// holds the holder up as well.
const HELD_UP: u32 = 9;

/// Periods after which a claim that drivers do not follow is given up, and that it waits then.
const HOPELESS: u32 = 25;

/// Periods for which who yielded goes on commanding after it heard its successor.
const LINGER: u32 = 3;

/// What a process does with the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Sends nothing.
    Shadow,
    /// Sends commands of an epoch that no driver is known to obey.
    Claiming { epoch: u64, right: Claim, since: Monotonic },
    /// Holds the lease.
    Holding { epoch: u64 },
    /// Has yielded to a successor that was heard; goes on until all drivers follow that one.
    Lingering { epoch: u64, until: Monotonic },
}

/// A change worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The supervisor granted this epoch.
    Granted(u64),
    /// Claims this epoch by this right.
    Claims(u64, Claim),
    /// The drivers follow the claim.
    Succeeded(u64),
    /// The claim is given up.
    BackedOff(u64),
    /// The first epoch is over, the second is in force.
    Lost(u64, u64),
}

/// What a driver's feedback says of the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DriverWord {
    /// Epoch in force there; 0 before the first grant.
    pub epoch: u64,
    /// Process start of whom it obeys.
    pub holder: u64,
    /// It follows a command now.
    pub follows: bool,
}

/// What became of a command that was heard.
#[allow(clippy::large_enum_variant)] // lives for one call
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Heard {
    /// An echo of our own.
    Own,
    /// Drivers obey it.
    Obeyed(Admitted),
    /// Drivers refuse it.
    Refused(Refusal),
}

/// The lease as one controller sees it.
#[derive(Debug, Clone)]
pub struct Tenure {
    boot_id: u64,
    period: Duration,
    gate: CommandGate,
    standing: Standing,
    /// Epochs up to this one are over for us.
    outlived: u64,
    /// The supervisor asks us to yield.
    transfer: bool,
    stepped: Monotonic,
    /// Since when this process has run without a pause.
    awake: Monotonic,
    /// When a cycle of this process was late last.
    held_up: Monotonic,
    /// Claims nothing before.
    patient_until: Monotonic,
    /// The last claim: drivers may follow it after we gave it up.
    claimed: Option<(u64, Claim)>,
    /// How long the last command of another was on its way to us, waiting for our cycle included.
    lag: Duration,
    changes: Vec<Change>,
}

impl Tenure {
    /// Without a lease. `gate` is what the drivers check, `period` the time between two commands.
    #[must_use]
    pub fn new(boot_id: u64, gate: GateConfig, period: Duration) -> Self {
        Self {
            boot_id,
            period,
            gate: CommandGate::new(gate),
            standing: Standing::Shadow,
            outlived: 0,
            transfer: false,
            stepped: Monotonic(0),
            awake: Monotonic(0),
            held_up: Monotonic(0),
            patient_until: Monotonic(0),
            claimed: None,
            lag: Duration::ZERO,
            changes: Vec::with_capacity(8),
        }
    }

    /// The epoch under which to command now; none: be silent.
    #[must_use]
    pub fn epoch(&self) -> Option<u64> {
        match self.standing {
            Standing::Shadow => None,
            Standing::Claiming { epoch, .. }
            | Standing::Holding { epoch }
            | Standing::Lingering { epoch, .. } => Some(epoch),
        }
    }

    /// The epoch held for certain; 0 for none.
    #[must_use]
    pub fn held(&self) -> u64 {
        match self.standing {
            Standing::Holding { epoch } => epoch,
            _ => 0,
        }
    }

    /// Whether the commands sent now yield to the successor.
    #[must_use]
    pub fn yields(&self) -> bool {
        match self.standing {
            Standing::Holding { .. } => self.transfer,
            Standing::Lingering { .. } => true,
            _ => false,
        }
    }

    /// Whether another process holds the lease and we may take it back at any moment.
    #[must_use]
    pub fn watches(&self) -> bool {
        let lease = self.lease();
        lease.is_on_probation() && lease.successor() == self.boot_id
    }

    /// The lease as the drivers enforce it, to the best of our knowledge.
    #[must_use]
    pub fn lease(&self) -> &LeaseGate {
        self.gate.lease()
    }

    /// Commands refused, by reason.
    #[must_use]
    pub fn refused(&self) -> vocabulary::gate::RefusalCounts {
        self.gate.refused()
    }

    /// The changes since the last call.
    pub fn changes(&mut self) -> impl Iterator<Item = Change> + '_ {
        self.changes.drain(..)
    }

    /// A cycle begins: notices pauses of this process itself.
    pub fn tick(&mut self, now: Monotonic) {
        let interval = now.since(self.stepped);
        if interval > self.period * 2 {
            self.awake = now;
        }
        if interval > self.period * 3 / 2 {
            self.held_up = now;
        }
        self.stepped = now;
        if let Standing::Lingering { epoch, until } = self.standing
            && now >= until
        {
            self.step_down(epoch, self.lease().epoch());
        }
    }

    /// Takes the supervisor's word.
    pub fn hear_lease(&mut self, now: Monotonic, lease: &Lease) {
        self.gate.grant(now, lease);
        let mine = self.epoch().unwrap_or(0);
        if lease.holder == self.boot_id {
            if lease.epoch > mine && lease.epoch > self.outlived {
                self.standing = Standing::Holding { epoch: lease.epoch };
                self.changes.push(Change::Granted(lease.epoch));
            } else if let Standing::Claiming { epoch, .. } = self.standing
                && epoch == lease.epoch
            {
                self.succeed(epoch);
            }
            if lease.epoch == self.held() {
                self.transfer = lease.transfer && lease.successor != 0;
            }
        } else if mine != 0 && lease.epoch >= mine && !self.lingers() {
            self.step_down(mine, lease.epoch);
        }
    }

    fn lingers(&self) -> bool {
        matches!(self.standing, Standing::Lingering { .. })
    }

    /// Judges a command on the wire as the drivers do.
    pub fn hear_command(&mut self, received: &Received<JointCommand>) -> Heard {
        let Received { at, value: command } = received;
        if command.boot_id == self.boot_id {
            return Heard::Own;
        }
        let before = self.lease().epoch();
        match self.gate.admit(*at, command) {
            Err(reason) => Heard::Refused(reason),
            Ok(admitted) => {
                let ahead = command.setpoint_at.seconds_from(command.sent_at);
                let sent = admitted.setpoint_at.shifted(-ahead);
                self.lag = at.since(sent).min(self.period);
                self.note_other(*at, before);
                Heard::Obeyed(admitted)
            }
        }
    }

    /// Somebody else is obeyed: what does that make of us?
    fn note_other(&mut self, now: Monotonic, before: u64) {
        let newer = self.lease().epoch();
        match self.standing {
            Standing::Holding { epoch } if newer > epoch => {
                if self.yields() && newer == epoch.saturating_add(1) && before == epoch {
                    let until = now + self.period * LINGER;
                    self.standing = Standing::Lingering { epoch, until };
                } else {
                    self.step_down(epoch, newer);
                }
            }
            Standing::Claiming { epoch, .. } if newer >= epoch => self.step_down(epoch, newer),
            // Whom we thought silent speaks.
            Standing::Claiming { epoch, right: Claim::Takeover, .. } => self.back_off(now, epoch),
            _ => {}
        }
    }

    /// What each driver heard says of the lease.
    pub fn hear_drivers(
        &mut self,
        now: Monotonic,
        words: impl Iterator<Item = DriverWord> + Clone,
    ) {
        let Some((newest, holder)) = words.clone().map(|w| (w.epoch, w.holder)).max() else {
            return;
        };
        let ours = holder == self.boot_id;
        match self.standing {
            Standing::Shadow => {
                let (epoch, right) = self.claimed.unwrap_or((0, Claim::Takeover));
                let over = epoch <= self.outlived || epoch < self.lease().epoch();
                if ours && newest == epoch && !over {
                    self.standing = Standing::Claiming { epoch, right, since: now };
                    self.take(now);
                }
            }
            // A newer one of ours is a grant that the drivers heard first.
            Standing::Holding { epoch } if newest > epoch && !ours => {
                self.outrun(now, epoch, (newest, holder));
            }
            Standing::Holding { .. } => {}
            Standing::Lingering { epoch, .. } => {
                if newest > epoch && words.clone().all(|w| w.epoch == 0 || w.epoch > epoch) {
                    self.step_down(epoch, newest);
                }
            }
            Standing::Claiming { epoch, since, .. } => {
                let waited = now.since(since);
                let idle = || words.clone().all(|word| !word.follows);
                if newest >= epoch && !ours {
                    self.step_down(epoch, newest);
                } else if newest == epoch || waited >= self.period * RESTED && idle() {
                    self.take(now);
                } else if waited >= self.period * HOPELESS {
                    self.back_off(now + self.period * HOPELESS, epoch);
                }
            }
        }
    }

    /// The drivers know of a newer epoch before we do: it is the successor's.
    fn outrun(&mut self, now: Monotonic, epoch: u64, (newest, holder): (u64, u64)) {
        let yielded = self.yields() && newest == epoch.saturating_add(1);
        if newest == self.lease().epoch().saturating_add(1) {
            let successor = if yielded { self.boot_id } else { 0 };
            let probation = yielded;
            let lease = Lease { epoch: newest, holder, successor, probation, ..Lease::default() };
            self.gate.grant(now, &lease);
        }
        if yielded {
            self.standing = Standing::Lingering { epoch, until: now + self.period * LINGER };
        } else {
            self.step_down(epoch, newest);
        }
    }

    /// Claims the lease when the drivers would let us; at once when on probation the present holder
    /// was `found_bad`. Returns whether it does so now. Silence counts from when the last command was
    /// sent: the drivers have heard it before they hear us.
    pub fn claim(&mut self, now: Monotonic, found_bad: bool) -> bool {
        let lease = self.lease();
        let rested = now.since(self.awake) >= self.period * RESTED;
        if self.standing != Standing::Shadow || !rested || now < self.patient_until {
            return false;
        }
        let epoch = lease.epoch().saturating_add(1);
        let then = now + self.lag;
        let right = match lease.check(then, self.boot_id, epoch) {
            Ok(Claim::Reclaim) if !found_bad && !lease.is_silent(then) => return false,
            Ok(Claim::Takeover | Claim::Reclaim) if !found_bad && self.hesitates(now, then) => {
                return false;
            }
            Ok(right @ (Claim::Takeover | Claim::Yielded | Claim::Reclaim)) => right,
            _ => return false,
        };
        self.standing = Standing::Claiming { epoch, right, since: now };
        self.claimed = Some((epoch, right));
        self.changes.push(Change::Claims(epoch, right));
        true
    }

    /// Whether cycles of this process were late just now: what it sees then says little of others.
    #[must_use]
    pub fn was_held_up(&self, now: Monotonic) -> bool {
        now.since(self.held_up) < self.period * HELD_UP
    }

    /// When a cycle of this process was late last.
    #[must_use]
    pub fn held_up(&self) -> Monotonic {
        self.held_up
    }

    /// Whether a silence counts for little, because this process was held up as well.
    fn hesitates(&self, now: Monotonic, then: Monotonic) -> bool {
        self.was_held_up(now) && self.lease().silent_for(then) < self.period * HELD_UP
    }

    /// Notes a command of our own before it is sent; as the drivers will obey it, if they obey us
    /// for certain.
    ///
    /// # Errors
    /// Why the drivers would refuse it: then it must not be sent.
    pub fn sends(
        &mut self,
        now: Monotonic,
        command: &JointCommand,
    ) -> Result<Option<Admitted>, Refusal> {
        match self.standing {
            Standing::Holding { .. } => self.gate.admit(now, command).map(Some),
            _ => Ok(None),
        }
    }

    /// The drivers follow our claim: the gate here goes where theirs are.
    fn take(&mut self, now: Monotonic) {
        let Standing::Claiming { epoch, right, .. } = self.standing else { return };
        let predecessor = self.lease().holder();
        let yielded = right == Claim::Yielded && self.lease().epoch() < epoch;
        if self.lease().epoch() < epoch {
            let successor = if yielded { predecessor } else { 0 };
            let holder = self.boot_id;
            let lease = Lease { epoch, holder, successor, probation: yielded, ..Lease::default() };
            self.gate.grant(now, &lease);
        }
        self.succeed(epoch);
    }

    fn succeed(&mut self, epoch: u64) {
        self.standing = Standing::Holding { epoch };
        self.transfer = false;
        self.changes.push(Change::Succeeded(epoch));
    }

    fn back_off(&mut self, patient_until: Monotonic, epoch: u64) {
        self.standing = Standing::Shadow;
        self.patient_until = patient_until;
        self.changes.push(Change::BackedOff(epoch));
    }

    fn step_down(&mut self, epoch: u64, newer: u64) {
        self.standing = Standing::Shadow;
        self.transfer = false;
        self.outlived = newer.max(epoch);
        self.changes.push(Change::Lost(epoch, newer));
    }
}
