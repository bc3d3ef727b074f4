//! Modes of operation (objects 0x6060, 0x6061, 0x6502).

/// A mode of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// No mode chosen.
    None,
    /// Profile position.
    ProfilePosition,
    /// Velocity (frequency converters).
    Velocity,
    /// Profile velocity.
    ProfileVelocity,
    /// Profile torque.
    ProfileTorque,
    /// Homing.
    Homing,
    /// Interpolated position.
    InterpolatedPosition,
    /// Cyclic synchronous position (CSP).
    CyclicPosition,
    /// Cyclic synchronous velocity (CSV).
    CyclicVelocity,
    /// Cyclic synchronous torque (CST).
    CyclicTorque,
    /// Any other number: the maker's own, or reserved.
    Other(i8),
}

impl Mode {
    /// The number in 0x6060 and 0x6061.
    #[must_use]
    pub const fn code(self) -> i8 {
        match self {
            Self::None => 0,
            Self::ProfilePosition => 1,
            Self::Velocity => 2,
            Self::ProfileVelocity => 3,
            Self::ProfileTorque => 4,
            Self::Homing => 6,
            Self::InterpolatedPosition => 7,
            Self::CyclicPosition => 8,
            Self::CyclicVelocity => 9,
            Self::CyclicTorque => 10,
            Self::Other(code) => code,
        }
    }

    /// Whether 0x6502 lists this mode.
    #[must_use]
    pub const fn is_supported_by(self, supported: u32) -> bool {
        let code = self.code();
        code >= 1 && code <= 32 && supported >> (code - 1) & 1 == 1
    }
}

impl From<i8> for Mode {
    fn from(code: i8) -> Self {
        match code {
            0 => Self::None,
            1 => Self::ProfilePosition,
            2 => Self::Velocity,
            3 => Self::ProfileVelocity,
            4 => Self::ProfileTorque,
            6 => Self::Homing,
            7 => Self::InterpolatedPosition,
            8 => Self::CyclicPosition,
            9 => Self::CyclicVelocity,
            10 => Self::CyclicTorque,
            other => Self::Other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_a_round_trip() {
        for code in i8::MIN..=i8::MAX {
            assert_eq!(Mode::from(code).code(), code);
        }
    }

    #[test]
    fn supported_bits_are_those_of_the_profile() {
        assert!(Mode::CyclicPosition.is_supported_by(0x80));
        assert!(Mode::CyclicTorque.is_supported_by(0x200));
        assert!(!Mode::CyclicVelocity.is_supported_by(0x280));
        assert!(!Mode::Other(-1).is_supported_by(u32::MAX));
    }
}
