//! SDO abort codes (CiA 301) with what they mean in words.

macro_rules! abort_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $text:literal;)+) => {
        /// Why a transfer was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AbortCode {
            $($(#[doc = $doc])+ $name,)+
            /// A code that CiA 301 does not define.
            Other(u32),
        }

        impl AbortCode {
            /// Every code that has a name.
            pub const NAMED: &[Self] = &[$(Self::$name),+];

            /// The number on the bus.
            #[must_use]
            pub const fn code(self) -> u32 {
                match self {
                    $(Self::$name => $code,)+
                    Self::Other(code) => code,
                }
            }

            /// What it means, in plain words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Other(_) => "unknown abort code",
                }
            }
        }

        impl From<u32> for AbortCode {
            fn from(code: u32) -> Self {
                match code {
                    $($code => Self::$name,)+
                    other => Self::Other(other),
                }
            }
        }
    };
}

abort_codes! {
    /// 0x05030000.
    ToggleBit = 0x0503_0000, "toggle bit not alternated";
    /// 0x05040000.
    Timeout = 0x0504_0000, "time-out";
    /// 0x05040001.
    UnknownCommand = 0x0504_0001, "unknown command specifier";
    /// 0x05040005.
    OutOfMemory = 0x0504_0005, "out of memory";
    /// 0x06010000.
    UnsupportedAccess = 0x0601_0000, "access not supported";
    /// 0x06010001.
    WriteOnly = 0x0601_0001, "object is write-only";
    /// 0x06010002.
    ReadOnly = 0x0601_0002, "object is read-only";
    /// 0x06020000.
    NoObject = 0x0602_0000, "object does not exist";
    /// 0x06040041.
    NotMappable = 0x0604_0041, "object cannot be mapped to a PDO";
    /// 0x06040042.
    PdoLength = 0x0604_0042, "mapped objects exceed the PDO length";
    /// 0x06040043.
    IncompatibleParameter = 0x0604_0043, "parameter is incompatible";
    /// 0x06040047.
    InternalIncompatibility = 0x0604_0047, "internal incompatibility in the device";
    /// 0x06060000.
    Hardware = 0x0606_0000, "access failed: hardware error";
    /// 0x06070010.
    LengthMismatch = 0x0607_0010, "data type length does not match";
    /// 0x06070012.
    TooLong = 0x0607_0012, "data too long";
    /// 0x06070013.
    TooShort = 0x0607_0013, "data too short";
    /// 0x06090011.
    NoSubindex = 0x0609_0011, "subindex does not exist";
    /// 0x06090030.
    ValueRange = 0x0609_0030, "value out of range";
    /// 0x06090031.
    ValueTooHigh = 0x0609_0031, "value too high";
    /// 0x06090032.
    ValueTooLow = 0x0609_0032, "value too low";
    /// 0x06090036.
    MaxBelowMin = 0x0609_0036, "maximum below minimum";
    /// 0x08000000.
    General = 0x0800_0000, "general error";
    /// 0x08000020.
    CannotStore = 0x0800_0020, "data cannot be stored";
    /// 0x08000021.
    LocalControl = 0x0800_0021, "data cannot be stored: local control";
    /// 0x08000022.
    DeviceState = 0x0800_0022, "data cannot be stored in the present device state";
}

impl std::fmt::Display for AbortCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (abort 0x{:08X})", self.text(), self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_code_survives_a_round_trip() {
        for &code in AbortCode::NAMED {
            assert_eq!(AbortCode::from(code.code()), code);
        }
        assert_eq!(AbortCode::from(7), AbortCode::Other(7));
        assert_eq!(AbortCode::ReadOnly.to_string(), "object is read-only (abort 0x06010002)");
    }
}
