//! What is listened to: which topics there are, what their publishers offer, what we ask for.
//!
//! The one rule: every publisher of a recorded topic is heard. When one comes that offers less than we
//! ask for, we ask for less, by another subscription in front of the old one, so that nothing is missed
//! in between.

use crate::rules::{Decision, Rules};
use recording::Topic;
use recording::qos::{Asked, Offered};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use vocabulary::time::Monotonic;

/// The publishers of a known topic are looked up again at least this often.
const LOOK: Duration = Duration::from_secs(1);
/// A topic without publishers is listened to for so long: they come back when they were restarted.
const ALONE: Duration = Duration::from_secs(60);
/// A subscription that failed is tried again after this time.
const RETRY: Duration = Duration::from_secs(10);

/// A topic with one of its types.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Full name.
    pub name: String,
    /// Full name of the type.
    pub kind: String,
}

/// What one publisher offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// The type that it publishes.
    pub kind: String,
    /// Hash of that type; empty when unknown.
    pub hash: String,
    /// Its quality of service.
    pub offered: Offered,
}

/// What is to be done about a topic.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Listen, or listen in another way.
    Listen {
        /// What to ask for.
        asked: Asked,
        /// At most so many messages a second; 0 for all.
        max_rate_hz: f64,
    },
    /// Listen no more.
    Close,
}

#[derive(Debug, Clone)]
struct Entry {
    decision: Decision,
    topic: Arc<Topic>,
    asked: Option<Asked>,
    next_look: Monotonic,
    alone_since: Option<Monotonic>,
    failed: Option<String>,
}

/// All topics that are recorded.
#[derive(Debug, Default)]
pub struct Roster {
    rules: Rules,
    ours: BTreeSet<String>,
    entries: BTreeMap<Key, Entry>,
}

impl Roster {
    /// Nothing seen yet. Topics in `ours` are written by ourselves.
    #[must_use]
    pub fn new(rules: Rules, ours: impl IntoIterator<Item = String>) -> Self {
        Self { rules, ours: ours.into_iter().collect(), entries: BTreeMap::new() }
    }

    /// Takes in which topics there are; returns those whose publishers must be looked up now. `schema`
    /// gives the schema of a type that was not seen before.
    pub fn see(
        &mut self,
        now: Monotonic,
        topics: &[(String, Vec<String>)],
        mut schema: impl FnMut(&str) -> String,
    ) -> Vec<Key> {
        let mut look = Vec::new();
        for (name, kinds) in topics {
            let ours = self.ours.contains(name);
            for kind in kinds.iter().filter(|_| !ours) {
                let key = Key { name: name.clone(), kind: kind.clone() };
                if !self.entries.contains_key(&key) && !self.add(&key, &mut schema) {
                    continue;
                }
                let Some(entry) = self.entries.get_mut(&key) else { continue };
                if now >= entry.next_look {
                    // Spread over the time, so that not all are asked in one step.
                    entry.next_look = now + LOOK;
                    look.push(key);
                }
            }
        }
        look
    }

    fn add(&mut self, key: &Key, schema: &mut impl FnMut(&str) -> String) -> bool {
        let Some(decision) = self.rules.decide(&key.name, &key.kind) else { return false };
        let (name, kind, schema) = (key.name.clone(), key.kind.clone(), schema(&key.kind));
        let topic = Arc::new(Topic { name, kind, schema, ..Topic::default() });
        let next_look = Monotonic(0);
        let entry =
            Entry { decision, topic, asked: None, next_look, alone_since: None, failed: None };
        self.entries.insert(key.clone(), entry);
        true
    }

    /// Takes in who publishes a topic.
    pub fn offers(&mut self, now: Monotonic, key: &Key, offers: &[Offer]) -> Option<Change> {
        let entry = self.entries.get_mut(key)?;
        let of_kind: Vec<&Offer> = offers.iter().filter(|offer| offer.kind == key.kind).collect();
        if of_kind.is_empty() {
            return entry.alone(now);
        }
        entry.alone_since = None;
        let offered: Vec<Offered> = of_kind.iter().map(|offer| offer.offered).collect();
        entry.note(&offered, of_kind.first().map_or("", |offer| offer.hash.as_str()));
        let fits = |asked: Asked| offered.iter().all(|offer| asked.fits(offer));
        if entry.asked.is_some_and(fits) {
            return None;
        }
        let asked = Asked::of_all(&offered, entry.decision.depth);
        entry.asked = Some(asked);
        Some(Change::Listen { asked, max_rate_hz: entry.decision.max_rate_hz })
    }

    /// A subscription could not be made.
    pub fn failed(&mut self, now: Monotonic, key: &Key, reason: String) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.asked = None;
            entry.failed = Some(reason);
            entry.next_look = now + RETRY;
        }
    }

    /// A subscription was made.
    pub fn made(&mut self, key: &Key) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.failed = None;
        }
    }

    /// How a topic stands in the recording now.
    #[must_use]
    pub fn topic(&self, key: &Key) -> Option<Arc<Topic>> {
        self.entries.get(key).map(|entry| Arc::clone(&entry.topic))
    }

    /// Topics that are listened to.
    #[must_use]
    pub fn listening(&self) -> usize {
        self.entries.values().filter(|entry| entry.asked.is_some()).count()
    }

    /// Topics that should be recorded and cannot, and why.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let failures = self.entries.iter().filter_map(|(key, entry)| {
            entry.failed.as_ref().map(|reason| format!("{}: {reason}", key.name))
        });
        failures.collect()
    }
}

impl Entry {
    fn alone(&mut self, now: Monotonic) -> Option<Change> {
        let since = *self.alone_since.get_or_insert(now);
        let long = now.since(since) >= ALONE && self.asked.is_some();
        if long {
            self.asked = None;
        }
        long.then_some(Change::Close)
    }

    /// A topic whose offers changed is another entry in the file, with the same name.
    fn note(&mut self, offered: &[Offered], hash: &str) {
        let mut different = offered.to_vec();
        different.sort_unstable();
        different.dedup();
        if self.topic.offered != different || self.topic.hash != hash {
            let hash = hash.to_owned();
            self.topic = Arc::new(Topic { offered: different, hash, ..(*self.topic).clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster() -> Roster {
        Roster::new(Rules::new(&BTreeMap::new(), 100), ["/recorder/events".to_owned()])
    }

    fn key() -> Key {
        Key { name: "/a".to_owned(), kind: "p/msg/A".to_owned() }
    }

    fn see(roster: &mut Roster, now: Monotonic) -> Vec<Key> {
        let topics = [
            ("/a".to_owned(), vec!["p/msg/A".to_owned()]),
            ("/recorder/events".to_owned(), vec!["p/msg/E".to_owned()]),
        ];
        roster.see(now, &topics, |kind| format!("schema of {kind}"))
    }

    fn offer(reliable: bool) -> Offer {
        let offered = Offered { reliable, ..Offered::default() };
        Offer { kind: "p/msg/A".to_owned(), hash: "RIHS01_1".to_owned(), offered }
    }

    fn at(seconds: f64) -> Monotonic {
        Monotonic(0).shifted(seconds)
    }

    #[test]
    fn a_new_topic_is_looked_up_at_once_and_then_now_and_then() {
        let mut roster = roster();
        assert_eq!(see(&mut roster, at(0.0)), [key()]);
        assert_eq!(see(&mut roster, at(0.5)), []);
        assert_eq!(see(&mut roster, at(1.0)), [key()]);
    }

    #[test]
    fn nobody_is_listened_to_before_there_is_a_publisher() {
        let mut roster = roster();
        see(&mut roster, at(0.0));
        assert_eq!(roster.offers(at(0.0), &key(), &[]), None);
        let change = roster.offers(at(1.0), &key(), &[offer(true)]);
        assert!(
            matches!(change, Some(Change::Listen { asked, .. }) if asked.reliable),
            "{change:?}"
        );
        assert_eq!(roster.offers(at(2.0), &key(), &[offer(true), offer(true)]), None);
    }

    #[test]
    fn a_publisher_that_offers_less_is_heard_as_well() {
        let mut roster = roster();
        see(&mut roster, at(0.0));
        roster.offers(at(0.0), &key(), &[offer(true)]);
        let change = roster.offers(at(1.0), &key(), &[offer(true), offer(false)]);
        assert!(
            matches!(change, Some(Change::Listen { asked, .. }) if !asked.reliable),
            "{change:?}"
        );
        // Going back to more would miss nothing, but gain little.
        assert_eq!(roster.offers(at(2.0), &key(), &[offer(true)]), None);
    }

    #[test]
    fn the_file_is_told_of_changed_offers_only() {
        let mut roster = roster();
        see(&mut roster, at(0.0));
        roster.offers(at(0.0), &key(), &[offer(true)]);
        let first = roster.topic(&key()).unwrap();
        assert_eq!((first.schema.as_str(), first.hash.as_str()), ("schema of p/msg/A", "RIHS01_1"));
        roster.offers(at(1.0), &key(), &[offer(true), offer(true)]);
        assert!(Arc::ptr_eq(&first, &roster.topic(&key()).unwrap()));
        roster.offers(at(2.0), &key(), &[offer(true), offer(false)]);
        assert_eq!(roster.topic(&key()).unwrap().offered.len(), 2);
    }

    #[test]
    fn a_topic_without_publishers_is_left_after_a_while() {
        let mut roster = roster();
        see(&mut roster, at(0.0));
        roster.offers(at(0.0), &key(), &[offer(true)]);
        assert_eq!(roster.offers(at(10.0), &key(), &[]), None);
        assert_eq!(roster.offers(at(69.0), &key(), &[]), None);
        assert_eq!(roster.offers(at(70.0), &key(), &[]), Some(Change::Close));
        assert!(roster.offers(at(71.0), &key(), &[offer(true)]).is_some());
    }

    #[test]
    fn what_cannot_be_subscribed_is_named_and_tried_again() {
        let mut roster = roster();
        see(&mut roster, at(0.0));
        roster.offers(at(0.0), &key(), &[offer(true)]);
        roster.failed(at(0.0), &key(), "not installed".to_owned());
        assert_eq!(
            (roster.listening(), roster.failures()),
            (0, vec!["/a: not installed".to_owned()])
        );
        assert_eq!(see(&mut roster, at(5.0)), []);
        assert_eq!(see(&mut roster, at(10.0)), [key()]);
        assert!(roster.offers(at(10.0), &key(), &[offer(true)]).is_some());
        roster.made(&key());
        assert_eq!(roster.failures(), Vec::<String>::new());
    }
}
