//! Each service crashes in motion: who is gone with it, and what becomes of the arm.
//!
//! The one rule: under control is an arm whose drives follow accepted commands or were stopped and go on
//! without a person; it is judged by the drivers' bus samples and the supervisor's mode, as
//! `cargo xtask availability` counts downtime.

use super::Composition;
use crate::judge::longest_gap;
use crate::motion::Moving;
use anyhow::{Context, Result, ensure};
use r2r::armature_msgs::msg::{ArmStatus, ControlState};
use rig::scenario::Boots;
use rig::{HARDWARE, Scenario, process};
use serde_json::{Value, json};
use std::fmt;
use std::time::{Duration, Instant};

/// An arm without accepted commands for longer is not under control, s.
const CONTROL_LOST: f64 = 0.2;
/// After that long it is settled whether the arm goes on by itself.
const SETTLED: Duration = Duration::from_millis(2500);
/// What the newly started need to say what they think, besides.
const SETTLING: Duration = Duration::from_millis(500);
/// All must be back and the arm ready within this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one crash did.
#[derive(Debug, Clone)]
pub struct Crash {
    /// The service whose code fails.
    node: String,
    /// All nodes that were gone, itself included.
    gone: Vec<String>,
    /// Longest time in which a joint was given no accepted command, s.
    gap: f64,
    /// It moves only after somebody asks for it.
    person_needed: bool,
    /// From the crash until all nodes had spoken again, s.
    back: f64,
}

impl Crash {
    /// Whether it counts as downtime.
    pub fn is_downtime(&self) -> bool {
        self.person_needed || self.gap > CONTROL_LOST
    }

    /// For the report.
    pub fn detail(&self) -> Value {
        json!({
            "node": self.node, "gone": self.gone, "gap_ms": self.gap.is_finite().then_some(self.gap * 1e3),
            "person_needed": self.person_needed, "downtime": self.is_downtime(), "all_back_s": self.back,
        })
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.person_needed, self.is_downtime()) {
            (true, _) => "the arm stops and waits for arm/resume".to_owned(),
            (false, true) => format!("no command for {:.0} ms", self.gap * 1e3),
            (false, false) => "the arm moves on".to_owned(),
        };
        let (node, gone, back) = (&self.node, self.gone.len(), self.back);
        write!(out, "{node:<18}{gone:>3} gone, back in {back:5.2} s: {verdict}")
    }
}

/// Lets each node of a composition crash, or, when `briefly`, one of each process and one driver.
pub fn measure(composition: Composition, briefly: bool) -> Result<Vec<Crash>> {
    let name = format!("bench-crash-{}", composition.name);
    let mut moving = Moving::start(&name, composition.at_its_best)?;
    moving.keep_moving(Duration::from_secs(3))?;
    let mut crashes = Vec::new();
    for node in services(&moving.scenario, briefly) {
        let crash = once(&mut moving, &node, composition);
        crashes.push(crash.with_context(|| format!("crash of {node}"))?);
    }
    Ok(crashes)
}

fn services(scenario: &Scenario, briefly: bool) -> Vec<String> {
    let processes = scenario.processes().into_values();
    let ours = processes.filter(|nodes| !nodes.iter().any(|n| HARDWARE.contains(&n.as_str())));
    let most = if briefly { 1 } else { usize::MAX };
    let mut all: Vec<String> = ours.flat_map(|nodes| nodes.into_iter().take(most)).collect();
    all.sort_unstable();
    let mut drivers = 0;
    all.retain(|node| {
        drivers += usize::from(node.starts_with("driver"));
        !briefly || !node.starts_with("driver") || drivers == 1
    });
    all
}

fn once(moving: &mut Moving, node: &str, composition: Composition) -> Result<Crash> {
    if composition.at_its_best.contains(&"standby:=true") {
        moving.wait_for_pair()?;
    }
    moving.reach_the_middle()?;
    let before = moving.scenario.boots();
    let pid = moving.scenario.arm.world.pid(node).context("it was never heard")?;
    let together = moving.scenario.processes().remove(&pid).unwrap_or_default();
    moving.forget();
    moving.scenario.arm.pump_for(Duration::from_millis(200));
    process::signal(pid, libc::SIGKILL)?;
    let back = look_on(&mut moving.scenario, &before, &together)?;
    let gap = moving
        .ears
        .with(|heard| heard.samples.iter().map(|samples| longest_gap(samples)).fold(0.0, f64::max));
    let person_needed = moving.scenario.arm.world.mode() != Some(ArmStatus::ENABLED as u8);
    let after = moving.scenario.boots();
    let gone = before.iter().filter(|(node, boot)| after.get(*node) != Some(boot));
    let gone = gone.map(|(node, _)| node.clone()).collect();
    settle(moving, person_needed)?;
    Ok(Crash { node: node.to_owned(), gone, gap, person_needed, back })
}

/// Looks on until it is settled what becomes of the arm and all who shared the process are back; how long
/// they took, s.
fn look_on(scenario: &mut Scenario, before: &Boots, together: &[String]) -> Result<f64> {
    let struck = Instant::now();
    let (mut back, mut settled) = (None, SETTLED);
    while back.is_none() || struck.elapsed() < settled {
        scenario.arm.pump();
        let beats = &scenario.arm.world.heartbeats;
        let is_back = |node: &String| {
            beats.get(node).is_some_and(|beat| before.get(node) != Some(&beat.boot_id))
        };
        if back.is_none() && together.iter().all(is_back) {
            back = Some(struck.elapsed());
            settled = settled.max(struck.elapsed() + SETTLING);
        }
        ensure!(struck.elapsed() < PATIENCE, "{together:?} did not come back");
    }
    Ok(back.unwrap_or_default().as_secs_f64())
}

/// Brings the arm back to endless motion.
fn settle(moving: &mut Moving, person_needed: bool) -> Result<()> {
    let scenario = &mut moving.scenario;
    scenario.arm.wait_until_up(PATIENCE)?;
    if person_needed && scenario.resume().is_err() {
        scenario.enable()?;
    }
    scenario.arm.wait_for("the arm to come to rest, enabled", PATIENCE * 2, |world| {
        let phase = world.phase();
        let at_rest = [ControlState::HOLDING as u8, ControlState::REACHED as u8];
        let rests = phase.is_some_and(|phase| at_rest.contains(&phase));
        world.mode() == Some(ArmStatus::ENABLED as u8) && rests
    })?;
    moving.anew()
}
