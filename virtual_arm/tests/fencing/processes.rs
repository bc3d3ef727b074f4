//! One cycle of each process of the model: the real lease code with what it says and hears.

use super::wire::{Message, To};
use super::{CONTROLS, DRIVERS, ROGUE, TICKS_PER_CYCLE, World, at, command, gate, joints};
use control::tenure::{DriverWord, Heard, Tenure};
use supervisor::{Config, ControlReport, HandOverRequest, Inputs, Supervisor};
use vocabulary::gate::CommandGate;
use vocabulary::health::{Heartbeat, Lifecycle};
use vocabulary::time::{Now, Received, Stamp};

pub fn config() -> Config {
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

pub struct ControlModel {
    pub tenure: Tenure,
    pub boot: u64,
    pub sequence: u64,
    pub beats: u64,
    pub words: [DriverWord; DRIVERS],
    pub inbox: Vec<Message>,
    /// It took the lease back for cause.
    pub found_bad: bool,
    /// Runs again then: paused, or being restarted.
    pub asleep: u64,
    pub dead: bool,
}

pub struct DriverModel {
    pub gate: CommandGate,
    pub inbox: Vec<Message>,
    pub asleep: u64,
    /// Epoch and sender of the last command applied, and when.
    pub applied: (u64, u64, u64),
    pub refused: u64,
}

impl World {
    pub fn step_control(&mut self, index: usize) {
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

    pub fn speak(&mut self, index: usize) {
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

    pub fn step_driver(&mut self, index: usize) {
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

    pub fn step_supervisor(&mut self) {
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
    pub fn wishes(&mut self) -> Vec<HandOverRequest> {
        if !self.faulty() || !self.dice.once_in(6) {
            return Vec::new();
        }
        let to = ["", "control", "control_next", "control_standby"];
        let to = to[self.dice.below(4) as usize].to_owned();
        vec![HandOverRequest { id: self.now, to, canary: 0.0 }]
    }
}

pub fn new_driver() -> DriverModel {
    let gate = CommandGate::new(gate());
    DriverModel { gate, inbox: Vec::new(), asleep: 0, applied: (0, 0, 0), refused: 0 }
}
