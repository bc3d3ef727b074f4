//! Random schedules of delays, losses, pauses, kills, restarts, hand-overs and a rogue sender over the
//! real lease code of drivers, controllers and supervisor: no command of a wrong epoch is ever applied,
//! and when the faults are over, all drivers obey the same living controller.
//!
//! `FENCING_SCHEDULES` says how many (default 20,000); `FENCING_SEED` which comes first.

#![allow(clippy::indexing_slicing, clippy::expect_used)] // a model of fixed size

mod processes;
mod wire;

use control::tenure::{DriverWord, Tenure};
use processes::{ControlModel, DriverModel, new_driver};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use supervisor::{PersistentState, Supervisor};
use vocabulary::command::{JointCommand, Lease, Mode};
use vocabulary::gate::{GateConfig, MAX_VALIDITY};
use vocabulary::joint::{JOINTS, JointOrder};
use vocabulary::lease::takeover_silence;
use vocabulary::time::{Monotonic, Stamp};
use wire::{Dice, Message, To};

const PERIOD: Duration = Duration::from_millis(4);
/// Model time of one step, ms.
const TICKS_PER_CYCLE: u64 = 4;
/// Length of the part with faults and of the quiet part after it, ms.
const FAULTY: u64 = 400;
const QUIET: u64 = 900;
const CONTROLS: usize = 3;
const DRIVERS: usize = 2;
const ROGUE: u64 = 999_999;

fn gate() -> GateConfig {
    GateConfig {
        joint_order: 5,
        limits: [None; JOINTS],
        max_validity: MAX_VALIDITY,
        takeover_silence: takeover_silence(PERIOD),
        shared_clock: true,
    }
}

fn at(ms: u64) -> Monotonic {
    Monotonic(1_000_000_000 + ms * 1_000_000)
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
