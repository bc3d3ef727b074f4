//! Whether this driver may speak: not on a bus that is down, not before it has listened, not where
//! another process drives the same joints.

use super::Driver;
use crate::io::{BusEvent, Outputs};
use vocabulary::command::fault;
use vocabulary::health::LogLine;
use vocabulary::time::Monotonic;

/// Whether this driver may speak on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// Not stepped yet.
    New,
    /// Listens until then.
    Listening(Monotonic),
    /// Another driver has these joints; heard last then.
    Rival(Monotonic),
    /// Speaks.
    Speaking,
    /// The bus is gone.
    Down,
}

impl Driver {
    /// After a pause longer than the drives wait for us, they have stopped, and somebody else may
    /// have taken our place: listen first.
    pub(super) fn notice_pause(&mut self, now: Monotonic, out: &mut Outputs) {
        let listen = now + self.seconds(self.config.listen_time);
        let paused = now.since(self.stepped) > self.seconds(self.config.heartbeat_timeout);
        match self.voice {
            Voice::New => {
                self.voice = Voice::Listening(listen);
                let warning = self.config.bus_load().ok().and_then(|load| load.warning());
                let bus = self.config.bus.name();
                out.log.extend(warning.map(|text| LogLine::warn(format!("bus {bus}: {text}"))));
            }
            Voice::Speaking if paused => {
                self.sync.stop();
                self.voice = Voice::Listening(listen);
            }
            _ => {}
        }
    }

    pub(super) fn on_bus(&mut self, event: &BusEvent, now: Monotonic, out: &mut Outputs) {
        let bus = self.config.bus.name();
        match event {
            BusEvent::Up => {
                if self.voice == Voice::Down {
                    self.voice = Voice::Listening(now + self.seconds(self.config.listen_time));
                }
            }
            BusEvent::Down(reason) => {
                self.voice = Voice::Down;
                self.sync.stop();
                let news = self.joints.iter_mut().map(|joint| joint.disconnect(fault::BUS));
                if news.fold(false, |any, new| any | new) {
                    let text = format!("{}: bus {bus} is down: {reason}", self.names);
                    out.log.push(LogLine::error(text));
                }
            }
            BusEvent::Dropped(count) => {
                self.joints.iter_mut().for_each(|joint| joint.count_bus(*count, 0));
            }
            BusEvent::Trouble(text) => {
                self.joints.iter_mut().for_each(|joint| joint.count_bus(0, 1));
                if self.bus_trouble.as_ref() != Some(text) {
                    out.log.push(LogLine::warn(format!("bus {bus}: {text}")));
                    self.bus_trouble = Some(text.clone());
                }
            }
        }
    }

    pub(super) fn on_rival(&mut self, at: Monotonic, out: &mut Outputs) {
        let text = format!(
            "{} on {} is already driven by another process: stop that one, or change `joints`",
            self.names,
            self.config.bus.name()
        );
        match self.voice {
            Voice::New | Voice::Listening(_) => {
                out.log.push(LogLine::error(text.clone()));
                self.trouble = Some(text);
                self.voice = Voice::Rival(at);
            }
            Voice::Rival(_) => self.voice = Voice::Rival(at),
            // Both began at once: both stop moving, both go on holding.
            Voice::Speaking => {
                for joint in &mut self.joints {
                    joint.meet_rival(&text, out);
                }
            }
            Voice::Down => {}
        }
    }

    pub(super) fn listen(&mut self, now: Monotonic, out: &mut Outputs) {
        let over = match self.voice {
            Voice::Listening(until) => now >= until,
            Voice::Rival(heard) => now.since(heard) > self.seconds(self.config.heartbeat_timeout),
            _ => false,
        };
        if !over {
            return;
        }
        self.voice = Voice::Speaking;
        self.trouble = None;
        self.next_heartbeat = now;
        self.sync.start(self.last_sync.unwrap_or(now).max(now - self.config.period()));
        for joint in &mut self.joints {
            joint.connect(now, out);
        }
    }
}
