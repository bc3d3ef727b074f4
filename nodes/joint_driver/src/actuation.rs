//! In which mode the drive works, and what it is sent in each.
//!
//! The one rule: a change of mode moves nothing. Position after torque begins where the joint is and
//! goes over to the setpoint gradually; torque after position is what the controller says, who begins
//! with the torque that was measured. A joint that nobody tells its torque any more goes back to
//! position by itself, first following the last command, as it would in position mode, then braking.
//!
//! In both modes the torque travels as offset (0x60B2), which the drive adds to its target torque of
//! zero; so controlword, position and torque arrive together, and a lost frame never takes the
//! torque away. The mode travels in a second PDO, only while it changes.
//!
//! Terms: the *deviation* is the joint's position minus the setpoint of the same instant.

use crate::setpoint::Setpoint;
use std::time::Duration;
use vocabulary::command::Mode;
use vocabulary::joint::JointLimits;
use vocabulary::time::Monotonic;

/// Periods without a new command after which the torque of the last one is stale.
pub const STALE_PERIODS: u32 = 5;
/// How far a joint under torque may be from its setpoint for the setpoint to be taken up again, rad.
const LARGEST_DEVIATION: f64 = 0.1;
/// Shortest time in which a deviation goes, s.
const FADE_TIME: f64 = 0.25;
/// Share of the speed limit that a deviation may add.
const FADE_SPEED: f64 = 0.1;
/// Peak of the speed of the fade over its mean.
const FADE_PEAK: f64 = 1.875;
/// How far beyond a position limit a joint may be about to stop, rad: noise and overshoot.
const LIMIT_MARGIN: f64 = 0.01;
/// How much faster than its limit a joint may be, 1: overshoot.
const SPEED_MARGIN: f64 = 1.15;
/// Setpoints remembered: what lies between a setpoint's writing and its sample.
const MEMORY: usize = 8;

/// A difference that goes to zero without a step of its rate.
#[derive(Debug, Clone, Copy, Default)]
struct Fade {
    size: f64,
    gone: f64,
    length: f64,
}

impl Fade {
    fn new(size: f64, length: f64) -> Self {
        Self { size, gone: 0.0, length }
    }

    fn advance(&mut self, dt: f64) -> f64 {
        self.gone += dt;
        if self.gone >= self.length {
            *self = Self::default();
            return 0.0;
        }
        let s = self.gone / self.length;
        self.size * (1.0 - s * s * s * (10.0 - s * (15.0 - 6.0 * s)))
    }
}

/// The newest sample of the joint.
#[derive(Debug, Clone, Copy)]
pub struct Here {
    /// When it was taken.
    pub at: Monotonic,
    /// rad.
    pub position: f64,
    /// rad/s.
    pub velocity: f64,
}

/// What the drive is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sent {
    /// Target position, rad.
    pub position: f64,
    /// Torque offset, N·m.
    pub effort: f64,
}

/// Why a joint under torque is stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Guard {
    /// It would not stop before this position, rad, beyond a limit.
    Position(f64),
    /// Its speed, rad/s, is above the limit.
    Velocity(f64),
}

/// Mode and transitions of one joint.
#[derive(Debug, Clone)]
pub struct Actuation {
    limits: JointLimits,
    period: Duration,
    mode: Mode,
    /// Cycles since the mode changed.
    cycles: u32,
    deviation: Fade,
    /// Setpoints and the instants they hold for, newest first.
    past: [Option<(Monotonic, f64)>; MEMORY],
}

impl Actuation {
    /// In position mode.
    #[must_use]
    pub fn new(limits: JointLimits, period: Duration) -> Self {
        Self {
            limits,
            period,
            mode: Mode::Position,
            cycles: u32::MAX,
            deviation: Fade::default(),
            past: [None; MEMORY],
        }
    }

    /// The mode the drive shall work in.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Cycles since the mode changed.
    #[must_use]
    pub fn cycles(&self) -> u32 {
        self.cycles
    }

    /// A drive that is not enabled: position mode, nothing left over.
    pub fn reset(&mut self) {
        let changed = self.mode != Mode::Position;
        *self = Self {
            cycles: if changed { 0 } else { self.cycles.saturating_add(1) },
            ..Self::new(self.limits, self.period)
        };
    }

    /// Whether a joint under torque must be stopped.
    #[must_use]
    pub fn guard(&self, here: &Here) -> Option<Guard> {
        if self.mode != Mode::Torque {
            return None;
        }
        let JointLimits { lower, upper, velocity: fastest, acceleration, .. } = self.limits;
        let v = here.velocity;
        if v.abs() > fastest * SPEED_MARGIN {
            return Some(Guard::Velocity(v));
        }
        let reaction = 2.0 * self.period.as_secs_f64();
        let stop = here.position + v * reaction + v * v.abs() / (2.0 * acceleration);
        let beyond =
            (v > 0.0 && stop > upper + LIMIT_MARGIN) || (v < 0.0 && stop < lower - LIMIT_MARGIN);
        beyond.then_some(Guard::Position(stop))
    }

    /// One cycle under power: `wanted` is the mode asked for, `effort` N·m the torque, `following`
    /// whether a command is behind the setpoint. A setpoint that cannot be taken up again is put
    /// where the joint is.
    pub fn next(
        &mut self,
        (wanted, following): (Mode, bool),
        setpoint: &mut Setpoint,
        effort: f64,
        here: &Here,
    ) -> Sent {
        let apart = self.apart(setpoint, here);
        if wanted == self.mode {
            self.cycles = self.cycles.saturating_add(1);
        } else {
            (self.mode, self.cycles) = (wanted, 0);
            if wanted == Mode::Position {
                self.leave_torque(apart, following, setpoint, here);
            }
        }
        self.remember(setpoint);
        let dt = self.period.as_secs_f64();
        // The first value of a fade is the whole difference.
        let dt = if self.cycles == 0 { 0.0 } else { dt };
        let deviation = self.deviation.advance(dt);
        let JointLimits { lower, upper, effort: most, .. } = self.limits;
        let p = setpoint.position();
        let position = match self.mode {
            Mode::Position => (p + deviation).max(lower.min(p)).min(upper.max(p)),
            Mode::Torque => (p + apart).clamp(lower, upper),
        };
        Sent { position, effort: effort.clamp(-most, most) }
    }

    fn leave_torque(&mut self, apart: f64, following: bool, setpoint: &mut Setpoint, here: &Here) {
        if following && apart.abs() <= LARGEST_DEVIATION {
            let slowest = FADE_PEAK * apart.abs() / (FADE_SPEED * self.limits.velocity);
            self.deviation = Fade::new(apart, FADE_TIME.max(slowest));
            return;
        }
        self.deviation = Fade::default();
        setpoint.put(setpoint.position() + apart, here.velocity);
    }

    /// The joint's position minus the setpoint of the same instant, rad.
    fn apart(&self, setpoint: &Setpoint, here: &Here) -> f64 {
        let deviation = here.position - self.setpoint_at(here.at).unwrap_or(setpoint.position());
        // In position mode the drive follows; what is apart then is its own affair.
        if self.mode == Mode::Torque { deviation } else { 0.0 }
    }

    fn remember(&mut self, setpoint: &Setpoint) {
        let Some(at) = setpoint.at() else { return };
        self.past.rotate_right(1);
        if let Some(first) = self.past.first_mut() {
            *first = Some((at, setpoint.position()));
        }
    }

    /// The setpoint that held at `at`, rad; none when that is too long ago.
    fn setpoint_at(&self, at: Monotonic) -> Option<f64> {
        let mut newer: Option<(Monotonic, f64)> = None;
        for (then, position) in self.past.iter().flatten().copied() {
            if then <= at {
                let Some((next, next_position)) = newer else { return Some(position) };
                let share = at.seconds_from(then) / next.seconds_from(then);
                return Some(position + (next_position - position) * share);
            }
            newer = Some((then, position));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: JointLimits =
        JointLimits { lower: -1.0, upper: 1.0, velocity: 2.0, acceleration: 8.0, effort: 50.0 };
    const PERIOD: Duration = Duration::from_millis(4);

    fn at(cycle: u64) -> Monotonic {
        Monotonic(cycle * 4_000_000)
    }

    /// A joint at 0.25 rad/s that is `apart` rad from its setpoints, under torque for 50 cycles.
    struct Bench {
        actuation: Actuation,
        setpoint: Setpoint,
        cycle: u64,
        apart: f64,
    }

    impl Bench {
        fn new(apart: f64) -> Self {
            let mut setpoint = Setpoint::new(LIMITS, PERIOD);
            setpoint.settle(at(2), 0.0);
            let actuation = Actuation::new(LIMITS, PERIOD);
            let mut bench = Self { actuation, setpoint, cycle: 0, apart };
            bench.run(50, Mode::Torque);
            bench
        }

        /// Setpoints hold two cycles later; samples are one cycle old.
        fn step(&mut self, mode: Mode, following: bool) -> Sent {
            self.cycle += 1;
            let reference = |cycle: u64| 0.001 * cycle as f64;
            let position = reference(self.cycle + 2);
            if following {
                self.setpoint.follow(at(self.cycle + 2), (position, 0.25)).unwrap();
            } else {
                self.setpoint.brake(at(self.cycle + 2));
            }
            let before = self.cycle - 1;
            let here =
                Here { at: at(before), position: reference(before) + self.apart, velocity: 0.25 };
            self.actuation.next((mode, following), &mut self.setpoint, 10.0, &here)
        }

        fn run(&mut self, cycles: u32, mode: Mode) -> Vec<Sent> {
            (0..cycles).map(|_| self.step(mode, true)).collect()
        }
    }

    #[test]
    fn position_begins_where_the_joint_is_and_goes_over_to_the_setpoint() {
        let mut bench = Bench::new(0.02);
        let before = bench.step(Mode::Torque, true).position;
        let sent = bench.run(300, Mode::Position);
        let begin = sent[0].position - before;
        assert!((begin - 0.001).abs() < 1e-4, "{begin}");
        assert!((sent[299].position - bench.setpoint.position()).abs() < 1e-12);
        let fastest = sent.windows(2).map(|w| (w[1].position - w[0].position).abs());
        assert!(fastest.fold(0.0, f64::max) < (0.25 + 0.21) * 0.004);
    }

    #[test]
    fn a_joint_far_from_its_setpoint_stays_where_it_is() {
        let mut bench = Bench::new(0.3);
        let sent = bench.step(Mode::Position, true);
        assert_eq!(sent.position, bench.setpoint.position());
        assert!(
            (bench.setpoint.position() - (0.001 * (bench.cycle + 2) as f64 + 0.3)).abs() < 0.01
        );
    }

    #[test]
    fn a_joint_that_nobody_commands_brakes_from_where_it_is() {
        let mut bench = Bench::new(0.02);
        bench.step(Mode::Position, false);
        let begin = bench.setpoint.position();
        assert_eq!(bench.setpoint.velocity(), 0.25);
        for _ in 0..50 {
            bench.step(Mode::Position, false);
        }
        let way = bench.setpoint.position() - begin;
        assert!((way - 0.25 * 0.25 / 16.0).abs() < 1e-3, "{way}");
    }

    #[test]
    fn a_joint_about_to_leave_its_limits_is_stopped_in_time() {
        let bench = Bench::new(0.0);
        let here = |position, velocity| Here { at: at(0), position, velocity };
        assert_eq!(bench.actuation.guard(&here(0.9, 0.5)), None);
        assert!(matches!(bench.actuation.guard(&here(0.9, 1.5)), Some(Guard::Position(_))));
        assert!(matches!(bench.actuation.guard(&here(-0.9, -1.5)), Some(Guard::Position(_))));
        assert_eq!(bench.actuation.guard(&here(0.9, -1.5)), None);
        assert!(matches!(bench.actuation.guard(&here(0.0, 2.5)), Some(Guard::Velocity(_))));
    }
}
