//! Sensor faults injected in motion: found, named, in time; and an hour in which nothing is wrong.

use crate::Found;
use crate::work::{BAG, HALF_BAG, Work, at, round};
use anyhow::{Result, anyhow};
use report::Target;
use virtual_arm::{FaultRequest, VirtualConfig};
use vocabulary::thermal::{SensorState, ThermalAlarm, ThermalLevel};
use vocabulary::time::Monotonic;

/// Two samples at 10 Hz (reliability case 10), s.
const IN_TIME: f64 = 0.2;
/// A trial is given up after this time, s.
const PATIENCE: f64 = 60.0;
/// Error from which on a stuck reading can be told from physics, K.
const TELLING: f64 = 2.0;
/// Winding and housing at the start, °C: as after heavy work, so that temperatures move.
const WARM: (f64, f64) = (85.0, 45.0);

/// Payload of normal work.
const SOMETHING: (f64, [f64; 3]) = (1.0, [0.0; 3]);

struct Kind {
    name: &'static str,
    signal: &'static str,
    kind: &'static str,
    amount: f64,
    expected: SensorState,
}

const WINDING: &str = "winding_temperature";
/// Random numbers go to the housing: the drive's own protection acts on the winding's reading and would
/// switch off.
const HOUSING: &str = "housing_temperature";

const KINDS: [Kind; 5] = [
    Kind {
        name: "silent",
        signal: WINDING,
        kind: "off",
        amount: 0.0,
        expected: SensorState::Silent,
    },
    Kind {
        name: "stuck",
        signal: WINDING,
        kind: "stuck",
        amount: 0.0,
        expected: SensorState::Stuck,
    },
    Kind {
        name: "jump of 10 K",
        signal: WINDING,
        kind: "wrong",
        amount: 10.0,
        expected: SensorState::Jumping,
    },
    Kind {
        name: "offset of 15 K",
        signal: WINDING,
        kind: "wrong",
        amount: 15.0,
        expected: SensorState::Offset,
    },
    Kind {
        name: "garbage",
        signal: HOUSING,
        kind: "garbage",
        amount: 3000.0,
        expected: SensorState::Implausible,
    },
];

pub fn run(quick: bool) -> Result<Found> {
    let rounds = if quick { 1 } else { 4 };
    let mut found = Found::default();
    for (index, kind) in KINDS.iter().enumerate() {
        let times = trials(kind, rounds, index as u64 + 10)?;
        let of = if quick { 6 } else { 20 };
        let times = &times[..of.min(times.len())];
        let named = times.iter().filter(|(time, _)| *time <= IN_TIME + 0.05).count();
        let worst = times.iter().map(|(time, _)| *time).fold(0.0, f64::max);
        let since = times.iter().map(|(_, since)| *since).fold(0.0, f64::max);
        let share = named as f64 / of as f64;
        let name = format!("sensor {}: named in time", kind.name);
        found.targets.push(Target::at_least(&name, "of trials", share, 1.0));
        let name = format!("sensor {}: named after it could be seen", kind.name);
        found.targets.push(Target::at_most(&name, "s", worst, IN_TIME));
        let text = format!(
            "{}: {named} of {of}, worst {worst:.3} s, {since:.1} s after injection",
            kind.name
        );
        found.detail.push((kind.name, text));
    }
    let (alarms, text) = calm(if quick { 600.0 } else { 3600.0 })?;
    found.targets.push(Target::at_most("false alarms in an hour of normal work", "", alarms, 0.0));
    found.detail.push(("normal work", text));
    Ok(found)
}

fn inject(work: &mut Work, signal: &str, (kind, amount): (&str, f64), duration: f64) -> Result<()> {
    let request = FaultRequest {
        joint: String::new(),
        signal: signal.to_owned(),
        kind: kind.to_owned(),
        amount,
        duration,
    };
    work.arm.inject(&request)?;
    Ok(())
}

/// Times from the first visible sample to the name, and from the injection; six trials a round.
fn trials(kind: &Kind, rounds: usize, seed: u64) -> Result<Vec<(f64, f64)>> {
    let mut times = Vec::new();
    for round_number in 0..rounds as u64 {
        let config = VirtualConfig::reference()?;
        let points = round(PATIENCE + 20.0);
        let seed = 100 * seed + round_number;
        let mut work = Work::begin(seed, config, &points, Some(WARM), BAG, HALF_BAG)?;
        work.run(12.0 + 0.037 * round_number as f64)?;
        times.extend(trial(kind, &mut work)?);
    }
    Ok(times)
}

fn trial(kind: &Kind, work: &mut Work) -> Result<[(f64, f64); 6]> {
    let begin = at(&work.arm);
    let mut seen: [Option<f64>; 6] = [None; 6];
    let mut named: [Option<f64>; 6] = [None; 6];
    let jumping = kind.expected == SensorState::Jumping;
    if !jumping {
        inject(work, kind.signal, (kind.kind, kind.amount), 0.0)?;
    }
    let mut next_jump = 0.0;
    let mut laden = true;
    while named.contains(&None) && at(&work.arm) - begin < PATIENCE {
        let time = at(&work.arm) - begin;
        if jumping && time >= next_jump {
            inject(work, kind.signal, (kind.kind, kind.amount), 0.1)?;
            next_jump = time + 0.7;
        }
        // Work that changes makes temperatures move.
        let wanted = ((time / 25.0) as u64).is_multiple_of(2);
        if wanted != laden {
            laden = wanted;
            load(work, laden)?;
        }
        work.run(0.01)?;
        look(kind, work, &mut seen, &mut named);
    }
    load(work, true)?;
    Ok(std::array::from_fn(|joint| match (seen[joint], named[joint]) {
        (Some(seen), Some(named)) => ((named - seen).max(0.0), named - begin),
        (None, Some(named)) => (0.0, named - begin),
        _ => (f64::INFINITY, f64::INFINITY),
    }))
}

/// Hangs the bag on or takes it off.
fn load(work: &mut Work, on: bool) -> Result<()> {
    let mass = if on { BAG.0 } else { 0.0 };
    work.arm.hang_payload(mass, BAG.1).map_err(|text| anyhow!(text))
}

fn look(kind: &Kind, work: &Work, seen: &mut [Option<f64>; 6], named: &mut [Option<f64>; 6]) {
    let truth = work.arm.truth();
    let in_winding = kind.signal == WINDING;
    let truth = if in_winding { truth.winding_temperature } else { truth.housing_temperature };
    let heat = work.arm.heat();
    for joint in 0..6 {
        if let Some((came, telemetry)) = &heat.telemetry[joint] {
            let (winding, housing) = (telemetry.winding_temperature, telemetry.housing_temperature);
            let error = if in_winding { winding } else { housing } - truth[joint];
            let least = if kind.expected == SensorState::Stuck { TELLING } else { 6.0 };
            if error.is_nan() || error.abs() > least {
                seen[joint].get_or_insert(came.0 as f64 * 1e-9);
            }
        }
        if let Some((came, state)) = &heat.state {
            let sensors = if in_winding { state.winding_sensor } else { state.housing_sensor };
            if sensors[joint] == kind.expected {
                named[joint].get_or_insert(came.0 as f64 * 1e-9);
            }
        }
    }
}

/// Alarms while nothing is wrong.
fn calm(length: f64) -> Result<(f64, String)> {
    let config = VirtualConfig::reference()?;
    let mut work = Work::begin(5, config, &round(length + 10.0), None, SOMETHING, SOMETHING)?;
    work.run(length)?;
    let heat = work.arm.heat();
    let raised = |alarm: &ThermalAlarm| alarm.level > ThermalLevel::Normal;
    let alarms = heat.alarms.iter().filter(|(_, alarm)| raised(alarm)).count();
    let hottest = work.arm.truth().winding_temperature.into_iter().fold(0.0, f64::max);
    let told = |(came, alarm): &(Monotonic, ThermalAlarm)| {
        let reasons = alarm.reasons.join(" ").trim().to_owned();
        format!("{:.1} s: {reasons}", came.0 as f64 * 1e-9)
    };
    let reasons = heat.alarms.iter().take(8).map(told).collect::<Vec<_>>().join(" | ");
    Ok((alarms as f64, format!("{length:.0} s, hottest {hottest:.1} degC, {reasons}")))
}
