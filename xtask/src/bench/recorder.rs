//! The client that launches the arm does the measuring; here it is built and started.

use crate::{build, paths, prepare};
use anyhow::{Context, Result};

pub(super) fn run(quick: bool) -> Result<bool> {
    let ros = build::everything()?;
    let tools = prepare::tools()?;
    let site = prepare::tools_packages(&tools).context("the tools' environment has no packages")?;
    let mut client = ros.command(paths::target().join("release").join("bench_recorder"));
    client.env("ARMATURE_TARGET", paths::target()).env("ARMATURE_TOOLS_SITE", site);
    client.arg("--report").arg(paths::reports());
    if quick {
        client.arg("--quick");
    }
    Ok(client.status()?.success())
}
