//! The controller is replaced on purpose while the arm moves, by a good one and by bad ones.

use crate::ears::{Heard, Sample};
use crate::judge::{between, gap, largest_step};
use crate::motion::Moving;
use crate::places::Errors;
use crate::witness::Testimony;
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use report::{Target, quantile};
use rig::Single;
use std::time::Duration;

/// Time between two commands that are due, s.
const PERIOD: f64 = 0.004;

/// The part of the samples around a change of the lease that is looked at, s.
const AROUND: f64 = 0.05;

/// Time in motion before a change of the lease: also room for a part of the same length in which
/// nothing changes.
const BEFORE: Duration = Duration::from_millis(200);

/// Probation of a good successor, s.
const CANARY: f64 = 0.3;

/// Time in which the arm does its program alone first, to be compared with: three rounds.
const ALONE: Duration = Duration::from_secs(36);

/// How bad controllers go bad, and after how long, s.
const KINDS: [&str; 5] = ["panic", "nan", "wrong_sign", "error_grows", "silent"];
const BEHAVES: f64 = 0.3;

/// Below this speed a joint stands, rad/s.
const SLOW: f64 = 0.05;

/// Time within which the predecessor must be back, s.
const BACK: f64 = 0.1;

/// All planned hand-overs.
#[derive(Debug)]
pub struct HandOvers {
    /// Time without a command beyond the period, and when it began, s.
    gaps: Vec<(f64, f64)>,
    /// The same just before, while nothing changed.
    usual: Vec<(f64, f64)>,
    /// What the joints followed around a long gap, and what was sent.
    traces: Vec<serde_json::Value>,
    steps: Vec<f64>,
    refused: Vec<String>,
    failures: Vec<String>,
    /// With a hand-over and without one at the same places, rad.
    rms: (f64, f64),
}

/// Hands the lease to and fro in motion.
pub fn hand_over(trials: u64) -> Result<HandOvers> {
    let mut moving = Moving::start("bench-hand-over", &["standby:=true"])?;
    let (mut gaps, mut usual, mut traces) = (Vec::new(), Vec::new(), Vec::new());
    let (mut steps, mut refused) = (Vec::new(), Vec::new());
    let (mut alone, mut with) = (Errors::default(), Errors::default());
    moving.keep_moving(ALONE)?;
    alone.add(&moving.deviations());
    let bar = ProgressBar::new(trials);
    for _ in 0..trials {
        moving.wait_for_pair()?;
        moving.reach_the_middle()?;
        moving.forget();
        moving.keep_moving(BEFORE)?;
        let epoch = moving.scenario.epoch();
        let answer = moving.scenario.hand_over("", CANARY)?;
        moving.keep_moving(Duration::from_millis(100))?;
        if !answer.success {
            refused.push(answer.message.clone());
            renew_successor(&mut moving)?;
        }
        moving.ears.with(|heard| {
            let samples = &heard.samples;
            usual.extend(worst(samples, epoch, -2.0 * AROUND).map(|(gap, at, _)| (gap, at)));
            if let Some((gap, at, window)) = worst(samples, epoch, 0.0) {
                gaps.push((gap, at));
                let from = window.first().map_or(at, |sample| sample.at);
                traces.extend((gap > 1.5 * PERIOD).then(|| trace(heard, from)));
            }
            steps.push(samples.iter().map(|s| largest_step(s)).fold(0.0, f64::max));
        });
        with.add(&moving.deviations());
        bar.inc(1);
    }
    bar.finish_and_clear();
    let rms = with.rms_beside(&alone);
    Ok(HandOvers { gaps, usual, traces, steps, refused, failures: moving.failures, rms })
}

/// The joint with the longest gap beyond a period within [`AROUND`] of when it followed a newer
/// epoch than `before`, and `shift` seconds from that: the gap, when it began, s, and its samples.
fn worst(joints: &[Vec<Sample>], before: u64, shift: f64) -> Option<(f64, f64, Vec<Sample>)> {
    let found = joints.iter().map(|samples| {
        let first = samples.iter().find(|sample| sample.applied.0 > before);
        let at = first.map_or(f64::NAN, |sample| sample.at) + shift;
        let window = between(samples, at - AROUND, at + AROUND);
        let (gap, began) = gap(&window);
        // The bus is sampled once per period: a gap is a whole number of periods.
        ((gap / PERIOD).round() * PERIOD - PERIOD, began, window)
    });
    found.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Which commands each joint followed when, and when those of that time were sent: ms since `from`
/// (steady clock, s),
/// epoch, sequence.
fn trace(heard: &Heard, from: f64) -> serde_json::Value {
    let during = |at: f64| (from..=from + 2.0 * AROUND).contains(&at);
    let row = |at: f64, (epoch, sequence): (u64, u64)| ((at - from) * 1e3, epoch, sequence);
    let followed = |samples: &Vec<Sample>| -> Vec<_> {
        samples.iter().filter(|s| during(s.at)).map(|s| row(s.at, s.applied)).collect()
    };
    let joints: Vec<_> = heard.samples.iter().map(followed).collect();
    let sent: Vec<_> = heard.sent().filter(|s| during(s.1)).map(|(k, at)| row(at, k)).collect();
    serde_json::json!({ "from_s": from, "followed": joints, "sent": sent })
}

/// From whom the lease was taken back is not named again before it was restarted.
fn renew_successor(moving: &mut Moving) -> Result<()> {
    let holder = moving.scenario.holder()?;
    let other = if holder == "control" { "control_standby" } else { "control" };
    moving.scenario.kill(other)?;
    moving.wait_for_pair().map(|_| ())
}

impl HandOvers {
    /// Its figures against the limits.
    pub fn targets(&self) -> Vec<Target> {
        let good = self.gaps.iter().filter(|(gap, _)| *gap < 1.5 * PERIOD).count();
        let good = good.saturating_sub(self.refused.len());
        let gap = self.gaps.iter().map(|(gap, _)| gap * 1e3).fold(0.0, f64::max);
        let step = self.steps.iter().map(|step| step * 1e3).fold(0.0, f64::max);
        let added = (self.rms.0 / self.rms.1 - 1.0) * 100.0;
        vec![
            Target::at_most("planned upgrade: gap", "ms", gap, PERIOD * 1e3),
            Target::at_most("planned upgrade: added tracking error", "%", added, 10.0),
            Target::at_most("planned upgrade: step of a joint", "mrad", step, 1.0),
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
    pub fn detail(&self, machine: &Testimony) -> serde_json::Value {
        let milliseconds: Vec<f64> = self.gaps.iter().map(|(gap, _)| gap * 1e3).collect();
        let quiet = self.gaps.iter().filter(|(gap, at)| !machine.slow_between(*at, at + gap));
        let quiet: Vec<f64> = quiet.map(|(gap, _)| gap * 1e3).collect();
        let usual: Vec<f64> = self.usual.iter().map(|(gap, _)| gap * 1e3).collect();
        serde_json::json!({
            "gap_ms_just_before_without_a_change": usual, "long_gaps": self.traces,
            "gap_ms": milliseconds, "gap_ms_median": quantile(&milliseconds, 0.5),
            "gap_ms_where_the_machine_was_not_slow": quiet,
            "refused": self.refused, "failures": self.failures,
            "rms_mrad_with": self.rms.0 * 1e3, "rms_mrad_without": self.rms.1 * 1e3,
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
    // The last heartbeats of the one before may still be under way.
    let before = moving.scenario.arm.world.heartbeats.remove(NAME).map(|beat| beat.boot_id);
    let _bad = Single::controller("faulty_control", NAME, &[("FAULTY_CONTROL_KIND", kind)])?;
    let shadows = |world: &rig::World| {
        let beat = world.heartbeats.get(NAME);
        beat.filter(|beat| Some(beat.boot_id) != before)
            .is_some_and(|beat| beat.health == 0 && beat.message.starts_with("shadowing"))
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
    Ok((back - visible_from(moving, began + BEHAVES)).max(0.0))
}

/// When a fault that begins at `from` can be seen: as long as the arm stands where its program lets
/// it stand, a wrong sign is none.
fn visible_from(moving: &Moving, from: f64) -> f64 {
    moving.ears.with(|heard| {
        let later = heard.samples.iter().flatten().filter(|sample| sample.at >= from);
        let moves = later.filter(|sample| sample.setpoint.1.abs() > SLOW);
        moves.map(|sample| sample.at).reduce(f64::min).unwrap_or(from)
    })
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
