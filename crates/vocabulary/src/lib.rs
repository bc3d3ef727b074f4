//! What every Armature node means by a joint, a command, a lease, a stamp.
//!
//! The one rule: a piece of knowledge that two nodes share is defined here once, free of ROS, of
//! clocks and of I/O. The ROS messages of `armature_msgs` have the same shapes; `crates/node`
//! converts at the door.
//!
//! Terms: an *epoch* is one grant of the right to command; a *permit* is one human "yes" to motion;
//! a *setpoint* is what a drive shall do at a named instant.
#![forbid(unsafe_code)]

pub mod arm;
pub mod codes;
pub mod command;
pub mod config;
pub mod durations;
pub mod event;
pub mod gate;
pub mod handover;
pub mod health;
pub mod joint;
pub mod lease;
pub mod plan;
pub mod settings;
pub mod thermal;
pub mod time;
pub mod topics;
