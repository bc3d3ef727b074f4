//! What the arm will do from here on: follow the wish for as long as it counts, then stop.
//!
//! The rule: a course is looked at to its very end, the stop included, and driven only when all of it
//! is free and within the position limits. So whatever becomes of whoever drives it, the arm comes to
//! rest where it may.

use collision::Tally;
use trajectory::{Path, State};
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::plan::Waypoint;

use super::command::Wish;
use super::ramp::Ramp;
use super::settings::Settings;
use crate::planning::Planning;

/// Steps of a course, s.
const STEP: f64 = 0.02;
/// The first step, s. The arm may be half a millisecond of its way from where the course begins: the
/// longer the step, the less jerk it costs to get onto it.
const FIRST: f64 = 0.08;
/// Between two looks, s.
const LOOK: f64 = 0.01;
/// Nothing takes longer to stop, s.
const LONGEST: f64 = 10.0;
/// Slower than this is rest, rad/s and rad/s².
const REST: f64 = 1e-7;
/// Rounding allowed beyond a position limit, rad.
const ROUNDING: f64 = 1e-9;

/// How a course is made.
pub(crate) struct Plan<'a> {
    pub planning: &'a Planning,
    pub settings: &'a Settings,
    pub ramp: Ramp,
    /// Greatest speed of each joint, rad/s.
    pub speeds: PerJoint<f64>,
    pub wish: &'a Wish,
    /// For how long it counts, s.
    pub hold: f64,
    /// Share of the wish.
    pub share: f64,
    /// The wish leads out of a singularity.
    pub damped: bool,
}

/// What keeps a joint, or all of them, from going as fast as wished.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    /// Share of the wish that is left.
    pub share: f64,
    pub reason: String,
}

impl Held {
    /// Held by another thing too, which is then the one to name.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { share: self.share * other.share, reason: other.reason }
    }
}

/// A way to go and to stop.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    /// Time from the start, s, and state; the last one is at rest.
    pub knots: Vec<(f64, State)>,
}

impl Plan<'_> {
    /// The course from a state.
    pub(crate) fn course(&self, from: State) -> Course {
        let mut knots = vec![(0.0, from)];
        let (mut at, mut time) = (from, 0.0);
        let mut h = FIRST;
        while time < self.hold + LONGEST {
            let wish = match time + h / 2.0 <= self.hold {
                true => self.allowed(&at).0,
                false => [0.0; JOINTS],
            };
            at = self.ramp.step(&at, &wish, h);
            time += h;
            h = STEP;
            let still = is_rest(&at);
            if still {
                at = State::at_rest(at.position);
            }
            knots.push((time, at));
            if still && (time >= self.hold || is_none(&self.allowed(&at).0)) {
                break;
            }
        }
        Course { knots }
    }

    /// The speeds wished for, as far as speed and position limits allow, rad/s.
    pub(crate) fn allowed(&self, at: &State) -> (PerJoint<f64>, Option<Held>) {
        let wished = self.wish.speeds(self.planning, &at.position, self.damped);
        let wished = wished.map(|v| v * self.share);
        let most = self.most(&at.position, &wished);
        let names = self.planning.order().names();
        let shares = wished
            .iter()
            .zip(&most)
            .map(|(v, (most, _))| if v.abs() > *most { most / v.abs() } else { 1.0 });
        let shares: Vec<f64> = shares.collect();
        let least = shares.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((joint, least)) = least.filter(|(_, share)| *share < 1.0) else {
            return (wished, None);
        };
        let reason = match (names.get(joint), most.get(joint), wished.get(joint)) {
            (Some(name), Some((_, Some(way))), _) => {
                format!("{name} is {:.3} rad from its limit", way.max(0.0))
            }
            (Some(name), Some((most, None)), Some(v)) => {
                format!("{name} would need {:.2} rad/s, {most:.2} are allowed", v.abs())
            }
            _ => String::new(),
        };
        let held = Some(Held { share: least, reason });
        let mut speeds = wished;
        for (speed, share) in speeds.iter_mut().zip(&shares) {
            // A twist keeps its direction; joints are on their own.
            *speed *= if matches!(self.wish, Wish::Twist(..)) { least } else { *share };
        }
        (speeds, held)
    }

    /// The greatest speed of each joint in the direction of its wish [rad/s]; where its position
    /// limit makes it so, with the way to there [rad].
    fn most(&self, at: &PerJoint<f64>, wished: &PerJoint<f64>) -> PerJoint<(f64, Option<f64>)> {
        let mut most = self.speeds.map(|speed| (speed, None));
        let limits = self.planning.limits();
        for (joint, slot) in most.iter_mut().enumerate() {
            let numbers = (at.get(joint), wished.get(joint));
            let (Some(at), Some(wished)) = numbers else { continue };
            let limit = limits.joint(joint);
            let way = if *wished > 0.0 { limit.upper - at } else { at - limit.lower };
            let speed = self.ramp.stopping_speed(joint, way - self.settings.limit_margin);
            if speed < slot.0 {
                *slot = (speed, Some(way));
            }
        }
        most
    }
}

/// Why a way may not be driven from time `from`, s, on; none when it may.
pub(crate) fn objection(planning: &Planning, path: &Path, from: f64) -> Option<String> {
    let rest = (path.duration() - from).max(0.0);
    let mut tally = Tally::default();
    let steps = (rest / LOOK).ceil().max(1.0);
    let start = path.sample(from).position;
    let mut last = start;
    for k in 0..=steps as usize {
        let here = path.sample(from + rest * (k as f64 / steps)).position;
        if let Some(reason) = outside(planning, &start, &here) {
            return Some(reason);
        }
        let (a, b) = (last.map(|x| x as f32), here.map(|x| x as f32));
        if !planning.checker.is_motion_free(&a, &b, &mut tally) {
            let nearest = planning.checker.nearest(&here);
            return Some(nearest.map_or_else(String::new, |near| near.to_string()));
        }
        last = here;
    }
    None
}

/// The joint that goes beyond its limits, or further beyond than it is.
fn outside(planning: &Planning, start: &PerJoint<f64>, at: &PerJoint<f64>) -> Option<String> {
    let limits = planning.limits();
    let joints = start.iter().zip(at).zip(planning.order().names()).enumerate();
    joints.into_iter().find_map(|(joint, ((start, at), name))| {
        let limit = limits.joint(joint);
        let (low, high) = (limit.lower.min(*start), limit.upper.max(*start));
        let inside = *at >= low - ROUNDING && *at <= high + ROUNDING;
        (!inside).then(|| format!("{name} would reach {at:.3} rad, beyond its limit"))
    })
}

impl Course {
    /// As control drives it; none when it is no path.
    pub(crate) fn path(&self) -> Option<Path> {
        let (_, from) = self.knots.first()?;
        let waypoints = self.knots.iter().skip(1).map(|(time, state)| Waypoint {
            time: *time,
            position: state.position,
            velocity: Some(state.velocity),
            acceleration: Some(state.acceleration),
        });
        Path::new(*from, waypoints.collect()).ok()
    }

    /// Whether nothing moves in it.
    pub(crate) fn is_rest(&self) -> bool {
        self.knots.iter().all(|(_, state)| is_rest(state))
    }

    /// Waits at the end until `time`, s, later than the end.
    pub(crate) fn wait_until(&mut self, time: f64) {
        if let Some((_, last)) = self.knots.last().copied() {
            self.knots.push((time, last));
        }
    }

    /// Time of the end, s.
    pub(crate) fn duration(&self) -> f64 {
        self.knots.last().map_or(0.0, |(time, _)| *time)
    }
}

fn is_rest(state: &State) -> bool {
    let all = state.velocity.iter().chain(&state.acceleration);
    all.into_iter().all(|x| x.abs() < REST)
}

/// Whether no joint is to move.
pub(crate) fn is_none(speeds: &PerJoint<f64>) -> bool {
    speeds.iter().all(|v| v.abs() < REST)
}
