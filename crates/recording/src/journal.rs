//! A file that is a complete MCAP file at every instant while it grows.
//!
//! The one rule: whoever reads the file, and whenever this process dies, finds an end (data end, footer,
//! magic) and in front of it only whole records.
//!
//! How: the file ends with a fixed *tail* some way ahead of the data. The room in between is one
//! *filler* record of a private opcode, which readers skip. New records are written into the filler's
//! body with the next filler's header behind them; then one write of nine bytes, the new records' own
//! first header over the filler's, makes them part of the file. A header never lies across two pages,
//! so that the write is done or not done. The tail moves ahead when the room is used up; between the two
//! writes of that, some microseconds every `reserve` bytes, a reader sees the former tail in the middle:
//! those who read from the front stop there, with all that was committed.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Opcode and length of a record.
const HEADER: usize = 9;
/// First opcode that the specification leaves to everybody (0x80 and above).
pub(crate) const FILLER: u8 = 0x80;
/// Unit in which the kernel copies what is written.
const PAGE: u64 = 4096;
/// Data end without checksum, footer without summary, magic.
const TAIL: [u8; 50] = [
    0x0f, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
    0x02, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, //
    0x89, b'M', b'C', b'A', b'P', 0x30, b'\r', b'\n',
];
/// What is collected before it is handed to the kernel, bytes.
const SPILL: usize = 256 * 1024;

/// Where a journal is kept.
pub trait Store {
    /// Writes all bytes at an offset.
    ///
    /// # Errors
    /// Those of the disk.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes durable what was written.
    ///
    /// # Errors
    /// Those of the disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file.
    ///
    /// # Errors
    /// Those of the disk.
    fn set_length(&mut self, length: u64) -> io::Result<()>;
}

impl Store for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// A file in memory; clones are the same file.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    /// All that was written.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let begin = usize::try_from(offset).map_err(io::Error::other)?;
        let mut file = self.lock();
        let end = begin.saturating_add(bytes.len());
        if file.len() < end {
            file.resize(end, 0);
        }
        file.iter_mut().skip(begin).zip(bytes).for_each(|(old, new)| *old = *new);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.lock().resize(length, 0);
        Ok(())
    }
}

/// The growing file; bytes go in through [`Write`] as whole records between two commits.
#[derive(Debug)]
pub struct Journal<S> {
    store: S,
    /// Everything in front of this offset is in the file.
    committed: u64,
    /// The first bytes behind `committed`: they go last.
    head: Vec<u8>,
    /// Bytes behind the head that are not at the store yet, and where they go.
    body: Vec<u8>,
    body_at: u64,
    /// Where the tail lies; 0 before the first commit.
    tail: u64,
    /// Room to make when there is none, bytes.
    reserve: u64,
    failed: bool,
}

impl<S: Store> Journal<S> {
    /// An empty file; it is an MCAP file from the first [`Journal::commit`] on.
    #[must_use]
    pub fn new(store: S, reserve: u64) -> Self {
        let (head, body) = (Vec::with_capacity(HEADER), Vec::new());
        Self {
            store,
            committed: 0,
            head,
            body,
            body_at: 0,
            tail: 0,
            reserve: reserve.max(2 * PAGE),
            failed: false,
        }
    }

    /// Bytes written so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.body_at + self.body.len() as u64
    }

    /// Body length of the filler that must be written before a commit, when the next header would
    /// otherwise lie across two pages.
    #[must_use]
    pub fn filler(&self) -> Option<usize> {
        let left = PAGE - self.position() % PAGE;
        (left < HEADER as u64).then_some(left as usize)
    }

    /// The store, to ask it things.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// Makes everything written so far part of the file, durably in this order when `sync`.
    ///
    /// # Errors
    /// Those of the disk; what was committed before stays.
    pub fn commit(&mut self, sync: bool) -> io::Result<()> {
        self.guarded(|journal| journal.try_commit(sync))
    }

    /// After the last record was written, footer and magic included: cuts off tail and room.
    ///
    /// # Errors
    /// Those of the disk; what was committed before stays.
    pub fn close(&mut self) -> io::Result<()> {
        self.guarded(|journal| {
            let end = journal.position();
            journal.make_room(end)?;
            journal.spill()?;
            // From here on a reader finds the new footer; its data end is the last to come.
            journal.store.set_length(end)?;
            journal.store.sync()?;
            journal.put_head()?;
            journal.store.sync()
        })
    }

    /// Nothing more goes to the store.
    pub fn abandon(&mut self) {
        self.failed = true;
        self.body.clear();
    }

    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<T> {
        if self.failed {
            return Err(io::Error::other("the file failed before"));
        }
        let result = work(self);
        self.failed |= result.is_err();
        result
    }

    fn try_commit(&mut self, sync: bool) -> io::Result<()> {
        let end = self.position();
        if end == self.committed {
            return Ok(());
        }
        self.make_room(end)?;
        let header = filler_header(self.tail - end - HEADER as u64);
        self.spill_with(&header)?;
        self.body_at = end;
        if sync {
            self.store.sync()?;
        }
        self.put_head()?;
        self.committed = end;
        Ok(())
    }

    fn put_head(&mut self) -> io::Result<()> {
        self.store.write_at(self.committed, &self.head)?;
        self.head.clear();
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.spill_with(&[])
    }

    fn spill_with(&mut self, more: &[u8]) -> io::Result<()> {
        let end = self.position();
        self.body.extend_from_slice(more);
        if !self.body.is_empty() {
            self.store.write_at(self.body_at, &self.body)?;
        }
        self.body.clear();
        self.body_at = end;
        Ok(())
    }

    /// Moves the tail ahead when data up to `end` would not leave room for a filler's header.
    fn make_room(&mut self, end: u64) -> io::Result<()> {
        if end + HEADER as u64 <= self.tail {
            return Ok(());
        }
        let mut tail = end + HEADER as u64 + self.reserve;
        if tail % PAGE > PAGE - TAIL.len() as u64 {
            tail = tail.next_multiple_of(PAGE);
        }
        self.store.write_at(tail, &TAIL)?;
        if self.tail != 0 {
            let header = filler_header(tail - self.committed - HEADER as u64);
            self.store.write_at(self.committed, &header)?;
        }
        self.tail = tail;
        Ok(())
    }
}

fn filler_header(length: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let (opcode, rest) = header.split_at_mut(1);
    opcode.fill(FILLER);
    rest.copy_from_slice(&length.to_le_bytes());
    header
}

impl<S: Store> Write for Journal<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::Error::other("the file failed before"));
        }
        let missing = HEADER - self.head.len();
        let (head, body) = bytes.split_at(missing.min(bytes.len()));
        self.head.extend_from_slice(head);
        self.body_at += head.len() as u64;
        self.body.extend_from_slice(body);
        if self.body.len() >= SPILL {
            self.guarded(|journal| {
                journal.make_room(journal.position())?;
                journal.spill()
            })?;
        }
        Ok(bytes.len())
    }

    /// Does nothing: a flush is no commit.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Keeps the file after every single write, as a kill at that moment would leave it.
    #[derive(Debug, Default)]
    pub(crate) struct Snapshots {
        pub file: Vec<u8>,
        pub taken: Vec<Vec<u8>>,
        pub full_at: Option<usize>,
    }

    impl Store for Snapshots {
        fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
            let (begin, end) = (offset as usize, offset as usize + bytes.len());
            if self.full_at.is_some_and(|full| end > full) {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            if self.file.len() < end {
                self.file.resize(end, 0);
            }
            self.file[begin..end].copy_from_slice(bytes);
            self.taken.push(self.file.clone());
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn set_length(&mut self, length: u64) -> io::Result<()> {
            self.file.resize(length as usize, 0);
            self.taken.push(self.file.clone());
            Ok(())
        }
    }

    #[test]
    fn a_header_never_lies_across_two_pages() {
        let mut journal = Journal::new(Snapshots::default(), 0);
        journal.write_all(&[1; 4090]).unwrap();
        assert_eq!(journal.filler(), Some(6));
        journal.write_all(&[0; 15]).unwrap();
        assert_eq!(journal.filler(), None);
    }

    #[test]
    fn the_tail_is_a_data_end_a_footer_and_the_magic() {
        assert_eq!(TAIL[13], 2);
        assert_eq!(&TAIL[42..], mcap::MAGIC);
    }

    #[test]
    fn nothing_is_written_after_a_failure() {
        let mut journal = Journal::new(Snapshots { full_at: Some(100), ..Default::default() }, 0);
        journal.write_all(&[1; 50]).unwrap();
        assert!(journal.commit(false).is_err());
        assert!(journal.write_all(&[1; 50]).is_err());
        assert!(journal.commit(false).is_err());
        assert!(journal.store().taken.is_empty());
    }
}
