//! What a person with the token may ask of the arm.

use std::time::Duration;
use vocabulary::topics::{service, thermal_service};

/// One of the services behind the page's buttons; all are `std_srvs/Trigger`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Power the drives and permit motion.
    Enable,
    /// Decelerate, then take the power away.
    Disable,
    /// Decelerate on the path and hold under power.
    Stop,
    /// Permit motion again.
    Resume,
    /// Reset latched drive faults.
    ClearFaults,
    /// Somebody has seen the thermal alarms.
    Acknowledge,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Enable,
        Self::Disable,
        Self::Stop,
        Self::Resume,
        Self::ClearFaults,
        Self::Acknowledge,
    ];

    /// The word in requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Stop => "stop",
            Self::Resume => "resume",
            Self::ClearFaults => "clear_faults",
            Self::Acknowledge => "acknowledge",
        }
    }

    /// The call of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.name() == name)
    }

    /// The ROS service.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::Enable => service::ENABLE,
            Self::Disable => service::DISABLE,
            Self::Stop => service::STOP,
            Self::Resume => service::RESUME,
            Self::ClearFaults => service::CLEAR_FAULTS,
            Self::Acknowledge => thermal_service::ACKNOWLEDGE,
        }
    }

    /// How long an answer may take: as long as the supervisor's own deadline, and a little more. A
    /// stop is answered at once or not at all.
    #[must_use]
    pub fn patience(self) -> Duration {
        match self {
            Self::Stop => Duration::from_secs(2),
            Self::Enable => Duration::from_secs(12),
            _ => Duration::from_secs(5),
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it was done.
    pub success: bool,
    /// What the service said, or why nobody did.
    pub message: String,
}

impl Answer {
    /// Nobody did it.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self { success: false, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_found_by_its_name_and_nothing_else_is() {
        for call in Call::ALL {
            assert_eq!(Call::named(call.name()), Some(call));
        }
        assert_eq!(Call::named("Stop"), None);
        assert_eq!(Call::named(""), None);
    }
}
