//! The names and messages of the supervisor's services and diagnostics.
//!
//! The rule: conversions only.

use crate::{DiagnosticStatus, RequestKind};
use r2r::diagnostic_msgs::msg::{DiagnosticStatus as StatusMsg, KeyValue};
use vocabulary::topics::service;

/// The arm services.
pub const SERVICES: [(&str, RequestKind); 5] = [
    (service::ENABLE, RequestKind::Enable),
    (service::DISABLE, RequestKind::Disable),
    (service::STOP, RequestKind::Stop),
    (service::RESUME, RequestKind::Resume),
    (service::CLEAR_FAULTS, RequestKind::ClearFaults),
];

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
