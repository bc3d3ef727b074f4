//! Runs a job over stations that come, go, hang and lie.
//!
//! The rule: the line goes on with what is there. Every step has a deadline and says what is done when it
//! does not succeed; no station is waited for longer than that, none is believed that says nonsense, and
//! what was finished is never done twice.
//!
//! Terms: a *job* is what the YAML says, a *run* one execution of it; a *part* is one piece that it works
//! on; a *station* is somebody else's program that can do something to a part; an *order* is one request
//! to a station; a *verdict* is what a station says of a part.

#![forbid(unsafe_code)]

mod cell;
mod commands;
pub mod config;
mod error;
#[cfg(feature = "ros")]
pub mod host;
pub mod io;
pub mod job;
mod names;
pub mod registry;
pub mod state;
pub mod store;
#[cfg(test)]
mod tests;
mod view;
mod work;
pub mod yaml;

pub use cell::Cell;
pub use config::{Config, ConfigError};
pub use error::{JobError, Wrong};
pub use names::is_name;
