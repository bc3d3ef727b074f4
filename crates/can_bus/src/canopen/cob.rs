//! COB-IDs of the predefined connection set (CiA 301): which identifier carries which service.
//!
//! The one rule: nobody else computes an identifier from a node id.

use super::NodeId;

/// NMT commands of the master, all nodes.
pub const NMT: u16 = 0x000;
/// SYNC (object 0x1005 default).
pub const SYNC: u16 = 0x080;

const EMCY_BASE: u16 = 0x080;
const SDO_REPLY_BASE: u16 = 0x580;
const SDO_REQUEST_BASE: u16 = 0x600;
const HEARTBEAT_BASE: u16 = 0x700;

/// One of the four predefined PDOs of a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PdoNumber {
    /// PDO 1.
    One,
    /// PDO 2.
    Two,
    /// PDO 3.
    Three,
    /// PDO 4.
    Four,
}

impl PdoNumber {
    /// All four, in order.
    pub const ALL: [Self; 4] = [Self::One, Self::Two, Self::Three, Self::Four];

    /// 0 for PDO 1 .. 3 for PDO 4: what is added to 0x1400, 0x1600, 0x1800, 0x1A00.
    #[must_use]
    pub const fn offset(self) -> u16 {
        match self {
            Self::One => 0,
            Self::Two => 1,
            Self::Three => 2,
            Self::Four => 3,
        }
    }
}

const fn at(base: u16, node: NodeId) -> u16 {
    base + node.get() as u16
}

/// EMCY of a node: 0x080 + id.
#[must_use]
pub const fn emcy(node: NodeId) -> u16 {
    at(EMCY_BASE, node)
}

/// Heartbeat and boot-up of a node: 0x700 + id.
#[must_use]
pub const fn heartbeat(node: NodeId) -> u16 {
    at(HEARTBEAT_BASE, node)
}

/// SDO request, client to server: 0x600 + id.
#[must_use]
pub const fn sdo_request(node: NodeId) -> u16 {
    at(SDO_REQUEST_BASE, node)
}

/// SDO reply, server to client: 0x580 + id.
#[must_use]
pub const fn sdo_reply(node: NodeId) -> u16 {
    at(SDO_REPLY_BASE, node)
}

/// TPDO (drive to master): 0x180, 0x280, 0x380, 0x480 + id.
#[must_use]
pub const fn tpdo(number: PdoNumber, node: NodeId) -> u16 {
    at(0x180 + number.offset() * 0x100, node)
}

/// RPDO (master to drive): 0x200, 0x300, 0x400, 0x500 + id.
#[must_use]
pub const fn rpdo(number: PdoNumber, node: NodeId) -> u16 {
    at(0x200 + number.offset() * 0x100, node)
}

/// What a COB-ID of the predefined connection set carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// NMT command.
    Nmt,
    /// SYNC.
    Sync,
    /// Emergency of a node.
    Emcy(NodeId),
    /// Drive-to-master PDO.
    Tpdo(PdoNumber, NodeId),
    /// Master-to-drive PDO.
    Rpdo(PdoNumber, NodeId),
    /// SDO reply of a node.
    SdoReply(NodeId),
    /// SDO request to a node.
    SdoRequest(NodeId),
    /// Heartbeat or boot-up of a node.
    Heartbeat(NodeId),
}

impl Service {
    /// Reads an 11-bit COB-ID; `None` for identifiers outside the predefined set (TIME, LSS, ...).
    #[must_use]
    pub fn of(cob_id: u16) -> Option<Self> {
        match cob_id {
            NMT => return Some(Self::Nmt),
            SYNC => return Some(Self::Sync),
            _ => {}
        }
        let node = NodeId::new((cob_id & 0x7F) as u8).ok()?;
        match cob_id & !0x7F {
            EMCY_BASE => Some(Self::Emcy(node)),
            0x180 => Some(Self::Tpdo(PdoNumber::One, node)),
            0x200 => Some(Self::Rpdo(PdoNumber::One, node)),
            0x280 => Some(Self::Tpdo(PdoNumber::Two, node)),
            0x300 => Some(Self::Rpdo(PdoNumber::Two, node)),
            0x380 => Some(Self::Tpdo(PdoNumber::Three, node)),
            0x400 => Some(Self::Rpdo(PdoNumber::Three, node)),
            0x480 => Some(Self::Tpdo(PdoNumber::Four, node)),
            0x500 => Some(Self::Rpdo(PdoNumber::Four, node)),
            SDO_REPLY_BASE => Some(Self::SdoReply(node)),
            SDO_REQUEST_BASE => Some(Self::SdoRequest(node)),
            HEARTBEAT_BASE => Some(Self::Heartbeat(node)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_agrees_with_the_service_it_names() {
        for id in 1..=127 {
            let node = NodeId::new(id).unwrap();
            assert_eq!(Service::of(emcy(node)), Some(Service::Emcy(node)));
            assert_eq!(Service::of(heartbeat(node)), Some(Service::Heartbeat(node)));
            assert_eq!(Service::of(sdo_request(node)), Some(Service::SdoRequest(node)));
            assert_eq!(Service::of(sdo_reply(node)), Some(Service::SdoReply(node)));
            for n in PdoNumber::ALL {
                assert_eq!(Service::of(tpdo(n, node)), Some(Service::Tpdo(n, node)));
                assert_eq!(Service::of(rpdo(n, node)), Some(Service::Rpdo(n, node)));
            }
        }
    }

    #[test]
    fn identifiers_outside_the_predefined_set_have_no_service() {
        for id in [0x100, 0x101, 0x680, 0x7E5, 0x7FF] {
            assert_eq!(Service::of(id), None, "0x{id:03X}");
        }
    }
}
