//! Payload, torque limits and stiffness on the disk, so that a restarted control goes on with them.
//!
//! The rule: a thread of its own writes, never the cycle; a reader sees the old file or the new one.

use crate::Config;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::{fs, thread};
use vocabulary::joint::PerJoint;
use vocabulary::settings::{ControlSettings, TipLoad};

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    mass: f64,
    center: [f64; 3],
    inertia: [f64; 6],
    torque_limit: PerJoint<f64>,
    stiffness: PerJoint<f64>,
    damping_ratio: PerJoint<f64>,
}

impl From<ControlSettings> for Kept {
    fn from(settings: ControlSettings) -> Self {
        let TipLoad { mass, center, inertia } = settings.payload;
        Self {
            mass,
            center,
            inertia,
            torque_limit: settings.torque_limit,
            stiffness: settings.stiffness,
            damping_ratio: settings.damping_ratio,
        }
    }
}

/// One file and the thread that writes it.
pub struct SettingsFile {
    path: PathBuf,
    writer: Sender<ControlSettings>,
}

impl SettingsFile {
    /// Beside the supervisor's state file `configured`, or in the place of this namespace under
    /// `$XDG_STATE_HOME` or `~/.local/state`.
    pub fn open(configured: &str, namespace: &str) -> Self {
        let path = if configured.is_empty() {
            node::start::state_folder(namespace).join("control.json")
        } else {
            PathBuf::from(configured).with_extension("control.json")
        };
        let (writer, asked) = channel::<ControlSettings>();
        let place = path.clone();
        thread::spawn(move || {
            while let Ok(settings) = asked.recv() {
                // Only the newest counts.
                let newest = asked.try_iter().last().unwrap_or(settings);
                if let Err(error) = replace(&place, &newest.into()) {
                    eprintln!("settings file {}: {error:#}", place.display());
                }
            }
        });
        Self { path, writer }
    }

    /// `config` with what an earlier process kept.
    pub fn load(
        &self,
        config: &Config,
        names: &PerJoint<String>,
    ) -> anyhow::Result<Option<Config>> {
        let name = || format!("settings file {}", self.path.display());
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(name),
        };
        let kept: Kept = serde_json::from_str(&text).with_context(name)?;
        let told = ControlSettings {
            law: config.law.clone(),
            payload: TipLoad { mass: kept.mass, center: kept.center, inertia: kept.inertia },
            torque_limit: kept.torque_limit,
            stiffness: kept.stiffness,
            damping_ratio: kept.damping_ratio,
            ..ControlSettings::default()
        };
        Ok(Some(config.with_settings(&told, names)))
    }

    /// Has the file replaced, soon.
    pub fn keep(&self, settings: ControlSettings) {
        // The thread ends only with the process.
        let _sent = self.writer.send(settings);
    }
}

fn replace(path: &Path, kept: &Kept) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::File::create(&fresh)?;
    file.write_all(serde_json::to_string_pretty(kept)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    Ok(())
}
