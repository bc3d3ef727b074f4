//! A CAN bus in user space that speaks socketcand, so that drivers, the simulated drives and tools
//! of others meet on it without a CAN controller.
//!
//! The rules: what one client does never blocks another; nobody hears his own frames; whatever bytes
//! arrive, they are answered or skipped and counted.
//!
//! [`HubCore`] is the pure part: bytes in, bytes out, time as an argument. [`Hub`] puts it on TCP.
//! Terms: a *client* is a TCP connection; it becomes a participant of the bus with `rawmode`, and
//! for `hold_ms` hears nothing, because some clients take a frame glued to `< ok >` for a refusal.
#![forbid(unsafe_code)]

mod client;
mod config;
mod core;
#[cfg(feature = "ros")]
pub mod host;
mod server;

pub use can_bus::in_process::{BusFault, CoreStatistics, EndpointId, FaultId, FaultKind, Select};

pub use crate::client::{ClientId, ClientStatistics};
pub use crate::config::{Config, ConfigError};
pub use crate::core::{HubCore, HubStatistics};
pub use crate::server::{Hub, HubError, HubHandle, serve};
