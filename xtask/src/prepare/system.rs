//! Debian packages that ROS packages and r2r need to build.
//!
//! Rule: a package is wanted only when what it gives is not there; as root it
//! is installed, otherwise the one line to run is printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::python::Interpreter;
use crate::paths;
use crate::process::{output, run};

/// One thing the machine must have.
pub struct Need {
    /// The Debian package that gives it.
    pub package: &'static str,
    /// What it is for, for `doctor`.
    pub purpose: &'static str,
    /// Is it there?
    pub present: fn() -> bool,
}

/// Everything building and running needs beyond a Rust toolchain.
pub const NEEDS: [Need; 8] = [
    Need { package: "python3", purpose: "ROS tools", present: || has("python3") },
    Need { package: "python3-venv", purpose: "the ROS prefix", present: has_venv },
    Need { package: "python3-dev", purpose: "message packages", present: has_python_headers },
    Need { package: "cmake", purpose: "message packages", present: || has("cmake") },
    Need { package: "ninja-build", purpose: "message packages", present: || has("ninja") },
    Need { package: "g++", purpose: "message packages", present: || has("g++") },
    Need { package: "gcc", purpose: "linking", present: || has("cc") },
    Need { package: "libclang-dev", purpose: "r2r's bindings", present: has_libclang },
];

/// The Debian packages that are missing now.
pub fn missing() -> Vec<&'static str> {
    NEEDS.iter().filter(|need| !(need.present)()).map(|need| need.package).collect()
}

/// The one line that installs `packages`.
pub fn install_line(packages: &[&str]) -> String {
    format!("apt-get install -y --no-install-recommends {}", packages.join(" "))
}

/// Makes sure that nothing is missing: installs as root, explains otherwise.
pub fn ensure() -> Result<()> {
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    if !has("apt-get") {
        bail!("missing, by Debian's names: {}", packages.join(" "));
    }
    if !is_root() {
        bail!("system packages are missing; run: sudo {}", install_line(&packages));
    }
    install(&packages)?;
    let still = missing();
    if !still.is_empty() {
        bail!("installed, yet not found: {}", still.join(" "));
    }
    Ok(())
}

/// Installs Debian packages; the caller is root.
pub fn install(packages: &[&str]) -> Result<()> {
    eprintln!("Installing {}", packages.join(" "));
    let mut apt = Command::new("apt-get");
    apt.args(["update", "-qq"]);
    run(&mut apt, "apt-get update")?;
    let mut apt = Command::new("apt-get");
    apt.args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages);
    apt.env("DEBIAN_FRONTEND", "noninteractive").stdout(std::io::stderr());
    run(&mut apt, "apt-get install")
}

/// True when this process may install packages.
pub fn is_root() -> bool {
    // SAFETY: geteuid has no arguments and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

fn has(program: &str) -> bool {
    paths::on_path(program).is_some()
}

fn has_venv() -> bool {
    let Ok(python) = Interpreter::find() else { return false };
    output(Command::new(python.program).args(["-c", "import ensurepip, venv"])).is_ok()
}

fn has_python_headers() -> bool {
    Interpreter::find().is_ok_and(|python| python.headers().is_some())
}

/// bindgen wants the library and the compiler's own headers (`stddef.h`).
fn has_libclang() -> bool {
    let custom = std::env::var_os("LIBCLANG_PATH").map(PathBuf::from);
    if custom.is_some_and(|folder| folder.join("libclang.so").exists()) {
        return true;
    }
    let versions = children(Path::new("/usr/lib")).into_iter();
    let mut llvm = versions.filter(|path| path.to_string_lossy().contains("/llvm-"));
    llvm.any(|root| {
        let headers = children(&root.join("lib").join("clang"));
        let has_headers = headers.iter().any(|dir| dir.join("include/stddef.h").is_file());
        has_headers && root.join("lib").join("libclang.so").exists()
    })
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}
