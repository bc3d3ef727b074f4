//! The virtual middleware: who gets what when, and what gets lost.
//!
//! The one rule: a quality of service means here what it means in life. Best effort may be lost,
//! delayed and overtaken; reliable is neither lost nor overtaken, only late; a latched value is
//! given to whoever comes later, as long as its sender lives.

use crate::clock::Dice;
use crate::message::{Channel, Message};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;
use std::time::Duration;
use vocabulary::time::Monotonic;
use vocabulary::topics::Qos;

/// Index of a process; the client is the last.
pub type ProcessId = usize;

/// How long messages travel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// At least.
    pub shortest: Duration,
    /// On top of it, on average; never more than ten times that.
    pub mean_extra: Duration,
}

/// What goes wrong with messages.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NetworkFaults {
    /// Probability that a best-effort message is lost on its way to one receiver, 0 to 1.
    pub loss: f64,
    /// Probability that a message is delayed, 0 to 1; best-effort ones are overtaken then.
    pub delay: f64,
    /// Longest such delay; drawn evenly from zero.
    pub longest_delay: Duration,
    /// Probability that a best-effort message comes twice, 0 to 1.
    pub duplicate: f64,
}

/// A message on its way.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The receiver.
    pub to: ProcessId,
    /// What it gets.
    pub message: Rc<Message>,
}

/// A parcel in the queue; of two, the sooner one is the greater, and of simultaneous ones the one
/// that was sent first.
#[derive(Debug)]
struct Queued {
    arrival: Monotonic,
    number: u64,
    parcel: Parcel,
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.arrival, other.number).cmp(&(self.arrival, self.number))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Queued {}

/// All messages on their way, and the latched ones.
#[derive(Debug)]
pub struct Network {
    latency: Latency,
    /// What goes wrong now.
    pub faults: NetworkFaults,
    dice: Dice,
    /// Soonest first.
    queue: BinaryHeap<Queued>,
    sent: u64,
    /// By receiver: the last arrival on each channel.
    last: Vec<Vec<(Channel, Monotonic)>>,
    latched: BTreeMap<Channel, (ProcessId, Rc<Message>)>,
    lost: u64,
    inside: Latency,
    /// By process: the house it lives in, from 1; 0 for a house of its own.
    houses: Vec<usize>,
    /// By process: whether it is cut off together with the others that are.
    apart: Vec<bool>,
    /// Reliable messages that wait for the cut to end, each with its sender.
    held: Vec<(ProcessId, Parcel)>,
}

/// Reliable messages of one channel that a sender keeps for a receiver it cannot reach: the depth of
/// [`Qos::Reliable`].
const KEPT: usize = 10;
/// Until what was kept has been sent again after a cut.
const REPAIR: Duration = Duration::from_millis(300);

impl Network {
    /// Without messages.
    #[must_use]
    pub fn new(latency: Latency, faults: NetworkFaults, dice: Dice) -> Self {
        Self {
            latency,
            faults,
            dice,
            queue: BinaryHeap::new(),
            sent: 0,
            last: Vec::new(),
            latched: BTreeMap::new(),
            lost: 0,
            inside: latency,
            houses: Vec::new(),
            apart: Vec::new(),
            held: Vec::new(),
        }
    }

    /// Processes that are one talk through memory, which loses and delays nothing.
    #[must_use]
    pub fn with_houses(mut self, houses: &[Vec<ProcessId>], inside: Latency) -> Self {
        self.inside = inside;
        for (house, number) in houses.iter().zip(1..) {
            let size = house.iter().max().map_or(0, |last| last + 1).max(self.houses.len());
            self.houses.resize(size, 0);
            for id in house {
                if let Some(slot) = self.houses.get_mut(*id) {
                    *slot = number;
                }
            }
        }
        self
    }

    fn is_inside(&self, from: ProcessId, to: ProcessId) -> bool {
        let house = |id: ProcessId| self.houses.get(id).copied().unwrap_or_default();
        house(from) != 0 && house(from) == house(to)
    }

    /// From now on these reach each other only, and the others each other only.
    pub fn set_apart(&mut self, at: Monotonic, apart: &[ProcessId]) {
        self.join_all(at);
        let size = apart.iter().max().map_or(0, |last| last + 1);
        self.apart = (0..size).map(|id| apart.contains(&id)).collect();
    }

    /// Everybody reaches everybody again.
    pub fn join_all(&mut self, at: Monotonic) {
        self.apart.clear();
        for (_, Parcel { to, message }) in std::mem::take(&mut self.held) {
            let arrival = at + self.dice.between(Duration::ZERO, REPAIR);
            let arrival = self.in_order(message.channel(), to, arrival);
            self.post(arrival, Parcel { to, message });
        }
    }

    fn is_cut(&self, from: ProcessId, to: ProcessId) -> bool {
        let side = |id: ProcessId| self.apart.get(id).copied().unwrap_or_default();
        side(from) != side(to)
    }

    /// Keeps a reliable message for a receiver that cannot be reached now: of a latched channel the
    /// newest, of others the newest few.
    fn hold(&mut self, from: ProcessId, to: ProcessId, message: &Rc<Message>, qos: Qos) {
        let channel = message.channel();
        let limit = if qos == Qos::Latched { 1 } else { KEPT };
        let same =
            |(f, p): &(ProcessId, Parcel)| (*f, p.to, p.message.channel()) == (from, to, channel);
        if self.held.iter().filter(|held| same(held)).count() >= limit
            && let Some(oldest) = self.held.iter().position(same)
        {
            self.held.remove(oldest);
        }
        self.held.push((from, Parcel { to, message: Rc::clone(message) }));
    }

    /// Sends to all of `to`, which are the living receivers.
    pub fn send(
        &mut self,
        at: Monotonic,
        from: ProcessId,
        message: Message,
        to: impl Iterator<Item = ProcessId>,
    ) {
        let message = Rc::new(message);
        let qos = message.route().qos;
        if qos == Qos::Latched {
            self.latched.insert(message.channel(), (from, Rc::clone(&message)));
        }
        for receiver in to {
            self.carry(at, (from, receiver), &message, qos);
        }
    }

    /// From the first to the second.
    fn carry(
        &mut self,
        at: Monotonic,
        (from, to): (ProcessId, ProcessId),
        message: &Rc<Message>,
        qos: Qos,
    ) {
        if !self.houses.is_empty() && self.is_inside(from, to) {
            let inside = self.inside;
            let arrival = at + inside.shortest + self.dice.tail(inside.mean_extra);
            let arrival = self.in_order(message.channel(), to, arrival);
            self.post(arrival, Parcel { to, message: Rc::clone(message) });
            return;
        }
        let faults = self.faults;
        let best_effort = matches!(qos, Qos::Latest | Qos::Stream);
        if !self.apart.is_empty() && self.is_cut(from, to) {
            if best_effort {
                self.lost += 1;
            } else {
                self.hold(from, to, message, qos);
            }
            return;
        }
        if best_effort && self.dice.happens(faults.loss) {
            self.lost += 1;
            return;
        }
        let copies = if best_effort && self.dice.happens(faults.duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let mut arrival = at + self.latency.shortest + self.dice.tail(self.latency.mean_extra);
            let delayed = self.dice.happens(faults.delay);
            if delayed {
                arrival = arrival + self.dice.between(Duration::ZERO, faults.longest_delay);
            }
            if !(best_effort && delayed) {
                arrival = self.in_order(message.channel(), to, arrival);
            }
            self.post(arrival, Parcel { to, message: Rc::clone(message) });
        }
    }

    /// Not before what was sent earlier on the same channel, unless that one was delayed.
    fn in_order(&mut self, channel: Channel, to: ProcessId, arrival: Monotonic) -> Monotonic {
        if self.last.len() <= to {
            self.last.resize_with(to + 1, Vec::new);
        }
        let Some(known) = self.last.get_mut(to) else { return arrival };
        let Some((_, last)) = known.iter_mut().find(|(other, _)| *other == channel) else {
            known.push((channel, arrival));
            return arrival;
        };
        *last = arrival.max(*last);
        *last
    }

    fn post(&mut self, arrival: Monotonic, parcel: Parcel) {
        self.sent += 1;
        self.queue.push(Queued { arrival, number: self.sent, parcel });
    }

    /// A receiver appeared: it gets the latched values it hears, from senders for which `ready`
    /// says when they can answer.
    pub fn join(
        &mut self,
        at: Monotonic,
        to: ProcessId,
        hears: impl Fn(&Message) -> bool,
        ready: impl Fn(ProcessId) -> Monotonic,
    ) {
        let known = self.latched.values().filter(|(_, message)| hears(message));
        let known: Vec<_> = known.map(|(from, m)| (*from, ready(*from), Rc::clone(m))).collect();
        for (from, when, message) in known {
            self.carry(at.max(when), (from, to), &message, Qos::Latched);
        }
    }

    /// A process ended: what it latched and what was on its way to it is gone.
    pub fn leave(&mut self, who: ProcessId) {
        self.latched.retain(|_, (from, _)| *from != who);
        self.queue.retain(|queued| queued.parcel.to != who);
        self.held.retain(|(from, parcel)| *from != who && parcel.to != who);
        self.last.get_mut(who).into_iter().for_each(Vec::clear);
    }

    /// When the next message arrives.
    #[must_use]
    pub fn next(&self) -> Option<Monotonic> {
        self.queue.peek().map(|queued| queued.arrival)
    }

    /// The next message that has arrived.
    pub fn take(&mut self, now: Monotonic) -> Option<Parcel> {
        if self.next()? > now {
            return None;
        }
        self.queue.pop().map(|queued| queued.parcel)
    }

    /// Deliveries lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocabulary::command::{JointFeedback, Lease};

    const LATENCY: Latency =
        Latency { shortest: Duration::from_micros(50), mean_extra: Duration::from_micros(50) };

    fn network(faults: NetworkFaults) -> Network {
        Network::new(LATENCY, faults, Dice::new(3, 0))
    }

    fn lease(epoch: u64) -> Message {
        Message::Lease(Lease { epoch, ..Lease::default() })
    }

    fn epochs(network: &mut Network) -> Vec<u64> {
        std::iter::from_fn(|| network.take(Monotonic(u64::MAX)))
            .filter_map(|parcel| match &*parcel.message {
                Message::Lease(lease) => Some(lease.epoch),
                Message::Feedback(feedback) => Some(feedback.sequence),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn reliable_messages_are_neither_lost_nor_overtaken() {
        let longest_delay = Duration::from_millis(30);
        let mut network =
            network(NetworkFaults { loss: 0.5, delay: 0.5, longest_delay, duplicate: 0.5 });
        for n in 0..100 {
            network.send(Monotonic(n * 100_000), 0, lease(n), [1].into_iter());
        }
        assert_eq!(epochs(&mut network), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn best_effort_messages_are_lost_doubled_and_overtaken() {
        let longest_delay = Duration::from_millis(30);
        let mut network =
            network(NetworkFaults { loss: 0.3, delay: 0.3, longest_delay, duplicate: 0.1 });
        for sequence in 0..100 {
            let message = JointFeedback { sequence, ..JointFeedback::default() };
            let at = Monotonic(sequence * 1_000_000);
            network.send(at, 0, Message::Feedback(message), [1].into_iter());
        }
        let came = epochs(&mut network);
        assert!(network.lost() > 10);
        assert!(!came.is_sorted());
        assert!(came.windows(2).any(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn across_a_cut_best_effort_is_lost_and_reliable_comes_when_it_ends() {
        let mut network = network(NetworkFaults::default());
        network.set_apart(Monotonic(0), &[1]);
        network.send(Monotonic(1), 0, lease(4), [1, 2].into_iter());
        network.send(Monotonic(2), 0, lease(5), [1].into_iter());
        let feedback = Message::Feedback(JointFeedback { sequence: 9, ..Default::default() });
        network.send(Monotonic(3), 0, feedback, [1].into_iter());
        assert_eq!(epochs(&mut network), [4]);
        network.join_all(Monotonic(4));
        assert_eq!(epochs(&mut network), [5]);
    }

    #[test]
    fn a_late_joiner_gets_the_last_latched_value_of_a_living_sender() {
        let mut network = network(NetworkFaults::default());
        network.send(Monotonic(0), 0, lease(4), [].into_iter());
        network.send(Monotonic(1), 0, lease(5), [].into_iter());
        network.join(Monotonic(9), 1, |_| true, |_| Monotonic(0));
        assert_eq!(epochs(&mut network), [5]);
        network.leave(0);
        network.join(Monotonic(9), 1, |_| true, |_| Monotonic(0));
        assert_eq!(epochs(&mut network), Vec::<u64>::new());
    }
}
