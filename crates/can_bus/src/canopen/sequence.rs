//! A list of SDO writes, each read back and compared, as a pure sequence.
//!
//! The one rule: a drive counts as configured only when every written value was read back. Some
//! drives clip values or refuse them silently; moving on such a drive is worse than not moving.

use thiserror::Error;

use super::od::{Address, Object};
use super::sdo::{Operation, SdoError};

/// One write, and which bits must read back as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Object.
    pub address: Address,
    /// Little-endian bytes.
    pub data: Vec<u8>,
    /// Bits compared on read-back, `None`: do not read back (commands, write-only objects).
    pub verify: Option<u64>,
}

impl Write {
    /// A write whose whole value is read back.
    #[must_use]
    pub fn new(object: Object, value: i64) -> Self {
        Self { address: object.address, data: object.encode(value), verify: Some(u64::MAX) }
    }

    /// The same write without read-back.
    #[must_use]
    pub fn unverified(mut self) -> Self {
        self.verify = None;
        self
    }
}

/// Why a configuration did not take.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SequenceError {
    /// The transfer itself failed.
    #[error("step {step} of {steps}: {error}")]
    Transfer {
        /// Step, from 1.
        step: usize,
        /// Number of steps.
        steps: usize,
        /// What happened.
        error: SdoError,
    },
    /// The drive kept another value than the one written.
    #[error(
        "step {step} of {steps}: wrote 0x{written:X} to {address}, read back 0x{read:X}; the drive \
         does not accept this setting"
    )]
    ReadBack {
        /// Step, from 1.
        step: usize,
        /// Number of steps.
        steps: usize,
        /// Object.
        address: Address,
        /// Value written.
        written: u64,
        /// Value read.
        read: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Write,
    Verify,
}

/// The writes and how far they got. Ask [`WriteSequence::next`] what to do, hand the result to
/// [`WriteSequence::accept`], until `next` says `None`.
#[derive(Debug, Clone)]
pub struct WriteSequence {
    writes: Vec<Write>,
    at: usize,
    phase: Phase,
}

impl WriteSequence {
    /// A sequence that has not begun.
    #[must_use]
    pub fn new(writes: Vec<Write>) -> Self {
        Self { writes, at: 0, phase: Phase::Write }
    }

    /// The operation to perform now; `None` when everything is written and verified.
    #[must_use]
    pub fn next(&self) -> Option<Operation> {
        let write = self.writes.get(self.at)?;
        Some(match self.phase {
            Phase::Write => Operation::Download(write.address, write.data.clone()),
            Phase::Verify => Operation::Upload(write.address),
        })
    }

    /// Steps done and steps in all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.at, self.writes.len())
    }

    /// Takes the result of the operation that [`WriteSequence::next`] named.
    ///
    /// # Errors
    /// [`SequenceError`]; the sequence stays at the failed step, so that it can be retried.
    pub fn accept(&mut self, result: Result<Vec<u8>, SdoError>) -> Result<(), SequenceError> {
        let (step, steps) = (self.at + 1, self.writes.len());
        let data = result.map_err(|error| {
            self.phase = Phase::Write;
            SequenceError::Transfer { step, steps, error }
        })?;
        let Some(write) = self.writes.get(self.at) else { return Ok(()) };
        match (self.phase, write.verify) {
            (Phase::Write, Some(_)) => self.phase = Phase::Verify,
            (Phase::Write, None) => self.advance(),
            (Phase::Verify, mask) => {
                let mask = mask.unwrap_or(0);
                let (written, read) = (word(&write.data), word(&data));
                let same_size = write.data.len() == data.len();
                if !same_size || written & mask != read & mask {
                    let address = write.address;
                    self.phase = Phase::Write;
                    return Err(SequenceError::ReadBack { step, steps, address, written, read });
                }
                self.advance();
            }
        }
        Ok(())
    }

    fn advance(&mut self) {
        self.at += 1;
        self.phase = Phase::Write;
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |acc, &b| acc << 8 | u64::from(b))
}

#[cfg(test)]
mod tests {
    use super::super::od;
    use super::*;

    fn sequence() -> WriteSequence {
        WriteSequence::new(vec![
            Write::new(od::PRODUCER_HEARTBEAT, 100),
            Write::new(od::CONTROLWORD, 6).unverified(),
        ])
    }

    #[test]
    fn each_value_is_written_then_read_back() {
        let mut s = sequence();
        let address = od::PRODUCER_HEARTBEAT.address;
        assert_eq!(s.next(), Some(Operation::Download(address, vec![100, 0])));
        s.accept(Ok(vec![])).unwrap();
        assert_eq!(s.next(), Some(Operation::Upload(address)));
        s.accept(Ok(vec![100, 0])).unwrap();
        assert!(matches!(s.next(), Some(Operation::Download(..))));
        s.accept(Ok(vec![])).unwrap();
        assert_eq!((s.next(), s.progress()), (None, (2, 2)));
    }

    #[test]
    fn clipped_value_is_an_error_that_names_both_values() {
        let mut s = sequence();
        s.accept(Ok(vec![])).unwrap();
        let error = s.accept(Ok(vec![50, 0])).unwrap_err().to_string();
        assert!(
            error.starts_with("step 1 of 2: wrote 0x64 to 0x1017:0, read back 0x32"),
            "{error}"
        );
        assert!(matches!(s.next(), Some(Operation::Download(..))), "the step can be retried");
    }
}
