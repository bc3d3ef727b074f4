//! Error codes of EMCY and object 0x603F (CiA 301, CiA 402): what they mean.
//!
//! The one rule: codes are classified by prefix, because makers fill the low byte as they like
//! (0x43F0, 0x4380): every 0x42xx and 0x43xx is a temperature.

/// What kind of trouble a code reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// 0x00xx: no error, or reset.
    None,
    /// 0x10xx: no class given.
    Generic,
    /// 0x2xxx.
    Current,
    /// 0x3xxx.
    Voltage,
    /// 0x41xx, 0x42xx, 0x43xx.
    Temperature,
    /// 0x44xx and 0x5xxx: supply and hardware.
    Hardware,
    /// 0x6xxx.
    Software,
    /// 0x71xx: motor, brake, commutation.
    Motor,
    /// 0x73xx: encoder and other sensors.
    Sensor,
    /// 0x70xx and 0x72xx to 0x7Fxx without the above: additional modules.
    Module,
    /// 0x75xx, 0x81xx, 0x82xx: bus.
    Communication,
    /// 0x83xx to 0x86xx: control, following error among them.
    Control,
    /// 0x90xx: outside cause.
    External,
    /// 0xF0xx and 0xFFxx: the maker's own.
    Vendor,
    /// Anything else.
    Unknown,
}

/// The class of a code.
#[must_use]
pub const fn classify(code: u16) -> ErrorClass {
    match code >> 8 {
        0x00 => ErrorClass::None,
        0x10 => ErrorClass::Generic,
        0x20..=0x2F => ErrorClass::Current,
        0x30..=0x3F => ErrorClass::Voltage,
        0x40..=0x43 => ErrorClass::Temperature,
        0x44..=0x5F => ErrorClass::Hardware,
        0x60..=0x6F => ErrorClass::Software,
        0x71 => ErrorClass::Motor,
        0x73 => ErrorClass::Sensor,
        0x75 | 0x81 | 0x82 => ErrorClass::Communication,
        0x70..=0x7F => ErrorClass::Module,
        0x83..=0x87 => ErrorClass::Control,
        0x90..=0x9F => ErrorClass::External,
        0xF0..=0xFF => ErrorClass::Vendor,
        _ => ErrorClass::Unknown,
    }
}

/// Exact codes first, then the prefix.
const NAMED: &[(u16, &str)] = &[
    (0x2310, "continuous over-current"),
    (0x2320, "short circuit at the motor"),
    (0x2340, "short circuit between phases"),
    (0x2350, "motor overloaded (I2t)"),
    (0x2351, "motor overload warning (I2t)"),
    (0x3110, "mains over-voltage"),
    (0x3120, "mains under-voltage"),
    (0x3210, "DC-link over-voltage"),
    (0x3220, "DC-link under-voltage"),
    (0x4110, "ambient temperature too high"),
    (0x4210, "control board too hot"),
    (0x4220, "control board too cold"),
    (0x4310, "drive too hot"),
    (0x4320, "drive too cold"),
    (0x4410, "supply too hot"),
    (0x5530, "parameter memory failed"),
    (0x6010, "watchdog reset"),
    (0x6320, "parameter error"),
    (0x7121, "motor blocked"),
    (0x7122, "commutation error"),
    (0x7300, "sensor error"),
    (0x7305, "encoder error"),
    (0x7500, "communication module error"),
    (0x8110, "CAN overrun: frames lost"),
    (0x8120, "CAN error passive"),
    (0x8130, "heartbeat or life guarding lost"),
    (0x8140, "recovered from bus-off"),
    (0x8150, "CAN id used twice"),
    (0x8210, "PDO too short"),
    (0x8220, "PDO too long"),
    (0x8240, "SYNC of unexpected length"),
    (0x8250, "RPDO timed out"),
    (0x8611, "following error"),
    (0x8612, "reference limit reached"),
];

/// What a code means, in plain words.
#[must_use]
pub fn text(code: u16) -> &'static str {
    match NAMED.iter().find(|(named, _)| *named == code) {
        Some((_, text)) => text,
        None => class_text(classify(code)),
    }
}

const fn class_text(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::None => "no error",
        ErrorClass::Generic => "error of no stated kind",
        ErrorClass::Current => "current error",
        ErrorClass::Voltage => "voltage error",
        ErrorClass::Temperature => "temperature error",
        ErrorClass::Hardware => "hardware error",
        ErrorClass::Software => "software error",
        ErrorClass::Motor => "motor error",
        ErrorClass::Sensor => "sensor error",
        ErrorClass::Module => "error of an additional module",
        ErrorClass::Communication => "communication error",
        ErrorClass::Control => "control error",
        ErrorClass::External => "external error",
        ErrorClass::Vendor => "error defined by the maker, see the drive's manual",
        ErrorClass::Unknown => "unknown error code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_own_temperature_codes_are_temperature() {
        for code in [0x4110, 0x4210, 0x4310, 0x43F0, 0x4380, 0x42FF] {
            assert_eq!(classify(code), ErrorClass::Temperature, "0x{code:04X}");
        }
    }

    #[test]
    fn named_codes_have_their_text_and_others_their_class() {
        assert_eq!(text(0x8611), "following error");
        assert_eq!(text(0x43F0), "temperature error");
        assert_eq!(text(0), "no error");
    }
}
