//! Everything of the arm that reads bytes from outside: the bus, the bus server, descriptions of robots,
//! parameters, recordings.
//!
//! The one rule: whatever the bytes are, a decoder answers or refuses, and what it understood it says
//! again in the same way. A panic is a fault, and so is an answer that changes when it is repeated.

#![allow(clippy::panic, clippy::expect_used)] // a decoder that breaks the rule has to be heard

mod mutate;
mod seeds;
mod targets;

pub use mutate::Mutator;

/// A decoder and what it is fed with.
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    /// Name, also that of its fuzz target.
    pub name: &'static str,
    /// Feeds it; panics when the rule is broken.
    pub feed: fn(&[u8]),
    /// Valid inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Its part of all cases that a test run feeds, in thousands of a million.
    pub share: u32,
}

/// All of them; the shares add up to a million cases.
pub const ALL: [Decoder; 8] = [
    Decoder { name: "can_frame", feed: targets::can_frame, seeds: seeds::frames, share: 400 },
    Decoder { name: "sdo", feed: targets::sdo, seeds: seeds::frames, share: 200 },
    Decoder { name: "socketcand", feed: targets::socketcand, seeds: seeds::socketcand, share: 200 },
    Decoder { name: "message", feed: targets::message, seeds: seeds::messages, share: 120 },
    Decoder { name: "recording", feed: targets::recording, seeds: seeds::recordings, share: 30 },
    Decoder { name: "parameters", feed: targets::parameters, seeds: seeds::parameters, share: 20 },
    Decoder { name: "urdf", feed: targets::urdf, seeds: seeds::urdf, share: 20 },
    Decoder { name: "mesh", feed: targets::mesh, seeds: seeds::meshes, share: 10 },
];

/// The decoder of this name; panics when there is none.
#[must_use]
pub fn decoder(name: &str) -> Decoder {
    let found = ALL.into_iter().find(|decoder| decoder.name == name);
    found.unwrap_or_else(|| panic!("no decoder is called {name}"))
}
