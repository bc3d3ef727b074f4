//! Message packages that PyPI does not carry by themselves: their definitions
//! come from the same wheel as `launch`, the code is generated here by stock
//! `rosidl_generate_interfaces`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Prefix, launch};
use crate::digest::files_below;
use crate::env::RosEnv;

/// The packages, in the order they are built.
pub const PACKAGES: [&str; 3] = ["composition_interfaces", "tf2_msgs", "control_msgs"];

/// Lays out the source of `package` below the prefix; returns its folder.
pub fn unpack(prefix: &Prefix, package: &str, wheel: &Path) -> Result<PathBuf> {
    let source = prefix.root.join("src").join(package);
    launch::unpack(wheel, |name| {
        let file = name.strip_prefix("share/")?.strip_prefix(package)?.strip_prefix('/')?;
        (file == "package.xml" || is_definition(file)).then(|| source.join(file))
    })?;
    let manifest = fs::read_to_string(source.join("package.xml"))
        .with_context(|| format!("the wheel has no {package}"))?;
    fs::write(source.join("CMakeLists.txt"), cmake_lists(package, &manifest, &source)?)?;
    Ok(source)
}

/// `msg/Name.msg`, `srv/Name.srv` or `action/Name.action`; not what is generated from them.
fn is_definition(file: &str) -> bool {
    let parts = file.split_once('/').zip(file.rsplit_once('.'));
    parts.is_some_and(|((folder, name), (_, extension))| {
        folder == extension && !name.contains('/') && ["msg", "srv", "action"].contains(&folder)
    })
}

fn cmake_lists(package: &str, manifest: &str, source: &Path) -> Result<String> {
    let mut files = String::new();
    for file in files_below(source)? {
        let relative = file.strip_prefix(source)?;
        if relative.parent() != Some(Path::new("")) {
            files += &format!("  {}\n", relative.display());
        }
    }
    let needs = interface_dependencies(manifest);
    let find: String =
        needs.iter().map(|name| format!("find_package({name} REQUIRED)\n")).collect();
    Ok(format!(
        "cmake_minimum_required(VERSION 3.16)\nproject({package})\n\
         find_package(ament_cmake REQUIRED)\nfind_package(rosidl_default_generators REQUIRED)\n\
         {find}rosidl_generate_interfaces({package}\n{files}  DEPENDENCIES {})\nament_package()\n",
        needs.join(" ")
    ))
}

/// The message packages that a package.xml depends on.
fn interface_dependencies(manifest: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tag in ["depend", "build_depend"] {
        for part in manifest.split(&format!("<{tag}>")).skip(1) {
            let name = part.split('<').next().unwrap_or_default().trim();
            let messages = name.ends_with("_msgs") || name.ends_with("_interfaces");
            if messages && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        }
    }
    found
}

/// The commands that build the message package in `source` into `install`.
pub fn cmake(ros: &RosEnv, source: &Path, install: &Path) -> Vec<Command> {
    let build = source.join("build");
    cmake_in(ros, source, &build, install)
}

/// As [`cmake`], with the build folder somewhere else.
pub fn cmake_in(ros: &RosEnv, source: &Path, build: &Path, install: &Path) -> Vec<Command> {
    let mut configure = ros.command("cmake");
    configure.arg("-S").arg(source).arg("-B").arg(build).args(["-G", "Ninja", "-Wno-dev"]);
    configure.arg(format!("-DCMAKE_INSTALL_PREFIX={}", install.display()));
    configure.arg(format!("-DCMAKE_PREFIX_PATH={}", ros.ament_prefixes().join(";")));
    configure.arg(format!("-DPython3_EXECUTABLE={}", ros.python().display()));
    configure.arg("-DBUILD_TESTING=OFF");
    let mut compile = ros.command("cmake");
    compile.arg("--build").arg(build).args(["--target", "install"]);
    vec![configure, compile]
}

#[cfg(test)]
mod tests {
    use super::{interface_dependencies, is_definition};

    #[test]
    fn only_definitions_in_their_own_folder_are_taken() {
        assert!(is_definition("msg/JointJog.msg") && is_definition("action/PointHead.action"));
        assert!(!is_definition("msg/JointJog.idl") && !is_definition("srv/Query_Request.msg"));
        assert!(!is_definition("msg/detail/JointJog.msg") && !is_definition("JointJog.msg"));
    }

    #[test]
    fn message_packages_are_read_from_the_manifest_once_each() {
        let manifest = "<depend>std_msgs</depend><build_depend>rosidl_x</build_depend>\
                        <depend>builtin_interfaces</depend><build_depend>std_msgs</build_depend>";
        assert_eq!(interface_dependencies(manifest), ["std_msgs", "builtin_interfaces"]);
    }
}
