//! Compositions are measured by the client that launches and hurts the arm.

use crate::{build, paths};
use anyhow::Result;

pub(super) fn run(quick: bool) -> Result<bool> {
    let ros = build::everything()?;
    let mut client = ros.command(paths::target().join("release").join("bench_client"));
    client.env("ARMATURE_TARGET", paths::target());
    client.arg("--composition").arg("--report").arg(paths::reports());
    if quick {
        client.arg("--quick");
    }
    Ok(client.status()?.success())
}
