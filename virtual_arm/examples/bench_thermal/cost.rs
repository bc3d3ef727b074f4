//! What the node costs: its steps, and the prediction of an hour of work.

use crate::Found;
use crate::work::swings;
use anyhow::{Result, anyhow};
use report::Target;
use std::hint::black_box;
use std::time::Instant;
use thermal::predict::Request;
use thermal::{Arm, Inputs, Thermal};
use virtual_arm::VirtualConfig;
use vocabulary::command::JointTelemetry;
use vocabulary::plan::Waypoint;
use vocabulary::time::{Monotonic, Now, Received, Stamp};

pub fn run(quick: bool) -> Result<Found> {
    let config = VirtualConfig::reference()?;
    let described =
        config.model.limits().each_ref().map(|l| (l.lower, l.upper, l.velocity, l.effort));
    let (order, limits) = (config.arm.joint_order()?, config.arm.limits(&described)?);
    let arm = Arm { order, limits, model: config.model.clone() };
    let mut node = Thermal::new(config.thermal, arm, 1).map_err(|error| anyhow!("{error}"))?;
    let steps: u64 = if quick { 4_000 } else { 20_000 };
    let begin = Instant::now();
    for k in 1..=steps {
        let ns = k * 50_000_000;
        let now = Now { mono: Monotonic(ns), stamp: Stamp(ns as i64) };
        let mut inputs = Inputs::default();
        if k % 2 == 0 {
            inputs.telemetry = std::array::from_fn(|joint| {
                let value = JointTelemetry {
                    joint,
                    stamp: now.stamp,
                    winding_temperature: 60.0 + (k % 7) as f64 * 0.1,
                    housing_temperature: 50.0,
                    drive_temperature: 40.0,
                    current: 2.0,
                    ..JointTelemetry::default()
                };
                Some(Received { at: now.mono, value })
            });
        }
        black_box(node.step(now, &inputs));
    }
    // Twenty steps and ten samples per joint are one second.
    let share = begin.elapsed().as_secs_f64() / (steps as f64 / 20.0);
    let request = hour()?;
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let begin = Instant::now();
            let _answer = black_box(node.predict(black_box(&request)));
            begin.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let answer = node.predict(&request).map_err(|error| anyhow!("{error}"))?;
    let detail = format!("step cost {:.4} % of a core; an hour: {answer:?}", 100.0 * share);
    Ok(Found {
        targets: vec![
            Target::at_most("thermal, computation without middleware", "of a core", share, 0.01),
            Target::at_most("prediction of an hour of work", "s", times[10], 0.010),
        ],
        detail: vec![("cost", detail)],
    })
}

/// A cycle of 10 s, repeated for an hour.
fn hour() -> Result<Request> {
    let points = swings(10.0);
    let last = points.last().map_or(10.0, |(_, time)| *time);
    let waypoints = points.into_iter().map(|(position, time)| Waypoint {
        time,
        position,
        velocity: Some([0.0; 6]),
        acceleration: Some([0.0; 6]),
    });
    let repetitions = (3600.0 / last).ceil() as u32;
    Ok(Request { waypoints: waypoints.collect(), repetitions, dwell: 0.0 })
}
