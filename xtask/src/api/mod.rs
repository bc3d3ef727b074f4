//! docs/api.md and docs/nodes/: what the arm says and answers, from msg/, the topic table of
//! `vocabulary` and the sources of the nodes.
//!
//! The one rule: nothing on these pages is written by hand, and a test fails when they are old.

mod examples;
mod nodes;
mod page;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use source::{Constant, Made};

use crate::paths;

/// The page of everything, from the root of the workspace.
pub const FILE: &str = "docs/api.md";
/// The folder of the pages of nodes.
pub const NODES: &str = "docs/nodes";

/// What the pages are made of.
struct Facts {
    root: PathBuf,
    constants: BTreeMap<String, Constant>,
    made: Vec<Made>,
}

impl Facts {
    fn read(root: &Path) -> Result<Self> {
        let constants = source::constants(root)?;
        let made = source::made(root, &constants)?;
        Ok(Self { root: root.to_path_buf(), constants, made })
    }

    fn text(&self, path: &str) -> Result<String> {
        fs::read_to_string(self.root.join(path)).with_context(|| path.to_owned())
    }
}

/// All pages: path from the root, and text.
///
/// # Errors
/// When a source cannot be read or says something that is not understood.
pub fn pages(root: &Path) -> Result<Vec<(String, String)>> {
    let facts = Facts::read(root)?;
    let mut pages = vec![(FILE.to_owned(), page::text(&facts)?)];
    for node in source::nodes(root)? {
        pages.push((format!("{NODES}/{node}.md"), nodes::text(&facts, &node)?));
    }
    Ok(pages)
}

/// Writes all pages.
///
/// # Errors
/// When they cannot be made or written.
pub fn document() -> Result<bool> {
    let root = paths::root();
    fs::create_dir_all(root.join(NODES))?;
    for (path, text) in pages(&root)? {
        fs::write(root.join(&path), text).with_context(|| path.clone())?;
        println!("{path}");
    }
    Ok(true)
}

/// The name under which a node runs.
fn running(node: &str) -> &str {
    match node {
        "motion" => "arm_controller",
        "joint_driver" => "driver_joint_1",
        other => other,
    }
}

/// The full name of what a node makes, without namespace.
fn full(node: &str, name: &str) -> String {
    match name.strip_prefix("~/") {
        Some(rest) => format!("{}/{rest}", running(node)),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_what_the_sources_say() {
        for (path, text) in pages(&paths::root()).unwrap() {
            let written = fs::read_to_string(paths::root().join(&path)).unwrap_or_default();
            assert!(written == text, "{path} is out of date: run `cargo xtask api`");
        }
    }
}
