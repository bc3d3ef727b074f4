//! Subscriptions that are drained to the newest value, and publishers, with the quality of service
//! of `vocabulary::topics`.
//!
//! The rule: r2r keeps ten messages and drops the newest when full, so every poll empties it; what
//! the door refuses is counted and never seen by a node.

use crate::convert::{FromMsg, Refused, ToMsg};
use futures::{FutureExt, Stream as FutureStream, StreamExt};
use r2r::QosProfile;
use r2r::qos::{DurabilityPolicy, HistoryPolicy, ReliabilityPolicy};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Received};
use vocabulary::topics::Qos;

/// A burst longer than this is not kept: the oldest go first.
const STREAM_LIMIT: usize = 1_000;

/// The rmw profile of a [`Qos`].
#[must_use]
pub fn profile(qos: Qos) -> QosProfile {
    let (depth, reliability, durability) = match qos {
        Qos::Latest => (1, ReliabilityPolicy::BestEffort, DurabilityPolicy::Volatile),
        Qos::Latched => (1, ReliabilityPolicy::Reliable, DurabilityPolicy::TransientLocal),
        Qos::Reliable => (10, ReliabilityPolicy::Reliable, DurabilityPolicy::Volatile),
        Qos::Stream => (64, ReliabilityPolicy::BestEffort, DurabilityPolicy::Volatile),
    };
    QosProfile {
        history: HistoryPolicy::KeepLast,
        depth,
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

/// One turn of a poll: r2r takes one message per subscription and turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// The steady clock.
    pub at: Monotonic,
    /// The first of its poll.
    pub first: bool,
    /// Whether a stream that gave one message is asked for another in any case.
    pub thorough: bool,
}

/// What a stream gave per poll. A peer that sends one message per cycle gives one, and a turn to find
/// out that there is no second costs as much as the first: it is made only when there is a reason.
/// That somebody else has sent as well, or that one message is missing, is a reason: of two senders
/// one would be heard later from poll to poll.
#[derive(Debug, Default)]
struct Flow {
    before: usize,
    now: usize,
    last: Option<(u64, u64)>,
    broken: bool,
}

impl Flow {
    /// Notes the [`FromMsg::line`] of a message.
    fn hear(&mut self, line: Option<(u64, u64)>) {
        let expected = self.last.map(|(sender, number)| (sender, number.wrapping_add(1)));
        self.broken |= line != expected && self.last.is_some();
        self.last = line;
    }

    /// Counts what a turn gave; whether the next turn may find more.
    fn goes_on(&mut self, turn: Turn, came: usize) -> bool {
        if turn.first {
            self.before = std::mem::take(&mut self.now);
        }
        self.now += came;
        let broken = std::mem::take(&mut self.broken);
        came > 0 && (turn.thorough || broken || self.before > 1 || self.now > 1)
    }
}

/// One subscription, emptied by the shell at every poll.
pub(crate) struct Inbox {
    pub topic: String,
    drain: Box<dyn FnMut(Turn) -> Drained>,
}

impl Inbox {
    /// Empties r2r's channel into the mailbox.
    pub fn drain(&mut self, turn: Turn) -> Drained {
        (self.drain)(turn)
    }
}

type Source<M> = Box<dyn FutureStream<Item = M> + Unpin>;

fn source<T: FromMsg>(node: &mut r2r::Node, topic: &str, qos: Qos) -> r2r::Result<Source<T::Msg>> {
    Ok(Box::new(node.subscribe::<T::Msg>(topic, profile(qos))?))
}

fn next<M>(stream: &mut Source<M>) -> Option<M> {
    stream.next().now_or_never().flatten()
}

/// Subscribes to the newest value.
pub(crate) fn latest<T: FromMsg>(
    node: &mut r2r::Node,
    topic: &str,
    qos: Qos,
    order: Rc<JointOrder>,
) -> r2r::Result<(Latest<T>, Inbox)> {
    let mut stream = source::<T>(node, topic, qos)?;
    let slot = Rc::new(RefCell::new(None));
    let mailbox = Rc::clone(&slot);
    let drain = move |turn: Turn| {
        let mut newest = None;
        while let Some(msg) = next(&mut stream) {
            newest = Some(msg);
        }
        let mut drained = Drained::default();
        match newest.map(|msg| T::from_msg(&msg, &order)) {
            Some(Ok(value)) => *mailbox.borrow_mut() = Some(Received { at: turn.at, value }),
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
    let mut stream = source::<T>(node, topic, qos)?;
    let queue = Rc::new(RefCell::new(VecDeque::new()));
    let mailbox = Rc::clone(&queue);
    let mut flow = Flow::default();
    let drain = move |turn: Turn| {
        let mut drained = Drained::default();
        let mut queue = mailbox.borrow_mut();
        let mut came = 0;
        while let Some(msg) = next(&mut stream) {
            came += 1;
            match T::from_msg(&msg, &order) {
                Ok(value) => {
                    flow.hear(value.line());
                    queue.push_back(Received { at: turn.at, value });
                }
                Err(reason) => {
                    let count = drained.refused.map_or(0, |(_, count)| count) + 1;
                    drained.refused = Some((reason, count));
                }
            }
        }
        drained.again = flow.goes_on(turn, came);
        while queue.len() > STREAM_LIMIT {
            queue.pop_front();
        }
        drained
    };
    Ok((Stream { queue }, Inbox { topic: topic.to_owned(), drain: Box::new(drain) }))
}

/// The newest message of a topic whose type is only known at run time.
#[derive(Debug)]
pub struct Untyped {
    slot: Rc<RefCell<Option<serde_json::Value>>>,
}

impl Untyped {
    /// The newest message, field by field, once.
    #[must_use]
    pub fn take(&self) -> Option<serde_json::Value> {
        self.slot.borrow_mut().take()
    }
}

/// Subscribes to messages of a type named at run time; it must be one that this program was built
/// with.
pub(crate) fn untyped(
    node: &mut r2r::Node,
    topic: &str,
    message_type: &str,
    qos: Qos,
) -> r2r::Result<(Untyped, Inbox)> {
    let mut stream = node.subscribe_untyped(topic, message_type, profile(qos))?;
    let slot = Rc::new(RefCell::new(None));
    let mailbox = Rc::clone(&slot);
    let drain = move |_| {
        while let Some(Some(message)) = stream.next().now_or_never() {
            if let Ok(message) = message {
                *mailbox.borrow_mut() = Some(message);
            }
        }
        Drained::default()
    };
    Ok((Untyped { slot }, Inbox { topic: topic.to_owned(), drain: Box::new(drain) }))
}

/// Sends plain values as messages.
pub struct Publisher<T: ToMsg> {
    publisher: r2r::Publisher<T::Msg>,
    order: Rc<JointOrder>,
}

impl<T: ToMsg> Publisher<T> {
    pub(crate) fn create(
        node: &mut r2r::Node,
        topic: &str,
        qos: Qos,
        order: Rc<JointOrder>,
    ) -> r2r::Result<Self> {
        Ok(Self { publisher: node.create_publisher(topic, profile(qos))?, order })
    }

    /// Sends one value. The middleware refuses only when the process is about to end.
    pub fn send(&self, value: &T) {
        let _ending = self.publisher.publish(&value.to_msg(&self.order));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(first: bool, thorough: bool) -> Turn {
        Turn { at: Monotonic(0), first, thorough }
    }

    #[test]
    fn one_message_per_poll_is_not_asked_for_another_unless_thoroughly() {
        let mut flow = Flow::default();
        assert!((0..10).all(|_| !flow.goes_on(turn(true, false), 1)));
        assert!(flow.goes_on(turn(true, true), 1));
        assert!(!flow.goes_on(turn(false, true), 0));
    }

    /// Polls of a stream into which each of `senders` puts one message per poll; returns how many wait
    /// at the middleware after each.
    fn backlog(polls: u64, senders: &[u64]) -> Vec<usize> {
        let (mut flow, mut waiting) = (Flow::default(), VecDeque::new());
        let poll = |number: u64| {
            waiting.extend(senders.iter().map(|sender| (*sender, number)));
            let mut first = true;
            while let Some(line) = waiting.pop_front() {
                flow.hear(Some(line));
                if !flow.goes_on(turn(first, false), 1) {
                    break;
                }
                first = false;
            }
            waiting.len()
        };
        (0..polls).map(poll).collect()
    }

    #[test]
    fn nobody_is_heard_late_because_somebody_else_sends_as_well() {
        assert_eq!(backlog(6, &[70, 71]), [1, 0, 0, 0, 0, 0]);
        assert_eq!(backlog(4, &[70, 71, 72]), [2, 0, 0, 0]);
        assert_eq!(backlog(4, &[70]), [0, 0, 0, 0]);
    }

    #[test]
    fn a_message_that_is_missing_is_a_reason_to_look_for_more() {
        let mut flow = Flow::default();
        let mut poll = |number| {
            flow.hear(Some((70, number)));
            flow.goes_on(turn(true, false), 1)
        };
        assert_eq!([1, 2, 4, 5].map(&mut poll), [false, false, true, false]);
    }

    #[test]
    fn a_backlog_is_read_to_its_end() {
        let mut flow = Flow::default();
        assert!(flow.goes_on(turn(true, true), 1));
        assert!((0..5).all(|_| flow.goes_on(turn(false, true), 1)));
        assert!(!flow.goes_on(turn(false, true), 0));
        // The poll after it looks again, and then all is as it was.
        assert!(flow.goes_on(turn(true, false), 1));
        assert!(!flow.goes_on(turn(false, false), 0));
        assert!(!flow.goes_on(turn(true, false), 1));
    }
}
