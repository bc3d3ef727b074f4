//! The shell kit: everything between a node library and ROS 2, over r2r.
//!
//! The rule: ROS stays on this side. A node's host is given a [`Shell`], subscribes and publishes plain
//! `vocabulary` types through it, and owns its loop; nothing here waits behind its back. Only
//! [`company`] starts threads, one for each of several nodes.
//!
//! Terms: the *door* is the conversion of messages into checked values ([`convert`]); to *drain* is
//! to empty a subscription to its newest value; a *poll* is one pass over everything that arrived.

pub mod action;
pub mod action_client;
pub mod arm;
pub mod bus;
pub mod clients;
pub mod clock;
pub mod company;
pub mod convert;
mod heartbeat;
mod inheritance;
pub mod lifecycle;
mod lifecycle_services;
mod middleware;
pub mod params;
pub mod raw;
pub mod realtime;
mod restarts;
pub mod services;
mod shell;
pub mod signal;
mod sockets;
pub mod start;
pub mod topics;

pub use shell::Shell;
pub use start::StartError;
