//! The few messages of heat as CDR, little endian, as ROS 2 puts them on the wire and into recordings.
//!
//! The one rule: a message that is too short or says another byte order is refused, not guessed.

use anyhow::{Result, bail, ensure};

/// Encapsulation header of plain CDR, little endian.
const HEADER: [u8; 4] = [0, 1, 0, 0];

/// Reads fields in order.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins behind the encapsulation header.
    ///
    /// # Errors
    /// When it is no plain little-endian CDR.
    pub fn new(message: &'a [u8]) -> Result<Self> {
        match message.split_at_checked(HEADER.len()) {
            Some(([0, 1 | 7, ..], bytes)) => Ok(Self { bytes, at: 0 }),
            _ => bail!("not a little-endian CDR message"),
        }
    }

    fn take<const N: usize>(&mut self, align: usize) -> Result<[u8; N]> {
        let begin = self.at.next_multiple_of(align);
        let field = self.bytes.get(begin..begin + N);
        let Some(Ok(field)) = field.map(<[u8; N]>::try_from) else {
            bail!("the message ends after {} bytes", self.bytes.len());
        };
        self.at = begin + N;
        Ok(field)
    }

    /// `uint8` or `bool`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.take::<1>(1)?[0])
    }

    /// `uint32`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn u32(&mut self) -> Result<u32> {
        self.take(4).map(u32::from_le_bytes)
    }

    /// `uint64`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn u64(&mut self) -> Result<u64> {
        self.take(8).map(u64::from_le_bytes)
    }

    /// `float64`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn f64(&mut self) -> Result<f64> {
        self.take(8).map(f64::from_le_bytes)
    }

    /// `float64[6]`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn six(&mut self) -> Result<[f64; 6]> {
        let mut values = [0.0; 6];
        for value in &mut values {
            *value = self.f64()?;
        }
        Ok(values)
    }

    /// `builtin_interfaces/Time`, s.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn time(&mut self) -> Result<f64> {
        let seconds = i32::from_le_bytes(self.take(4)?);
        Ok(f64::from(seconds) + f64::from(self.u32()?) * 1e-9)
    }

    /// `string`.
    ///
    /// # Errors
    /// When it is cut or no UTF-8.
    pub fn text(&mut self) -> Result<String> {
        let length = self.u32()? as usize;
        let end = self.at.saturating_add(length);
        let Some(bytes) = self.bytes.get(self.at..end) else {
            bail!("a text of {length} bytes does not fit in the message");
        };
        self.at = end;
        ensure!(bytes.last() == Some(&0), "a text does not end with zero");
        Ok(String::from_utf8(bytes.iter().copied().filter(|b| *b != 0).collect())?)
    }
}

/// Writes fields in order.
pub struct Writer(Vec<u8>);

impl Default for Writer {
    fn default() -> Self {
        Self(HEADER.to_vec())
    }
}

impl Writer {
    fn put(&mut self, align: usize, field: &[u8]) {
        let filled = (self.0.len() - HEADER.len()).next_multiple_of(align) + HEADER.len();
        self.0.resize(filled, 0);
        self.0.extend_from_slice(field);
    }

    /// `uint8`.
    pub fn byte(&mut self, value: u8) {
        self.put(1, &[value]);
    }

    /// `uint32`.
    pub fn u32(&mut self, value: u32) {
        self.put(4, &value.to_le_bytes());
    }

    /// `uint64`.
    pub fn u64(&mut self, value: u64) {
        self.put(8, &value.to_le_bytes());
    }

    /// `float64`, some in a row.
    pub fn f64s(&mut self, values: &[f64]) {
        values.iter().for_each(|value| self.put(8, &value.to_le_bytes()));
    }

    /// `builtin_interfaces/Time`.
    pub fn time(&mut self, stamp: vocabulary::time::Stamp) {
        let (seconds, nanoseconds) = stamp.parts();
        self.put(4, &seconds.to_le_bytes());
        self.u32(nanoseconds);
    }

    /// `string`.
    pub fn text(&mut self, text: &str) {
        self.u32(u32::try_from(text.len() + 1).unwrap_or(u32::MAX));
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
    }

    /// The message.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocabulary::time::Stamp;

    #[test]
    fn fields_come_back_aligned_as_they_went() {
        let mut writer = Writer::default();
        writer.time(Stamp(1_500_000_000));
        writer.text("joint_1");
        writer.byte(7);
        writer.f64s(&[0.5; 6]);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes).unwrap();
        assert_eq!(reader.time().unwrap(), 1.5);
        assert_eq!(reader.text().unwrap(), "joint_1");
        assert_eq!(reader.byte().unwrap(), 7);
        assert_eq!(reader.six().unwrap(), [0.5; 6]);
        assert!(reader.byte().is_err());
        assert!(Reader::new(&[0, 0, 0, 0]).is_err());
    }
}
