//! A bus inside this process, on a clock that is an argument: for tests, for the virtual arm, and
//! as the heart of the CAN hub.
//!
//! The one rule: the same calls and the same seed give the same bus, to the bit.
//!
//! Terms: an *endpoint* is one participant; it never hears its own frames. With
//! [`CoreConfig::model_time`] frames take their time on the wire and the lowest identifier goes
//! first; without, they are delivered at once, in the order sent.

mod core;
mod endpoint;
mod fault;
#[cfg(test)]
mod tests;

pub use self::core::{BusCore, CoreConfig, CoreStatistics, EndpointId, SendError};
pub use endpoint::{InProcessBus, InProcessWire};
pub use fault::{BusFault, FaultId, FaultKind, Select};
