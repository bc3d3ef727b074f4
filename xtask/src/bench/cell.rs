//! The cell on the running arm, with stations in Python.

use super::control;
use crate::env::RosEnv;
use crate::station;
use anyhow::Result;

pub(super) fn run(quick: bool) -> Result<bool> {
    let mut client = control::client(quick)?;
    let packages = station::packages(&RosEnv::ensure()?)?;
    client.env("ARMATURE_STATION_PACKAGES", std::env::join_paths(packages)?);
    Ok(client.args(["--only", "cell"]).status()?.success())
}
