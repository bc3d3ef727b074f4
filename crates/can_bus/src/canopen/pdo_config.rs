//! What a PDO is set to, and the SDO writes that set it (CiA 301 procedure, in pre-operational).
//!
//! The one rule: a PDO is switched off before its mapping is touched and switched on as the last
//! step; in between nothing half-mapped is ever sent.

use super::cob::{self, PdoNumber};
use super::od::{self, Address, DataType, Object};
use super::pdo::{Mapping, MappingEntry};
use super::sequence::{Write, WriteSequence};
use super::{CanOpenError, NodeId};

/// Bit 31 of the COB-ID entry: the PDO is off.
pub const PDO_OFF: u32 = 1 << 31;
/// Bit 30: no remote transmission request allowed.
pub const NO_RTR: u32 = 1 << 30;

/// When a PDO is sent or takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transmission {
    /// At the next SYNC after a change.
    AcyclicSync,
    /// At every n-th SYNC, 1 to 240. A receive PDO takes effect at the *next* SYNC.
    EverySync(u8),
    /// On an event (255, device profile); a receive PDO takes effect at once.
    Event,
    /// Any other type, as the number.
    Other(u8),
}

impl Transmission {
    /// The transmission type byte.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::AcyclicSync => 0,
            Self::EverySync(n) | Self::Other(n) => n,
            Self::Event => 255,
        }
    }

    /// Reads the transmission type byte.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::AcyclicSync,
            1..=240 => Self::EverySync(code),
            255 => Self::Event,
            other => Self::Other(other),
        }
    }
}

/// Seen from the drive, as in all CANopen documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// RPDO: the drive receives it.
    Receive,
    /// TPDO: the drive transmits it.
    Transmit,
}

/// The wanted setting of one PDO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PdoConfig {
    /// RPDO or TPDO.
    pub direction: Direction,
    /// Which of the four.
    pub number: PdoNumber,
    /// When it is sent or takes effect.
    pub transmission: Transmission,
    /// Shortest distance between two, \[100 us\]; `None`: leave as it is.
    pub inhibit_time: Option<u16>,
    /// Event timer \[ms\]; `None`: leave as it is.
    pub event_timer: Option<u16>,
    /// What it carries.
    pub mapping: Mapping,
}

impl PdoConfig {
    /// A receive PDO of these objects.
    ///
    /// # Errors
    /// [`CanOpenError`] when they do not fit 8 bytes.
    pub fn receive(
        number: PdoNumber,
        transmission: Transmission,
        objects: &[Object],
    ) -> Result<Self, CanOpenError> {
        Self::new(Direction::Receive, number, transmission, objects)
    }

    /// A transmit PDO of these objects.
    ///
    /// # Errors
    /// [`CanOpenError`] when they do not fit 8 bytes.
    pub fn transmit(
        number: PdoNumber,
        transmission: Transmission,
        objects: &[Object],
    ) -> Result<Self, CanOpenError> {
        Self::new(Direction::Transmit, number, transmission, objects)
    }

    fn new(
        direction: Direction,
        number: PdoNumber,
        transmission: Transmission,
        objects: &[Object],
    ) -> Result<Self, CanOpenError> {
        let mapping = Mapping::of(objects)?;
        let (inhibit_time, event_timer) = (None, None);
        Ok(Self { direction, number, transmission, inhibit_time, event_timer, mapping })
    }

    /// The COB-ID of this PDO on that node.
    #[must_use]
    pub const fn cob_id(&self, node: NodeId) -> u16 {
        match self.direction {
            Direction::Receive => cob::rpdo(self.number, node),
            Direction::Transmit => cob::tpdo(self.number, node),
        }
    }

    /// The SDO writes, in order, with what must read back.
    #[must_use]
    pub fn writes(&self, node: NodeId) -> Vec<Write> {
        let (communication, mapping) = match self.direction {
            Direction::Receive => (od::RPDO_COMMUNICATION, od::RPDO_MAPPING),
            Direction::Transmit => (od::TPDO_COMMUNICATION, od::TPDO_MAPPING),
        };
        let offset = self.number.offset();
        let mut writes = self.communication_writes(communication + offset, node);
        writes.extend(mapping_writes(mapping + offset, &self.mapping));
        writes.push(cob_write(communication + offset, self.cob_entry(node)));
        writes
    }

    fn cob_entry(&self, node: NodeId) -> u32 {
        let rtr = if self.direction == Direction::Transmit { NO_RTR } else { 0 };
        u32::from(self.cob_id(node)) | rtr
    }

    fn communication_writes(&self, index: u16, node: NodeId) -> Vec<Write> {
        let set = |sub, kind, value: i64| Write::new(Object::new(index, sub, kind), value);
        let mut writes = vec![
            cob_write(index, self.cob_entry(node) | PDO_OFF),
            set(2, DataType::U8, self.transmission.code().into()),
        ];
        writes.extend(self.inhibit_time.map(|time| set(3, DataType::U16, time.into())));
        writes.extend(self.event_timer.map(|time| set(5, DataType::U16, time.into())));
        writes
    }
}

/// Bits 31 and 28..0 are compared: not every drive keeps bit 30.
fn cob_write(index: u16, value: u32) -> Write {
    Write {
        verify: Some(u64::from(!NO_RTR)),
        ..Write::new(Object::new(index, 1, DataType::U32), value.into())
    }
}

fn mapping_writes(index: u16, mapping: &Mapping) -> Vec<Write> {
    let count = |n: usize| Write::new(Object::new(index, 0, DataType::U8), n as i64);
    let entry = |(sub, entry): (u8, MappingEntry)| {
        Write::new(Object::new(index, sub, DataType::U32), entry.raw().into())
    };
    let mut writes = vec![count(0)];
    writes.extend((1..).zip(mapping.entries()).map(entry));
    writes.push(count(mapping.len()));
    writes
}

/// The writes of all `configs`, one PDO after the other, each read back.
#[must_use]
pub fn configure(node: NodeId, configs: &[PdoConfig]) -> WriteSequence {
    WriteSequence::new(configs.iter().flat_map(|config| config.writes(node)).collect())
}

/// Switches a PDO off, for those the drive has on by default and nobody reads.
#[must_use]
pub fn switch_off(direction: Direction, number: PdoNumber, node: NodeId) -> Write {
    let (base, cob_id) = match direction {
        Direction::Receive => (od::RPDO_COMMUNICATION, cob::rpdo(number, node)),
        Direction::Transmit => (od::TPDO_COMMUNICATION, cob::tpdo(number, node)),
    };
    Write {
        address: Address::new(base + number.offset(), 1),
        data: DataType::U32.encode((u32::from(cob_id) | PDO_OFF).into()),
        verify: Some(PDO_OFF.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canopen::sdo::Operation;

    #[test]
    fn pdo_is_off_while_its_mapping_changes_and_on_at_the_end() {
        let node = NodeId::new(3).unwrap();
        let config = PdoConfig::transmit(
            PdoNumber::Two,
            Transmission::EverySync(1),
            &[od::STATUSWORD, od::POSITION_ACTUAL],
        )
        .unwrap();
        let steps: Vec<(u16, u8, u64)> = config
            .writes(node)
            .iter()
            .map(|w| {
                let value = w.data.iter().rev().fold(0, |acc, &b| acc << 8 | u64::from(b));
                (w.address.index, w.address.sub, value)
            })
            .collect();
        assert_eq!(
            steps,
            [
                (0x1801, 1, 0xC000_0283),
                (0x1801, 2, 1),
                (0x1A01, 0, 0),
                (0x1A01, 1, 0x6041_0010),
                (0x1A01, 2, 0x6064_0020),
                (0x1A01, 0, 2),
                (0x1801, 1, 0x4000_0283),
            ]
        );
    }

    #[test]
    fn sequence_reads_every_step_back() {
        let node = NodeId::new(1).unwrap();
        let config =
            PdoConfig::receive(PdoNumber::One, Transmission::Event, &[od::CONTROLWORD]).unwrap();
        let mut sequence = configure(node, &[config]);
        let (mut memory, mut reads) = (Vec::new(), 0);
        while let Some(operation) = sequence.next() {
            let result = match operation {
                Operation::Download(_, data) => {
                    memory = data;
                    Ok(vec![])
                }
                Operation::Upload(_) => {
                    reads += 1;
                    Ok(memory.clone())
                }
            };
            sequence.accept(result).unwrap();
        }
        assert_eq!(reads, 6);
    }
}
