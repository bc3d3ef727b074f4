//! The arm's messages between CDR and the plain types of `vocabulary`, without ROS: for the recorder,
//! which looks at some of what passes, and for readers of recordings.
//!
//! The one rule: what `crates/node` refuses at its door is refused here, too; the order of the fields
//! is that of `msg/`, and a test beside the door compares both ways.

mod arm;
mod event;
mod health;
mod joint;
mod standard;
mod thermal;

pub use standard::{DiagnosticStatus, Diagnostics};

use crate::cdr::{CdrError, Reader, Writer};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};

/// A message of a fixed type.
pub trait Message: Sized {
    /// Full name of the type, as in `armature_msgs/msg/Lease`.
    const NAME: &'static str;

    /// Reads and checks all fields.
    ///
    /// # Errors
    /// [`CdrError`]: the first thing found wrong.
    fn read(from: &mut Reader<'_>, order: &JointOrder) -> Result<Self, CdrError>;

    /// Writes all fields.
    fn write(&self, to: &mut Writer, order: &JointOrder);
}

/// A message out of its bytes.
///
/// # Errors
/// [`CdrError`]: the first thing found wrong.
pub fn decode<M: Message>(bytes: &[u8], order: &JointOrder) -> Result<M, CdrError> {
    M::read(&mut Reader::new(bytes)?, order)
}

/// The bytes of a message.
pub fn encode<M: Message>(message: &M, order: &JointOrder) -> Vec<u8> {
    let mut writer = Writer::default();
    message.write(&mut writer, order);
    writer.finish()
}

/// That a message means our joints in our order.
fn same_joints(from: &mut Reader<'_>, order: &JointOrder) -> Result<(), CdrError> {
    let joints: PerJoint<String> = from.array(Reader::text)?;
    if &joints == order.names() {
        return Ok(());
    }
    Err(CdrError::Value { field: "joints", value: format!("{joints:?}") })
}

/// The place of a joint in the arm's order.
fn joint(from: &mut Reader<'_>, order: &JointOrder) -> Result<usize, CdrError> {
    let name = from.text()?;
    order.index_of(&name).ok_or(CdrError::Value { field: "joint", value: format!("{name:?}") })
}

/// The name of a joint; empty for an index the arm does not have.
fn joint_name(index: usize, order: &JointOrder) -> &str {
    order.names().get(index).map_or("", String::as_str)
}

/// A fraction of 0 to 1.
fn fraction(from: &mut Reader<'_>, field: &'static str) -> Result<f64, CdrError> {
    let value = from.f64()?;
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(CdrError::Value { field, value: value.to_string() })
}

/// One number per joint, all finite.
fn finite(from: &mut Reader<'_>, field: &'static str) -> Result<[f64; JOINTS], CdrError> {
    from.array(|from| from.finite(field))
}

/// One state per joint, by a table of numbers.
fn table<T: Copy + Default>(
    from: &mut Reader<'_>,
    field: &'static str,
    known: &[(T, u8)],
) -> Result<PerJoint<T>, CdrError> {
    from.array(|from| from.one_of(field, known))
}

/// Writes one state per joint.
fn codes<T: Copy + PartialEq>(to: &mut Writer, values: &PerJoint<T>, known: &[(T, u8)]) {
    values.iter().for_each(|value| to.byte(vocabulary::codes::code_of(*value, known)));
}

#[cfg(test)]
mod tests;
