//! A driver, scripted drives and a controller on virtual time, in steps of 0.5 ms.
#![allow(dead_code)] // each test file uses its own part

pub mod drive;

use can_bus::frame::Frame;
use drive::FakeDrive;
use joint_driver::{Arm, BusEvent, Config, Driver, Inputs, Outputs};
use std::f64::consts::TAU;
use std::time::Duration;
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::command::{JointCommand, JointFeedback, JointTelemetry, Lease, Mode};
use vocabulary::health::LogLine;
use vocabulary::joint::{JointLimits, JointOrder};
use vocabulary::time::{Monotonic, Now, Received, Stamp};

pub const TICK: u64 = 500_000;
pub const HOLDER: u64 = 70;
pub const LIMITS: JointLimits =
    JointLimits { lower: -1.0, upper: 1.0, velocity: 2.0, acceleration: 8.0, effort: 150.0 };

pub fn arm() -> Arm {
    let names = (1..=6).map(|n| format!("joint_{n}")).collect();
    Arm { order: JointOrder::new(names).unwrap(), limits: [LIMITS; 6] }
}

pub fn config(joints: &[&str]) -> Config {
    Config { joints: joints.iter().map(ToString::to_string).collect(), ..Config::default() }
}

/// Where joint 1 shall be at a time, s; what a controller asks for.
pub type Reference = fn(f64) -> (f64, f64);

pub struct World {
    pub now: u64,
    pub driver: Driver,
    pub drives: Vec<FakeDrive>,
    pub log: Vec<LogLine>,
    pub feedback: Vec<JointFeedback>,
    pub telemetry: Vec<JointTelemetry>,
    pub sent: Vec<(u64, Frame)>,
    pub status: ArmStatus,
    pub lease: Lease,
    pub active: bool,
    /// The controller; `None` when it is dead.
    pub reference: Option<Reference>,
    pub began: u64,
    pub boot_id: u64,
    pub epoch: u64,
    pub sequence: u64,
    /// Frames for the driver in the next step.
    pub inject: Vec<Frame>,
    pub events: Vec<BusEvent>,
    /// The driver's process stands still.
    pub frozen: bool,
    /// The supervisor's and the lease's latched words wait for the driver.
    pub news: bool,
    queue: Vec<Received<Frame>>,
    out: Outputs,
    wake: u64,
}

impl World {
    pub fn new(config: Config, drives: Vec<FakeDrive>) -> Self {
        let driver = Driver::new(config, &arm(), 900).unwrap();
        Self {
            now: 1_000_000_000,
            driver,
            drives,
            log: Vec::new(),
            feedback: Vec::new(),
            telemetry: Vec::new(),
            sent: Vec::new(),
            status: ArmStatus::default(),
            lease: Lease {
                epoch: 3,
                holder: HOLDER,
                successor: 71,
                since: Stamp(0),
                ..Lease::default()
            },
            active: true,
            reference: None,
            began: 0,
            boot_id: HOLDER,
            epoch: 3,
            sequence: 0,
            inject: Vec::new(),
            events: Vec::new(),
            frozen: false,
            queue: Vec::new(),
            news: true,
            out: Outputs::default(),
            wake: 0,
        }
    }

    /// One joint with its drive.
    pub fn single() -> Self {
        Self::new(config(&["joint_1"]), vec![FakeDrive::new(1)])
    }

    pub fn order(&mut self, mode: ArmMode, permit: u64) {
        self.status = ArmStatus { mode, permit, ..self.status.clone() };
        self.news = true;
    }

    pub fn clear_faults(&mut self) {
        self.status.fault_reset += 1;
        self.news = true;
    }

    /// Brings a world to power and permit, holding.
    pub fn enabled(mut self) -> Self {
        self.run(0.1);
        self.order(ArmMode::Disabled, 4);
        self.run(0.9);
        self.order(ArmMode::Enabled, 5);
        self.run(0.3);
        self
    }

    pub fn control(&mut self, reference: Reference) {
        self.reference = Some(reference);
        self.began = self.now;
    }

    pub fn seconds(&self) -> f64 {
        (self.now - self.began) as f64 * 1e-9
    }

    /// A command as a controller would send it now, 10 ms ahead.
    pub fn command(&mut self, reference: Reference) -> JointCommand {
        self.sequence += 1;
        let (position, velocity) = reference(self.seconds() + 0.010);
        JointCommand {
            stamp: Stamp(0),
            boot_id: self.boot_id,
            epoch: self.epoch,
            sequence: self.sequence,
            sent_at: Monotonic(self.now),
            setpoint_at: Monotonic(self.now + 10_000_000),
            valid_for: Duration::from_millis(50),
            joint_order: arm().order.hash(),
            yields: false,
            mode: Mode::Position,
            position: [position; 6],
            velocity: [velocity; 6],
            acceleration: [0.0; 6],
            effort: [3.0; 6],
        }
    }

    pub fn run(&mut self, seconds: f64) {
        let end = self.now + (seconds * 1e9) as u64;
        while self.now < end {
            self.tick(None);
        }
    }

    /// One tick; `command` beside those of the reference.
    pub fn tick(&mut self, command: Option<JointCommand>) {
        self.now += TICK;
        let mut command = command;
        if self.now.is_multiple_of(4_000_000) && command.is_none() {
            command = self.reference.map(|reference| self.command(reference));
        }
        for drive in &mut self.drives {
            let frames = drive.tick(self.now);
            self.queue.extend(
                frames.into_iter().map(|value| Received { at: Monotonic(self.now), value }),
            );
        }
        let injected = std::mem::take(&mut self.inject);
        let at = Monotonic(self.now);
        self.queue.extend(injected.into_iter().map(|value| Received { at, value }));
        let due = !self.queue.is_empty() || self.now >= self.wake || self.news;
        if self.frozen || !(due || command.is_some() || !self.events.is_empty()) {
            return;
        }
        self.step(command);
    }

    fn step(&mut self, command: Option<JointCommand>) {
        let now = Now { mono: Monotonic(self.now), stamp: Stamp(self.now as i64) };
        let frames = std::mem::take(&mut self.queue);
        let events = std::mem::take(&mut self.events);
        let commands: Vec<_> =
            command.into_iter().map(|value| Received { at: now.mono, value }).collect();
        let inputs = Inputs {
            frames: &frames,
            bus_events: &events,
            commands: &commands,
            lease: self.news.then_some(&self.lease),
            status: self.news.then_some(&self.status),
            active: self.active,
        };
        let mut out = std::mem::take(&mut self.out);
        self.driver.step(now, &inputs, &mut out);
        self.news = false;
        self.wake = self.driver.next_wake(now.mono).0;
        self.log.append(&mut out.log);
        self.feedback.append(&mut out.feedback);
        self.telemetry.append(&mut out.telemetry);
        for outgoing in out.frames.drain(..) {
            self.sent.push((self.now, outgoing.frame));
            self.deliver(&outgoing.frame);
        }
        self.out = out;
    }

    /// A frame to all drives; their answers wait for the driver's next step.
    fn deliver(&mut self, frame: &Frame) {
        for drive in &mut self.drives {
            let at = Monotonic(self.now);
            let replies = drive.on_frame(frame, self.now);
            self.queue.extend(replies.into_iter().map(|value| Received { at, value }));
        }
    }

    /// Lets a frame of a third party pass to the drives as well.
    pub fn broadcast(&mut self, frame: Frame) {
        self.deliver(&frame);
        self.inject.push(frame);
    }

    pub fn last(&self) -> &JointFeedback {
        self.feedback.last().unwrap()
    }

    pub fn position(&self, drive: usize) -> f64 {
        f64::from(self.drives[drive].position) * TAU / f64::from(1 << 20)
    }

    pub fn logged(&self, part: &str) -> usize {
        self.log.iter().filter(|line| line.text.contains(part)).count()
    }

    pub fn texts(&self) -> Vec<&str> {
        self.log.iter().map(|line| line.text.as_str()).collect()
    }
}
