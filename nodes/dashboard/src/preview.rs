//! The motion that planning is about to have driven.
//!
//! The rule: it is shown from its announcement until the arm has driven it; one that nobody drives
//! goes after [`LONGEST`].

use crate::history::{Row, row};
use crate::view::{Kind, Update};
use serde::Serialize;
use std::time::Duration;
use vocabulary::joint::PerJoint;
use vocabulary::plan::ControlPhase;
use vocabulary::time::Monotonic;

/// A preview lasts 60 s at most (`MoveTo.action`), and the arm needs a moment to begin.
pub const LONGEST: Duration = Duration::from_secs(65);

/// Points of a motion that are shown.
const SHOWN: usize = 60;

/// A motion, as the page plays it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Motion {
    /// Rising times from its start, s.
    pub times: Vec<f64>,
    /// rad, one row per time.
    pub positions: Vec<PerJoint<f64>>,
}

impl Motion {
    /// The motion with no more points than a page can use; first and last stay.
    #[must_use]
    pub fn thinned(&self) -> Self {
        let count = self.times.len().min(self.positions.len());
        let last = count.saturating_sub(1);
        let kept = count.min(SHOWN);
        let at = (0..kept).map(|n| n * last / kept.saturating_sub(1).max(1));
        let pairs = at.filter_map(|n| Some((*self.times.get(n)?, *self.positions.get(n)?)));
        let (times, positions) = pairs.unzip();
        Self { times, positions }
    }
}

/// What becomes of the newest motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// There is none, or it is over.
    #[default]
    None,
    /// It is shown; the arm stands.
    Announced,
    /// The arm is on it.
    Driven,
}

#[derive(Serialize)]
#[serde(tag = "k", rename = "plan")]
struct Plan {
    stage: Stage,
    times: Vec<f64>,
    positions: Vec<Row>,
}

/// The newest motion and its stage.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    motion: Motion,
    stage: Stage,
    since: Monotonic,
}

impl Preview {
    /// Takes a new motion in; what there was before is replaced.
    pub fn announce(&mut self, at: Monotonic, motion: &Motion) -> Update {
        self.motion = motion.thinned();
        (self.stage, self.since) = (Stage::Announced, at);
        self.update()
    }

    /// Looks at what control does (`None` when that is not known); the update when the stage changed.
    pub fn judge(&mut self, now: Monotonic, phase: Option<ControlPhase>) -> Option<Update> {
        let next = self.next(now, phase);
        if next == self.stage {
            return None;
        }
        self.stage = next;
        if next == Stage::None {
            self.motion = Motion::default();
        }
        Some(self.update())
    }

    fn next(&self, now: Monotonic, phase: Option<ControlPhase>) -> Stage {
        use ControlPhase::{Blending, Executing, Holding, Inactive, Reached};
        match (self.stage, phase) {
            (Stage::Announced, Some(Blending | Executing)) => Stage::Driven,
            (Stage::Announced, _) if now.since(self.since) > LONGEST => Stage::None,
            (Stage::Driven, Some(Holding | Reached | Inactive)) => Stage::None,
            (stage, _) => stage,
        }
    }

    fn update(&self) -> Update {
        let Motion { times, positions } = &self.motion;
        let times = times.iter().map(|time| (time * 1e3).round() / 1e3).collect();
        let positions = positions.iter().map(|point| row(point, 4)).collect();
        Update::new(Kind::Plan, &Plan { stage: self.stage, times, positions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn motion(points: usize) -> Motion {
        Motion {
            times: (0..points).map(|n| n as f64 * 0.1).collect(),
            positions: (0..points).map(|n| [n as f64; 6]).collect(),
        }
    }

    fn at(seconds: f64) -> Monotonic {
        Monotonic((seconds * 1e9) as u64)
    }

    fn stage(update: &Update) -> (String, usize) {
        let json: serde_json::Value = serde_json::from_str(&update.json).unwrap();
        assert_eq!(json["k"], "plan");
        let points = json["positions"].as_array().unwrap().len();
        assert_eq!(points, json["times"].as_array().unwrap().len());
        (json["stage"].as_str().unwrap().to_owned(), points)
    }

    #[test]
    fn a_motion_is_shown_from_its_announcement_until_it_was_driven() {
        let mut preview = Preview::default();
        assert_eq!(preview.judge(at(0.0), Some(ControlPhase::Executing)), None);
        let update = preview.announce(at(1.0), &motion(10));
        assert_eq!(stage(&update), ("announced".into(), 10));
        assert_eq!(preview.judge(at(2.0), Some(ControlPhase::Holding)), None);
        assert_eq!(preview.judge(at(30.0), None), None);
        let update = preview.judge(at(31.0), Some(ControlPhase::Executing)).unwrap();
        assert_eq!(stage(&update), ("driven".into(), 10));
        for phase in [ControlPhase::Stopping, ControlPhase::Paused, ControlPhase::Settling] {
            assert_eq!(preview.judge(at(400.0), Some(phase)), None);
        }
        let update = preview.judge(at(401.0), Some(ControlPhase::Reached)).unwrap();
        assert_eq!(stage(&update), ("none".into(), 0));
    }

    #[test]
    fn a_motion_that_nobody_drives_goes_by_itself() {
        let mut preview = Preview::default();
        preview.announce(at(1.0), &motion(2));
        assert_eq!(preview.judge(at(66.0), Some(ControlPhase::Holding)), None);
        assert!(preview.judge(at(66.1), Some(ControlPhase::Holding)).is_some());
    }

    #[test]
    fn a_long_motion_is_thinned_and_keeps_its_ends() {
        let thin = motion(10_000).thinned();
        assert_eq!((thin.times.len(), thin.positions.len()), (SHOWN, SHOWN));
        assert_eq!((thin.times[0], thin.positions[SHOWN - 1]), (0.0, [9_999.0; 6]));
        assert!(thin.times.windows(2).all(|pair| pair[0] < pair[1]));
        for few in [0, 1, 2, SHOWN] {
            assert_eq!(motion(few).thinned(), motion(few), "{few}");
        }
    }
}
