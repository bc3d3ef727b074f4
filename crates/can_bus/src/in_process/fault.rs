//! What can be done to a bus on purpose.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use vocabulary::time::Monotonic;

use super::EndpointId;
use crate::frame::{Frame, Id};

/// Highest rate of a babbling node \[Hz\]: about what a wire of 1 Mbit/s carries.
const MAX_BABBLE: f64 = 20_000.0;

/// Which deliveries a fault touches; `None` means any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Select {
    /// Identifier and the bits of it that count, as `(0x180, 0x780)` for all TPDO1.
    pub id: Option<(u32, u32)>,
    /// The sender.
    pub from: Option<EndpointId>,
    /// The receiver.
    pub to: Option<EndpointId>,
}

impl Select {
    /// Exactly this 11-bit identifier.
    #[must_use]
    pub fn cob_id(id: u16) -> Self {
        Self { id: Some((id.into(), 0x1FFF_FFFF)), ..Self::default() }
    }

    fn matches(&self, frame: &Frame, from: EndpointId, to: EndpointId) -> bool {
        let raw = match frame.id() {
            Id::Standard(id) => id.into(),
            Id::Extended(id) => id,
        };
        self.id.is_none_or(|(id, mask)| raw & mask == id & mask)
            && self.from.is_none_or(|f| f == from)
            && self.to.is_none_or(|t| t == to)
    }
}

/// The kinds of fault.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    /// A delivery is lost with this probability.
    Loss {
        /// 0 to 1.
        probability: f64,
    },
    /// A delivery comes later with this probability; with jitter, or below certainty, frames
    /// overtake each other.
    Delay {
        /// 0 to 1.
        probability: f64,
        /// At least this much.
        delay: Duration,
        /// Up to this much more, drawn evenly.
        jitter: Duration,
    },
    /// A delivery comes twice with this probability.
    Duplicate {
        /// 0 to 1.
        probability: f64,
    },
    /// Every controller leaves the bus; all that waits is lost.
    BusOff,
    /// Every send is refused as if the queue were full (ENOBUFS).
    TxFull,
    /// A node without end sends this frame.
    Babble {
        /// What it sends.
        frame: Frame,
        /// How often \[Hz\], at most 20 000.
        rate: f64,
    },
}

/// A fault, whom it touches and how long it lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct BusFault {
    /// What happens.
    pub kind: FaultKind,
    /// To which deliveries (loss, delay, duplicate).
    pub select: Select,
    /// When it ends by itself; `None`: when it is removed.
    pub until: Option<Monotonic>,
}

impl BusFault {
    /// A fault for all, until removed.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, select: Select::default(), until: None }
    }
}

/// Names a fault that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub u64);

#[derive(Debug, Clone)]
struct Active {
    fault: BusFault,
    next_babble: Monotonic,
}

/// The faults in force.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    active: BTreeMap<FaultId, Active>,
    last: u64,
}

/// What becomes of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub copies: u32,
    pub delay: Duration,
}

fn happens(rng: &mut ChaCha8Rng, probability: f64) -> bool {
    probability > 0.0 && rng.random_bool(probability.clamp(0.0, 1.0))
}

impl Faults {
    pub(super) fn add(&mut self, fault: BusFault, now: Monotonic) -> FaultId {
        self.last += 1;
        let id = FaultId(self.last);
        self.active.insert(id, Active { fault, next_babble: now });
        id
    }

    pub(super) fn remove(&mut self, id: FaultId) -> bool {
        self.active.remove(&id).is_some()
    }

    pub(super) fn clear(&mut self) {
        self.active.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    pub(super) fn has(&self, wanted: &FaultKind) -> bool {
        self.active.values().any(|a| a.fault.kind == *wanted)
    }

    /// The next instant at which a fault does something by itself.
    pub(super) fn next_event(&self) -> Option<Monotonic> {
        let ends = self.active.values().filter_map(|a| a.fault.until);
        let babbles = self.active.values().filter_map(Active::babbles_at);
        ends.chain(babbles).min()
    }

    pub(super) fn expire(&mut self, now: Monotonic) {
        self.active.retain(|_, a| a.fault.until.is_none_or(|until| until > now));
    }

    /// The frames babbling nodes send up to `now`; what lies more than 10 ms back is skipped.
    pub(super) fn babble(&mut self, now: Monotonic) -> Vec<Frame> {
        let mut frames = Vec::new();
        let oldest = now - Duration::from_millis(10);
        for active in self.active.values_mut() {
            let FaultKind::Babble { frame, rate } = active.fault.kind else { continue };
            let Some(period) = babble_period(rate) else { continue };
            active.next_babble = active.next_babble.max(oldest);
            while active.next_babble <= now {
                frames.push(frame);
                active.next_babble = active.next_babble + period;
            }
        }
        frames
    }

    pub(super) fn fate(
        &self,
        rng: &mut ChaCha8Rng,
        frame: &Frame,
        from: EndpointId,
        to: EndpointId,
    ) -> Fate {
        let mut fate = Fate { copies: 1, delay: Duration::ZERO };
        for fault in self.active.values().map(|a| &a.fault) {
            if !fault.select.matches(frame, from, to) {
                continue;
            }
            match fault.kind {
                FaultKind::Loss { probability } if happens(rng, probability) => fate.copies = 0,
                FaultKind::Duplicate { probability } if happens(rng, probability) => {
                    fate.copies *= 2;
                }
                FaultKind::Delay { probability, delay, jitter } if happens(rng, probability) => {
                    let jitter = u64::try_from(jitter.as_nanos()).unwrap_or(u64::MAX);
                    let more = Duration::from_nanos(rng.random_range(0..=jitter));
                    fate.delay = fate.delay.saturating_add(delay).saturating_add(more);
                }
                _ => {}
            }
        }
        fate
    }
}

impl Active {
    fn babbles_at(&self) -> Option<Monotonic> {
        match self.fault.kind {
            FaultKind::Babble { rate, .. } => babble_period(rate).map(|_| self.next_babble),
            _ => None,
        }
    }
}

fn babble_period(rate: f64) -> Option<Duration> {
    (rate > 0.0).then(|| Duration::from_secs_f64((1.0 / rate.min(MAX_BABBLE)).min(1e6)))
}
