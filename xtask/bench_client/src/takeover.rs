//! The holder of the lease is killed, or frozen, in motion, again and again.

use crate::judge::{always_followed, between, gap, largest_step};
use crate::motion::Moving;
use crate::witness::Testimony;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use report::{Target, quantile};
use rig::process;
use std::time::Duration;

/// The part of the samples around a blow in which the takeover lies, s.
const BEFORE: f64 = 0.02;
const AFTER: f64 = 0.15;

/// How the holder is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// SIGKILL.
    Kill,
    /// SIGSTOP, thawed a second later.
    Freeze,
}

/// One takeover.
#[derive(Debug, Clone)]
struct Trial {
    holder: String,
    gap: f64,
    /// When the gap began, s, and how long after the blow.
    gap_at: (f64, f64),
    step: f64,
    followed: bool,
    new_epoch: bool,
}

/// All takeovers of one kind.
#[derive(Debug)]
pub struct Takeovers {
    trials: Vec<Trial>,
    failures: Vec<String>,
    goals: u32,
}

/// Does it to a moving arm.
pub fn measure(trials: u64, blow: Blow) -> Result<Takeovers> {
    let mut moving = Moving::start("bench-takeover", &["standby:=true"])?;
    let bar = ProgressBar::new(trials);
    let mut all = Vec::new();
    for _ in 0..trials {
        all.push(once(&mut moving, blow)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Takeovers { trials: all, failures: moving.failures, goals: moving.succeeded })
}

fn once(moving: &mut Moving, blow: Blow) -> Result<Trial> {
    moving.wait_for_pair()?;
    moving.keep_moving(Duration::from_millis(1500))?;
    moving.reach_the_middle()?;
    let lease = moving.wait_for_pair()?;
    let holder = moving.scenario.holder()?;
    let pid = moving.scenario.arm.world.pid(&holder).context("the holder was never heard")?;
    moving.forget();
    moving.keep_moving(Duration::from_millis(200))?;
    let struck = rig::drives::steady_clock();
    process::signal(pid, if blow == Blow::Kill { libc::SIGKILL } else { libc::SIGSTOP })?;
    moving.keep_moving(Duration::from_secs(1))?;
    if blow == Blow::Freeze {
        process::signal(pid, libc::SIGCONT)?;
        moving.keep_moving(Duration::from_millis(500))?;
    }
    Ok(moving.ears.with(|heard| {
        let joints = || heard.samples.iter();
        // What becomes of the arm later is not the takeover's: `idle` measures that.
        let near = |s: &Vec<_>| between(s, struck - BEFORE, struck + AFTER);
        let gaps = joints().map(|samples| gap(&near(samples)));
        let (gap, at) = gaps.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::INFINITY, 0.0));
        Trial {
            holder,
            gap,
            gap_at: (at, at - struck),
            step: joints().map(|samples| largest_step(samples)).fold(0.0, f64::max),
            followed: joints().all(|samples| always_followed(samples)),
            new_epoch: joints().all(|s| s.last().is_some_and(|s| s.applied.0 > lease.epoch)),
        }
    }))
}

impl Takeovers {
    /// Trials in which nothing was noticed beyond what is allowed.
    fn good(&self) -> usize {
        let fine = |t: &&Trial| t.gap <= 0.020 && t.step < 0.001 && t.followed && t.new_epoch;
        self.trials.iter().filter(fine).count()
    }

    /// Its figures against the limits.
    pub fn targets(&self, blow: &str) -> Vec<Target> {
        let worst = |value: fn(&Trial) -> f64| self.trials.iter().map(value).fold(0.0, f64::max);
        let held = self.trials.iter().filter(|trial| !trial.followed).count();
        let wanted = self.trials.len() as f64;
        let name = |what: &str| format!("{blow}: {what}");
        vec![
            Target::at_most(
                &name("time without an accepted command"),
                "ms",
                worst(|t| t.gap) * 1e3,
                20.0,
            ),
            Target::at_most(&name("step of a joint"), "mrad", worst(|t| t.step) * 1e3, 1.0),
            Target::at_most(&name("trials with a drive in hold"), "", held as f64, 0.0),
            Target::at_least(&name("takeovers as they should be"), "", self.good() as f64, wanted),
            Target::at_most(&name("goals failed"), "", self.failures.len() as f64, 0.0),
        ]
    }

    /// Everything else.
    pub fn detail(&self, machine: &Testimony) -> serde_json::Value {
        let gaps: Vec<f64> = self.trials.iter().map(|trial| trial.gap * 1e3).collect();
        let slow = |t: &&Trial| machine.slow_between(t.gap_at.0, t.gap_at.0 + t.gap);
        let quiet: Vec<f64> =
            self.trials.iter().filter(|t| !slow(t)).map(|t| t.gap * 1e3).collect();
        serde_json::json!({
            "trials": self.trials.len(), "goals_succeeded": self.goals, "failures": self.failures,
            "gap_ms": gaps, "gap_ms_median": quantile(&gaps, 0.5),
            "gap_ms_where_the_machine_was_not_slow": quiet,
            "gap_began_s_after_the_blow":
                self.trials.iter().map(|trial| trial.gap_at.1).collect::<Vec<_>>(),
            "killed": self.trials.iter().map(|trial| trial.holder.clone()).collect::<Vec<_>>(),
        })
    }
}
