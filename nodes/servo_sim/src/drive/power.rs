//! The CiA 402 state machine of a drive: controlword in, power state out.
//!
//! The one rule: nothing but a transition of the standard changes the state; fault reset wants a
//! rising edge. Transition numbers in comments are those of the standard (IEC 61800-7-201).

pub use can_bus::cia402::State;

/// Option codes that shape transitions, from the object dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// 0x605A: 0 power off at once; 1 to 4 ramp, then power off; 5 to 8 ramp, then hold.
    pub quick_stop: i64,
    /// 0x605B: 0 power off at once, 1 ramp first.
    pub shutdown: i64,
    /// 0x605C: 0 power off at once, 1 ramp first.
    pub disable_operation: i64,
    /// 0x605E: 0 power off at once, else ramp first.
    pub fault_reaction: i64,
}

/// What the motion part must do because of a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// Nothing new.
    Unchanged,
    /// Torque on: start from standstill.
    Start,
    /// Decelerate; call [`PowerMachine::at_rest`] when done.
    Decelerate,
    /// Go on with setpoints after a deceleration was called off.
    Resume,
    /// Torque off, brake closed.
    Release,
}

/// The commands hidden in a controlword (CiA 402 table of device control commands).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    DisableVoltage,
    QuickStop,
    Shutdown,
    SwitchOn,
    EnableOperation,
    None,
}

impl Command {
    const fn of(controlword: u16) -> Self {
        match controlword {
            w if w & 0x80 != 0 => Self::None,
            w if w & 0x02 == 0 => Self::DisableVoltage,
            w if w & 0x04 == 0 => Self::QuickStop,
            w if w & 0x01 == 0 => Self::Shutdown,
            w if w & 0x08 == 0 => Self::SwitchOn,
            _ => Self::EnableOperation,
        }
    }
}

/// The state machine.
#[derive(Debug, Clone)]
pub struct PowerMachine {
    state: State,
    /// Where the running deceleration leads.
    after_rest: Option<State>,
    last_controlword: u16,
}

impl Default for PowerMachine {
    fn default() -> Self {
        Self { state: State::NotReadyToSwitchOn, after_rest: None, last_controlword: 0 }
    }
}

impl PowerMachine {
    /// The present state.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether a deceleration is under way that ends in another state.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.after_rest.is_some()
    }

    /// Booted (transitions 0 and 1).
    pub fn booted(&mut self) {
        *self = Self { state: State::SwitchOnDisabled, ..Self::default() };
    }

    /// Applies a controlword; `fault_gone` tells whether a fault may be reset.
    pub fn command(&mut self, controlword: u16, options: &Options, fault_gone: bool) -> Motion {
        let edge = controlword & !self.last_controlword & 0x80 != 0;
        self.last_controlword = controlword;
        if self.state == State::Fault && edge && fault_gone {
            return self.enter(State::SwitchOnDisabled); // 15
        }
        match (self.state, Command::of(controlword)) {
            (State::SwitchOnDisabled, Command::Shutdown) => self.enter(State::ReadyToSwitchOn), // 2
            (State::ReadyToSwitchOn | State::SwitchedOn, command) => self.powered(command),
            (State::OperationEnabled, command) => self.operating(command, options),
            (State::QuickStopActive, Command::DisableVoltage) => {
                self.enter(State::SwitchOnDisabled) // 12
            }
            (State::QuickStopActive, Command::EnableOperation) if options.quick_stop >= 5 => {
                self.after_rest = None;
                self.state = State::OperationEnabled; // 16
                Motion::Resume
            }
            _ => Motion::Unchanged,
        }
    }

    fn powered(&mut self, command: Command) -> Motion {
        match command {
            Command::DisableVoltage | Command::QuickStop => self.enter(State::SwitchOnDisabled), // 7, 10
            Command::Shutdown => self.enter(State::ReadyToSwitchOn), // 6
            Command::SwitchOn => self.enter(State::SwitchedOn),      // 3
            Command::EnableOperation => self.enter(State::OperationEnabled), // 3 and 4
            Command::None => Motion::Unchanged,
        }
    }

    fn operating(&mut self, command: Command, options: &Options) -> Motion {
        match command {
            Command::DisableVoltage => self.enter(State::SwitchOnDisabled), // 9
            Command::QuickStop => self.quick_stop(options),                 // 11
            Command::Shutdown => self.leave(State::ReadyToSwitchOn, options.shutdown), // 8
            Command::SwitchOn => self.leave(State::SwitchedOn, options.disable_operation), // 5
            Command::EnableOperation if self.after_rest.take().is_some() => Motion::Resume,
            Command::EnableOperation | Command::None => Motion::Unchanged,
        }
    }

    /// Quick stop from operation enabled (transition 11), by controlword or by a lost connection.
    pub fn quick_stop(&mut self, options: &Options) -> Motion {
        match (self.state, options.quick_stop) {
            (State::OperationEnabled, ..=0) => self.enter(State::SwitchOnDisabled),
            (State::OperationEnabled, option) => {
                self.state = State::QuickStopActive;
                self.after_rest = (option < 5).then_some(State::SwitchOnDisabled);
                Motion::Decelerate
            }
            (State::ReadyToSwitchOn | State::SwitchedOn, _) => self.enter(State::SwitchOnDisabled),
            _ => Motion::Unchanged,
        }
    }

    /// Power off without a fault, from whatever state has power (7, 9, 10, 12).
    pub fn disable_voltage(&mut self) -> Motion {
        match self.state {
            State::NotReadyToSwitchOn | State::FaultReactionActive | State::Fault => {
                Motion::Unchanged
            }
            _ => self.enter(State::SwitchOnDisabled),
        }
    }

    /// A fault was found (transition 13); `coast` forbids torque whatever 0x605E says.
    pub fn fault(&mut self, options: &Options, coast: bool) -> Motion {
        if matches!(
            self.state,
            State::Fault | State::FaultReactionActive | State::NotReadyToSwitchOn
        ) {
            return Motion::Unchanged;
        }
        if coast || options.fault_reaction == 0 || !self.state.has_torque() {
            return self.enter(State::Fault); // 13 and 14
        }
        self.state = State::FaultReactionActive;
        self.after_rest = Some(State::Fault);
        Motion::Decelerate
    }

    /// The deceleration has ended.
    pub fn at_rest(&mut self) -> Motion {
        self.after_rest.take().map_or(Motion::Unchanged, |next| self.enter(next))
    }

    fn leave(&mut self, next: State, option: i64) -> Motion {
        if option == 0 {
            return self.enter(next);
        }
        if self.after_rest.replace(next).is_some() { Motion::Unchanged } else { Motion::Decelerate }
    }

    fn enter(&mut self, next: State) -> Motion {
        let had_torque = self.state.has_torque();
        self.state = next;
        self.after_rest = None;
        match (had_torque, next.has_torque()) {
            (false, true) => Motion::Start,
            (true, false) => Motion::Release,
            _ => Motion::Unchanged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State::{
        Fault, FaultReactionActive, NotReadyToSwitchOn, OperationEnabled, QuickStopActive,
        ReadyToSwitchOn, SwitchOnDisabled, SwitchedOn,
    };
    use super::*;

    const HOLD: Options =
        Options { quick_stop: 6, shutdown: 1, disable_operation: 1, fault_reaction: 2 };
    const COAST: Options =
        Options { quick_stop: 0, shutdown: 0, disable_operation: 0, fault_reaction: 0 };

    fn machine(state: State) -> PowerMachine {
        PowerMachine { state, ..PowerMachine::default() }
    }

    #[test]
    fn every_state_answers_every_command_as_the_standard_says() {
        // Columns: disable voltage, quick stop, shutdown, switch on, enable operation.
        let words = [0x00, 0x02, 0x06, 0x07, 0x0F];
        let (sod, rtso, so, oe) = (SwitchOnDisabled, ReadyToSwitchOn, SwitchedOn, OperationEnabled);
        let table = [
            (NotReadyToSwitchOn, [NotReadyToSwitchOn; 5]),
            (sod, [sod, sod, rtso, sod, sod]),
            (rtso, [sod, sod, rtso, so, oe]),
            (so, [sod, sod, rtso, so, oe]),
            (oe, [sod, sod, rtso, so, oe]),
            (
                QuickStopActive,
                [sod, QuickStopActive, QuickStopActive, QuickStopActive, QuickStopActive],
            ),
            (FaultReactionActive, [FaultReactionActive; 5]),
            (Fault, [Fault; 5]),
        ];
        for (from, row) in table {
            for (word, to) in words.into_iter().zip(row) {
                let mut m = machine(from);
                m.command(word, &COAST, true);
                assert_eq!(m.state(), to, "{from:?} with 0x{word:02X}");
            }
        }
    }

    #[test]
    fn quick_stop_with_option_six_keeps_torque_until_disabled_or_resumed() {
        let mut m = machine(OperationEnabled);
        assert_eq!(m.command(0x02, &HOLD, true), Motion::Decelerate);
        assert_eq!(m.at_rest(), Motion::Unchanged);
        assert_eq!(m.state(), QuickStopActive);
        assert_eq!(m.command(0x0F, &HOLD, true), Motion::Resume);
        assert_eq!(m.state(), OperationEnabled);
    }

    #[test]
    fn quick_stop_with_option_two_ends_without_power() {
        let two = Options { quick_stop: 2, ..HOLD };
        let mut m = machine(OperationEnabled);
        m.command(0x02, &two, true);
        assert_eq!(m.state(), QuickStopActive);
        assert_eq!(m.at_rest(), Motion::Release);
        assert_eq!(m.state(), SwitchOnDisabled);
    }

    #[test]
    fn fault_reset_wants_a_rising_edge_and_a_gone_cause() {
        let mut m = machine(Fault);
        m.command(0x80, &HOLD, false);
        assert_eq!(m.state(), Fault, "cause still there");
        m.command(0x80, &HOLD, true);
        assert_eq!(m.state(), Fault, "no edge");
        m.command(0x00, &HOLD, true);
        m.command(0x80, &HOLD, true);
        assert_eq!(m.state(), SwitchOnDisabled);
    }

    #[test]
    fn shutdown_with_ramp_waits_for_standstill_and_can_be_called_off() {
        let mut m = machine(OperationEnabled);
        assert_eq!(m.command(0x06, &HOLD, true), Motion::Decelerate);
        assert_eq!(m.command(0x06, &HOLD, true), Motion::Unchanged);
        assert_eq!(m.state(), OperationEnabled);
        assert_eq!(m.command(0x0F, &HOLD, true), Motion::Resume);
        m.command(0x06, &HOLD, true);
        assert_eq!(m.at_rest(), Motion::Release);
        assert_eq!(m.state(), ReadyToSwitchOn);
    }

    #[test]
    fn fault_with_torque_decelerates_first_unless_it_must_coast() {
        let mut m = machine(OperationEnabled);
        assert_eq!(m.fault(&HOLD, false), Motion::Decelerate);
        assert_eq!(m.state(), FaultReactionActive);
        assert_eq!(m.at_rest(), Motion::Release);
        assert_eq!(m.state(), Fault);
        let mut m = machine(OperationEnabled);
        assert_eq!(m.fault(&HOLD, true), Motion::Release);
        assert_eq!(m.state(), Fault);
    }
}
