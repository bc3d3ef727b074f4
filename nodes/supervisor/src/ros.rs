//! Diagnostics of the supervisor as messages.

use r2r::diagnostic_msgs::msg::{DiagnosticStatus as StatusMsg, KeyValue};
use supervisor::DiagnosticStatus;

/// `diagnostic_msgs/DiagnosticStatus` of one subject.
pub fn diagnostic(from: DiagnosticStatus) -> StatusMsg {
    let pair = |(key, value)| KeyValue { key, value };
    StatusMsg {
        level: from.level as u8,
        name: from.name,
        message: from.message,
        hardware_id: from.hardware_id,
        values: from.values.into_iter().map(pair).collect(),
    }
}
