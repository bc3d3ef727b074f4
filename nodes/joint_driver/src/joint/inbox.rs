//! What the drive says: SDO replies, heartbeats, emergencies, feedback, slow values.
//!
//! The one rule: a frame that is malformed, implausible or doubled is counted and changes nothing.

use super::{Joint, Orders, Sample};
use crate::io::Outputs;
use crate::link::LinkEvent;
use crate::setpoint::JUMP_MARGIN;
use can_bus::canopen::cob::{PdoNumber, Service};
use can_bus::canopen::emcy::{Emcy, ErrorRegister};
use can_bus::canopen::nmt::Heartbeat;
use can_bus::cia402::error_code::{self, ErrorClass};
use can_bus::cia402::{Controlword, State, Statusword};
use can_bus::frame::Frame;
use std::sync::Arc;
use vocabulary::command::fault;
use vocabulary::time::{Monotonic, Now};

/// A sample further from the last one than this many times the speed limit, plus the slack, cannot
/// be true.
const IMPLAUSIBLE_SPEED: f64 = 3.0;
const IMPLAUSIBLE_SLACK: f64 = 0.005;
/// Further than a turn beyond its limits no joint with end stops can stand, rad: the encoder has
/// lost itself, and a joint that is held there would be torn off.
const IMPOSSIBLE: f64 = std::f64::consts::TAU;

impl Joint {
    /// Takes a frame of the drive. `sync` is when the drive sampled, as far as known.
    pub fn on_frame(
        &mut self,
        now: Now,
        (service, frame, at): (Service, &Frame, Monotonic),
        sync: Option<Monotonic>,
        orders: &Orders,
        out: &mut Outputs,
    ) {
        self.telemetry.received += 1;
        match service {
            Service::SdoReply(_) => {
                let event = self.link.on_sdo(frame, now.mono, &mut out.frames);
                self.on_link(event, at, out);
            }
            Service::Heartbeat(_) => match Heartbeat::decode(frame) {
                Some((_, beat)) => self.on_heartbeat(beat, at, out),
                None => self.telemetry.errors += 1,
            },
            Service::Emcy(_) => match Emcy::decode(frame) {
                Some((_, emcy)) => self.on_emergency(&emcy, out),
                None => self.telemetry.errors += 1,
            },
            Service::Tpdo(PdoNumber::One, _) => {
                self.on_feedback(now, frame, (at, sync.unwrap_or(at)), orders, out);
            }
            Service::Tpdo(PdoNumber::Two, _) => self.on_slow(frame, true),
            Service::Tpdo(PdoNumber::Three, _) => self.on_slow(frame, false),
            _ => self.telemetry.errors += 1,
        }
    }

    fn on_slow(&mut self, frame: &Frame, second: bool) {
        let setup = Arc::clone(&self.id.setup);
        let Some(slow) = (if second { Some(&setup.second) } else { setup.third.as_ref() }) else {
            return;
        };
        let Ok(values) = slow.pdo.mapping.unpack(frame.data()) else {
            self.telemetry.errors += 1;
            return;
        };
        if second {
            self.mode_display = values.get(1).and_then(|code| i8::try_from(*code).ok());
        }
        self.telemetry.take(&slow.entries, &values);
    }

    fn on_heartbeat(&mut self, beat: Heartbeat, at: Monotonic, out: &mut Outputs) {
        self.heard = at;
        if self.link.on_heartbeat(beat, at) {
            let why = match beat {
                Heartbeat::BootUp => "the drive restarted by itself; configuring it again",
                Heartbeat::Alive(_) => "somebody took the drive out of operational; back again",
            };
            self.lose_drive();
            self.link.start(at);
            self.raise(fault::UNEXPECTED_BOOT, why, out);
        }
    }

    fn on_emergency(&mut self, emcy: &Emcy, out: &mut Outputs) {
        let code = if emcy.is_reset() { 0 } else { emcy.code };
        let hot = error_code::classify(code) == ErrorClass::Temperature
            || emcy.register.has(ErrorRegister::TEMPERATURE);
        if code != self.error_code {
            let text = error_code::text(code);
            let line = format!("emergency 0x{code:04X}: {text}");
            out.log.push(if code == 0 { self.info(&line) } else { self.warn(&line) });
        }
        self.error_code = code;
        if hot {
            self.faults.raise(fault::TEMPERATURE);
        } else {
            self.faults.clear(fault::TEMPERATURE);
        }
    }

    pub(super) fn on_link(&mut self, event: Option<LinkEvent>, now: Monotonic, out: &mut Outputs) {
        let (node, bus) = (self.node(), self.id.bus.clone());
        match event {
            None => {}
            Some(LinkEvent::Ready { adopted }) => self.on_ready(adopted, now, out),
            Some(LinkEvent::ErrorCode(code)) => self.error_code = code,
            Some(LinkEvent::Missing) => {
                let text = format!(
                    "no drive answers as node {node} on {bus}: check its power, its cable, its \
                     node id and the bit rate; it is looked for again and again"
                );
                self.raise(fault::HEARTBEAT_LOST, &text, out);
            }
            Some(LinkEvent::Refused(why)) => {
                let text = format!("the drive, node {node} on {bus}, cannot be used: {why}");
                self.raise(fault::CONFIGURATION, &text, out);
            }
            Some(LinkEvent::Duplicate) => {
                let text = format!(
                    "two devices answer as node {node} on {bus}: give one of them another id"
                );
                self.raise(fault::DUPLICATE_NODE, &text, out);
            }
        }
    }

    fn on_ready(&mut self, adopted: bool, now: Monotonic, out: &mut Outputs) {
        self.lose_drive();
        self.heard = now;
        self.motion.refuse_torque(self.id.setup.mode.is_none());
        let (node, bus) = (self.node(), &self.id.bus);
        let how = if adopted { "found configured" } else { "configured" };
        out.log.push(self.info(&format!("drive {how}, node {node} on {bus}")));
        self.faults.clear(
            fault::HEARTBEAT_LOST
                | fault::FEEDBACK_SILENT
                | fault::UNEXPECTED_BOOT
                | fault::CONFIGURATION
                | fault::DUPLICATE_NODE,
        );
    }

    /// Forgets what the drive said: it is set up anew, or gone.
    pub(super) fn lose_drive(&mut self) {
        self.motion.forget();
        self.actuation.reset();
        self.status = None;
        self.mode_display = None;
        self.sample = None;
        self.settled = false;
        self.unwrap.reset();
        self.velocity.reset();
        self.watch.reset();
        self.silent_since = None;
        self.enabling_since = None;
        self.ignored = 0;
    }

    fn on_feedback(
        &mut self,
        now: Now,
        frame: &Frame,
        (at, sampled): (Monotonic, Monotonic),
        orders: &Orders,
        out: &mut Outputs,
    ) {
        self.watch.frame();
        let event = self.link.on_feedback();
        self.on_link(event, at, out);
        if !self.link.is_ready() {
            return;
        }
        let Some((status, sample)) = self.read_feedback(frame, sampled) else {
            self.telemetry.errors += 1;
            return;
        };
        self.watch.accept();
        self.sample = Some(sample);
        if self.faults.clear(fault::FEEDBACK_SILENT) {
            out.log.push(self.info("feedback is back"));
        }
        self.silent_since = None;
        self.on_status(status, now.mono, out);
        self.sequence += 1;
        out.feedback.push(self.feedback(now, &sample, orders));
    }

    /// Decodes a feedback PDO; `None` for one that cannot be true or comes twice.
    fn read_feedback(&mut self, frame: &Frame, at: Monotonic) -> Option<(Statusword, Sample)> {
        let values = self.id.setup.feedback.unpack(frame.data()).ok()?;
        let &[status, counts, torque, ..] = &values;
        let raw = counts as i32;
        let position = self.id.scale.position(self.unwrap.peek(raw));
        let (low, high) = (self.id.limits.lower, self.id.limits.upper);
        if !(low - IMPOSSIBLE..=high + IMPOSSIBLE).contains(&position) {
            return None;
        }
        if let Some((before, from)) = self.velocity.last() {
            let dt = at.seconds_from(before);
            let most = IMPLAUSIBLE_SPEED * self.id.limits.velocity * dt + IMPLAUSIBLE_SLACK;
            if dt <= 0.0 || (position - from).abs() > most {
                return None;
            }
        }
        self.unwrap.take(raw);
        let velocity = self.velocity.take(at, position);
        let effort = self.id.scale.torque(torque);
        Some((Statusword(status as u16), Sample { at, position, velocity, effort }))
    }

    fn on_status(&mut self, status: Statusword, now: Monotonic, out: &mut Outputs) {
        let before = self.status.replace(status).and_then(Statusword::state);
        let Some(state) = status.state() else { return };
        if state == State::OperationEnabled && before != Some(state) {
            self.check_place(out);
        }
        if matches!(state, State::Fault | State::FaultReactionActive) {
            if self.faults.present() & fault::DRIVE == 0 {
                let code = self.error_code;
                let text = format!(
                    "the drive went to fault (0x{code:04X}: {}); remove the cause, then call \
                     arm/clear_faults",
                    error_code::text(code)
                );
                self.raise(fault::DRIVE, &text, out);
                self.link.read_error_code(now, &mut out.frames);
            }
            return;
        }
        if self.faults.clear(fault::DRIVE) {
            self.error_code = 0;
            out.log.push(self.info("the drive's fault is reset"));
        }
        let lost = before == Some(State::OperationEnabled)
            && state != State::OperationEnabled
            && self.controlword == Controlword::ENABLE_OPERATION;
        if lost && self.faults.latch(fault::DRIVE) {
            let line = format!("the drive left operation by itself: {state}");
            out.log.push(self.error(&line));
        }
    }

    /// A joint that stands outside its limits accepts no command; only a person can help.
    fn check_place(&self, out: &mut Outputs) {
        let Some(sample) = self.sample else { return };
        let (low, high) = (self.id.limits.lower, self.id.limits.upper);
        let beyond = (low - sample.position).max(sample.position - high);
        if beyond > JUMP_MARGIN {
            let line = format!(
                "stands at {:.4} rad, {beyond:.4} rad outside {low} to {high} rad: no command will \
                 be accepted; bring it back by hand with the power off",
                sample.position
            );
            out.log.push(self.warn(&line));
        }
    }
}
