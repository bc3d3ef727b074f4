//! The supervisor's state on the disk.
//!
//! The rule: a reader sees the old state or the new one, never half of one, and the new one is on
//! the disk before [`Store::save`] returns.

use crate::PersistentState;
use anyhow::Context;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

/// One state file.
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// `configured`, or the place of this namespace under `$XDG_STATE_HOME` or `~/.local/state`.
    pub fn open(configured: &str, namespace: &str) -> Self {
        if !configured.is_empty() {
            return Self { path: configured.into() };
        }
        Self { path: node::start::state_folder(namespace).join("supervisor.json") }
    }

    /// What an earlier process stored.
    pub fn load(&self) -> anyhow::Result<Option<PersistentState>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| self.name()),
        };
        PersistentState::from_json(&text).map(Some).with_context(|| self.name())
    }

    /// Replaces the file.
    pub fn save(&self, state: &PersistentState) -> anyhow::Result<()> {
        self.replace(&state.to_json()?).with_context(|| self.name())
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder)?;
        let fresh = self.path.with_extension("new");
        let mut file = File::create(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        File::open(folder)?.sync_all()
    }

    fn name(&self) -> String {
        format!("state file {}", self.path.display())
    }
}

/// The kernel's name of this boot of the machine.
pub fn machine_boot_id() -> anyhow::Result<String> {
    let path = "/proc/sys/kernel/random/boot_id";
    Ok(fs::read_to_string(path).context(path)?.trim().to_owned())
}
