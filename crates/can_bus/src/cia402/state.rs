//! Statusword and controlword (CiA 402, objects 0x6041 and 0x6040) and the states behind them.

/// The states of the CiA 402 state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Self-test.
    NotReadyToSwitchOn,
    /// Ready for commands, high voltage off.
    SwitchOnDisabled,
    /// High voltage may be switched on.
    ReadyToSwitchOn,
    /// High voltage on, no torque.
    SwitchedOn,
    /// The drive follows its setpoints.
    OperationEnabled,
    /// Quick stop; with option codes 5 to 8 the drive stays here and holds.
    QuickStopActive,
    /// The drive reacts to a fault.
    FaultReactionActive,
    /// Fault; no torque.
    Fault,
}

impl State {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::NotReadyToSwitchOn,
        Self::SwitchOnDisabled,
        Self::ReadyToSwitchOn,
        Self::SwitchedOn,
        Self::OperationEnabled,
        Self::QuickStopActive,
        Self::FaultReactionActive,
        Self::Fault,
    ];

    /// The state bits a drive shows in its statusword. "Switch on disabled" is 0x40; a widely
    /// copied header has 0x20, which is wrong.
    #[must_use]
    pub const fn bits(self) -> u16 {
        match self {
            Self::NotReadyToSwitchOn => 0x00,
            Self::SwitchOnDisabled => 0x40,
            Self::ReadyToSwitchOn => 0x21,
            Self::SwitchedOn => 0x23,
            Self::OperationEnabled => 0x27,
            Self::QuickStopActive => 0x07,
            Self::FaultReactionActive => 0x0F,
            Self::Fault => 0x08,
        }
    }

    /// Whether the drive can produce torque in this state.
    #[must_use]
    pub const fn has_torque(self) -> bool {
        matches!(self, Self::OperationEnabled | Self::QuickStopActive | Self::FaultReactionActive)
    }

    /// The state's name in plain words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotReadyToSwitchOn => "not ready to switch on",
            Self::SwitchOnDisabled => "switch on disabled",
            Self::ReadyToSwitchOn => "ready to switch on",
            Self::SwitchedOn => "switched on",
            Self::OperationEnabled => "operation enabled",
            Self::QuickStopActive => "quick stop active",
            Self::FaultReactionActive => "fault reaction active",
            Self::Fault => "fault",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// Object 0x6041.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statusword(pub u16);

impl Statusword {
    /// Bit 4: voltage present.
    pub const VOLTAGE_ENABLED: u16 = 1 << 4;
    /// Bit 5: no quick stop (active low).
    pub const NO_QUICK_STOP: u16 = 1 << 5;
    /// Bit 7: warning, over-temperature among them.
    pub const WARNING: u16 = 1 << 7;
    /// Bit 9: the drive listens to the bus.
    pub const REMOTE: u16 = 1 << 9;
    /// Bit 10: target reached.
    pub const TARGET_REACHED: u16 = 1 << 10;
    /// Bit 11: an internal limit is active.
    pub const INTERNAL_LIMIT: u16 = 1 << 11;
    /// Bit 12 in the cyclic modes: the drive follows the command value.
    pub const FOLLOWS_COMMAND: u16 = 1 << 12;
    /// Bit 13 in the cyclic position mode: following error. Some makers use it otherwise.
    pub const FOLLOWING_ERROR: u16 = 1 << 13;

    /// Whether all bits of `mask` are set.
    #[must_use]
    pub const fn has(self, mask: u16) -> bool {
        self.0 & mask == mask
    }

    /// The state, `None` for a pattern the profile does not define.
    #[must_use]
    pub const fn state(self) -> Option<State> {
        match self.0 & 0x4F {
            0x00 => return Some(State::NotReadyToSwitchOn),
            0x40 => return Some(State::SwitchOnDisabled),
            0x0F => return Some(State::FaultReactionActive),
            0x08 => return Some(State::Fault),
            _ => {}
        }
        match self.0 & 0x6F {
            0x21 => Some(State::ReadyToSwitchOn),
            0x23 => Some(State::SwitchedOn),
            0x27 => Some(State::OperationEnabled),
            0x07 => Some(State::QuickStopActive),
            _ => None,
        }
    }
}

/// Object 0x6040.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Controlword(pub u16);

impl Controlword {
    /// To ready to switch on.
    pub const SHUTDOWN: Self = Self(0x06);
    /// To switched on.
    pub const SWITCH_ON: Self = Self(0x07);
    /// From operation enabled back to switched on: the same bits as [`Controlword::SWITCH_ON`].
    pub const DISABLE_OPERATION: Self = Self(0x07);
    /// To operation enabled.
    pub const ENABLE_OPERATION: Self = Self(0x0F);
    /// To switch on disabled.
    pub const DISABLE_VOLTAGE: Self = Self(0x00);
    /// To quick stop active.
    pub const QUICK_STOP: Self = Self(0x02);
    /// Fault reset; acts on the rising edge of this bit only.
    pub const FAULT_RESET: Self = Self(0x80);
    /// Halt bit.
    pub const HALT: Self = Self(0x100);

    /// Whether all bits of `mask` are set.
    #[must_use]
    pub const fn has(self, mask: Self) -> bool {
        self.0 & mask.0 == mask.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_back_from_their_bits_whatever_the_other_bits_are() {
        for state in State::ALL {
            for other in [0_u16, 0xFF90, 0x1630, 0x0237] {
                let ignored = other & !0x6F;
                assert_eq!(Statusword(state.bits() | ignored).state(), Some(state));
            }
        }
    }

    #[test]
    fn quick_stop_bit_is_ignored_where_the_profile_ignores_it() {
        for (word, state) in [
            (0x20, State::NotReadyToSwitchOn),
            (0x60, State::SwitchOnDisabled),
            (0x28, State::Fault),
            (0x2F, State::FaultReactionActive),
            (0x0217, State::QuickStopActive),
        ] {
            assert_eq!(Statusword(word).state(), Some(state));
        }
    }
}
