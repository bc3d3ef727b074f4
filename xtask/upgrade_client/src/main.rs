//! The working half of `cargo xtask upgrade control`: puts another controller in while the arm
//! moves, and the old one back when the new one is no good.
//!
//! The one rule: the old binary stays installed, and its processes run, until the new one has held
//! the lease through its whole trial.

mod candidate;

use anyhow::{Context, Result, bail, ensure};
use candidate::{Candidate, Invocation, NAME, install};
use clap::Parser;
use rig::{ArmClient, process};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Replaces the running controller.
#[derive(Debug, Parser)]
struct Arguments {
    /// The new executable.
    #[arg(long)]
    binary: PathBuf,
    /// How long the predecessor may take back, s.
    #[arg(long, default_value_t = 5.0)]
    canary: f64,
}

/// Trial of a process of the binary that has already stood its own, s.
const SECOND_TRIAL: f64 = 0.5;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.binary.is_file(), "{} is not a file", arguments.binary.display());
    let binary = arguments.binary.canonicalize()?;
    let mut arm = ArmClient::new("upgrade")?;
    arm.wait_for("an arm in this ROS domain (ROS_DOMAIN_ID)", Duration::from_secs(10), |w| {
        w.lease.as_ref().is_some_and(|lease| lease.holder != 0)
            && w.heartbeats.contains_key("control")
    })?;
    let managed: Vec<String> = ["control", "control_standby"]
        .iter()
        .filter(|node| arm.world.heartbeats.contains_key(**node))
        .map(|node| (*node).to_owned())
        .collect();
    let like = Invocation::of(arm.world.pid("control").context("control was never heard")?)?;

    let mut next = Candidate::start(&binary, &like)?;
    say(&format!("{NAME} runs {}; it watches until it agrees", binary.display()));
    wait_until_ready(&mut arm, NAME, Some(&mut next))?;
    let trial = arm.hand_over(NAME, arguments.canary)?;
    if !trial.success {
        bail!("the old controller goes on: {}", trial.message);
    }
    say(&format!("{NAME} holds the lease, epoch {}; {}", trial.epoch, trial.message));
    say(&format!("longest time without an accepted command: {:.1} ms", trial.gap * 1e3));

    install(&binary, &like.program)?;
    for node in &managed {
        if let Err(error) = restart(&mut arm, node) {
            next.keep();
            bail!("{error:#}; {NAME} (the new binary) holds the lease and is left running");
        }
        say(&format!("{node} runs the new binary"));
    }
    let home = arm.hand_over("control", SECOND_TRIAL)?;
    if !home.success {
        next.keep();
        bail!("control does not take over: {}; {NAME} is left running", home.message);
    }
    say(&format!("control holds the lease, epoch {}; {NAME} ends", home.epoch));
    Ok(())
}

fn say(line: &str) {
    println!("{line}");
}

/// Waits until a controller shadows the holder and agrees with it.
fn wait_until_ready(
    arm: &mut ArmClient,
    node: &str,
    mut candidate: Option<&mut Candidate>,
) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        arm.pump();
        let beat = arm.world.heartbeats.get(node);
        if beat.is_some_and(|b| b.health == 0 && b.message.starts_with("shadowing")) {
            return Ok(());
        }
        if let Some(why) = candidate.as_mut().and_then(|candidate| candidate.ended()) {
            bail!("{why}");
        }
        if Instant::now() > until {
            let said = beat.map_or("nothing", |beat| beat.message.as_str());
            bail!("{node} does not agree with the holder within 20 s; it says: {said:?}");
        }
    }
}

/// Ends a controller without the lease and waits until launch has started it again.
fn restart(arm: &mut ArmClient, node: &str) -> Result<()> {
    let old = arm.world.heartbeats.get(node).context("a controller was never heard")?.clone();
    process::signal(old.pid, libc::SIGINT)?;
    let (name, boot_id) = (node.to_owned(), old.boot_id);
    let back = arm.wait_for(&format!("launch to start {node} again"), Duration::from_secs(10), {
        move |w| w.heartbeats.get(&name).is_some_and(|beat| beat.boot_id != boot_id)
    });
    back.context("was it launched with respawn:=false?")?;
    wait_until_ready(arm, node, None)
}
