//! PDO payloads: which objects share the 8 bytes, and how values go in and come out.
//!
//! The one rule: a payload of the wrong length is refused, never padded or cut. Bits are packed in
//! the order of the mapping, least significant first (CiA 301).

use super::CanOpenError;
use super::od::{Address, Object, extend};

/// Most entries a mapping here can have (CiA 301 allows 64 of one bit; drives offer 4 to 8).
pub const MAX_ENTRIES: usize = 8;

/// One mapped object, as written to 0x1600 and 0x1A00: `index << 16 | sub << 8 | bits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MappingEntry {
    /// The mapped object.
    pub address: Address,
    /// Its bits in the payload, 1 to 64.
    pub bits: u8,
}

impl MappingEntry {
    /// The 32-bit value of the mapping object.
    #[must_use]
    pub const fn raw(self) -> u32 {
        (self.address.index as u32) << 16 | (self.address.sub as u32) << 8 | self.bits as u32
    }

    /// Reads the 32-bit value of a mapping object.
    #[must_use]
    pub const fn from_raw(raw: u32) -> Self {
        Self { address: Address::new((raw >> 16) as u16, (raw >> 8) as u8), bits: raw as u8 }
    }
}

impl From<Object> for MappingEntry {
    fn from(object: Object) -> Self {
        Self { address: object.address, bits: object.data_type.bits() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    entry: MappingEntry,
    signed: bool,
}

/// An ordered set of objects that share one PDO.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    slots: Vec<Slot>,
}

/// Values of one PDO in the order of its mapping.
pub type Values = [i64; MAX_ENTRIES];

/// A packed payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    bytes: [u8; 8],
    len: usize,
}

impl Payload {
    /// The bytes to send.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

impl Mapping {
    /// A mapping of named objects; signed objects are sign-extended when read.
    ///
    /// # Errors
    /// [`CanOpenError`] when it does not fit a frame.
    pub fn of(objects: &[Object]) -> Result<Self, CanOpenError> {
        Self::checked(
            objects
                .iter()
                .map(|&o| Slot { entry: o.into(), signed: o.data_type.is_signed() })
                .collect(),
        )
    }

    /// A mapping of raw entries, read unsigned unless the object is one named in
    /// [`super::od`].
    ///
    /// # Errors
    /// [`CanOpenError`] when it does not fit a frame.
    pub fn from_entries(entries: &[MappingEntry]) -> Result<Self, CanOpenError> {
        let signed =
            |e: &MappingEntry| super::od::find(e.address).is_some_and(|o| o.data_type.is_signed());
        Self::checked(entries.iter().map(|e| Slot { entry: *e, signed: signed(e) }).collect())
    }

    fn checked(slots: Vec<Slot>) -> Result<Self, CanOpenError> {
        if slots.len() > MAX_ENTRIES {
            return Err(CanOpenError::TooManyEntries { count: slots.len() });
        }
        if let Some(slot) = slots.iter().find(|s| !(1..=64).contains(&s.entry.bits)) {
            let MappingEntry { address: Address { index, sub }, bits } = slot.entry;
            return Err(CanOpenError::EntryBits { index, sub, bits });
        }
        let mapping = Self { slots };
        match mapping.bits() {
            0..=64 => Ok(mapping),
            bits => Err(CanOpenError::MappingTooLong { bits }),
        }
    }

    /// The entries in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = MappingEntry> + '_ {
        self.slots.iter().map(|slot| slot.entry)
    }

    /// Number of mapped objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing is mapped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Mapped bits, 0 to 64.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.slots.iter().map(|slot| u32::from(slot.entry.bits)).sum()
    }

    /// Length of the payload in bytes.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        self.bits().div_ceil(8) as usize
    }

    /// Where in [`Values`] an object is.
    #[must_use]
    pub fn position_of(&self, object: Object) -> Option<usize> {
        self.slots.iter().position(|slot| slot.entry.address == object.address)
    }

    /// Packs one value per entry; values wider than their entry are cut to its bits.
    ///
    /// # Errors
    /// [`CanOpenError::ValueCount`] when there is not one value per entry.
    pub fn pack(&self, values: &[i64]) -> Result<Payload, CanOpenError> {
        if values.len() != self.slots.len() {
            return Err(CanOpenError::ValueCount { expected: self.slots.len(), got: values.len() });
        }
        let mut word = 0_u64;
        let mut at = 0_u32;
        for (slot, value) in self.slots.iter().zip(values) {
            let bits = u32::from(slot.entry.bits);
            word |= (extend(*value as u64, slot.entry.bits, false) as u64) << at.min(63);
            at += bits;
        }
        Ok(Payload { bytes: word.to_le_bytes(), len: self.payload_len() })
    }

    /// Reads a payload: one value per entry, the rest 0. Does not allocate.
    ///
    /// # Errors
    /// [`CanOpenError::PdoLength`] when the length is not exactly [`Mapping::payload_len`].
    pub fn unpack(&self, data: &[u8]) -> Result<Values, CanOpenError> {
        if data.len() != self.payload_len() {
            return Err(CanOpenError::PdoLength { expected: self.payload_len(), got: data.len() });
        }
        let word = data.iter().rev().fold(0_u64, |acc, &b| acc << 8 | u64::from(b));
        let mut values = [0; MAX_ENTRIES];
        let mut at = 0_u32;
        for (slot, value) in self.slots.iter().zip(&mut values) {
            *value = extend(word >> at.min(63), slot.entry.bits, slot.signed);
            at += u32::from(slot.entry.bits);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::super::od;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn csp_command_is_packed_as_the_drive_expects_it() {
        let mapping =
            Mapping::of(&[od::CONTROLWORD, od::TARGET_POSITION, od::TORQUE_OFFSET]).unwrap();
        let raw: Vec<u32> = mapping.entries().map(MappingEntry::raw).collect();
        assert_eq!(raw, [0x6040_0010, 0x607A_0020, 0x60B2_0010]);
        let payload = mapping.pack(&[0x0F, -2, -100]).unwrap();
        assert_eq!(payload.bytes(), [0x0F, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0x9C, 0xFF]);
        assert_eq!(mapping.unpack(payload.bytes()).unwrap()[..3], [0x0F, -2, -100]);
    }

    #[test]
    fn mapping_above_64_bits_is_refused() {
        let objects = [od::TARGET_POSITION, od::TARGET_VELOCITY, od::CONTROLWORD];
        assert_eq!(Mapping::of(&objects), Err(CanOpenError::MappingTooLong { bits: 80 }));
    }

    #[test]
    fn payload_of_the_wrong_length_is_refused() {
        let mapping = Mapping::of(&[od::STATUSWORD]).unwrap();
        assert_eq!(
            mapping.unpack(&[1, 2, 3]),
            Err(CanOpenError::PdoLength { expected: 2, got: 3 })
        );
        assert!(mapping.unpack(&[1]).is_err());
    }

    proptest! {
        #[test]
        fn any_mapping_packs_and_unpacks_to_the_same_bits(
            widths in prop::collection::vec(1_u8..=32, 0..=8), word: u64,
        ) {
            let entries: Vec<_> = widths
                .iter()
                .map(|&bits| MappingEntry { address: Address::new(0x2000, 0), bits })
                .collect();
            if let Ok(mapping) = Mapping::from_entries(&entries) {
                let values: Vec<i64> =
                    widths.iter().map(|&b| extend(word, b, false)).collect();
                let payload = mapping.pack(&values).unwrap();
                let back = mapping.unpack(payload.bytes()).unwrap();
                prop_assert_eq!(&back[..widths.len()], &values[..]);
            }
        }

        #[test]
        fn arbitrary_payloads_never_panic(data: Vec<u8>, raw in prop::collection::vec(any::<u32>(), 0..12)) {
            let entries: Vec<_> = raw.iter().map(|&r| MappingEntry::from_raw(r)).collect();
            if let Ok(mapping) = Mapping::from_entries(&entries) {
                let _ = mapping.unpack(&data);
            }
        }
    }
}
