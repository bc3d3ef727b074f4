//! Going on in the middle of what another controller began.
//!
//! The one rule: what is adopted is what the arm does. A path is drawn anew only from the reference
//! that the holder told, so that it continues that reference.

use crate::control::Control;
use crate::plan::Progress;
use crate::shadow::Word;
use crate::stages::Stage;
use crate::succession::HandOverState;
use std::sync::Arc;
use trajectory::{Path, State};
use vocabulary::handover::HandOver;
use vocabulary::plan::{ControlPhase, Waypoint};

/// Distance of a path from the reference up to which it is the same path, rad.
const SAME: f64 = 5e-4;

/// Path speed below which the slope of the path cannot be told from the joints' velocities.
const CRAWLING: f64 = 0.05;

impl Control {
    /// What a standby needs to go on from here.
    pub(crate) fn hand_over(&self) -> HandOver {
        let plan = self.plan.as_ref();
        let State { position, velocity, acceleration } = *self.course.reference();
        HandOver {
            boot_id: self.boot_id,
            epoch: self.tenure.epoch().unwrap_or(0),
            sequence: self.sequence,
            reference_at: self.reference_at,
            plan_id: plan.map_or(0, |p| p.plan.plan_id),
            revision: plan.map_or(0, |p| p.plan.revision),
            phase: self.stage.phase(),
            path_time: self.path_time_to_tell(),
            path_speed: self.course.speed(),
            speed_scaling: self.scaling,
            position,
            velocity,
            acceleration,
            integral: self.law.integral(),
            effort: self.applied.effort,
            tracking: self.tracking,
            law: self.law.name(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Begins where the holder is; false when that cannot be told yet.
    pub(crate) fn adopt(&mut self, word: &Word) -> bool {
        let told = &word.handover;
        let known = self.plan.as_ref().map_or((0, 0), |p| (p.plan.plan_id, p.plan.revision));
        if told.plan_id != 0 && known != (told.plan_id, told.revision) {
            return false;
        }
        let HandOverState { reference, path_time, path_speed } = HandOverState::of(word);
        let stage = match told.phase {
            ControlPhase::Holding => Stage::Hold,
            ControlPhase::Reached => Stage::Reached,
            ControlPhase::Paused => Stage::Paused,
            ControlPhase::Executing => Stage::Run { since: word.at },
            ControlPhase::Settling => Stage::Settle { since: word.at },
            ControlPhase::Blending | ControlPhase::Stopping | ControlPhase::Inactive => {
                return false;
            }
        };
        if stage.is_moving() {
            let Some(path) = self.path_of(told) else { return false };
            self.course.seed(reference.position, reference.velocity);
            self.course.follow(path.clone(), path_time, path_speed);
            self.note_adopted(Progress::Begun, path_time, Some(path));
        } else {
            self.course.seed(reference.position, reference.velocity);
            self.note_adopted(Progress::Over, path_time, None);
        }
        self.course.set_reference(reference);
        self.stage = stage;
        self.tracking = told.tracking;
        self.reference_at = word.at;
        self.history.clear();
        self.history.push(word.at, reference.position, reference.velocity);
        self.reason.clear();
        (self.seeded, self.violation) = (true, None);
        true
    }

    fn note_adopted(&mut self, progress: Progress, path_time: f64, path: Option<Path>) {
        let Some(at_hand) = &mut self.plan else { return };
        at_hand.progress = progress;
        at_hand.on_path = path.is_some();
        at_hand.path_time = path_time.min(at_hand.duration());
        at_hand.path = path.or(at_hand.path.take());
    }

    /// The path on which the holder is.
    fn path_of(&self, told: &HandOver) -> Option<Path> {
        let at_hand = self.plan.as_ref()?;
        let waypoints = &at_hand.plan.waypoints;
        let from_rest = Path::new(State::at_rest(told.position), Arc::clone(waypoints)).ok()?;
        let known = at_hand.path.clone().into_iter().chain([from_rest]);
        let passes_here = |path: &Path| {
            let here = path.sample(told.path_time).position;
            here.iter().zip(&told.position).all(|(a, b)| (a - b).abs() <= SAME)
        };
        known.into_iter().find(passes_here).or_else(|| remainder(told, waypoints))
    }
}

/// The rest of a path, from the reference told: a polynomial is determined by its ends, so that this
/// is the same path.
fn remainder(told: &HandOver, waypoints: &[Waypoint]) -> Option<Path> {
    if told.path_speed < CRAWLING {
        return None;
    }
    let speed = told.path_speed;
    let here = Waypoint {
        time: told.path_time,
        position: told.position,
        velocity: Some(told.velocity.map(|v| v / speed)),
        acceleration: Some(told.acceleration.map(|a| a / (speed * speed))),
    };
    let later = waypoints.iter().filter(|w| w.time > told.path_time + 1e-6);
    let points: Arc<[Waypoint]> = [here].iter().chain(later).copied().collect();
    Path::new(State::at_rest(told.position), points).ok()
}
