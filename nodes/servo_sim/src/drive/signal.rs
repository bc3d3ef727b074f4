//! Injected faults at work: what they do to values, to frames and to the power stage.
//!
//! The one rule: all randomness comes from one seeded generator per drive, drawn in the order of
//! events, so the same seed misbehaves in the same way.

use crate::fault::{Fault, Kind, Signal};
use can_bus::frame::Frame;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use vocabulary::time::Monotonic;

/// Value channels that a signal can have: temperature has three.
const CHANNELS: usize = 3;
/// How often a flickering supply is decided anew.
const POWER_TICK: Duration = Duration::from_millis(100);

/// Memory of one value of a faulty signal.
#[derive(Debug, Clone, Default)]
struct Channel {
    held: Option<f64>,
    at: Monotonic,
    past: VecDeque<(Monotonic, f64)>,
}

#[derive(Debug, Clone)]
struct Active {
    kind: Kind,
    amount: f64,
    until: Option<Monotonic>,
    channels: [Channel; CHANNELS],
    last_frames: BTreeMap<u16, Frame>,
    last_sent: BTreeMap<u16, Monotonic>,
    tick: Monotonic,
    dark: bool,
}

/// What the power stage suffers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PowerFault {
    /// No supply.
    pub dead: bool,
    /// Setpoints are ignored.
    pub deaf: bool,
    /// Torque added to what the motor makes, N·m.
    pub disturbance: f64,
    /// Lag of the current loop instead of the configured one, s.
    pub lag: Option<f64>,
}

/// The faults of one drive.
#[derive(Debug, Clone)]
pub struct Faults {
    active: BTreeMap<Signal, Active>,
    rng: ChaCha8Rng,
    delayed: VecDeque<(Monotonic, Frame)>,
}

impl Faults {
    /// None yet; `stream` tells the drives of one seed apart.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self { active: BTreeMap::new(), rng, delayed: VecDeque::new() }
    }

    /// Starts, replaces or ends a fault.
    pub fn set(&mut self, fault: &Fault, now: Monotonic) {
        self.active.remove(&fault.signal);
        if fault.signal == Signal::All && fault.kind.is_none() {
            self.active.clear();
        }
        let Some(kind) = fault.kind else { return };
        let active = Active {
            kind,
            amount: fault.amount,
            until: fault.duration.map(|d| now + d),
            channels: Default::default(),
            last_frames: BTreeMap::new(),
            last_sent: BTreeMap::new(),
            tick: now,
            dark: false,
        };
        self.active.insert(fault.signal, active);
    }

    /// Ends what has had its time.
    pub fn expire(&mut self, now: Monotonic) {
        if !self.active.is_empty() {
            self.active.retain(|_, active| active.until.is_none_or(|until| now < until));
        }
    }

    /// When the next fault ends or the next delayed frame is due.
    #[must_use]
    pub fn next_wake(&self) -> Option<Monotonic> {
        let ends = self.active.values().filter_map(|a| a.until);
        ends.chain(self.delayed.iter().map(|(at, _)| *at)).min()
    }

    /// Gaussian noise of unit deviation, near enough: the sum of twelve uniform numbers.
    pub fn noise(&mut self) -> f64 {
        (0..12).map(|_| self.rng.random::<f64>()).sum::<f64>() - 6.0
    }

    /// A value as the faulty signal shows it; NaN when there is none.
    pub fn value(&mut self, signal: Signal, channel: usize, raw: f64, now: Monotonic) -> f64 {
        let Some(active) = self.active.get_mut(&signal) else { return raw };
        let Some(memory) = active.channels.get_mut(channel) else { return raw };
        let amount = active.amount;
        match active.kind {
            Kind::Off => f64::NAN,
            Kind::Stuck => *memory.held.get_or_insert(raw),
            Kind::Garbage => raw + amount * self.rng.random_range(-1.0..=1.0),
            Kind::Wrong => raw + amount,
            Kind::Slow => memory.smooth(raw, now, amount),
            Kind::Delayed => memory.delay(raw, now, amount),
            Kind::Intermittent => {
                let lost = self.rng.random::<f64>() < amount && memory.held.is_some();
                if lost { memory.held.unwrap_or(raw) } else { *memory.held.insert(raw) }
            }
        }
    }

    /// The statusword as it is reported.
    pub fn statusword(&mut self, raw: u16, now: Monotonic) -> u16 {
        let Some(active) = self.active.get_mut(&Signal::Statusword) else { return raw };
        let [memory, ..] = &mut active.channels;
        match active.kind {
            Kind::Off => 0,
            Kind::Garbage => self.rng.random(),
            Kind::Wrong => raw ^ active.amount as i64 as u16,
            Kind::Slow => memory.sample(raw.into(), now, active.amount) as u16,
            Kind::Stuck | Kind::Delayed | Kind::Intermittent => {
                self.value(Signal::Statusword, 0, raw.into(), now) as u16
            }
        }
    }

    /// The power stage now.
    pub fn power(&mut self, now: Monotonic) -> PowerFault {
        let Some(active) = self.active.get_mut(&Signal::Power) else {
            return PowerFault::default();
        };
        let amount = active.amount;
        let none = PowerFault::default();
        match active.kind {
            Kind::Off => PowerFault { dead: true, ..none },
            Kind::Stuck => PowerFault { deaf: true, ..none },
            Kind::Wrong => PowerFault { disturbance: amount, ..none },
            Kind::Slow => PowerFault { lag: Some(amount), ..none },
            Kind::Garbage => {
                let disturbance = amount * self.rng.random_range(-1.0..=1.0);
                PowerFault { disturbance, ..none }
            }
            Kind::Intermittent => {
                while active.tick <= now {
                    active.tick = active.tick + POWER_TICK;
                    active.dark = self.rng.random::<f64>() < amount;
                }
                PowerFault { dead: active.dark, ..none }
            }
            Kind::Delayed => none,
        }
    }

    /// Whether the drive hears the bus.
    #[must_use]
    pub fn hears(&self) -> bool {
        self.active.get(&Signal::All).is_none_or(|a| a.kind != Kind::Off)
    }

    /// Sends a frame of `signal` (feedback, heartbeat, or all for the rest) through its faults.
    pub fn send(&mut self, signal: Signal, frame: Frame, now: Monotonic, out: &mut Vec<Frame>) {
        if self.active.is_empty() {
            out.push(frame);
            return;
        }
        let mut due = now;
        let mut frame = frame;
        let both = if signal == Signal::All { &[Signal::All][..] } else { &[signal, Signal::All] };
        for layer in both {
            let Some(active) = self.active.get_mut(layer) else { continue };
            let Some(passed) = active.frame(*layer, frame, now, &mut self.rng) else { return };
            frame = passed;
            if active.kind == Kind::Delayed {
                due = due.shifted(active.amount);
            }
        }
        if due > now {
            self.delayed.push_back((due, frame));
        } else {
            out.push(frame);
        }
    }

    /// Frames whose delay is over.
    pub fn release(&mut self, now: Monotonic, out: &mut Vec<Frame>) {
        if self.delayed.is_empty() {
            return;
        }
        out.extend(self.delayed.iter().filter(|(at, _)| *at <= now).map(|(_, frame)| *frame));
        self.delayed.retain(|(at, _)| *at > now);
    }
}

impl Active {
    /// The frame as this fault leaves it; `None` when it is lost.
    fn frame(
        &mut self,
        layer: Signal,
        frame: Frame,
        now: Monotonic,
        rng: &mut ChaCha8Rng,
    ) -> Option<Frame> {
        let id = frame.cob_id()?;
        match self.kind {
            Kind::Off => None,
            Kind::Intermittent => (rng.random::<f64>() >= self.amount).then_some(frame),
            Kind::Stuck => Some(*self.last_frames.entry(id).or_insert(frame)),
            Kind::Garbage => {
                let noise: [u8; 8] = rng.random();
                Frame::standard(id, noise.get(..frame.data().len())?).ok()
            }
            Kind::Wrong if layer == Signal::Heartbeat => {
                Frame::standard(id, &[self.amount as i64 as u8]).ok()
            }
            Kind::Wrong => {
                Frame::standard(id, frame.data().split_last().map_or(&[], |(_, rest)| rest)).ok()
            }
            Kind::Slow => {
                let due = self.last_sent.get(&id).is_none_or(|at| now >= at.shifted(self.amount));
                due.then(|| {
                    self.last_sent.insert(id, now);
                    frame
                })
            }
            Kind::Delayed => Some(frame),
        }
    }
}

impl Channel {
    fn smooth(&mut self, raw: f64, now: Monotonic, time: f64) -> f64 {
        let dt = now.since(self.at).as_secs_f64();
        self.at = now;
        let held = self.held.get_or_insert(raw);
        *held += (1.0 - (-dt / time).exp()) * (raw - *held);
        *held
    }

    fn sample(&mut self, raw: f64, now: Monotonic, period: f64) -> f64 {
        if self.held.is_none() || now >= self.at.shifted(period) {
            self.held = Some(raw);
            self.at = now;
        }
        self.held.unwrap_or(raw)
    }

    fn delay(&mut self, raw: f64, now: Monotonic, delay: f64) -> f64 {
        self.past.push_back((now, raw));
        while self.past.get(1).is_some_and(|(at, _)| at.shifted(delay) <= now) {
            self.past.pop_front();
        }
        self.past.front().map_or(raw, |(_, value)| *value)
    }
}
