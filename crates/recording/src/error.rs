//! What can be wrong with a recording.

use crate::cdr::CdrError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a recording cannot be read or written.
#[derive(Debug, Error)]
pub enum Error {
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// A file cannot be opened.
    #[error("cannot read {}: {error}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something else, or cut in front of its first message.
    #[error("this is no MCAP file")]
    NoMcap,
    /// The file is damaged or cut.
    #[error("damaged at byte {at}: {what}")]
    Damaged {
        /// Where in the file.
        at: u64,
        /// What is wrong.
        what: String,
    },
    /// Chunks are packed in a way that is not understood here.
    #[error(
        "the chunks are compressed ({0}): unpack them first, as `mcap compress --compression none` does"
    )]
    Compressed(String),
    /// A channel or schema that the file never named.
    #[error("{what} {id} was never named")]
    UnknownId {
        /// Channel or schema.
        what: &'static str,
        /// Its number.
        id: u16,
    },
    /// A record is not what the specification says.
    #[error("MCAP: {0}")]
    Mcap(mcap::McapError),
    /// A message is not what its schema says.
    #[error("message {index} on {topic} ({kind}): {error}")]
    Message {
        /// Its place in the file, from 0.
        index: u64,
        /// Its topic.
        topic: String,
        /// Its type.
        kind: String,
        /// What is wrong.
        error: CdrError,
    },
}

impl From<mcap::McapError> for Error {
    /// An error of the disk stays one on its way through the writer.
    fn from(error: mcap::McapError) -> Self {
        match error {
            mcap::McapError::Io(error) => Self::Disk(error),
            other => Self::Mcap(other),
        }
    }
}

impl Error {
    /// Whether the disk has no room left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Disk(error) if matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        ))
    }
}
