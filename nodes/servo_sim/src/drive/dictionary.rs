//! The object dictionary of one drive: a typed table.
//!
//! The one rule: what comes from the bus passes [`Dictionary::write`], which checks access, length
//! and range; the drive itself uses [`Dictionary::set`].

use super::objects;
use can_bus::canopen::od::{Address, DataType, Object, RPDO_MAPPING, TPDO_MAPPING};
use can_bus::canopen::sdo::AbortCode;
use std::rc::Rc;

/// What the bus may do with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read.
    ReadOnly,
    /// Read and write by SDO.
    ReadWrite,
    /// Read, and mapped to a TPDO.
    Transmit,
    /// Read and write, and mapped to an RPDO or a TPDO.
    Receive,
}

/// One object.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where and what.
    pub object: Object,
    /// What the bus may do with it.
    pub access: Access,
    /// Present value.
    pub value: i64,
    /// Smallest value the bus may write.
    pub low: i64,
    /// Largest value the bus may write.
    pub high: i64,
}

impl Entry {
    /// An entry that takes every value of its type.
    #[must_use]
    pub fn new(object: Object, access: Access, value: i64) -> Self {
        let (low, high) = range(object.data_type);
        Self { object, access, value, low, high }
    }

    /// The same entry, limited to `low..=high`.
    #[must_use]
    pub fn within(self, low: i64, high: i64) -> Self {
        Self { low, high, ..self }
    }
}

fn range(kind: DataType) -> (i64, i64) {
    let bits = u32::from(kind.bits());
    if kind.is_signed() {
        (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    } else {
        (0, (1 << bits) - 1)
    }
}

/// The table, sorted by address.
#[derive(Debug, Clone)]
pub struct Dictionary {
    entries: Vec<Entry>,
    /// Open addressing: slot + 1 of the object whose address belongs here, 0 for none. A drive asks
    /// for dozens of objects per cycle.
    index: Rc<[u16]>,
}

/// Where an address belongs in an index of so many places, a power of two.
fn place(address: Address, places: usize) -> usize {
    let mixed = u32::from(address.index) << 8 | u32::from(address.sub);
    (mixed.wrapping_mul(0x9E37_79B1) >> 16) as usize & (places - 1)
}

fn index(entries: &[Entry]) -> Rc<[u16]> {
    // Most places stay empty, so that a search is short.
    let places = (4 * entries.len() + 1).next_power_of_two();
    let mut index = vec![0_u16; places];
    for (entry, number) in entries.iter().zip(1..) {
        let start = place(entry.object.address, places);
        let free = (0..places).map(|n| (start + n) % places).find(|n| index.get(*n) == Some(&0));
        if let Some(slot) = free.and_then(|n| index.get_mut(n)) {
            *slot = number;
        }
    }
    index.into()
}

impl Dictionary {
    /// From entries in any order; of two with one address the first counts.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|e| e.object.address);
        entries.dedup_by_key(|e| e.object.address);
        let index = index(&entries);
        Self { entries, index }
    }

    fn slot(&self, address: Address) -> Option<usize> {
        let mut at = place(address, self.index.len());
        loop {
            let slot = usize::from(*self.index.get(at)?).checked_sub(1)?;
            if self.entries.get(slot)?.object.address == address {
                return Some(slot);
            }
            at = (at + 1) & (self.index.len() - 1);
        }
    }

    /// The entry at an address.
    #[must_use]
    pub fn find(&self, address: Address) -> Option<&Entry> {
        self.slot(address).and_then(|slot| self.entries.get(slot))
    }

    /// Present value; 0 for an object that is not there.
    #[must_use]
    pub fn value(&self, address: Address) -> i64 {
        self.find(address).map_or(0, |e| e.value)
    }

    /// Present value of a named object.
    #[must_use]
    pub fn get(&self, object: Object) -> i64 {
        self.value(object.address)
    }

    /// Sets a value from inside the drive, cut to the range of its type.
    pub fn set(&mut self, object: Object, value: i64) {
        self.set_at(object.address, value);
    }

    /// Sets a value from inside the drive, by address.
    pub fn set_at(&mut self, address: Address, value: i64) {
        if let Some(entry) = self.slot(address).and_then(|slot| self.entries.get_mut(slot)) {
            let (low, high) = range(entry.object.data_type);
            entry.value = value.clamp(low, high);
        }
    }

    /// Takes the values of `other` wherever `index` is chosen by `which`.
    pub fn copy_from(&mut self, other: &Self, which: impl Fn(u16) -> bool) {
        for entry in self.entries.iter_mut().filter(|e| which(e.object.address.index)) {
            entry.value = other.value(entry.object.address);
        }
    }

    /// The bytes of an object.
    ///
    /// # Errors
    /// Why the client cannot have them.
    pub fn read(&self, address: Address) -> Result<Vec<u8>, AbortCode> {
        if let Some(text) = objects::text(address) {
            return Ok(text.as_bytes().to_vec());
        }
        let entry = self.find(address).ok_or_else(|| self.missing(address))?;
        Ok(entry.object.encode(entry.value))
    }

    /// Stores bytes that came from the bus.
    ///
    /// # Errors
    /// Why they are refused; the object keeps its value.
    pub fn write(&mut self, address: Address, data: &[u8]) -> Result<(), AbortCode> {
        let entry = self.find(address).ok_or_else(|| self.missing(address))?;
        if matches!(entry.access, Access::ReadOnly | Access::Transmit) {
            return Err(AbortCode::ReadOnly);
        }
        let size = entry.object.data_type.size();
        let value = entry.object.decode(data).ok_or(match data.len().cmp(&size) {
            std::cmp::Ordering::Less => AbortCode::TooShort,
            _ => AbortCode::TooLong,
        })?;
        check_range(entry, value)?;
        self.check_mapping(address, value)?;
        self.set_at(address, value);
        Ok(())
    }

    /// Takes a value from an RPDO: ignored when out of range or not writable.
    pub fn receive(&mut self, address: Address, value: i64) {
        let fits = |e: &Entry| e.access == Access::Receive && check_range(e, value).is_ok();
        if self.find(address).is_some_and(fits) {
            self.set_at(address, value);
        }
    }

    fn missing(&self, address: Address) -> AbortCode {
        let known = objects::text(Address::new(address.index, 0)).is_some()
            || self.entries.iter().any(|e| e.object.address.index == address.index);
        if known { AbortCode::NoSubindex } else { AbortCode::NoObject }
    }

    /// Mapping objects change only while the count is 0, and name objects that can be mapped.
    fn check_mapping(&self, address: Address, value: i64) -> Result<(), AbortCode> {
        let Some(transmit) = mapping_direction(address.index) else { return Ok(()) };
        let at = |sub| Address::new(address.index, sub);
        if address.sub != 0 {
            let locked = self.value(at(0)) != 0;
            return if locked {
                Err(AbortCode::UnsupportedAccess)
            } else {
                self.mappable(value, transmit)
            };
        }
        let raw = |sub| self.value(at(sub));
        let count = u8::try_from(value).unwrap_or(u8::MAX);
        (1..=count).try_for_each(|sub| self.mappable(raw(sub), transmit))?;
        let bits: i64 = (1..=count).map(|sub| raw(sub) & 0xFF).sum();
        if bits > 64 { Err(AbortCode::PdoLength) } else { Ok(()) }
    }

    fn mappable(&self, raw: i64, transmit: bool) -> Result<(), AbortCode> {
        let target = Address::new((raw >> 16) as u16, (raw >> 8) as u8);
        let entry = self.find(target).ok_or_else(|| self.missing(target))?;
        let fits = match entry.access {
            Access::Receive => true,
            Access::Transmit => transmit,
            Access::ReadOnly | Access::ReadWrite => false,
        };
        if fits && raw & 0xFF == i64::from(entry.object.data_type.bits()) {
            Ok(())
        } else {
            Err(AbortCode::NotMappable)
        }
    }
}

fn check_range(entry: &Entry, value: i64) -> Result<(), AbortCode> {
    match value {
        v if v < entry.low => Err(AbortCode::ValueTooLow),
        v if v > entry.high => Err(AbortCode::ValueTooHigh),
        _ => Ok(()),
    }
}

/// For an index of a mapping object: whether it maps a TPDO.
fn mapping_direction(index: u16) -> Option<bool> {
    match index & !3 {
        RPDO_MAPPING => Some(false),
        TPDO_MAPPING => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use can_bus::canopen::{NodeId, od};

    fn dictionary() -> Dictionary {
        Dictionary::new(objects::all(&Config::default(), 0, NodeId::new(1).unwrap()))
    }

    #[test]
    fn writes_are_refused_with_the_code_of_the_standard() {
        let mut d = dictionary();
        let mut refused =
            |index, sub, data: &[u8]| d.write(Address::new(index, sub), data).unwrap_err();
        assert_eq!(refused(0x6041, 0, &[0, 0]), AbortCode::ReadOnly);
        assert_eq!(refused(0x5FFF, 0, &[0]), AbortCode::NoObject);
        assert_eq!(refused(0x1018, 9, &[0]), AbortCode::NoSubindex);
        assert_eq!(refused(0x6040, 0, &[0]), AbortCode::TooShort);
        assert_eq!(refused(0x6040, 0, &[0; 4]), AbortCode::TooLong);
        assert_eq!(refused(0x605A, 0, &[9, 0]), AbortCode::ValueTooHigh);
    }

    #[test]
    fn mapping_changes_only_while_the_count_is_zero_and_must_be_mappable() {
        let mut d = dictionary();
        let entry = Address::new(0x1600, 1);
        let raw = |v: u32| v.to_le_bytes();
        assert_eq!(d.write(entry, &raw(0x607A_0020)), Err(AbortCode::UnsupportedAccess));
        d.write(Address::new(0x1600, 0), &[0]).unwrap();
        assert_eq!(d.write(entry, &raw(0x6064_0020)), Err(AbortCode::NotMappable));
        assert_eq!(d.write(entry, &raw(0x607A_0010)), Err(AbortCode::NotMappable));
        assert_eq!(d.write(entry, &raw(0x7FFF_0020)), Err(AbortCode::NoObject));
        for sub in 1..=3 {
            d.write(Address::new(0x1600, sub), &raw(0x607A_0020)).unwrap();
        }
        assert_eq!(d.write(Address::new(0x1600, 0), &[3]), Err(AbortCode::PdoLength));
        assert_eq!(d.write(Address::new(0x1600, 0), &[2]), Ok(()));
    }

    #[test]
    fn every_object_named_here_reads_with_its_own_length() {
        let d = dictionary();
        assert_eq!(d.read(od::POSITION_ACTUAL.address).unwrap().len(), 4);
        assert_eq!(d.read(objects::WINDING_TEMPERATURE.address).unwrap().len(), 2);
        assert!(d.read(Address::new(0x1008, 0)).unwrap().len() > 4);
    }
}
