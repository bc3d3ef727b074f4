//! Draws schedules: number `index` of a seed is always the same one.
//!
//! The one rule: each schedule draws first *which* families of faults it has and how dense they are,
//! then the faults. Schedules that have everything all the time hide what only shows when some of it
//! is absent (swarm testing, Groce et al. 2012).

use super::{Build, Call, Event, Fault, Kind, Rogue, Schedule, Wire};
use crate::clock::Dice;
use std::time::Duration;

/// Apart from the streams of the arm itself.
const STREAM: u64 = 100;
/// Names of the joints, as in `config/arm.yaml`.
const JOINTS: usize = 6;

impl Schedule {
    /// Schedule `index` of `seed`, with faults of `kinds`.
    #[must_use]
    pub fn draw(seed: u64, index: u64, kinds: &[Kind]) -> Self {
        let mut dice = Dice::new(seed, STREAM + index);
        let arm = build(&mut dice);
        let length = dice.pick(&[40_000, 60_000, 60_000, 90_000, 120_000]).unwrap_or(60_000);
        let chosen = swarm(&mut dice, kinds);
        let mean = dice.pick(&[400, 1_000, 2_500, 6_000]).unwrap_or(2_500);
        let mut events = Vec::new();
        let mut at = 200;
        loop {
            at += milliseconds(dice.tail(Duration::from_millis(mean))).max(1);
            if at >= length {
                break;
            }
            let Some(kind) = dice.pick(&chosen) else { break };
            events.extend(fault(&mut dice, kind, &arm).map(|fault| Event { at, fault }));
        }
        Self { seed: dice.id(), arm, length, events }
    }
}

impl Dice {
    /// One of these, each as likely.
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let last = from.len().checked_sub(1)?;
        from.get(self.up_to(last as u64) as usize).cloned()
    }

    /// 0 to `most`.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        self.between(Duration::ZERO, Duration::from_nanos(most)).as_nanos() as u64
    }

    /// Evenly between the two, in steps of a thousandth of the span.
    pub(crate) fn share(&mut self, low: f64, high: f64) -> f64 {
        let share = low + (high - low) * self.up_to(1000) as f64 / 1000.0;
        // Short in a file.
        (share * 1e4).round() / 1e4
    }
}

fn milliseconds(time: Duration) -> u64 {
    time.as_millis() as u64
}

fn build(dice: &mut Dice) -> Build {
    Build {
        standby: dice.happens(0.75),
        thermal: dice.happens(0.5),
        joints_per_driver: dice.pick(&[1, 1, 1, 2, 3, 6]).unwrap_or(1),
        one_clock: dice.happens(0.3),
        stalls: dice.happens(0.3),
    }
}

/// Some of `kinds`, at least one.
fn swarm(dice: &mut Dice, kinds: &[Kind]) -> Vec<Kind> {
    let share = dice.pick(&[0.2, 0.4, 0.8]).unwrap_or(0.4);
    let chosen: Vec<Kind> = kinds.iter().copied().filter(|_| dice.happens(share)).collect();
    if chosen.is_empty() { dice.pick(kinds).into_iter().collect() } else { chosen }
}

/// Names of the processes of an arm.
pub(super) fn processes(arm: &Build) -> Vec<String> {
    let mut names =
        ["supervisor", "control", "arm_controller", "joint_state"].map(str::to_owned).to_vec();
    names.extend(arm.thermal.then(|| "thermal".to_owned()));
    names.extend(arm.standby.then(|| "control_standby".to_owned()));
    let share = arm.joints_per_driver.clamp(1, JOINTS);
    names.extend((0..JOINTS).step_by(share).map(|joint| format!("driver_{}", name(joint))));
    names
}

fn name(joint: usize) -> String {
    format!("joint_{}", joint + 1)
}

fn joint(dice: &mut Dice) -> usize {
    dice.up_to(JOINTS as u64 - 1) as usize
}

/// A fault of this family; `None` when this arm cannot have it.
fn fault(dice: &mut Dice, kind: Kind, arm: &Build) -> Option<Fault> {
    let names = processes(arm);
    Some(match kind {
        Kind::Crash => Fault::Crash { process: dice.pick(&names)?, away: None },
        Kind::Hang => {
            let longest = dice.pick(&[30, 120, 600, 3_000])?;
            Fault::Hang { process: dice.pick(&names)?, ms: 2 + dice.up_to(longest) }
        }
        Kind::SupervisorDeath => {
            let away = Some(500 + dice.up_to(4_500));
            Fault::Crash { process: "supervisor".to_owned(), away }
        }
        Kind::Loss => messages(dice, |dice, fault| fault.0 = dice.share(0.005, 0.3)),
        Kind::Delay => messages(dice, |dice, fault| {
            fault.1 = dice.share(0.01, 0.4);
            fault.2 = 1 + dice.up_to(120);
        }),
        Kind::Duplicate => messages(dice, |dice, fault| fault.3 = dice.share(0.01, 0.4)),
        Kind::Partition => partition(dice, &names),
        Kind::BusCut => bus(dice)?,
        Kind::Silent => drive(dice, "off")?,
        Kind::Stuck => drive(dice, "stuck")?,
        Kind::Lying => {
            let how = dice.pick(&["wrong", "garbage", "slow", "delayed", "intermittent"])?;
            drive(dice, how)?
        }
        Kind::TwoWriters => {
            let as_if = dice.pick(&[Rogue::Stranger, Rogue::Usurper, Rogue::Replay])?;
            Fault::Rogue { as_if, count: 1 + dice.up_to(300) }
        }
        Kind::HandOver if arm.standby => Fault::HandOver { canary: 100 + dice.up_to(2_000) },
        Kind::HandOver => return None,
        Kind::Person => {
            use Call::{ClearFaults, Disable, Enable, Resume, Stop};
            Fault::Call { what: dice.pick(&[Stop, Stop, Disable, Enable, Resume, ClearFaults])? }
        }
    })
}

fn messages(dice: &mut Dice, set: impl FnOnce(&mut Dice, &mut (f64, f64, u64, f64))) -> Fault {
    let mut fault = (0.0, 0.0, 0, 0.0);
    set(dice, &mut fault);
    let (loss, delay, late, duplicate) = fault;
    Fault::Messages { loss, delay, late, duplicate, ms: 20 + dice.up_to(3_000) }
}

/// Some processes, never all and never none.
fn partition(dice: &mut Dice, names: &[String]) -> Fault {
    let share = dice.share(0.1, 0.5);
    let mut apart: Vec<String> = names.iter().filter(|_| dice.happens(share)).cloned().collect();
    if apart.is_empty() || apart.len() == names.len() {
        apart = dice.pick(names).into_iter().collect();
    }
    Fault::Partition { apart, ms: 20 + dice.up_to(5_000) }
}

fn bus(dice: &mut Dice) -> Option<Fault> {
    let wire = match dice.up_to(5) {
        0 => Wire::Off,
        1 => Wire::Loss(dice.pick(&[0.01, 0.05, 0.2, 1.0])?),
        2 => Wire::Delay(1 + dice.up_to(40)),
        3 => Wire::Duplicate(dice.share(0.01, 0.5)),
        4 => Wire::Full,
        _ => Wire::Babble(100.0 + dice.up_to(8_000) as f64),
    };
    let one = matches!(wire, Wire::Loss(_) | Wire::Delay(_) | Wire::Duplicate(_));
    let joint = (one && dice.happens(0.5)).then(|| joint(dice));
    let longest = dice.pick(&[20, 200, 2_000])?;
    Some(Fault::Bus { wire, joint, ms: 2 + dice.up_to(longest) })
}

fn drive(dice: &mut Dice, how: &str) -> Option<Fault> {
    let signals: &[&str] = match how {
        "off" | "stuck" => &[
            "position",
            "velocity",
            "effort",
            "temperature",
            "statusword",
            "heartbeat",
            "feedback",
            "all",
        ],
        "slow" => &["position", "velocity", "temperature", "feedback", "power"],
        "delayed" => &["position", "velocity", "feedback", "heartbeat", "all"],
        "intermittent" => &["position", "feedback", "heartbeat", "power", "all"],
        _ => &["position", "velocity", "effort", "temperature", "statusword", "heartbeat", "power"],
    };
    let signal = dice.pick(signals)?;
    let amount = amount(dice, signal, how);
    let longest = dice.pick(&[50, 500, 3_000])?;
    let ms = 5 + dice.up_to(longest);
    let (signal, how) = (signal.to_owned(), how.to_owned());
    Some(Fault::Drive { joint: name(joint(dice)), signal, how, amount, ms })
}

/// In the unit of the signal; times in s, probabilities from 0 to 1.
fn amount(dice: &mut Dice, signal: &str, how: &str) -> f64 {
    match (how, signal) {
        ("slow" | "delayed", _) => dice.share(0.002, 0.3),
        ("intermittent", _) => dice.share(0.05, 0.9),
        ("wrong" | "garbage", "position") => dice.share(-0.4, 0.4).abs() + 0.001,
        ("wrong" | "garbage", "velocity") => dice.share(0.05, 3.0),
        ("wrong" | "garbage", "effort" | "power") => dice.share(1.0, 30.0),
        ("wrong" | "garbage", "temperature") => dice.share(5.0, 120.0),
        ("wrong", "statusword") => dice.up_to(0xFFFF) as f64,
        ("wrong", "heartbeat") => dice.up_to(127) as f64,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Vec<Kind> {
        Kind::ALL.map(|(kind, _)| kind).to_vec()
    }

    #[test]
    fn a_schedule_is_drawn_the_same_twice_and_survives_its_file() {
        for index in 0..200 {
            let schedule = Schedule::draw(7, index, &kinds());
            assert_eq!(schedule, Schedule::draw(7, index, &kinds()));
            let text = schedule.text().unwrap();
            assert_eq!(serde_norway::from_str::<Schedule>(&text).unwrap(), schedule, "{text}");
        }
    }

    #[test]
    fn only_faults_that_were_asked_for_are_drawn() {
        for index in 0..50 {
            let schedule = Schedule::draw(3, index, &[Kind::Hang]);
            assert!(schedule.events.iter().all(|e| matches!(e.fault, Fault::Hang { .. })));
        }
    }

    #[test]
    fn every_family_is_drawn() {
        let all: Vec<_> = (0..100).flat_map(|i| Schedule::draw(1, i, &kinds()).events).collect();
        let has = |wanted: fn(&Fault) -> bool| all.iter().any(|event| wanted(&event.fault));
        assert!(has(|f| matches!(f, Fault::Partition { .. })));
        assert!(has(|f| matches!(f, Fault::Rogue { as_if: Rogue::Usurper, .. })));
        assert!(has(|f| matches!(f, Fault::HandOver { .. })));
        assert!(has(|f| matches!(f, Fault::Crash { away: Some(_), .. })));
        assert!(has(|f| matches!(f, Fault::Bus { wire: Wire::Babble(_), .. })));
    }
}
