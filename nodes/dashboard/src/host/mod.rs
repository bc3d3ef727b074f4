//! The process of the dashboard: poll, step, show.
//!
//! The rule: it runs below what moves the arm and owns nothing of it; HTTP lives on a thread that
//! this loop never waits for.

mod calls;
mod cell;
mod ros;
mod wiring;

use crate::markers::{self, TextMarker};
use crate::server::{Meshes, Server, Setup};
use crate::{Config, Dashboard, Hello, Outputs, config, view};
use calls::Calls;
use cell::Cell;
use node::arm::DescribedArm;
use node::realtime::{self, CycleTimer};
use node::{Shell, StartError, signal, start};
use std::path::PathBuf;
use std::time::Duration;
use vocabulary::health::LogLine;
use wiring::Wiring;

/// Its name unless launch gives it another one.
pub const NAME: &str = "dashboard";

/// Environment variable that holds the token when no file does.
const TOKEN: &str = "ARMATURE_DASHBOARD_TOKEN";

/// The token, from the file or the environment.
fn token(file: &str) -> Result<Option<String>, StartError> {
    let text = if file.is_empty() {
        std::env::var(TOKEN).unwrap_or_default()
    } else {
        std::fs::read_to_string(file).map_err(|error| {
            StartError::config(format!("parameter token_file {file:?}: {error}"))
        })?
    };
    config::token(&text).map_err(StartError::config)
}

/// The share folder of a ROS package.
fn share(package: &str) -> Option<PathBuf> {
    let prefixes = std::env::var_os("AMENT_PREFIX_PATH")?;
    let folders = std::env::split_paths(&prefixes).map(|prefix| prefix.join("share").join(package));
    folders.into_iter().find(|folder| folder.is_dir())
}

fn serve(shell: &Shell, config: &Config, arm: &DescribedArm) -> anyhow::Result<Server> {
    let host = config.validate().map_err(StartError::config)?;
    let token = token(&config.token_file)?;
    if token.is_some() && !host.is_loopback() {
        shell.log(&LogLine::warn(format!(
            "whoever has the token can move the arm through {host}, and the connection is not \
             encrypted: put a TLS proxy in front, or use an SSH tunnel to 127.0.0.1"
        )));
    }
    let hello = Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        namespace: shell.namespace(),
        joints: view::joints(shell.order(), &arm.limits),
        ..Hello::default()
    };
    let meshes = Meshes::of(shell.parameters().robot_description().unwrap_or_default(), share);
    let mut setup = Setup::new(config, host, token, hello, meshes);
    // Where the recorder puts them unless told otherwise.
    let usual = || start::state_folder(&shell.namespace()).join("recordings");
    setup.recordings = setup.recordings.or_else(|| Some(usual()));
    Ok(Server::start(setup, config.history)?)
}

/// Says where the page is, or why it is nowhere, when that changes.
fn tell_address(shell: &Shell, server: &Server, told: &mut String) {
    let trouble = server.trouble();
    let line = match server.address() {
        Some(address) => format!("the arm is shown at http://{address}/"),
        None => trouble.clone(),
    };
    if line != *told && !line.is_empty() {
        let level = if trouble.is_empty() { LogLine::info } else { LogLine::warn };
        shell.log(&level(line.clone()));
        *told = line;
    }
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(mut shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    let arm = node::arm::described(shell.parameters()).map_err(StartError::from)?;
    realtime::give_way(config.nice);
    let mut server = serve(&shell, &config, &arm)?;
    let mut dashboard = Dashboard::new(&config, shell.order().clone());
    let (wiring, mut calls) = (Wiring::create(&mut shell)?, Calls::create(&mut shell)?);
    let (mut cell, mut told) = (Cell::default(), String::new());
    let (links, base) = (arm.model.link_names().clone(), shell.arm().base_link.clone());
    let mut timer = CycleTimer::new(Duration::from_secs_f64(1.0 / config.frame_rate_hz));
    shell.start();
    while !signal::stop_requested() && server.is_alive() {
        timer.wait();
        let now = shell.poll();
        let mut inputs = wiring.inputs();
        inputs.browsers = server.browsers();
        inputs.answered = calls.attend(&mut server, now.mono, shell.is_active());
        inputs.cell = cell.look(&mut shell, now.mono);
        if shell.is_active() {
            let Outputs { updates, point, alarms, log } = dashboard.step(now, inputs);
            server.publish(updates);
            point.iter().for_each(|point| server.remember(point));
            shell.log_all(&log);
            let show = |alarms: Vec<_>| {
                let texts: Vec<TextMarker> =
                    markers::texts(&alarms, &links, &base, &config.frame_prefix);
                let _ending = wiring.markers.publish(&ros::markers(&texts, now.stamp));
            };
            alarms.into_iter().for_each(show);
        }
        tell_address(&shell, &server, &mut told);
        shell.beat(now, || ros::annotate(timer.annotate(dashboard.health()), &server));
    }
    anyhow::ensure!(signal::stop_requested(), "the HTTP thread has ended");
    Ok(())
}
