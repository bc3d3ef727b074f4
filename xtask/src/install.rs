//! Lays out `target/ros/install` as colcon would, with links instead of copies:
//! `lib/armature_nodes/<node>`, `share/armature_bringup/{launch,config}`, and the same for MoveIt.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};

use crate::digest::files_below;
use crate::env::RosEnv;
use crate::paths;
use crate::prepare::launch::mark_package;

/// Links the built node binaries into package armature_nodes.
pub fn nodes(names: impl Iterator<Item = &'static str>) -> Result<()> {
    let folder = paths::install().join("lib").join("armature_nodes");
    fs::create_dir_all(&folder)?;
    for name in names {
        link(&paths::target().join("release").join(name), &folder.join(name))?;
    }
    manifest("armature_nodes", "nodes")
}

/// Links launch files and configuration into package armature_bringup.
pub fn bringup() -> Result<()> {
    let share = paths::install().join("share").join("armature_bringup");
    drop_dead_links(&share)?;
    for folder in ["launch", "config"] {
        link_files(&paths::root().join(folder), &share.join(folder))?;
    }
    manifest("armature_bringup", "launch")
}

/// What package armature_moveit_config takes from the arm itself.
const MOVEIT_SHARES: [&str; 3] = ["armature.srdf", "armature.urdf.xacro", "joint_limits.yaml"];

/// Links package armature_moveit_config.
pub fn moveit_config() -> Result<()> {
    let share = paths::install().join("share").join("armature_moveit_config");
    drop_dead_links(&share)?;
    for folder in ["launch", "config"] {
        link_files(&paths::root().join("moveit_config").join(folder), &share.join(folder))?;
    }
    for file in MOVEIT_SHARES {
        let source = paths::root().join("config/description").join(file);
        link(&source, &share.join("config").join(file))?;
    }
    manifest("armature_moveit_config", "moveit_config")
}

/// Links package armature_stations: `ros2 run armature_stations inspection`.
pub fn stations(ros: &RosEnv) -> Result<()> {
    let from = paths::root().join("stations");
    let programs = paths::install().join("lib").join("armature_stations");
    fs::create_dir_all(&programs)?;
    link(&from.join("inspection/inspection.py"), &programs.join("inspection"))?;
    let module = ros.own_packages().join("armature_station");
    drop_dead_links(&module)?;
    link_files(&from.join("armature_station"), &module)?;
    manifest("armature_stations", "stations")
}

fn manifest(package: &str, folder: &str) -> Result<()> {
    let install = paths::install();
    let share = install.join("share").join(package);
    fs::create_dir_all(&share)?;
    link(&paths::root().join(folder).join("package.xml"), &share.join("package.xml"))?;
    mark_package(&install, package)
}

/// Real folders with linked files: stock `ros2 launch` does not walk linked folders.
fn link_files(from: &Path, to: &Path) -> Result<()> {
    for file in files_below(from)? {
        let relative = file.strip_prefix(from)?;
        if relative == Path::new("CMakeLists.txt") || relative == Path::new("package.xml") {
            continue;
        }
        let target = to.join(relative);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        link(&file, &target)?;
    }
    Ok(())
}

fn link(from: &Path, to: &Path) -> Result<()> {
    if fs::read_link(to).is_ok_and(|known| known == from) {
        return Ok(());
    }
    if fs::symlink_metadata(to).is_ok() {
        fs::remove_file(to)?;
    }
    symlink(from, to).with_context(|| format!("cannot link {}", to.display()))
}

fn drop_dead_links(folder: &Path) -> io::Result<()> {
    for file in files_below(folder)? {
        if !file.exists() {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}
