//! What the published wheels have wrong as a ROS prefix, put right.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::Prefix;
use crate::digest::files_below;
use crate::process::{output, run};

/// Libraries that name Python support libraries, which cannot load outside Python.
const NAMING_PYTHON: [&str; 3] = ["librcl.so", "librcl_action.so", "librcl_lifecycle.so"];

/// Applies every mend.
pub fn all(prefix: &Prefix) -> Result<()> {
    link_rmw_implementation(prefix)?;
    for library in NAMING_PYTHON {
        drop_python_libraries(prefix, &prefix.root.join("lib").join(library))?;
    }
    replace_build_machine_paths(prefix)
}

/// The selector library is not in its wheel; there is one rmw to select.
fn link_rmw_implementation(prefix: &Prefix) -> Result<()> {
    let link = prefix.root.join("lib").join("librmw_implementation.so");
    symlink("librmw_fastrtps_cpp.so", &link)
        .with_context(|| format!("cannot link {}", link.display()))
}

fn drop_python_libraries(prefix: &Prefix, library: &Path) -> Result<()> {
    let patchelf = || Command::new(prefix.root.join("bin").join("patchelf"));
    let needed = output(patchelf().arg("--print-needed").arg(library))?;
    let mut command = patchelf();
    for name in needed.lines().filter(|name| name.ends_with("__rosidl_generator_py.so")) {
        command.args(["--remove-needed", name]);
    }
    run(command.arg(library), "patchelf")
}

/// CMake files carry the include folders of the machine that built the wheels.
fn replace_build_machine_paths(prefix: &Prefix) -> Result<()> {
    let (major, minor) = (prefix.python.major, prefix.python.minor);
    let built = format!("/opt/python/cp{major}{minor}-cp{major}{minor}");
    let folder = prefix.python.folder();
    let headers = prefix.python.headers().context("no Python.h; install python3-dev")?;
    let numpy = prefix.site_packages().join("numpy/_core/include");
    let replacements = [
        (format!("{built}/lib/{folder}/site-packages/numpy/_core/include"), numpy),
        (format!("{built}/include/{folder}"), headers),
    ];
    for file in files_below(&prefix.root.join("share"))? {
        if file.extension().is_some_and(|extension| extension == "cmake") {
            replace_in(&file, &replacements)?;
        }
    }
    Ok(())
}

fn replace_in(file: &Path, replacements: &[(String, std::path::PathBuf)]) -> Result<()> {
    let before = fs::read_to_string(file)?;
    let mut text = before.clone();
    for (from, to) in replacements {
        text = text.replace(from, &to.to_string_lossy());
    }
    if text != before {
        fs::write(file, text)?;
    }
    Ok(())
}
