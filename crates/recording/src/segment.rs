//! One file of a recording: messages of many topics as MCAP with the profile `ros2`.
//!
//! The one rule: what was committed stays readable whatever happens afterwards; a segment that failed
//! writes nothing more.

use crate::bag::{self, Counted};
use crate::error::Error;
use crate::journal::{FILLER, Journal, Store};
use crate::qos::{self, Offered};
use mcap::records::{MessageHeader, Metadata};
use mcap::write::NoSeek;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A chunk is closed when it holds this much, bytes: as rosbag2 does.
const CHUNK: u64 = 768 * 1024;
/// The specification leaves the opcodes from 0x80 on to everybody.
const LIBRARY: &str = concat!("armature ", env!("CARGO_PKG_VERSION"));

/// A topic as it stands in a recording.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topic {
    /// Full name.
    pub name: String,
    /// Full name of its type, as in `sensor_msgs/msg/JointState`.
    pub kind: String,
    /// Schema `ros2msg`; empty when the definition is not installed.
    pub schema: String,
    /// What its publishers offer.
    pub offered: Vec<Offered>,
    /// Hash of the type (`RIHS01_…`); empty when unknown.
    pub hash: String,
}

/// A message on its way into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Channel of its topic in this file.
    pub channel: u16,
    /// Number that its publisher gave it; 0 when unknown.
    pub sequence: u32,
    /// When it was received, ns of ROS time; never falls within a file.
    pub log_time: u64,
    /// When it was sent, ns of ROS time.
    pub publish_time: u64,
    /// The message, CDR.
    pub data: &'a [u8],
}

/// The journal, shared by the MCAP writer in front of it and the segment.
#[derive(Debug)]
struct Shared<S>(Arc<Mutex<Journal<S>>>);

impl<S: Store> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, Journal<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> Write for Shared<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is being written.
pub struct Segment<S: Store> {
    writer: mcap::Writer<NoSeek<Shared<S>>>,
    journal: Shared<S>,
    topics: BTreeMap<u16, Counted>,
    begin: u64,
    end: u64,
    dirty: bool,
}

impl<S: Store> Segment<S> {
    /// Begins a file: it is readable when this returns. `reserve` is the room made at a time, bytes.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn create(store: S, reserve: u64) -> Result<Self, Error> {
        let journal = Arc::new(Mutex::new(Journal::new(store, reserve)));
        let options = mcap::WriteOptions::new()
            .profile("ros2")
            .library(LIBRARY)
            .compression(None)
            .chunk_size(Some(CHUNK))
            .disable_seeking(true)
            // Would be computed over everything and could not be checked by readers of a cut file.
            .calculate_data_section_crc(false);
        let writer = options.create(NoSeek::new(Shared(Arc::clone(&journal))))?;
        let journal = Shared(journal);
        let (begin, end) = (u64::MAX, 0);
        let mut segment =
            Self { writer, journal, topics: BTreeMap::new(), begin, end, dirty: true };
        segment.commit(true)?;
        Ok(segment)
    }

    /// The channel of a topic; a topic whose offers changed gets another one.
    ///
    /// # Errors
    /// When there are more than 65535.
    pub fn channel(&mut self, topic: &Topic) -> Result<u16, Error> {
        let encoding = if topic.schema.is_empty() { "" } else { "ros2msg" };
        let schema = self.writer.add_schema(&topic.kind, encoding, topic.schema.as_bytes())?;
        let metadata = BTreeMap::from([
            ("offered_qos_profiles".to_owned(), qos::yaml(&topic.offered, 0)),
            ("topic_type_hash".to_owned(), topic.hash.clone()),
        ]);
        let id = self.writer.add_channel(schema, &topic.name, "cdr", &metadata)?;
        self.topics.entry(id).or_insert_with(|| Counted { topic: topic.clone(), messages: 0 });
        self.dirty = true;
        Ok(id)
    }

    /// The channel of a topic of another file, as it stands there.
    pub(crate) fn adopt(&mut self, channel: &mcap::Channel<'_>) -> Result<u16, Error> {
        let schema = match &channel.schema {
            Some(of) => self.writer.add_schema(&of.name, &of.encoding, &of.data)?,
            None => 0,
        };
        let (topic, encoding) = (&channel.topic, &channel.message_encoding);
        let id = self.writer.add_channel(schema, topic, encoding, &channel.metadata)?;
        let kind = channel.schema.as_ref().map_or_else(String::new, |schema| schema.name.clone());
        let hash = channel.metadata.get("topic_type_hash").cloned().unwrap_or_default();
        let topic = Topic { name: topic.clone(), kind, hash, ..Topic::default() };
        self.topics.entry(id).or_insert(Counted { topic, messages: 0 });
        self.dirty = true;
        Ok(id)
    }

    /// Appends a message; it is in the file after the next [`Segment::commit`].
    ///
    /// # Errors
    /// Those of the disk, or an unknown channel.
    pub fn write(&mut self, entry: &Entry<'_>) -> Result<(), Error> {
        let log_time = entry.log_time.max(self.end);
        let header = MessageHeader {
            channel_id: entry.channel,
            sequence: entry.sequence,
            log_time,
            publish_time: entry.publish_time,
        };
        self.writer.write_to_known_channel(&header, entry.data)?;
        if let Some(topic) = self.topics.get_mut(&entry.channel) {
            topic.messages += 1;
        }
        self.begin = self.begin.min(log_time);
        self.end = log_time;
        self.dirty = true;
        Ok(())
    }

    /// Puts everything written so far into the file; durably in order when `sync`.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn commit(&mut self, sync: bool) -> Result<(), Error> {
        if !self.dirty {
            return Ok(());
        }
        self.writer.flush()?;
        let filler = self.journal.lock().filler();
        if let Some(length) = filler {
            let outside_of_chunks = Default::default();
            self.writer.write_private_record(FILLER, &vec![0; length], outside_of_chunks)?;
        }
        self.journal.lock().commit(sync)?;
        self.dirty = false;
        Ok(())
    }

    /// Ends the file with rosbag2's metadata, index and statistics.
    ///
    /// # Errors
    /// Those of the disk; what was committed before stays.
    pub fn close(mut self, name: &str) -> Result<Closed, Error> {
        let closed = self.summary(name);
        let serialized = bag::metadata(std::slice::from_ref(&closed));
        let record = BTreeMap::from([("serialized_metadata".to_owned(), serialized)]);
        self.writer.write_metadata(&Metadata { name: "rosbag2".to_owned(), metadata: record })?;
        self.dirty = true;
        self.commit(true)?;
        self.writer.finish()?;
        self.journal.lock().close()?;
        Ok(closed)
    }

    /// What the file holds so far.
    #[must_use]
    pub fn summary(&self, name: &str) -> Closed {
        let topics: Vec<_> = self.topics.values().cloned().collect();
        let messages = topics.iter().map(|topic| topic.messages).sum();
        let begin = self.begin.min(self.end);
        Closed { name: name.to_owned(), begin, end: self.end, messages, topics }
    }

    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.journal.lock().position()
    }

    /// Receive time of the newest message, ns; 0 without one.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.end
    }

    /// Asks the store something.
    pub fn with_store<T>(&self, ask: impl FnOnce(&mut S) -> T) -> T {
        ask(self.journal.lock().store())
    }
}

impl<S: Store> Drop for Segment<S> {
    /// A segment that was not closed is left as it was committed last.
    fn drop(&mut self) {
        self.journal.lock().abandon();
    }
}

/// A file and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closed {
    /// File name.
    pub name: String,
    /// Receive time of the oldest message, ns; 0 without one.
    pub begin: u64,
    /// Receive time of the newest message, ns; 0 without one.
    pub end: u64,
    /// Messages in it.
    pub messages: u64,
    /// Its topics.
    pub topics: Vec<Counted>,
}

#[cfg(test)]
impl Segment<crate::journal::tests::Snapshots> {
    /// The file as it will be when the segment is gone.
    pub(crate) fn keep_store(&self) -> impl Fn() -> Vec<u8> + use<> {
        let journal = Shared(Arc::clone(&self.journal.0));
        move || journal.lock().store().file.clone()
    }
}

#[cfg(test)]
mod tests;
