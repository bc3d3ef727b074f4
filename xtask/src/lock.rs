//! Keeps two runs from making the same thing at once.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};

/// Holds the lock at `path` until the result is dropped; waits for whoever holds it now.
pub fn hold(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!("Waiting for another run that holds {}", path.display());
        file.lock()?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::hold;

    #[test]
    fn lock_is_free_again_once_dropped() {
        let path = std::env::temp_dir().join(format!("xtask-lock-{}", std::process::id()));
        drop(hold(&path).unwrap());
        assert!(hold(&path).is_ok());
        std::fs::remove_file(&path).unwrap();
    }
}
