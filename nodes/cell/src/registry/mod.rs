//! Which stations there are, and which of them can be asked.
//!
//! The rule: a station is asked only while it speaks. A descriptor alone is nothing: the middleware keeps
//! it for a while after its process died. Whoever fails three times in a row rests, so that others get
//! the work; whoever is refused is looked at again when something about him changes.

mod descriptor;
#[cfg(test)]
mod tests;

pub use descriptor::{Descriptor, MAJOR, MINOR, Refusal};

use std::collections::BTreeMap;
use std::time::Duration;
use vocabulary::time::Monotonic;

/// So many periods of silence, and it is gone.
const SILENT_AFTER: u32 = 3;
/// A busy machine delays a heartbeat by so much without anybody being dead.
const SCHEDULING: Duration = Duration::from_millis(100);
/// Most stations that are ever taken notice of.
pub const MOST: usize = 64;

/// What a station says of its readiness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Can be asked.
    Ready,
    /// Works on an order.
    Busy,
    /// Says why it cannot.
    NotReady(String),
}

/// A heartbeat of a station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Of the process.
    pub boot_id: u64,
    /// What it says.
    pub readiness: Readiness,
}

/// How the cell sees a station.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// Can be asked.
    Usable,
    /// Works on an order.
    Busy,
    /// Says so itself.
    NotReady(String),
    /// No heartbeat; for how long, s, infinite when there was never one.
    Silent(f64),
    /// Failed too often in a row.
    Resting {
        /// In a row.
        failures: u32,
        /// The last reason.
        reason: String,
    },
    /// Not accepted.
    Refused(Refusal),
}

impl Standing {
    /// For people; empty when all is well.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Usable | Self::Busy => String::new(),
            Self::NotReady(reason) => reason.clone(),
            Self::Silent(seconds) if seconds.is_finite() => {
                format!("no heartbeat for {seconds:.1} s")
            }
            Self::Silent(_) => "no heartbeat yet".to_owned(),
            Self::Resting { failures, reason } => {
                format!("failed {failures} times in a row, rests: {reason}")
            }
            Self::Refused(refusal) => refusal.to_string(),
        }
    }

    /// For comparing: whether anything but numbers changed.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Silent(_), Self::Silent(_)) => true,
            _ => self == other,
        }
    }
}

/// When a station that fails rests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// Failures in a row.
    pub strikes: u32,
    /// For how long.
    pub rest: Duration,
}

/// One station.
#[derive(Debug, Clone)]
pub struct Station {
    /// What it said last.
    pub descriptor: Descriptor,
    /// How it was seen last.
    pub standing: Standing,
    /// Orders carried out.
    pub runs: u32,
    /// Orders that ended in nothing.
    pub failures: u32,
    /// Spent on orders carried out, s.
    pub worked: f64,
    checked: Result<(), Refusal>,
    /// When this process of it was first seen: who came first keeps an id.
    since: Monotonic,
    voice: Voice,
    strikes: u32,
    rest_until: Option<Monotonic>,
    last_failure: String,
}

/// Who speaks under a name.
#[derive(Debug, Clone, Default)]
struct Voice {
    last: Option<(Monotonic, Beat)>,
    /// Earlier boot ids of this name, newest last.
    retired: Vec<u64>,
    /// Two spoke at once: both, and when the older was heard last.
    both: Option<(u64, u64, Monotonic)>,
}

impl Voice {
    fn hear(&mut self, at: Monotonic, beat: Beat) {
        if let Some((_, before)) = &self.last
            && before.boot_id != beat.boot_id
        {
            let before = before.boot_id;
            if self.retired.contains(&beat.boot_id) {
                // A process that had been replaced speaks again: it never was replaced.
                self.both = Some((beat.boot_id, before, at));
            }
            self.retired.retain(|known| *known != before);
            self.retired.push(before);
            if self.retired.len() > 8 {
                self.retired.remove(0);
            }
        }
        self.last = Some((at, beat));
    }
}

/// All stations ever heard of.
#[derive(Debug, Clone)]
pub struct Registry {
    stations: BTreeMap<String, Station>,
    patience: Patience,
}

impl Registry {
    /// None.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self { stations: BTreeMap::new(), patience }
    }

    /// Takes in a descriptor from the topic of this name.
    pub fn describe(&mut self, now: Monotonic, topic: &str, descriptor: Descriptor) {
        let checked = descriptor.check(topic);
        if let Some(known) = self.stations.get_mut(topic) {
            if known.descriptor.boot_id != descriptor.boot_id {
                (known.since, known.strikes, known.rest_until) = (now, 0, None);
            }
            (known.descriptor, known.checked) = (descriptor, checked);
        } else if self.stations.len() < MOST {
            let station = Station {
                descriptor,
                standing: Standing::Silent(f64::INFINITY),
                runs: 0,
                failures: 0,
                worked: 0.0,
                checked,
                since: now,
                voice: Voice::default(),
                strikes: 0,
                rest_until: None,
                last_failure: String::new(),
            };
            self.stations.insert(topic.to_owned(), station);
        }
    }

    /// Takes in a heartbeat; one without a descriptor means nothing.
    pub fn beat(&mut self, at: Monotonic, topic: &str, beat: Beat) {
        if let Some(station) = self.stations.get_mut(topic) {
            station.voice.hear(at, beat);
        }
    }

    /// Looks at all; returns those whose standing changed, with what it was.
    pub fn look(&mut self, now: Monotonic) -> Vec<(String, Standing)> {
        let owners = self.owners(now);
        let mut changed = Vec::new();
        for (name, station) in &mut self.stations {
            if station.rest_until.is_some_and(|until| now >= until) {
                // One more chance: the next failure sends it back.
                station.rest_until = None;
                station.strikes = self.patience.strikes.saturating_sub(1);
            }
            let owner = owners.get(&station.descriptor.id);
            let standing = station.standing(now, owner.filter(|owner| *owner != name));
            if !standing.is_like(&station.standing) {
                changed.push((name.clone(), std::mem::replace(&mut station.standing, standing)));
            } else {
                station.standing = standing;
            }
        }
        changed
    }

    /// Who has which id: of those that are alive the one who came first.
    fn owners(&self, now: Monotonic) -> BTreeMap<String, String> {
        let mut owners: BTreeMap<String, (Monotonic, &String)> = BTreeMap::new();
        for (name, station) in &self.stations {
            if station.checked.is_err() || station.silence(now).is_some() {
                continue;
            }
            let claim = (station.since, name);
            let owner = owners.entry(station.descriptor.id.clone()).or_insert(claim);
            *owner = claim.min(*owner);
        }
        owners.into_iter().map(|(id, (_, name))| (id, name.clone())).collect()
    }

    /// The one to ask: it can, it is ready, and it is none of `without`. Whoever failed least of late
    /// comes first.
    #[must_use]
    pub fn pick(&self, capability: &str, without: &[String]) -> Option<&str> {
        self.able(capability)
            .filter(|(name, station)| {
                station.standing == Standing::Usable && !without.contains(name)
            })
            .min_by_key(|(name, station)| (station.strikes, *name))
            .map(|(name, _)| name.as_str())
    }

    /// Whether somebody who could be asked has only no time now.
    #[must_use]
    pub fn is_busy(&self, capability: &str, without: &[String]) -> bool {
        let busy = |(name, station): (&String, &Station)| {
            station.standing == Standing::Busy && !without.contains(name)
        };
        self.able(capability).any(busy)
    }

    /// Why nobody can be asked, for people.
    #[must_use]
    pub fn why_nobody(&self, capability: &str, without: &[String]) -> String {
        let all: Vec<String> = self
            .able(capability)
            .map(|(name, station)| match &station.standing {
                _ if without.contains(name) => format!("{name} was asked"),
                Standing::Usable => format!("{name} is usable"),
                Standing::Busy => format!("{name} is busy"),
                other => format!("{name}: {}", other.reason()),
            })
            .collect();
        match all.is_empty() {
            true => format!("no station can {capability}"),
            false => format!("no station can {capability} now ({})", all.join("; ")),
        }
    }

    fn able<'a>(&'a self, capability: &str) -> impl Iterator<Item = (&'a String, &'a Station)> {
        self.stations.iter().filter(move |(_, station)| {
            station.descriptor.capabilities.iter().any(|word| word == capability)
        })
    }

    /// Whether a station still speaks, with the boot id that it had when it was asked.
    #[must_use]
    pub fn is_alive(&self, name: &str, boot_id: u64) -> bool {
        self.stations.get(name).is_some_and(|station| {
            let gone = matches!(station.standing, Standing::Silent(_) | Standing::Refused(_));
            !gone && station.descriptor.boot_id == boot_id
        })
    }

    /// It carried out an order.
    pub fn succeeded(&mut self, name: &str, took: f64) {
        if let Some(station) = self.stations.get_mut(name) {
            station.runs += 1;
            station.worked += took;
            station.strikes = 0;
        }
    }

    /// It was asked in vain.
    pub fn failed(&mut self, now: Monotonic, name: &str, reason: &str) {
        let Patience { strikes, rest } = self.patience;
        if let Some(station) = self.stations.get_mut(name) {
            station.failures += 1;
            station.strikes = station.strikes.saturating_add(1);
            reason.clone_into(&mut station.last_failure);
            if station.strikes >= strikes {
                station.rest_until = Some(now + rest);
            }
        }
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Station> {
        self.stations.get(name)
    }

    /// All, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Station)> {
        self.stations.iter().map(|(name, station)| (name.as_str(), station))
    }
}

impl Station {
    /// How long it has been silent, when that is too long.
    fn silence(&self, now: Monotonic) -> Option<f64> {
        let Some((at, beat)) = &self.voice.last else { return Some(f64::INFINITY) };
        let other = beat.boot_id != self.descriptor.boot_id;
        let quiet = now.since(*at);
        let limit = self.descriptor.period() * SILENT_AFTER + SCHEDULING;
        (other || quiet > limit).then_some(quiet.as_secs_f64())
    }

    fn standing(&self, now: Monotonic, owner: Option<&String>) -> Standing {
        if let Err(refusal) = &self.checked {
            return Standing::Refused(refusal.clone());
        }
        let forget = self.descriptor.period() * SILENT_AFTER + SCHEDULING;
        if let Some((first, second, at)) = self.voice.both
            && now.since(at) <= forget
        {
            let name = self.descriptor.name.clone();
            return Standing::Refused(Refusal::SameName { name, first, second });
        }
        if let Some(quiet) = self.silence(now) {
            return Standing::Silent(quiet);
        }
        if let Some(owner) = owner {
            let (id, owner) = (self.descriptor.id.clone(), owner.clone());
            return Standing::Refused(Refusal::SameId { id, owner });
        }
        if self.rest_until.is_some() {
            let (failures, reason) = (self.strikes, self.last_failure.clone());
            return Standing::Resting { failures, reason };
        }
        match self.voice.last.as_ref().map(|(_, beat)| &beat.readiness) {
            Some(Readiness::Busy) => Standing::Busy,
            Some(Readiness::NotReady(why)) => Standing::NotReady(why.clone()),
            Some(Readiness::Ready) | None => Standing::Usable,
        }
    }
}
