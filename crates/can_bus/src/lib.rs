//! CAN for the arm: frames, CANopen and CiA 402 codecs, and the buses that carry them.
//!
//! The one rule: `canopen`, `cia402`, `wire`, `bus_load`, the socketcand codec and
//! `in_process::BusCore` are pure, time is an argument, and no bytes from a bus whatever can cause a
//! panic. Only the transports behind [`bus::AnyBus`] do I/O.
#![deny(unsafe_code)]

pub mod bus;
pub mod bus_load;
pub mod canopen;
pub mod cia402;
pub mod frame;
pub mod in_process;
#[cfg(target_os = "linux")]
pub mod socket_can;
pub mod socketcand;
pub mod wire;
