//! Wall clocks of the processes under test, to be set while they run: nobody else's is touched.

use crate::launch::target;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;

/// The offsets of the processes that this one starts from now on.
#[derive(Debug)]
pub struct WallClocks {
    folder: PathBuf,
}

impl WallClocks {
    /// Preloads what answers for the clock into every process started from now on. `nodes` can be set by
    /// themselves, too.
    ///
    /// # Errors
    /// When the library was not built (`cargo xtask build`).
    pub fn preload(name: &str, nodes: &[&str]) -> Result<Self> {
        let library = std::path::absolute(target().join("release/libwall_clock.so"))?;
        ensure!(library.is_file(), "{} is not there: run `cargo xtask build`", library.display());
        let folder = std::path::absolute(target().join("log").join(format!("{name}.clocks")))?;
        fs::create_dir_all(&folder)?;
        let clocks = Self { folder };
        for node in nodes.iter().chain(&["all"]) {
            clocks.set(node, 0.0)?;
        }
        // SAFETY: called first in a test process, before any thread reads the environment.
        unsafe {
            std::env::set_var("LD_PRELOAD", library);
            std::env::set_var("ARMATURE_WALL_CLOCK", &clocks.folder);
        }
        Ok(clocks)
    }

    /// Sets the wall clock of a node, or of `all`, so many seconds beside the truth, at once.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set(&self, node: &str, offset: f64) -> Result<()> {
        use std::os::unix::fs::FileExt;
        let path = self.folder.join(node);
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.with_context(|| path.display().to_string())?;
        // In place: the processes have it mapped.
        file.write_all_at(&((offset * 1e9) as i64).to_ne_bytes(), 0)?;
        Ok(())
    }
}
