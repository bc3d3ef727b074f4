//! The messages of the cell, between `armature_msgs` and the plain types of the library.
//!
//! The rule: conversions only; whether a station is believed is up to the library.

mod arm;
mod desk;
mod show;
mod stations;

pub use arm::Arm;
pub use desk::Desk;
pub use show::Show;
pub use stations::Stations;
