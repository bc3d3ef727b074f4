//! CAN for the arm: frames, CANopen and CiA 402 codecs.
//!
//! The one rule: everything below `canopen` and `cia402` is pure, time is an argument, and no
//! bytes from the bus whatever can cause a panic.
#![forbid(unsafe_code)]

pub mod canopen;
pub mod cia402;
pub mod frame;
