//! The virtual arm: all processes, the middleware, the wire and the drives on world time.
//!
//! The one rule: whatever happens next happens at the earliest instant anybody wants it, in a fixed
//! order, with all chance from the seed; so one seed is one run, to the byte.

use crate::client::Client;
use crate::clock::{BEGIN, Clock, Dice};
use crate::config::{VirtualConfig, VirtualError};
use crate::hardware::Hardware;
use crate::invariants::{Checker, Violation};
use crate::message::{Message, Role};
use crate::network::{Network, ProcessId};
use crate::nodes::Outbox;
use crate::overheard::Overheard;
use crate::process::{Process, RunState};
use crate::record::Record;
use crate::spawn::Factory;
use crate::tracking::Tracking;
use can_bus::bus::Filter;
use can_bus::frame::Frame;
use can_bus::in_process::{BusCore, CoreConfig};
use servo_sim::Simulator;
use std::time::Duration;
use supervisor::PersistentState;
use vocabulary::command::DriverState;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// A process that wants to run at once again gets the processor after this time.
const TURN: Duration = Duration::from_micros(20);
/// Later than anything.
const NEVER: Monotonic = Monotonic(u64::MAX);
/// Things that may happen at one instant: far more than there are messages.
const MOST_TURNS: u32 = 100_000;
/// COB-IDs of CANopen.
const COB_IDS: u16 = 0x800;

/// All nodes, drives and the bus on virtual time.
pub struct VirtualArm {
    pub(crate) seed: u64,
    pub(crate) now: Monotonic,
    pub(crate) config: VirtualConfig,
    pub(crate) factory: Factory,
    pub(crate) processes: Vec<Process>,
    pub(crate) network: Network,
    pub(crate) hardware: Hardware,
    pub(crate) record: Record,
    pub(crate) checker: Checker,
    pub(crate) tracking: Tracking,
    pub(crate) client: Client,
    pub(crate) overheard: Overheard,
    pub(crate) host_dice: Dice,
    identities: Dice,
    stored: Option<PersistentState>,
    pub(crate) violation: Option<Violation>,
    pub(crate) failure: Option<VirtualError>,
    outbox: Outbox,
    pub(crate) refused: PerJoint<u64>,
    /// When each process wants to be attended to; far away for never.
    alarms: Vec<Monotonic>,
    /// [`BusCore::rings`] when drivers were last woken.
    rings: u64,
    /// How often something happened at this very instant.
    turns: u32,
    /// Processes that are one.
    houses: Vec<Vec<ProcessId>>,
    grips: PerJoint<Grip>,
}

/// What a driver last said of its joint.
#[derive(Debug, Clone, Copy, Default)]
struct Grip {
    at: Monotonic,
    follows: bool,
}

/// Older word of a driver is no word: a few periods, and what a frame or a cycle may be late.
const GRIP: Duration = Duration::from_millis(40);

impl VirtualArm {
    /// An arm about to be switched on: all processes start within the next moments.
    ///
    /// # Errors
    /// [`VirtualError`] when a part refuses its parameters.
    pub fn new(seed: u64, config: VirtualConfig) -> Result<Self, VirtualError> {
        let mut identities = Dice::new(seed, 1);
        let factory = Factory::new(&config)?;
        let mut clocks = Dice::new(seed, 2);
        let longest = Duration::from_secs(1_000_000);
        let common = clocks.between(Duration::from_secs(60), longest);
        let mut clock = || {
            let own = clocks.between(Duration::from_secs(60), longest);
            Clock::new(if config.host.one_clock { common } else { own })
        };
        let mut processes = factory.processes(&mut clock);
        let mut host_dice = Dice::new(seed, 3);
        for process in &mut processes {
            let (shortest, longest) = config.host.start_up;
            process.state = RunState::Down(Some(BEGIN + host_dice.between(shortest, longest)));
        }
        let drives =
            Simulator::new(config.hardware.clone(), config.model.clone(), identities.id())?;
        let wire = BusCore::new(CoreConfig { seed: identities.id(), ..config.bus });
        let houses = factory.houses(&processes)?;
        let network = Network::new(config.latency, config.network, Dice::new(seed, 4))
            .with_houses(&houses, config.latency_inside);
        Ok(Self {
            seed,
            now: BEGIN,
            checker: Checker::new(factory.facts(&config)?),
            record: Record::new(config.keep_bytes),
            hardware: Hardware::new(wire, drives, BEGIN),
            tracking: Tracking::default(),
            client: Client::default(),
            overheard: Overheard::default(),
            stored: None,
            violation: None,
            failure: None,
            outbox: Outbox::default(),
            refused: [0; JOINTS],
            alarms: processes.iter().map(alarm).collect(),
            rings: 0,
            turns: 0,
            houses,
            grips: [Grip::default(); JOINTS],
            config,
            factory,
            processes,
            network,
            host_dice,
            identities,
        })
    }

    /// Lets world time pass until `until`, or until an invariant is broken or a process cannot be
    /// started.
    pub(crate) fn run_until(&mut self, until: Monotonic) {
        while self.violation.is_none() && self.failure.is_none() {
            let (next, hardware) = self.next();
            if next > until {
                self.now = until;
                return;
            }
            self.count_instant(next);
            self.now = next;
            self.happen(hardware);
        }
    }

    /// Time that does not go on is a defect of the model, and would hang whoever waits for it.
    fn count_instant(&mut self, next: Monotonic) {
        self.turns = if next > self.now { 0 } else { self.turns + 1 };
        if self.turns > MOST_TURNS {
            let mut processes = self.processes.iter().zip(&self.alarms);
            let busy = processes.find(|(_, alarm)| **alarm <= next).map(|(p, _)| p.name.clone());
            let who = busy.unwrap_or_else(|| "the network or the hardware".to_owned());
            let time = next.0 as f64 * 1e-9;
            self.failure = Some(VirtualError::Standstill { time, who });
        }
    }

    /// When something happens next, and when the hardware has a part in it.
    fn next(&self) -> (Monotonic, Monotonic) {
        let alarms = self.alarms.iter().copied().min().unwrap_or(NEVER);
        let messages = self.network.next().unwrap_or(NEVER);
        let hardware = self.hardware.next();
        (hardware.min(messages).min(alarms).max(self.now), hardware)
    }

    fn happen(&mut self, hardware: Monotonic) {
        if hardware <= self.now {
            self.move_hardware();
        }
        while let Some(parcel) = self.network.take(self.now) {
            self.deliver(parcel.to, &parcel.message);
        }
        for id in 0..self.alarms.len() {
            if self.alarms.get(id).is_some_and(|at| *at <= self.now) {
                self.attend(id);
                self.set_alarm(id);
            }
        }
        if let Some((rule, text)) = self.checker.take() {
            let events = self.record.events().map(str::to_owned).collect();
            let time = self.now.0 as f64 * 1e-9;
            self.violation = Some(Violation { seed: self.seed, time, rule, text, events });
        }
    }

    /// To be called after every change of what a process waits for.
    pub(crate) fn set_alarm(&mut self, id: ProcessId) {
        if let (Some(slot), Some(process)) = (self.alarms.get_mut(id), self.processes.get(id)) {
            *slot = alarm(process);
        }
    }

    fn move_hardware(&mut self) {
        let shown = self.hardware.step(self.now);
        for (at, frame) in self.hardware.heard() {
            self.record.frame(*at, frame);
        }
        for line in self.hardware.drives.take_log() {
            self.record.event(self.now, "drives", &line.text);
        }
        if let Some(truth) = shown.truth {
            self.checker.on_truth(&truth);
            let drives = &self.hardware.drives;
            self.tracking.compare(truth.time, |at| Some(drives.truth_at(at)?.0));
        }
        self.ring_drivers();
    }

    /// A frame wakes the process that waits for it.
    fn ring_drivers(&mut self) {
        let rings = self.hardware.wire.rings();
        if std::mem::replace(&mut self.rings, rings) == rings {
            return;
        }
        for (process, alarm) in self.processes.iter_mut().zip(&mut self.alarms) {
            let waits = process.state == RunState::Running && !process.rung;
            let Some(endpoint) = process.endpoint.filter(|_| waits) else { continue };
            if self.hardware.wire.has_input(endpoint) {
                process.rung = true;
                let latency = wake_latency(&self.config, &mut self.host_dice);
                process.wake = process.wake.min(self.now + latency);
                *alarm = process.wake;
            }
        }
    }

    fn deliver(&mut self, to: ProcessId, message: &Message) {
        self.record.delivery(self.now, to);
        let Some(process) = self.processes.get_mut(to) else {
            self.client.deliver(self.now, message);
            return;
        };
        // One that gets no time hears it as soon as it gets some. A command is too old by then.
        let heard = match process.state {
            RunState::Frozen(until) if !matches!(message, Message::Command(_)) => Some(until),
            RunState::Running => Some(self.now),
            _ => None,
        };
        if let Some(at) = heard.filter(|_| process.role == Role::Driver) {
            self.checker.on_driver_hears(at, process.joints.clone(), message);
        }
        if let Some(node) = &mut process.node {
            node.deliver(message);
        }
    }

    /// Does what is due for one process, whose time has come.
    fn attend(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(id) else { return };
        match process.state {
            RunState::Down(_) => self.start(id),
            RunState::Running => self.step(id),
            RunState::Frozen(_) => {
                process.state = RunState::Running;
                process.wake = self.now + wake_latency(&self.config, &mut self.host_dice);
                self.record.event(self.now, &process.name, "goes on");
            }
        }
    }

    fn start(&mut self, id: ProcessId) {
        let boot_id = self.identities.id();
        let Some(process) = self.processes.get_mut(id) else { return };
        let node = match self.factory.node(process, boot_id, self.stored.as_ref()) {
            Ok(node) => node,
            Err(error) => {
                self.failure = Some(error);
                return;
            }
        };
        if process.role == Role::Driver {
            let wanted = (0..COB_IDS)
                .filter(|&id| Frame::standard(id, &[]).is_ok_and(|frame| node.concerns(&frame)));
            process.endpoint = Some(self.hardware.wire.attach(Filter::cob_ids(wanted)));
        }
        process.begin(self.now, boot_id, node);
        let text = format!("starts, number {}", process.starts);
        self.record.event(self.now, &process.name, &text);
        let role = process.role;
        let processes = &self.processes;
        let ready = |from: ProcessId| match processes.get(from).map(|p| p.state) {
            Some(RunState::Frozen(until)) => until,
            _ => Monotonic(0),
        };
        self.network.join(self.now, id, |message| message.route().to.contains(&role), ready);
    }

    fn step(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(id) else { return };
        let now = process.clock.now(self.now);
        process.rung = false;
        process.count_cycle(self.now);
        if let Some(endpoint) = process.endpoint {
            while let Some(input) = self.hardware.wire.receive(endpoint) {
                process.bus.inputs.push_back(input);
            }
        }
        let mut out = std::mem::take(&mut self.outbox);
        if let Some(node) = &mut process.node {
            node.step(now, &mut process.bus, &mut out);
            let own = node.next_wake(now.mono);
            process.due = own.map_or(process.due, |local| process.clock.world(local));
        }
        out.messages.extend(process.beat(now).map(Message::Heartbeat));
        let wish = process.due.max(self.now + TURN);
        process.wake = wish + wake_latency(&self.config, &mut self.host_dice);
        self.publish(id, &mut out);
        self.outbox = out;
    }

    fn publish(&mut self, id: ProcessId, out: &mut Outbox) {
        if let Some(state) = out.persist.take() {
            self.stored = Some(state);
        }
        let Some(process) = self.processes.get_mut(id) else { return };
        if let Some(endpoint) = process.endpoint {
            for frame in out.frames.drain(..) {
                self.checker.on_sent(self.now, &frame);
                let taken = self.hardware.wire.send(endpoint, frame, self.now);
                process.bus.dropped += u64::from(taken.is_err());
            }
        }
        for line in out.log.drain(..) {
            self.record.event(self.now, &process.name, &line.text);
        }
        let clock = process.clock;
        for message in out.messages.drain(..) {
            if let Message::Command(command) = &message {
                self.overheard.hear(command);
                self.tracking.expect(clock.world(command.setpoint_at), &command.position);
            }
            if let Message::Feedback(feedback) = &message
                && let Some(grip) = self.grips.get_mut(feedback.joint)
            {
                let follows = feedback.driver == DriverState::Following;
                *grip = Grip { at: self.now, follows };
            }
            if let Message::Telemetry(telemetry) = &message
                && let Some(refused) = self.refused.get_mut(telemetry.joint)
            {
                *refused = telemetry.refused.iter().sum();
            }
            self.send(id, message);
        }
    }

    /// Sends a message of a process or of the client.
    pub(crate) fn send(&mut self, from: ProcessId, message: Message) {
        self.record.message(self.now, from, &message);
        self.note_words(from, &message);
        self.checker.on_send(self.now, &message);
        let hears = message.route().to;
        let receivers = self.processes.iter().enumerate();
        let receivers = receivers.filter(|(_, p)| p.is_alive() && hears.contains(&p.role));
        let client = hears.contains(&Role::Client).then_some(self.processes.len());
        let receivers = receivers.map(|(id, _)| id).chain(client);
        self.network.send(self.now, from, message, receivers);
    }

    /// The messages worth telling when something goes wrong.
    fn note_words(&mut self, from: ProcessId, message: &Message) {
        let words = match message {
            Message::Status(s) => format!("{:?}, permit {}: {}", s.mode, s.permit, s.reason),
            Message::Lease(lease) => format!("epoch {} to {:016x}", lease.epoch, lease.holder),
            Message::Plan(p) => {
                format!("plan {}.{} {:?}, permit {}", p.plan_id, p.revision, p.action, p.permit)
            }
            Message::Request(request) => format!("calls {:?}", request.kind),
            Message::Response(response) => response.message.clone(),
            Message::Goal(_) => "sends a goal".to_owned(),
            Message::Cancel(_) => "cancels".to_owned(),
            _ => return,
        };
        let who = self.processes.get(from).map_or("client", |process| &process.name);
        let text = format!("{}: {words}", message.route().name);
        self.record.event(self.now, who, &text);
    }

    /// Whether every joint obeys a valid command right now, as the drivers themselves say.
    #[must_use]
    pub fn is_in_hand(&self) -> bool {
        self.grips.iter().all(|grip| grip.follows && self.now.since(grip.at) <= GRIP)
    }

    /// All that live in one process with this one, itself among them.
    pub(crate) fn house(&self, id: ProcessId) -> Vec<ProcessId> {
        let house = self.houses.iter().find(|house| house.contains(&id));
        house.cloned().unwrap_or_else(|| vec![id])
    }

    /// Ends a process; all that was in it is gone.
    pub(crate) fn end(&mut self, id: ProcessId, again: Option<Monotonic>) {
        let Some(process) = self.processes.get_mut(id).filter(|process| process.is_alive()) else {
            return;
        };
        self.record.event(self.now, &process.name, "killed");
        if let Some(endpoint) = process.endpoint.take() {
            self.hardware.wire.detach(endpoint);
        }
        match process.role {
            Role::Driver => self.checker.on_driver_end(self.now, process.joints.clone()),
            Role::Motion => self.client.lose_goals(),
            _ => {}
        }
        process.end(again);
        self.network.leave(id);
        self.set_alarm(id);
    }
}

fn alarm(process: &Process) -> Monotonic {
    process.next().unwrap_or(NEVER)
}

fn wake_latency(config: &VirtualConfig, dice: &mut Dice) -> Duration {
    let host = &config.host;
    let latency = host.wake.shortest + dice.tail(host.wake.mean_extra);
    if dice.happens(host.stall) {
        return latency + dice.between(Duration::ZERO, host.longest_stall);
    }
    latency
}
