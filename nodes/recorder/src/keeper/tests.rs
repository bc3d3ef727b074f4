use super::*;
use recording::Reader;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

type Bytes = Rc<RefCell<Vec<u8>>>;

/// A disk in memory: some capacity, files that take what was written to them.
#[derive(Debug, Clone, Default)]
struct Memory(Rc<RefCell<Folder>>);

#[derive(Debug, Default)]
struct Folder {
    files: BTreeMap<String, Bytes>,
    part: Option<(String, Bytes)>,
    capacity: usize,
    /// Taken by others.
    others: usize,
    gone: bool,
}

impl Folder {
    fn used(&self) -> usize {
        self.others + self.files.values().map(|file| written(&file.borrow())).sum::<usize>()
    }
}

/// Pages that are not empty: room in front of a file's tail costs nothing.
fn written(file: &[u8]) -> usize {
    file.chunks(4096).filter(|page| page.iter().any(|byte| *byte != 0)).count() * 4096
}

struct MemoryFile {
    bytes: Bytes,
    folder: Memory,
}

impl Store for MemoryFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder.0.borrow();
        if folder.gone || folder.used() + bytes.len() > folder.capacity {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let (begin, end) = (offset as usize, offset as usize + bytes.len());
        let mut file = self.bytes.borrow_mut();
        let length = file.len().max(end);
        file.resize(length, 0);
        file[begin..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.bytes.borrow_mut().resize(length as usize, 0);
        Ok(())
    }
}

impl Disk for Memory {
    type File = MemoryFile;

    fn create(&mut self, name: &str) -> io::Result<MemoryFile> {
        let bytes = Bytes::default();
        self.0.borrow_mut().part = Some((name.to_owned(), Rc::clone(&bytes)));
        Ok(MemoryFile { bytes, folder: self.clone() })
    }

    fn publish(&mut self, name: &str) -> io::Result<()> {
        let mut folder = self.0.borrow_mut();
        assert!(!folder.files.contains_key(name), "{name} is there already");
        let (_, bytes) = folder.part.take().filter(|(part, _)| part == name).unwrap();
        folder.files.insert(name.to_owned(), bytes);
        Ok(())
    }

    fn holds(&mut self, file: &MemoryFile, name: &str) -> bool {
        self.0.borrow().files.get(name).is_some_and(|bytes| Rc::ptr_eq(bytes, &file.bytes))
    }

    fn list(&mut self) -> io::Result<Vec<Stored>> {
        let folder = self.0.borrow();
        let stored = |(name, bytes): (&String, &Bytes)| Stored {
            name: name.clone(),
            size: written(&bytes.borrow()) as u64,
        };
        Ok(folder.files.iter().map(stored).collect())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.0.borrow_mut().files.remove(name);
        Ok(())
    }

    fn free(&mut self) -> io::Result<u64> {
        let folder = self.0.borrow();
        Ok(folder.capacity.saturating_sub(folder.used()) as u64)
    }
}

struct World {
    keeper: Keeper<Memory>,
    disk: Memory,
    cache: Arc<Mutex<Cache>>,
    topic: Arc<Topic>,
    now: Now,
    sent: u64,
}

impl World {
    fn new(limits: Limits) -> Self {
        let disk = Memory::default();
        disk.0.borrow_mut().capacity = 1_000_000;
        let cache = Arc::new(Mutex::new(Cache::new(200_000)));
        let keeper = Keeper::new(disk.clone(), Arc::clone(&cache), limits);
        let topic = Topic { name: "/t".into(), kind: "p/msg/T".into(), ..Topic::default() };
        let now = Now { mono: Monotonic(0), stamp: Stamp(1_000_000_000_000) };
        Self { keeper, disk, cache, topic: Arc::new(topic), now, sent: 0 }
    }

    /// Messages of 1 kB every 10 ms, and a step of the keeper after each.
    fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            self.now.mono = self.now.mono + Duration::from_millis(10);
            self.now.stamp = self.now.stamp.shifted(0.01);
            self.sent += 1;
            let received = self.now.stamp.0 as u64;
            let (topic, data) = (Arc::clone(&self.topic), vec![1; 1_000].into());
            let sample = Sample { topic, sequence: self.sent, received, sent: received, data };
            self.cache.lock().unwrap().put([sample]);
            self.keeper.step(self.now, &[]);
        }
    }

    /// Numbers of the messages in all files, in order.
    fn recorded(&self) -> Vec<u32> {
        let folder = self.disk.0.borrow();
        let mut all = Vec::new();
        for (name, bytes) in &folder.files {
            let bytes = bytes.borrow();
            let mut reader = Reader::of_bytes(&bytes);
            all.extend(reader.by_ref().map(|message| message.sequence));
            assert!(reader.damage().is_none(), "{name}: {:?}", reader.damage());
        }
        all
    }

    fn failed(&self) -> bool {
        matches!(self.keeper.report().state, State::Failed { .. })
    }
}

fn limits() -> Limits {
    Limits {
        segment_size: 100_000,
        segment_time: Duration::from_secs(600),
        budget: 900_000,
        keep_free: 0,
        commit: Duration::from_millis(50),
        retry: Duration::from_millis(100),
        snapshot: Duration::from_secs(1),
    }
}

#[test]
fn files_are_ended_by_size_and_nothing_is_lost_in_between() {
    let mut w = World::new(limits());
    w.run(250);
    w.keeper.finish(w.now);
    assert_eq!(w.recorded(), (1..=250).collect::<Vec<u32>>());
    let files = w.disk.0.borrow().files.len();
    assert!((3..=4).contains(&files), "{files}");
    let happened = w.keeper.take_happened();
    assert_eq!(happened.len(), files);
    assert_eq!(w.keeper.report().written, 250);
}

#[test]
fn files_are_ended_by_time() {
    let mut w = World::new(Limits { segment_time: Duration::from_millis(500), ..limits() });
    w.run(120);
    assert_eq!(w.disk.0.borrow().files.len(), 3);
}

#[test]
fn the_oldest_files_go_when_the_budget_is_used_up() {
    let mut w = World::new(Limits { budget: 300_000, ..limits() });
    w.run(1_000);
    w.keeper.finish(w.now);
    let recorded = w.recorded();
    assert!(recorded.len() < 400, "{}", recorded.len());
    assert_eq!(recorded.last(), Some(&1_000));
    assert!(w.keeper.report().deleted >= 6);
    assert!(!w.failed());
}

#[test]
fn a_full_disk_is_told_and_recording_goes_on_when_there_is_room() {
    let mut w = World::new(limits());
    w.run(20);
    let others = w.disk.0.borrow().capacity - w.disk.0.borrow().used();
    w.disk.0.borrow_mut().others = others;
    w.run(10);
    assert!(w.failed(), "{:?}", w.keeper.report());
    let before = w.recorded();
    w.run(60);
    assert_eq!(w.recorded(), before, "a full disk changed what was recorded");
    w.disk.0.borrow_mut().others = 0;
    w.run(20);
    assert!(!w.failed());
    w.keeper.finish(w.now);
    // The cache held everything: the outage was shorter than it.
    assert_eq!(w.recorded(), (1..=110).collect::<Vec<u32>>());
    assert_eq!(w.cache.lock().unwrap().lost(), 0);
}

#[test]
fn a_long_outage_costs_the_oldest_messages_and_counts_them() {
    let mut w = World::new(limits());
    w.run(20);
    w.disk.0.borrow_mut().gone = true;
    w.run(400);
    w.disk.0.borrow_mut().gone = false;
    w.run(20);
    w.keeper.finish(w.now);
    let recorded = w.recorded();
    assert_eq!(recorded.last(), Some(&440));
    let lost = w.cache.lock().unwrap().lost();
    assert_eq!(recorded.len() as u64 + lost, 440);
    assert!(lost > 100, "{lost}");
}

#[test]
fn a_file_that_somebody_deletes_is_noticed_and_replaced() {
    let mut w = World::new(limits());
    w.run(20);
    w.disk.0.borrow_mut().files.clear();
    w.run(10);
    assert!(w.failed());
    w.run(30);
    assert!(!w.failed());
    w.keeper.finish(w.now);
    assert_eq!(w.recorded().last(), Some(&60));
}

#[test]
fn room_for_others_is_made_from_the_oldest_and_then_refused() {
    let mut w = World::new(Limits { keep_free: 300_000, ..limits() });
    w.run(400);
    assert!(!w.failed());
    w.disk.0.borrow_mut().others = 900_000;
    w.run(20);
    let State::Failed { reason, .. } = &w.keeper.report().state else { panic!("not failed") };
    assert!(reason.contains("keep_free_mb"), "{reason}");
    assert!(!w.recorded().is_empty());
}

#[test]
fn a_split_begins_another_file_and_a_snapshot_names_the_last_ones() {
    let mut w = World::new(limits());
    w.run(30);
    w.keeper.step(w.now, &[Order::Split]);
    w.run(190);
    w.keeper.take_happened();
    w.keeper.step(w.now, &[Order::Snapshot]);
    let happened = w.keeper.take_happened();
    let Some(Happened::Snapshot(files)) = happened.last() else { panic!("{happened:?}") };
    let stored = w.disk.list().unwrap();
    // The first file ended more than a second ago; the last one has just been begun.
    let kept: Vec<_> = stored[1..stored.len() - 1].iter().map(|file| file.name.clone()).collect();
    assert_eq!(files, &kept);
}

#[test]
fn names_do_not_repeat_when_the_clock_is_set_back() {
    let mut w = World::new(limits());
    for _ in 0..5 {
        w.run(1);
        w.now.stamp = w.now.stamp.shifted(-10.0);
        w.keeper.step(w.now, &[Order::Split]);
    }
    assert_eq!(w.disk.0.borrow().files.len(), 6);
}
