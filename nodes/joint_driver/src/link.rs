//! From "is anybody there?" to a drive that is configured and operational.
//!
//! The one rule: a drive that already is as it shall be is adopted without being touched, so that a
//! restarted driver never makes an arm fall; any other is configured in pre-operational with every
//! value read back. A drive that does not answer is looked for again and again, ever less often.

use crate::config::Config;
use crate::io::Outgoing;
use crate::setup::{Setup, reads_as};
use can_bus::canopen::nmt::{Heartbeat, NmtCommand, NmtState};
use can_bus::canopen::od::{self, Object};
use can_bus::canopen::sdo::{Operation, Progress, SdoClient, SdoError};
use can_bus::canopen::sequence::{Write, WriteSequence};
use can_bus::cia402::Mode;
use can_bus::frame::Frame;
use std::sync::Arc;
use std::time::Duration;
use vocabulary::time::Monotonic;

/// What became of the search for a drive; said once per change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// Configured and operational.
    Ready {
        /// It was as it shall be, and nothing was written.
        adopted: bool,
    },
    /// Nobody answers.
    Missing,
    /// It answers, but is not what it should be or does not take its configuration.
    Refused(String),
    /// The error code asked for by [`Link::read_error_code`].
    ErrorCode(u16),
    /// More answers than questions: two devices with this node id.
    Duplicate,
}

/// First wait after a failed attempt.
const FIRST_RETRY: Duration = Duration::from_millis(200);
/// A drive needs this long to act on an NMT command before it is spoken to.
const NMT_PAUSE: Duration = Duration::from_millis(10);
/// SDO attempts per configuration step.
const ATTEMPTS: u32 = 3;
/// Answers to no question, in one set-up without time-outs, that show a second device. Fewer may
/// stem from a tool that reads the same drive.
const STRAYS: u64 = 8;

#[derive(Debug, Clone)]
enum Phase {
    /// Neither sends nor expects anything.
    Idle,
    /// Next attempt then.
    Waiting(Monotonic),
    /// Reads identity objects, the n-th of [`Link::identity`].
    Identify(usize),
    /// Compares the n-th of the settled values.
    Adopt(usize),
    /// Sent to pre-operational; configuration begins then.
    PreOperational(Monotonic),
    /// Writes and reads back.
    Configure(WriteSequence, u32),
    /// Started by NMT; given up then.
    Starting(Monotonic),
    /// Operational.
    Ready,
}

/// The way to one drive.
#[derive(Debug, Clone)]
pub struct Link {
    setup: Arc<Setup>,
    settled: Arc<[Write]>,
    client: SdoClient,
    phase: Phase,
    adopted: bool,
    state: Option<NmtState>,
    since: Monotonic,
    retry: Duration,
    longest: Duration,
    patience: Duration,
    start_timeout: Duration,
    reported: Option<LinkEvent>,
    strays: u64,
    timeouts: u32,
}

impl Link {
    /// Idle until [`Link::start`].
    #[must_use]
    pub fn new(config: &Config, setup: Arc<Setup>) -> Self {
        Self {
            settled: setup.settled().into(),
            client: SdoClient::new(setup.node, Duration::from_secs_f64(config.sdo_timeout)),
            setup,
            phase: Phase::Idle,
            adopted: false,
            state: None,
            since: Monotonic(0),
            retry: FIRST_RETRY,
            longest: Duration::from_secs_f64(config.retry_longest),
            patience: Duration::from_secs_f64(config.boot_timeout),
            start_timeout: Duration::from_secs_f64(config.heartbeat_period * 3.0),
            reported: None,
            strays: 0,
            timeouts: 0,
        }
    }

    /// Whether the drive is configured and operational.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready)
    }

    /// Whether the search runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    /// Begins the search, from the beginning.
    pub fn start(&mut self, now: Monotonic) {
        self.client.reset();
        self.phase = Phase::Waiting(now);
        self.since = now;
        self.retry = FIRST_RETRY;
    }

    /// Stops everything: the bus is gone.
    pub fn stop(&mut self) {
        self.client.reset();
        self.phase = Phase::Idle;
        self.state = None;
    }

    /// When [`Link::poll`] has to be called at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Monotonic> {
        match self.phase {
            Phase::Idle => None,
            Phase::Waiting(at) | Phase::PreOperational(at) | Phase::Starting(at) => Some(at),
            _ => self.client.deadline(),
        }
    }

    /// Takes an SDO reply of the drive.
    pub fn on_sdo(
        &mut self,
        frame: &Frame,
        now: Monotonic,
        out: &mut Vec<Outgoing>,
    ) -> Option<LinkEvent> {
        let progress = self.client.on_frame(frame, now);
        self.progress(progress, now, out)
    }

    /// Takes a heartbeat or boot-up of the drive; true when the drive is no longer as it was.
    pub fn on_heartbeat(&mut self, beat: Heartbeat, now: Monotonic) -> bool {
        match (beat, &self.phase) {
            (Heartbeat::Alive(state), _) => {
                self.state = Some(state);
                self.is_ready() && state != NmtState::Operational
            }
            (Heartbeat::BootUp, Phase::Idle) => false,
            (Heartbeat::BootUp, Phase::Waiting(_)) => {
                self.state = Some(NmtState::PreOperational);
                self.phase = Phase::Waiting(now);
                false
            }
            (Heartbeat::BootUp, _) => {
                self.state = Some(NmtState::PreOperational);
                let was_ready = self.is_ready();
                if !was_ready {
                    self.start(now);
                }
                was_ready
            }
        }
    }

    /// Asks a ready drive for its error code, in case its EMCY was lost; the answer is an event.
    pub fn read_error_code(&mut self, now: Monotonic, out: &mut Vec<Outgoing>) {
        if self.is_ready() && !self.client.is_busy() {
            let operation = Operation::Upload(od::ERROR_CODE.address);
            out.extend(self.client.start(&operation, now).ok().map(Outgoing::from));
        }
    }

    /// The drive's feedback came: it is operational. Returns the event when that was awaited.
    pub fn on_feedback(&mut self) -> Option<LinkEvent> {
        matches!(self.phase, Phase::Starting(_)).then(|| self.ready())
    }

    /// Looks at the clock.
    pub fn poll(&mut self, now: Monotonic, out: &mut Vec<Outgoing>) -> Option<LinkEvent> {
        match self.phase {
            Phase::Waiting(at) if now >= at => {
                self.strays = self.client.stray_replies();
                self.timeouts = 0;
                self.adopted = false;
                self.enter(Phase::Identify(0), now, out)
            }
            Phase::PreOperational(at) if now >= at => {
                let sequence = WriteSequence::new(self.setup.writes.clone());
                self.enter(Phase::Configure(sequence, 0), now, out)
            }
            Phase::Starting(_) if self.state == Some(NmtState::Operational) => Some(self.ready()),
            Phase::Starting(at) if now >= at => {
                let text = "does not become operational after NMT start";
                self.fail(now, LinkEvent::Refused(text.to_owned()))
            }
            _ => {
                let progress = self.client.poll(now);
                self.progress(progress, now, out)
            }
        }
    }

    fn identity(&self) -> &'static [Object] {
        const BASIC: [Object; 3] = [od::DEVICE_TYPE, od::SUPPORTED_MODES, od::IDENTITY_SERIAL];
        if self.setup.serial == 0 { BASIC.get(..2).unwrap_or(&BASIC) } else { &BASIC }
    }

    fn enter(
        &mut self,
        phase: Phase,
        now: Monotonic,
        out: &mut Vec<Outgoing>,
    ) -> Option<LinkEvent> {
        self.phase = phase;
        self.ask(now, out)
    }

    /// Sends the next question, or goes on when there is none.
    fn ask(&mut self, now: Monotonic, out: &mut Vec<Outgoing>) -> Option<LinkEvent> {
        let operation = match &self.phase {
            Phase::Identify(n) => self.identity().get(*n).map(|o| Operation::Upload(o.address)),
            Phase::Adopt(n) => self.settled.get(*n).map(|w| Operation::Upload(w.address)),
            Phase::Configure(sequence, _) => sequence.next(),
            _ => return None,
        };
        let Some(operation) = operation else { return self.finished(now, out) };
        // A transfer is never open here: each phase asks only after the last answer.
        out.extend(self.client.start(&operation, now).ok().map(Outgoing::from));
        None
    }

    fn finished(&mut self, now: Monotonic, out: &mut Vec<Outgoing>) -> Option<LinkEvent> {
        match self.phase {
            Phase::Identify(_) if self.state == Some(NmtState::Operational) => {
                return self.enter(Phase::Adopt(0), now, out);
            }
            Phase::Identify(_) => self.reconfigure(now, out),
            _ if self.client.stray_replies() >= self.strays + STRAYS && self.timeouts == 0 => {
                return self.fail(now, LinkEvent::Duplicate);
            }
            Phase::Adopt(_) => {
                self.adopted = true;
                return Some(self.ready());
            }
            _ => {
                out.push(NmtCommand::Start.frame(Some(self.setup.node)).into());
                self.state = None;
                self.phase = Phase::Starting(now + self.start_timeout);
            }
        }
        None
    }

    fn reconfigure(&mut self, now: Monotonic, out: &mut Vec<Outgoing>) {
        out.push(NmtCommand::EnterPreOperational.frame(Some(self.setup.node)).into());
        self.phase = Phase::PreOperational(now + NMT_PAUSE);
    }

    fn progress(
        &mut self,
        progress: Progress,
        now: Monotonic,
        out: &mut Vec<Outgoing>,
    ) -> Option<LinkEvent> {
        out.extend(progress.send.map(Outgoing::from));
        let result = progress.done?;
        let silent = matches!(result, Err(SdoError::Timeout { .. }));
        self.timeouts += u32::from(silent);
        match &mut self.phase {
            Phase::Ready => return error_code(result),
            Phase::Identify(_) if silent => return self.fail(now, LinkEvent::Missing),
            Phase::Identify(n) => {
                let asked = *n;
                *n += 1;
                if let Err(text) = self.judge_identity(asked, result) {
                    return self.fail(now, LinkEvent::Refused(text));
                }
            }
            Phase::Adopt(n) => {
                let expected = self.settled.get(*n);
                *n += 1;
                let same = matches!((expected, &result), (Some(w), Ok(data)) if reads_as(w, data));
                if !same {
                    self.reconfigure(now, out);
                    return None;
                }
            }
            Phase::Configure(sequence, attempts) => {
                if let Err(error) = sequence.accept(result) {
                    *attempts += 1;
                    if *attempts >= ATTEMPTS {
                        return self.fail(now, LinkEvent::Refused(error.to_string()));
                    }
                }
            }
            _ => return None,
        }
        self.ask(now, out)
    }

    fn judge_identity(
        &self,
        asked: usize,
        result: Result<Vec<u8>, SdoError>,
    ) -> Result<(), String> {
        let Some(object) = self.identity().get(asked).copied() else { return Ok(()) };
        let value = match result.map(|data| object.decode(&data)) {
            Ok(Some(value)) => value,
            // Not every drive lists its modes; the read-back of the mode will tell.
            _ if object == od::SUPPORTED_MODES => return Ok(()),
            Ok(None) => return Err(format!("object {} has a wrong length", object.address)),
            Err(error) => return Err(error.to_string()),
        };
        if object == od::DEVICE_TYPE && value & 0xFFFF != 402 {
            return Err(format!("device type {} is no CiA 402 drive", value & 0xFFFF));
        }
        if object == od::SUPPORTED_MODES && !Mode::CyclicPosition.is_supported_by(value as u32) {
            return Err(format!("no cyclic synchronous position mode (0x6502 = 0x{value:X})"));
        }
        if object == od::IDENTITY_SERIAL && value != i64::from(self.setup.serial) {
            return Err(format!("serial number {value} instead of {}", self.setup.serial));
        }
        Ok(())
    }

    fn ready(&mut self) -> LinkEvent {
        self.phase = Phase::Ready;
        self.retry = FIRST_RETRY;
        self.reported = None;
        LinkEvent::Ready { adopted: self.adopted }
    }

    /// Waits for the next attempt; reports what is new, a missing drive after some patience.
    fn fail(&mut self, now: Monotonic, event: LinkEvent) -> Option<LinkEvent> {
        self.phase = Phase::Waiting(now + self.retry);
        self.retry = (self.retry * 2).min(self.longest);
        let patient = event == LinkEvent::Missing && now.since(self.since) < self.patience;
        if patient || self.reported.as_ref() == Some(&event) {
            return None;
        }
        self.reported = Some(event.clone());
        Some(event)
    }
}

fn error_code(result: Result<Vec<u8>, SdoError>) -> Option<LinkEvent> {
    let code = od::ERROR_CODE.decode(&result.ok()?)?;
    u16::try_from(code).ok().map(LinkEvent::ErrorCode)
}
