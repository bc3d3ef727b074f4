//! `position`: the drives close the position loop (CSP); velocity and torque are fed forward.

use super::{Acting, Law, LawInput, LawOutput};
use trajectory::State;
use vocabulary::command::Mode;
use vocabulary::joint::{JOINTS, PerJoint};

/// For the registry.
pub(super) fn law() -> PositionLaw {
    PositionLaw
}

/// Keeps no state: the integrators are the drives'.
#[derive(Debug, Default)]
pub(super) struct PositionLaw;

impl Law for PositionLaw {
    fn mode(&self) -> Mode {
        Mode::Position
    }

    fn adopt(&mut self, _acting: &PerJoint<Option<Acting>>) {}

    fn update(&mut self, input: &LawInput<'_>) -> LawOutput {
        let tuning = input.tuning;
        let mut effort = [0.0; JOINTS];
        if tuning.feed_forward > 0.0 {
            // The drives make up for most of the friction by themselves.
            let friction = 1.0 - tuning.friction_compensation;
            effort = input.dynamics.torque(input.reference, tuning, friction);
        }
        for (effort, limit) in effort.iter_mut().zip(input.effort_limit) {
            let wanted = *effort * tuning.feed_forward;
            *effort = if wanted.is_finite() { wanted.clamp(-limit, *limit) } else { 0.0 };
        }
        let State { position, velocity, acceleration } = *input.reference;
        LawOutput { mode: Mode::Position, position, velocity, acceleration, effort }
    }
}
