//! The system's Python: which one is used, environments made of it, and pip.
//!
//! Rule: pip takes packages by name from whatever index it is configured with,
//! and only with the sha256 that stands in `xtask/pins/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths;
use crate::process::{output, run_logged};

/// Interpreters the pins have hashes for: (3, lowest) to (3, highest).
const SUPPORTED_MINOR: std::ops::RangeInclusive<u32> = 11..=13;

/// A Python interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The program.
    pub program: PathBuf,
    /// 3.
    pub major: u32,
    /// As in 3.`minor`.
    pub minor: u32,
}

impl Interpreter {
    /// The system's own python3; the first on `PATH` where there is none.
    pub fn find() -> Result<Self> {
        let system = Some(PathBuf::from("/usr/bin/python3")).filter(|path| path.is_file());
        let program = system.or_else(|| paths::on_path("python3"));
        let program = program.context("no python3; install it: apt-get install python3")?;
        let script = "import sys; print(sys.version_info[0], sys.version_info[1])";
        let text = output(Command::new(&program).args(["-c", script]))?;
        let (major, minor) = parse_version(&text)
            .with_context(|| format!("{} gave the version {text:?}", program.display()))?;
        if major != 3 || !SUPPORTED_MINOR.contains(&minor) {
            bail!(
                "{} is Python {major}.{minor}; ROS packages are pinned for 3.{} to 3.{}",
                program.display(),
                SUPPORTED_MINOR.start(),
                SUPPORTED_MINOR.end()
            );
        }
        Ok(Self { program, major, minor })
    }

    /// The name of its folder under `lib/` and `include/`.
    pub fn folder(&self) -> String {
        format!("python{}.{}", self.major, self.minor)
    }

    /// Makes a virtual environment of it at `root`.
    pub fn make_environment(&self, root: &Path, log: &Path) -> Result<()> {
        let mut command = Command::new(&self.program);
        run_logged(command.args(["-m", "venv"]).arg(root), log, "Python's virtual environment")
    }

    /// Where its C headers are, when python3-dev is installed.
    pub fn headers(&self) -> Option<PathBuf> {
        let script = "import sysconfig; print(sysconfig.get_path('platinclude'))";
        let folder = output(Command::new(&self.program).args(["-c", script])).ok()?;
        Some(PathBuf::from(folder)).filter(|path| path.join("Python.h").is_file())
    }
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Installs the pinned packages into the environment at `root`.
pub fn install(root: &Path, pins: &str, log: &Path) -> Result<()> {
    let file = root.join("pins.txt");
    fs::write(&file, pins)?;
    let mut command = pip(root);
    command.args(["install", "--require-hashes", "--no-deps", "--no-build-isolation"]);
    run_logged(command.arg("--requirement").arg(&file), log, "pip install")
}

/// Fetches the one wheel that `launch` and the command line are taken from.
///
/// It is published for 3.12 alone; what is taken out of it is pure Python.
pub fn download_launch_wheel(root: &Path, pins: &str, log: &Path) -> Result<PathBuf> {
    let file = root.join("pins.txt");
    let folder = root.join("download");
    fs::write(&file, pins)?;
    let mut command = pip(root);
    command.args(["download", "--require-hashes", "--no-deps", "--only-binary=:all:"]);
    command.args(["--python-version", "3.12", "--implementation", "cp", "--abi", "none"]);
    command.args(["--platform", "manylinux_2_35_x86_64", "--dest"]).arg(&folder);
    run_logged(command.arg("--requirement").arg(&file), log, "pip download")?;
    let wheel = fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut wheel = wheel.filter(|path| path.extension().is_some_and(|ext| ext == "whl"));
    wheel.next().with_context(|| format!("pip left no wheel in {}", folder.display()))
}

fn pip(root: &Path) -> Command {
    let mut command = Command::new(root.join("bin").join("python3"));
    command.args(["-m", "pip", "--no-input", "--disable-pip-version-check"]);
    command.env_remove("PYTHONPATH");
    command
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn version_line_is_split_and_anything_else_refused() {
        assert_eq!(parse_version("3 11"), Some((3, 11)));
        assert_eq!(parse_version("3.11"), None);
    }
}
