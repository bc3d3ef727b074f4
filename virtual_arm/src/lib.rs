//! All nodes, the simulated drives and the bus on virtual time, in one thread.
//!
//! The one rule: one seed is one run, to the byte. No clock is read, nothing outside is touched, no
//! order depends on memory addresses; what fails once fails again.
//!
//! Terms: *world time* is the one true time that no node sees; a *process* is one start of a node
//! with clocks of its own; an *invariant* is what must hold whatever goes wrong.
#![forbid(unsafe_code)]

mod arm;
mod client;
mod clock;
mod config;
mod encode;
mod hardware;
mod heat;
mod invariants;
mod message;
mod network;
mod nodes;
mod overheard;
mod process;
mod record;
pub mod schedule;
mod script;
mod spawn;
mod tracking;

pub use arm::VirtualArm;
pub use can_bus::in_process::{BusFault, FaultId, FaultKind, Select};
pub use client::GoalState;
pub use config::{HostConfig, VirtualConfig, VirtualError};
pub use heat::HeatRecord;
pub use invariants::{Rule, Violation};
pub use motion::GoalId;
pub use network::{Latency, NetworkFaults};
pub use record::Record;
pub use servo_sim::FaultRequest;
pub use supervisor::{HandOverResponse, RequestKind};
pub use tracking::TrackingFigures;
