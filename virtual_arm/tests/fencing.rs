//! Random schedules of delays, losses, pauses, kills, restarts, hand-overs and a rogue sender over the
//! real lease code of drivers, controllers and supervisor: no command of a wrong epoch is ever applied,
//! and when the faults are over, all drivers obey the same living controller.
//!
//! `FENCING_SCHEDULES` says how many (default 20,000); `FENCING_SEED` which comes first.

#![allow(clippy::indexing_slicing, clippy::expect_used)] // a model of fixed size

use control::tenure::{DriverWord, Heard, Tenure};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use supervisor::{Config, ControlReport, HandOverRequest, Inputs, PersistentState, Supervisor};
use vocabulary::command::{JointCommand, Lease, Mode};
use vocabulary::gate::{CommandGate, GateConfig, MAX_VALIDITY};
use vocabulary::health::{Heartbeat, Lifecycle};
use vocabulary::joint::{JOINTS, JointOrder};
use vocabulary::lease::takeover_silence;
use vocabulary::time::{Monotonic, Now, Received, Stamp};

const PERIOD: Duration = Duration::from_millis(4);
/// Model time of one step, ms.
const TICKS_PER_CYCLE: u64 = 4;
/// Length of the part with faults and of the quiet part after it, ms.
const FAULTY: u64 = 400;
const QUIET: u64 = 900;
const CONTROLS: usize = 3;
const DRIVERS: usize = 2;
const ROGUE: u64 = 999_999;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// True once in `times`.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

fn gate() -> GateConfig {
    GateConfig {
        joint_order: 5,
        limits: [None; JOINTS],
        max_validity: MAX_VALIDITY,
        takeover_silence: takeover_silence(PERIOD),
        shared_clock: true,
    }
}

fn config() -> Config {
    Config {
        joints_per_driver: 6,
        expected: vec!["control".to_owned()],
        control_timeout: 0.1,
        grace: 0.1,
        appear_timeout: 0.1,
        canary: 0.1,
        ..Config::default()
    }
}

fn at(ms: u64) -> Monotonic {
    Monotonic(1_000_000_000 + ms * 1_000_000)
}

/// What can be on its way.
#[derive(Clone)]
enum Message {
    Command(JointCommand),
    Lease(Lease),
    Feedback(usize, DriverWord),
    Beat(Heartbeat),
    Report(ControlReport),
}

/// Who gets it.
#[derive(Clone, Copy, PartialEq)]
enum To {
    Control(usize),
    Driver(usize),
    Supervisor,
}

struct ControlModel {
    tenure: Tenure,
    boot: u64,
    sequence: u64,
    beats: u64,
    words: [DriverWord; DRIVERS],
    inbox: Vec<Message>,
    /// It took the lease back for cause.
    found_bad: bool,
    /// Runs again then: paused, or being restarted.
    asleep: u64,
    dead: bool,
}

struct DriverModel {
    gate: CommandGate,
    inbox: Vec<Message>,
    asleep: u64,
    /// Epoch and sender of the last command applied, and when.
    applied: (u64, u64, u64),
    refused: u64,
}

struct World {
    dice: Dice,
    now: u64,
    controls: Vec<ControlModel>,
    drivers: Vec<DriverModel>,
    supervisor: Option<Supervisor>,
    supervisor_asleep: u64,
    supervisor_inbox: Vec<Message>,
    stored: Option<PersistentState>,
    latched: Option<Lease>,
    wire: VecDeque<(u64, To, Message)>,
    /// Who owns an epoch, by the first command applied under it.
    owners: BTreeMap<u64, u64>,
    next_boot: u64,
    /// One message in so many is lost, late; one tick in so many brings a fault.
    odds: (u64, u64, u64),
    powered: bool,
    story: Vec<String>,
}

fn joints() -> JointOrder {
    JointOrder::new((1..=JOINTS).map(|n| format!("joint_{n}")).collect()).expect("six names")
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let odds = (3 + dice.below(60), 3 + dice.below(60), 12 + dice.below(120));
        let mut world = Self {
            dice,
            now: 0,
            controls: Vec::new(),
            drivers: Vec::new(),
            supervisor: None,
            supervisor_asleep: 0,
            supervisor_inbox: Vec::new(),
            stored: None,
            latched: None,
            wire: VecDeque::new(),
            owners: BTreeMap::new(),
            next_boot: 100,
            odds,
            powered: seed.is_multiple_of(2),
            story: Vec::new(),
        };
        for _ in 0..CONTROLS {
            let control = world.new_control();
            world.controls.push(control);
        }
        for _ in 0..DRIVERS {
            world.drivers.push(new_driver());
        }
        world
    }

    fn new_control(&mut self) -> ControlModel {
        self.next_boot += 1;
        let mut inbox = Vec::new();
        inbox.extend(self.latched.clone().map(Message::Lease));
        ControlModel {
            tenure: Tenure::new(self.next_boot, gate(), PERIOD),
            boot: self.next_boot,
            sequence: 0,
            beats: 0,
            words: [DriverWord::default(); DRIVERS],
            inbox,
            found_bad: false,
            asleep: 0,
            dead: false,
        }
    }

    fn faulty(&self) -> bool {
        self.now < FAULTY
    }

    /// Best effort: lost and delayed; reliable: delayed, in order.
    fn send(&mut self, to: To, message: Message, reliable: bool) {
        let (loss, delay, _) = self.odds;
        if self.faulty() && !reliable && self.dice.once_in(loss) {
            return;
        }
        let late = self.faulty() && self.dice.once_in(delay);
        let mut arrives = self.now + u64::from(late) * self.dice.below(40);
        if reliable {
            let before = self
                .wire
                .iter()
                .filter(|(_, other, m)| *other == to && matches!(m, Message::Lease(_)));
            arrives = before.map(|(at, _, _)| *at).fold(arrives, u64::max);
        }
        self.wire.push_back((arrives, to, message));
    }

    fn broadcast(&mut self, message: &Message, reliable: bool) {
        let controls = (0..CONTROLS).map(To::Control);
        let all: Vec<_> = controls.chain((0..DRIVERS).map(To::Driver)).collect();
        for to in all {
            self.send(to, message.clone(), reliable);
        }
    }

    fn deliver(&mut self) {
        let now = self.now;
        let mut rest = VecDeque::with_capacity(self.wire.len());
        for (arrives, to, message) in std::mem::take(&mut self.wire) {
            if arrives > now {
                rest.push_back((arrives, to, message));
                continue;
            }
            match to {
                To::Control(index) if !self.controls[index].dead => {
                    self.controls[index].inbox.push(message);
                }
                To::Driver(index) => self.drivers[index].inbox.push(message),
                To::Supervisor if self.supervisor.is_some() => self.supervisor_inbox.push(message),
                _ => {}
            }
        }
        self.wire = rest;
    }

    fn strike(&mut self) {
        if !self.faulty() || !self.dice.once_in(self.odds.2) {
            return;
        }
        let (who, long) = (self.dice.below(CONTROLS as u64) as usize, self.dice.below(60));
        let until = self.now + long;
        match self.dice.below(8) {
            0 | 1 => self.controls[who].asleep = until,
            2 => {
                self.controls[who] = self.new_control();
                self.controls[who].dead = true;
                self.controls[who].asleep = until;
            }
            3 => self.drivers[who % DRIVERS].asleep = until,
            4 => self.supervisor_asleep = until,
            5 => {
                self.supervisor = None;
                self.supervisor_asleep = until;
            }
            6 => self.rogue(),
            _ => {
                self.drivers[who % DRIVERS] = new_driver();
                let latched = self.latched.clone().map(Message::Lease);
                self.drivers[who % DRIVERS].inbox.extend(latched);
            }
        }
        self.story.push(format!("{} ms: fault for {who}, {long} ms", self.now));
    }

    /// A stranger, or the ghost of a sender that was, with any epoch.
    fn rogue(&mut self) {
        let newest = self.latched.as_ref().map_or(0, |lease| lease.epoch);
        let epoch = (newest + self.dice.below(5)).saturating_sub(2);
        let command = command(ROGUE, epoch, self.dice.below(1000), self.now, false);
        for driver in 0..DRIVERS {
            self.send(To::Driver(driver), Message::Command(command), false);
        }
        for control in 0..CONTROLS {
            self.send(To::Control(control), Message::Command(command), false);
        }
    }

    fn step(&mut self) {
        self.strike();
        self.deliver();
        for index in 0..CONTROLS {
            if (self.now + index as u64).is_multiple_of(TICKS_PER_CYCLE) {
                self.step_control(index);
            }
        }
        for index in 0..DRIVERS {
            if (self.now + 2 + index as u64).is_multiple_of(TICKS_PER_CYCLE) {
                self.step_driver(index);
            }
        }
        if self.now % 20 == 7 {
            self.step_supervisor();
        }
        self.now += 1;
    }

    fn step_control(&mut self, index: usize) {
        let now = at(self.now);
        if self.controls[index].asleep > self.now {
            return;
        }
        if self.controls[index].dead {
            self.controls[index] = self.new_control();
        }
        // A trial goes wrong now and then.
        let found_bad = self.faulty() && self.dice.once_in(30);
        let control = &mut self.controls[index];
        control.tenure.tick(now);
        let inbox = std::mem::take(&mut control.inbox);
        for message in &inbox {
            match message {
                Message::Lease(lease) => control.tenure.hear_lease(now, lease),
                Message::Feedback(driver, word) => control.words[*driver] = *word,
                _ => {}
            }
        }
        control.tenure.hear_drivers(now, control.words.iter().copied());
        for message in inbox {
            if let Message::Command(value) = message {
                let heard = control.tenure.hear_command(&Received { at: now, value });
                let obeyed = matches!(heard, Heard::Obeyed(_));
                assert!(!obeyed || value.boot_id != ROGUE, "a controller believes a rogue");
            }
        }
        let bad = found_bad && control.tenure.watches();
        control.found_bad |= bad && control.tenure.claim(now, bad);
        control.tenure.claim(now, false);
        let told: Vec<_> = control.tenure.changes().collect();
        let (boot, now) = (control.boot, self.now);
        self.story.extend(told.iter().map(|change| format!("{now} ms: {boot} {change:?}")));
        self.speak(index);
    }

    fn speak(&mut self, index: usize) {
        let now = at(self.now);
        let control = &mut self.controls[index];
        let boot = control.boot;
        if let Some(epoch) = control.tenure.epoch() {
            control.sequence += 1;
            let yields = control.tenure.yields();
            let command = command(boot, epoch, control.sequence, self.now, yields);
            let sent = control.tenure.sends(now, &command);
            assert!(sent.is_ok(), "{boot}: {sent:?}\n{}", self.story.join("\n"));
            self.broadcast(&Message::Command(command), false);
        }
        let held = self.controls[index].tenure.held();
        if held != 0 && self.now.is_multiple_of(5) {
            let found_bad = self.controls[index].found_bad;
            let report =
                ControlReport { boot_id: boot, epoch: held, paused: false, ready: true, found_bad };
            self.send(To::Supervisor, Message::Report(report), false);
        }
        if (self.now / TICKS_PER_CYCLE).is_multiple_of(5) {
            self.controls[index].beats += 1;
            let name = ["control", "control_next", "control_standby"][index].to_owned();
            let beat = Heartbeat {
                node: name,
                boot_id: boot,
                sequence: self.controls[index].beats,
                lifecycle: Lifecycle::Active,
                ..Heartbeat::default()
            };
            self.send(To::Supervisor, Message::Beat(beat), false);
        }
    }

    fn step_driver(&mut self, index: usize) {
        if self.drivers[index].asleep > self.now {
            return;
        }
        let (now, ms) = (at(self.now), self.now);
        let driver = &mut self.drivers[index];
        for message in std::mem::take(&mut driver.inbox) {
            match message {
                Message::Lease(lease) => driver.gate.grant(now, &lease),
                Message::Command(command) => match driver.gate.admit(now, &command) {
                    Err(_) => driver.refused += 1,
                    Ok(_) => {
                        let (epoch, sender) = (command.epoch, command.boot_id);
                        assert_ne!(sender, ROGUE, "a rogue is obeyed");
                        assert!(epoch >= driver.applied.0, "epoch fell to {epoch}");
                        let owner = *self.owners.entry(epoch).or_insert(sender);
                        let story = || self.story.join("\n");
                        assert_eq!(owner, sender, "two obeyed in epoch {epoch}\n{}", story());
                        driver.applied = (epoch, sender, ms);
                    }
                },
                _ => {}
            }
        }
        assert_eq!(driver.gate.refused().total(), driver.refused, "a refusal was not counted");
        let lease = driver.gate.lease();
        // An arm without power follows nothing, whatever its drivers admit.
        let follows = self.powered && self.now - driver.applied.2 < 50;
        let word = DriverWord { epoch: lease.epoch(), holder: lease.holder(), follows };
        for control in 0..CONTROLS {
            self.send(To::Control(control), Message::Feedback(index, word), false);
        }
    }

    fn step_supervisor(&mut self) {
        if self.supervisor_asleep > self.now {
            return;
        }
        if self.supervisor.is_none() {
            let again = Supervisor::new(config(), joints(), 1, "boot", self.stored.clone());
            self.supervisor = Some(again.expect("a valid configuration"));
            self.supervisor_inbox.clear();
        }
        let now = at(self.now);
        let (mut beats, mut report) = (Vec::new(), None::<ControlReport>);
        for message in std::mem::take(&mut self.supervisor_inbox) {
            match message {
                Message::Beat(value) => beats.push(Received { at: now, value }),
                Message::Report(new) if report.is_none_or(|old| old.epoch <= new.epoch) => {
                    report = Some(new);
                }
                _ => {}
            }
        }
        let hand_overs = self.wishes();
        let Some(supervisor) = &mut self.supervisor else { return };
        let inputs = Inputs {
            heartbeats: &beats,
            hand_overs: &hand_overs,
            control: report,
            ..Inputs::default()
        };
        let now = Now { mono: now, stamp: Stamp(self.now as i64) };
        let outputs = supervisor.step(now, &inputs);
        self.stored = outputs.persist.or(self.stored.take());
        if let Some(lease) = outputs.lease {
            self.latched = Some(lease.clone());
            self.story.push(format!("{} ms: {lease:?}", self.now));
            self.broadcast(&Message::Lease(lease), true);
        }
    }

    /// Somebody asks for a hand-over now and then.
    fn wishes(&mut self) -> Vec<HandOverRequest> {
        if !self.faulty() || !self.dice.once_in(6) {
            return Vec::new();
        }
        let to = ["", "control", "control_next", "control_standby"];
        let to = to[self.dice.below(4) as usize].to_owned();
        vec![HandOverRequest { id: self.now, to, canary: 0.0 }]
    }

    /// All drivers obey the same living controller, and nobody else commands.
    fn verdict(&self) {
        let (epoch, sender, _) = self.drivers[0].applied;
        let story = || self.story.join("\n");
        for driver in &self.drivers {
            let (e, s, last) = driver.applied;
            assert_eq!((e, s), (epoch, sender), "drivers obey different ones\n{}", story());
            assert!(
                self.now - last < 20,
                "nobody is obeyed for {} ms\n{}",
                self.now - last,
                story()
            );
        }
        let commanding: Vec<_> =
            self.controls.iter().filter(|c| c.tenure.epoch().is_some()).map(|c| c.boot).collect();
        assert_eq!(commanding, [sender], "{}", story());
    }
}

fn new_driver() -> DriverModel {
    let gate = CommandGate::new(gate());
    DriverModel { gate, inbox: Vec::new(), asleep: 0, applied: (0, 0, 0), refused: 0 }
}

fn command(boot_id: u64, epoch: u64, sequence: u64, ms: u64, yields: bool) -> JointCommand {
    JointCommand {
        stamp: Stamp(0),
        boot_id,
        epoch,
        sequence,
        sent_at: at(ms),
        setpoint_at: at(ms + 10),
        valid_for: Duration::from_millis(100),
        joint_order: 5,
        yields,
        mode: Mode::Position,
        position: [0.0; JOINTS],
        velocity: [0.0; JOINTS],
        acceleration: [0.0; JOINTS],
        effort: [0.0; JOINTS],
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn no_schedule_lets_a_wrong_epoch_pass_and_all_drivers_converge() {
    let (first, count) = (number("FENCING_SEED", 1), number("FENCING_SCHEDULES", 20_000));
    let (mut refused, mut epochs) = (0, 0);
    for seed in first..first + count {
        let run = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            while world.now < FAULTY + QUIET {
                world.step();
            }
            world.verdict();
            (world.drivers.iter().map(|d| d.refused).sum::<u64>(), world.owners.len() as u64)
        });
        let (r, e) = run.unwrap_or_else(|_| panic!("schedule {seed}"));
        (refused, epochs) = (refused + r, epochs + e);
    }
    println!(
        "{count} schedules, {epochs} epochs used, {refused} commands refused, 0 applied wrongly"
    );
    assert!(epochs > count, "the schedules change nobody");
}
