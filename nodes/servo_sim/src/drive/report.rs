//! What the drive says of itself: measured values, statusword, protection.
//!
//! The one rule: a value goes through the injected faults before it enters the dictionary, so every
//! way to read it shows the same.

use super::errors::{OVER_CURRENT, OVER_TEMPERATURE};
use super::objects::{
    CURRENT, HOUSING_TEMPERATURE, STAGE_TEMPERATURE, VOLTAGE, WINDING_TEMPERATURE,
};
use super::power::PowerMachine;
use super::{Drive, OVERLOAD_RATIO};
use crate::fault::Signal;
use can_bus::canopen::od::{self, Object};
use can_bus::cia402::{Mode, State, Statusword};
use std::time::Duration;
use vocabulary::health::LogLine;
use vocabulary::time::Monotonic;

/// How often protection looks, and how old values may be for an SDO read.
const REFRESH: Duration = Duration::from_millis(5);
/// How far below the limit a temperature must be before a fault may be reset, K.
const COOLED: f64 = 5.0;

impl Drive {
    /// Measures everything now.
    pub(super) fn refresh(&mut self, now: Monotonic) {
        self.refreshed = now;
        let counts = self.build.counts;
        let noise = if self.build.encoder_noise > 0.0 {
            self.faults.noise() * self.build.encoder_noise
        } else {
            0.0
        };
        let position = self.measured.position + noise / counts;
        self.measure(Signal::Position, od::POSITION_ACTUAL, position, counts, now);
        self.measure(Signal::Velocity, od::VELOCITY_ACTUAL, self.measured.velocity, counts, now);
        let per_mille = 1000.0 / self.build.rated_torque;
        self.measure(Signal::Effort, od::TORQUE_ACTUAL, self.torque(), per_mille, now);
        let torque = self.od.get(od::TORQUE_ACTUAL);
        self.od.set(od::CURRENT_ACTUAL, torque);
        let error = (self.motion.reference().position - self.measured.position) * counts;
        self.od.set(od::FOLLOWING_ERROR_ACTUAL, number(error));
        self.refresh_slow(now);
        self.refresh_statusword(now);
    }

    fn refresh_slow(&mut self, now: Monotonic) {
        let heat = self.heat;
        let values = [
            (WINDING_TEMPERATURE, Signal::Winding, heat.winding),
            (HOUSING_TEMPERATURE, Signal::Housing, heat.housing),
            (STAGE_TEMPERATURE, Signal::Stage, heat.stage),
        ];
        for (channel, (object, signal, raw)) in values.into_iter().enumerate() {
            let shared = self.faults.value(Signal::Temperature, channel, raw, now);
            let value = self.faults.value(signal, 0, shared, now);
            self.od.set(object, number(value * 10.0));
        }
        self.od.set(CURRENT, number(self.current() * 100.0));
        self.od.set(VOLTAGE, number(self.build.supply * 10.0));
        self.od.set(od::DC_LINK_VOLTAGE, number(self.build.supply * 1000.0));
    }

    fn measure(&mut self, signal: Signal, object: Object, raw: f64, scale: f64, now: Monotonic) {
        let value = self.faults.value(signal, 0, raw, now);
        self.od.set(object, number(value * scale));
    }

    pub(super) fn refresh_statusword(&mut self, now: Monotonic) {
        let raw = self.statusword();
        let shown = self.faults.statusword(raw, now);
        self.od.set(od::STATUSWORD, shown.into());
        if shown != self.reported {
            self.reported = shown;
            for tpdo in &mut self.pdos.transmit {
                tpdo.notify(&[od::STATUSWORD]);
            }
        }
    }

    fn statusword(&self) -> u16 {
        let state = self.power.state();
        let follows = state == State::OperationEnabled
            && self.motion.follows()
            && !self.power.is_leaving()
            && !self.halted;
        let outside = self.motion.is_outside(&self.measured, &self.settings);
        let flags = [
            (true, Statusword::VOLTAGE_ENABLED | Statusword::REMOTE),
            (self.is_warm(), Statusword::WARNING),
            (self.motion.limited(), Statusword::INTERNAL_LIMIT),
            (follows, Statusword::FOLLOWS_COMMAND),
            (outside, Statusword::FOLLOWING_ERROR),
        ];
        flags.iter().filter(|(on, _)| *on).fold(state.bits(), |word, (_, bits)| word | bits)
    }

    /// Temperatures as the drive's own sensors show them, °C: winding and stage.
    fn sensed(&self) -> (f64, f64) {
        let of = |object| self.od.get(object) as f64 / 10.0;
        (of(WINDING_TEMPERATURE), of(STAGE_TEMPERATURE))
    }

    fn is_warm(&self) -> bool {
        let (winding, stage) = self.sensed();
        winding >= self.build.warning.0 || stage >= self.build.warning.1
    }

    fn is_hot(&self, margin: f64) -> bool {
        let (winding, stage) = self.sensed();
        winding >= self.build.limit.0 - margin || stage >= self.build.limit.1 - margin
    }

    /// Whether a latched fault may be reset.
    pub(super) fn cause_is_gone(&self) -> bool {
        let calm = self.load < OVERLOAD_RATIO * OVERLOAD_RATIO / 2.0;
        !self.is_hot(COOLED) && !self.watch.is_lost() && calm
    }

    /// Protection of motor and stage.
    pub(super) fn protect(&mut self, now: Monotonic) {
        if now.since(self.refreshed) < REFRESH {
            return;
        }
        self.refresh(now);
        if self.is_hot(0.0) {
            self.trip(OVER_TEMPERATURE, false, now);
        }
        if self.load > OVERLOAD_RATIO * OVERLOAD_RATIO {
            self.trip(OVER_CURRENT, false, now);
        }
    }

    /// Without supply the drive is dead; when it returns, it boots.
    pub(super) fn check_supply(&mut self, now: Monotonic) {
        let dead = self.faults.power(now).dead;
        let running = self.nmt.is_some() || self.boot_at.is_some();
        if dead && running {
            self.log.push(LogLine::warn(format!("{}: supply lost", self.build.name)));
            self.shut_down();
        } else if !dead && !running {
            self.log.push(LogLine::info(format!("{}: supply is back", self.build.name)));
            self.boot_at = Some(now + self.build.boot_time);
        }
    }

    /// Forgets everything but the motor: as after a loss of supply.
    pub(super) fn shut_down(&mut self) {
        self.nmt = None;
        self.boot_at = None;
        self.od = self.factory.clone();
        self.power = PowerMachine::default();
        self.motion.release();
        self.mode = Mode::None;
        self.halted = false;
        self.errors = super::Errors::default();
        self.emcy.clear();
        self.sdo.reset();
    }
}

/// The nearest integer; the smallest one when there is no value.
fn number(value: f64) -> i64 {
    if value.is_nan() { i64::MIN } else { value.round() as i64 }
}
