//! SDO: reading and writing single objects, expedited and segmented (CiA 301).
//!
//! The one rule: one transfer at a time per node, and a reply that does not belong to it (other
//! index, other toggle, nobody asked) changes nothing. Never used in the control cycle.
//!
//! Client: whoever configures a drive. Server: the drive.

mod abort;
mod client;
mod codec;
mod server;

pub use abort::AbortCode;
pub use client::{Operation, Progress, SdoClient, SdoError};
pub use codec::{Chunk, Reply, Request};
pub use server::{ObjectDictionary, SdoServer};

/// Longest object transferred here, in bytes: names and histories are far shorter.
pub const MAX_OBJECT: usize = 4096;

#[cfg(test)]
mod tests;
