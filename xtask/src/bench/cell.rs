//! The cell on the running arm, with stations in Python.

use super::control;
use crate::env::RosEnv;
use crate::station;
use anyhow::Result;

pub(super) fn run(quick: bool) -> Result<bool> {
    let mut client = control::client(quick)?;
    station::equip(&RosEnv::ensure()?, &mut client)?;
    Ok(client.args(["--only", "cell"]).status()?.success())
}
