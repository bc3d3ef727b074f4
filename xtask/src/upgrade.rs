//! `cargo xtask upgrade`: replaces a node of the running arm.

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use crate::{build, paths};

/// Nodes that can be replaced while the arm moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Node {
    /// The servo loop.
    Control,
}

/// Replaces a node by `binary`; false when the old one went on.
///
/// # Errors
/// When something cannot be built or started.
pub fn upgrade(node: Node, binary: &Path, canary: f64) -> Result<bool> {
    let Node::Control = node;
    let ros = build::companions()?;
    let mut client = ros.command(paths::target().join("release").join("upgrade_client"));
    client.arg("--binary").arg(binary).args(["--canary", &canary.to_string()]);
    Ok(client.status()?.success())
}
