//! Paths of the tip in space, and the joint positions that follow them.
//!
//! ```
//! # let urdf = include_str!("../../../../config/description/armature.urdf");
//! use arm_model::cartesian::{PathSettings, Segment, follow};
//! use arm_model::{ArmModel, JointVector, Pose, ik::Ik};
//! let arm = ArmModel::<6>::from_urdf(urdf, "base_link", "tool0")?;
//! let start = JointVector::from([0.0, 0.2, 0.3, 0.0, 0.9, 0.0]);
//! let here = arm.forward_kinematics(&start);
//! let there = Pose::translation(0.0, 0.2, -0.1) * here;
//! let line = Segment::line(here, there)?;
//! let path = follow(&Ik::new(&arm), &line, &start, &PathSettings::default())?;
//! assert!(path.position_deviation < 1e-4 && path.waypoints.len() < 50);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod follow;
mod segment;

pub use error::{PathError, SegmentError};
pub use follow::{JointPath, PathSettings, Waypoint, follow, follow_from_any};
pub use segment::Segment;
