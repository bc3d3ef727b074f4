//! Queues between nodes of one process, instead of the middleware.
//!
//! The rule: a topic goes this way only when all that publish on it live in this process; then its
//! subscribers here hear nothing from outside, and whoever is outside goes on hearing it through the
//! middleware. A value is cloned once per subscriber and never serialised.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

static TOPICS: OnceLock<Topics> = OnceLock::new();

/// What goes inside, and the channels in use.
#[derive(Default)]
struct Topics {
    inside: BTreeSet<String>,
    channels: Mutex<BTreeMap<String, Arc<dyn Any + Send + Sync>>>,
}

/// What waits for one subscriber.
pub(crate) type Queue<T> = Arc<Mutex<VecDeque<T>>>;

/// Everybody in this process who hears one topic.
pub(crate) struct Channel<T> {
    queues: Mutex<Vec<(usize, Queue<T>)>>,
}

impl<T> Default for Channel<T> {
    fn default() -> Self {
        Self { queues: Mutex::default() }
    }
}

/// A thread that panics takes the process with it: nothing is ever seen half done.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Clone> Channel<T> {
    /// A queue of the newest `depth` values.
    pub fn subscribe(&self, depth: usize) -> Queue<T> {
        let queue = Queue::default();
        locked(&self.queues).push((depth, Arc::clone(&queue)));
        queue
    }

    /// Gives a value to everybody.
    pub fn send(&self, value: &T) {
        for (depth, queue) in &*locked(&self.queues) {
            let mut queue = locked(queue);
            while queue.len() >= *depth {
                queue.pop_front();
            }
            queue.push_back(value.clone());
        }
    }
}

/// Says once, before any node is created, which topics (relative names) go inside.
pub fn open(topics: impl IntoIterator<Item = String>) {
    let inside = topics.into_iter().collect();
    let _said_before = TOPICS.set(Topics { inside, ..Topics::default() });
}

/// The channel of a topic that goes inside.
pub(crate) fn channel<T: Send + 'static>(topic: &str) -> Option<Arc<Channel<T>>> {
    let topics = TOPICS.get().filter(|topics| topics.inside.contains(topic))?;
    let mut channels = locked(&topics.channels);
    let fresh = || Arc::new(Channel::<T>::default()) as Arc<dyn Any + Send + Sync>;
    let found = Arc::clone(channels.entry(topic.to_owned()).or_insert_with(fresh));
    // Two types under one name would be a mistake of ours; the middleware refuses it, too.
    found.downcast::<Channel<T>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_hears_the_newest_values_in_order() {
        let channel = Channel::default();
        let (one, three) = (channel.subscribe(1), channel.subscribe(3));
        (0..5).for_each(|n| channel.send(&n));
        assert_eq!(locked(&one).make_contiguous(), [4]);
        assert_eq!(locked(&three).make_contiguous(), [2, 3, 4]);
    }

    #[test]
    fn only_topics_that_were_named_go_inside_and_both_ends_meet() {
        open(["hot".to_owned()]);
        assert!(channel::<u32>("cold").is_none());
        let (sender, receiver) = (channel::<u32>("hot").unwrap(), channel::<u32>("hot").unwrap());
        let queue = receiver.subscribe(2);
        sender.send(&7);
        assert_eq!(locked(&queue).pop_front(), Some(7));
        assert!(channel::<u64>("hot").is_none());
    }
}
