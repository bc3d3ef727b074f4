//! The client that launches and hurts the arm does the measuring; here it is built and started.

use crate::{build, paths};
use anyhow::Result;

pub(super) fn run(quick: bool) -> Result<bool> {
    let ros = build::everything()?;
    let mut client = ros.command(paths::target().join("release").join("bench_client"));
    client.env("ARMATURE_TARGET", paths::target());
    client.arg("--report").arg(paths::reports());
    if quick {
        client.arg("--quick");
    }
    Ok(client.status()?.success())
}
