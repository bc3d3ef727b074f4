//! The loops of the nodes, the very files that their own processes are made of.
//!
//! The rule: nothing is copied; what changes there changes here.
#![allow(dead_code)] // each brings its `main`

#[path = "../../control/src/host/mod.rs"]
pub mod control;
#[path = "../../joint_driver/src/main.rs"]
pub mod joint_driver;
#[path = "../../joint_state/src/main.rs"]
pub mod joint_state;
#[path = "../../motion/src/main.rs"]
pub mod motion;
#[path = "../../supervisor/src/main.rs"]
pub mod supervisor;
#[path = "../../thermal/src/main.rs"]
pub mod thermal;
