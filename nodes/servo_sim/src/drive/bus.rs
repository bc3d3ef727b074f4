//! The drive on the bus: NMT, SYNC, SDO, PDO, heartbeats, EMCY.
//!
//! The one rule: any frame whatever is either understood or ignored; PDOs run only in operational,
//! SDO not in stopped.

use super::dictionary::Dictionary;
use super::errors::{HEARTBEAT_LOST, PDO_TOO_LONG, PDO_TOO_SHORT, SYNC_LENGTH};
use super::objects::HISTORY;
use super::pdo::{Applied, Pdos};
use super::setpoint::SyncClock;
use super::watch::Watch;
use super::{Drive, Motion, settings};
use crate::fault::Signal;
use can_bus::canopen::CanOpenError;
use can_bus::canopen::cob::{self, Service};
use can_bus::canopen::nmt::{Heartbeat, NmtCommand, NmtState};
use can_bus::canopen::od::{self, Address};
use can_bus::canopen::sdo::{AbortCode, ObjectDictionary};
use can_bus::cia402::{AbortConnectionOption, Mode, State};
use can_bus::frame::Frame;
use std::time::Duration;
use vocabulary::health::LogLine;
use vocabulary::time::Monotonic;

/// Controlword bit 8.
const HALT: i64 = 1 << 8;
/// How stale values may be when an SDO or an event PDO reads them.
const STALE: Duration = Duration::from_millis(1);

/// The dictionary as the SDO server sees it, with a note of what was written.
struct Port<'a> {
    od: &'a mut Dictionary,
    written: Option<Address>,
}

impl ObjectDictionary for Port<'_> {
    fn read(&mut self, address: Address) -> Result<Vec<u8>, AbortCode> {
        self.od.read(address)
    }

    fn write(&mut self, address: Address, data: &[u8]) -> Result<(), AbortCode> {
        check_write(self.od, address, data)?;
        self.od.write(address, data)?;
        self.written = Some(address);
        Ok(())
    }
}

impl Drive {
    /// Takes a frame from the bus.
    pub fn receive(&mut self, frame: &Frame, now: Monotonic, out: &mut Vec<Frame>) {
        let (Some(cob_id), Some(nmt)) = (frame.cob_id(), self.nmt) else { return };
        if !self.faults.hears() {
            return;
        }
        if nmt == NmtState::Operational && self.receive_pdo(cob_id, frame, now) {
            return;
        }
        match Service::of(cob_id) {
            Some(Service::Nmt) => self.on_nmt(frame, now),
            Some(Service::Sync) => self.on_sync(frame, now, out),
            Some(Service::Heartbeat(_)) => self.on_heartbeat(frame, now),
            Some(Service::SdoRequest(node)) if node == self.build.node => {
                self.on_sdo(frame, now, out);
            }
            _ => {}
        }
    }

    fn receive_pdo(&mut self, cob_id: u16, frame: &Frame, now: Monotonic) -> bool {
        let Some(rpdo) = self.pdos.receive.iter_mut().find(|r| r.takes(cob_id)) else {
            return false;
        };
        match rpdo.receive(frame.data()) {
            Ok(at_once) => {
                let applied = if at_once { rpdo.apply(&mut self.od) } else { Applied::default() };
                self.clear_errors(|code| code == PDO_TOO_SHORT || code == PDO_TOO_LONG);
                self.applied(applied, now, now);
            }
            Err(CanOpenError::PdoLength { expected, got }) if got > expected => {
                self.warn(PDO_TOO_LONG);
            }
            Err(_) => self.warn(PDO_TOO_SHORT),
        }
        true
    }

    fn on_sync(&mut self, frame: &Frame, now: Monotonic, out: &mut Vec<Frame>) {
        if frame.data().len() > 1 {
            self.warn(SYNC_LENGTH);
            return;
        }
        let meant = self.clock.on_sync(now, self.settings.period);
        if self.nmt != Some(NmtState::Operational) {
            return;
        }
        self.refresh(now);
        for tpdo in &mut self.pdos.transmit {
            if let Some(frame) = tpdo.on_sync(&self.od, now) {
                self.faults.send(Signal::Feedback, frame, now, out);
            }
        }
        let mut applied = Applied::default();
        for rpdo in &mut self.pdos.receive {
            applied = applied.and(rpdo.apply(&mut self.od));
        }
        self.applied(applied, now, meant);
    }

    /// Acts on objects that were written: mode first, then controlword, then setpoint.
    fn applied(&mut self, applied: Applied, now: Monotonic, meant: Monotonic) {
        if self.deaf {
            return;
        }
        if applied.other {
            self.settings = settings(&self.od, &self.build);
            self.take_mode(now);
        }
        let was_on = self.motion.follows();
        if applied.controlword {
            self.take_controlword(now);
        }
        if applied.setpoint && was_on {
            let setpoint = self.setpoint();
            self.motion.push(&setpoint, &self.settings, now, meant);
        }
    }

    fn take_controlword(&mut self, now: Monotonic) {
        let word = self.od.get(od::CONTROLWORD);
        let before = self.power.state();
        let motion = self.power.command(word as u16, &self.options(), self.cause_is_gone());
        self.act(motion, now);
        self.take_halt(word & HALT != 0, now);
        let after = self.power.state();
        if before != after {
            let (name, from, to) = (&self.build.name, before.text(), after.text());
            self.log.push(LogLine::info(format!("{name}: {from} -> {to} by controlword")));
        }
        if before == State::Fault && !self.is_faulted() {
            self.clear_errors(|_| true);
        }
    }

    fn take_halt(&mut self, halt: bool, now: Monotonic) {
        let enabled = self.power.state() == State::OperationEnabled;
        let changed = halt != self.halted;
        self.halted = halt;
        if !enabled || !changed || self.power.is_leaving() {
            return;
        }
        self.act(if halt { Motion::Decelerate } else { Motion::Resume }, now);
    }

    fn take_mode(&mut self, now: Monotonic) {
        let wanted = Mode::from(self.od.get(od::MODE) as i8);
        let supported = wanted.is_supported_by(self.od.get(od::SUPPORTED_MODES) as u32);
        if wanted == self.mode || !(supported || wanted == Mode::None) {
            return;
        }
        self.mode = wanted;
        self.od.set(od::MODE_DISPLAY, wanted.code().into());
        for tpdo in &mut self.pdos.transmit {
            tpdo.notify(&[od::MODE_DISPLAY]);
        }
        if self.power.state() == State::OperationEnabled && !self.halted {
            let setpoint = self.setpoint();
            self.motion.change_mode(wanted, &setpoint, &self.measured, &self.settings, now);
        }
    }

    fn on_nmt(&mut self, frame: &Frame, now: Monotonic) {
        let Some((command, target)) = NmtCommand::decode(frame) else { return };
        if target.is_some_and(|node| node != self.build.node) {
            return;
        }
        match command {
            NmtCommand::Start => self.enter_nmt(NmtState::Operational),
            NmtCommand::EnterPreOperational => self.enter_nmt(NmtState::PreOperational),
            NmtCommand::Stop => {
                self.enter_nmt(NmtState::Stopped);
                self.connection_lost(now);
            }
            NmtCommand::ResetNode => {
                self.shut_down();
                self.boot_at = Some(now + self.build.boot_time);
            }
            NmtCommand::ResetCommunication => {
                self.connection_lost(now);
                self.reset_communication();
                self.nmt = None;
                self.boot_at = Some(now);
            }
        }
    }

    fn enter_nmt(&mut self, state: NmtState) {
        if self.nmt != Some(state) && state == NmtState::Operational {
            self.pdos = Pdos::read(&self.od);
            self.clock = SyncClock::default();
            // So that the master learns the state before it first changes, as in CANopenNode.
            for tpdo in &mut self.pdos.transmit {
                tpdo.notify(&[od::STATUSWORD, od::MODE_DISPLAY]);
            }
        }
        self.nmt = Some(state);
    }

    fn reset_communication(&mut self) {
        let keep = |index: u16| !(0x1000..0x2000).contains(&index);
        let mut fresh = self.factory.clone();
        fresh.copy_from(&self.od, keep);
        self.od = fresh;
        self.sdo.reset();
    }

    /// Boot-up: dictionary as built, pre-operational.
    pub(super) fn boot(&mut self, now: Monotonic, out: &mut Vec<Frame>) {
        self.boot_at = None;
        if self.power.state() == State::NotReadyToSwitchOn {
            self.power.booted();
        }
        self.settings = settings(&self.od, &self.build);
        self.pdos = Pdos::read(&self.od);
        self.watch = Watch::read(&self.od, now);
        self.nmt = Some(NmtState::PreOperational);
        self.refresh(now);
        self.faults.send(Signal::Heartbeat, Heartbeat::BootUp.frame(self.build.node), now, out);
        self.log.push(LogLine::info(format!("{}: booted", self.build.name)));
    }

    fn on_heartbeat(&mut self, frame: &Frame, now: Monotonic) {
        let Some((node, beat)) = Heartbeat::decode(frame) else { return };
        if self.watch.hear(node, beat, now) && !self.is_faulted() {
            self.clear_errors(|code| code == HEARTBEAT_LOST);
        }
    }

    fn on_sdo(&mut self, frame: &Frame, now: Monotonic, out: &mut Vec<Frame>) {
        if self.nmt == Some(NmtState::Stopped) {
            return;
        }
        if now.since(self.refreshed) > STALE {
            self.refresh(now);
        }
        let mut port = Port { od: &mut self.od, written: None };
        let reply = self.sdo.on_frame(frame, &mut port);
        let written = port.written;
        if let Some(reply) = reply {
            self.faults.send(Signal::All, reply, now, out);
        }
        if let Some(address) = written {
            self.written(address, now);
        }
    }

    fn written(&mut self, address: Address, now: Monotonic) {
        match address.index {
            0x1016 | 0x1017 => self.watch = Watch::read(&self.od, now),
            0x1400..=0x1BFF => self.pdos = Pdos::read(&self.od),
            HISTORY => self.forget_history(),
            0x6000..=0x6FFF => self.applied(Applied::of(address), now, now),
            _ => {}
        }
    }

    fn forget_history(&mut self) {
        for sub in 1..=super::objects::HISTORY_LENGTH {
            self.od.set_at(Address::new(HISTORY, sub), 0);
        }
    }

    /// Watchdogs, heartbeat, event PDOs, emergencies.
    pub(super) fn poll_bus(&mut self, now: Monotonic, out: &mut Vec<Frame>) {
        if self.watch.check(now) {
            self.log.push(LogLine::warn(format!("{}: watched heartbeat lost", self.build.name)));
            self.warn(HEARTBEAT_LOST);
            self.connection_lost(now);
            self.error_behaviour();
        }
        if let (true, Some(nmt)) = (self.watch.beat(now), self.nmt) {
            let beat = Heartbeat::Alive(nmt).frame(self.build.node);
            self.faults.send(Signal::Heartbeat, beat, now, out);
        }
        if self.nmt == Some(NmtState::Operational) {
            self.poll_events(now, out);
        }
        if self.nmt != Some(NmtState::Stopped) && self.od.get(od::EMCY_COB_ID) & 1 << 31 == 0 {
            for emcy in self.emcy.drain(..) {
                self.faults.send(Signal::All, emcy.frame(self.build.node), now, out);
            }
        }
    }

    fn poll_events(&mut self, now: Monotonic, out: &mut Vec<Frame>) {
        self.refresh_statusword(now);
        let event = |due: Option<Monotonic>| due.is_some_and(|due| due <= now);
        let some_due = self.pdos.transmit.iter().any(|tpdo| event(tpdo.due(now)));
        if some_due && now.since(self.refreshed) > STALE {
            self.refresh(now);
        }
        for tpdo in &mut self.pdos.transmit {
            if let Some(frame) = tpdo.poll(&self.od, now) {
                self.faults.send(Signal::Feedback, frame, now, out);
            }
        }
    }

    /// What object 0x6007 wants when the master is gone.
    fn connection_lost(&mut self, now: Monotonic) {
        let option = self.od.get(od::ABORT_CONNECTION_OPTION) as i16;
        let motion = match AbortConnectionOption::from_code(option) {
            Some(AbortConnectionOption::Fault) => {
                if self.power.state().has_torque() {
                    self.trip(HEARTBEAT_LOST, false, now);
                }
                return;
            }
            Some(AbortConnectionOption::DisableVoltage) => self.power.disable_voltage(),
            Some(AbortConnectionOption::QuickStop) => self.power.quick_stop(&self.options()),
            Some(AbortConnectionOption::None) | None => return,
        };
        self.act(motion, now);
    }

    /// What object 0x1029 wants after a communication error.
    fn error_behaviour(&mut self) {
        match (self.nmt, self.od.get(od::ERROR_BEHAVIOUR)) {
            (Some(NmtState::Operational), 0) => self.nmt = Some(NmtState::PreOperational),
            (Some(_), 2) => self.nmt = Some(NmtState::Stopped),
            _ => {}
        }
    }

    /// An error that does not stop the drive by itself.
    fn warn(&mut self, code: u16) {
        self.emcy.extend(self.errors.raise(code, &mut self.od));
    }

    fn clear_errors(&mut self, gone: impl Fn(u16) -> bool) {
        self.emcy.extend(self.errors.clear(gone, &mut self.od));
    }
}

/// Values that are in range but make no sense: modes the drive does not have, COB-IDs that change
/// while the PDO is on, reserved transmission types.
fn check_write(od: &Dictionary, address: Address, data: &[u8]) -> Result<(), AbortCode> {
    let raw = data.iter().rev().fold(0_u64, |acc, &b| acc << 8 | u64::from(b)) as i64;
    let refused = match (address.index, address.sub) {
        (0x6060, 0) => ![0, 8, 10].contains(&raw),
        (0x1400..=0x1403 | 0x1800..=0x1803, 1) => {
            let old = od.value(address);
            let live = (old | raw) & 1 << 31 == 0;
            let id = (raw & 0x7FF) as u16;
            let own = matches!(Service::of(id), Some(Service::Tpdo(..) | Service::Rpdo(..)) | None);
            raw & 1 << 29 != 0 || (live && (old ^ raw) & 0x7FF != 0) || !own || id == cob::NMT
        }
        (0x1400..=0x1403 | 0x1800..=0x1803, 2) => (241..=253).contains(&raw),
        _ => false,
    };
    if refused { Err(AbortCode::ValueRange) } else { Ok(()) }
}
