//! How a plan begins: on the path at once, over a blend, after a stop, or not at all.

use crate::control::Control;
use crate::plan::{AtHand, Progress};
use crate::stages::{FLAT, Stage};
use trajectory::{Blend, Path, State};
use vocabulary::health::LogLine;
use vocabulary::joint::{JointLimits, PerJoint};

/// Distance to the path that needs no blend, rad: what measurement noise and tracking leave
/// between a planner's start point and the reference.
const NEAR: f64 = 2e-3;

/// How a plan can begin.
enum Beginning {
    /// On the path at once, with this path speed.
    Path { path: Path, speed: f64 },
    /// Over a blend.
    Blend { path: Path, blend: Blend, at_rest: bool },
    /// The arm has to stop first.
    StopFirst,
    /// Not at all, and why.
    Refused(String),
}

impl Control {
    /// Begins the plan at hand if there is a way onto its path.
    pub(crate) fn begin(&mut self, log: &mut Vec<LogLine>) {
        let Some(at_hand) = &self.plan else { return };
        let from = at_hand.path_time;
        match self.beginning(at_hand) {
            Beginning::Path { path, speed } => {
                self.mark_begun(path.clone());
                self.course.follow(path, from, speed);
                self.enter(Stage::Run { since: self.reference_at }, "", log);
            }
            Beginning::Blend { path, blend, at_rest } => {
                self.mark_begun(path);
                self.course.follow(blend.path, 0.0, 1.0);
                self.enter(Stage::Blend { at_rest }, "", log);
            }
            Beginning::StopFirst => self.stop(false, "the next plan begins at rest", log),
            Beginning::Refused(reason) => {
                if let Some(at_hand) = &mut self.plan {
                    at_hand.progress = Progress::Over;
                }
                if self.stage.is_moving() {
                    self.stop(true, &reason, log);
                } else {
                    self.enter(Stage::Paused, &reason, log);
                }
            }
        }
    }

    fn mark_begun(&mut self, path: Path) {
        if let Some(at_hand) = &mut self.plan {
            at_hand.path = Some(path);
            at_hand.progress = Progress::Begun;
        }
    }

    fn beginning(&self, at_hand: &AtHand) -> Beginning {
        let moving = !self.course.is_at_rest();
        if moving && !self.course.is_on_path() {
            return Beginning::StopFirst;
        }
        let path = match &at_hand.path {
            Some(path) => path.clone(),
            None => match Path::new(self.course.point_before(), at_hand.plan.waypoints.clone()) {
                Ok(path) => path,
                Err(error) => return Beginning::Refused(error.to_string()),
            },
        };
        if let Some(reason) = self.leaves_position_limits(&path) {
            return Beginning::Refused(reason);
        }
        if at_hand.path.is_none() && !at_hand.begins_on_path() {
            let still = path.sample(0.0).is_at_rest(FLAT);
            let speed = if still { self.allowed_speed() } else { self.course.speed() };
            return Beginning::Path { path, speed };
        }
        self.onto_path(path, at_hand.path_time, moving)
    }

    /// From where the reference is onto the path at path time `from`, s.
    fn onto_path(&self, path: Path, from: f64, moving: bool) -> Beginning {
        let reference = self.course.reference();
        let target = path.sample(from);
        let end = from >= path.duration();
        let (joint, distance) = farthest(&reference.position, &target.position);
        if !moving && distance <= NEAR {
            let speed = if target.is_at_rest(FLAT) { self.allowed_speed() } else { 0.0 };
            return Beginning::Path { path, speed };
        }
        if distance > self.config.max_blend_distance {
            let name = self.order.names().get(joint).map_or("?", String::as_str);
            return Beginning::Refused(format!(
                "{name} is {distance:.3} rad from the path, max_blend_distance is {} rad",
                self.config.max_blend_distance
            ));
        }
        let at_rest = !moving || end;
        let target = if at_rest { State::at_rest(target.position) } else { target };
        match Blend::between(reference, &target, &self.limits, self.config.min_blend) {
            Some(blend) => Beginning::Blend { path, blend, at_rest },
            None if moving => Beginning::StopFirst,
            None => Beginning::Refused("no way onto the path within the joint limits".to_owned()),
        }
    }

    /// The first segment starts where the arm is and not where the planner thought it was.
    fn leaves_position_limits(&self, path: &Path) -> Option<String> {
        let only_position = self.limits.map(|l| JointLimits {
            velocity: f64::INFINITY,
            acceleration: f64::INFINITY,
            ..l
        });
        let found = path.segments().next()?.violation(&only_position)?;
        let name = self.order.names().get(found.joint).map_or("?", String::as_str);
        Some(format!(
            "from here {name} would reach {:.4} rad, its limit is {:.4} rad",
            found.value, found.limit
        ))
    }
}

/// The joint with the longest way, and the way, rad.
fn farthest(a: &PerJoint<f64>, b: &PerJoint<f64>) -> (usize, f64) {
    let ways = a.iter().zip(b).map(|(a, b)| (a - b).abs()).enumerate();
    ways.fold((0, 0.0), |far, this| if this.1 > far.1 { this } else { far })
}
