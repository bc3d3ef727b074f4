//! Plays a schedule: the arm comes up, things go wrong, things are put right, and the arm must work.
//!
//! The one rule: invariants are judged at every step by the arm itself; what is added here is that it
//! can be brought back by what any person would do.

use super::operator::{Operator, needs_a_yes};
use super::{Build, Event, Fault, Rogue, Schedule, Wire};
use crate::arm::VirtualArm;
use crate::client::GoalState;
use crate::config::VirtualConfig;
use crate::invariants::Violation;
use crate::network::NetworkFaults;
use can_bus::frame::Frame;
use can_bus::in_process::{BusFault, FaultKind, Select};
use servo_sim::FaultRequest;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use supervisor::RequestKind;
use thiserror::Error;
use vocabulary::time::Monotonic;

/// After the last fault, before anybody calls anything: the time of the slowest restart.
const SETTLE: Duration = Duration::from_secs(4);
/// How often the arm may be asked to come back.
const ATTEMPTS: usize = 6;
/// How long the last goal may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Identifier of a babbling node: below SYNC, so it always wins.
const BABBLE: u16 = 0x07F;

/// What a run that kept all rules was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Played {
    /// Virtual time.
    pub life: Duration,
    /// Goals reached while things went wrong.
    pub goals: u64,
    /// Hash of all that happened.
    pub hash: u64,
}

/// How a run ended that did not.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Broken {
    /// An invariant.
    #[error("{0}")]
    Invariant(Box<Violation>),
    /// A process does not start, or not even the healthy arm comes up.
    #[error("the arm does not start: {0}")]
    Start(String),
    /// All faults are over and the arm does not work.
    #[error("the arm does not recover: {0}")]
    Recovery(String),
    /// A node panicked.
    #[error("panic: {0}")]
    Panic(String),
}

impl Broken {
    /// What broke, without the particulars: two runs that break in the same way have the same.
    #[must_use]
    pub fn class(&self) -> String {
        match self {
            Self::Invariant(violation) => violation.rule.to_string(),
            Self::Start(_) => "start".to_owned(),
            Self::Recovery(_) => "recovery".to_owned(),
            Self::Panic(_) => "panic".to_owned(),
        }
    }
}

impl Schedule {
    /// Runs it on an arm with the parameters of `reference`.
    ///
    /// # Errors
    /// What broke first.
    pub fn play(&self, reference: &VirtualConfig) -> Result<Played, Broken> {
        catch_unwind(AssertUnwindSafe(|| self.run(reference))).unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|&t| t.to_owned()));
            Err(Broken::Panic(text.unwrap_or_default()))
        })
    }

    fn run(&self, reference: &VirtualConfig) -> Result<Played, Broken> {
        let config = self.arm.config(reference);
        let start = |error: String| Broken::Start(error);
        let mut arm = VirtualArm::new(self.seed, config).map_err(|e| start(e.to_string()))?;
        let switched_on = arm.now();
        let enabled = arm.enable();
        check(&arm)?;
        enabled.map_err(start)?;
        let mut stage = Stage::new(&self.arm, self.seed, arm.now());
        for event in &self.events {
            let at = stage.begin + Duration::from_millis(event.at.min(self.length));
            stage.go_on(&mut arm, at)?;
            stage.strike(&mut arm, event)?;
        }
        let end = stage.begin + Duration::from_millis(self.length);
        stage.go_on(&mut arm, end)?;
        let goals = stage.operator.reached();
        recover(&mut arm)?;
        let life = arm.now().since(switched_on);
        Ok(Played { life, goals, hash: arm.record().hash() })
    }
}

/// What is going on besides the arm itself.
struct Stage {
    begin: Monotonic,
    operator: Operator,
    messages: Vec<(Monotonic, NetworkFaults)>,
    apart_until: Option<Monotonic>,
    rogue: Option<(Rogue, u64)>,
    rogue_next: Monotonic,
    node_ids: Vec<u8>,
    hand_over_to: &'static str,
}

impl Stage {
    fn new(build: &Build, seed: u64, begin: Monotonic) -> Self {
        Self {
            begin,
            operator: Operator::new(seed, begin),
            messages: Vec::new(),
            apart_until: None,
            rogue: None,
            rogue_next: begin,
            node_ids: Vec::new(),
            hand_over_to: if build.standby { "" } else { "control" },
        }
    }

    /// Lets time pass until `until`: the operator works, faults end, rogues speak.
    fn go_on(&mut self, arm: &mut VirtualArm, until: Monotonic) -> Result<(), Broken> {
        loop {
            let next = self.next().min(until);
            arm.run_until(next);
            check(arm)?;
            let now = arm.now();
            self.heal(arm, now);
            self.speak(arm, now);
            if self.operator.next() <= now {
                self.operator.turn(arm);
            }
            if now >= until {
                return Ok(());
            }
        }
    }

    fn next(&self) -> Monotonic {
        let ends = self.messages.iter().map(|(until, _)| *until).chain(self.apart_until);
        let rogue = self.rogue.map(|_| self.rogue_next);
        ends.chain(rogue).fold(self.operator.next(), Monotonic::min)
    }

    fn heal(&mut self, arm: &mut VirtualArm, now: Monotonic) {
        if self.apart_until.is_some_and(|until| until <= now) {
            self.apart_until = None;
            arm.join_all();
        }
        let before = self.messages.len();
        self.messages.retain(|(until, _)| *until > now);
        if self.messages.len() != before {
            arm.set_network(self.worst());
        }
    }

    /// All message faults that last, as one.
    fn worst(&self) -> NetworkFaults {
        let worst = |all: NetworkFaults, (_, one): &(Monotonic, NetworkFaults)| NetworkFaults {
            loss: all.loss.max(one.loss),
            delay: all.delay.max(one.delay),
            longest_delay: all.longest_delay.max(one.longest_delay),
            duplicate: all.duplicate.max(one.duplicate),
        };
        self.messages.iter().fold(NetworkFaults::default(), worst)
    }

    fn speak(&mut self, arm: &mut VirtualArm, now: Monotonic) {
        let Some((as_if, count)) = self.rogue.filter(|_| self.rogue_next <= now) else { return };
        arm.forge(as_if);
        self.rogue_next = now + arm.config().period();
        self.rogue = (count > 1).then_some((as_if, count - 1));
    }

    fn strike(&mut self, arm: &mut VirtualArm, event: &Event) -> Result<(), Broken> {
        let now = arm.now();
        let until = now + event.fault.lasts();
        let done = match &event.fault {
            Fault::Crash { process, away: None } => arm.kill(process),
            Fault::Crash { process, .. } => arm.kill_for(process, until.since(now)),
            Fault::Hang { process, .. } => arm.freeze(process, until.since(now)),
            Fault::Partition { apart, .. } => {
                self.apart_until = Some(until);
                arm.set_apart(apart)
            }
            Fault::Messages { loss, delay, late, duplicate, .. } => {
                let longest_delay = Duration::from_millis(*late);
                let faults = NetworkFaults {
                    loss: *loss,
                    delay: *delay,
                    longest_delay,
                    duplicate: *duplicate,
                };
                self.messages.push((until, faults));
                arm.set_network(self.worst());
                Ok(())
            }
            Fault::Bus { wire, joint, .. } => {
                let node = joint.and_then(|joint| self.node_id(arm, joint));
                bus(arm, *wire, node, until);
                Ok(())
            }
            Fault::Drive { joint, signal, how, amount, .. } => {
                let fault = FaultRequest {
                    joint: joint.clone(),
                    signal: signal.clone(),
                    kind: how.clone(),
                    amount: *amount,
                    duration: until.since(now).as_secs_f64(),
                };
                arm.inject(&fault).map(drop)
            }
            Fault::Rogue { as_if, count } => {
                (self.rogue, self.rogue_next) = (Some((*as_if, *count)), now);
                Ok(())
            }
            Fault::HandOver { canary } => {
                arm.ask_hand_over(self.hand_over_to, *canary as f64 * 1e-3);
                Ok(())
            }
            Fault::Call { what } => {
                arm.request((*what).into());
                Ok(())
            }
        };
        done.map_err(|error| Broken::Start(error.to_string()))
    }

    fn node_id(&mut self, arm: &VirtualArm, joint: usize) -> Option<u8> {
        if self.node_ids.is_empty() {
            self.node_ids = arm.config().hardware.node_ids.to_vec();
        }
        self.node_ids.get(joint).copied()
    }
}

fn bus(arm: &mut VirtualArm, wire: Wire, node: Option<u8>, until: Monotonic) {
    let kind = match wire {
        Wire::Off => FaultKind::BusOff,
        Wire::Loss(probability) => FaultKind::Loss { probability },
        Wire::Delay(ms) => {
            let jitter = Duration::from_millis(ms);
            FaultKind::Delay { probability: 0.5, delay: Duration::ZERO, jitter }
        }
        Wire::Duplicate(probability) => FaultKind::Duplicate { probability },
        Wire::Full => FaultKind::TxFull,
        Wire::Babble(rate) => match Frame::standard(BABBLE, &[]) {
            Ok(frame) => FaultKind::Babble { frame, rate },
            Err(_) => return,
        },
    };
    // The lower seven bits of a COB-ID are the node.
    let id = node.map(|node| (node.into(), 0x7F));
    arm.break_bus(BusFault {
        until: Some(until),
        select: Select { id, ..Select::default() },
        kind,
    });
}

fn check(arm: &VirtualArm) -> Result<(), Broken> {
    arm.verdict().map_err(|violation| Broken::Invariant(Box::new(violation)))?;
    arm.failure().map_or(Ok(()), |error| Err(Broken::Start(error.to_string())))
}

/// All faults end, all processes live; then somebody asks for what it takes and sends a last goal. A
/// person tries more than once.
fn recover(arm: &mut VirtualArm) -> Result<(), Broken> {
    arm.join_all();
    arm.set_network(NetworkFaults::default());
    arm.mend_bus();
    arm.mend_drives();
    arm.run_for(SETTLE);
    check(arm)?;
    let mut words = Vec::new();
    for _ in 0..ATTEMPTS {
        give_a_yes(arm, &mut words)?;
        if needs_a_yes(arm) {
            continue;
        }
        match last_goal(arm)? {
            GoalState::Succeeded => return Ok(()),
            other => words.push(format!("the last goal: {other:?}")),
        }
    }
    Err(Broken::Recovery(told(arm, &words.join("\n"))))
}

/// Whatever runs is ended first, so that goals begin at rest.
fn give_a_yes(arm: &mut VirtualArm, words: &mut Vec<String>) -> Result<(), Broken> {
    use RequestKind::{ClearFaults, Enable, Resume, Stop};
    for kind in [ClearFaults, Enable, Stop, Resume] {
        if let Err(text) = arm.call(kind) {
            words.push(format!("{kind:?}: {text}"));
        }
        arm.run_for(Duration::from_millis(700));
        check(arm)?;
    }
    Ok(())
}

/// One more goal, from wherever the arm is.
fn last_goal(arm: &mut VirtualArm) -> Result<GoalState, Broken> {
    let home = [0.0, 0.3, 0.3, 0.0, 0.4, 0.0];
    let way = arm.truth().position.into_iter().zip(home).map(|(a, b)| (a - b).abs());
    let time = way.fold(0.7, f64::max) * 1.8;
    let goal = arm.send_goal(arm.trajectory(&[(home, time)]));
    let state = arm.wait(&goal, PATIENCE);
    check(arm)?;
    Ok(state)
}

fn told(arm: &VirtualArm, words: &str) -> String {
    let events: Vec<&str> = arm.record().events().collect();
    format!("{words}\nlast events:\n{}", events.join("\n"))
}
