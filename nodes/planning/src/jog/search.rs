//! The fastest free course for a wish.

use trajectory::State;
use vocabulary::joint::PerJoint;

use super::command::Wish;
use super::course::{Course, Held, Plan, is_none, objection};
use super::ramp::Ramp;
use super::slow::{Outlook, is_singular};
use crate::planning::Planning;

/// What is tried of the wish until the course is free; with none of it the arm stops at once.
const SHARES: [f64; 5] = [1.0, 0.5, 0.25, 0.1, 0.0];

/// What a search found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Or the stop that is not free either.
    pub course: Result<Course, Course>,
    /// Nothing of the wish is done.
    pub stops: bool,
    /// Share of the wish.
    pub share: f64,
    /// What holds the rest of it.
    pub reason: String,
}

/// A free course for a wish [that counts for so long, s] from a state.
pub(crate) fn search(planning: &Planning, (wish, hold): (&Wish, f64), from: &State) -> Found {
    let settings = &planning.config.jog;
    let limits = planning.limits();
    let mut plan = Plan {
        planning,
        settings,
        ramp: Ramp {
            acceleration: limits.accelerations().map(|a| a * settings.ramp),
            jerk: limits.jerks().map(|j| j * settings.ramp),
        },
        speeds: limits.velocities().map(|v| v * settings.speed),
        wish,
        hold,
        share: 1.0,
        damped: false,
    };
    let mut held = Held { share: 1.0, reason: String::new() };
    if let Some(tip) = wish.tip_share(settings.linear, settings.angular) {
        held = held.and(tip);
    }
    plan.share = held.share;
    plan.damped = is_singular(planning, &from.position);
    let speeds = wish.speeds(planning, &from.position, plan.damped).map(|v| v * plan.share);
    let outlook = Outlook::new(planning, settings, from, &bounded(speeds, &plan.speeds));
    if let Some(slow) = outlook.held(wish) {
        held = held.and(slow);
    }
    plan.share = held.share;
    if let (_, Some(limited)) = plan.allowed(from) {
        held = held.and(limited);
    }
    attempts(plan, held, from)
}

/// Tries less and less of the wish until the course is free.
fn attempts(mut plan: Plan, held: Held, from: &State) -> Found {
    let Held { share, mut reason } = held;
    let full = plan.share;
    for part in SHARES {
        plan.share = full * part;
        let course = plan.course(*from);
        match course.path().and_then(|path| objection(plan.planning, &path, 0.0)) {
            None => {
                let stops = is_none(&plan.allowed(from).0);
                return Found { course: Ok(course), stops, share: share * part, reason };
            }
            Some(objection) => reason = objection,
        }
    }
    plan.share = 0.0;
    Found { course: Err(plan.course(*from)), stops: true, share: 0.0, reason }
}

/// The speeds, slower all together where one is too fast.
fn bounded(speeds: PerJoint<f64>, most: &PerJoint<f64>) -> PerJoint<f64> {
    let ratios = speeds.iter().zip(most).map(|(v, most)| v.abs() / most);
    let worst = ratios.fold(1.0, f64::max);
    speeds.map(|v| v / worst)
}
