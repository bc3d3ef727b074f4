//! Builds the messages, then everything that uses ROS 2, into one install.
//!
//! Rule: what did not change costs next to nothing; a changed message is seen
//! by its content, because r2r does not look at message files again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::digest::Digest;
use crate::env::RosEnv;
use crate::prepare::interfaces::cmake_in;
use crate::process::{run, run_logged};
use crate::progress::Progress;
use crate::{install, lock, paths};

/// Executables of package armature_nodes; each is a crate with feature `ros`.
pub fn nodes() -> impl Iterator<Item = &'static str> {
    include_str!("../../nodes/nodes.txt").lines().filter(|line| !line.is_empty())
}

/// The controller that goes bad on purpose, for tests of what becomes of it.
const FAULTY: &str = "faulty_control";

/// Programs that use ROS 2 beside the nodes, built with them so that all share
/// one build of r2r.
const COMPANIONS: [&str; 7] = [
    "demo_client",
    "bench_client",
    "bench_recorder",
    "status_client",
    "upgrade_client",
    "wall_clock",
    FAULTY,
];

/// Builds one of the programs beside the nodes; returns the environment to run it in.
///
/// # Errors
/// When it cannot be built.
pub fn companion(name: &str) -> Result<RosEnv> {
    let ros = RosEnv::ensure()?;
    if !paths::target().join("release").join(name).is_file() {
        messages(&ros)?;
        run(&mut cargo_build(&ros), "building the tools")?;
    }
    Ok(ros)
}

/// Builds and installs everything; returns the environment to run it in.
pub fn everything() -> Result<RosEnv> {
    let ros = RosEnv::ensure()?;
    messages(&ros)?;
    run(&mut cargo_build(&ros), "building the nodes")?;
    install::nodes(nodes().chain([FAULTY]))?;
    install::bringup()?;
    install::moveit_config()?;
    install::stations(&ros)?;
    Ok(ros)
}

/// Builds everything and installs nothing: what runs from the install stays as it is.
pub fn companions() -> Result<RosEnv> {
    let ros = RosEnv::ensure()?;
    messages(&ros)?;
    run(&mut cargo_build(&ros), "building the tools")?;
    Ok(ros)
}

/// A message package of this repository: its name and where its source is.
struct Messages {
    name: &'static str,
    source: &'static str,
    /// Only where nobody else has installed one of that name.
    stand_in: bool,
}

const MESSAGES: [Messages; 2] = [
    Messages { name: "armature_msgs", source: "msg", stand_in: false },
    Messages { name: "rosbag2_interfaces", source: "xtask/rosbag2_interfaces", stand_in: true },
];

/// Builds the message packages that changed since the last time.
pub fn messages(ros: &RosEnv) -> Result<()> {
    let _lock = lock::hold(&paths::target().join("ros").join("messages.lock"))?;
    MESSAGES.iter().filter(|package| package.is_ours(ros)).try_for_each(|it| it.build(ros))
}

impl Messages {
    fn is_ours(&self, ros: &RosEnv) -> bool {
        let share = Path::new("share").join(self.name).join("package.xml");
        let prefixes = ros.ament_prefixes().iter().map(Path::new);
        let mut others = prefixes.filter(|prefix| *prefix != paths::install());
        !self.stand_in || !others.any(|prefix| prefix.join(&share).exists())
    }

    fn build(&self, ros: &RosEnv) -> Result<()> {
        let name = self.name;
        let installed = paths::install().join("share").join(name);
        let stamp = installed.join("built-from");
        let wanted = self.digest(ros)?;
        if fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
            return Ok(());
        }
        let mut progress = Progress::new(&format!("{name} changed"), 2);
        let build = paths::target().join("ros").join("build").join(name);
        let source = paths::root().join(self.source);
        progress.step("generating and compiling it", || {
            // Definitions that were removed must not stay installed.
            remove_folder(installed)?;
            remove_folder(build.clone())?;
            for mut command in cmake_in(ros, &source, &build, &paths::install()) {
                let log = paths::logs().join(format!("{name}.log"));
                run_logged(&mut command, &log, &format!("building {name}"))?;
            }
            Ok(())
        })?;
        progress.step("dropping r2r's bindings to the old ones", clean_bindings)?;
        fs::write(&stamp, wanted)?;
        progress.finish(&format!("{name} is built"));
        Ok(())
    }

    fn digest(&self, ros: &RosEnv) -> Result<String> {
        message_digest(ros, &paths::root().join(self.source))
    }
}

fn message_digest(ros: &RosEnv, source: &Path) -> Result<String> {
    let mut digest = Digest::new();
    digest.add_folder(source)?;
    for prefix in ros.ament_prefixes() {
        digest.add(prefix.as_bytes());
    }
    Ok(digest.to_string())
}

fn remove_folder(folder: PathBuf) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {folder:?}"))?;
    }
    Ok(())
}

fn clean_bindings() -> Result<()> {
    for profile in ["dev", "release"] {
        let mut clean = cargo();
        clean.args(["clean", "--quiet", "--profile", profile]);
        clean.args(["--package", "r2r", "--package", "r2r_msg_gen"]);
        run(&mut clean, "cargo clean")?;
    }
    Ok(())
}

fn cargo_build(ros: &RosEnv) -> Command {
    let mut command = cargo();
    ros.apply(&mut command);
    command.args(["build", "--release"]);
    for package in nodes().chain(COMPANIONS) {
        command.args(["--package", package]);
    }
    for node in nodes() {
        command.args(["--features", &format!("{node}/ros")]);
    }
    command
}

/// cargo, in this workspace, without what the cargo that started us has set.
pub fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(paths::root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}
