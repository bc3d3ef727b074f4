//! The slow work on finished files: those that a kill cut off get their index, snapshots are put aside.
//!
//! The rule: a file is replaced only by one that holds at least as much; what fails is left as it is
//! and told.

use super::folder::{Folder, free};
use crate::keeper::{Disk, Happened};
use crate::names;
use recording::recover::{END, is_finished, recover};
use recording::{Closed, Reader, Segment, bag};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

/// Room made at a time in a file that is written from another one, bytes.
const RESERVE: u64 = 64 * 1024 * 1024;
/// Niceness of this thread: the arm comes first.
const NICE: i32 = 15;

/// The thread and the way to it.
pub struct Clerk {
    work: Sender<Vec<Happened>>,
    thread: JoinHandle<()>,
}

impl Clerk {
    /// Starts with the files that were cut off. Call it before the first new file is begun.
    pub fn start(folder: &Folder) -> Self {
        let cut = cut_files(folder);
        let (work, asked) = channel();
        let folder = folder.clone();
        let thread = thread::spawn(move || run(&folder, &cut, &asked));
        Self { work, thread }
    }

    /// Hands over what happened.
    pub fn tell(&self, happened: Vec<Happened>) {
        if !happened.is_empty() {
            let _ending = self.work.send(happened);
        }
    }

    /// Hands over the rest and waits for its end.
    pub fn end(self, happened: Vec<Happened>) {
        self.tell(happened);
        drop(self.work);
        let _said = self.thread.join();
    }
}

fn run(folder: &Folder, cut: &[String], asked: &Receiver<Vec<Happened>>) {
    node::realtime::give_way(NICE);
    for name in cut {
        if node::signal::stop_requested() {
            break;
        }
        match finish(folder, name) {
            Ok(text) => r2r::log_info!("recorder", "{text}"),
            Err(error) => {
                let _gone = fs::remove_file(folder.path(&names::unfinished(name)));
                r2r::log_warn!("recorder", "{name} stays without index: {error}");
            }
        }
    }
    let mut known = BTreeMap::new();
    while let Ok(happened) = asked.recv() {
        for what in happened {
            match what {
                Happened::Closed(closed) => {
                    known.insert(closed.name.clone(), closed);
                }
                Happened::Snapshot(files) => match keep(folder, &files, &known) {
                    Ok(place) => r2r::log_info!("recorder", "snapshot in {}", place.display()),
                    Err(error) => r2r::log_error!("recorder", "no snapshot: {error}"),
                },
            }
        }
        known.retain(|name, _| folder.path(name).exists());
    }
}

fn cut_files(folder: &Folder) -> Vec<String> {
    let names = folder.names().unwrap_or_default();
    names.into_iter().filter(|name| !has_end(&folder.path(name)).unwrap_or(true)).collect()
}

fn has_end(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(END as u64)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(is_finished(&end))
}

/// Writes the file anew, with an index.
fn finish(folder: &Folder, name: &str) -> Result<String, recording::Error> {
    let path = folder.path(name);
    let size = fs::metadata(&path)?.len();
    let parent = path.parent().unwrap_or(&path).to_owned();
    if free(&parent)? < 2 * size {
        return Err(io::Error::from(io::ErrorKind::StorageFull).into());
    }
    let target = Segment::create(folder.clone().create(name)?, RESERVE)?;
    let recovered = recover(Reader::open(&path)?, target, name)?;
    folder.replace(name)?;
    let messages = recovered.closed.messages;
    let damage = recovered.damage.map(|error| format!("; {error}")).unwrap_or_default();
    Ok(format!("{name} was cut off and has its index now: {messages} messages{damage}"))
}

/// Puts files aside where nobody deletes them, as a bag of their own.
fn keep(
    folder: &Folder,
    files: &[String],
    known: &BTreeMap<String, Closed>,
) -> Result<PathBuf, recording::Error> {
    let newest = files.last().ok_or_else(|| io::Error::other("nothing was recorded"))?;
    let place = folder.path("snapshots").join(newest.trim_end_matches(".mcap"));
    fs::create_dir_all(&place)?;
    for name in files {
        match fs::hard_link(folder.path(name), place.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
    }
    let closed: Vec<Closed> = files.iter().filter_map(|name| known.get(name).cloned()).collect();
    fs::write(place.join("metadata.yaml"), bag::metadata_file(&closed))?;
    Ok(place)
}
