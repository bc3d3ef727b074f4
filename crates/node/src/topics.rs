//! Subscriptions that are drained to the newest value, and publishers, with the quality of service
//! of `vocabulary::topics`.
//!
//! The rule: r2r keeps ten messages and drops the newest when full, so every poll empties it; what
//! the door refuses is counted and never seen by a node.

use crate::convert::{FromMsg, Refused, ToMsg};
use crate::inside::{self, Channel, Queue, locked};
use futures::{FutureExt, Stream as FutureStream, StreamExt};
use r2r::QosProfile;
use r2r::qos::{DurabilityPolicy, HistoryPolicy, ReliabilityPolicy};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Received};
use vocabulary::topics::Qos;

/// A burst longer than this is not kept: the oldest go first.
const STREAM_LIMIT: usize = 1_000;

/// How often a publisher that speaks inside looks for somebody outside.
const LOOK_OUTSIDE: Duration = Duration::from_millis(100);

fn depth(qos: Qos) -> usize {
    match qos {
        Qos::Latest | Qos::Latched => 1,
        Qos::Reliable => 10,
        Qos::Stream => 64,
    }
}

/// The rmw profile of a [`Qos`].
#[must_use]
pub fn profile(qos: Qos) -> QosProfile {
    let (reliability, durability) = match qos {
        Qos::Latest | Qos::Stream => (ReliabilityPolicy::BestEffort, DurabilityPolicy::Volatile),
        Qos::Latched => (ReliabilityPolicy::Reliable, DurabilityPolicy::TransientLocal),
        Qos::Reliable => (ReliabilityPolicy::Reliable, DurabilityPolicy::Volatile),
    };
    QosProfile {
        history: HistoryPolicy::KeepLast,
        depth: depth(qos),
        reliability,
        durability,
        ..QosProfile::default()
    }
}

/// The newest value of a topic, and when it was received.
#[derive(Debug)]
pub struct Latest<T> {
    slot: Rc<RefCell<Option<Received<T>>>>,
}

impl<T> Latest<T> {
    /// The newest value, once.
    #[must_use]
    pub fn take(&self) -> Option<T> {
        self.take_received().map(|received| received.value)
    }

    /// The newest value with the steady clock of its reception, once.
    #[must_use]
    pub fn take_received(&self) -> Option<Received<T>> {
        self.slot.borrow_mut().take()
    }
}

/// All values of a topic, in order of reception.
#[derive(Debug)]
pub struct Stream<T> {
    queue: Rc<RefCell<VecDeque<Received<T>>>>,
}

impl<T> Stream<T> {
    /// All values received since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<T> {
        self.queue.borrow_mut().drain(..).map(|received| received.value).collect()
    }

    /// As [`Stream::take`], with the steady clock of each reception.
    #[must_use]
    pub fn take_received(&self) -> Vec<Received<T>> {
        self.queue.borrow_mut().drain(..).collect()
    }
}

/// What one drain of a subscription found.
#[derive(Debug, Default)]
pub(crate) struct Drained {
    /// More may wait at the middleware.
    pub again: bool,
    /// The newest refusal and how many there were.
    pub refused: Option<(Refused, u64)>,
}

/// One subscription, emptied by the shell at every poll.
pub(crate) struct Inbox {
    pub topic: String,
    drain: Box<dyn FnMut(Monotonic) -> Drained>,
}

impl Inbox {
    /// Empties r2r's channel into the mailbox.
    pub fn drain(&mut self, received: Monotonic) -> Drained {
        (self.drain)(received)
    }
}

type Source<M> = Box<dyn FutureStream<Item = M> + Unpin>;

fn source<T: FromMsg>(node: &mut r2r::Node, topic: &str, qos: Qos) -> r2r::Result<Source<T::Msg>> {
    Ok(Box::new(node.subscribe::<T::Msg>(topic, profile(qos))?))
}

fn next<M>(stream: &mut Source<M>) -> Option<M> {
    stream.next().now_or_never().flatten()
}

/// The queue of a topic that goes inside. Latched ones never do: who comes later hears them, too.
fn queue<T: FromMsg>(topic: &str, qos: Qos) -> Option<Queue<T>> {
    let channel = inside::channel::<T>(topic).filter(|_| qos != Qos::Latched)?;
    Some(channel.subscribe(depth(qos)))
}

/// Subscribes to the newest value.
pub(crate) fn latest<T: FromMsg>(
    node: &mut r2r::Node,
    topic: &str,
    qos: Qos,
    order: Rc<JointOrder>,
) -> r2r::Result<(Latest<T>, Inbox)> {
    let slot = Rc::new(RefCell::new(None));
    let mailbox = Rc::clone(&slot);
    if let Some(queue) = queue::<T>(topic, qos) {
        let drain = move |at| {
            if let Some(value) = locked(&queue).drain(..).next_back() {
                *mailbox.borrow_mut() = Some(Received { at, value });
            }
            Drained::default()
        };
        return Ok((Latest { slot }, Inbox { topic: topic.to_owned(), drain: Box::new(drain) }));
    }
    let mut stream = source::<T>(node, topic, qos)?;
    let drain = move |at| {
        let mut newest = None;
        while let Some(msg) = next(&mut stream) {
            newest = Some(msg);
        }
        let mut drained = Drained::default();
        match newest.map(|msg| T::from_msg(&msg, &order)) {
            Some(Ok(value)) => *mailbox.borrow_mut() = Some(Received { at, value }),
            Some(Err(reason)) => drained.refused = Some((reason, 1)),
            None => {}
        }
        drained
    };
    Ok((Latest { slot }, Inbox { topic: topic.to_owned(), drain: Box::new(drain) }))
}

/// Subscribes to every value.
pub(crate) fn stream<T: FromMsg>(
    node: &mut r2r::Node,
    topic: &str,
    qos: Qos,
    order: Rc<JointOrder>,
) -> r2r::Result<(Stream<T>, Inbox)> {
    let queue = Rc::new(RefCell::new(VecDeque::new()));
    let mailbox = Rc::clone(&queue);
    if let Some(inside) = self::queue::<T>(topic, qos) {
        let drain = move |at| {
            let values = std::mem::take(&mut *locked(&inside));
            mailbox.borrow_mut().extend(values.into_iter().map(|value| Received { at, value }));
            Drained::default()
        };
        return Ok((Stream { queue }, Inbox { topic: topic.to_owned(), drain: Box::new(drain) }));
    }
    let mut stream = source::<T>(node, topic, qos)?;
    let drain = move |at| {
        let mut drained = Drained::default();
        let mut queue = mailbox.borrow_mut();
        while let Some(msg) = next(&mut stream) {
            drained.again = true;
            match T::from_msg(&msg, &order) {
                Ok(value) => queue.push_back(Received { at, value }),
                Err(reason) => {
                    let count = drained.refused.map_or(0, |(_, count)| count) + 1;
                    drained.refused = Some((reason, count));
                }
            }
        }
        while queue.len() > STREAM_LIMIT {
            queue.pop_front();
        }
        drained
    };
    Ok((Stream { queue }, Inbox { topic: topic.to_owned(), drain: Box::new(drain) }))
}

/// Sends plain values as messages.
pub struct Publisher<T: ToMsg> {
    publisher: r2r::Publisher<T::Msg>,
    order: Rc<JointOrder>,
    inside: Option<Inside<T>>,
}

/// The way to subscribers in this process.
struct Inside<T> {
    channel: Arc<Channel<T>>,
    /// Whether somebody outside hears the topic, and when that was looked at last.
    heard_outside: Cell<(bool, Monotonic)>,
}

impl<T: ToMsg> Publisher<T> {
    pub(crate) fn create(
        node: &mut r2r::Node,
        topic: &str,
        qos: Qos,
        order: Rc<JointOrder>,
    ) -> r2r::Result<Self> {
        let channel = inside::channel::<T>(topic).filter(|_| qos != Qos::Latched);
        let inside = channel.map(|channel| Inside { channel, heard_outside: Cell::default() });
        Ok(Self { publisher: node.create_publisher(topic, profile(qos))?, order, inside })
    }

    /// Sends one value. The middleware refuses only when the process is about to end.
    pub fn send(&self, value: &T) {
        if let Some(inside) = &self.inside {
            inside.channel.send(value);
            if !self.is_heard_outside(inside) {
                return;
            }
        }
        let _ending = self.publisher.publish(&value.to_msg(&self.order));
    }

    /// Nobody outside: nothing need be serialised. Whoever comes is noticed a moment later.
    fn is_heard_outside(&self, inside: &Inside<T>) -> bool {
        let now = crate::clock::monotonic();
        let (heard, looked) = inside.heard_outside.get();
        if now.since(looked) < LOOK_OUTSIDE {
            return heard;
        }
        let heard = self.publisher.get_inter_process_subscription_count().is_ok_and(|n| n > 0);
        inside.heard_outside.set((heard, now));
        heard
    }

    /// Sends the values there are.
    pub fn send_all<'a>(&self, values: impl IntoIterator<Item = &'a T>)
    where
        T: 'a,
    {
        for value in values {
            self.send(value);
        }
    }
}
