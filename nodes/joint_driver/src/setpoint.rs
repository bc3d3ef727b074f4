//! The setpoint of one joint, from one cycle to the next.
//!
//! The one rule: it never moves faster than the joint may, whatever the commands say, and a stop
//! begins at the setpoint's own position and velocity, not at the measured ones.

use std::time::Duration;
use vocabulary::command::Refusal;
use vocabulary::joint::JointLimits;
use vocabulary::time::Monotonic;

/// How far beyond reachable a command may lie, rad: rounding, and one lost command. What lies
/// within is approached at the joint's speed limit.
pub const JUMP_MARGIN: f64 = 1e-3;

/// Above this speed an expired command is a fault, rad/s.
pub const REST_SPEED: f64 = 0.01;

/// What a joint shall do and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setpoint {
    limits: JointLimits,
    /// Longest time one step may bridge: after a longer pause the joint stood still.
    longest: Duration,
    position: f64,
    velocity: f64,
    at: Option<Monotonic>,
}

impl Setpoint {
    /// Without position until [`Setpoint::settle`]. `period` is the time between two steps.
    #[must_use]
    pub fn new(limits: JointLimits, period: Duration) -> Self {
        Self { limits, longest: period * 4, position: f64::NAN, velocity: 0.0, at: None }
    }

    /// Position, rad; NaN before the joint was heard.
    #[must_use]
    pub fn position(&self) -> f64 {
        self.position
    }

    /// Velocity, rad/s.
    #[must_use]
    pub fn velocity(&self) -> f64 {
        self.velocity
    }

    /// Whether it stands, as far as a stop is concerned.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.velocity.abs() <= REST_SPEED
    }

    /// Stands at a measured position at `at`: for joints without power.
    pub fn settle(&mut self, at: Monotonic, position: f64) {
        (self.position, self.velocity, self.at) = (position, 0.0, Some(at));
    }

    /// The instant at which position and velocity hold.
    #[must_use]
    pub fn at(&self) -> Option<Monotonic> {
        self.at
    }

    /// Goes on from another place and speed at the same instant: where a joint really is.
    pub fn put(&mut self, position: f64, velocity: f64) {
        let fastest = self.limits.velocity;
        (self.position, self.velocity) = (position, velocity.clamp(-fastest, fastest));
    }

    /// Moves to what a command wants at `at`: a position, rad, with a velocity, rad/s.
    ///
    /// # Errors
    /// [`Refusal::Jump`] when that is further away than the joint can move; nothing changes then.
    pub fn follow(
        &mut self,
        at: Monotonic,
        (position, velocity): (f64, f64),
    ) -> Result<(), Refusal> {
        let wanted = self.clamped(position);
        let reach = self.limits.velocity * self.elapsed(at).as_secs_f64();
        let step = wanted - self.position;
        if step.is_nan() || step.abs() > reach + JUMP_MARGIN {
            return Err(Refusal::Jump);
        }
        let within = step.clamp(-reach, reach);
        let fastest = self.limits.velocity;
        self.velocity = if wanted != position { 0.0 } else { velocity.clamp(-fastest, fastest) };
        self.position += within;
        self.at = Some(at);
        Ok(())
    }

    /// Decelerates towards rest within the joint's acceleration limit, or stands. After a pause in
    /// which the drive got no setpoints it stands already.
    pub fn brake(&mut self, at: Monotonic) {
        if self.at.is_some_and(|before| at.since(before) > self.longest) {
            self.velocity = 0.0;
        }
        let dt = self.elapsed(at).as_secs_f64();
        let speed = self.velocity.abs();
        let left = (speed - self.limits.acceleration * dt).max(0.0);
        let time = if left > 0.0 { dt } else { speed / self.limits.acceleration };
        let step = self.velocity.signum() * (speed + left) / 2.0 * time;
        let wanted = self.position + step;
        self.position = self.clamped(wanted);
        self.velocity = if self.position == wanted { self.velocity.signum() * left } else { 0.0 };
        self.at = Some(at);
    }

    fn elapsed(&self, at: Monotonic) -> Duration {
        self.at.map_or(Duration::ZERO, |before| at.since(before)).min(self.longest)
    }

    /// Within the position limits; a joint that stands outside may stay or come back.
    fn clamped(&self, position: f64) -> f64 {
        let low = self.limits.lower.min(self.position);
        let high = self.limits.upper.max(self.position);
        position.max(low).min(high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: JointLimits =
        JointLimits { lower: -1.0, upper: 1.0, velocity: 2.0, acceleration: 8.0, effort: 10.0 };
    const PERIOD: Duration = Duration::from_millis(4);

    fn at(cycle: u64) -> Monotonic {
        Monotonic(cycle * 4_000_000)
    }

    fn standing(position: f64) -> Setpoint {
        let mut setpoint = Setpoint::new(LIMITS, PERIOD);
        setpoint.settle(at(0), position);
        setpoint
    }

    fn moving(position: f64, velocity: f64) -> Setpoint {
        Setpoint { velocity, ..standing(position) }
    }

    #[test]
    fn a_command_out_of_reach_is_a_jump_and_changes_nothing() {
        let mut setpoint = standing(0.2);
        assert_eq!(setpoint.follow(at(1), (0.2 + 0.008 + 0.0011, 0.0)), Err(Refusal::Jump));
        assert_eq!(setpoint, standing(0.2));
        assert_eq!(setpoint.follow(at(1), (f64::NAN, 0.0)), Err(Refusal::Jump));
        assert_eq!(setpoint.follow(at(1), (0.2 + 0.008 + 0.0009, 0.0)), Ok(()));
        assert!((setpoint.position() - 0.208).abs() < 1e-12);
    }

    #[test]
    fn a_joint_that_was_never_heard_follows_nothing() {
        let mut setpoint = Setpoint::new(LIMITS, PERIOD);
        assert_eq!(setpoint.follow(at(1), (0.0, 0.0)), Err(Refusal::Jump));
    }

    #[test]
    fn a_long_pause_does_not_widen_the_reach() {
        let mut setpoint = standing(0.0);
        assert_eq!(setpoint.follow(at(500), (0.5, 0.0)), Err(Refusal::Jump));
    }

    #[test]
    fn a_stop_from_speed_ends_where_physics_says() {
        let mut setpoint = moving(0.0, 1.0);
        (1..100).for_each(|k| setpoint.brake(at(k)));
        assert!((setpoint.position() - 1.0 / 16.0).abs() < 1e-12, "{}", setpoint.position());
        assert_eq!(setpoint.velocity(), 0.0);
    }

    #[test]
    fn a_joint_outside_its_limits_comes_back_but_goes_no_further() {
        let mut setpoint = standing(1.0005);
        setpoint.follow(at(1), (1.001, 0.0)).unwrap();
        assert_eq!(setpoint.position(), 1.0005);
        setpoint.follow(at(2), (0.999, 0.0)).unwrap();
        assert_eq!(setpoint.position(), 0.999);
    }

    proptest! {
        #[test]
        fn setpoints_are_continuous_and_within_limits_whatever_is_asked(
            start in -1.0_f64..1.0,
            steps in prop::collection::vec((any::<bool>(), -3.0_f64..3.0, -2.0_f64..2.0, 0_u64..9), 1..200),
        ) {
            let mut setpoint = standing(start);
            let mut cycle = 0;
            for (follow, near, velocity, pause) in steps {
                let (before, speed) = (setpoint.position(), setpoint.velocity());
                cycle += pause;
                let dt = 0.004 * pause.min(4) as f64;
                let wanted = before + near * 0.01;
                if !follow || setpoint.follow(at(cycle), (wanted, velocity)).is_err() {
                    setpoint.brake(at(cycle));
                    let at_limit = setpoint.position().abs() == 1.0;
                    let change = (setpoint.velocity() - speed).abs();
                    let paused = pause > 4;
                    prop_assert!(at_limit || paused || change <= LIMITS.acceleration * dt + 1e-9);
                    prop_assert!(setpoint.velocity() * speed >= 0.0);
                }
                let step = (setpoint.position() - before).abs();
                prop_assert!(step <= LIMITS.velocity * dt + 1e-9);
                prop_assert!(setpoint.position().abs() <= 1.0);
            }
        }
    }
}
