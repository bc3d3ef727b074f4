//! From the state a drive reports to the next controlword.
//!
//! The one rule: a fault is reset only with [`Goal::reset_fault`], by a rising edge of bit 7, and
//! nothing here ever enables a drive that was not asked to be enabled.

use super::{Controlword, State, Statusword};

/// The state wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Voltage off.
    SwitchOnDisabled,
    /// Ready, voltage may be on.
    ReadyToSwitchOn,
    /// Voltage on, no torque.
    SwitchedOn,
    /// Follow setpoints.
    OperationEnabled,
    /// Brake by the quick-stop option code.
    QuickStopActive,
}

/// What the caller wants of the drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// The state wanted.
    pub target: Target,
    /// Whether a fault may be reset on the way.
    pub reset_fault: bool,
    /// Whether the drive may leave quick stop by enabling again (transition 16). Without it the
    /// way out of quick stop is disable voltage.
    pub resume_quick_stop: bool,
}

impl Goal {
    /// To that state, without resetting a fault or resuming from quick stop.
    #[must_use]
    pub const fn to(target: Target) -> Self {
        Self { target, reset_fault: false, resume_quick_stop: false }
    }
}

/// Why nothing more can be done by controlword alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// The drive is in fault and the goal does not allow a reset.
    Fault,
    /// The drive passes through this state by itself; wait.
    Transient(State),
    /// The statusword fits no state of the profile.
    UnknownState(u16),
    /// Bit 9 is clear: the drive ignores the bus (local control).
    NotRemote,
}

/// The controlword to send, and where we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Send this, also when the target is reached.
    pub controlword: Controlword,
    /// Whether the drive is in the wanted state.
    pub reached: bool,
    /// What stands in the way, if anything.
    pub blocked: Option<Blocked>,
}

const fn step(controlword: Controlword) -> Plan {
    Plan { controlword, reached: false, blocked: None }
}

const fn there(controlword: Controlword) -> Plan {
    Plan { controlword, reached: true, blocked: None }
}

const fn wait(controlword: Controlword, why: Blocked) -> Plan {
    Plan { controlword, reached: false, blocked: Some(why) }
}

/// The next controlword on the way to `goal`. `last` is the controlword sent before; it is needed
/// for the rising edge of a fault reset.
#[must_use]
pub const fn plan(status: Statusword, last: Controlword, goal: Goal) -> Plan {
    let Some(state) = status.state() else {
        return wait(Controlword::DISABLE_VOLTAGE, Blocked::UnknownState(status.0));
    };
    match state {
        State::NotReadyToSwitchOn | State::FaultReactionActive => {
            wait(Controlword::DISABLE_VOLTAGE, Blocked::Transient(state))
        }
        State::Fault if !goal.reset_fault => wait(Controlword::DISABLE_VOLTAGE, Blocked::Fault),
        State::Fault if last.has(Controlword::FAULT_RESET) => step(Controlword::DISABLE_VOLTAGE),
        State::Fault => step(Controlword::FAULT_RESET),
        _ => {
            let plan = way(state, goal);
            let remote = status.has(Statusword::REMOTE);
            if plan.reached || remote { plan } else { wait(plan.controlword, Blocked::NotRemote) }
        }
    }
}

const fn way(state: State, goal: Goal) -> Plan {
    match (goal.target, state) {
        (Target::SwitchOnDisabled, State::SwitchOnDisabled) => there(Controlword::DISABLE_VOLTAGE),
        (Target::SwitchOnDisabled, _) => step(Controlword::DISABLE_VOLTAGE),
        (Target::QuickStopActive, State::QuickStopActive) => there(Controlword::QUICK_STOP),
        (Target::QuickStopActive, State::OperationEnabled) => step(Controlword::QUICK_STOP),
        // From a state without torque a quick stop ends in switch on disabled: nothing moves.
        (Target::QuickStopActive, State::SwitchOnDisabled) => there(Controlword::DISABLE_VOLTAGE),
        (Target::QuickStopActive, _) => step(Controlword::DISABLE_VOLTAGE),
        (Target::OperationEnabled, State::QuickStopActive) if goal.resume_quick_stop => {
            step(Controlword::ENABLE_OPERATION)
        }
        (_, State::QuickStopActive) => step(Controlword::DISABLE_VOLTAGE),
        (_, State::SwitchOnDisabled) => step(Controlword::SHUTDOWN),
        (Target::ReadyToSwitchOn, State::ReadyToSwitchOn) => there(Controlword::SHUTDOWN),
        (Target::ReadyToSwitchOn, _) => step(Controlword::SHUTDOWN),
        (Target::SwitchedOn, State::SwitchedOn) => there(Controlword::SWITCH_ON),
        (Target::SwitchedOn, _) => step(Controlword::SWITCH_ON),
        (Target::OperationEnabled, State::OperationEnabled) => there(Controlword::ENABLE_OPERATION),
        (Target::OperationEnabled, State::SwitchedOn) => step(Controlword::ENABLE_OPERATION),
        (Target::OperationEnabled, _) => step(Controlword::SWITCH_ON),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transitions of the profile, as a drive makes them.
    fn drive(state: State, last: Controlword, new: Controlword) -> State {
        use State as S;
        let edge = new.has(Controlword::FAULT_RESET) && !last.has(Controlword::FAULT_RESET);
        let low = new.0 & 0x0F;
        match state {
            S::Fault if edge => S::SwitchOnDisabled,
            S::SwitchOnDisabled if low & 7 == 6 => S::ReadyToSwitchOn,
            S::ReadyToSwitchOn if low & 7 == 7 => S::SwitchedOn,
            S::SwitchedOn if low == 0x0F => S::OperationEnabled,
            S::SwitchedOn | S::OperationEnabled if low & 7 == 6 => S::ReadyToSwitchOn,
            S::OperationEnabled if low == 7 => S::SwitchedOn,
            S::OperationEnabled if low & 6 == 2 => S::QuickStopActive,
            S::QuickStopActive if low == 0x0F => S::OperationEnabled,
            S::ReadyToSwitchOn | S::SwitchedOn | S::OperationEnabled | S::QuickStopActive
                if low & 2 == 0 =>
            {
                S::SwitchOnDisabled
            }
            other => other,
        }
    }

    fn status(state: State) -> Statusword {
        Statusword(state.bits() | Statusword::REMOTE)
    }

    fn steps_to(start: State, goal: Goal) -> Option<usize> {
        let (mut state, mut last) = (start, Controlword(0x80));
        for n in 0..10 {
            let plan = plan(status(state), last, goal);
            if plan.reached {
                return Some(n);
            }
            state = drive(state, last, plan.controlword);
            last = plan.controlword;
        }
        None
    }

    #[test]
    fn every_target_is_reached_from_every_steady_state() {
        let steady = [
            State::SwitchOnDisabled,
            State::ReadyToSwitchOn,
            State::SwitchedOn,
            State::OperationEnabled,
            State::QuickStopActive,
            State::Fault,
        ];
        for start in steady {
            for target in [
                Target::SwitchOnDisabled,
                Target::ReadyToSwitchOn,
                Target::SwitchedOn,
                Target::OperationEnabled,
                Target::QuickStopActive,
            ] {
                let goal = Goal { target, reset_fault: true, resume_quick_stop: false };
                let steps = steps_to(start, goal);
                assert!(steps.is_some_and(|n| n <= 6), "{start} to {target:?}: {steps:?}");
            }
        }
    }

    #[test]
    fn fault_without_permission_is_left_alone() {
        let plan = plan(status(State::Fault), Controlword(0), Goal::to(Target::OperationEnabled));
        assert_eq!((plan.controlword, plan.blocked), (Controlword(0), Some(Blocked::Fault)));
    }

    #[test]
    fn fault_reset_is_a_rising_edge() {
        let goal = Goal { reset_fault: true, ..Goal::to(Target::OperationEnabled) };
        let first = plan(status(State::Fault), Controlword(0x80), goal).controlword;
        let second = plan(status(State::Fault), first, goal).controlword;
        assert_eq!((first.0, second.0), (0x00, 0x80));
    }

    #[test]
    fn drive_in_local_control_is_reported() {
        let local = Statusword(State::SwitchOnDisabled.bits());
        let plan = plan(local, Controlword(0), Goal::to(Target::OperationEnabled));
        assert_eq!(plan.blocked, Some(Blocked::NotRemote));
    }

    #[test]
    fn no_statusword_enables_a_drive_that_was_not_asked_to() {
        for word in 0..=u16::MAX {
            for target in [Target::SwitchOnDisabled, Target::SwitchedOn, Target::QuickStopActive] {
                let goal = Goal { target, reset_fault: true, resume_quick_stop: true };
                let sent = plan(Statusword(word), Controlword(0), goal).controlword;
                assert_ne!(sent.0 & 0x0F, 0x0F);
            }
        }
    }
}
