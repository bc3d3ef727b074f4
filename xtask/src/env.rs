//! The environment in which everything that needs ROS 2 is built and run.
//!
//! Rule: a ROS 2 Jazzy that is sourced and can be built against is used as it
//! is; otherwise the prepared prefix is, and nothing of the caller's ROS
//! settings leaks in. Our own install comes first in either case.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::paths;
use crate::prepare::python::Interpreter;
use crate::prepare::{self, Prefix};

/// Message packages that r2r generates bindings for, one a line; few, so that it builds fast.
const IDL_PACKAGES: &str = include_str!("../../nodes/idl_packages.txt");

/// Names the prepared prefix inside its own environment, so that a shell in it
/// is not mistaken for a sourced ROS.
const PREFIX_VARIABLE: &str = "ARMATURE_ROS_PREFIX";

/// Everything that must be set for a program that uses ROS 2.
#[derive(Debug, Clone)]
pub struct RosEnv {
    variables: Vec<(&'static str, OsString)>,
    ament_prefixes: Vec<String>,
    python: PathBuf,
    prefix: Option<PathBuf>,
}

impl RosEnv {
    /// The environment of this machine; prepares the prefix when there is no ROS.
    pub fn ensure() -> Result<Self> {
        fs::create_dir_all(paths::install())?;
        match sourced_prefixes() {
            Some(prefixes) => Self::of_sourced(prefixes),
            None => Ok(Self::with_install(&prepare::ensure()?, &[paths::install()])),
        }
    }

    /// The prepared prefix alone, without anything of ours.
    pub fn of_prefix(prefix: &Prefix) -> Self {
        Self::with_install(prefix, &[])
    }

    /// The prepared prefix below the install folders `ours`, nearest first.
    fn with_install(prefix: &Prefix, ours: &[PathBuf]) -> Self {
        let roots: Vec<PathBuf> = ours.iter().chain([&prefix.root]).cloned().collect();
        let site = prefix.site_packages();
        let mut libraries: Vec<PathBuf> = roots.iter().map(|root| root.join("lib")).collect();
        libraries.extend(bundled_libraries(&site));
        let bin = prefix.root.join("bin");
        let mut env = Self::layered(&roots, ours, &prefix.python, bin.join("python3"));
        env.set("LD_LIBRARY_PATH", join(&libraries));
        env.set("PATH", prepend(&[bin], "PATH"));
        env.set("ROS_DISTRO", "jazzy");
        env.set("ROS_VERSION", "2");
        env.set("ROS_PYTHON_VERSION", "3");
        env.set("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp");
        env.set("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST");
        env.set(PREFIX_VARIABLE, prefix.root.clone());
        env.prefix = Some(prefix.root.clone());
        env
    }

    /// The sourced ROS with our install in front.
    fn of_sourced(prefixes: Vec<PathBuf>) -> Result<Self> {
        let interpreter = Interpreter::find()?;
        let ours = [paths::install()];
        let others = prefixes.into_iter().filter(|prefix| *prefix != ours[0]);
        let roots: Vec<PathBuf> = ours.iter().cloned().chain(others).collect();
        let program = interpreter.program.clone();
        let mut env = Self::layered(&roots, &ours, &interpreter, program);
        let library = ours[0].join("lib");
        env.set("LD_LIBRARY_PATH", prepend(&[library], "LD_LIBRARY_PATH"));
        let packages = ours[0].join("lib").join(interpreter.folder()).join("site-packages");
        env.set("PYTHONPATH", prepend(&[packages], "PYTHONPATH"));
        Ok(env)
    }

    fn layered(
        roots: &[PathBuf],
        ours: &[PathBuf],
        python: &Interpreter,
        program: PathBuf,
    ) -> Self {
        let packages: Vec<PathBuf> = ours
            .iter()
            .map(|root| root.join("lib").join(python.folder()).join("site-packages"))
            .collect();
        let variables = vec![
            ("AMENT_PREFIX_PATH", join(roots)),
            ("PYTHONPATH", join(&packages)),
            ("IDL_PACKAGE_FILTER", IDL_PACKAGES.trim().replace('\n', ";").into()),
            ("PYTHONUNBUFFERED", "1".into()),
            ("ARMATURE_TARGET", paths::target().into()),
        ];
        let ament_prefixes = roots.iter().map(|root| root.display().to_string()).collect();
        Self { variables, ament_prefixes, python: program, prefix: None }
    }

    fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
    }

    /// A command that will run inside this environment.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(self.resolve(program.as_ref()));
        self.apply(&mut command);
        command
    }

    /// Puts `command` into this environment.
    pub fn apply(&self, command: &mut Command) {
        if self.prefix.is_some() {
            // Both may carry another ROS or another Python into ours.
            command.env_remove("CMAKE_PREFIX_PATH").env_remove("PYTHONHOME");
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    /// The name and value of every variable set, for a file to source.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &OsString)> {
        self.variables.iter().map(|(name, value)| (*name, value))
    }

    /// Where Python packages of ours are installed.
    pub fn own_packages(&self) -> PathBuf {
        let ours = paths::install().join("lib");
        let named = self.variables().find(|(name, _)| *name == "PYTHONPATH");
        let all = named.map(|(_, value)| env::split_paths(value).collect::<Vec<_>>());
        all.unwrap_or_default().into_iter().find(|it| it.starts_with(&ours)).unwrap_or(ours)
    }

    /// Prefixes searched for packages, nearest first.
    pub fn ament_prefixes(&self) -> &[String] {
        &self.ament_prefixes
    }

    /// The Python that has rclpy.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// The prepared prefix; `None` when a sourced ROS is used.
    pub fn prefix(&self) -> Option<&Path> {
        self.prefix.as_deref()
    }

    /// Programs of the prefix are found before those on the caller's `PATH`.
    fn resolve(&self, program: &Path) -> PathBuf {
        let own = self.prefix.as_ref().map(|prefix| prefix.join("bin").join(program));
        own.filter(|path| path.is_file()).unwrap_or_else(|| program.to_path_buf())
    }
}

/// The sourced prefixes, when they are a ROS 2 Jazzy that can be built against.
pub fn sourced_prefixes() -> Option<Vec<PathBuf>> {
    let is_ours = env::var_os(PREFIX_VARIABLE).is_some();
    if is_ours || env::var("ROS_DISTRO").ok()? != "jazzy" {
        return None;
    }
    let prefixes: Vec<PathBuf> = env::split_paths(&env::var_os("AMENT_PREFIX_PATH")?).collect();
    let headers = ["include/rcl/rcl/rcl.h", "include/rcl/rcl.h"];
    let has_rcl = |prefix: &PathBuf| headers.iter().any(|header| prefix.join(header).is_file());
    prefixes.iter().any(has_rcl).then_some(prefixes)
}

/// Libraries that the wheels carry for each other: `site-packages/*.libs`.
fn bundled_libraries(site: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(site).into_iter().flatten();
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "libs"))
        .collect();
    folders.sort();
    folders
}

fn join(paths: &[PathBuf]) -> OsString {
    env::join_paths(paths).unwrap_or_default()
}

fn prepend(first: &[PathBuf], variable: &str) -> OsString {
    let old = env::var_os(variable).unwrap_or_default();
    let old = env::split_paths(&old).filter(|path| !path.as_os_str().is_empty());
    let rest: Vec<PathBuf> = old.filter(|path| !first.contains(path)).collect();
    join(&[first, &rest].concat())
}

/// Domains that Linux's ephemeral ports leave free, without the default 0.
const DOMAINS: std::ops::RangeInclusive<u8> = 1..=101;

/// A ROS domain that no other run on this machine uses, until it is dropped.
#[derive(Debug)]
pub struct Domain {
    id: u8,
    _lock: File,
}

impl Domain {
    /// Takes the first free one, beginning at a place that depends on this process.
    pub fn take() -> Result<Self> {
        let folder = env::temp_dir().join("armature-domains");
        fs::create_dir_all(&folder)?;
        let count = u32::from(*DOMAINS.end());
        for offset in 0..count {
            let id = (std::process::id().wrapping_add(offset) % count) as u8 + DOMAINS.start();
            let path = folder.join(id.to_string());
            // A file of another user counts as taken.
            let Ok(lock) = File::create(&path) else { continue };
            if lock.try_lock().is_ok() {
                return Ok(Self { id, _lock: lock });
            }
        }
        bail!("all ROS domains {DOMAINS:?} are in use on this machine")
    }

    /// The value for `ROS_DOMAIN_ID`.
    pub fn id(&self) -> u8 {
        self.id
    }

    /// Puts `command` into this domain.
    pub fn apply(&self, command: &mut Command) {
        command.env("ROS_DOMAIN_ID", self.id.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_domains_taken_at_once_differ() {
        let (one, other) = (Domain::take().unwrap(), Domain::take().unwrap());
        assert_ne!(one.id(), other.id());
        assert!(DOMAINS.contains(&one.id()) && DOMAINS.contains(&other.id()));
    }

    #[test]
    fn prefix_environment_puts_our_install_before_the_prefix() {
        let python = Interpreter { program: "python3".into(), major: 3, minor: 12 };
        let prefix = Prefix { root: "/ros".into(), python };
        let ros = RosEnv::with_install(&prefix, &["/ours".into()]);
        assert_eq!(ros.ament_prefixes(), ["/ours", "/ros"]);
        let path = ros.variables().find(|(name, _)| *name == "PYTHONPATH").unwrap().1;
        assert_eq!(path, "/ours/lib/python3.12/site-packages");
    }
}
