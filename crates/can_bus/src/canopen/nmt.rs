//! NMT commands, heartbeat and boot-up (CiA 301).
//!
//! The one rule: a boot-up is never taken for a heartbeat. A boot-up at run time means that the
//! drive lost its configuration, see [`Heartbeat::BootUp`].

use super::{NodeId, cob};
use crate::frame::Frame;

/// What the NMT master asks of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NmtCommand {
    /// Go to operational: PDOs run.
    Start,
    /// Go to stopped: only NMT and heartbeat run.
    Stop,
    /// Go to pre-operational: SDO runs, PDOs do not.
    EnterPreOperational,
    /// Restart the node, application included.
    ResetNode,
    /// Restart the communication part: PDO configuration returns to its stored values.
    ResetCommunication,
}

impl NmtCommand {
    const ALL: [Self; 5] = [
        Self::Start,
        Self::Stop,
        Self::EnterPreOperational,
        Self::ResetNode,
        Self::ResetCommunication,
    ];

    /// The command byte.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Start => 0x01,
            Self::Stop => 0x02,
            Self::EnterPreOperational => 0x80,
            Self::ResetNode => 0x81,
            Self::ResetCommunication => 0x82,
        }
    }

    /// The frame that gives this command to one node, or to all with `None`.
    #[must_use]
    pub fn frame(self, node: Option<NodeId>) -> Frame {
        Frame::from_cob(cob::NMT, &[self.code(), node.map_or(0, NodeId::get)])
    }

    /// Reads an NMT frame: the command and whom it addresses (`None`: all nodes).
    #[must_use]
    pub fn decode(frame: &Frame) -> Option<(Self, Option<NodeId>)> {
        let (cob::NMT, &[code, target]) = (frame.cob_id()?, frame.data()) else { return None };
        let command = Self::ALL.into_iter().find(|c| c.code() == code)?;
        match target {
            0 => Some((command, None)),
            id => Some((command, Some(NodeId::new(id).ok()?))),
        }
    }
}

/// The state a node reports in its heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NmtState {
    /// Only NMT and heartbeat run.
    Stopped,
    /// PDOs and SDO run.
    Operational,
    /// SDO runs, PDOs do not.
    PreOperational,
}

impl NmtState {
    /// The heartbeat byte.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Stopped => 4,
            Self::Operational => 5,
            Self::PreOperational => 127,
        }
    }
}

/// One message on 0x700 + id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// The node (re)started: its PDO configuration and its CiA 402 state are gone.
    BootUp,
    /// The node is alive in this state.
    Alive(NmtState),
}

impl Heartbeat {
    /// The frame a node sends.
    #[must_use]
    pub fn frame(self, node: NodeId) -> Frame {
        let code = match self {
            Self::BootUp => 0,
            Self::Alive(state) => state.code(),
        };
        Frame::from_cob(cob::heartbeat(node), &[code])
    }

    /// Reads a frame on 0x700 + id; bit 7 (the toggle of node guarding) is ignored. `None` when the
    /// frame is no heartbeat, has not one byte, or reports no known state.
    #[must_use]
    pub fn decode(frame: &Frame) -> Option<(NodeId, Self)> {
        let Some(cob::Service::Heartbeat(node)) = cob::Service::of(frame.cob_id()?) else {
            return None;
        };
        let &[code] = frame.data() else { return None };
        let beat = match code & 0x7F {
            0 => Self::BootUp,
            4 => Self::Alive(NmtState::Stopped),
            5 => Self::Alive(NmtState::Operational),
            127 => Self::Alive(NmtState::PreOperational),
            _ => return None,
        };
        Some((node, beat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_heartbeats_survive_a_round_trip() {
        for id in 1..=127 {
            let node = NodeId::new(id).unwrap();
            for command in NmtCommand::ALL {
                assert_eq!(
                    NmtCommand::decode(&command.frame(Some(node))),
                    Some((command, Some(node)))
                );
                assert_eq!(NmtCommand::decode(&command.frame(None)), Some((command, None)));
            }
            for beat in [
                Heartbeat::BootUp,
                Heartbeat::Alive(NmtState::Stopped),
                Heartbeat::Alive(NmtState::Operational),
                Heartbeat::Alive(NmtState::PreOperational),
            ] {
                assert_eq!(Heartbeat::decode(&beat.frame(node)), Some((node, beat)));
            }
        }
    }

    #[test]
    fn heartbeat_of_two_bytes_or_unknown_state_is_refused() {
        for data in [&[5, 0][..], &[], &[6], &[126]] {
            assert_eq!(Heartbeat::decode(&Frame::standard(0x701, data).unwrap()), None);
        }
    }
}
