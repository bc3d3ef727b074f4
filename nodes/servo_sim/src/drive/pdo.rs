//! The PDOs of a drive, as its dictionary describes them.
//!
//! The one rule: a synchronous RPDO is kept and takes effect at the *next* SYNC; the newest one
//! wins. A payload of the wrong length changes nothing.

use super::dictionary::Dictionary;
use super::objects::PDO_COUNT;
use can_bus::canopen::od::{
    Address, RPDO_COMMUNICATION, RPDO_MAPPING, TPDO_COMMUNICATION, TPDO_MAPPING,
};
use can_bus::canopen::pdo::{Mapping, MappingEntry, Values};
use can_bus::canopen::{CanOpenError, od};
use can_bus::frame::Frame;
use std::time::Duration;
use vocabulary::time::Monotonic;

/// Communication and mapping of one PDO.
#[derive(Debug, Clone, Default)]
struct Setup {
    /// `None` when switched off.
    cob_id: Option<u16>,
    kind: u8,
    mapping: Mapping,
}

impl Setup {
    fn read(od: &Dictionary, communication: u16, mapping: u16) -> Self {
        let raw = od.value(Address::new(communication, 1));
        let entry = |sub| MappingEntry::from_raw(od.value(Address::new(mapping, sub)) as u32);
        let count = od.value(Address::new(mapping, 0)).clamp(0, 8) as u8;
        let entries: Vec<_> = (1..=count).map(entry).collect();
        Self {
            cob_id: (raw & 1 << 31 == 0).then_some((raw & 0x7FF) as u16),
            kind: od.value(Address::new(communication, 2)) as u8,
            mapping: Mapping::from_entries(&entries).unwrap_or_default(),
        }
    }
}

/// A PDO the drive receives.
#[derive(Debug, Clone, Default)]
pub struct Rpdo {
    setup: Setup,
    carries: Applied,
    waiting: Option<Values>,
}

impl Rpdo {
    fn read(od: &Dictionary, offset: u16) -> Self {
        let setup = Setup::read(od, RPDO_COMMUNICATION + offset, RPDO_MAPPING + offset);
        let parts = setup.mapping.entries().map(|entry| Applied::of(entry.address));
        let carries = parts.fold(Applied::default(), Applied::and);
        Self { setup, carries, waiting: None }
    }

    /// Whether a frame with this COB-ID is for it.
    #[must_use]
    pub fn takes(&self, cob_id: u16) -> bool {
        self.setup.cob_id == Some(cob_id) && !self.setup.mapping.is_empty()
    }

    /// Reads a payload; `Ok(true)` when it takes effect at once, else it waits for SYNC.
    ///
    /// # Errors
    /// [`CanOpenError::PdoLength`] for a payload of the wrong length.
    pub fn receive(&mut self, data: &[u8]) -> Result<bool, CanOpenError> {
        self.waiting = Some(self.setup.mapping.unpack(data)?);
        Ok(self.setup.kind > 240)
    }

    /// Moves the waiting values to the dictionary; says what they were.
    pub fn apply(&mut self, od: &mut Dictionary) -> Applied {
        let Some(values) = self.waiting.take() else { return Applied::default() };
        for (entry, value) in self.setup.mapping.entries().zip(values) {
            od.receive(entry.address, value);
        }
        self.carries
    }
}

/// Which kinds of object were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// The controlword.
    pub controlword: bool,
    /// A target or an offset.
    pub setpoint: bool,
    /// Anything else.
    pub other: bool,
}

impl Applied {
    /// What writing `address` means.
    #[must_use]
    pub fn of(address: Address) -> Self {
        let is = |object: od::Object| object.address == address;
        let controlword = is(od::CONTROLWORD);
        let setpoint =
            [od::TARGET_POSITION, od::TORQUE_OFFSET, od::TARGET_TORQUE].into_iter().any(is);
        Self { controlword, setpoint, other: !controlword && !setpoint }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self {
            controlword: self.controlword || more.controlword,
            setpoint: self.setpoint || more.setpoint,
            other: self.other || more.other,
        }
    }
}

/// A PDO the drive sends.
#[derive(Debug, Clone, Default)]
pub struct Tpdo {
    setup: Setup,
    inhibit: Duration,
    event_timer: Duration,
    syncs: u8,
    last_sent: Option<Monotonic>,
    last: Option<Frame>,
    /// The device's own event (a change of state) has happened.
    event: bool,
}

impl Tpdo {
    fn read(od: &Dictionary, offset: u16) -> Self {
        let communication = TPDO_COMMUNICATION + offset;
        let value = |sub| od.value(Address::new(communication, sub)).max(0) as u64;
        Self {
            setup: Setup::read(od, communication, TPDO_MAPPING + offset),
            inhibit: Duration::from_micros(100 * value(3)),
            event_timer: Duration::from_millis(value(5)),
            ..Self::default()
        }
    }

    /// What to send at this SYNC, if anything.
    pub fn on_sync(&mut self, od: &Dictionary, now: Monotonic) -> Option<Frame> {
        match self.setup.kind {
            0 => {
                let frame = self.frame(od)?;
                (self.last != Some(frame)).then(|| self.sent(frame, now))
            }
            every @ 1..=240 => {
                self.syncs = self.syncs.saturating_add(1);
                if self.syncs < every {
                    return None;
                }
                self.syncs = 0;
                self.frame(od).map(|frame| self.sent(frame, now))
            }
            _ => None,
        }
    }

    /// Something happened that an event-driven PDO reports.
    pub fn notify(&mut self, changed: &[od::Object]) {
        let carries = changed.iter().any(|&o| self.setup.mapping.position_of(o).is_some());
        self.event |= carries && self.setup.kind >= 254;
    }

    /// What an event-driven PDO sends now, if anything.
    pub fn poll(&mut self, od: &Dictionary, now: Monotonic) -> Option<Frame> {
        if self.due(now)? > now {
            return None;
        }
        self.event = false;
        self.frame(od).map(|frame| self.sent(frame, now))
    }

    /// When an event-driven PDO wants to send next.
    #[must_use]
    pub fn due(&self, now: Monotonic) -> Option<Monotonic> {
        self.setup.cob_id?;
        if self.setup.kind < 254 {
            return None;
        }
        let free = self.last_sent.map_or(now, |last| last + self.inhibit);
        if self.event {
            return Some(free);
        }
        let timer = self.last_sent.map_or(now, |last| last + self.event_timer);
        (!self.event_timer.is_zero()).then_some(timer.max(free))
    }

    fn frame(&self, od: &Dictionary) -> Option<Frame> {
        let mut values = [0; 8];
        let entries = self.setup.mapping.entries();
        let count = entries.len();
        if count == 0 {
            return None;
        }
        for (value, entry) in values.iter_mut().zip(entries) {
            *value = od.value(entry.address);
        }
        let payload = self.setup.mapping.pack(values.get(..count)?).ok()?;
        Frame::standard(self.setup.cob_id?, payload.bytes()).ok()
    }

    fn sent(&mut self, frame: Frame, now: Monotonic) -> Frame {
        self.last = Some(frame);
        self.last_sent = Some(now);
        frame
    }
}

/// All PDOs of a drive.
#[derive(Debug, Clone, Default)]
pub struct Pdos {
    /// Received.
    pub receive: Vec<Rpdo>,
    /// Sent.
    pub transmit: Vec<Tpdo>,
}

impl Pdos {
    /// As the dictionary describes them now; forgets what was waiting.
    #[must_use]
    pub fn read(od: &Dictionary) -> Self {
        Self {
            receive: (0..PDO_COUNT).map(|offset| Rpdo::read(od, offset)).collect(),
            transmit: (0..PDO_COUNT).map(|offset| Tpdo::read(od, offset)).collect(),
        }
    }
}
