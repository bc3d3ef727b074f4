//! One build of the arm lives through all faults of a seed, on virtual time.
//!
//! The one rule: both builds get the same faults at the same instants, the same client and the same
//! person. What a fault takes with it follows from who lives in whose process.

use super::meter::{Downtime, Meter, View};
use super::mix::{Blow, Fault, Kind, Nonsense, Service, Target};
use anyhow::{Result, anyhow, bail};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;
use virtual_arm::{
    BusFault, FaultRequest, GoalId, NetworkFaults, RequestKind, VirtualArm, VirtualConfig,
    schedule::Wire,
};
use vocabulary::arm::ArmMode;
use vocabulary::plan::ControlPhase;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// From the moment the arm needs somebody until that person calls the first service, s.
pub const REACTION: f64 = 10.0;
/// Between two calls, s.
const CALLS: f64 = 0.5;
/// When no service helps for so long, the person starts everything anew, s.
const DESPAIR: f64 = 60.0;
/// Length of a probation after an upgrade of control, s.
const CANARY: f64 = 1.0;

/// How an arm is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// Every service a process, a driver per joint, a standby controller.
    Split,
    /// One process.
    Monolith,
}

impl Build {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Monolith => "monolith",
        }
    }

    fn config(self) -> Result<VirtualConfig> {
        let mut config = VirtualConfig::reference()?;
        config.with_thermal = true;
        config.host.one_clock = true;
        config.bystanders = vec!["planning".to_owned(), "recorder".to_owned()];
        match self {
            Self::Split => config.standby = true,
            Self::Monolith => {
                config.joints_per_driver = 6;
                let all = ["supervisor", "control", "arm_controller", "joint_state", "thermal"];
                let all = all.into_iter().chain(["planning", "recorder", "driver_joint_1"]);
                config.houses = vec![all.map(str::to_owned).collect()];
            }
        }
        Ok(config)
    }

    fn process(self, target: Target) -> String {
        match (target.service, self) {
            (Service::Driver, Self::Split) => format!("driver_joint_{}", target.joint + 1),
            (Service::Driver, Self::Monolith) => "driver_joint_1".to_owned(),
            (service, _) => service.process().to_owned(),
        }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Life {
    /// All downtime, in order.
    pub events: Vec<Downtime>,
    /// Virtual time, s.
    pub length: f64,
    /// Times that everything had to be started anew by hand.
    pub despair: u32,
    /// Goals that were reached.
    pub goals: u64,
}

/// Lets a build live through `faults`.
///
/// # Errors
/// When an invariant is broken or the arm does not even start.
pub fn play(build: Build, seed: u64, faults: &[Fault]) -> Result<Life> {
    let arm = VirtualArm::new(seed, build.config()?)?;
    let mut stage = Stage::new(build, seed, arm);
    stage.arm.enable().map_err(|text| anyhow!("{}: {text}", build.name()))?;
    stage.begin = stage.now();
    for fault in faults {
        stage.go_on(stage.begin + fault.at)?;
        stage.strike(fault)?;
    }
    stage.go_on(stage.now() + 40.0)?;
    stage.end()
}

struct Stage {
    build: Build,
    arm: VirtualArm,
    rng: ChaCha8Rng,
    begin: f64,
    meter: Meter,
    goal: Option<GoalId>,
    next_goal: f64,
    next_call: f64,
    rung: usize,
    messages_until: Option<f64>,
    apart_until: Option<f64>,
    rogue: Option<(virtual_arm::schedule::Rogue, u32)>,
    despair: u32,
    goals: u64,
}

impl Stage {
    fn new(build: Build, seed: u64, arm: VirtualArm) -> Self {
        Self {
            build,
            arm,
            rng: ChaCha8Rng::seed_from_u64(seed ^ 0x5eed),
            begin: 0.0,
            meter: Meter::default(),
            goal: None,
            next_goal: 0.0,
            next_call: 0.0,
            rung: 0,
            messages_until: None,
            apart_until: None,
            rogue: None,
            despair: 0,
            goals: 0,
        }
    }

    /// World time, s.
    fn now(&self) -> f64 {
        self.arm.now().0 as f64 * 1e-9
    }

    fn go_on(&mut self, until: f64) -> Result<()> {
        while self.now() < until {
            self.arm.run_for(LOOK);
            self.arm.verdict()?;
            if let Some(error) = self.arm.failure() {
                bail!("{}: {error}", self.build.name());
            }
            let now = self.now();
            self.heal(now);
            let view = View { in_hand: self.arm.is_in_hand(), waits: self.waits() };
            self.meter.look(now, view);
            self.attend(now)?;
        }
        Ok(())
    }

    /// The arm stands and only a person can change that.
    fn waits(&self) -> bool {
        let runs = self.goal.is_some_and(|goal| !self.arm.goal(&goal).is_over());
        let state = self.arm.control_state();
        let paused = state.is_some_and(|state| state.phase == ControlPhase::Paused);
        // A pause without a goal behind it ends with the next goal, which the client sends by itself.
        self.arm.status().mode != ArmMode::Enabled || (runs && paused)
    }

    fn heal(&mut self, now: f64) {
        if self.messages_until.is_some_and(|until| now >= until) {
            self.messages_until = None;
            self.arm.set_network(NetworkFaults::default());
        }
        if self.apart_until.is_some_and(|until| now >= until) {
            self.apart_until = None;
            self.arm.join_all();
        }
        if let Some((as_if, count)) = self.rogue {
            self.arm.forge(as_if);
            self.rogue = (count > 1).then_some((as_if, count - 1));
        }
    }

    /// The person and the client.
    fn attend(&mut self, now: f64) -> Result<()> {
        match self.meter.down_since() {
            Some(since) if now - since > DESPAIR => self.start_anew(now)?,
            Some(since) if now - since > REACTION => self.call(now),
            Some(_) => {}
            None => {
                self.rung = 0;
                self.work(now);
            }
        }
        Ok(())
    }

    fn call(&mut self, now: f64) {
        if now < self.next_call {
            return;
        }
        self.next_call = now + CALLS;
        let ladder = [RequestKind::ClearFaults, RequestKind::Enable, RequestKind::Resume];
        if let Some(kind) = ladder.get(self.rung % ladder.len()) {
            self.arm.request(*kind);
        }
        self.rung += 1;
    }

    fn start_anew(&mut self, now: f64) -> Result<()> {
        if now < self.next_call {
            return Ok(());
        }
        self.despair += 1;
        self.next_call = now + DESPAIR;
        self.arm.mend_drives();
        self.arm.mend_bus();
        let names: Vec<String> = self.arm.process_names().map(str::to_owned).collect();
        for name in names {
            self.arm.kill_for(&name, Duration::from_millis(600))?;
        }
        Ok(())
    }

    /// The client sends one goal after the other, by itself.
    fn work(&mut self, now: f64) {
        let over = self.goal.is_none_or(|goal| self.arm.goal(&goal).is_over());
        if !over && now < self.next_goal + 30.0 {
            return;
        }
        if let Some(goal) = self.goal.take() {
            self.goals += u64::from(self.arm.goal(&goal) == virtual_arm::GoalState::Succeeded);
            self.next_goal = now + 0.3;
        }
        if now < self.next_goal {
            return;
        }
        self.next_goal = now;
        let reach = [2.4, 1.1, 1.0, 2.4, 1.6, 2.7];
        let place = reach.map(|reach| self.rng.random_range(-reach..reach));
        let way = self.arm.truth().position.into_iter().zip(place).map(|(a, b)| (a - b).abs());
        let time = way.fold(0.7, f64::max) * 1.8;
        self.goal = Some(self.arm.send_goal(self.arm.trajectory(&[(place, time)])));
    }

    fn strike(&mut self, fault: &Fault) -> Result<()> {
        match &fault.blow {
            Blow::End(target) => self.end_service(fault.kind, *target)?,
            Blow::Hang(target, time) => self.arm.hang(&self.build.process(*target), *time)?,
            Blow::Goal(nonsense) => self.bad_goal(*nonsense),
            Blow::Drive { joint, signal, how, amount, time } => {
                let request = FaultRequest {
                    joint: format!("joint_{}", joint + 1),
                    signal: (*signal).to_owned(),
                    kind: (*how).to_owned(),
                    amount: *amount,
                    duration: time.as_secs_f64(),
                };
                self.arm.inject(&request)?;
            }
            Blow::Bus(wire, joint, time) => self.cut_bus(*wire, *joint, *time),
            Blow::Apart(targets, time) => self.set_apart(targets, *time)?,
            Blow::Messages(loss, delay, longest_delay, duplicate, time) => {
                self.messages_until = Some(self.now() + time.as_secs_f64());
                self.arm.set_network(NetworkFaults {
                    loss: *loss,
                    delay: *delay,
                    longest_delay: *longest_delay,
                    duplicate: *duplicate,
                });
            }
            Blow::Rogue(as_if, count) => self.rogue = Some((*as_if, *count)),
        }
        Ok(())
    }

    /// A planned upgrade of control hands the lease over first, where there is somebody to take it.
    fn end_service(&mut self, kind: Kind, target: Target) -> Result<()> {
        let planned = kind == Kind::Upgrade && target.service == Service::Control;
        if planned && self.build == Build::Split {
            self.arm.ask_hand_over("", CANARY);
            return Ok(());
        }
        Ok(self.arm.kill(&self.build.process(target))?)
    }

    fn set_apart(&mut self, targets: &[Target], time: Duration) -> Result<()> {
        // Whoever lives with them is where they are; a whole arm in one process stays together.
        let mut names: Vec<String> = targets.iter().map(|t| self.build.process(*t)).collect();
        if self.build == Build::Monolith {
            names = self.arm.process_names().map(str::to_owned).collect();
        }
        names.sort();
        names.dedup();
        self.apart_until = Some(self.now() + time.as_secs_f64());
        Ok(self.arm.set_apart(&names)?)
    }

    fn cut_bus(&mut self, wire: Wire, joint: Option<usize>, time: Duration) {
        let until = Some(self.arm.now() + time);
        let node = joint.and_then(|joint| self.arm.config().hardware.node_ids.get(joint).copied());
        let id = node.map(|node| (node.into(), 0x7F));
        let select = virtual_arm::Select { id, ..virtual_arm::Select::default() };
        let kind = match wire {
            Wire::Loss(probability) => virtual_arm::FaultKind::Loss { probability },
            _ => virtual_arm::FaultKind::BusOff,
        };
        self.arm.break_bus(BusFault { kind, select, until });
    }

    fn bad_goal(&mut self, nonsense: Nonsense) {
        let home = [0.0; 6];
        let mut goal = self.arm.trajectory(&[(home, 3.0), ([0.1; 6], 5.0)]);
        match nonsense {
            Nonsense::NotANumber => {
                goal.points.iter_mut().for_each(|point| point.positions.fill(f64::NAN));
            }
            Nonsense::UnknownJoint => goal.joint_names.fill("joint_7".to_owned()),
            Nonsense::BeyondLimits => {
                goal.points.iter_mut().for_each(|point| point.positions.fill(40.0));
            }
            Nonsense::Times => goal.points.iter_mut().for_each(|point| point.time_from_start = 1.0),
            Nonsense::Long => {
                if let Some(last) = goal.points.last().cloned() {
                    goal.points.resize(100_000, last);
                }
            }
            Nonsense::Empty => goal.points.clear(),
        }
        self.arm.send_goal(goal);
    }

    fn end(mut self) -> Result<Life> {
        let now = self.now();
        self.meter.close(now);
        let events = self.meter.events.iter();
        let events = events.map(|e| Downtime { begin: e.begin - self.begin, ..*e }).collect();
        Ok(Life { events, length: now - self.begin, despair: self.despair, goals: self.goals })
    }
}
