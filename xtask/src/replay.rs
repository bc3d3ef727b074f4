//! `cargo xtask replay`: hands over to the tool that hosts the node libraries.

use crate::build::cargo;
use anyhow::Result;
use std::path::PathBuf;

/// What a person asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Recordings, oldest first.
    pub files: Vec<PathBuf>,
    /// Whose library.
    pub node: String,
    /// Its parameters.
    pub config: Option<PathBuf>,
    /// Where the outputs go.
    pub output: Option<PathBuf>,
}

/// Replays; true when it could.
///
/// # Errors
/// When the tool cannot be built or started.
pub fn replay(wish: &Wish) -> Result<bool> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "replay", "--"]);
    // The tool runs in the workspace, the person somewhere else.
    let here = std::env::current_dir()?;
    command.args(wish.files.iter().map(|file| here.join(file)));
    command.args(["--node", &wish.node]);
    for (flag, path) in [("--config", &wish.config), ("--output", &wish.output)] {
        if let Some(path) = path {
            command.arg(flag).arg(here.join(path));
        }
    }
    Ok(command.status()?.success())
}
