//! What the crash of a service takes with it, in motion.
//!
//! The one rule: what counts is what an outsider sees: which nodes speak with a new boot id
//! afterwards, whether the arm held, and how long until it works again with the yes of a person who
//! needs no time.

use crate::motion::Moving;
use anyhow::{Context, Result};
use r2r::armature_msgs::msg::ArmStatus;
use rig::process;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Services by the node that is killed.
const SERVICES: [&str; 6] =
    ["supervisor", "control", "driver_joint_1", "joint_state", "arm_controller", "thermal"];
/// How long something may take to notice what happened.
const NOTICE: Duration = Duration::from_millis(1500);
/// How long until everything is back.
const BACK: Duration = Duration::from_secs(20);

/// One service, killed a few times.
#[derive(Debug, Clone)]
pub struct Crash {
    service: &'static str,
    /// Other nodes that went with it.
    took: BTreeSet<String>,
    /// Times the arm held.
    held: u32,
    trials: u32,
    /// From the kill until the arm moves again, per trial in which it held, s.
    back: Vec<f64>,
}

/// Kills each service `trials` times.
pub fn measure(moving: &mut Moving, trials: u32) -> Result<Vec<Crash>> {
    SERVICES.iter().map(|service| repeat(moving, service, trials)).collect()
}

fn repeat(moving: &mut Moving, service: &'static str, trials: u32) -> Result<Crash> {
    let mut crash = Crash { service, took: BTreeSet::new(), held: 0, trials, back: Vec::new() };
    for _ in 0..trials {
        once(moving, &mut crash).with_context(|| format!("killing {service}"))?;
    }
    Ok(crash)
}

fn once(moving: &mut Moving, crash: &mut Crash) -> Result<()> {
    moving.settle()?;
    moving.reach_the_middle()?;
    let before = moving.scenario.boots();
    let pid = moving.scenario.arm.world.pid(crash.service).context("it was never heard")?;
    let begin = Instant::now();
    process::signal(pid, libc::SIGKILL)?;
    let held = noticed(moving);
    moving.scenario.wait_until_back(crash.service, &before)?;
    if held {
        crash.held += 1;
        moving.recover(BACK)?;
        crash.back.push(begin.elapsed().as_secs_f64());
    } else {
        moving.keep_moving(Duration::from_secs(2))?;
    }
    moving.scenario.arm.pump_for(Duration::from_millis(500));
    let after = moving.scenario.boots();
    let new = after.iter().filter(|(node, boot)| before.get(*node).is_some_and(|old| old != *boot));
    crash.took.extend(new.map(|(node, _)| node.clone()).filter(|node| node != crash.service));
    Ok(())
}

/// Whether the arm stops within the time it takes to notice: the supervisor says so, or is gone with
/// the drivers.
fn noticed(moving: &mut Moving) -> bool {
    let until = Instant::now() + NOTICE;
    while Instant::now() < until {
        moving.scenario.arm.pump();
        let world = &moving.scenario.arm.world;
        if world.mode().is_some_and(|mode| mode != ArmStatus::ENABLED as u8) {
            return true;
        }
    }
    false
}

impl Crash {
    /// One line.
    pub fn text(&self) -> String {
        let took = if self.took.is_empty() {
            "nothing else".to_owned()
        } else {
            self.took.iter().cloned().collect::<Vec<_>>().join(", ")
        };
        let Self { service, held, trials, .. } = self;
        let back = crate::judge::quantile(&self.back, 0.5);
        let back = if back.is_nan() { String::new() } else { format!(", back after {back:.1} s") };
        format!("{service} killed: takes {took}; the arm held {held} of {trials} times{back}")
    }

    /// For the report.
    pub fn json(&self) -> Value {
        json!({
            "service": self.service, "took": self.took, "held": self.held, "trials": self.trials,
            "back_s": self.back,
        })
    }
}
