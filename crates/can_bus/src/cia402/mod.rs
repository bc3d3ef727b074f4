//! CiA 402, the drive profile, as pure values: state machine, modes, reactions, error codes.
//!
//! The one rule: a drive is brought up step by step, each step asked for by the state it reports;
//! a fault is reset only when the caller says so.

pub mod error_code;
mod mode;
mod option;
mod plan;
mod state;

pub use mode::Mode;
pub use option::{AbortConnectionOption, FaultReactionOption, QuickStopOption, RampOption};
pub use plan::{Blocked, Goal, Plan, Target, plan};
pub use state::{Controlword, State, Statusword};
