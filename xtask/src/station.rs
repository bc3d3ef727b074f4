//! Stations: `cargo xtask new-station` writes one, `cargo xtask station` runs one.
//!
//! The rule: a station is somebody else's program. It is started here only because this machine may have
//! no ROS 2 of its own; where there is one, its interpreter or its own binary do the same.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::build::{self, cargo};
use crate::env::RosEnv;
use crate::process::run as run_command;
use crate::{paths, prepare};

const PYTHON: &str = include_str!("../../stations/templates/station.py");
const RUST: &str = include_str!("../../stations/templates/station.rs.in");
const MANIFEST: &str = include_str!("../../stations/templates/Cargo.toml.in");
/// Where programs that start stations in Python look for their packages (`rig::line`).
pub const PACKAGES: &str = "ARMATURE_STATION_PACKAGES";
/// What stands in the templates for the name.
const PLACE: &str = "STATION_NAME";

/// What a station can be written in here; any language that speaks ROS 2 will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// rclpy.
    Python,
    /// r2r.
    Rust,
}

/// Where stations are.
fn folder() -> PathBuf {
    paths::root().join("stations")
}

/// Writes a runnable station into `stations/<name>/`.
///
/// # Errors
/// When the name is none, or there is such a folder already.
pub fn create(name: &str, language: Language) -> Result<bool> {
    let files = write(&folder().join(name), name, language)?;
    for file in files {
        println!("wrote {}", file.display());
    }
    println!("run it beside a cell: cargo xtask station {name}");
    Ok(true)
}

fn write(folder: &Path, name: &str, language: Language) -> Result<Vec<PathBuf>> {
    let mut letters = name.bytes();
    let first = letters.next().is_some_and(|letter| letter.is_ascii_lowercase());
    let rest = letters.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
    ensure!(
        first && rest && name.len() <= 64,
        "{name:?} is no name: a to z, 0 to 9 and _, at most 64, first a letter"
    );
    ensure!(!folder.exists(), "{} is there already", folder.display());
    let files = match language {
        Language::Python => vec![(format!("{name}.py"), PYTHON)],
        Language::Rust => {
            vec![("Cargo.toml".to_owned(), MANIFEST), ("src/main.rs".to_owned(), RUST)]
        }
    };
    let mut written = Vec::new();
    for (file, text) in files {
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text.replace(PLACE, name))
            .with_context(|| format!("cannot write {}", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// Becomes a station: the one of that name in `stations/`, or the program at that path.
///
/// # Errors
/// When there is none, or it cannot be built or started.
pub fn run(which: &str, words: &[OsString]) -> Result<bool> {
    let ros = RosEnv::ensure()?;
    build::messages(&ros)?;
    let mut command = command(&ros, which)?;
    let error = command.args(words).exec();
    Err(error).with_context(|| format!("cannot start station {which}"))
}

fn command(ros: &RosEnv, which: &str) -> Result<Command> {
    let home = folder().join(which);
    let script = [home.join(format!("{which}.py")), PathBuf::from(which)];
    let script = script.into_iter().find(|it| it.is_file());
    if let Some(script) = script.filter(|it| it.extension().is_some_and(|it| it == "py")) {
        let mut command = ros.command(ros.python());
        command.arg(script);
        python_path(ros, &mut command)?;
        return Ok(command);
    }
    if home.join("Cargo.toml").is_file() {
        return built(ros, &home, which);
    }
    bail!(
        "no station {which:?}: neither stations/{which}/{which}.py nor stations/{which}/Cargo.toml is there"
    )
}

/// A station in Rust: built like the nodes, so that r2r is built only once.
fn built(ros: &RosEnv, home: &Path, name: &str) -> Result<Command> {
    let lock = home.join("Cargo.lock");
    if !lock.is_file() {
        fs::copy(paths::root().join("Cargo.lock"), lock)?;
    }
    let mut build = cargo();
    ros.apply(&mut build);
    build.current_dir(home).env("CARGO_TARGET_DIR", paths::target());
    run_command(build.args(["build", "--release"]), &format!("building station {name}"))?;
    Ok(ros.command(paths::target().join("release").join(name)))
}

/// Where Python finds `armature_station`, and OpenCV.
fn python_path(ros: &RosEnv, command: &mut Command) -> Result<()> {
    let mut path: Vec<PathBuf> = ros
        .variables()
        .find(|(name, _)| *name == "PYTHONPATH")
        .map(|(_, value)| std::env::split_paths(value).collect())
        .unwrap_or_default();
    path.extend(packages(ros)?);
    command.env("PYTHONPATH", std::env::join_paths(path)?);
    Ok(())
}

/// Tells a program that starts stations in Python where their packages are.
///
/// # Errors
/// When OpenCV cannot be prepared.
pub fn equip(ros: &RosEnv, command: &mut Command) -> Result<()> {
    command.env(PACKAGES, search_path(ros)?);
    Ok(())
}

/// The same as one value of [`PACKAGES`].
///
/// # Errors
/// When OpenCV cannot be prepared.
pub fn search_path(ros: &RosEnv) -> Result<OsString> {
    Ok(std::env::join_paths(packages(ros)?)?)
}

/// What is added to PYTHONPATH for stations.
fn packages(ros: &RosEnv) -> Result<Vec<PathBuf>> {
    let mut packages = vec![folder()];
    // A sourced ROS has python3-opencv from its own distribution.
    if ros.prefix().is_some() {
        packages.extend(prepare::tools_packages(&prepare::vision()?));
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_station_is_written_once_with_its_name_in_it() {
        let folder = std::env::temp_dir().join(format!("armature-station-{}", std::process::id()));
        for (language, file) in [(Language::Python, "scale_1.py"), (Language::Rust, "src/main.rs")]
        {
            write(&folder, "scale_1", language).unwrap();
            let text = fs::read_to_string(folder.join(file)).unwrap();
            assert!(text.contains("scale_1") && !text.contains(PLACE), "{text}");
            let again = write(&folder, "scale_1", language).unwrap_err().to_string();
            assert!(again.contains("is there already"), "{again}");
            fs::remove_dir_all(&folder).unwrap();
        }
    }

    #[test]
    fn what_could_not_be_part_of_a_topic_is_no_name_of_a_station() {
        for name in ["", "Scale", "../x", "a b"] {
            let error = write(Path::new("/nowhere"), name, Language::Python).unwrap_err();
            assert!(error.to_string().contains("is no name"), "{error}");
        }
    }
}
