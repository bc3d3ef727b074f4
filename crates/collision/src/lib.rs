//! Collisions of a serial arm with itself and with what is around it.
//!
//! A [`Robot`] is read from URDF and SRDF; balls cover its links. A [`Scene`] holds objects and what
//! the arm carries. A [`Checker`] is made from both and says whether a configuration or a straight
//! motion is free, many configurations per vector, and what touches what when it is not.
//!
//! The rule: conservative. What [`Checker`] calls free does not touch; the other way round it may be
//! wrong by the excess of the balls.
//!
//! ```
//! # fn main() -> Result<(), collision::CollisionError> {
//! # let urdf = include_str!("../../../config/description/armature.urdf");
//! # let srdf = include_str!("../../../config/description/armature.srdf");
//! use collision::{Checker, Options, Robot, Scene, Shape, Tally, pose};
//! let robot = Robot::new(urdf, Some(srdf), &Options::default())?;
//! let mut scene = Scene::new();
//! let table = Shape::cuboid("table", [0.3, 0.5, 0.02])?;
//! scene.add("table", pose("table", [0.6, 0.0, 0.1], [0.0, 0.0, 0.0, 1.0])?, table)?;
//! let checker = Checker::new(&robot, &scene)?;
//! let (home, left) = ([0.0, 0.0, 0.0, 0.0, 1.57, 0.0], [1.0, 0.0, 0.0, 0.0, 1.57, 0.0]);
//! assert!(checker.is_motion_free(&home, &left, &mut Tally::default()));
//! let bowed = checker.contact(&[0.0, 1.2, 0.0, 0.0, 0.0, 0.0]).unwrap();
//! assert_eq!(bowed.second, "table");
//! # Ok(())
//! # }
//! ```
#![deny(unsafe_code)] // but for one instruction, see kernel/gather.rs

mod checker;
mod cover;
mod error;
mod field;
mod kernel;
mod mesh;
mod robot;
mod scene;
mod shape;
mod truth;

pub use checker::{Checker, Lanes, Nearness, Tally};
pub use cover::{Fineness, Sphere, cover, cover_all};
pub use error::CollisionError;
pub use mesh::Mesh;
pub use robot::{Joint, JointKind, Link, Options, Robot, SphereFile};
pub use scene::{Attached, Load, Object, Scene};
pub use shape::{Pose, Shape, pose};
pub use truth::Truth;

/// Most actuated joints of a chain.
pub const MAX_JOINTS: usize = 12;
