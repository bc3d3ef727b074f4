//! Reads MCAP files of any origin from the front, without trusting any of them.
//!
//! The one rule: a damaged file gives every message in front of the damage and then says what is wrong;
//! it never panics, and nothing larger than the file itself is believed.

use crate::error::Error;
use crate::frames::Frames;
use mcap::records::Record;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

/// A message as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its channel: topic, type, schema, metadata.
    pub channel: Arc<mcap::Channel<'static>>,
    /// Number that its publisher gave it; 0 when unknown.
    pub sequence: u32,
    /// When it was received, ns of ROS time.
    pub log_time: u64,
    /// When it was sent, ns of ROS time.
    pub publish_time: u64,
    /// The message, CDR in files with the profile `ros2`.
    pub data: Vec<u8>,
}

impl Recorded {
    /// Full name of the topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.channel.topic
    }

    /// Full name of the type; empty when the file does not say.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.channel.schema.as_ref().map_or("", |schema| schema.name.as_str())
    }
}

/// The messages of a file, in the order of the file.
pub struct Reader<R> {
    frames: Frames<R>,
    schemas: BTreeMap<u16, Arc<mcap::Schema<'static>>>,
    channels: BTreeMap<u16, Arc<mcap::Channel<'static>>>,
    damage: Option<Error>,
    ended: bool,
}

impl Reader<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Open`] when there is none to read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::Open { path: path.to_owned(), error };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(Self::new(BufReader::with_capacity(1 << 20, file), length))
    }
}

impl<'a> Reader<Cursor<&'a [u8]>> {
    /// Reads a file in memory.
    #[must_use]
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        Self::new(Cursor::new(bytes), bytes.len() as u64)
    }
}

impl<R: Read> Reader<R> {
    /// Reads `length` bytes of `source`.
    #[must_use]
    pub fn new(source: R, length: u64) -> Self {
        Self {
            frames: Frames::new(source, length),
            schemas: BTreeMap::new(),
            channels: BTreeMap::new(),
            damage: None,
            ended: false,
        }
    }

    /// What ended the reading too early.
    #[must_use]
    pub fn damage(&self) -> Option<&Error> {
        self.damage.as_ref()
    }

    /// As [`Reader::damage`], at the end.
    #[must_use]
    pub fn into_damage(self) -> Option<Error> {
        self.damage
    }

    fn advance(&mut self) -> Result<Option<Recorded>, Error> {
        while let Some((opcode, body)) = self.frames.next()? {
            match mcap::parse_record(opcode, &body)? {
                Record::Schema { header, data } => {
                    let data = Cow::Owned(data.into_owned());
                    let (id, name, encoding) = (header.id, header.name, header.encoding);
                    let schema = mcap::Schema { id, name, encoding, data };
                    self.schemas.entry(id).or_insert_with(|| Arc::new(schema));
                }
                Record::Channel(channel) => self.add_channel(channel)?,
                Record::Message { header, data } => {
                    let data = data.into_owned();
                    return self.message(header, data).map(Some);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn add_channel(&mut self, of: mcap::records::Channel) -> Result<(), Error> {
        let unknown = Error::UnknownId { what: "schema", id: of.schema_id };
        let schema = match of.schema_id {
            0 => None,
            id => Some(self.schemas.get(&id).cloned().ok_or(unknown)?),
        };
        let (id, topic) = (of.id, of.topic);
        let (message_encoding, metadata) = (of.message_encoding, of.metadata);
        let channel = mcap::Channel { id, topic, schema, message_encoding, metadata };
        self.channels.entry(id).or_insert_with(|| Arc::new(channel));
        Ok(())
    }

    fn message(
        &self,
        header: mcap::records::MessageHeader,
        data: Vec<u8>,
    ) -> Result<Recorded, Error> {
        let id = header.channel_id;
        let channel = self.channels.get(&id).cloned();
        Ok(Recorded {
            channel: channel.ok_or(Error::UnknownId { what: "channel", id })?,
            sequence: header.sequence,
            log_time: header.log_time,
            publish_time: header.publish_time,
            data,
        })
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Recorded;

    fn next(&mut self) -> Option<Recorded> {
        if self.ended {
            return None;
        }
        match self.advance() {
            Ok(Some(message)) => return Some(message),
            Ok(None) => {}
            Err(error) => self.damage = Some(error),
        }
        self.ended = true;
        None
    }
}

#[cfg(test)]
mod tests;
