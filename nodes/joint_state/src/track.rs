//! One joint: its newest bus sample, how old that is, and whether it can be believed.
//!
//! The rule: the age counts from the *bus sample*, not from its reception. The driver's steady
//! clock is mapped to ours by the smallest delay seen, so a message held up on its way is old when
//! it arrives, without synchronised clocks.

use vocabulary::arm::Freshness;
use vocabulary::command::{DriverState, JointFeedback, JointTelemetry};
use vocabulary::time::{Monotonic, Received};

/// How fast the smallest delay is forgotten: twice the drift between two ordinary quartzes.
const FORGETTING: f64 = 2e-4;

/// Ages that matter, s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgeLimits {
    /// Older is late.
    pub fresh: f64,
    /// Older is silent.
    pub silence: f64,
    /// Older telemetry is unknown.
    pub telemetry: f64,
    /// Setpoint travel that a standing position must answer, rad.
    pub frozen_distance: f64,
}

/// What is known of one joint.
#[derive(Debug, Clone, Default)]
pub struct Track {
    newest: Option<Received<JointFeedback>>,
    telemetry: Option<Received<JointTelemetry>>,
    /// Our clock minus the driver's at the smallest delay, s.
    offset: f64,
    /// Last message that repeated an old sample.
    repeated: Option<Monotonic>,
    /// Setpoint at which the position was last seen to change.
    setpoint_when_moved: f64,
}

impl Track {
    /// Takes in a message; repeated and overtaken samples are no news.
    pub fn hear(&mut self, feedback: Received<JointFeedback>) {
        let sample = &feedback.value;
        let delay = feedback.at.seconds_from(sample.sampled_at);
        let Some(last) = self.newest.as_ref().filter(|n| n.value.boot_id == sample.boot_id) else {
            self.offset = delay;
            self.setpoint_when_moved = sample.setpoint_position;
            self.newest = Some(feedback);
            return;
        };
        if sample.sequence <= last.value.sequence {
            self.repeated = Some(feedback.at);
            return;
        }
        let forgotten = FORGETTING * feedback.at.seconds_from(last.at).max(0.0);
        self.offset = delay.min(self.offset + forgotten);
        let stands = sample.position.to_bits() == last.value.position.to_bits();
        if !(stands && sample.driver == DriverState::Following) {
            self.setpoint_when_moved = sample.setpoint_position;
        }
        self.newest = Some(feedback);
    }

    /// Takes in slow values.
    pub fn hear_telemetry(&mut self, telemetry: Received<JointTelemetry>) {
        self.telemetry = Some(telemetry);
    }

    /// The newest sample, whatever its age.
    #[must_use]
    pub fn sample(&self) -> Option<&JointFeedback> {
        self.newest.as_ref().map(|newest| &newest.value)
    }

    /// Time since the newest bus sample, s; infinite when never heard.
    #[must_use]
    pub fn age(&self, now: Monotonic) -> f64 {
        let Some(sample) = self.sample() else { return f64::INFINITY };
        (now.seconds_from(sample.sampled_at) - self.offset).max(0.0)
    }

    /// Judgement of the newest sample.
    #[must_use]
    pub fn freshness(&self, now: Monotonic, limits: &AgeLimits) -> Freshness {
        let Some(sample) = self.sample() else { return Freshness::Silent };
        let age = self.age(now);
        let repeats = self.repeated.is_some_and(|at| now.seconds_from(at) <= limits.silence);
        let travel = (sample.setpoint_position - self.setpoint_when_moved).abs();
        match age {
            _ if age > limits.silence && repeats => Freshness::Frozen,
            _ if age > limits.silence => Freshness::Silent,
            _ if travel > limits.frozen_distance => Freshness::Frozen,
            _ if age > limits.fresh => Freshness::Late,
            _ => Freshness::Fresh,
        }
    }

    /// Slow values that are not too old.
    #[must_use]
    pub fn telemetry(&self, now: Monotonic, limits: &AgeLimits) -> Option<&JointTelemetry> {
        let newest = self.telemetry.as_ref()?;
        (now.seconds_from(newest.at) <= limits.telemetry).then_some(&newest.value)
    }

    /// Winding, else housing, else driver stage temperature, °C; NaN when unknown.
    #[must_use]
    pub fn temperature(&self, now: Monotonic, limits: &AgeLimits) -> f64 {
        let Some(slow) = self.telemetry(now, limits) else { return f64::NAN };
        let all = [slow.winding_temperature, slow.housing_temperature, slow.drive_temperature];
        all.into_iter().find(|t| !t.is_nan()).unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const LIMITS: AgeLimits =
        AgeLimits { fresh: 0.008, silence: 0.1, telemetry: 1.0, frozen_distance: 0.02 };

    /// The driver's clock runs one second behind ours.
    fn sample(sequence: u64, sampled_ms: u64, delay_ms: u64) -> Received<JointFeedback> {
        Received {
            at: Monotonic((1000 + sampled_ms + delay_ms) * MS),
            value: JointFeedback {
                sampled_at: Monotonic(sampled_ms * MS),
                sequence,
                boot_id: 1,
                position: sequence as f64 * 1e-3,
                driver: DriverState::Following,
                ..JointFeedback::default()
            },
        }
    }

    fn at(ms: u64) -> Monotonic {
        Monotonic((1000 + ms) * MS)
    }

    #[test]
    fn a_joint_never_heard_is_silent_and_infinitely_old() {
        let track = Track::default();
        assert_eq!(track.freshness(at(5), &LIMITS), Freshness::Silent);
        assert!(track.age(at(5)).is_infinite());
    }

    #[test]
    fn a_sample_ages_from_fresh_over_late_to_silent() {
        let mut track = Track::default();
        track.hear(sample(1, 0, 0));
        assert_eq!(track.freshness(at(7), &LIMITS), Freshness::Fresh);
        assert_eq!(track.freshness(at(9), &LIMITS), Freshness::Late);
        assert_eq!(track.freshness(at(101), &LIMITS), Freshness::Silent);
    }

    #[test]
    fn a_message_held_up_on_its_way_is_old_when_it_arrives() {
        let mut track = Track::default();
        track.hear(sample(1, 0, 1));
        track.hear(sample(2, 4, 51));
        assert!((track.age(at(55)) - 0.050).abs() < 1e-4, "{}", track.age(at(55)));
        assert_eq!(track.freshness(at(55), &LIMITS), Freshness::Late);
    }

    #[test]
    fn an_overtaken_message_changes_nothing() {
        let mut track = Track::default();
        track.hear(sample(2, 4, 0));
        track.hear(sample(1, 0, 6));
        assert_eq!(track.sample().unwrap().sequence, 2);
    }

    #[test]
    fn repeated_samples_are_frozen_not_fresh() {
        let mut track = Track::default();
        track.hear(sample(1, 0, 0));
        for ms in (4..400).step_by(4) {
            let mut again = sample(1, 0, 0);
            again.at = at(ms);
            track.hear(again);
        }
        assert_eq!(track.freshness(at(400), &LIMITS), Freshness::Frozen);
        assert_eq!(track.freshness(at(600), &LIMITS), Freshness::Silent);
    }

    #[test]
    fn a_position_that_stands_while_its_setpoint_moves_is_frozen_until_it_moves() {
        let mut track = Track::default();
        let mut now = 0;
        for n in 1..20 {
            let mut stuck = sample(n, n * 4, 0);
            stuck.value.position = 0.5;
            stuck.value.setpoint_position = 0.5 + n as f64 * 2e-3;
            track.hear(stuck);
            now = n * 4;
        }
        assert_eq!(track.freshness(at(now), &LIMITS), Freshness::Frozen);
        track.hear(sample(20, 80, 0));
        assert_eq!(track.freshness(at(80), &LIMITS), Freshness::Fresh);
    }

    #[test]
    fn a_joint_at_rest_is_not_frozen() {
        let mut track = Track::default();
        for n in 1..200 {
            let mut still = sample(n, n * 4, 0);
            (still.value.position, still.value.setpoint_position) = (0.5, 0.501);
            track.hear(still);
        }
        assert_eq!(track.freshness(at(199 * 4), &LIMITS), Freshness::Fresh);
    }

    #[test]
    fn a_restarted_driver_begins_anew() {
        let mut track = Track::default();
        track.hear(sample(500, 2000, 0));
        let mut first = sample(1, 3, 0);
        first.value.boot_id = 2;
        first.at = at(2100);
        track.hear(first);
        assert_eq!(track.sample().unwrap().boot_id, 2);
        assert!(track.age(at(2100)) < 1e-6);
    }

    #[test]
    fn old_telemetry_is_unknown() {
        let mut track = Track::default();
        let slow = JointTelemetry {
            winding_temperature: f64::NAN,
            housing_temperature: 41.0,
            ..JointTelemetry::default()
        };
        track.hear_telemetry(Received { at: at(0), value: slow });
        assert_eq!(track.temperature(at(500), &LIMITS), 41.0);
        assert!(track.temperature(at(1500), &LIMITS).is_nan());
    }
}
