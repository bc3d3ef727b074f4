//! Splines through joint waypoints: sampling, exact limits, stops on the path.
//!
//! The rule: everything here is a pure function of its arguments, and what runs in the control
//! cycle (sampling, [`path_acceleration_range`], [`govern`], [`decelerate`]) allocates nothing.
//!
//! Terms: a *waypoint* is given by the user, a *segment* is the polynomial between two of them, the
//! *path* runs over *path time*, which the controller may let pass more slowly than real time; the
//! *point before* is the state from which the first segment starts when the first waypoint lies
//! later than zero.
#![forbid(unsafe_code)]

mod blend;
mod corners;
mod governor;
mod integrate;
mod limits;
mod path;
mod polynomial;
mod scaling;
mod state;
mod steps;

pub use blend::Blend;
pub use corners::{CornerError, round_corners};
pub use governor::{ACCELERATION_ALLOWANCE, decelerate, govern};
pub use integrate::deduce_positions;
pub use limits::{LimitViolation, Quantity};
pub use path::{Path, PathError, Segment};
pub use polynomial::{Extremes, Polynomial, Range};
pub use scaling::path_acceleration_range;
pub use state::State;
pub use steps::{StepError, steps};
