//! Keeps the files: what comes out of the cache goes into segments, old ones go, a disk that fails is
//! tried again.
//!
//! The one rule: a failure of the disk costs messages, never the files that are there, and never
//! anybody's time but this thread's.
//!
//! Terms: a *segment* is one file; to *rotate* is to end it and begin the next.

use crate::cache::{Cache, Sample};
use crate::config::Limits;
use crate::names;
use crate::retention::{Room, Stored, excess};
use recording::journal::Store;
use recording::{Closed, Entry, Error, Segment, Topic};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vocabulary::time::{Monotonic, Now, Stamp};

/// Room made in a file at a time, bytes: seconds of the arm's traffic, and little enough to be skipped
/// by readers of an unfinished file.
const RESERVE: u64 = 8 * 1024 * 1024;

/// The folder of the recording.
pub trait Disk {
    /// A file in it.
    type File: Store;

    /// Begins a file under a name that nobody looks for.
    ///
    /// # Errors
    /// Those of the disk.
    fn create(&mut self, name: &str) -> io::Result<Self::File>;

    /// Gives it its name, unless another file has it.
    ///
    /// # Errors
    /// Those of the disk.
    fn publish(&mut self, name: &str) -> io::Result<()>;

    /// Whether the file is still there under its name.
    fn holds(&mut self, file: &Self::File, name: &str) -> bool;

    /// Our files, by name.
    ///
    /// # Errors
    /// Those of the disk.
    fn list(&mut self) -> io::Result<Vec<Stored>>;

    /// Deletes a file.
    ///
    /// # Errors
    /// Those of the disk.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Bytes free on the disk.
    ///
    /// # Errors
    /// Those of the disk.
    fn free(&mut self) -> io::Result<u64>;
}

/// What somebody asked of the keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Begin a new file.
    Split,
    /// Begin a new file and keep the last ones for good.
    Snapshot,
}

/// What became of the disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    /// Nothing was written yet.
    #[default]
    Starting,
    /// Writes.
    Recording,
    /// Cannot write.
    Failed {
        /// Why, for people.
        reason: String,
        /// Since when.
        since: Monotonic,
    },
}

/// What the keeper tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What became of the disk.
    pub state: State,
    /// File at hand; the last one when there is none.
    pub file: String,
    /// Its bytes.
    pub size: u64,
    /// Messages written since the start.
    pub written: u64,
    /// Files ended since the start.
    pub files: u64,
    /// Files deleted since the start to make room.
    pub deleted: u64,
    /// Bytes that all finished files take.
    pub stored: u64,
    /// Bytes free on the disk.
    pub free: u64,
}

/// What happened in a step, for others to act upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A file was ended.
    Closed(Closed),
    /// These files are to be kept for good.
    Snapshot(Vec<String>),
}

/// A segment that is being written.
struct Open<F: Store> {
    segment: Segment<F>,
    name: String,
    begun: Monotonic,
    /// Channel of each topic, by the address of the topic, which is kept alive by standing here.
    channels: BTreeMap<usize, (u16, Arc<Topic>)>,
}

/// The files and the disk; runs on a thread of its own.
pub struct Keeper<D: Disk> {
    disk: D,
    cache: Arc<Mutex<Cache>>,
    limits: Limits,
    open: Option<Open<D::File>>,
    /// What the file at hand does not hold for sure yet.
    pending: Vec<Sample>,
    /// When the newest file was begun: names never repeat, even when the clock is set back.
    last_begun: Stamp,
    report: Report,
    next_commit: Monotonic,
    next_try: Monotonic,
    /// When each file of this start was ended: names and steady clock.
    ended: Vec<(String, Monotonic)>,
    happened: Vec<Happened>,
}

impl<D: Disk> Keeper<D> {
    /// Nothing is written before the first step.
    #[must_use]
    pub fn new(disk: D, cache: Arc<Mutex<Cache>>, limits: Limits) -> Self {
        Self {
            disk,
            cache,
            limits,
            open: None,
            pending: Vec::new(),
            last_begun: Stamp::default(),
            report: Report::default(),
            next_commit: Monotonic(0),
            next_try: Monotonic(0),
            ended: Vec::new(),
            happened: Vec::new(),
        }
    }

    /// What became of everything so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What happened since the last call.
    pub fn take_happened(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.happened)
    }

    /// Writes what waits; to be called several times per commit period.
    pub fn step(&mut self, now: Now, orders: &[Order]) {
        let failed = matches!(self.report.state, State::Failed { .. });
        if failed && now.mono < self.next_try {
            return;
        }
        match self.work(now, orders) {
            Ok(()) => self.report.state = State::Recording,
            Err(error) => self.fail(now.mono, &error),
        }
    }

    /// Ends the file at hand, when the process ends.
    pub fn finish(&mut self, now: Now) {
        self.step(now, &[]);
        if let Err(error) = self.commit().and_then(|()| self.close()) {
            self.fail(now.mono, &error);
        }
    }

    fn work(&mut self, now: Now, orders: &[Order]) -> Result<(), Error> {
        if self.open.is_none() {
            self.begin(now)?;
        }
        self.write()?;
        if now.mono >= self.next_commit {
            self.next_commit = now.mono + self.limits.commit;
            self.commit()?;
        }
        if !orders.is_empty() || self.is_done(now.mono) {
            self.commit()?;
            self.close()?;
            self.begin(now)?;
        }
        if orders.contains(&Order::Snapshot) {
            self.snapshot(now.mono);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the file at hand is large or old enough.
    fn is_done(&self, now: Monotonic) -> bool {
        self.open.as_ref().is_some_and(|open| {
            let old = now.since(open.begun) >= self.limits.segment_time;
            open.segment.size() >= self.limits.segment_size || (old && open.segment.newest() > 0)
        })
    }

    fn begin(&mut self, now: Now) -> Result<(), Error> {
        self.make_room()?;
        self.last_begun = now.stamp.max(self.last_begun.shifted(0.001));
        let name = names::name(self.last_begun);
        let reserve = RESERVE.min(self.limits.segment_size);
        let segment = Segment::create(self.disk.create(&name)?, reserve)?;
        self.disk.publish(&name)?;
        self.report.file.clone_from(&name);
        let channels = BTreeMap::new();
        self.open = Some(Open { segment, name, begun: now.mono, channels });
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        let first = self.pending.len();
        let samples = self.lock().take();
        self.pending.extend(samples);
        let Some(open) = &mut self.open else { return Ok(()) };
        let fresh = self.pending.get(first..).unwrap_or_default();
        fresh.iter().try_for_each(|sample| open.write(sample))?;
        self.report.size = open.segment.size();
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.report.free = self.disk.free()?;
        let Some(open) = &mut self.open else { return Ok(()) };
        open.segment.commit(true)?;
        let disk = &mut self.disk;
        if !open.segment.with_store(|file| disk.holds(file, &open.name)) {
            let gone = format!("{} is gone from its folder", open.name);
            return Err(io::Error::new(io::ErrorKind::NotFound, gone).into());
        }
        self.report.written += self.pending.len() as u64;
        self.pending.clear();
        if self.report.free < self.limits.keep_free {
            self.make_room()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let closed = open.segment.close(&open.name)?;
        self.report.files += 1;
        self.ended.push((open.name, open.begun));
        self.happened.push(Happened::Closed(closed));
        Ok(())
    }

    /// Deletes what is too much; an error when there is still less room than is to be left.
    fn make_room(&mut self) -> Result<(), Error> {
        let current = self.open.as_ref().map(|open| open.name.clone());
        let files = self.disk.list()?;
        let files: Vec<_> =
            files.into_iter().filter(|f| Some(&f.name) != current.as_ref()).collect();
        let free = self.disk.free()?;
        let (budget, keep_free) = (self.limits.budget, self.limits.keep_free);
        let current = self.open.as_ref().map_or(0, |open| open.segment.size());
        let count = excess(&files, Room { free, keep_free, current, budget });
        for file in files.iter().take(count) {
            self.disk.remove(&file.name)?;
            self.report.deleted += 1;
        }
        self.report.stored = files.iter().skip(count).map(|file| file.size).sum();
        self.report.free = self.disk.free()?;
        if self.report.free < keep_free {
            let text = format!(
                "{} MB are free, keep_free_mb leaves {} MB to others",
                self.report.free / 1_000_000,
                keep_free / 1_000_000
            );
            return Err(io::Error::new(io::ErrorKind::StorageFull, text).into());
        }
        Ok(())
    }

    fn snapshot(&mut self, now: Monotonic) {
        let reach = self.limits.snapshot;
        // A file that ended within the time may have begun before it.
        let ends = self.ended.iter().skip(1).map(|(_, begun)| *begun).chain([now]);
        let within = |end: Monotonic| now.since(end) <= reach;
        let kept: Vec<String> = self
            .ended
            .iter()
            .zip(ends)
            .filter(|(_, end)| within(*end))
            .map(|((name, _), _)| name.clone())
            .collect();
        self.happened.push(Happened::Snapshot(kept));
    }

    fn fail(&mut self, now: Monotonic, error: &Error) {
        self.open = None;
        let pending = std::mem::take(&mut self.pending);
        self.lock().put_back(pending);
        self.next_try = now + self.limits.retry;
        let since = match &self.report.state {
            State::Failed { since, .. } => *since,
            _ => now,
        };
        self.report.state = State::Failed { reason: error.to_string(), since };
    }
}

impl<F: Store> Open<F> {
    fn write(&mut self, sample: &Sample) -> Result<(), Error> {
        let address = Arc::as_ptr(&sample.topic) as usize;
        let channel = match self.channels.get(&address) {
            Some((channel, _)) => *channel,
            None => {
                let channel = self.segment.channel(&sample.topic)?;
                self.channels.insert(address, (channel, Arc::clone(&sample.topic)));
                channel
            }
        };
        self.segment.write(&Entry {
            channel,
            sequence: sample.sequence as u32,
            log_time: sample.received,
            publish_time: sample.sent,
            data: &sample.data,
        })
    }
}

#[cfg(test)]
mod tests;
