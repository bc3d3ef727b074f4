//! CDR, little endian, as ROS 2 puts messages on the wire and into recordings.
//!
//! The one rule: a message that is too short, says another byte order or holds a length beyond its own
//! end is refused with the place; nothing is guessed and nothing is reserved for what is not there.

use thiserror::Error;
use vocabulary::time::Stamp;

/// Encapsulation header of plain CDR, little endian.
const HEADER: [u8; 4] = [0, 1, 0, 0];

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CdrError {
    /// Another encoding or byte order.
    #[error("not a little-endian CDR message: it begins with {0:02x?}")]
    Encapsulation(Vec<u8>),
    /// The message ends too early.
    #[error("the message ends after {length} bytes, {wanted} more were expected at byte {at}")]
    End {
        /// Bytes behind the header.
        length: usize,
        /// Where the field begins.
        at: usize,
        /// Bytes that it needs.
        wanted: usize,
    },
    /// A text that is not terminated or not UTF-8.
    #[error("the text at byte {at} is not terminated UTF-8")]
    Text {
        /// Where it begins.
        at: usize,
    },
    /// A number outside what its field allows.
    #[error("{field} = {value} is not allowed")]
    Value {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
    },
}

/// Reads fields in order.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins behind the encapsulation header.
    ///
    /// # Errors
    /// [`CdrError::Encapsulation`] when it is no plain little-endian CDR.
    pub fn new(message: &'a [u8]) -> Result<Self, CdrError> {
        match message.split_at_checked(HEADER.len()) {
            Some(([0, 1 | 7, ..], bytes)) => Ok(Self { bytes, at: 0 }),
            _ => Err(CdrError::Encapsulation(message.iter().take(HEADER.len()).copied().collect())),
        }
    }

    fn slice(&mut self, align: usize, length: usize) -> Result<&'a [u8], CdrError> {
        let begin = self.at.next_multiple_of(align);
        let field = begin.checked_add(length).and_then(|end| self.bytes.get(begin..end));
        let short = CdrError::End { length: self.bytes.len(), at: begin, wanted: length };
        let field = field.ok_or(short)?;
        self.at = begin + length;
        Ok(field)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], CdrError> {
        let mut field = [0; N];
        field.copy_from_slice(self.slice(N, N)?);
        Ok(field)
    }

    /// `uint8`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn byte(&mut self) -> Result<u8, CdrError> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    /// `bool`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn flag(&mut self) -> Result<bool, CdrError> {
        Ok(self.byte()? != 0)
    }

    /// `uint16`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn u16(&mut self) -> Result<u16, CdrError> {
        self.take().map(u16::from_le_bytes)
    }

    /// `uint32`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn u32(&mut self) -> Result<u32, CdrError> {
        self.take().map(u32::from_le_bytes)
    }

    /// `uint64`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn u64(&mut self) -> Result<u64, CdrError> {
        self.take().map(u64::from_le_bytes)
    }

    /// `float64`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn f64(&mut self) -> Result<f64, CdrError> {
        self.take().map(f64::from_le_bytes)
    }

    /// A `float64` that must be finite.
    ///
    /// # Errors
    /// At the end of the message, or naming the field.
    pub fn finite(&mut self, field: &'static str) -> Result<f64, CdrError> {
        let value = self.f64()?;
        if value.is_finite() {
            return Ok(value);
        }
        Err(CdrError::Value { field, value: value.to_string() })
    }

    /// `float64[6]`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn six(&mut self) -> Result<[f64; 6], CdrError> {
        self.array(Self::f64)
    }

    /// A fixed array.
    ///
    /// # Errors
    /// At the end of the message, or those of `item`.
    pub fn array<T: Default, const N: usize>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, CdrError>,
    ) -> Result<[T; N], CdrError> {
        let mut values = [const { None }; N];
        for value in &mut values {
            *value = Some(item(self)?);
        }
        Ok(values.map(Option::unwrap_or_default))
    }

    /// A sequence.
    ///
    /// # Errors
    /// At the end of the message, or those of `item`.
    pub fn sequence<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, CdrError>,
    ) -> Result<Vec<T>, CdrError> {
        let length = self.u32()?;
        // Grows as it is read: a false length costs nothing.
        (0..length).map(|_| item(self)).collect()
    }

    /// `builtin_interfaces/Time`.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn stamp(&mut self) -> Result<Stamp, CdrError> {
        let seconds = i32::from_le_bytes(self.take()?);
        Ok(Stamp::from_parts(seconds, self.u32()?))
    }

    /// `string`. Some middlewares write the empty text with length 0 instead of 1.
    ///
    /// # Errors
    /// When it is cut or no UTF-8.
    pub fn text(&mut self) -> Result<String, CdrError> {
        let length = self.u32()? as usize;
        let at = self.at;
        let bytes = self.slice(1, length)?;
        match bytes.split_last() {
            None => Ok(String::new()),
            Some((0, text)) => String::from_utf8(text.to_vec()).map_err(|_| CdrError::Text { at }),
            Some(_) => Err(CdrError::Text { at }),
        }
    }

    /// A number that one of our tables lists.
    ///
    /// # Errors
    /// Naming the field and the number.
    pub fn one_of<T: Copy>(
        &mut self,
        field: &'static str,
        table: &[(T, u8)],
    ) -> Result<T, CdrError> {
        let code = self.byte()?;
        vocabulary::codes::value_of(code, table)
            .ok_or_else(|| CdrError::Value { field, value: code.to_string() })
    }
}

/// Writes fields in order.
#[derive(Debug, Clone)]
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

    /// `uint8` or `bool`.
    pub fn byte(&mut self, value: impl Into<u8>) {
        self.put(1, &[value.into()]);
    }

    /// `uint16`.
    pub fn u16(&mut self, value: u16) {
        self.put(2, &value.to_le_bytes());
    }

    /// `uint32`.
    pub fn u32(&mut self, value: u32) {
        self.put(4, &value.to_le_bytes());
    }

    /// `uint64`.
    pub fn u64(&mut self, value: u64) {
        self.put(8, &value.to_le_bytes());
    }

    /// `float64`.
    pub fn f64(&mut self, value: f64) {
        self.put(8, &value.to_le_bytes());
    }

    /// `float64`, some in a row.
    pub fn f64s(&mut self, values: &[f64]) {
        values.iter().for_each(|value| self.f64(*value));
    }

    /// The length of a sequence; its items follow.
    pub fn length(&mut self, length: usize) {
        self.u32(u32::try_from(length).unwrap_or(u32::MAX));
    }

    /// `builtin_interfaces/Time`.
    pub fn stamp(&mut self, stamp: Stamp) {
        let (seconds, nanoseconds) = stamp.parts();
        self.put(4, &seconds.to_le_bytes());
        self.u32(nanoseconds);
    }

    /// `string`.
    pub fn text(&mut self, text: &str) {
        self.length(text.len() + 1);
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
    }

    /// The message.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_aligned_as_they_went() {
        let mut writer = Writer::default();
        writer.stamp(Stamp(1_500_000_000));
        writer.text("joint_1");
        writer.byte(7);
        writer.f64s(&[0.5; 6]);
        writer.u16(9);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes).unwrap();
        assert_eq!(reader.stamp().unwrap(), Stamp(1_500_000_000));
        assert_eq!(reader.text().unwrap(), "joint_1");
        assert_eq!(reader.byte().unwrap(), 7);
        assert_eq!(reader.six().unwrap(), [0.5; 6]);
        assert_eq!(reader.u16().unwrap(), 9);
        assert!(reader.byte().is_err());
    }

    #[test]
    fn another_byte_order_is_refused() {
        assert!(matches!(Reader::new(&[0, 0, 0, 0]), Err(CdrError::Encapsulation(_))));
        assert!(Reader::new(&[0, 1]).is_err());
    }

    #[test]
    fn a_false_length_reserves_nothing() {
        let mut writer = Writer::default();
        writer.u32(u32::MAX);
        let bytes = writer.finish();
        assert!(Reader::new(&bytes).unwrap().sequence(Reader::f64).is_err());
        assert!(Reader::new(&bytes).unwrap().text().is_err());
    }

    #[test]
    fn a_text_without_its_end_is_refused() {
        let bytes = [0, 1, 0, 0, 2, 0, 0, 0, b'a', b'b'];
        assert_eq!(Reader::new(&bytes).unwrap().text(), Err(CdrError::Text { at: 4 }));
    }
}
