//! From a pose to a motion: inverse kinematics, free and jerk-limited motions, a scene, and `move_to`,
//! which has them driven.
//!
//! The one rule: what is answered with success may be driven as it is. A question that cannot be
//! answered gets a kind and a sentence with names and numbers, never a motion that is almost right.
//!
//! Terms: an *ask* is a question as it was sent; the *scene* is what is around the arm and in its
//! hand, and its *revision* rises with every change; a *job* is a goal of `move_to` under way.
//!
//! One thread answers everything in order. A search may take half a second at most, less than the
//! silence after which others think that this process is gone.
#![forbid(unsafe_code)]

pub mod config;
pub mod error;
#[cfg(feature = "ros")]
pub mod host;
pub mod jog;
pub mod mover;
pub mod question;

mod answers;
mod door;
mod planning;
mod scene;
pub mod shared;
#[cfg(test)]
mod situations;

pub use config::{Config, ConfigError};
pub use error::{Code, PlanningError};
pub use planning::{Arm, Clock, Driven, Inputs, Planning};
