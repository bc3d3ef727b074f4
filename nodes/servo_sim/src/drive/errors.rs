//! What is wrong with a drive: error register, history, EMCY.
//!
//! The one rule: an error is reported once when it appears, and once more (code 0) when the last
//! one is gone. Codes: IEC 61800-7-201 and CiA 301.

use super::dictionary::Dictionary;
use super::objects::{HISTORY, HISTORY_LENGTH};
use can_bus::canopen::emcy::{Emcy, ErrorRegister};
use can_bus::canopen::od::{self, Address};

/// Continuous over-current.
pub const OVER_CURRENT: u16 = 0x2310;
/// Drive or motor too hot.
pub const OVER_TEMPERATURE: u16 = 0x4310;
/// A watched heartbeat stayed away.
pub const HEARTBEAT_LOST: u16 = 0x8130;
/// RPDO shorter than its mapping.
pub const PDO_TOO_SHORT: u16 = 0x8210;
/// RPDO longer than its mapping.
pub const PDO_TOO_LONG: u16 = 0x8220;
/// SYNC with more than its counter.
pub const SYNC_LENGTH: u16 = 0x8240;
/// The joint does not follow its reference.
pub const FOLLOWING_ERROR: u16 = 0x8611;

/// Bit of the error register that a code belongs to.
const fn register_bit(code: u16) -> u8 {
    match code >> 8 {
        0x20..=0x2F => ErrorRegister::CURRENT,
        0x30..=0x3F => ErrorRegister::VOLTAGE,
        0x40..=0x4F => ErrorRegister::TEMPERATURE,
        0x81 | 0x82 => ErrorRegister::COMMUNICATION,
        0x83..=0x8F => ErrorRegister::PROFILE,
        _ => 0,
    }
}

/// The errors present now.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    present: Vec<u16>,
}

impl Errors {
    /// An error appeared; `None` when it was already there.
    pub fn raise(&mut self, code: u16, od: &mut Dictionary) -> Option<Emcy> {
        if self.present.contains(&code) {
            return None;
        }
        self.present.push(code);
        od.set(od::ERROR_CODE, i64::from(code));
        remember(code, od);
        Some(self.report(code, od))
    }

    /// These errors are gone; a message when something changed.
    pub fn clear(&mut self, gone: impl Fn(u16) -> bool, od: &mut Dictionary) -> Option<Emcy> {
        let before = self.present.len();
        self.present.retain(|&code| !gone(code));
        if self.present.len() == before {
            return None;
        }
        od.set(od::ERROR_CODE, self.present.last().copied().unwrap_or(0).into());
        Some(self.report(0, od))
    }

    fn report(&self, code: u16, od: &mut Dictionary) -> Emcy {
        let some = if self.present.is_empty() { 0 } else { ErrorRegister::GENERIC };
        let bits = self.present.iter().fold(some, |bits, &code| bits | register_bit(code));
        od.set(od::ERROR_REGISTER, bits.into());
        Emcy { code, register: ErrorRegister(bits), vendor: [0; 5] }
    }
}

fn remember(code: u16, od: &mut Dictionary) {
    for sub in (2..=HISTORY_LENGTH).rev() {
        let newer = od.value(Address::new(HISTORY, sub - 1));
        od.set_at(Address::new(HISTORY, sub), newer);
    }
    od.set_at(Address::new(HISTORY, 1), code.into());
    let count = od.value(Address::new(HISTORY, 0));
    od.set_at(Address::new(HISTORY, 0), (count + 1).min(HISTORY_LENGTH.into()));
}
