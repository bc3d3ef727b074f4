//! The thread that empties the middleware.
//!
//! The rule: it polls instead of being woken for every message: fewer wake-ups cost less, and the
//! middleware has stamped each message with its reception already.

use super::hands::{Shared, Watched};
use crate::cache::Sample;
use crate::causes::watch::Heard;
use crate::roster::{Change, Key, Offer, Roster};
use crate::sequence::{Sequences, Throttle, Verdict};
use crate::{Config, Intake};
use node::raw::{EarId, Ears, RawError};
use recording::Topic;
use recording::schema;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use vocabulary::time::Monotonic;

/// More messages of one topic in one poll than this wait for the next one: no topic starves the others.
const MOST: usize = 4_000;

/// What the thread is started with.
pub struct Listener {
    /// Name of the node that listens.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Which topics.
    pub roster: Roster,
    /// Between two polls.
    pub poll: Duration,
    /// Between two looks for new topics.
    pub discovery: Duration,
}

impl Listener {
    /// For a configuration; topics in `ours` are written by ourselves.
    pub fn new(config: &Config, name: &str, namespace: &str, ours: &[String]) -> Self {
        let rules = crate::rules::Rules::new(&config.rules, config.depth);
        Self {
            name: format!("{name}_ears"),
            namespace: namespace.to_owned(),
            roster: Roster::new(rules, ours.iter().cloned()),
            poll: Duration::from_secs_f64(config.poll_period),
            discovery: Duration::from_secs_f64(config.discovery_period),
        }
    }

    /// Listens until the process ends.
    pub fn run(self, shared: &Shared) {
        match Ears::create(&self.name, &self.namespace) {
            Ok(ears) => Work::new(ears, self).run(shared),
            Err(error) => {
                let failures = vec![format!("all topics: {error}")];
                shared.set_intake(Intake { failures, ..Intake::default() });
            }
        }
    }
}

/// One subscription.
struct Ear {
    id: EarId,
    topic: Arc<Topic>,
    watched: bool,
    sequences: Sequences,
    throttle: Throttle,
}

struct Work {
    ears: Ears,
    listener: Listener,
    open: BTreeMap<Key, Ear>,
    schemas: BTreeMap<String, String>,
    intake: Intake,
    next_look: Monotonic,
}

impl Work {
    fn new(ears: Ears, listener: Listener) -> Self {
        let (open, schemas) = (BTreeMap::new(), BTreeMap::new());
        Self { ears, listener, open, schemas, intake: Intake::default(), next_look: Monotonic(0) }
    }

    fn run(mut self, shared: &Shared) {
        while !shared.has_ended() {
            let now = node::clock::monotonic();
            if now >= self.next_look {
                self.next_look = now + self.listener.discovery;
                self.look(now);
            }
            self.drain(shared);
            thread::sleep(self.listener.poll);
        }
        self.drain(shared);
    }

    /// Takes everything that came in.
    fn drain(&mut self, shared: &Shared) {
        let (mut samples, mut watched) = (Vec::new(), Vec::new());
        let now = u64::try_from(node::clock::now().stamp.0).unwrap_or(0);
        for ear in self.open.values_mut() {
            for _ in 0..MOST {
                let Some(taken) = self.ears.take(ear.id) else { break };
                let Verdict::New { missing } = ear.sequences.judge(taken.publisher, taken.sequence)
                else {
                    continue;
                };
                self.intake.received += 1;
                self.intake.missing += missing;
                let received =
                    u64::try_from(taken.received).ok().filter(|at| *at > 0).unwrap_or(now);
                if ear.watched {
                    let (topic, data) = (Arc::clone(&ear.topic), taken.data.into());
                    watched.push(Watched { topic, received, data });
                }
                if ear.throttle.lets_through(received) {
                    samples.push(Sample {
                        topic: Arc::clone(&ear.topic),
                        sequence: taken.sequence,
                        received,
                        sent: u64::try_from(taken.sent).unwrap_or(received),
                        data: taken.data.into(),
                    });
                }
            }
        }
        watched.sort_by_key(|message| message.received);
        shared.put(samples, watched);
        shared.set_intake(self.intake.clone());
    }

    /// Looks for new topics and new publishers.
    fn look(&mut self, now: Monotonic) {
        let Ok(seen) = self.ears.topics() else { return };
        let seen: Vec<_> = seen.into_iter().map(|topic| (topic.name, topic.kinds)).collect();
        let schemas = &mut self.schemas;
        let keys = self.listener.roster.see(now, &seen, |kind| {
            schemas.entry(kind.to_owned()).or_insert_with(|| schema_of(kind)).clone()
        });
        for key in keys {
            if let Err(error) = self.look_at(now, &key) {
                self.listener.roster.failed(now, &key, error.to_string());
            }
        }
        self.intake.topics = self.listener.roster.listening();
        self.intake.failures = self.listener.roster.failures();
    }

    fn look_at(&mut self, now: Monotonic, key: &Key) -> Result<(), RawError> {
        let offers = self.ears.offers(&key.name)?;
        let offers: Vec<Offer> = offers
            .into_iter()
            .map(|offer| Offer { kind: offer.kind, hash: offer.hash, offered: offer.offered })
            .collect();
        let change = self.listener.roster.offers(now, key, &offers);
        let topic = self.listener.roster.topic(key);
        if let (Some(ear), Some(topic)) = (self.open.get_mut(key), &topic) {
            ear.topic = Arc::clone(topic);
        }
        match (change, topic) {
            (Some(Change::Listen { asked, max_rate_hz }), Some(topic)) => {
                let id = self.ears.listen(&key.name, &key.kind, asked)?;
                self.listener.roster.made(key);
                self.opened(key, id, topic, Throttle::new(max_rate_hz));
            }
            (Some(Change::Close), _) => {
                if let Some(ear) = self.open.remove(key) {
                    self.ears.close(ear.id);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A new subscription takes the place of the old one, and goes on with its numbers: what both
    /// hear is kept once.
    fn opened(&mut self, key: &Key, id: EarId, topic: Arc<Topic>, throttle: Throttle) {
        let watched = Heard::is_watched(&topic.kind);
        let sequences = match self.open.remove(key) {
            Some(old) => {
                self.ears.close(old.id);
                old.sequences
            }
            None => Sequences::default(),
        };
        self.open.insert(key.clone(), Ear { id, topic, watched, sequences, throttle });
    }
}

/// The schema of a type, from what is installed; empty when it is not.
fn schema_of(kind: &str) -> String {
    let prefixes = std::env::var_os("AMENT_PREFIX_PATH").unwrap_or_default();
    let prefixes: Vec<PathBuf> = std::env::split_paths(&prefixes).collect();
    let find = |package: &str, folder: &str, file: &str| {
        let relative = PathBuf::from("share").join(package).join(folder).join(file);
        let found =
            prefixes.iter().find_map(|prefix| fs::read_to_string(prefix.join(&relative)).ok());
        found.or_else(|| schema::built_in(package, folder, file))
    };
    schema::assemble(kind, &find).unwrap_or_default()
}
