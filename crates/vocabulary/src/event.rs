//! What the recorder puts into its file besides the messages of others: marks of people, and faults
//! with the chain of their causes.

use crate::health::Level;
use crate::time::Stamp;

/// One thing that somebody noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When it was noticed, by the clock of who noticed it.
    pub stamp: Stamp,
    /// When the recorder heard of it.
    pub heard: Stamp,
    /// How serious it is.
    pub level: Level,
    /// Who noticed it: a node, without namespace.
    pub by: String,
    /// Whom it is about: a node, a joint, the arm.
    pub subject: String,
    /// One line for people.
    pub what: String,
    /// Where it was told; empty when the recorder noticed it itself.
    pub topic: String,
}

/// What an [`Event`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventKind {
    /// Somebody called `~/mark`.
    #[default]
    Mark,
    /// A fault, with the chain of its causes.
    Fault,
    /// The recorder itself lost data.
    Loss,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// Of the mark, or of the first link of the chain.
    pub stamp: Stamp,
    /// Process start of the recorder.
    pub boot_id: u64,
    /// Rises by one per event of this start.
    pub id: u64,
    /// Rises by one per repetition of the event.
    pub revision: u32,
    /// Nothing will be added.
    pub complete: bool,
    /// What it is.
    pub kind: EventKind,
    /// One line for people.
    pub text: String,
    /// In the order in which it was noticed.
    pub chain: Vec<Notice>,
}
