//! A real browser and what drives it, for the tests of the dashboard: Debian's Chromium and
//! playwright-core, which npm installs with the sha512 of `pins/browser/package-lock.json`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{STAMP, clear, logs, system};
use crate::digest::Digest;
use crate::process::run_logged;
use crate::progress::Progress;
use crate::{lock, paths};

const MANIFEST: &str = include_str!("../../pins/browser/package.json");
const LOCK: &str = include_str!("../../pins/browser/package-lock.json");

/// Programs and the Debian packages that have them; the first that is there of each row will do.
const PROGRAMS: [(&[&str], &str); 3] = [
    (&["chromium", "chromium-browser", "google-chrome"], "chromium"),
    (&["node", "nodejs"], "nodejs"),
    (&["npm"], "npm"),
];

/// What a test needs in order to look at a page.
#[derive(Debug, Clone)]
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// Node.js.
    pub node: PathBuf,
    /// Folder `node_modules` with playwright-core.
    pub modules: PathBuf,
}

impl Browser {
    /// Tells a test where everything is.
    pub fn apply(&self, command: &mut Command) {
        command.env("ARMATURE_CHROMIUM", &self.chromium);
        command.env("ARMATURE_NODE", &self.node);
        command.env("ARMATURE_NODE_MODULES", &self.modules);
    }
}

fn find(names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| paths::on_path(name))
}

/// The browser, prepared on first use.
///
/// # Errors
/// When something is missing and cannot be installed, with the line that would install it.
pub fn ensure() -> Result<Browser> {
    system_packages()?;
    let mut digest = Digest::new();
    digest.add(MANIFEST.as_bytes()).add(LOCK.as_bytes());
    let root = paths::cache().join(format!("browser-{digest}"));
    let _lock = lock::hold(&root.with_extension("lock"))?;
    if !root.join(STAMP).is_file() {
        clear(&root)?;
        fs::create_dir_all(&root)?;
        fs::write(root.join("package.json"), MANIFEST)?;
        fs::write(root.join("package-lock.json"), LOCK)?;
        let mut progress = Progress::new("Preparing the browser tests, once", 1);
        progress.step("playwright-core", || {
            let mut npm = Command::new(program(2)?);
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&root);
            run_logged(&mut npm, &logs().join("npm-browser.log"), "npm ci")
        })?;
        fs::write(root.join(STAMP), "complete\n")?;
        progress.finish("The browser tests are ready");
    }
    Ok(Browser { chromium: program(0)?, node: program(1)?, modules: root.join("node_modules") })
}

fn program(row: usize) -> Result<PathBuf> {
    let (names, package) = PROGRAMS.get(row).context("no such program")?;
    find(names).with_context(|| format!("{package} is not installed"))
}

fn system_packages() -> Result<()> {
    let missing: Vec<_> =
        PROGRAMS.iter().filter(|(names, _)| find(names).is_none()).map(|(_, p)| *p).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if paths::on_path("apt-get").is_none() || !system::is_root() {
        bail!("browser tests need more; run: sudo {}", system::install_line(&missing));
    }
    system::install(&missing)
}
