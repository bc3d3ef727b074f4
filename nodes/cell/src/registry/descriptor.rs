//! What a station says of itself, and whether it is accepted.

use crate::names::is_name;
use std::time::Duration;
use thiserror::Error;

/// The version of the station interface that this cell speaks, as in StationDescriptor.msg.
pub const MAJOR: u16 = 1;
/// See [`MAJOR`].
pub const MINOR: u16 = 0;
/// Most capabilities of a station.
const MOST_CAPABILITIES: usize = 32;
/// Bounds of the heartbeat period, s.
const PERIOD: std::ops::RangeInclusive<f64> = 0.02..=10.0;
/// Longest text for people.
const LONGEST: usize = 256;

/// A descriptor as it was sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Descriptor {
    /// Major and minor version of the interface that the station was written for.
    pub version: (u16, u16),
    /// Of the device.
    pub id: String,
    /// Of its topics.
    pub name: String,
    /// Of the process.
    pub boot_id: u64,
    /// What it is, for people.
    pub kind: String,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// tf frame of its measurements.
    pub frame: String,
    /// Between two heartbeats, s.
    pub heartbeat_period: f64,
}

/// Why a station is not accepted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refusal {
    /// Written for another interface.
    #[error("interface version {}.{}: this cell speaks {major}.x", .version.0, .version.1, major = MAJOR)]
    Version {
        /// Major and minor.
        version: (u16, u16),
    },
    /// The topic says another name than the descriptor.
    #[error("the descriptor on stations/{topic}/descriptor says its name is {said:?}")]
    OtherName {
        /// Name in the topic.
        topic: String,
        /// Name in the descriptor.
        said: String,
    },
    /// No name.
    #[error("{what} {text:?} is no name: a to z, 0 to 9 and _, at most 64, first a letter")]
    Name {
        /// id, capability, …
        what: &'static str,
        /// What it says.
        text: String,
    },
    /// None, or too many.
    #[error("{count} capabilities: 1 to {most} are allowed", most = MOST_CAPABILITIES)]
    Capabilities {
        /// How many.
        count: usize,
    },
    /// One twice.
    #[error("capability {0:?} stands there twice")]
    CapabilityTwice(String),
    /// NaN, zero, an hour.
    #[error("heartbeat_period {0} s is not from {low} to {high}", low = PERIOD.start(), high = PERIOD.end())]
    Period(f64),
    /// A text that is a book.
    #[error("{what} is longer than {longest} bytes", longest = LONGEST)]
    TooLong {
        /// kind, frame
        what: &'static str,
    },
    /// Another one has this id.
    #[error("id {id:?} belongs to station {owner:?}, which is alive")]
    SameId {
        /// The id.
        id: String,
        /// Who has it.
        owner: String,
    },
    /// Two processes under one name.
    #[error(
        "two processes say they are station {name:?} (boot ids {first:#018x} and {second:#018x})"
    )]
    SameName {
        /// The name.
        name: String,
        /// One.
        first: u64,
        /// The other.
        second: u64,
    },
}

impl Descriptor {
    /// Whether a station that says so on the topic of this name is accepted.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(&self, topic: &str) -> Result<(), Refusal> {
        // First: what another version means by the rest is not known.
        if self.version.0 != MAJOR {
            return Err(Refusal::Version { version: self.version });
        }
        let names = self.capabilities.iter().map(|word| ("capability", word));
        for (what, text) in [("name", &self.name), ("id", &self.id)].into_iter().chain(names) {
            if !is_name(text) {
                let text = text.chars().take(LONGEST).collect();
                return Err(Refusal::Name { what, text });
            }
        }
        if self.name != topic {
            let (topic, said) = (topic.to_owned(), self.name.clone());
            return Err(Refusal::OtherName { topic, said });
        }
        let count = self.capabilities.len();
        if !(1..=MOST_CAPABILITIES).contains(&count) {
            return Err(Refusal::Capabilities { count });
        }
        let twice = |(index, word): (usize, &String)| {
            self.capabilities.iter().take(index).any(|other| other == word)
        };
        if let Some((_, word)) = self.capabilities.iter().enumerate().find(|it| twice(*it)) {
            return Err(Refusal::CapabilityTwice(word.clone()));
        }
        if !PERIOD.contains(&self.heartbeat_period) {
            return Err(Refusal::Period(self.heartbeat_period));
        }
        for (what, text) in [("kind", &self.kind), ("frame", &self.frame)] {
            if text.len() > LONGEST {
                return Err(Refusal::TooLong { what });
            }
        }
        Ok(())
    }

    /// Between two heartbeats.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::try_from_secs_f64(self.heartbeat_period).unwrap_or(Duration::from_secs(1))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn camera(name: &str) -> Descriptor {
        Descriptor {
            version: (MAJOR, MINOR),
            id: format!("id_{name}"),
            name: name.to_owned(),
            boot_id: 7,
            kind: "camera".to_owned(),
            capabilities: vec!["inspect_surface".to_owned()],
            frame: String::new(),
            heartbeat_period: 0.1,
        }
    }

    #[test]
    fn a_newer_minor_version_is_accepted_and_another_major_one_refused() {
        let of = |version| Descriptor { version, ..camera("a") }.check("a");
        assert_eq!(of((MAJOR, MINOR + 7)), Ok(()));
        let refused = of((MAJOR + 1, 0)).unwrap_err().to_string();
        assert_eq!(refused, "interface version 2.0: this cell speaks 1.x");
        assert!(of((0, 9)).is_err());
    }

    #[test]
    fn each_wrong_field_is_refused_by_its_name() {
        let cases: [(Descriptor, &str); 8] = [
            (Descriptor { id: "A B".into(), ..camera("a") }, "id \"A B\" is no name"),
            (Descriptor { id: String::new(), ..camera("a") }, "id \"\" is no name"),
            (Descriptor { capabilities: vec![], ..camera("a") }, "0 capabilities"),
            (Descriptor { capabilities: vec!["x".into(), "x".into()], ..camera("a") }, "twice"),
            (Descriptor { capabilities: vec!["x y".into()], ..camera("a") }, "capability \"x y\""),
            (Descriptor { heartbeat_period: f64::NAN, ..camera("a") }, "heartbeat_period NaN"),
            (Descriptor { heartbeat_period: 0.0, ..camera("a") }, "heartbeat_period 0"),
            (Descriptor { kind: "x".repeat(300), ..camera("a") }, "kind is longer"),
        ];
        for (descriptor, expected) in cases {
            let said = descriptor.check("a").unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
        let said = camera("b").check("a").unwrap_err().to_string();
        assert!(said.contains("stations/a/descriptor") && said.contains("\"b\""), "{said}");
    }
}
