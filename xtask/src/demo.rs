//! `cargo xtask demo`: builds what changed, then hands over to the demo client, which launches the
//! arm and moves it.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::env::RosEnv;
use crate::{build, paths, station};

/// Runs the demo; true when the motion succeeded.
///
/// # Errors
/// When something cannot be built or started.
pub fn demo(headless: bool) -> Result<bool> {
    // Bring-up is what a person waits for: it counts from here, building included.
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    let mut client = client(&build::everything()?, headless);
    Ok(client.args(["--since", &since.to_string()]).status()?.success())
}

/// Runs the demo of the cell; true when everything went as promised.
///
/// # Errors
/// When something cannot be built or started.
pub fn cell(headless: bool) -> Result<bool> {
    let ros = build::everything()?;
    let mut client = client(&ros, headless);
    station::equip(&ros, &mut client)?;
    Ok(client.arg("--cell").status()?.success())
}

fn client(ros: &RosEnv, headless: bool) -> Command {
    let mut client = ros.command(paths::target().join("release").join("demo_client"));
    client.env("ARMATURE_TARGET", paths::target());
    client.arg("--program").arg(paths::root().join("config/demo/pick_and_place.yaml"));
    client.arg("--report").arg(paths::reports());
    if headless {
        client.arg("--headless");
    }
    client
}
