//! The wire and its participants, moved by `step(now)`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;
use vocabulary::time::Monotonic;

use super::fault::{BusFault, FaultId, FaultKind, Faults};
use crate::bus::{BusEvent, BusInput, Filter};
use crate::frame::Frame;
use crate::wire;

/// Settings of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreConfig {
    /// Bit rate \[bit/s\], also what the load is measured against.
    pub bitrate: u32,
    /// Whether frames take their time and arbitrate.
    pub model_time: bool,
    /// Frames a participant can have waiting to be sent; only with `model_time`.
    pub tx_queue: usize,
    /// Inputs a participant can have waiting to be read.
    pub rx_queue: usize,
    /// Seed of the dice that faults throw.
    pub seed: u64,
}

impl Default for CoreConfig {
    fn default() -> Self {
        Self { bitrate: 1_000_000, model_time: false, tx_queue: 32, rx_queue: 4096, seed: 0 }
    }
}

/// Names a participant. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(pub u32);

/// The sender of frames that a fault made up.
const BABBLER: EndpointId = EndpointId(0);

/// Why a frame was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// The transmit queue is full (ENOBUFS).
    #[error("transmit queue full")]
    Full,
    /// The bus is off.
    #[error("bus off")]
    BusOff,
    /// No such participant.
    #[error("not on the bus")]
    Detached,
}

/// What passed over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CoreStatistics {
    /// Frames sent, each once.
    pub frames: u64,
    /// Their bits, exact, stuffing included.
    pub bits: u64,
    /// Deliveries lost by a fault.
    pub lost: u64,
    /// Deliveries dropped because a participant did not read.
    pub overrun: u64,
    /// Share of the wire used in the last full second, 1 = full.
    pub load: f64,
}

#[derive(Debug, Clone)]
struct Endpoint {
    id: EndpointId,
    filter: Filter,
    tx: VecDeque<Frame>,
    rx: VecDeque<BusInput>,
}

impl Endpoint {
    fn new(id: EndpointId, filter: Filter) -> Self {
        Self { id, filter, tx: VecDeque::new(), rx: VecDeque::new() }
    }
}

#[derive(Debug, Clone, Copy)]
struct Transmission {
    frame: Frame,
    from: EndpointId,
    ends: Monotonic,
}

/// A CAN bus as a value.
#[derive(Debug, Clone)]
pub struct BusCore {
    config: CoreConfig,
    /// In the order of their ids.
    endpoints: Vec<Endpoint>,
    last_id: u32,
    wire: Option<Transmission>,
    late: BTreeMap<(Monotonic, u64), (Frame, EndpointId)>,
    late_count: u64,
    faults: Faults,
    off: bool,
    rng: ChaCha8Rng,
    statistics: CoreStatistics,
    window: (Monotonic, u64),
    rings: u64,
}

impl BusCore {
    /// A bus with nobody on it.
    #[must_use]
    pub fn new(config: CoreConfig) -> Self {
        Self {
            config,
            endpoints: vec![Endpoint::new(BABBLER, nothing())],
            last_id: 0,
            wire: None,
            late: BTreeMap::new(),
            late_count: 0,
            faults: Faults::default(),
            off: false,
            rng: ChaCha8Rng::seed_from_u64(config.seed),
            statistics: CoreStatistics::default(),
            window: (Monotonic(0), 0),
            rings: 0,
        }
    }

    /// Adds a participant.
    pub fn attach(&mut self, filter: Filter) -> EndpointId {
        self.last_id += 1;
        let id = EndpointId(self.last_id);
        self.endpoints.push(Endpoint::new(id, filter));
        id
    }

    /// Removes a participant and what it still wanted to send.
    pub fn detach(&mut self, id: EndpointId) {
        if id != BABBLER {
            self.endpoints.retain(|endpoint| endpoint.id != id);
        }
    }

    /// Changes what a participant receives from now on.
    pub fn set_filter(&mut self, id: EndpointId, filter: Filter) {
        if let Some(endpoint) = self.endpoint(id) {
            endpoint.filter = filter;
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// [`SendError`] when the bus does not take it.
    pub fn send(
        &mut self,
        from: EndpointId,
        frame: Frame,
        now: Monotonic,
    ) -> Result<(), SendError> {
        self.step(now);
        if self.off {
            return Err(SendError::BusOff);
        }
        if self.faults.has(&FaultKind::TxFull) {
            return Err(SendError::Full);
        }
        self.put(from, frame, now)
    }

    fn endpoint(&mut self, id: EndpointId) -> Option<&mut Endpoint> {
        self.endpoints.iter_mut().find(|endpoint| endpoint.id == id)
    }

    fn put(&mut self, from: EndpointId, frame: Frame, now: Monotonic) -> Result<(), SendError> {
        let CoreConfig { model_time, tx_queue, .. } = self.config;
        let endpoint = self.endpoint(from).ok_or(SendError::Detached)?;
        if !model_time {
            self.count(&frame);
            self.deliver(frame, from, now);
            return Ok(());
        }
        if endpoint.tx.len() >= tx_queue {
            return Err(SendError::Full);
        }
        endpoint.tx.push_back(frame);
        self.arbitrate(now);
        Ok(())
    }

    /// The next thing a participant has received, up to the last [`BusCore::step`].
    pub fn receive(&mut self, id: EndpointId) -> Option<BusInput> {
        self.endpoint(id)?.rx.pop_front()
    }

    /// Whether a participant has something to read.
    #[must_use]
    pub fn has_input(&self, id: EndpointId) -> bool {
        self.endpoints.iter().any(|e| e.id == id && !e.rx.is_empty())
    }

    /// How often somebody who had nothing to read got something: as long as it stays the same, nobody
    /// need be woken.
    #[must_use]
    pub const fn rings(&self) -> u64 {
        self.rings
    }

    /// When [`BusCore::step`] has something to do; `None`: only when somebody sends.
    #[must_use]
    pub fn next_event(&self) -> Option<Monotonic> {
        let wire = self.wire.as_ref().map(|t| t.ends);
        if self.late_count == 0 && self.faults.is_empty() {
            return wire;
        }
        let late = self.late.first_key_value().map(|((at, _), _)| *at);
        let faults = if self.faults.is_empty() { None } else { self.faults.next_event() };
        [wire, late, faults].into_iter().flatten().min()
    }

    /// Lets time pass until `now`, event by event in the order of their times.
    pub fn step(&mut self, now: Monotonic) {
        while let Some(at) = self.next_event().filter(|&at| at <= now) {
            self.finish_transmission(at);
            self.deliver_late(at);
            if !self.faults.is_empty() {
                // Babble is made up in one go: its own times are too fine to matter.
                for frame in self.faults.babble(at.max(now)) {
                    let _ = self.put(BABBLER, frame, at);
                }
                self.faults.expire(at);
                self.apply_bus_off(at);
            }
        }
        self.measure_load(now);
    }

    fn finish_transmission(&mut self, at: Monotonic) {
        if let Some(done) = self.wire.take_if(|t| t.ends <= at) {
            self.deliver(done.frame, done.from, done.ends);
            self.arbitrate(done.ends);
        }
    }

    fn deliver_late(&mut self, at: Monotonic) {
        while let Some(entry) = self.late.first_entry().filter(|e| e.key().0 <= at) {
            let ((due, _), (frame, to)) = entry.remove_entry();
            self.hand_over(to, BusInput::Frame { frame, received_at: due });
        }
    }

    /// Starts the waiting frame with the lowest identifier when the wire is free.
    fn arbitrate(&mut self, now: Monotonic) {
        if self.wire.is_some() {
            return;
        }
        let heads = self.endpoints.iter_mut().filter(|e| !e.tx.is_empty());
        let winner = heads.min_by_key(|e| (e.tx.front().map(|f| f.id().arbitration_key()), e.id));
        let Some(endpoint) = winner else { return };
        let Some(frame) = endpoint.tx.pop_front() else { return };
        let from = endpoint.id;
        let ends = now + wire::duration(self.count(&frame), self.config.bitrate);
        self.wire = Some(Transmission { frame, from, ends });
    }

    fn count(&mut self, frame: &Frame) -> u32 {
        let bits = wire::bits(frame);
        self.statistics.frames += 1;
        self.statistics.bits += u64::from(bits);
        bits
    }

    fn deliver(&mut self, frame: Frame, from: EndpointId, at: Monotonic) {
        let faulty = !self.faults.is_empty();
        let (limit, rings) = (self.config.rx_queue, &mut self.rings);
        let mut overrun = 0;
        for endpoint in &mut self.endpoints {
            let to = endpoint.id;
            if to == from || !endpoint.filter.accepts(&frame) {
                continue;
            }
            let mut copies = 1;
            if faulty {
                let fate = self.faults.fate(&mut self.rng, &frame, from, to);
                copies = fate.copies;
                self.statistics.lost += u64::from(copies == 0);
                if !fate.delay.is_zero() {
                    for _ in 0..std::mem::take(&mut copies) {
                        self.late_count += 1;
                        self.late.insert((at + fate.delay, self.late_count), (frame, to));
                    }
                }
            }
            for _ in 0..copies {
                let input = BusInput::Frame { frame, received_at: at };
                overrun += u64::from(!push(endpoint, input, limit, rings));
            }
        }
        self.statistics.overrun += overrun;
    }

    fn hand_over(&mut self, to: EndpointId, input: BusInput) {
        let limit = self.config.rx_queue;
        if let Some(endpoint) = self.endpoints.iter_mut().find(|endpoint| endpoint.id == to) {
            let taken = push(endpoint, input, limit, &mut self.rings);
            self.statistics.overrun += u64::from(!taken);
        }
    }

    /// Sets a fault; it acts from `now` on.
    pub fn add_fault(&mut self, fault: BusFault, now: Monotonic) -> FaultId {
        self.step(now);
        let id = self.faults.add(fault, now);
        self.apply_bus_off(now);
        id
    }

    /// Takes a fault away; false when it is gone already.
    pub fn remove_fault(&mut self, id: FaultId, now: Monotonic) -> bool {
        self.step(now);
        let removed = self.faults.remove(id);
        self.apply_bus_off(now);
        removed
    }

    /// Takes all faults away.
    pub fn clear_faults(&mut self, now: Monotonic) {
        self.step(now);
        self.faults.clear();
        self.apply_bus_off(now);
    }

    /// Enters or leaves bus-off when the faults say so, and tells everybody.
    fn apply_bus_off(&mut self, now: Monotonic) {
        let off = self.faults.has(&FaultKind::BusOff);
        if off == self.off {
            return;
        }
        self.off = off;
        self.wire = None;
        self.late.clear();
        let event = if off { BusEvent::BusOff } else { BusEvent::Restarted };
        for endpoint in &mut self.endpoints {
            endpoint.tx.clear();
            let input = BusInput::Event(event.clone());
            push(endpoint, input, self.config.rx_queue, &mut self.rings);
        }
        self.arbitrate(now);
    }

    fn measure_load(&mut self, now: Monotonic) {
        let (since, bits) = self.window;
        let length = now.since(since);
        if length >= Duration::from_secs(1) {
            let capacity = f64::from(self.config.bitrate.max(1)) * length.as_secs_f64();
            self.statistics.load = (self.statistics.bits - bits) as f64 / capacity;
            self.window = (now, self.statistics.bits);
        }
    }

    /// What passed over the wire so far.
    #[must_use]
    pub const fn statistics(&self) -> CoreStatistics {
        self.statistics
    }
}

fn nothing() -> Filter {
    Filter::cob_ids([])
}

/// Queues an input; false when the participant does not read and the input is dropped.
fn push(endpoint: &mut Endpoint, input: BusInput, limit: usize, rings: &mut u64) -> bool {
    let room = endpoint.rx.len() < limit;
    if room {
        *rings += u64::from(endpoint.rx.is_empty());
        endpoint.rx.push_back(input);
    }
    room
}
