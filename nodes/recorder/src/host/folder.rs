//! The folder of the recording on a real disk.
//!
//! The rule: a file gets its name when it can be read; nothing but our own files is touched.

use crate::keeper::Disk;
use crate::names;
use crate::retention::Stored;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Unit of `st_blocks`, bytes.
const BLOCK: u64 = 512;

/// A folder with recordings.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    /// The file that was begun and has no name yet.
    begun: Option<String>,
}

impl Folder {
    /// A folder, there or not.
    pub fn new(path: PathBuf) -> Self {
        Self { path, begun: None }
    }

    /// The path of a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Names of our files, sorted.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut found = self.all_names()?;
        found.retain(|name| names::is_ours(name));
        found.sort_unstable();
        Ok(found)
    }

    fn all_names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.path)?;
        Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
    }

    /// Removes what an earlier process began and could not name.
    pub fn clear(&self) -> io::Result<()> {
        for name in self.all_names()?.iter().filter(|name| names::is_unfinished(name)) {
            fs::remove_file(self.path(name))?;
        }
        Ok(())
    }

    /// Puts a finished file in the place of the one that is there.
    pub fn replace(&self, name: &str) -> io::Result<()> {
        fs::rename(self.path(&names::unfinished(name)), self.path(name))?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl Disk for Folder {
    type File = File;

    fn create(&mut self, name: &str) -> io::Result<File> {
        fs::create_dir_all(&self.path)?;
        // One that could not be named, on a full disk say, shall not stay for each attempt.
        if let Some(left) = self.begun.replace(name.to_owned()) {
            let _not_there = fs::remove_file(self.path(&names::unfinished(&left)));
        }
        let path = self.path(&names::unfinished(name));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).open(path)
    }

    fn publish(&mut self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        if path.exists() {
            let text = format!("{} is there already", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        self.replace(name)?;
        self.begun = None;
        Ok(())
    }

    fn holds(&mut self, file: &File, name: &str) -> bool {
        let identity = |of: fs::Metadata| (of.dev(), of.ino());
        let there = fs::metadata(self.path(name)).map(identity);
        let ours = file.metadata().map(identity);
        there.is_ok() && there.ok() == ours.ok()
    }

    fn list(&mut self) -> io::Result<Vec<Stored>> {
        let names = self.names()?;
        // A file that somebody deletes meanwhile takes no room.
        let stored = names.into_iter().filter_map(|name| {
            let size = fs::metadata(self.path(&name)).ok()?.blocks() * BLOCK;
            Some(Stored { name, size })
        });
        Ok(stored.collect())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn free(&mut self) -> io::Result<u64> {
        fs::create_dir_all(&self.path)?;
        free(&self.path)
    }
}

/// Bytes that this process may still write on the disk of a folder.
pub fn free(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail * found.f_frsize)
}
