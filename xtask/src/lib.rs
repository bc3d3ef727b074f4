//! The chores of this workspace as a library: where things are, how a program
//! is run inside ROS 2, how that ROS 2 is prepared. The `xtask` binary is its
//! command line; the system tests use [`env`] and [`paths`].
//!
//! Rule: nothing here knows what a node does, only how it is built and started.
//!
//! Terms: *prefix* = the ROS 2 installation this workspace builds against;
//! *install* = the place our own packages are installed to.

pub mod api;
pub mod bench;
pub mod build;
pub mod chaos;
pub mod degrade;
pub mod demo;
pub mod digest;
pub mod doctor;
pub mod emulated;
pub mod env;
pub mod fuzz;
pub mod heat;
pub mod install;
pub mod lock;
pub mod paths;
pub mod prepare;
pub mod process;
pub mod progress;
pub mod replay;
pub mod simulate;
pub mod socketcan;
pub mod station;
pub mod status;
pub mod system;
pub mod targets;
pub mod test;
pub mod upgrade;
