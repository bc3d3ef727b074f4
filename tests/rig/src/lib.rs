//! Brings the arm up and talks to it as any other robot would: by launch files, topics, services
//! and actions. Used by the system tests and by the demo; knows nothing of the nodes' insides.
//!
//! The one rule: every wait has an end, and its error says what was waited for.

pub mod browser;
pub mod cli;
pub mod client;
pub mod drives;
pub mod figures;
pub mod launch;
pub mod line;
pub mod mover;
pub mod process;
pub mod program;
pub mod sabotage;
pub mod scenario;
pub mod scene;
pub mod single;
pub mod succession;
pub mod tracking;
pub mod wall_clock;
pub mod watcher;
pub mod witness;
pub mod world;

pub use browser::{Browser, Page, Screen};
pub use client::{ArmClient, GoalOutcome, RunningGoal};
pub use drives::Drives;
pub use launch::Launch;
pub use line::Line;
pub use mover::{Mover, RunningMove};
pub use program::Program;
pub use sabotage::Saboteur;
pub use scenario::{HARDWARE, Scenario};
pub use single::Single;
pub use tracking::Tracking;
pub use wall_clock::WallClocks;
pub use watcher::Watcher;
pub use witness::Witness;
pub use world::World;
