//! What hangs at the tip, told from the torques that motion takes.
//!
//! The one rule: nothing is claimed before it is known. A joint counts only while it moves, because
//! the friction of a standing joint has no sign; what was learned long ago fades, but only while there
//! is something new to learn; and an estimate whose standard deviation is too large is none.
//!
//! Torques are linear in mass and first moment of the payload, so recursive least squares with
//! exponential forgetting finds them (Ljung 1999, section 11.2). Its own inertia is left out: for a
//! body of the size of a hand it is below a hundredth of what its distance from the joints makes.

use crate::dynamics::Dynamics;
use crate::law::Measured;
use crate::tuning::Tuning;
use arm_model::Payload;
use nalgebra::{Matrix4, Vector4};
use trajectory::State;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::settings::LoadEstimate;
use vocabulary::time::Monotonic;

/// One sample in so many cycles is looked at: neighbours say the same.
const EVERY: u32 = 5;
/// Speed from which the friction of a joint is known, rad/s.
const MOVES: f64 = 0.1;
/// What was learned counts e times less after so much time of learning, s.
const MEMORY: f64 = 15.0;
/// Errors of neighbouring samples are the same error: so many count as one.
const CORRELATED: f64 = 10.0;
/// Unknown part of the friction, as share of the dry friction and of the torque limit.
const UNKNOWN_FRICTION: f64 = 0.2;
const UNKNOWN_TORQUE: f64 = 0.005;
/// Standard deviations before anything is known: kg, kg·m.
const IGNORANCE: [f64; 4] = [20.0, 2.0, 2.0, 2.0];
/// Standard deviation from which the mass is known, kg.
const KNOWN: f64 = 0.25;
/// Mass from which it has a place, kg.
const PLACED: f64 = 0.2;
/// References remembered: 128 ms at 250 Hz, more than any sample is late.
const LENGTH: usize = 32;

/// The estimator.
#[derive(Debug, Clone)]
pub(crate) struct PayloadEstimator {
    /// Mass, kg, and first moment, kg·m.
    value: Vector4<f64>,
    covariance: Matrix4<f64>,
    past: [(Monotonic, State); LENGTH],
    newest: usize,
    cycles: u32,
    learned_at: Monotonic,
}

impl PayloadEstimator {
    pub fn new() -> Self {
        Self {
            value: Vector4::zeros(),
            covariance: Matrix4::from_diagonal(&Vector4::from(IGNORANCE.map(|x| x * x))),
            past: [(Monotonic(0), State::at_rest([0.0; JOINTS])); LENGTH],
            newest: 0,
            cycles: 0,
            learned_at: Monotonic(0),
        }
    }

    /// Remembers the reference of an instant, and learns from the newest samples now and then.
    pub fn learn(
        &mut self,
        (at, reference): (Monotonic, &State),
        measured: &PerJoint<Option<Measured>>,
        dynamics: &Dynamics,
        tuning: &Tuning,
    ) {
        self.newest = (self.newest + 1) % LENGTH;
        if let Some(slot) = self.past.get_mut(self.newest) {
            *slot = (at, *reference);
        }
        self.cycles += 1;
        if self.cycles < EVERY {
            return;
        }
        self.cycles = 0;
        let Some(sampled) = measured.first().copied().flatten().map(|m| m.at) else { return };
        let Some(state) = self.reference_at(sampled) else { return };
        if sampled > self.learned_at && state.velocity.iter().any(|v| v.abs() > MOVES) {
            self.forget(sampled);
            self.take(&state, measured, dynamics, tuning);
        }
    }

    /// The payload, when it is known.
    pub fn estimate(&self) -> Option<LoadEstimate> {
        let deviation = self.covariance.diagonal().x.max(0.0).sqrt();
        let mass = self.value.x;
        let center = if mass > PLACED { 1.0 / mass } else { f64::NAN };
        let center = [self.value.y * center, self.value.z * center, self.value.w * center];
        (deviation < KNOWN && mass.is_finite()).then_some(LoadEstimate { mass, center, deviation })
    }

    /// The reference nearest to an instant; none when that is too long ago.
    fn reference_at(&self, at: Monotonic) -> Option<State> {
        let apart = |(then, _): &&(Monotonic, State)| then.0.abs_diff(at.0);
        let (then, state) = self.past.iter().min_by_key(apart)?;
        (then.0.abs_diff(at.0) < 5_000_000).then_some(*state)
    }

    fn forget(&mut self, now: Monotonic) {
        let dt = now.seconds_from(self.learned_at).min(0.1);
        self.learned_at = now;
        let grown = self.covariance * (dt / MEMORY).exp();
        // Not beyond what was never known.
        let most = IGNORANCE.map(|x| x * x);
        if grown.diagonal().iter().zip(most).all(|(grown, most)| *grown <= most) {
            self.covariance = grown;
        }
    }

    fn take(
        &mut self,
        state: &State,
        measured: &PerJoint<Option<Measured>>,
        dynamics: &Dynamics,
        tuning: &Tuning,
    ) {
        let empty = Tuning { payload: Payload::NONE, ..*tuning };
        let expected = dynamics.torque(state, &empty, 1.0);
        let Some(columns) = columns(state, dynamics) else { return };
        for (joint, (measured, expected)) in measured.iter().zip(expected).enumerate() {
            let of = |list: &PerJoint<f64>| list.get(joint).copied().unwrap_or(0.0);
            let (Some(sample), Some(gains)) = (measured, tuning.joints.get(joint)) else {
                continue;
            };
            if of(&state.velocity).abs() <= MOVES || !sample.effort.is_finite() {
                continue;
            }
            let row = Vector4::from(columns.each_ref().map(of));
            let unknown = UNKNOWN_FRICTION * gains.coulomb + UNKNOWN_TORQUE * gains.torque_limit;
            self.update(&row, sample.effort - expected, unknown * unknown * CORRELATED);
        }
    }

    /// One measurement: `row` times the value is `measured`, with this variance.
    fn update(&mut self, row: &Vector4<f64>, measured: f64, variance: f64) {
        let spread = self.covariance * row;
        let gain = spread / (row.dot(&spread) + variance);
        let next = self.value + gain * (measured - row.dot(&self.value));
        if next.iter().all(|x| x.is_finite()) {
            self.value = next;
            let covariance = self.covariance - gain * spread.transpose();
            self.covariance = (covariance + covariance.transpose()) / 2.0;
        }
    }
}

/// Torque per kg of mass and per kg·m of first moment along x, y, z. A point mass on either side of
/// the tip differs by twice its first moment only.
fn columns(state: &State, dynamics: &Dynamics) -> Option<[PerJoint<f64>; 4]> {
    let at = |place: [f64; 3]| {
        let point = Payload::point(1.0, place.into()).ok()?;
        Some(dynamics.rigid(state, &point))
    };
    let along = |axis: [f64; 3]| {
        let (here, there) = (at(axis)?, at(axis.map(|x| -x))?);
        let mut half = [0.0; JOINTS];
        for ((half, here), there) in half.iter_mut().zip(here).zip(there) {
            *half = (here - there) / 2.0;
        }
        Some(half)
    };
    let none = dynamics.rigid(state, &Payload::NONE);
    let mut mass = at([0.0; 3])?;
    for (mass, none) in mass.iter_mut().zip(none) {
        *mass -= none;
    }
    Some([mass, along([1.0, 0.0, 0.0])?, along([0.0, 1.0, 0.0])?, along([0.0, 0.0, 1.0])?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::rules::Rules;

    /// Ten seconds of motion with a payload of `mass` kg and an error of all torques.
    fn watched(mass: f64, speed: f64, error: f64) -> PayloadEstimator {
        let rules = Rules::for_test();
        let tuning = rules.tuning(&Config::default()).unwrap();
        let payload = Payload::point(mass, [0.02, 0.0, 0.06].into()).unwrap();
        let mut estimator = PayloadEstimator::new();
        for cycle in 0..2500_u64 {
            let t = cycle as f64 * 0.004;
            let at = Monotonic(1_000_000_000 + cycle * 4_000_000);
            let wave = |joint: usize, shift: f64| (speed * t * 2.0 + shift + joint as f64).sin();
            let state = State {
                position: std::array::from_fn(|joint| 0.5 * wave(joint, 0.0)),
                velocity: std::array::from_fn(|joint| speed * wave(joint, 1.57)),
                acceleration: std::array::from_fn(|joint| -2.0 * speed * speed * wave(joint, 0.0)),
            };
            let torque = rules.dynamics().rigid(&state, &payload);
            let measured = torque.map(|torque| {
                Some(Measured {
                    at,
                    position: 0.0,
                    velocity: 0.0,
                    effort: torque + error,
                    error_position: 0.0,
                    error_velocity: 0.0,
                })
            });
            estimator.learn((at, &state), &measured, rules.dynamics(), &tuning);
        }
        estimator
    }

    #[test]
    fn mass_and_place_are_found_in_motion() {
        for mass in [0.0, 0.5, 2.0, 5.0] {
            let found = watched(mass, 1.0, 0.05).estimate().unwrap();
            assert!((found.mass - mass).abs() < 0.05 + 0.05 * mass, "{found:?}");
            assert!(found.deviation < 0.25);
            if mass > 1.0 {
                assert!((found.center[2] - 0.06).abs() < 0.02, "{found:?}");
            }
        }
    }

    #[test]
    fn at_rest_nothing_is_known() {
        assert_eq!(watched(2.0, 0.0, 0.0).estimate(), None);
    }
}
