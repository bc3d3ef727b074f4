//! The framing of MCAP: records of an opcode, a length and a body, some of them packed into chunks.
//!
//! The one rule: a length is compared with what is left of the file before anything is read or
//! reserved for it. (The readers of crate `mcap` compute with such lengths first: a flipped bit makes
//! them overflow, and a cut chunk costs its front.)

use crate::error::Error;
use std::io::{self, Read};

/// Opcode and length.
const HEADER: usize = 9;
const CHUNK: u8 = 0x06;
const DATA_END: u8 = 0x0f;
const FOOTER: u8 = 0x02;
/// Schema, channel, message: all that matters here besides chunks.
const WANTED: [u8; 3] = [0x03, 0x04, 0x05];

/// A record: its opcode and its body.
pub(crate) type Record = (u8, Vec<u8>);

/// Takes a file apart.
#[derive(Debug)]
pub(crate) struct Frames<R> {
    source: R,
    /// Bytes of the file that were not read yet.
    left: u64,
    length: u64,
    chunk: Vec<u8>,
    chunk_at: usize,
    /// The chunk at hand is the last thing in a cut file.
    cut: Option<Error>,
    begun: bool,
}

impl<R: Read> Frames<R> {
    /// Of `length` bytes of `source`.
    pub fn new(source: R, length: u64) -> Self {
        let chunk = Vec::new();
        Self { source, left: length, length, chunk, chunk_at: 0, cut: None, begun: false }
    }

    /// The next schema, channel or message; `None` at the end of the data.
    pub fn next(&mut self) -> Result<Option<Record>, Error> {
        if !self.begun {
            self.begin()?;
        }
        loop {
            if self.chunk_at < self.chunk.len() {
                if let Some(record) = self.in_chunk()? {
                    return Ok(Some(record));
                }
                continue;
            }
            if let Some(cut) = self.cut.take() {
                return Err(cut);
            }
            let (opcode, length) = self.header()?;
            match opcode {
                DATA_END | FOOTER => return Ok(None),
                CHUNK => self.open_chunk(length)?,
                wanted if WANTED.contains(&wanted) => {
                    return Ok(Some((opcode, self.bytes(length)?)));
                }
                _ => self.skip(length)?,
            }
        }
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.begun = true;
        let magic = mcap::MAGIC;
        if self.left < magic.len() as u64 || self.bytes(magic.len() as u64)? != magic {
            return Err(Error::NoMcap);
        }
        Ok(())
    }

    fn at(&self) -> u64 {
        self.length - self.left
    }

    fn damaged(&self, what: impl Into<String>) -> Error {
        Error::Damaged { at: self.at(), what: what.into() }
    }

    fn header(&mut self) -> Result<(u8, u64), Error> {
        if self.left < HEADER as u64 {
            return Err(self.damaged("the file ends without a data end"));
        }
        let mut header = [0; HEADER];
        self.fill(&mut header)?;
        let [opcode, length @ ..] = header;
        Ok((opcode, u64::from_le_bytes(length)))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.source.read_exact(bytes)?;
        self.left -= (bytes.len() as u64).min(self.left);
        Ok(())
    }

    fn bytes(&mut self, length: u64) -> Result<Vec<u8>, Error> {
        let fits = usize::try_from(length).ok().filter(|_| length <= self.left);
        let Some(length) = fits else { return Err(self.too_long(length)) };
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn too_long(&self, length: u64) -> Error {
        self.damaged(format!("a record of {length} bytes where {} are left", self.left))
    }

    fn skip(&mut self, length: u64) -> Result<(), Error> {
        if length > self.left {
            return Err(self.too_long(length));
        }
        let skipped = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
        self.left -= skipped.min(self.left);
        Ok(())
    }

    /// Reads a chunk, or what there is of the last one of a cut file.
    fn open_chunk(&mut self, length: u64) -> Result<(), Error> {
        let at = self.at();
        self.cut = (length > self.left).then(|| self.too_long(length));
        let body = self.bytes(length.min(self.left))?;
        let bad = |what: String| Error::Damaged { at, what };
        let head = ChunkHead::parse(&body).ok_or_else(|| bad("a chunk without header".into()))?;
        if !head.compression.is_empty() {
            return Err(Error::Compressed(head.compression));
        }
        let records = body.get(head.begin..).unwrap_or_default();
        let whole = usize::try_from(head.size).ok().and_then(|size| records.get(..size));
        match whole {
            Some(whole) if head.crc != 0 && crc32fast::hash(whole) != head.crc => {
                return Err(bad("the checksum of a chunk is wrong".into()));
            }
            Some(whole) => self.chunk = whole.to_vec(),
            None if self.cut.is_some() => self.chunk = records.to_vec(),
            None => return Err(bad(format!("a chunk of {} bytes holds {}", head.size, length))),
        }
        self.chunk_at = 0;
        Ok(())
    }

    /// The next record of the chunk at hand; `None` for one that does not matter.
    fn in_chunk(&mut self) -> Result<Option<Record>, Error> {
        let rest = self.chunk.get(self.chunk_at..).unwrap_or_default();
        let record =
            rest.split_first_chunk::<HEADER>().and_then(|([opcode, length @ ..], body)| {
                let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
                Some((*opcode, body.get(..length)?))
            });
        let Some((opcode, body)) = record else {
            self.chunk_at = self.chunk.len();
            let torn = self.damaged("a record does not fit in its chunk");
            return Err(self.cut.take().unwrap_or(torn));
        };
        self.chunk_at += HEADER + body.len();
        Ok(WANTED.contains(&opcode).then(|| (opcode, body.to_vec())))
    }
}

/// What stands in front of the records of a chunk.
struct ChunkHead {
    size: u64,
    crc: u32,
    compression: String,
    begin: usize,
}

impl ChunkHead {
    fn parse(body: &[u8]) -> Option<Self> {
        let (_times, rest) = body.split_first_chunk::<16>()?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let (crc, rest) = rest.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_first_chunk::<4>()?;
        let name = usize::try_from(u32::from_le_bytes(*name)).ok()?;
        let (compression, rest) = rest.split_at_checked(name)?;
        let (_compressed, records) = rest.split_first_chunk::<8>()?;
        Some(Self {
            size: u64::from_le_bytes(*size),
            crc: u32::from_le_bytes(*crc),
            compression: String::from_utf8_lossy(compression).into_owned(),
            begin: body.len() - records.len(),
        })
    }
}
