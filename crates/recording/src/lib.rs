//! Recordings of the arm: MCAP files that rosbag2, rosbags, mcap and Foxglove read, written so that a
//! kill at any instant leaves a whole file, and read so that a damaged one gives what it still holds.
//!
//! The one rule: bytes that come from outside never panic and never reserve what they only claim.
//!
//! Terms: a *segment* is one file; a *commit* makes what was written part of it; the *log time* is when
//! a message was received, the *publish time* when it was sent.
#![forbid(unsafe_code)]

pub mod bag;
pub mod cdr;
pub mod error;
mod frames;
pub mod journal;
pub mod messages;
pub mod qos;
pub mod read;
pub mod recover;
pub mod schema;
pub mod segment;

pub use error::Error;
pub use messages::{Message, decode, encode};
pub use read::{Reader, Recorded};
pub use segment::{Closed, Entry, Segment, Topic};

use std::io;
use std::path::{Path, PathBuf};

/// The files of a folder, oldest first.
///
/// # Errors
/// When it cannot be listed.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let is_bag = |path: &PathBuf| path.extension().is_some_and(|end| end == "mcap");
    let mut files: Vec<_> = entries.filter(is_bag).collect();
    files.sort_unstable();
    Ok(files)
}
