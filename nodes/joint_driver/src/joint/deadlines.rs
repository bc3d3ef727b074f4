//! What the drive does not say or do in time.
//!
//! The one rule: a drive that falls silent is looked for again only once its joint stands.

use super::{Joint, Orders};
use crate::io::Outputs;
use crate::power;
use can_bus::cia402::{State, Statusword};
use std::time::Duration;
use vocabulary::command::fault;
use vocabulary::time::Monotonic;

/// How long a standing, silent drive is waited for before it is set up anew.
const SILENT_TIME: Duration = Duration::from_millis(500);

impl Joint {
    /// Deadlines that do not depend on SYNC.
    pub fn poll(&mut self, now: Monotonic, out: &mut Outputs) {
        let event = self.link.poll(now, &mut out.frames);
        self.on_link(event, now, out);
        if !self.link.is_ready() {
            return;
        }
        if now.since(self.heard) > self.id.heartbeat_timeout {
            let text = format!("no heartbeat of the drive, node {}", self.node());
            self.raise(fault::HEARTBEAT_LOST, &text, out);
        }
        let silent = self.silent_since.is_some_and(|since| now.since(since) > SILENT_TIME);
        let lost = self.faults.present() & fault::HEARTBEAT_LOST != 0;
        // Not before it stands: the drive needs the setpoints of the deceleration.
        if (silent || lost) && self.motion.setpoint().is_at_rest() {
            self.lose_drive();
            self.link.start(now);
        }
    }

    pub(super) fn watch_feedback(&mut self, now: Monotonic, out: &mut Outputs) {
        if self.watch.is_silent() {
            self.silent_since.get_or_insert(now);
            let text = format!("no feedback for {} periods", self.watch.missed());
            self.raise(fault::FEEDBACK_SILENT, &text, out);
        }
        if self.watch.is_doubled() {
            self.watch.reset();
            let text = format!(
                "feedback comes twice per period: is there a second device with node id {} on {}?",
                self.node(),
                self.id.bus
            );
            if self.faults.latch(fault::DUPLICATE_NODE) {
                out.log.push(self.error(&text));
            }
        }
    }

    pub(super) fn watch_power(&mut self, now: Monotonic, orders: &Orders, out: &mut Outputs) {
        let faulted = self.faults.present() & fault::DRIVE != 0;
        if self.is_enabled() || !orders.power || faulted {
            self.enabling_since = None;
            self.enabling_told = false;
            return;
        }
        let since = *self.enabling_since.get_or_insert(now);
        if self.enabling_told || now.since(since) < self.id.enable_timeout {
            return;
        }
        self.enabling_told = true;
        let status = self.status.unwrap_or_default();
        let state = status.state().map_or("in no known state", State::text);
        let remote = status.has(Statusword::REMOTE);
        let hint = match power::is_position_mode(self.mode_display) {
            false => "it does not show the position mode (0x6061)",
            true if !remote => "it is under local control (statusword bit 9)",
            true => "is its power supply on?",
        };
        let word = status.0;
        let line = format!("the drive does not come under power: {state} (0x{word:04X}), {hint}");
        out.log.push(self.error(&line));
    }

    pub(super) fn watch_following(&mut self, status: Statusword, out: &mut Outputs) {
        let ignores = self.id.reports_following
            && self.is_enabled()
            && !status.has(Statusword::FOLLOWS_COMMAND);
        self.ignored = if ignores { self.ignored.saturating_add(1) } else { 0 };
        if self.ignored > self.id.ignore_cycles {
            let text = "the drive ignores its setpoints (statusword bit 12)";
            self.raise(fault::NOT_FOLLOWING, text, out);
        } else if !ignores {
            self.faults.clear(fault::NOT_FOLLOWING);
        }
    }
}
