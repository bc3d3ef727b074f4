//! Time to the limit, predicted against the simulator's truth, with exact and with wrong data sheets.
//!
//! One arm works; several thermal nodes listen to the same telemetry, each with another data sheet.

use crate::Found;
use crate::work::{FORECAST_LOAD, HEAVY, Work, swings};
use anyhow::{Result, anyhow};
use report::Target;
use thermal::{Arm, Config, Inputs, Thermal};
use virtual_arm::VirtualConfig;
use vocabulary::time::{Now, Received};

/// Errors of resistance, both thermal resistances and both capacities.
const PATTERNS: [[f64; 5]; 6] = [
    [1.0, 1.0, 1.0, 1.0, 1.0],
    [-1.0, -1.0, -1.0, -1.0, -1.0],
    [1.0, 1.0, 1.0, -1.0, -1.0],
    [-1.0, -1.0, -1.0, 1.0, 1.0],
    [1.0, -1.0, 1.0, -1.0, 1.0],
    [-1.0, 1.0, -1.0, 1.0, -1.0],
];
/// Time after which predictions count, s.
const LEARNT: f64 = 300.0;
/// A prediction counts while at least this much time is left, s.
const LEFT: f64 = 60.0;

fn wrong(config: &Config, by: f64, signs: [f64; 5]) -> Config {
    let mut config = config.clone();
    let [r, rw, rh, cw, ch] = signs.map(|sign| 1.0 + by * sign);
    for motor in config.motors.values_mut() {
        motor.resistance *= r;
        motor.winding_resistance *= rw;
        motor.housing_resistance *= rh;
        motor.winding_time *= rw * cw;
        motor.housing_time *= rh * ch;
    }
    config
}

struct Listener {
    node: Thermal,
    predictions: Vec<(f64, f64)>,
}

pub fn run(quick: bool) -> Result<Found> {
    let mut config = VirtualConfig::reference()?;
    let limit = config.thermal.motors["joint_6"].winding_limit;
    let patterns = if quick { &PATTERNS[..2] } else { &PATTERNS[..] };
    let mut sheets = vec![config.thermal.clone()];
    sheets.extend(patterns.iter().map(|signs| wrong(&config.thermal, 0.2, *signs)));
    let described =
        config.model.limits().each_ref().map(|l| (l.lower, l.upper, l.velocity, l.effort));
    let arm = Arm {
        order: config.arm.joint_order()?,
        limits: config.arm.limits(&described)?,
        model: config.model.clone(),
    };
    let listeners = sheets.into_iter().map(|sheet| {
        let node = Thermal::new(sheet, arm.clone(), 1).map_err(|error| anyhow!("{error}"))?;
        Ok(Listener { node, predictions: Vec::new() })
    });
    let mut listeners = listeners.collect::<Result<Vec<_>>>()?;
    // The arm's own thermal node shall not interfere.
    config.thermal.motors.values_mut().for_each(|motor| motor.winding_limit = 250.0);
    let mut work = Work::begin(3, config, &swings(3000.0), None, FORECAST_LOAD, FORECAST_LOAD)?;
    let mut heard = [None; 6];
    while work.winding() < limit && work.time() < 2900.0 {
        work.run(0.05)?;
        listen(&work, &mut heard, &mut listeners);
    }
    let crossing = work.time();
    let worst = |listener: &Listener| {
        let counted = listener.predictions.iter().filter(|(at, _)| crossing - at > LEFT);
        let errors = counted.map(|(at, time)| (time / (crossing - at) - 1.0).abs());
        errors.fold(
            0.0,
            |worst: f64, error| if error.is_nan() { f64::INFINITY } else { worst.max(error) },
        )
    };
    let errors: Vec<f64> = listeners.iter().map(worst).collect();
    let wrong = errors.iter().skip(1).copied().fold(0.0, f64::max);
    let signed: Vec<_> = listeners[0]
        .predictions
        .iter()
        .step_by(1000)
        .map(|(at, time)| format!("{at:.0}: {:+.3}", time / (crossing - at) - 1.0))
        .collect();
    println!("  exact data: {signed:?}");
    let text = format!(
        "limit passed after {crossing:.0} s; worst error from {LEARNT:.0} s to {LEFT:.0} s before: \
         exact {:.1} %, 20 % off {:?} %",
        100.0 * errors[0],
        errors.iter().skip(1).map(|e| (1000.0 * e).round() / 10.0).collect::<Vec<_>>()
    );
    Ok(Found {
        targets: vec![
            Target::at_most("error of the time to the limit, exact data", "", errors[0], 0.10),
            Target::at_most("error of the time to the limit, data 20 % off", "", wrong, 0.25),
        ],
        detail: vec![("forecast", text)],
    })
}

fn listen(work: &Work, heard: &mut [Option<u64>; 6], listeners: &mut [Listener]) {
    let heat = work.arm.heat();
    let now = Now { mono: work.arm.now(), ..Now::default() };
    let mut inputs = Inputs::default();
    let mut stamp = now.stamp;
    for (joint, telemetry) in heat.telemetry.iter().enumerate() {
        let Some((at, value)) = telemetry else { continue };
        stamp = stamp.max(value.stamp);
        if heard[joint] != Some(at.0) {
            heard[joint] = Some(at.0);
            inputs.telemetry[joint] = Some(Received { at: *at, value: value.clone() });
        }
    }
    let now = Now { stamp, ..now };
    inputs.control = heat.control.clone().map(|value| Received { at: now.mono, value });
    inputs.status = Some(work.arm.status().clone());
    let time = work.time();
    for Listener { node, predictions } in listeners {
        if node.step(now, &inputs).state.is_some() && time > LEARNT {
            predictions.push((time, node.joints()[HEAVY].time_to_limit()));
        }
    }
}
