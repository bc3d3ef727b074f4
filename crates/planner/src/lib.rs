//! Motions.
