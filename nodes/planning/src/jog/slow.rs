//! Slowing down before it is too late: near things and singularities, by name.
//!
//! The rule: only what comes closer slows the arm down. The way out is free.

use arm_model::JointVector;
use arm_model::ik::Singularity;
use collision::Nearness;
use trajectory::State;
use vocabulary::joint::PerJoint;

use super::command::Wish;
use super::course::Held;
use super::settings::Settings;
use crate::planning::Planning;

/// How far ahead is looked, s.
const AHEAD: f64 = 0.1;
/// Coming closer by less than this is not coming closer, m.
const CLOSER: f64 = 1e-5;
/// The same of the margin to a singularity.
const DEEPER: f64 = 1e-6;
/// In which the margin to a singularity may be used up, s: joints need as long to brake.
const BRAKING: f64 = 0.3;
/// A share below this is none.
const NONE: f64 = 0.02;

/// Where the arm is and would be shortly.
pub(crate) struct Outlook<'a> {
    pub planning: &'a Planning,
    pub settings: &'a Settings,
    pub here: PerJoint<f64>,
    /// Where it would be as it goes now.
    pub drift: PerJoint<f64>,
    /// Where it would be as it is wished.
    pub ahead: PerJoint<f64>,
}

impl<'a> Outlook<'a> {
    /// The outlook of going with these speeds, rad/s.
    pub(crate) fn new(
        planning: &'a Planning,
        settings: &'a Settings,
        from: &State,
        speeds: &PerJoint<f64>,
    ) -> Self {
        let here = from.position;
        let after = |speeds: &PerJoint<f64>| {
            let mut there = here;
            for (at, speed) in there.iter_mut().zip(speeds) {
                *at += speed * AHEAD;
            }
            there
        };
        let (drift, ahead) = (after(&from.velocity), after(speeds));
        Self { planning, settings, here, drift, ahead }
    }

    /// What slows the arm down most, if anything does.
    pub(crate) fn held(&self, wish: &Wish) -> Option<Held> {
        let singular = matches!(wish, Wish::Twist(..)).then(|| self.singular()).flatten();
        let both = self.near().into_iter().chain(singular);
        both.min_by(|a, b| a.share.total_cmp(&b.share))
    }

    /// The pair whose closing speed leaves the least share: at `slow_distance` it may be `linear`, at
    /// `stop_distance` nothing.
    fn near(&self) -> Option<Held> {
        let Settings { slow_distance, self_slow_distance, linear, .. } = *self.settings;
        let widest = slow_distance.max(self_slow_distance);
        let far = 2.0 * widest;
        let checker = &self.planning.checker;
        let [here, drift] = [&self.here, &self.drift].map(|at| checker.near(at, far));
        let distance = |pair: &Nearness, among: &[Nearness]| {
            let same = |n: &&Nearness| n.first == pair.first && n.second == pair.second;
            among.iter().find(same).map_or(far, |n| n.distance)
        };
        let held = |pair: &Nearness| {
            let now = distance(pair, &here);
            let closing = (now - pair.distance) / AHEAD;
            let near = now.min(distance(pair, &drift));
            let [stop, slow] = self.distances(pair);
            let most = linear * ((near - stop) / (slow - stop)).max(0.0);
            (now - pair.distance > CLOSER && most < closing).then(|| Held {
                share: enough(most / closing),
                reason: Nearness { distance: now, ..pair.clone() }.to_string(),
            })
        };
        let ahead = checker.near(&self.ahead, widest);
        ahead.iter().filter_map(held).min_by(|a, b| a.share.total_cmp(&b.share))
    }

    /// Where a pair stops and where it begins to slow down, m.
    fn distances(&self, pair: &Nearness) -> [f64; 2] {
        let settings = self.settings;
        let own = self.planning.robot.link(&pair.second).is_some()
            || self.planning.scene.attached().contains_key(&pair.second);
        match own {
            true => [settings.self_stop_distance, settings.self_slow_distance],
            false => [settings.stop_distance, settings.slow_distance],
        }
    }

    /// A twist may come as near to a singularity as it can brake before `stop_margin`; within, only
    /// the way out is left.
    fn singular(&self) -> Option<Held> {
        let (singularity, here) = self.margin(&self.here);
        let [drift, ahead] = [&self.drift, &self.ahead].map(|at| self.margin(at).1);
        let stop = self.settings.stop_margin;
        let closing = (here - ahead) / AHEAD;
        let most = ((here.min(drift) - stop) / BRAKING).max(0.0);
        let held = match here < stop {
            true => ahead <= here + DEEPER,
            false => here - ahead > DEEPER && most < closing,
        };
        held.then(|| Held {
            share: if here < stop { 0.0 } else { enough(most / closing) },
            reason: format!("the {} singularity is near: margin {here:.3}", name(singularity)),
        })
    }

    fn margin(&self, at: &PerJoint<f64>) -> (Singularity, f64) {
        margin(self.planning, at)
    }
}

/// Whether the arm stands in a singularity, where only damped motion is possible.
pub(crate) fn is_singular(planning: &Planning, at: &PerJoint<f64>) -> bool {
    margin(planning, at).1 < planning.config.jog.stop_margin
}

fn margin(planning: &Planning, at: &PerJoint<f64>) -> (Singularity, f64) {
    let close = planning.ik.closeness(&JointVector::from(*at));
    (close.singularity, close.margin)
}

/// A share that is worth moving for.
fn enough(share: f64) -> f64 {
    if share < NONE { 0.0 } else { share }
}

fn name(singularity: Singularity) -> &'static str {
    match singularity {
        Singularity::Shoulder => "shoulder",
        Singularity::Elbow => "elbow",
        Singularity::Wrist => "wrist",
        Singularity::Other => "nearest",
    }
}
