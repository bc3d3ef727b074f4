//! Whoever works with the arm while things go wrong: sends goal after goal, and gives the yes when
//! the arm asks for one.
//!
//! The one rule: it knows what the client heard and nothing else, and its own dice are apart, so that
//! taking a fault out of a schedule leaves its habits as they were.

use super::Call;
use crate::arm::VirtualArm;
use crate::client::GoalState;
use crate::clock::Dice;
use motion::GoalId;
use std::time::Duration;
use vocabulary::arm::ArmMode;
use vocabulary::joint::PerJoint;
use vocabulary::plan::ControlPhase;
use vocabulary::time::Monotonic;

/// Apart from the streams of the arm and of the drawing.
const STREAM: u64 = 50;
/// Between two looks at the arm, ms.
const TURN: (u64, u64) = (120, 600);
/// A goal that is not reached within this is given up.
const PATIENCE: Duration = Duration::from_secs(25);
/// A goal that is not answered within this is sent again.
const ANSWER: Duration = Duration::from_secs(3);
/// Where goals may lie: half of the span, rad.
const REACH: PerJoint<f64> = [2.4, 1.1, 1.0, 2.4, 1.6, 2.7];
/// Seconds per radian of the longest way, at least and at most.
const PACE: (f64, f64) = (1.3, 3.0);

/// The client of a schedule.
pub(super) struct Operator {
    dice: Dice,
    next: Monotonic,
    goal: Option<(GoalId, Monotonic)>,
    rung: usize,
    reached: u64,
}

impl Operator {
    /// Begins at `now`.
    pub fn new(seed: u64, now: Monotonic) -> Self {
        Self { dice: Dice::new(seed, STREAM), next: now, goal: None, rung: 0, reached: 0 }
    }

    /// When it looks next.
    pub fn next(&self) -> Monotonic {
        self.next
    }

    /// Goals that were reached.
    pub fn reached(&self) -> u64 {
        self.reached
    }

    /// One look at the arm, and what follows from it.
    pub fn turn(&mut self, arm: &mut VirtualArm) {
        let (shortest, longest) = (Duration::from_millis(TURN.0), Duration::from_millis(TURN.1));
        self.next = arm.now() + self.dice.between(shortest, longest);
        let runs = self.goal.is_some_and(|(id, _)| !arm.goal(&id).is_over());
        // A pause that nobody's goal is behind ends with the next goal.
        if needs_a_yes(arm) || (runs && is_paused(arm)) {
            let ladder = [Call::ClearFaults, Call::Enable, Call::Resume];
            if let Some(call) = ladder.get(self.rung % ladder.len()) {
                arm.request((*call).into());
            }
            self.rung += 1;
            return;
        }
        self.rung = 0;
        self.look_after_goal(arm);
    }

    fn look_after_goal(&mut self, arm: &mut VirtualArm) {
        let now = arm.now();
        if let Some((id, since)) = self.goal {
            let state = arm.goal(&id);
            let age = now.since(since);
            let unanswered = state == GoalState::Sent && age > ANSWER;
            if !state.is_over() && !unanswered {
                if age > PATIENCE {
                    arm.cancel(id);
                }
                return;
            }
            self.reached += u64::from(state == GoalState::Succeeded);
        }
        let points = self.way(arm.truth().position);
        self.goal = Some((arm.send_goal(arm.trajectory(&points)), now));
    }

    /// One to three places that no joint is too slow for.
    fn way(&mut self, from: PerJoint<f64>) -> Vec<(PerJoint<f64>, f64)> {
        let count = 1 + self.dice.up_to(2);
        let (mut from, mut time) = (from, 0.0);
        (0..count)
            .map(|_| {
                let place = REACH.map(|reach| self.dice.share(-reach, reach));
                let far = from.iter().zip(&place).map(|(a, b)| (a - b).abs());
                time += far.fold(0.7, f64::max) * self.dice.share(PACE.0, PACE.1);
                from = place;
                (place, time)
            })
            .collect()
    }
}

/// Whether the arm, as the client knows it, waits for somebody.
pub(super) fn needs_a_yes(arm: &VirtualArm) -> bool {
    arm.status().mode != ArmMode::Enabled
}

/// Whether a plan waits to go on.
fn is_paused(arm: &VirtualArm) -> bool {
    arm.control_state().is_some_and(|state| state.phase == ControlPhase::Paused)
}
