//! Makes a finished file out of one that was cut: everything that can be read, with index and
//! statistics.
//!
//! The one rule: the cut file stays untouched; whoever asks decides which of the two is kept.

use crate::error::Error;
use crate::journal::Store;
use crate::read::Reader;
use crate::segment::{Closed, Entry, Segment};
use std::collections::BTreeMap;
use std::io::Read;

/// Length of footer and magic at the end of every finished file, bytes.
pub const END: usize = 37;

/// Whether a file ends as a finished one does: with a footer that points to a summary, and the magic.
/// `end` are its last [`END`] bytes.
#[must_use]
pub fn is_finished(end: &[u8]) -> bool {
    let footer = end.split_first_chunk::<9>();
    let Some(([0x02, 20, 0, 0, 0, 0, 0, 0, 0], rest)) = footer else { return false };
    let summary = rest.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    summary != 0 && end.len() == END && end.ends_with(mcap::MAGIC)
}

/// What came out of a cut file.
#[derive(Debug)]
pub struct Recovered {
    /// The new file.
    pub closed: Closed,
    /// What ended the reading, when it was not the data's end.
    pub damage: Option<Error>,
}

/// Copies what can be read of `source` into a new file called `name`.
///
/// # Errors
/// Those of the disk that the copy goes to.
pub fn recover<S: Store>(
    mut source: Reader<impl Read>,
    mut target: Segment<S>,
    name: &str,
) -> Result<Recovered, Error> {
    let mut channels = BTreeMap::new();
    for message in source.by_ref() {
        let channel = match channels.get(&message.channel.id) {
            Some(known) => *known,
            None => {
                let new = target.adopt(&message.channel)?;
                channels.insert(message.channel.id, new);
                new
            }
        };
        target.write(&Entry {
            channel,
            sequence: message.sequence,
            log_time: message.log_time,
            publish_time: message.publish_time,
            data: &message.data,
        })?;
    }
    let damage = source.into_damage();
    Ok(Recovered { closed: target.close(name)?, damage })
}
