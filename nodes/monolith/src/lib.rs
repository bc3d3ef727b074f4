//! Which nodes live in this process, with which parameters, and what they say to each other without
//! the middleware.
//!
//! The one rule: nothing of a node is decided here. Its name says which program it is, the files in
//! `config/` say how it works, as for a process of its own.
//!
//! Terms: a *guest* is a node of this process; a topic goes *inside* when all that publish on it are
//! guests.
#![forbid(unsafe_code)]

mod guest;
mod inside;
mod parameters;

pub use guest::{GuestError, Program, parse};
pub use inside::inside;
pub use parameters::{ParameterError, Setting, Value, of_file, of_text};

/// All nodes of the arm, six joints on one driver: what lives here when nobody says otherwise.
pub const WHOLE_ARM: &str = "supervisor,driver_joint_1,joint_state,control,arm_controller,thermal";
