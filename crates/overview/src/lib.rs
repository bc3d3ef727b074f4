//! Who of the arm lives and how well, from heartbeats alone: the node table of `cargo xtask status`
//! and of the dashboard.
//!
//! The one rule: nobody is asked. Whoever is dead, hangs or was never started cannot spoil the table
//! for the others, and a silent node keeps its row.
//!
//! Terms: a *boot* is one start of a node's process; *age* is the time since its last heartbeat.
#![forbid(unsafe_code)]

mod node;
mod table;

pub use node::{NodeRow, Presence};
pub use table::{NodeEvent, NodeTable};
