//! The servo loop: samples the plan, writes one command for all joints per cycle.
//!
//! The one rule: a command continues from the one before it. Whatever happens (a new plan, a stop, a
//! lost joint, a start as new holder), position and velocity of the reference change no faster than
//! the joints can follow, and nothing moves without a lease, a permit and the feedback of all joints.
//!
//! Terms: the *reference* is where the arm shall be at a named instant, `lead` ahead of now; the
//! *course* is how the reference goes on; *path speed* is path seconds per second; a *law* turns the
//! reference into what the drives are told.
#![forbid(unsafe_code)]

mod adoption;
mod beginning;
mod canary;
mod config;
mod control;
mod course;
mod derating;
mod dynamics;
mod gap;
mod gate;
mod history;
#[cfg(feature = "ros")]
pub mod host;
mod joints;
mod law;
mod live;
mod margin;
mod obedience;
mod output;
mod payload;
mod plan;
mod requests;
mod retune;
mod rules;
mod shadow;
mod stages;
mod succession;
pub mod tenure;
mod tolerance;
mod tuning;

#[cfg(test)]
mod tests;

pub use config::{CanaryConfig, Config, ConfigError, FrictionConfig, GainsConfig, PayloadConfig};
pub use control::{Arm, Control, Inputs, Outputs};
pub use dynamics::Dynamics;
pub use law::{Acting, Law, LawInput, LawOutput, Laws, Measured, NAMES};
pub use live::Live;
pub use requests::{JointValues, RequestError};
pub use rules::Rules;
pub use tuning::{JointTuning, Tuner, Tuning};
