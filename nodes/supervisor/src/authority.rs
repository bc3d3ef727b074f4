//! Whether the arm may move: the mode, the permit, and the five services that change them.
//!
//! The rule: the permit rises only on behalf of a person's `arm/enable` or `arm/resume`; a stop
//! beats everything that came with it or waits; every request is answered exactly once.

use std::time::Duration;
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::health::LogLine;
use vocabulary::time::{Monotonic, Now, Stamp};

use crate::config::{Config, seconds};
use crate::faults::{Fault, View, list};

/// Drivers that miss a permit (they learnt of it late) get the next one after this time.
const PERMIT_AGAIN: Duration = Duration::from_millis(500);

/// What a person may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// `arm/enable`.
    Enable,
    /// `arm/disable`.
    Disable,
    /// `arm/stop`.
    Stop,
    /// `arm/resume`.
    Resume,
    /// `arm/clear_faults`.
    ClearFaults,
}

/// A call of one of the arm services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Chosen by the host; names the answer.
    pub id: u64,
    /// Which service.
    pub kind: RequestKind,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// [`Request::id`].
    pub id: u64,
    /// Whether it was done.
    pub success: bool,
    /// What was done, or why not and what to do.
    pub message: String,
}

/// What is under way, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Idle,
    /// Waits until everything needed is there; still without power.
    Gathering(Monotonic),
    /// Waits until all drivers have power.
    Powering {
        since: Monotonic,
        permitted: Monotonic,
    },
    /// Waits until nothing forbids resuming: only right after the supervisor's start.
    Reading(Monotonic),
    /// Waits until all drivers follow again.
    Resuming(Monotonic),
    /// Waits until the arm stands.
    Resting(Monotonic),
}

/// Mode, permit, and the requests that wait.
#[derive(Debug, Clone)]
pub struct Authority {
    status: ArmStatus,
    work: Work,
    waiting: Vec<u64>,
    responses: Vec<Response>,
    log: Vec<LogLine>,
    config: Config,
}

/// What a step knows besides the faults.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now.
    pub now: Now,
    /// The supervisor has just started: nobody is judged.
    pub lenient: bool,
    /// A controller stands on an unfinished path.
    pub paused: bool,
    /// The controller hears all joints and writes commands.
    pub ready: bool,
}

impl Authority {
    /// Goes on from a stored word.
    #[must_use]
    pub fn new(status: ArmStatus, config: Config) -> Self {
        let (waiting, responses, log) = (Vec::new(), Vec::new(), Vec::new());
        Self { status, work: Work::Idle, waiting, responses, log, config }
    }

    /// The word in force.
    #[must_use]
    pub fn status(&self) -> &ArmStatus {
        &self.status
    }

    /// Answers and log lines since the last call.
    pub fn drain(&mut self) -> (Vec<Response>, Vec<LogLine>) {
        (std::mem::take(&mut self.responses), std::mem::take(&mut self.log))
    }

    /// Takes the permit away for a fault; an arm without permit only loses what waits for one.
    pub fn hold(&mut self, reason: &str, stamp: Stamp) {
        if matches!(self.work, Work::Gathering(_) | Work::Powering { .. } | Work::Resuming(_)) {
            self.finish(false, &format!("{reason}; the arm holds"));
        }
        if self.status.mode == ArmMode::Enabled {
            self.set(ArmMode::Hold, reason, stamp);
            self.log.push(LogLine::error(format!("the arm holds: {reason}")));
        }
    }

    /// Whether the drivers are being brought up under a new permit.
    #[must_use]
    pub fn settling(&self) -> bool {
        matches!(self.work, Work::Powering { .. } | Work::Resuming(_))
    }

    /// Holds an enabled arm for what is seen wrong.
    pub fn judge(&mut self, view: &View, moment: &Moment) {
        if moment.lenient || self.status.mode != ArmMode::Enabled {
            return;
        }
        let faults = if self.settling() { view.hard() } else { view.running() };
        if !faults.is_empty() {
            self.hold(&list(&faults), moment.now.stamp);
        }
    }

    /// Takes requests in; stops last, so that they win.
    pub fn ask(&mut self, requests: &[Request], view: &View, moment: &Moment) {
        let stopping = requests.iter().any(|r| r.kind == RequestKind::Stop);
        for request in requests {
            match request.kind {
                RequestKind::Stop => {}
                RequestKind::ClearFaults => self.clear_faults(request.id, moment),
                _ if stopping => self.refuse(request.id, "arm/stop was called at the same time"),
                RequestKind::Enable => self.enable(request.id, moment),
                RequestKind::Resume => self.resume(request.id, view, moment),
                RequestKind::Disable => self.disable(request.id, moment),
            }
        }
        for request in requests.iter().filter(|r| r.kind == RequestKind::Stop) {
            self.stop(request.id, moment);
        }
    }

    fn enable(&mut self, id: u64, moment: &Moment) {
        match (self.status.mode, self.work) {
            (ArmMode::Disabled, Work::Gathering(_)) | (ArmMode::Enabled, Work::Powering { .. }) => {
                self.waiting.push(id);
            }
            (ArmMode::Enabled, _) => self.answer(id, true, "the arm is enabled already"),
            (ArmMode::Stopped, Work::Resting(_)) => {
                self.refuse(id, "the arm is being disabled: call arm/enable again when it is");
            }
            (ArmMode::Disabled, _) => {
                self.waiting.push(id);
                self.work = Work::Gathering(moment.now.mono);
            }
            (ArmMode::Stopped | ArmMode::Hold, _) => {
                let why = self.status.reason.clone();
                self.refuse(id, &format!("the arm has power and holds ({why}): call arm/resume"));
            }
        }
    }

    fn resume(&mut self, id: u64, view: &View, moment: &Moment) {
        match (self.status.mode, self.work) {
            (ArmMode::Disabled, _) => self.refuse(id, "the arm is disabled: call arm/enable"),
            (ArmMode::Stopped, Work::Resting(_)) => {
                self.refuse(id, "the arm is being disabled: call arm/enable when it is");
            }
            (_, Work::Powering { .. } | Work::Reading(_) | Work::Resuming(_)) => {
                self.waiting.push(id);
            }
            (ArmMode::Enabled, _) if !moment.paused => {
                self.answer(id, true, "nothing to resume: the arm is enabled");
            }
            _ if moment.lenient => {
                self.waiting.push(id);
                self.work = Work::Reading(moment.now.mono);
            }
            _ => {
                self.waiting.push(id);
                self.try_resume(view, moment);
            }
        }
    }

    fn try_resume(&mut self, view: &View, moment: &Moment) {
        let faults = view.forbidding();
        if !faults.is_empty() {
            self.finish(false, &format!("cannot resume: {}", list(&faults)));
            return;
        }
        self.permit("arm/resume", moment.now.stamp);
        self.work = Work::Resuming(moment.now.mono);
    }

    fn disable(&mut self, id: u64, moment: &Moment) {
        match (self.status.mode, self.work) {
            (ArmMode::Disabled, _) => {
                self.finish(false, "arm/disable was called");
                self.answer(id, true, "the arm is disabled");
            }
            (ArmMode::Stopped, Work::Resting(_)) => self.waiting.push(id),
            _ => {
                self.finish(false, "arm/disable was called");
                self.waiting.push(id);
                self.set(ArmMode::Stopped, "arm/disable: coming to rest", moment.now.stamp);
                self.work = Work::Resting(moment.now.mono);
            }
        }
    }

    fn stop(&mut self, id: u64, moment: &Moment) {
        self.finish(false, "arm/stop was called");
        match self.status.mode {
            ArmMode::Disabled => self.answer(id, true, "the arm is disabled, nothing moves"),
            ArmMode::Stopped => {
                let reason = "arm/stop".to_owned();
                if self.status.reason != reason {
                    self.set(ArmMode::Stopped, &reason, moment.now.stamp);
                }
                self.answer(id, true, "the arm is stopped and holds; arm/resume goes on");
            }
            ArmMode::Enabled | ArmMode::Hold => {
                self.set(ArmMode::Stopped, "arm/stop", moment.now.stamp);
                self.log.push(LogLine::info("arm/stop: the arm decelerates and holds"));
                self.answer(id, true, "the arm decelerates and holds; arm/resume goes on");
            }
        }
    }

    fn clear_faults(&mut self, id: u64, moment: &Moment) {
        self.status.fault_reset = self.status.fault_reset.saturating_add(1);
        self.status.stamp = moment.now.stamp;
        self.log.push(LogLine::info("arm/clear_faults: the drivers reset latched drive faults"));
        let next = if self.status.mode == ArmMode::Disabled { "arm/enable" } else { "arm/resume" };
        self.answer(id, true, &format!("drive faults are being reset; then call {next}"));
    }

    /// Carries on what is under way.
    pub fn proceed(&mut self, view: &View, moment: &Moment) {
        match self.work {
            Work::Idle => {}
            Work::Gathering(since) => self.gather(since, view, moment),
            Work::Powering { since, permitted } => self.power(since, permitted, view, moment),
            Work::Reading(_) => {
                if !moment.lenient {
                    self.try_resume(view, moment);
                }
            }
            Work::Resuming(since) => self.await_followers(since, view, moment),
            Work::Resting(since) => self.rest(since, view, moment),
        }
    }

    fn gather(&mut self, since: Monotonic, view: &View, moment: &Moment) {
        let faults = view.forbidding();
        let latched = |f: &&Fault| matches!(f, Fault::Joint { .. }) && view.hard().contains(f);
        let late = overdue(since, self.config.enable_timeout, moment);
        if let Some(fault) = faults.iter().find(latched) {
            self.finish(false, &format!("cannot enable: {fault}"));
        } else if faults.is_empty() && !moment.lenient {
            self.permit("arm/enable", moment.now.stamp);
            self.work = Work::Powering { since, permitted: moment.now.mono };
        } else if late {
            let limit = self.config.enable_timeout;
            self.finish(false, &format!("cannot enable within {limit} s: {}", list(&faults)));
        }
    }

    fn power(&mut self, since: Monotonic, permitted: Monotonic, view: &View, moment: &Moment) {
        let unready = unready(view, moment);
        if unready.is_empty() {
            self.finish(true, "all joints hold under power");
        } else if overdue(since, self.config.enable_timeout, moment) {
            let limit = self.config.enable_timeout;
            let reason = format!("cannot enable within {limit} s: {}", unready.join("; "));
            self.set(ArmMode::Disabled, &reason, moment.now.stamp);
            self.log.push(LogLine::error(reason.clone()));
            self.finish(false, &reason);
        } else if view.only_blocked() && moment.now.mono.since(permitted) >= PERMIT_AGAIN {
            self.permit("arm/enable", moment.now.stamp);
            self.work = Work::Powering { since, permitted: moment.now.mono };
        }
    }

    fn await_followers(&mut self, since: Monotonic, view: &View, moment: &Moment) {
        let unready = unready(view, moment);
        if unready.is_empty() {
            self.finish(true, "the arm may move again");
        } else if overdue(since, self.config.resume_timeout, moment) {
            let limit = self.config.resume_timeout;
            self.hold(
                &format!("cannot resume within {limit} s: {}", unready.join("; ")),
                moment.now.stamp,
            );
        }
    }

    fn rest(&mut self, since: Monotonic, view: &View, moment: &Moment) {
        let late = overdue(since, self.config.disable_timeout, moment);
        if !late && !view.at_rest(self.config.rest_velocity) {
            return;
        }
        if late {
            self.log.push(LogLine::warn("the arm did not come to rest before it was disabled"));
        }
        self.set(ArmMode::Disabled, "arm/disable", moment.now.stamp);
        self.log.push(LogLine::info("the arm is disabled"));
        self.finish(true, "the arm is disabled");
    }

    /// The only place where the permit rises.
    fn permit(&mut self, service: &str, stamp: Stamp) {
        self.status.permit = self.status.permit.saturating_add(1);
        self.set(ArmMode::Enabled, service, stamp);
        let permit = self.status.permit;
        self.log.push(LogLine::info(format!("{service}: the arm may move under permit {permit}")));
    }

    fn set(&mut self, mode: ArmMode, reason: &str, stamp: Stamp) {
        self.status.mode = mode;
        self.status.stamp = stamp;
        reason.clone_into(&mut self.status.reason);
    }

    /// Ends what is under way and answers everybody who waits for it.
    fn finish(&mut self, success: bool, message: &str) {
        self.work = Work::Idle;
        for id in std::mem::take(&mut self.waiting) {
            if success {
                self.answer(id, true, message);
            } else {
                self.refuse(id, message);
            }
        }
    }

    fn refuse(&mut self, id: u64, message: &str) {
        self.log.push(LogLine::warn(format!("refused: {message}")));
        self.answer(id, false, message);
    }

    fn answer(&mut self, id: u64, success: bool, message: &str) {
        self.responses.push(Response { id, success, message: message.to_owned() });
    }
}

/// What still keeps the arm from moving under its new permit.
fn unready(view: &View, moment: &Moment) -> Vec<String> {
    let mut unready = view.unready();
    unready.extend(view.unpermitted().iter().map(ToString::to_string));
    if !moment.ready {
        unready.push("control does not hear all joints yet".to_owned());
    }
    unready
}

fn overdue(since: Monotonic, limit: f64, moment: &Moment) -> bool {
    moment.now.mono.since(since) >= seconds(limit)
}
