//! Drives the servos of one CAN bus: finds, configures and enables them, follows valid commands,
//! and brings the joints to rest when there are none.
//!
//! The one rule: no motion without a valid command of the lease holder *and* a permit younger than
//! the last fault. [`Driver::step`] is pure: frames, messages and time go in, frames and messages
//! come out; hosts do the rest.
//!
//! Terms: a *cycle* runs at each SYNC, sent or heard. *Apply* is the instant the drive reaches the
//! setpoint written in this cycle: taken over at the next SYNC, reached one interpolation period
//! later. A *rival* is another process that drives the same joints.
#![forbid(unsafe_code)]

pub mod actuation;
pub mod config;
pub mod faults;
#[cfg(feature = "ros")]
pub mod host;
pub mod io;
mod joint;
pub mod link;
pub mod motion;
pub mod power;
pub mod setpoint;
pub mod setup;
pub mod sync;
pub mod telemetry;
pub mod units;
pub mod watch;

mod driver;

pub use config::{Arm, Config, ConfigError};
pub use driver::Driver;
pub use io::{BusEvent, Inputs, Outgoing, Outputs};
