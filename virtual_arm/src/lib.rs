//! virtual arm
