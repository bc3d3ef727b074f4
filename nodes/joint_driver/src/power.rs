//! Bringing a drive under power and out of it, by controlword.
//!
//! The one rule: the last step to power is taken only when the drive shows the right mode and its
//! target equals its position, so that enabling moves nothing.

use can_bus::cia402::{Controlword, Goal, Mode, Plan, State, Statusword, Target, plan};
use vocabulary::command::DriveState;

/// What is wanted of the power stage, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct PowerRequest {
    /// Torque wanted.
    pub on: bool,
    /// Whether a latched fault may be reset.
    pub reset_fault: bool,
    /// Whether target and mode are such that enabling moves nothing.
    pub safe: bool,
}

/// The controlword of this cycle.
#[must_use]
pub fn next(status: Statusword, last: Controlword, request: PowerRequest) -> Plan {
    let target = if request.on { Target::OperationEnabled } else { Target::SwitchOnDisabled };
    let goal = Goal { target, reset_fault: request.reset_fault, resume_quick_stop: true };
    let plan = match status.state() {
        // Off by shutdown first: the drive ramps as 0x605B says, then its brake closes.
        Some(State::OperationEnabled) if !request.on => {
            plan(status, last, Goal { target: Target::ReadyToSwitchOn, ..goal })
        }
        _ => plan(status, last, goal),
    };
    let enabling = plan.controlword == Controlword::ENABLE_OPERATION && !plan.reached;
    if enabling && !request.safe {
        return Plan { controlword: waiting(status), ..plan };
    }
    plan
}

/// Keeps the state before the last step.
fn waiting(status: Statusword) -> Controlword {
    match status.state() {
        Some(State::QuickStopActive) => Controlword::QUICK_STOP,
        _ => Controlword::SWITCH_ON,
    }
}

/// Whether 0x6061 shows the mode in which this driver commands.
#[must_use]
pub fn is_position_mode(display: Option<i8>) -> bool {
    display == Some(Mode::CyclicPosition.code())
}

/// The state as published.
#[must_use]
pub fn drive_state(status: Option<Statusword>) -> DriveState {
    match status.and_then(Statusword::state) {
        None => DriveState::Unknown,
        Some(State::NotReadyToSwitchOn) => DriveState::NotReady,
        Some(State::SwitchOnDisabled) => DriveState::SwitchOnDisabled,
        Some(State::ReadyToSwitchOn) => DriveState::ReadyToSwitchOn,
        Some(State::SwitchedOn) => DriveState::SwitchedOn,
        Some(State::OperationEnabled) => DriveState::OperationEnabled,
        Some(State::QuickStopActive) => DriveState::QuickStopActive,
        Some(State::FaultReactionActive) => DriveState::FaultReaction,
        Some(State::Fault) => DriveState::Fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(state: State) -> Statusword {
        Statusword(state.bits() | Statusword::REMOTE)
    }

    fn request(on: bool, safe: bool) -> PowerRequest {
        PowerRequest { on, reset_fault: false, safe }
    }

    #[test]
    fn the_last_step_waits_until_it_moves_nothing() {
        let last = Controlword::SWITCH_ON;
        let unsafe_step = next(word(State::SwitchedOn), last, request(true, false));
        assert_eq!(unsafe_step.controlword, Controlword::SWITCH_ON);
        let step = next(word(State::SwitchedOn), last, request(true, true));
        assert_eq!(step.controlword, Controlword::ENABLE_OPERATION);
    }

    #[test]
    fn a_quick_stopped_drive_is_resumed_without_losing_torque() {
        let last = Controlword::QUICK_STOP;
        let held = next(word(State::QuickStopActive), last, request(true, false));
        assert_eq!(held.controlword, Controlword::QUICK_STOP);
        let resumed = next(word(State::QuickStopActive), last, request(true, true));
        assert_eq!(resumed.controlword, Controlword::ENABLE_OPERATION);
    }

    #[test]
    fn power_goes_off_by_shutdown_first() {
        let on = Controlword::ENABLE_OPERATION;
        let first = next(word(State::OperationEnabled), on, request(false, true));
        assert_eq!(first.controlword, Controlword::SHUTDOWN);
        let second = next(word(State::ReadyToSwitchOn), first.controlword, request(false, true));
        assert_eq!(second.controlword, Controlword::DISABLE_VOLTAGE);
    }

    #[test]
    fn a_fault_is_left_alone_without_request() {
        let plan = next(word(State::Fault), Controlword(0x0F), request(true, true));
        assert_eq!(plan.controlword, Controlword::DISABLE_VOLTAGE);
    }
}
