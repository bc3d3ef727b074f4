//! A camera above the line that there is not: it draws parts, good ones and bad ones.
//!
//! The rule: what is wrong with a part follows from its name and the seed, so that whoever judges the
//! judge knows the truth; the picture itself says it only to whoever looks.
//!
//! Terms: the *part* is a plate with four holes; its *truth* are its [`Defect`]s; the *belt* is what lies
//! around it.

#![forbid(unsafe_code)]

pub mod config;
mod draw;
#[cfg(feature = "ros")]
pub mod host;
mod part;

pub use config::Config;
pub use draw::{HEIGHT, Image, WIDTH, draw, draw_belt};
pub use part::{Defect, HALF, HOLE_RADIUS, HOLES, Light, Part};
