//! What the drive is told in each cycle, and whether it works in the mode it was told.
//!
//! The one rule: a joint under torque that is about to leave its limits is taken back to position and
//! stopped; it moves again only after a new permit.

use super::{Joint, Sample};
use crate::actuation::{Guard, Here};
use crate::io::{Outgoing, Outputs};
use crate::motion::Moved;
use can_bus::canopen::cob::{self, PdoNumber};
use can_bus::canopen::pdo::Mapping;
use can_bus::cia402;
use can_bus::frame::Frame;
use vocabulary::command::{Mode, fault};
use vocabulary::time::Monotonic;

/// Cycles in which a new mode is sent in any case: two more than needed, should frames be lost.
const REPEATS: u32 = 3;
/// Cycles within which a drive must show its new mode: its display comes at the telemetry rate.
const PATIENCE: u32 = 125;

impl Joint {
    /// From setpoint and torque of this cycle to what is sent.
    pub(super) fn actuate(
        &mut self,
        now: Monotonic,
        sample: Sample,
        moved: Moved,
        out: &mut Outputs,
    ) {
        let Sample { at, position, velocity, .. } = sample;
        let here = Here { at, position, velocity };
        let mut following = moved == Moved::Following;
        if let Some(guard) = self.actuation.guard(&here) {
            self.stop_at_limit(guard, out);
            following = false;
        }
        let wanted = if following { self.motion.mode(now, self.id.stale) } else { Mode::Position };
        let effort = self.motion.effort();
        let setpoint = self.motion.setpoint_mut();
        self.sent = self.actuation.next((wanted, following), setpoint, effort, &here);
    }

    fn stop_at_limit(&mut self, guard: Guard, out: &mut Outputs) {
        self.motion.forget();
        if !self.faults.latch(fault::LIMIT) {
            return;
        }
        let limits = self.id.limits;
        let text = match guard {
            Guard::Position(stop) => format!(
                "under torque control it would stop at {stop:.3} rad, limits {} to {} rad: \
                 decelerating, then holding",
                limits.lower, limits.upper
            ),
            Guard::Velocity(speed) => format!(
                "moves at {speed:.3} rad/s under torque control, limit {} rad/s: decelerating, \
                 then holding",
                limits.velocity
            ),
        };
        out.log.push(self.error(&text));
    }

    pub(super) fn send_setpoint(&mut self, out: &mut Outputs) {
        let asked = self.motion.effort();
        let (permille, cut) = self.id.scale.permille(self.sent.effort);
        if (cut || asked.abs() > self.id.limits.effort) && !self.saturated {
            self.saturated = true;
            let limit = self.id.limits.effort;
            let line = format!("a torque of {asked:.1} N·m is cut to the limit {limit} N·m");
            out.log.push(self.warn(&line));
        }
        let counts = self.id.scale.counts(self.sent.position);
        let values = [i64::from(self.controlword.0), i64::from(counts), i64::from(permille)];
        self.send(PdoNumber::One, &self.id.setup.command, &values, out);
        self.telemetry.sent += 1;
    }

    /// The mode, as long as the drive may not know it. Its target torque stays zero: the torque is
    /// in the offset.
    pub(super) fn send_mode(&mut self, out: &mut Outputs) {
        let Some(mapping) = &self.id.setup.mode else { return };
        let wanted = self.wanted_mode();
        let differs = self.mode_display.is_some_and(|shown| shown != wanted.code());
        if differs || self.actuation.cycles() < REPEATS {
            self.send(PdoNumber::Two, mapping, &[i64::from(wanted.code()), 0], out);
        }
    }

    fn send(&self, number: PdoNumber, mapping: &Mapping, values: &[i64], out: &mut Outputs) {
        let cob_id = cob::rpdo(number, self.node());
        let payload = mapping.pack(values);
        let frame = payload.ok().and_then(|p| Frame::standard(cob_id, p.bytes()).ok());
        out.frames.extend(frame.map(|frame| Outgoing { frame, setpoint: true }));
    }

    fn wanted_mode(&self) -> cia402::Mode {
        match self.actuation.mode() {
            Mode::Position => cia402::Mode::CyclicPosition,
            Mode::Torque => cia402::Mode::CyclicTorque,
        }
    }

    /// A drive that does not take the torque mode works by position from then on.
    pub(super) fn watch_mode(&mut self, out: &mut Outputs) {
        let wanted = self.wanted_mode();
        let shown = self.mode_display;
        let late = self.actuation.cycles() > PATIENCE && self.actuation.cycles() != u32::MAX;
        if shown == Some(wanted.code()) || !late || wanted != cia402::Mode::CyclicTorque {
            return;
        }
        self.motion.refuse_torque(true);
        let shown = shown.map_or("nothing".to_owned(), |code| code.to_string());
        let text = format!(
            "the drive does not take the torque mode (0x6061 shows {shown} instead of 10): it goes \
             on by position and refuses commands for torque"
        );
        out.log.push(self.error(&text));
    }
}
