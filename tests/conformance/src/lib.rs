//! Cases that a joint trajectory controller must pass, run from outside: over its topics, services
//! and action, and nothing else. The same suite judges ours and a stock joint_trajectory_controller.
//!
//! The one rule: every case says what it sent, what it expected and what came, and moves the arm a
//! few hundredths of a radian around where it found it.
//!
//! Numbers: `J-nnn` re-expresses a case of joint_trajectory_controller's own tests in our words,
//! `H-nn` closes a hole that those leave open. docs/conformance.md lists all of them, with those
//! that are unit tests because they cannot be seen from outside.

pub mod bench;
pub mod cases;
pub mod messages;
pub mod motion;
pub mod suite;

pub use bench::{Bench, Profile};
pub use suite::{Case, Finding, Verdict, run_all, run_one};
