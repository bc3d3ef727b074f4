//! When to be where: jerk-limited, time-optimal timing of joint moves and joint paths.
//!
//! The rule: whatever comes out keeps every limit at every instant, also between its points, where
//! each joint follows the quintic through them, as the trajectory and control services do.
//!
//! [`Timing`] is the entrance. From rest to rest the answer is a formula ([`RestToRest`]); between
//! moving states it comes from rsruckig ([`StateToState`]). A path becomes a smooth [`curve`]; along
//! it, [`without_jerk`] is the classic time-optimal timing, and [`Timing::path`] improves it to the
//! best one within jerk and torque limits.
//!
//! Terms: the *way* s is the length along a curve in joint space, rad; a *profile* is a speed ṡ at
//! stations on the way. `N` is the number of joints; they are in joint order, base to tip. Units are
//! SI and rad throughout.
#![forbid(unsafe_code)]

mod along;
mod check;
pub mod curve;
mod error;
mod jerk;
mod limits;
mod phases;
mod reach;
mod rest_to_rest;
mod s_curve;
mod state_to_state;
mod timed;
mod timing;
mod torque;

pub use check::{Peaks, Swing};
pub use error::{Place, TimingError};
pub use limits::{Caps, JointLimits, Limits};
pub use reach::{Profile, without_jerk};
pub use rest_to_rest::RestToRest;
pub use state_to_state::StateToState;
pub use timed::{Point, State, Timed};
pub use timing::{PathRequest, Shape, Timing};
pub use torque::Dynamics;
