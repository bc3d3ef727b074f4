//! can_bus
pub mod frame;
