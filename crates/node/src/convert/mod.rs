//! The only door between ROS messages and the plain types of `vocabulary`.
//!
//! The rule: what comes in through [`FromMsg`] has the right size, known joint names and finite
//! numbers, or is refused with a reason; nothing is repaired. [`ToMsg`] always succeeds.
//! (The std conversion traits cannot be used: both sides belong to other crates.)

mod arm;
mod command;
mod event;
mod handover;
mod health;
mod plan;
mod settings;
mod stamp;
mod standard;
mod thermal;

pub use stamp::{duration, seconds, stamp, time};
pub use standard::{joint_state, trajectory_point};

use r2r::WrappedTypesupport;
use thiserror::Error;
use vocabulary::codes::{code_of, value_of};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};

/// Why a message is not taken in.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refused {
    /// A number is NaN or infinite.
    #[error("{field}[{index}] = {value} is not finite")]
    NotFinite {
        /// Field of the message.
        field: &'static str,
        /// Place in the field; 0 for a single number.
        index: usize,
        /// The number.
        value: f64,
    },
    /// An array has the wrong number of elements.
    #[error("{field} has {got} elements, expected {want}")]
    Length {
        /// Field of the message.
        field: &'static str,
        /// Elements received.
        got: usize,
        /// Elements expected.
        want: usize,
    },
    /// A joint that this arm does not have.
    #[error("joint {name:?} is not one of {known:?}")]
    UnknownJoint {
        /// The name received.
        name: String,
        /// The joints of the arm.
        known: Vec<String>,
    },
    /// The sender is configured with another joint order.
    #[error(
        "joint order {got:#018x} of the sender differs from {want:#018x} here: compare arm.joints"
    )]
    JointOrder {
        /// Hash received.
        got: u64,
        /// Hash of this process.
        want: u64,
    },
    /// A value outside what the field allows.
    #[error("{field} = {value} is not allowed: {allowed}")]
    Value {
        /// Field of the message.
        field: &'static str,
        /// The value as text.
        value: String,
        /// What would be allowed.
        allowed: &'static str,
    },
}

/// A plain type that comes in as a ROS message.
pub trait FromMsg: Sized + 'static {
    /// The message type.
    type Msg: WrappedTypesupport + 'static;

    /// Checks and converts.
    ///
    /// # Errors
    /// The first thing found wrong.
    fn from_msg(msg: &Self::Msg, order: &JointOrder) -> Result<Self, Refused>;

    /// Who sent it and the how manieth of that process it is, where several processes may send on one
    /// topic and the delay of a single cycle matters.
    fn line(&self) -> Option<(u64, u64)> {
        None
    }
}

/// A plain type that goes out as a ROS message.
pub trait ToMsg {
    /// The message type.
    type Msg: WrappedTypesupport + 'static;

    /// Converts.
    fn to_msg(&self, order: &JointOrder) -> Self::Msg;
}

/// That a message means our joints in our order.
fn same_joints(joints: &[String], order: &JointOrder) -> Result<(), Refused> {
    if joints == order.names().as_slice() {
        return Ok(());
    }
    Err(Refused::Value {
        field: "joints",
        value: format!("{joints:?}"),
        allowed: "the joints of arm.joints in that order",
    })
}

/// The array of one number per joint, NaN and infinities included.
fn per_joint<T: Copy>(field: &'static str, values: &[T]) -> Result<PerJoint<T>, Refused> {
    let refused = |_| Refused::Length { field, got: values.len(), want: JOINTS };
    values.try_into().map_err(refused)
}

/// One finite number per joint.
///
/// # Errors
/// [`Refused`] naming the field.
pub fn finite_per_joint(field: &'static str, values: &[f64]) -> Result<PerJoint<f64>, Refused> {
    let values = per_joint(field, values)?;
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(index) => {
            let value = values.get(index).copied().unwrap_or(f64::NAN);
            Err(Refused::NotFinite { field, index, value })
        }
    }
}

/// One finite number.
fn finite(field: &'static str, value: f64) -> Result<f64, Refused> {
    if value.is_finite() { Ok(value) } else { Err(Refused::NotFinite { field, index: 0, value }) }
}

/// The place of a joint in the arm's order.
fn joint_index(name: &str, order: &JointOrder) -> Result<usize, Refused> {
    let unknown = || Refused::UnknownJoint { name: name.to_owned(), known: order.names().to_vec() };
    order.index_of(name).ok_or_else(unknown)
}

/// The name of a joint; empty for an index the arm does not have.
fn joint_name(index: usize, order: &JointOrder) -> String {
    order.names().get(index).cloned().unwrap_or_default()
}

/// A field that names one of a few values by number.
fn one_of<T: Copy>(field: &'static str, value: u8, table: &[(T, u8)]) -> Result<T, Refused> {
    value_of(value, table).ok_or_else(|| Refused::Value {
        field,
        value: value.to_string(),
        allowed: "one of the constants of the message",
    })
}

/// The values that a field names by number, joint by joint.
fn table<T: Copy + Default>(
    field: &'static str,
    codes: &[u8],
    known: &[(T, u8)],
) -> Result<PerJoint<T>, Refused> {
    let codes: PerJoint<u8> = per_joint(field, codes)?;
    let mut values = [T::default(); JOINTS];
    for (value, code) in values.iter_mut().zip(codes) {
        *value = one_of(field, code, known)?;
    }
    Ok(values)
}

/// A fraction of 0 to 1.
fn fraction(field: &'static str, value: f64) -> Result<f64, Refused> {
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(Refused::Value { field, value: value.to_string(), allowed: "0 to 1" })
}

#[cfg(test)]
mod cdr;
