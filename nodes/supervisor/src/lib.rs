//! Grants the lease, watches heartbeats, says when the arm may move.
//!
//! The rule: what the supervisor decides outlives it. [`Outputs::persist`] must be stored before
//! the rest of the same [`Outputs`] is published; a restarted supervisor publishes what was stored,
//! waits a grace time before it judges anybody, restarts nothing and changes nothing.
//!
//! Terms: the *lease* names who may command ([`grant`]); the *permit* counts the human "yes"
//! ([`authority`]); a *process* is one start of a node, told apart by its boot id ([`watch`]).
#![forbid(unsafe_code)]

pub mod authority;
pub mod config;
pub mod events;
pub mod faults;
pub mod grant;
pub mod hand_over;
#[cfg(feature = "ros")]
pub mod host;
pub mod report;
pub mod state;
pub mod strangers;
pub mod watch;

use std::time::Duration;
use vocabulary::arm::{ArmMode, ArmState, ArmStatus, Freshness};
use vocabulary::command::{DriverState, Lease};
use vocabulary::health::{CycleStatistics, Health, Heartbeat, LogLine, NodeHealth};
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Now, Received};

pub use authority::{Request, RequestKind, Response};
pub use config::{Config, ConfigError};
pub use grant::ControlReport;
pub use hand_over::{HandOverRequest, HandOverResponse};
pub use report::{DiagnosticLevel, DiagnosticStatus};
pub use state::{PersistentState, StateError};

use authority::{Authority, Moment};
use config::seconds;
use events::Event;
use faults::View;
use grant::{Grant, LeaseBook, Situation};
use hand_over::{HandOvers, Scene};
use strangers::Strangers;
use watch::{Node, Presence, Registry, Role};

/// A step later than this was not the fault of those who seem silent since.
const OWN_PAUSE: Duration = Duration::from_millis(100);

/// What came in since the last step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inputs<'a> {
    /// All heartbeats.
    pub heartbeats: &'a [Received<Heartbeat>],
    /// All calls of the arm services.
    pub requests: &'a [Request],
    /// All calls of `arm/hand_over`.
    pub hand_overs: &'a [HandOverRequest],
    /// Node names of all publishers of `joint_command`, when the host has looked.
    pub commanders: Option<&'a [String]>,
    /// The newest `arm_state`.
    pub arm_state: Option<&'a Received<ArmState>>,
    /// The newest `control_state`, in short; of the highest epoch when several sent.
    pub control: Option<ControlReport>,
}

/// What goes out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outputs {
    /// Store this before publishing anything below.
    pub persist: Option<PersistentState>,
    /// Publish on `lease`.
    pub lease: Option<Lease>,
    /// Publish on `arm/status`.
    pub status: Option<ArmStatus>,
    /// Answer these calls.
    pub responses: Vec<Response>,
    /// Answer these calls of `arm/hand_over`.
    pub hand_overs: Vec<HandOverResponse>,
    /// For people.
    pub log: Vec<LogLine>,
    /// Publish on `diagnostics`; empty most of the time.
    pub diagnostics: Vec<DiagnosticStatus>,
}

/// The supervisor; see the crate's documentation.
#[derive(Debug, Clone)]
pub struct Supervisor {
    config: Config,
    joints: JointOrder,
    boot_id: u64,
    /// Boot of the machine and start of the arm.
    session: String,
    book: LeaseBook,
    hand_overs: HandOvers,
    strangers: Strangers,
    /// Empty until the first step.
    running: Option<Running>,
    restored: Option<PersistentState>,
    authority: Authority,
    stored: Option<PersistentState>,
}

/// What exists from the first step on, when the clock is known.
#[derive(Debug, Clone)]
struct Running {
    registry: Registry,
    started: Monotonic,
    stepped: Monotonic,
    diagnosed: Option<Monotonic>,
    arm: Option<Received<ArmState>>,
    paused: bool,
    ready: bool,
    /// It began with the arm enabled by an earlier process.
    adopted: bool,
    steps: u64,
}

impl Supervisor {
    /// Goes on from what an earlier process stored, or begins disabled.
    ///
    /// `machine_boot_id` tells boots of the machine apart, [`Config::session`] starts of the arm.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, the value and what is allowed.
    pub fn new(
        config: Config,
        joints: JointOrder,
        boot_id: u64,
        machine_boot_id: &str,
        persisted: Option<PersistentState>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let session = format!("{machine_boot_id} {}", config.session);
        let record = persisted.as_ref().map_or_else(Default::default, |p| p.lease(&session));
        Ok(Self {
            authority: Authority::new(ArmStatus::default(), config.clone()),
            book: LeaseBook::new(record),
            hand_overs: HandOvers::default(),
            strangers: Strangers::default(),
            session,
            config,
            joints,
            boot_id,
            running: None,
            stored: persisted.clone(),
            restored: persisted,
        })
    }

    /// Process start of this supervisor.
    #[must_use]
    pub fn boot_id(&self) -> u64 {
        self.boot_id
    }

    /// The word in force.
    #[must_use]
    pub fn status(&self) -> &ArmStatus {
        self.authority.status()
    }

    /// The lease in force.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        self.book.lease()
    }

    /// Takes in what came, decides, and returns what to store, publish, answer and log.
    pub fn step(&mut self, now: Now, inputs: &Inputs) -> Outputs {
        let first = self.running.is_none();
        let mut log = Vec::new();
        let mut running = self.running.take().unwrap_or_else(|| self.begin(now, &mut log));
        let before = (self.book.lease().clone(), self.authority.status().clone());
        let lenient = self.is_lenient(&running, now.mono);
        running.take_in(now.mono, inputs);
        running.vouch(now.mono, inputs, self.book.lease().holder, &self.joints);
        let events = running.registry.judge(now.mono, lenient);
        log.extend(events.iter().map(|event| events::describe(event, &running.registry)));
        let grant = self.book.decide(
            &Situation {
                registry: &running.registry,
                report: inputs.control,
                lenient,
                busy: self.hand_overs.is_busy(),
                now: now.mono,
                stamp: now.stamp,
            },
            &mut log,
        );
        self.hand_over(&running, now, inputs.hand_overs, &mut log);
        if let Some(commanders) = inputs.commanders {
            self.strangers.hear(commanders, &mut log);
        }
        let moment = Moment { now, lenient, paused: running.paused, ready: running.ready };
        self.rule(&running, &events, &grant, &moment, inputs.requests);
        let (responses, words) = self.authority.drain();
        log.extend(words);
        let persist = self.changed_state();
        let diagnostics = self.diagnostics(&mut running, now.mono);
        running.steps += 1;
        self.running = Some(running);
        let (lease, status) = (self.book.lease(), self.authority.status());
        Outputs {
            persist,
            lease: (first || *lease != before.0).then(|| lease.clone()),
            status: (first || *status != before.1).then(|| status.clone()),
            responses,
            hand_overs: self.hand_overs.drain(),
            log,
            diagnostics,
        }
    }

    fn hand_over(
        &mut self,
        running: &Running,
        now: Now,
        requests: &[HandOverRequest],
        log: &mut Vec<LogLine>,
    ) {
        let (registry, config) = (&running.registry, &self.config);
        let scene = Scene { registry, config, now: now.mono, stamp: now.stamp };
        for request in requests {
            self.hand_overs.ask(request, &mut self.book, &scene, log);
        }
        self.hand_overs.proceed(&mut self.book, &scene, log);
    }

    /// What this node says of itself.
    #[must_use]
    pub fn health(&self) -> NodeHealth {
        let Some(running) = &self.running else { return NodeHealth::default() };
        let nodes = running.registry.iter().filter(|(_, node)| node.expected);
        let absent: Vec<_> = nodes
            .filter(|(_, node)| node.presence != Presence::Live)
            .map(|(name, _)| name.as_str())
            .collect();
        let cycles = CycleStatistics {
            period: self.config.step_period,
            count: running.steps,
            ..CycleStatistics::default()
        };
        let health = if absent.is_empty() { Health::Ok } else { Health::Warn };
        let message = if absent.is_empty() {
            String::new()
        } else {
            format!("not live: {}", absent.join(", "))
        };
        NodeHealth { health, message, cycles, ..NodeHealth::default() }
    }

    /// Nobody is judged just after the start; and where an arm is taken over that may be moving, not
    /// before everybody was heard once: discovery takes its time, and the drivers hold by
    /// themselves if there is nobody.
    fn is_lenient(&self, running: &Running, now: Monotonic) -> bool {
        let age = now.since(running.started);
        let unheard = |node: &Node| node.expected && node.presence == Presence::Unseen;
        let waits = running.adopted && running.registry.iter().any(|(_, node)| unheard(node));
        age < seconds(self.config.grace) || waits && age < seconds(self.config.appear_timeout)
    }

    fn begin(&mut self, now: Now, log: &mut Vec<LogLine>) -> Running {
        let status = match self.restored.take() {
            Some(state) => state.status(&self.session, now.stamp),
            None => ArmStatus {
                stamp: now.stamp,
                reason: "started: call arm/enable".to_owned(),
                ..ArmStatus::default()
            },
        };
        let (mode, epoch) = (status.mode, self.book.lease().epoch);
        log.push(LogLine::info(format!(
            "starts with the arm {}, permit {}, epoch {epoch}",
            mode_name(mode),
            status.permit
        )));
        self.authority = Authority::new(status, self.config.clone());
        Running {
            adopted: mode == ArmMode::Enabled,
            registry: Registry::new(&self.config, &self.joints, now.mono),
            started: now.mono,
            stepped: now.mono,
            diagnosed: None,
            arm: None,
            paused: false,
            ready: false,
            steps: 0,
        }
    }

    fn rule(
        &mut self,
        running: &Running,
        events: &[Event],
        grant: &Grant,
        moment: &Moment,
        requests: &[Request],
    ) {
        let limit = seconds(self.config.arm_state_timeout);
        let news = running.arm.as_ref().filter(|arm| moment.now.mono.since(arm.at) <= limit);
        let view = View {
            registry: &running.registry,
            arm: news.map(|arm| &arm.value),
            joints: self.joints.names(),
            held: self.book.is_held(),
            now: moment.now.mono,
        };
        if *grant == Grant::Replaced {
            let name = self.book.holder_name();
            let reason = format!("control was lost, {name} holds the lease now: call arm/resume");
            self.authority.hold(&reason, moment.now.stamp);
        }
        for name in restarted_drivers(events, &running.registry) {
            self.authority
                .hold(&format!("{name} was restarted: call arm/resume"), moment.now.stamp);
        }
        self.authority.judge(&view, moment);
        self.authority.ask(requests, &view, moment);
        self.authority.proceed(&view, moment);
    }

    fn changed_state(&mut self) -> Option<PersistentState> {
        let status = self.authority.status();
        let state = PersistentState::new(&self.session, &self.book.record, status);
        if self.stored.as_ref() == Some(&state) {
            return None;
        }
        self.stored = Some(state.clone());
        Some(state)
    }

    fn diagnostics(&self, running: &mut Running, now: Monotonic) -> Vec<DiagnosticStatus> {
        let period = seconds(self.config.diagnostics_period);
        if running.diagnosed.is_some_and(|at| now.since(at) < period) {
            return Vec::new();
        }
        running.diagnosed = Some(now);
        let mut all = report::diagnose(self.authority.status(), &self.book, &running.registry, now);
        all.extend(self.strangers.diagnose());
        all
    }
}

impl Running {
    fn take_in(&mut self, now: Monotonic, inputs: &Inputs) {
        let pause = now.since(self.stepped);
        self.stepped = now;
        if pause > OWN_PAUSE {
            self.registry.excuse(pause);
        }
        self.registry.hear(inputs.heartbeats);
        if let Some(arm) = inputs.arm_state {
            self.arm = Some(arm.clone());
        }
        if let Some(report) = inputs.control {
            (self.paused, self.ready) = (report.paused, report.ready);
        }
    }

    /// Signs of life besides heartbeats: what a controller reports, joints that are heard, and, for
    /// the holder of the lease, joints that all follow.
    fn vouch(&mut self, now: Monotonic, inputs: &Inputs, holder: u64, joints: &JointOrder) {
        if let Some(report) = inputs.control {
            self.registry.vouch(report.boot_id, now);
        }
        let Some(arm) = inputs.arm_state else { return };
        let freshness = arm.value.freshness;
        let fresh = |joint: &str| {
            let mut named = joints.names().iter().zip(freshness);
            named.any(|(name, freshness)| name == joint && freshness == Freshness::Fresh)
        };
        self.registry.vouch_for_drivers(arm.at, fresh);
        let following = arm.value.driver.iter().all(|d| *d == DriverState::Following);
        if holder != 0 && following && freshness.iter().all(|f| *f == Freshness::Fresh) {
            self.registry.vouch(holder, arm.at);
        }
    }
}

fn restarted_drivers(events: &[Event], registry: &Registry) -> Vec<String> {
    let drivers = events.iter().filter_map(|event| match event {
        Event::Restarted(name) => registry.get(name).map(|node| (name, node)),
        _ => None,
    });
    drivers
        .filter(|(_, node)| matches!(node.role, Role::Driver(_)))
        .map(|(name, node)| format!("{name} ({})", node.joints()))
        .collect()
}

fn mode_name(mode: ArmMode) -> &'static str {
    match mode {
        ArmMode::Disabled => "disabled",
        ArmMode::Enabled => "enabled",
        ArmMode::Stopped => "stopped",
        ArmMode::Hold => "holding",
    }
}

#[cfg(test)]
mod changes;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod situations;
