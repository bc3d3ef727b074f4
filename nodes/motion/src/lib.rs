//! The trajectory API: validates trajectories, hands plans to control, answers clients.
//!
//! The one rule: a trajectory is judged completely before it moves anything, and whoever sent it is
//! told why it was refused, stopped or aborted: which joint, which point, which limit, how much.
//!
//! Semantics follow joint_trajectory_controller. Terms: a *request* is a trajectory as it came; a
//! *plan* is a request that was found valid, in joint order; a *goal* is a plan somebody waits for;
//! a plan issued again gets a new *revision*.
#![forbid(unsafe_code)]

mod active;
mod admission;
pub mod compatibility;
mod config;
mod door;
mod goals;
#[cfg(feature = "ros")]
pub mod host;
mod live;
mod messages;
mod motion;
mod rejection;
mod request;
mod tolerances;
mod validate;

#[cfg(test)]
mod tests;

pub use config::{Config, ConfigError, Constraints, Interpolation, JointConstraint};
pub use live::Setting;
pub use messages::{Event, Feedback, GoalEvent, Inputs, Outputs, code};
pub use motion::Motion;
pub use rejection::Rejection;
pub use request::{GoalId, GoalRequest, RequestPoint, RequestTolerance, TrajectoryRequest};
pub use validate::{Rules, Start, ValidPlan};
