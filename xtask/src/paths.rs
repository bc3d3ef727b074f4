//! Where everything is. One place, so that a folder can be moved by one edit.

use std::env;
use std::path::{Path, PathBuf};

/// Root of the checkout that cargo runs this for; started without cargo, of the one it was built
/// from.
pub fn root() -> PathBuf {
    let running = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifest = running.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf());
    manifest.parent().unwrap_or(&manifest).to_path_buf()
}

/// Cargo's target folder: `CARGO_TARGET_DIR`, else `target/` in the checkout.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Where our own ROS packages are installed: messages, nodes, launch files.
pub fn install() -> PathBuf {
    target().join("ros").join("install")
}

/// Logs of the commands that prepare and build.
pub fn logs() -> PathBuf {
    target().join("ros").join("log")
}

/// Where benches, chaos runs and the demo leave their figures, one JSON each.
pub fn reports() -> PathBuf {
    root().join("target").join("report")
}

/// The user's cache folder of this project; prepared once, shared by checkouts.
pub fn cache() -> PathBuf {
    let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    base.unwrap_or_else(env::temp_dir).join("armature")
}

/// The program `name` on `PATH`, if there is one.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
