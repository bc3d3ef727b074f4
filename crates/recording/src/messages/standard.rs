//! Diagnostics: a message of another package.

use super::Message;
use crate::cdr::{CdrError, Reader, Writer};
use vocabulary::joint::JointOrder;
use vocabulary::time::Stamp;

/// `diagnostic_msgs/DiagnosticStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiagnosticStatus {
    /// 0 OK, 1 WARN, 2 ERROR, 3 STALE.
    pub level: u8,
    /// What is judged, as `node: part`.
    pub name: String,
    /// One line for people.
    pub message: String,
    /// The device it is about.
    pub hardware_id: String,
    /// Further values by key.
    pub values: Vec<(String, String)>,
}

/// `diagnostic_msgs/DiagnosticArray`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics {
    /// ROS time of the report.
    pub stamp: Stamp,
    /// Unused.
    pub frame: String,
    /// The judgements.
    pub status: Vec<DiagnosticStatus>,
}

fn read_status(from: &mut Reader<'_>) -> Result<DiagnosticStatus, CdrError> {
    Ok(DiagnosticStatus {
        level: from.byte()?,
        name: from.text()?,
        message: from.text()?,
        hardware_id: from.text()?,
        values: from.sequence(|from| Ok((from.text()?, from.text()?)))?,
    })
}

fn write_status(to: &mut Writer, of: &DiagnosticStatus) {
    to.byte(of.level);
    [&of.name, &of.message, &of.hardware_id].into_iter().for_each(|text| to.text(text));
    to.length(of.values.len());
    of.values.iter().flat_map(|(key, value)| [key, value]).for_each(|text| to.text(text));
}

impl Message for Diagnostics {
    const NAME: &'static str = "diagnostic_msgs/msg/DiagnosticArray";

    fn read(from: &mut Reader<'_>, _order: &JointOrder) -> Result<Self, CdrError> {
        Ok(Self { stamp: from.stamp()?, frame: from.text()?, status: from.sequence(read_status)? })
    }

    fn write(&self, to: &mut Writer, _order: &JointOrder) {
        to.stamp(self.stamp);
        to.text(&self.frame);
        to.length(self.status.len());
        self.status.iter().for_each(|status| write_status(to, status));
    }
}
