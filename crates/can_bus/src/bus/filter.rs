//! Which identifiers a receiver wants.

use std::collections::BTreeSet;

use crate::frame::{Frame, Id};

/// A receive filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Filter {
    /// Every frame.
    #[default]
    All,
    /// Only frames with one of these identifiers.
    Only(BTreeSet<Id>),
}

impl Filter {
    /// A filter of 11-bit identifiers.
    #[must_use]
    pub fn cob_ids(ids: impl IntoIterator<Item = u16>) -> Self {
        Self::Only(ids.into_iter().map(Id::Standard).collect())
    }

    /// Whether the frame is wanted.
    #[must_use]
    pub fn accepts(&self, frame: &Frame) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(&frame.id()),
        }
    }
}
