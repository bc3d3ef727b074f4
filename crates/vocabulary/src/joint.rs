//! The joints of one arm: how many, in which order, within which limits.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Number of joints of the arm.
pub const JOINTS: usize = 6;

/// One value per joint, in the arm's joint order (base to tip).
pub type PerJoint<T> = [T; JOINTS];

/// Why a list of joints is no joint order.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JointOrderError {
    /// Wrong number of names.
    #[error("{count} joints named, the arm has {JOINTS}: list each joint once, base to tip")]
    Count {
        /// Number of names given.
        count: usize,
    },
    /// A name stands twice.
    #[error("joint {name:?} is named twice")]
    Duplicate {
        /// The repeated name.
        name: String,
    },
    /// A name is empty.
    #[error("joint {index} has an empty name")]
    Empty {
        /// Position in the list, from 0.
        index: usize,
    },
}

/// The joint names, base to tip. Every array in every message follows this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointOrder {
    names: PerJoint<String>,
}

impl JointOrder {
    /// Checks count, emptiness and uniqueness.
    ///
    /// # Errors
    /// [`JointOrderError`] naming the offending entry.
    pub fn new(names: Vec<String>) -> Result<Self, JointOrderError> {
        let count = names.len();
        let names: PerJoint<String> =
            names.try_into().map_err(|_| JointOrderError::Count { count })?;
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() {
                return Err(JointOrderError::Empty { index });
            }
            if names.iter().take(index).any(|earlier| earlier == name) {
                return Err(JointOrderError::Duplicate { name: name.clone() });
            }
        }
        Ok(Self { names })
    }

    /// The names, base to tip.
    #[must_use]
    pub fn names(&self) -> &PerJoint<String> {
        &self.names
    }

    /// Position of a joint in the order.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// FNV-1a over the names: carried by every command, so that two processes configured with
    /// different orders never understand each other by accident.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let bytes = self.names.iter().flat_map(|n| n.bytes().chain([0]));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }
}

/// What one joint may do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JointLimits {
    /// Lower position limit, rad.
    pub lower: f64,
    /// Upper position limit, rad.
    pub upper: f64,
    /// Speed limit, rad/s.
    pub velocity: f64,
    /// Acceleration limit, rad/s²; also the deceleration of a stop.
    pub acceleration: f64,
    /// Torque limit at the joint, N·m.
    pub effort: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: [&str; 6]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_swapped_order_has_another_hash() {
        let a = JointOrder::new(names(["a", "b", "c", "d", "e", "f"])).unwrap();
        let b = JointOrder::new(names(["b", "a", "c", "d", "e", "f"])).unwrap();
        assert_ne!(a.hash(), b.hash());
        assert_eq!(a.index_of("c"), Some(2));
    }

    #[test]
    fn a_repeated_joint_is_named_in_the_error() {
        let err = JointOrder::new(names(["a", "b", "a", "d", "e", "f"])).unwrap_err();
        assert_eq!(err.to_string(), "joint \"a\" is named twice");
    }
}
