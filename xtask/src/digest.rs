//! A short, stable name for some content (FNV-1a, 64 bit): cache keys and
//! change detection. Not for security: downloads are checked by pip's sha256.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Running digest over everything added so far, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// The digest of nothing.
    pub fn new() -> Self {
        Self(OFFSET)
    }

    /// Adds bytes and a separator, so that "ab","c" differs from "a","bc".
    pub fn add(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
        self
    }

    /// Adds the content of every file below `folder`, and its name from there: a checkout elsewhere
    /// has the same digest.
    pub fn add_folder(&mut self, folder: &Path) -> io::Result<&mut Self> {
        for file in files_below(folder)? {
            let name = file.strip_prefix(folder).unwrap_or(&file);
            self.add(name.to_string_lossy().as_bytes());
            self.add(&fs::read(&file)?);
        }
        Ok(self)
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Every file below `folder`, sorted; empty when there is no such folder.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn same_bytes_cut_differently_give_different_digests() {
        let mut one = Digest::new();
        one.add(b"ab").add(b"c");
        let mut other = Digest::new();
        other.add(b"a").add(b"bc");
        assert_ne!(one, other);
    }
}
