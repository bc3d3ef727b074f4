//! The `socketcand` protocol: CAN frames as ASCII over TCP, so that tools of others can join.
//!
//! The one rule: the codec is pure and takes any bytes; what is no message is skipped and counted.

mod client;
mod message;
mod splitter;

pub use client::{SocketcandBus, SocketcandConfig};
pub use message::{Malformed, Message, Timestamp};
pub use splitter::{MAX_MESSAGE, Splitter};
