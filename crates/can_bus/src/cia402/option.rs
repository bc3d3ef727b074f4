//! Option codes: how a drive brakes (objects 0x605A to 0x605E) and what it does when the bus is
//! gone (0x6007).

macro_rules! option_codes {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $item:literal])+ $variant:ident = $code:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[doc = $item])+ $variant,)+
        }

        impl $name {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The number in the object.
            #[must_use]
            pub const fn code(self) -> i16 {
                match self { $(Self::$variant => $code),+ }
            }

            /// Reads the number; `None` for a code the profile does not define.
            #[must_use]
            pub const fn from_code(code: i16) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

option_codes! {
    /// Object 0x605A. 1 to 4 end in switch on disabled, 5 to 8 stay in quick stop and hold torque;
    /// an arm that would drop wants 6.
    QuickStopOption {
        /// Coast.
        Disable = 0,
        /// Slow-down ramp, then off.
        SlowDownRamp = 1,
        /// Quick-stop ramp, then off (the default of the profile).
        QuickStopRamp = 2,
        /// Current limit, then off.
        CurrentLimit = 3,
        /// Voltage limit, then off.
        VoltageLimit = 4,
        /// Slow-down ramp, then hold.
        SlowDownRampHold = 5,
        /// Quick-stop ramp, then hold.
        QuickStopRampHold = 6,
        /// Current limit, then hold.
        CurrentLimitHold = 7,
        /// Voltage limit, then hold.
        VoltageLimitHold = 8,
    }
}

impl QuickStopOption {
    /// Whether the drive keeps its torque after the stop.
    #[must_use]
    pub const fn holds(self) -> bool {
        self.code() >= 5
    }
}

option_codes! {
    /// Objects 0x605B (shutdown) and 0x605C (disable operation).
    RampOption {
        /// Coast.
        Coast = 0,
        /// Slow-down ramp, then off.
        Ramp = 1,
    }
}

option_codes! {
    /// Object 0x605E.
    FaultReactionOption {
        /// Coast.
        Coast = 0,
        /// Slow-down ramp.
        SlowDownRamp = 1,
        /// Quick-stop ramp.
        QuickStopRamp = 2,
        /// Current limit.
        CurrentLimit = 3,
        /// Voltage limit.
        VoltageLimit = 4,
    }
}

option_codes! {
    /// Object 0x6007: the drive's own watchdog, together with 0x1016.
    AbortConnectionOption {
        /// Go on as if nothing happened.
        None = 0,
        /// Go to fault.
        Fault = 1,
        /// Switch the voltage off.
        DisableVoltage = 2,
        /// Quick stop.
        QuickStop = 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_survive_a_round_trip_and_unknown_ones_are_refused() {
        for &option in QuickStopOption::ALL {
            assert_eq!(QuickStopOption::from_code(option.code()), Some(option));
        }
        for &option in AbortConnectionOption::ALL {
            assert_eq!(AbortConnectionOption::from_code(option.code()), Some(option));
        }
        assert_eq!(FaultReactionOption::from_code(-1), None);
        assert!(QuickStopOption::QuickStopRampHold.holds());
        assert!(!QuickStopOption::QuickStopRamp.holds());
    }
}
