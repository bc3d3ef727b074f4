//! The controller is replaced on purpose while the arm moves, by a good one and by bad ones.

use crate::judge::{largest_step, longest_gap, quantile};
use crate::motion::Moving;
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use report::Target;
use rig::Single;
use std::time::Duration;

/// Time between two commands that are due, s.
const PERIOD: f64 = 0.004;

/// Goals without a hand-over, to compare with.
const BASELINE: u32 = 3;

/// Probation of a good successor, s.
const CANARY: f64 = 0.3;

/// How bad controllers go bad, and after how long, s.
const KINDS: [&str; 5] = ["panic", "nan", "wrong_sign", "error_grows", "silent"];
const BEHAVES: f64 = 0.3;

/// Time within which the predecessor must be back, s.
const BACK: f64 = 0.1;

/// All planned hand-overs.
#[derive(Debug)]
pub struct HandOvers {
    gaps: Vec<f64>,
    steps: Vec<f64>,
    refused: Vec<String>,
    failures: Vec<String>,
    rms: (f64, f64),
}

/// Hands the lease to and fro in motion.
pub fn hand_over(trials: u64) -> Result<HandOvers> {
    let mut moving = Moving::start("bench-hand-over", &["standby:=true"])?;
    let alone = goals(&mut moving, BASELINE)?;
    let (mut gaps, mut steps, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let (mut squares, mut count) = (0.0, 0_usize);
    let bar = ProgressBar::new(trials);
    for _ in 0..trials {
        moving.wait_for_pair()?;
        moving.reach_the_middle()?;
        moving.forget();
        moving.keep_moving(Duration::from_millis(100))?;
        let answer = moving.scenario.hand_over("", CANARY)?;
        moving.keep_moving(Duration::from_millis(100))?;
        if !answer.success {
            refused.push(answer.message.clone());
        }
        moving.ears.with(|heard| {
            let joints = || heard.samples.iter();
            gaps.push(joints().map(|s| longest_gap(s)).fold(0.0, f64::max) - PERIOD);
            steps.push(joints().map(|s| largest_step(s)).fold(0.0, f64::max));
        });
        let (s, n) = squared_errors(&moving);
        (squares, count) = (squares + s, count + n);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let rms = (alone, (squares / count.max(1) as f64).sqrt());
    Ok(HandOvers { gaps, steps, refused, failures: moving.failures, rms })
}

/// RMS error over whole goals without any hand-over, rad.
fn goals(moving: &mut Moving, count: u32) -> Result<f64> {
    let before = moving.succeeded;
    let (mut squares, mut samples) = (0.0, 0);
    for goal in 1..=count {
        moving.forget();
        while moving.succeeded < before + goal {
            moving.keep_moving(Duration::from_millis(200))?;
        }
        let (s, n) = squared_errors(moving);
        (squares, samples) = (squares + s, samples + n);
    }
    Ok((squares / f64::from(u32::try_from(samples)?).max(1.0)).sqrt())
}

/// Sum and number of squared errors of all joints since they were taken last.
fn squared_errors(moving: &Moving) -> (f64, usize) {
    let deviations = moving.tracking.deviations(&moving.scenario.program);
    let errors = deviations.iter().flat_map(|d| d.error.iter()).map(|e| e * e);
    (errors.clone().sum(), errors.count())
}

impl HandOvers {
    /// Its figures against the limits.
    pub fn targets(&self) -> Vec<Target> {
        let fine = |gap: &&f64| **gap <= PERIOD;
        let good = self.gaps.iter().filter(fine).count().saturating_sub(self.refused.len());
        let worst = |values: &[f64]| values.iter().copied().fold(0.0, f64::max) * 1e3;
        let added = (self.rms.1 / self.rms.0 - 1.0) * 100.0;
        vec![
            Target::at_most("planned upgrade: gap", "ms", worst(&self.gaps), PERIOD * 1e3),
            Target::at_most("planned upgrade: added tracking error", "%", added, 10.0),
            Target::at_most("planned upgrade: step of a joint", "mrad", worst(&self.steps), 1.0),
            Target::at_least(
                "planned upgrade: as they should be",
                "",
                good as f64,
                self.gaps.len() as f64,
            ),
            Target::at_most("planned upgrade: goals failed", "", self.failures.len() as f64, 0.0),
        ]
    }

    /// Everything else.
    pub fn detail(&self) -> serde_json::Value {
        let milliseconds: Vec<f64> = self.gaps.iter().map(|gap| gap * 1e3).collect();
        serde_json::json!({
            "gap_ms": milliseconds, "gap_ms_median": quantile(&milliseconds, 0.5),
            "refused": self.refused, "failures": self.failures,
            "rms_mrad_alone": self.rms.0 * 1e3, "rms_mrad_with": self.rms.1 * 1e3,
        })
    }
}

/// All hand-overs to bad controllers.
#[derive(Debug)]
pub struct RollBacks {
    /// Kind, and time until the predecessor was obeyed again, s; infinite when it was not.
    took: Vec<(&'static str, f64)>,
    failures: Vec<String>,
}

/// Hands the lease to controllers that go bad.
pub fn roll_back(trials: u64) -> Result<RollBacks> {
    let mut moving = Moving::start("bench-roll-back", &["standby:=true"])?;
    let bar = ProgressBar::new(trials * KINDS.len() as u64);
    let mut took = Vec::new();
    for kind in KINDS {
        for _ in 0..trials {
            took.push((kind, once(&mut moving, kind)?));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(RollBacks { took, failures: moving.failures })
}

fn once(moving: &mut Moving, kind: &str) -> Result<f64> {
    const NAME: &str = "control_next";
    moving.wait_for_pair()?;
    moving.scenario.arm.world.heartbeats.remove(NAME);
    let _bad = Single::controller("faulty_control", NAME, &[("FAULTY_CONTROL_KIND", kind)])?;
    let shadows = |world: &rig::World| {
        let beat = world.heartbeats.get(NAME);
        beat.is_some_and(|b| b.health == 0 && b.message.starts_with("shadowing"))
    };
    if !moving.until(Duration::from_secs(20), shadows)? {
        bail!("{kind}: {NAME} does not agree: {}", moving.scenario.arm.world.describe());
    }
    moving.reach_the_middle()?;
    moving.forget();
    moving.keep_moving(Duration::from_millis(50))?;
    let answer = moving.scenario.hand_over(NAME, 2.0)?;
    moving.keep_moving(Duration::from_millis(200))?;
    if answer.success || !answer.message.contains("taken back") {
        return Ok(f64::INFINITY);
    }
    let (bad, back) = (answer.epoch - 1, answer.epoch);
    let first = |epoch: u64| {
        moving.ears.with(|heard| {
            let joints = heard.samples.iter();
            let at = joints.filter_map(|s| s.iter().find(|s| s.applied.0 == epoch));
            at.map(|sample| sample.at).reduce(f64::max)
        })
    };
    let (Some(began), Some(back)) = (first(bad), first(back)) else { return Ok(f64::INFINITY) };
    Ok((back - began - BEHAVES).max(0.0))
}

impl RollBacks {
    /// Its figures against the limits.
    pub fn targets(&self) -> Vec<Target> {
        let mut targets: Vec<Target> = KINDS
            .iter()
            .map(|kind| {
                let trials = self.took.iter().filter(|(other, _)| other == kind);
                let good = trials.clone().filter(|(_, took)| *took <= BACK).count();
                let name = format!("roll-back within 100 ms: {kind}");
                Target::at_least(&name, "", good as f64, trials.count() as f64)
            })
            .collect();
        let failed = self.failures.len() as f64;
        targets.push(Target::at_most("roll-back: goals failed", "", failed, 0.0));
        targets
    }

    /// Everything else.
    pub fn detail(&self) -> serde_json::Value {
        let rows: Vec<_> = self.took.iter().map(|(kind, took)| (kind, took * 1e3)).collect();
        serde_json::json!({ "took_ms": rows, "failures": self.failures })
    }
}

/// The law's own cost and, where Pinocchio can be had, what its RNEA takes.
pub fn law_cost(law: &str, pinocchio: &str) -> Result<Target> {
    let median = |text: &str, key: &str| {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        value.get(key)?.as_f64().map(|ns| ns * 1e-3)
    };
    let ours = median(law, "law_ns_median").context("law_cost printed no figure")?;
    let target = Target::at_most("control law, median", "us", ours, 2.0);
    Ok(match median(pinocchio, "rnea_ns_median") {
        Some(theirs) => target.with_peer(theirs),
        None => target,
    })
}
