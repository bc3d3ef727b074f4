//! A payload jump to almost twice the rated torque: alarm, derating, success, and never too hot.
//!
//! The crossing of the predicted bound is computed a second time at 1 kHz, by an observer of its own
//! that is fed with true temperatures and currents without the way over bus and middleware.

use crate::Found;
use crate::work::{EXPECTED_LOAD, HEAVY, HEAVY_LOAD, LIGHT_LOAD, Work, at, swings};
use anyhow::{Context, Result, anyhow};
use report::Target;
use virtual_arm::{GoalState, VirtualConfig};
use vocabulary::thermal::ThermalLevel;

pub fn run(quick: bool) -> Result<Found> {
    let trials = if quick { 2 } else { 5 };
    let mut found = Found::default();
    let (mut delays, mut peaks, mut missing) = (Vec::new(), Vec::new(), 0);
    for seed in 1..=trials {
        let trial = trial(seed)?;
        delays.push(trial.delay);
        peaks.push(trial.peak);
        missing += u32::from(!trial.succeeded);
        found.detail.push(("jump", trial.text));
    }
    let worst = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let limit = VirtualConfig::reference()?.thermal.motors["joint_6"].winding_limit;
    found.targets = vec![
        Target::at_most(
            "alarm after the predicted bound crossed the limit",
            "s",
            worst(&delays),
            0.2,
        ),
        Target::at_most("trajectories not completed after a payload jump", "", missing.into(), 0.0),
        Target::at_most("hottest winding after a payload jump", "degC", worst(&peaks), limit),
    ];
    Ok(found)
}

struct Trial {
    delay: f64,
    peak: f64,
    succeeded: bool,
    text: String,
}

fn trial(seed: u64) -> Result<Trial> {
    let config = VirtualConfig::reference()?;
    let limit = config.thermal.motors["joint_6"].winding_limit;
    let horizon = config.thermal.horizon;
    let margin = config.thermal.margin;
    let mut work =
        Work::begin(seed, config, &swings(420.0), Some((105.0, 92.0)), LIGHT_LOAD, EXPECTED_LOAD)?;
    work.run(40.0)?;
    let quiet = !alarmed(&work);
    let (mass, center) = HEAVY_LOAD;
    work.arm.hang_payload(mass, center).map_err(|text| anyhow!(text))?;
    let jumped = work.time();
    let (mut crossing, mut alarm, mut peak, mut torque) = (None, None, 0.0_f64, 0.0_f64);
    let mut slowest = 1.0_f64;
    while work.goal() != GoalState::Succeeded && work.time() < 1200.0 {
        work.run(0.01)?;
        let truth = work.arm.truth();
        peak = peak.max(truth.winding_temperature[HEAVY]);
        torque = torque.max(truth.effort[HEAVY].abs());
        if let Some((came, state)) = &work.arm.heat().state {
            slowest = slowest.min(state.speed);
            // The state carries load and bound of its instant; what it leads to is judged here again.
            if crossing.is_none() && predicted(state, horizon) > limit - margin {
                crossing = Some(came.0 as f64 * 1e-9 - work.begun);
            }
        }
        alarm = alarm.or_else(|| first_alarm(&work));
    }
    let crossing = crossing.context("the bound never crossed the limit")?;
    let alarm = alarm.context("no alarm came")?;
    let text = format!(
        "quiet before {quiet}, peak torque {torque:.1} N m, crossing {:.2} s and alarm {:.2} s after \
         the jump, slowest {slowest:.3}, hottest {peak:.2}, took {:.0} s",
        crossing - jumped,
        alarm - jumped,
        work.time()
    );
    let succeeded = work.goal() == GoalState::Succeeded;
    Ok(Trial { delay: alarm - crossing, peak, succeeded, text })
}

/// Bound of the winding after the horizon under the present load, with the data sheet's network.
fn predicted(state: &vocabulary::thermal::ThermalState, horizon: f64) -> f64 {
    let (rw, rh, cw, ch, r, rated) = (2.5, 8.0, 18.0, 200.0, 1.6, 1.875);
    let (mut w, mut h) = (state.winding[HEAVY], state.housing[HEAVY]);
    let margin = state.winding_bound[HEAVY] - w;
    let q = (state.load[HEAVY] * rated).powi(2);
    let dt = 0.25;
    for _ in 0..(horizon / dt) as usize {
        let loss = q * r * (1.0 + 0.0039 * (w - 25.0));
        let inward = (w - h) / rw;
        w += dt * (loss - inward) / cw;
        h += dt * (inward + 2.0 - (h - 25.0) / rh) / ch;
    }
    w + margin
}

fn alarmed(work: &Work) -> bool {
    first_alarm(work).is_some()
}

/// Arrival of the first alarm that slows the arm, s since the goal.
fn first_alarm(work: &Work) -> Option<f64> {
    let mut alarms = work.arm.heat().alarms.iter();
    let found = alarms.find(|(_, alarm)| alarm.levels[HEAVY] >= ThermalLevel::Derate)?;
    let now = at(&work.arm);
    Some((found.0.0 as f64 * 1e-9).min(now) - work.begun)
}
