//! What the drive does with its setpoints: follow them, ramp down, or push with a torque.
//!
//! The one rule: exactly one source feeds the loops at a time, and changing the source never moves
//! the reference by itself. (A target that lies elsewhere does: enabling a drive whose target is
//! not its position makes it jump, as on the bench.)

use super::servo::{Gains, Servo};
use super::setpoint::{Interpolator, Ramp, Reference};
use can_bus::cia402::Mode;
use std::time::Duration;
use vocabulary::time::Monotonic;

/// Target and offsets from the object dictionary, in SI units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Setpoint {
    /// rad.
    pub position: f64,
    /// Torque offset 0x60B2, N·m.
    pub feed_forward: f64,
    /// Target torque 0x6071, N·m.
    pub torque: f64,
}

/// Parameters from the object dictionary, in SI units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Interpolation period, s.
    pub period: f64,
    /// Following error window, rad; infinite when switched off.
    pub window: f64,
    /// How long the error may stay outside.
    pub window_time: Duration,
    /// Torque limit, N·m.
    pub torque_limit: f64,
    /// Quick-stop deceleration, rad/s².
    pub deceleration: f64,
    /// Software position limits, rad; infinite when switched off.
    pub limits: (f64, f64),
}

/// The joint as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// rad.
    pub position: f64,
    /// rad/s.
    pub velocity: f64,
    /// Torque that the closed brake carries, N·m.
    pub brake_torque: f64,
}

#[derive(Debug, Clone)]
enum Source {
    Off,
    Follow(Interpolator),
    Ramp(Ramp),
    Torque(f64),
}

/// One physics step of the loops.
#[derive(Debug, Clone, Copy)]
pub struct Tick {
    /// Its beginning.
    pub now: Monotonic,
    /// Its length, s.
    pub dt: f64,
}

/// The motion part of a drive.
#[derive(Debug, Clone)]
pub struct MotionControl {
    /// The loops.
    pub servo: Servo,
    source: Source,
    reference: Reference,
    clipped: bool,
    outside_since: Option<Monotonic>,
}

impl Default for MotionControl {
    fn default() -> Self {
        Self {
            servo: Servo::default(),
            source: Source::Off,
            reference: Reference::default(),
            clipped: false,
            outside_since: None,
        }
    }
}

impl MotionControl {
    /// What the loops followed last.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Whether setpoints are followed.
    #[must_use]
    pub fn follows(&self) -> bool {
        matches!(self.source, Source::Follow(_) | Source::Torque(_))
    }

    /// Whether torque or target is cut by a limit.
    #[must_use]
    pub fn limited(&self) -> bool {
        self.clipped || self.servo.saturated()
    }

    /// Takes the joint over from its brake and begins to follow.
    pub fn start(
        &mut self,
        mode: Mode,
        setpoint: &Setpoint,
        measured: &Measured,
        settings: &Settings,
        now: Monotonic,
    ) {
        let rest =
            Reference { position: measured.position, velocity: 0.0, torque: setpoint.feed_forward };
        self.reference = rest;
        self.outside_since = None;
        self.servo.start(measured.brake_torque);
        self.follow(mode, setpoint, settings, now);
    }

    /// Follows from the present reference on: after a stop was called off, or in a new mode.
    pub fn follow(&mut self, mode: Mode, setpoint: &Setpoint, settings: &Settings, now: Monotonic) {
        let r = self.reference;
        match mode {
            Mode::CyclicPosition => {
                self.source = Source::Follow(Interpolator::moving(r, settings.period, now));
                self.push(setpoint, settings, now, now);
            }
            Mode::CyclicTorque => {
                self.source = Source::Torque(setpoint.torque + setpoint.feed_forward);
            }
            _ => self.hold(settings.deceleration),
        }
    }

    /// Another mode of operation while the joint is under power.
    pub fn change_mode(
        &mut self,
        mode: Mode,
        setpoint: &Setpoint,
        measured: &Measured,
        settings: &Settings,
        now: Monotonic,
    ) {
        if matches!(self.source, Source::Torque(_)) {
            self.reference = Reference {
                position: measured.position,
                velocity: measured.velocity,
                torque: setpoint.feed_forward,
            };
            self.servo.hand_over();
        }
        self.follow(mode, setpoint, settings, now);
    }

    /// A setpoint that became effective at `now`, by a SYNC that was meant for `meant`.
    pub fn push(
        &mut self,
        setpoint: &Setpoint,
        settings: &Settings,
        now: Monotonic,
        meant: Monotonic,
    ) {
        let (low, high) = settings.limits;
        let position = setpoint.position.max(low).min(high);
        self.clipped = position != setpoint.position;
        match &mut self.source {
            Source::Follow(interpolator) => {
                let reach = meant.shifted(settings.period);
                interpolator.push(position, setpoint.feed_forward, now, reach);
            }
            Source::Torque(torque) => *torque = setpoint.torque + setpoint.feed_forward,
            Source::Off | Source::Ramp(_) => {}
        }
    }

    /// Decelerates with `deceleration` rad/s² and holds, torque offset kept.
    pub fn decelerate(&mut self, measured: &Measured, deceleration: f64) {
        if let Source::Torque(torque) = self.source {
            self.reference =
                Reference { position: measured.position, velocity: measured.velocity, torque };
            self.servo.hand_over();
        }
        self.hold(deceleration);
    }

    fn hold(&mut self, deceleration: f64) {
        self.source = Source::Ramp(Ramp { reference: self.reference, deceleration });
    }

    /// Torque off.
    pub fn release(&mut self) {
        self.source = Source::Off;
        self.clipped = false;
        self.outside_since = None;
        self.servo.release();
    }

    /// Whether a deceleration has ended.
    #[must_use]
    pub fn ramp_done(&self) -> bool {
        matches!(&self.source, Source::Ramp(ramp) if ramp.at_rest())
    }

    /// One step of the loops.
    pub fn step(&mut self, tick: Tick, measured: &Measured, gains: &Gains, settings: &Settings) {
        let state = (measured.position, measured.velocity);
        let limit = settings.torque_limit;
        match &mut self.source {
            Source::Off => self.reference.position = measured.position,
            Source::Torque(torque) => {
                self.reference.position = measured.position;
                self.servo.push(gains, *torque, limit, tick.dt);
            }
            Source::Follow(interpolator) => {
                self.reference = interpolator.at(tick.now);
                self.servo.follow(gains, &self.reference, state, limit, tick.dt);
            }
            Source::Ramp(ramp) => {
                self.reference = ramp.advance(tick.dt);
                self.servo.follow(gains, &self.reference, state, limit, tick.dt);
            }
        }
    }

    /// Whether the joint is away from its reference now.
    #[must_use]
    pub fn is_outside(&self, measured: &Measured, settings: &Settings) -> bool {
        let off = (self.reference.position - measured.position).abs() > settings.window;
        off && matches!(self.source, Source::Follow(_))
    }

    /// Whether the joint has been away from its reference for too long.
    pub fn lost_track(&mut self, now: Monotonic, measured: &Measured, settings: &Settings) -> bool {
        if !self.is_outside(measured, settings) {
            self.outside_since = None;
            return false;
        }
        let since = *self.outside_since.get_or_insert(now);
        now.since(since) >= settings.window_time
    }
}
