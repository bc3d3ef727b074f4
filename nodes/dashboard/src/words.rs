//! The words people read for the states of the arm, each in one place.

use overview::Presence;
use vocabulary::arm::{ArmMode, Freshness};
use vocabulary::command::{DriveState, DriverState};
use vocabulary::health::{Health, Lifecycle};
use vocabulary::plan::ControlPhase;

/// A word for people; also what the page's style sheet and tests know the state by.
pub trait Word {
    /// The word.
    fn word(self) -> &'static str;
}

macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),* $(,)? })*) => {
        $(impl Word for $type {
            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        })*
    };
}

words! {
    ArmMode { Disabled = "disabled", Enabled = "enabled", Stopped = "stopped", Hold = "hold" }
    Freshness { Fresh = "fresh", Late = "late", Silent = "silent", Frozen = "frozen" }
    DriverState {
        Offline = "offline", Disabled = "disabled", Enabling = "enabling", Holding = "holding",
        Following = "following", Blocked = "blocked", Faulted = "faulted",
    }
    DriveState {
        Unknown = "unknown", NotReady = "not ready", SwitchOnDisabled = "switch-on disabled",
        ReadyToSwitchOn = "ready to switch on", SwitchedOn = "switched on",
        OperationEnabled = "operation enabled", QuickStopActive = "quick stop",
        FaultReaction = "fault reaction", Fault = "fault",
    }
    Health { Ok = "ok", Warn = "warning", Error = "error" }
    Lifecycle {
        Unconfigured = "unconfigured", Inactive = "inactive", Active = "active",
        Finalized = "finalized",
    }
    ControlPhase {
        Inactive = "inactive", Holding = "holding", Blending = "blending", Executing = "executing",
        Settling = "settling", Reached = "reached", Stopping = "stopping", Paused = "paused",
    }
    Presence { Unseen = "never heard", Live = "live", Silent = "silent" }
}
