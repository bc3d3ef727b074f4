//! The arm as many processes, as some and as one, measured by the client in one run.

use super::control;
use anyhow::Result;

pub(super) fn run(quick: bool) -> Result<bool> {
    Ok(control::client(quick)?.args(["--only", "composition"]).status()?.success())
}
