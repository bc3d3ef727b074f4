//! The peers that are programs of their own, built by `peers/prepare.py`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Where the peers are.
pub struct Peers {
    folder: PathBuf,
}

/// What a peer printed: nanoseconds by function, best and median.
pub struct Figures(Value);

impl Peers {
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.into() }
    }

    /// Pinocchio on these states; its answers go to a file.
    pub fn pinocchio(&self, urdf: &Path, tip: &str, states: &Path, answers: &Path) -> Figures {
        let mut command = Command::new(self.folder.join("pinocchio_peer"));
        command.arg(urdf).arg(tip).args([states, answers]);
        run(&mut command)
    }

    /// ik-geo on a UR5.
    pub fn ik_geo(&self) -> Figures {
        run(&mut Command::new(self.folder.join("ik_geo_peer")))
    }

    /// A file for states or answers.
    pub fn file(&self, name: &str) -> io::Result<PathBuf> {
        std::fs::create_dir_all(&self.folder)?;
        Ok(self.folder.join(name))
    }
}

impl Figures {
    /// Median nanoseconds of a function; NaN when the peer did not run.
    pub fn median(&self, function: &str) -> f64 {
        self.0.pointer(&format!("/{function}/1")).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }
}

fn run(command: &mut Command) -> Figures {
    let output = command.output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let figures = serde_json::from_str(&text).unwrap_or(Value::Null);
    if figures.is_null() {
        eprintln!("{command:?} did not run: no peer beside us (see peers/prepare.py)");
    }
    Figures(figures)
}
