//! When to be where.
#![forbid(unsafe_code)]

mod check;
pub mod curve;
mod error;
mod limits;
mod reach;
mod rest_to_rest;
mod s_curve;
mod timed;
mod torque;

pub use check::{Peaks, Swing};
pub use error::{Place, TimingError};
pub use limits::{Caps, JointLimits, Limits};
pub use reach::{Profile, without_jerk};
pub use rest_to_rest::RestToRest;
pub use timed::{Point, State, Timed};
pub use torque::Dynamics;
