//! What outlives the supervisor's process: the highest epoch, the permit, the mode.
//!
//! The rule: the host stores it before it publishes anything that follows from it, so that a
//! restarted supervisor never grants an epoch twice and never forgets a "no".

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::command::Lease;
use vocabulary::time::Stamp;

use crate::grant::LeaseRecord;

/// Why a state file cannot be used.
#[derive(Debug, Error)]
#[error("the supervisor's state is unreadable ({0}); check the arm, then remove the file")]
pub struct StateError(#[from] serde_json::Error);

/// [`ArmMode`] as the file spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SavedMode {
    Disabled,
    Enabled,
    Stopped,
    Hold,
}

/// What the host stores for the next process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersistentState {
    /// Boot of the machine and start of the arm in which it was stored.
    session: String,
    epoch: u64,
    holder: u64,
    successor: u64,
    /// Who was ever authorised for `epoch + 1`.
    promised: u64,
    /// ROS time of the grant, ns.
    since_ns: i64,
    /// The successor may take back.
    #[serde(default)]
    probation: bool,
    /// The holder was asked to yield.
    #[serde(default)]
    yielded: bool,
    #[serde(default)]
    disgraced: Vec<u64>,
    mode: SavedMode,
    permit: u64,
    fault_reset: u64,
    reason: String,
    /// ROS time of the last change of mode, ns.
    stamp_ns: i64,
}

impl PersistentState {
    /// Collects what must outlive the process.
    #[must_use]
    pub fn new(session: &str, record: &LeaseRecord, status: &ArmStatus) -> Self {
        let LeaseRecord { lease, promised, yielded, disgraced } = record;
        Self {
            session: session.to_owned(),
            epoch: lease.epoch,
            holder: lease.holder,
            successor: lease.successor,
            promised: *promised,
            since_ns: lease.since.0,
            probation: lease.probation,
            yielded: *yielded,
            disgraced: disgraced.clone(),
            mode: match status.mode {
                ArmMode::Disabled => SavedMode::Disabled,
                ArmMode::Enabled => SavedMode::Enabled,
                ArmMode::Stopped => SavedMode::Stopped,
                ArmMode::Hold => SavedMode::Hold,
            },
            permit: status.permit,
            fault_reset: status.fault_reset,
            reason: status.reason.clone(),
            stamp_ns: status.stamp.0,
        }
    }

    /// The text of the state file.
    ///
    /// # Errors
    /// [`StateError`], which a plain struct like this one never gives.
    pub fn to_json(&self) -> Result<String, StateError> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// Reads the text of a state file.
    ///
    /// # Errors
    /// [`StateError`] saying where the text is broken.
    pub fn from_json(text: &str) -> Result<Self, StateError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The lease in force and what was promised with it. In another session no process is left to
    /// hold it.
    pub(crate) fn lease(&self, session: &str) -> LeaseRecord {
        let alive = self.session == session;
        let lease = Lease {
            epoch: self.epoch,
            holder: if alive { self.holder } else { 0 },
            successor: if alive { self.successor } else { 0 },
            probation: alive && self.probation,
            since: Stamp(self.since_ns),
            ..Lease::default()
        };
        let (promised, yielded) = (self.promised, self.yielded);
        LeaseRecord { lease, promised, yielded, disgraced: self.disgraced.clone() }
    }

    /// The word in force. In another session the drives may stand anywhere, without power: disabled.
    pub(crate) fn status(&self, session: &str, now: Stamp) -> ArmStatus {
        if self.session != session {
            let reason = "the arm was started anew: call arm/enable".to_owned();
            let (permit, fault_reset) = (self.permit, self.fault_reset);
            return ArmStatus { stamp: now, mode: ArmMode::Disabled, permit, fault_reset, reason };
        }
        ArmStatus {
            stamp: Stamp(self.stamp_ns),
            mode: match self.mode {
                SavedMode::Disabled => ArmMode::Disabled,
                SavedMode::Enabled => ArmMode::Enabled,
                SavedMode::Stopped => ArmMode::Stopped,
                SavedMode::Hold => ArmMode::Hold,
            },
            permit: self.permit,
            fault_reset: self.fault_reset,
            reason: self.reason.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> PersistentState {
        let lease =
            Lease { epoch: 7, holder: 11, successor: 12, since: Stamp(5), ..Lease::default() };
        let status = ArmStatus {
            stamp: Stamp(9),
            mode: ArmMode::Enabled,
            permit: 3,
            fault_reset: 2,
            reason: "arm/enable".to_owned(),
        };
        let record = LeaseRecord { lease, promised: 12, ..LeaseRecord::default() };
        PersistentState::new("session a", &record, &status)
    }

    #[test]
    fn a_stored_state_is_read_back_unchanged() {
        let text = stored().to_json().unwrap();
        assert_eq!(PersistentState::from_json(&text).unwrap(), stored());
    }

    #[test]
    fn the_same_session_keeps_mode_and_holder() {
        assert_eq!(stored().status("session a", Stamp(99)).mode, ArmMode::Enabled);
        assert_eq!(stored().lease("session a").lease.holder, 11);
    }

    #[test]
    fn another_session_disables_but_keeps_epoch_and_permit() {
        let status = stored().status("session b", Stamp(99));
        assert_eq!((status.mode, status.permit), (ArmMode::Disabled, 3));
        let LeaseRecord { lease, promised, .. } = stored().lease("session b");
        assert_eq!((lease.epoch, lease.holder, promised), (7, 0, 12));
    }

    #[test]
    fn a_torn_file_is_refused_with_the_place() {
        let text = stored().to_json().unwrap();
        let torn = text.split_at(text.len() / 2).0;
        let message = PersistentState::from_json(torn).unwrap_err().to_string();
        assert!(message.contains("line") && message.contains("remove the file"), "{message}");
    }
}
