//! The threads beside the main one, and what passes between them.
//!
//! The rule: they meet at short locks over memory; no lock is held during a call of the middleware or
//! the disk.

use super::clerk::Clerk;
use super::ears::Listener;
use super::folder::Folder;
use crate::cache::{Cache, Sample};
use crate::keeper::{Disk, Keeper, Order, Report};
use crate::{Config, Intake};
use recording::Topic;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The keeper looks at the cache so often.
const KEEP: Duration = Duration::from_millis(25);
/// Messages that wait to be looked at, at most: the main thread looks every 20 ms.
const WATCHED: usize = 20_000;

/// A message that is looked at, as it came.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Its topic.
    pub topic: Arc<Topic>,
    /// When it was received, ns of ROS time.
    pub received: u64,
    /// CDR.
    pub data: Box<[u8]>,
}

/// What the threads share.
#[derive(Debug)]
pub struct Shared {
    cache: Arc<Mutex<Cache>>,
    watched: Mutex<Vec<Watched>>,
    intake: Mutex<Intake>,
    report: Mutex<Report>,
    ended: AtomicBool,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn new(config: &Config) -> Self {
        let budget = (config.cache_mb * crate::config::MEGABYTE) as usize;
        Self {
            cache: Arc::new(Mutex::new(Cache::new(budget))),
            watched: Mutex::default(),
            intake: Mutex::default(),
            report: Mutex::default(),
            ended: AtomicBool::new(false),
        }
    }

    /// The cache.
    pub fn cache(&self) -> MutexGuard<'_, Cache> {
        lock(&self.cache)
    }

    /// Takes in what the ears heard.
    pub fn put(&self, samples: Vec<Sample>, watched: Vec<Watched>) {
        if !samples.is_empty() {
            self.cache().put(samples);
        }
        let mut waiting = lock(&self.watched);
        waiting.extend(watched);
        let excess = waiting.len().saturating_sub(WATCHED);
        waiting.drain(..excess);
    }

    /// What is to be looked at.
    pub fn take_watched(&self) -> Vec<Watched> {
        std::mem::take(&mut lock(&self.watched))
    }

    /// Tells what the ears did.
    pub fn set_intake(&self, intake: Intake) {
        *lock(&self.intake) = intake;
    }

    /// What the ears did.
    pub fn intake(&self) -> Intake {
        let mut intake = lock(&self.intake).clone();
        let cache = self.cache();
        (intake.waiting, intake.lost) = (cache.waiting(), cache.lost());
        intake
    }

    /// What the keeper did.
    pub fn report(&self) -> Report {
        lock(&self.report).clone()
    }

    /// Whether the process ends.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// The running threads.
pub struct Hands {
    /// What they share.
    pub shared: Arc<Shared>,
    orders: Sender<Order>,
    ears: JoinHandle<()>,
    keeper: JoinHandle<()>,
}

impl Hands {
    /// Starts them.
    pub fn start(config: &Config, folder: PathBuf, listener: Listener) -> Self {
        let shared = Arc::new(Shared::new(config));
        let (orders, ordered) = channel();
        let ears = Arc::clone(&shared);
        let ears = thread::spawn(move || listener.run(&ears));
        let keeper = keeper(config, Folder::new(folder), Arc::clone(&shared), ordered);
        Self { shared, orders, ears, keeper }
    }

    /// Asks the keeper for something.
    pub fn order(&self, order: Order) {
        let _ending = self.orders.send(order);
    }

    /// Lets everything that was heard go to the disk and ends the threads.
    pub fn end(self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // A thread that has panicked has said so itself.
        let _said = self.ears.join();
        drop(self.orders);
        let _said = self.keeper.join();
    }
}

fn keeper(
    config: &Config,
    mut folder: Folder,
    shared: Arc<Shared>,
    orders: Receiver<Order>,
) -> JoinHandle<()> {
    let limits = config.limits();
    thread::spawn(move || {
        // Errors of the folder show in the first step.
        let _told_below = folder.free().and_then(|_| folder.clear());
        // What was cut is finished by another thread, beside the recording.
        let clerk = Clerk::start(&folder);
        let mut keeper = Keeper::new(folder, Arc::clone(&shared.cache), limits);
        loop {
            // Ended only when nobody puts anything in any more.
            let mut waiting = Vec::new();
            let over = loop {
                match orders.try_recv() {
                    Ok(order) => waiting.push(order),
                    Err(error) => break error == std::sync::mpsc::TryRecvError::Disconnected,
                }
            };
            if over {
                break;
            }
            keeper.step(node::clock::now(), &waiting);
            *lock(&shared.report) = keeper.report().clone();
            clerk.tell(keeper.take_happened());
            thread::sleep(KEEP);
        }
        keeper.finish(node::clock::now());
        clerk.end(keeper.take_happened());
    })
}
