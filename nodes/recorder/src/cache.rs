//! Messages on their way from the middleware to the disk.
//!
//! The one rule: whoever puts a message in never waits. When the disk cannot follow, the oldest
//! messages go, and are counted.

use recording::Topic;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a message costs in memory besides its bytes.
const OVERHEAD: usize = 96;

/// A message that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its topic.
    pub topic: Arc<Topic>,
    /// Its number at its publisher.
    pub sequence: u64,
    /// When it was received, ns of ROS time.
    pub received: u64,
    /// When it was sent, ns of ROS time.
    pub sent: u64,
    /// CDR.
    pub data: Box<[u8]>,
}

/// The messages that wait, oldest first.
#[derive(Debug, Default)]
pub struct Cache {
    samples: VecDeque<Sample>,
    bytes: usize,
    budget: usize,
    lost: u64,
    paused: bool,
}

impl Cache {
    /// An empty cache of `budget` bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Puts messages in, unless recording pauses.
    pub fn put(&mut self, samples: impl IntoIterator<Item = Sample>) {
        if self.paused {
            return;
        }
        for sample in samples {
            self.bytes += cost(&sample);
            self.samples.push_back(sample);
        }
        while self.bytes > self.budget {
            let Some(oldest) = self.samples.pop_front() else { break };
            self.bytes -= cost(&oldest);
            self.lost += 1;
        }
    }

    /// Takes all messages out, in the order of their reception.
    pub fn take(&mut self) -> Vec<Sample> {
        self.bytes = 0;
        let mut samples = Vec::from(std::mem::take(&mut self.samples));
        samples.sort_by_key(|sample| sample.received);
        samples
    }

    /// Puts messages back in front that could not be written.
    pub fn put_back(&mut self, samples: Vec<Sample>) {
        for sample in samples.into_iter().rev() {
            let size = cost(&sample);
            if self.bytes + size > self.budget {
                self.lost += 1;
            } else {
                self.bytes += size;
                self.samples.push_front(sample);
            }
        }
    }

    /// Takes nothing in until told otherwise.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Messages that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.samples.len()
    }

    /// Messages lost because the disk could not follow, since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

fn cost(sample: &Sample) -> usize {
    sample.data.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(received: u64, length: usize) -> Sample {
        let data = vec![0; length].into();
        Sample { topic: Arc::default(), sequence: 0, received, sent: 0, data }
    }

    fn times(cache: &mut Cache) -> Vec<u64> {
        cache.take().iter().map(|sample| sample.received).collect()
    }

    #[test]
    fn the_oldest_go_when_there_is_no_room_and_are_counted() {
        let mut cache = Cache::new(3 * (100 + OVERHEAD));
        cache.put((0..5).map(|at| sample(at, 100)));
        assert_eq!((cache.lost(), times(&mut cache)), (2, vec![2, 3, 4]));
        assert_eq!(cache.waiting(), 0);
    }

    #[test]
    fn what_could_not_be_written_comes_first_again() {
        let mut cache = Cache::new(4 * (100 + OVERHEAD));
        cache.put((0..3).map(|at| sample(at, 100)));
        let samples = cache.take();
        cache.put([sample(3, 100), sample(4, 100)]);
        cache.put_back(samples);
        assert_eq!((cache.lost(), times(&mut cache)), (1, vec![1, 2, 3, 4]));
    }

    #[test]
    fn messages_come_out_in_the_order_of_reception() {
        let mut cache = Cache::new(10_000);
        cache.put([sample(5, 1), sample(2, 1), sample(9, 1)]);
        assert_eq!(times(&mut cache), [2, 5, 9]);
    }

    #[test]
    fn nothing_comes_in_during_a_pause() {
        let mut cache = Cache::new(10_000);
        cache.pause(true);
        cache.put([sample(1, 1)]);
        cache.pause(false);
        cache.put([sample(2, 1)]);
        assert_eq!(times(&mut cache), [2]);
    }
}
