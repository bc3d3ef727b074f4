//! The course under way: whether control has taken it, and where another one can take over.

use trajectory::{Path, State};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::time::{Now, Stamp};

use super::command::Wish;
use super::course::objection;
use super::{Desk, GOES_ON, LOOKS};

/// Reports of control agree with a course when its duration does to so much, s.
const SAME: f64 = 4e-7;
/// A course that control does not report this long after its start was not taken, s.
const PATIENCE: f64 = 0.3;

/// What has become of a course.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    /// Control does not report it yet.
    Waiting,
    /// Control drives it.
    Taken,
    /// The arm stands at its end.
    Arrived,
    /// It is not driven, or not any more.
    Lost(String),
}

/// A course under way.
#[derive(Debug)]
pub(crate) struct Run {
    path: Path,
    wish: Wish,
    start: Stamp,
    kind: Kind,
    taken: bool,
}

/// When and as what a course was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub now: Now,
    /// It is a stop.
    pub stops: bool,
    /// It is slower than wished.
    pub slowed: bool,
}

impl Run {
    pub(crate) fn new(path: Path, wish: Wish, start: Stamp, kind: Kind) -> Self {
        Self { path, wish, start, kind, taken: false }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.kind.stops
    }

    /// Judges the newest report of control.
    pub(crate) fn stands(&mut self, desk: &Desk) -> Standing {
        let Ok(control) = desk.planning.control(desk.now.mono) else {
            return Standing::Lost("control is silent".to_owned());
        };
        if (control.path_duration - self.path.duration()).abs() <= SAME {
            return self.judge(control);
        }
        let waited = desk.now.stamp.seconds_from(self.start);
        match self.taken {
            true => Standing::Lost(format!("another motion runs (plan {})", control.plan_id)),
            false if waited > PATIENCE => Standing::Lost(
                "arm_controller did not take the course, its log says why".to_owned(),
            ),
            false => Standing::Waiting,
        }
    }

    fn judge(&mut self, control: &ControlState) -> Standing {
        match control.phase {
            ControlPhase::Executing | ControlPhase::Blending => {
                self.taken = true;
                Standing::Taken
            }
            ControlPhase::Settling | ControlPhase::Reached => Standing::Arrived,
            _ if control.reason.is_empty() => Standing::Lost("control stopped it".to_owned()),
            _ => Standing::Lost(format!("control stopped it: {}", control.reason)),
        }
    }

    /// Whether another course is due: never before this one is taken, or control would drop it.
    pub(crate) fn is_due(&self, wish: &Wish, desk: &Desk) -> bool {
        // A stop is as quick as it was planned; another one would only take longer.
        if self.wish == *wish && wish.is_rest() {
            return false;
        }
        let pace = if self.kind.slowed { LOOKS } else { GOES_ON };
        let old = desk.now.mono.seconds_from(self.kind.now.mono) >= pace;
        self.taken && (old || self.wish != *wish)
    }

    /// Why what is left of it may not be driven any more.
    pub(crate) fn objection(&self, control: &ControlState, desk: &Desk) -> Option<String> {
        objection(desk.planning, &self.path, control.path_time)
    }

    /// When another course begins, and where the arm is then.
    pub(crate) fn handover(&self, control: &ControlState, desk: &Desk) -> (Stamp, State) {
        let (start, ahead) = next_cycle(control, desk);
        let at = control.path_time + ahead * control.speed_scaling;
        let state = if at < self.path.duration() {
            self.path.sample(at.max(0.0))
        } else {
            State::at_rest(self.path.end().position)
        };
        (start, state)
    }
}

/// When a course from rest begins, and where.
pub(crate) fn from_rest(control: &ControlState, desk: &Desk) -> (Stamp, State) {
    let (start, _) = next_cycle(control, desk);
    (start, State::at_rest(control.reference_position))
}

/// Half a period before the first cycle of control that is far enough ahead, and how long after the
/// reported reference [s] the one is from which that cycle goes on.
///
/// Control begins a plan in the first cycle after its start, from the reference of the cycle before,
/// which holds `lead` later than that cycle began.
fn next_cycle(control: &ControlState, desk: &Desk) -> (Stamp, f64) {
    let settings = &desk.planning.config.jog;
    let reported = control.stamp.shifted(-settings.control_lead);
    let wait = desk.now.stamp.shifted(settings.ahead).seconds_from(reported);
    let cycles = (wait / desk.period).ceil().max(1.0);
    let start = reported.shifted((cycles - 0.5) * desk.period);
    (start, (cycles - 1.0) * desk.period)
}
