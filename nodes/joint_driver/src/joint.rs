//! One joint: its drive, its faults, its setpoint, cycle by cycle.
//!
//! The one rule: whatever happens to a drive, its joint decelerates and stands; it moves again only
//! after a permit given later than the fault.

mod actuate;
mod deadlines;
mod inbox;

use crate::actuation::{Actuation, STALE_PERIODS, Sent};
use crate::config::{Config, ConfigError, Driven};
use crate::faults::{Faults, describe};
use crate::io::Outputs;
use crate::link::Link;
use crate::motion::{Freedom, Motion, Moved, Target};
use crate::power::{self, PowerRequest};
use crate::setpoint::Setpoint;
use crate::setup::Setup;
use crate::telemetry::Telemetry;
use crate::units::{Scale, Unwrap, VelocityEstimate};
use crate::watch::FeedbackWatch;
use can_bus::canopen::NodeId;
use can_bus::cia402::{Controlword, State, Statusword};
use std::sync::Arc;
use std::time::Duration;
use vocabulary::arm::ArmMode;
use vocabulary::command::{DriverState, JointFeedback, JointTelemetry, fault};
use vocabulary::gate::Admitted;
use vocabulary::health::LogLine;
use vocabulary::joint::JointLimits;
use vocabulary::time::{Monotonic, Now};

/// How long a fault reset is tried after it was asked for.
const RESET_TIME: Duration = Duration::from_secs(2);
/// How long a drive may ignore its setpoint, s.
const IGNORE_TIME: f64 = 0.05;
/// What the supervisor wants, as every joint needs it.
#[derive(Debug, Clone, Copy)]
pub struct Orders {
    /// What the nodes shall do.
    pub mode: ArmMode,
    /// Whether the supervisor was heard at all.
    pub known: bool,
    /// Whether torque is wanted.
    pub power: bool,
    /// Whether a stopped arm's time to decelerate is over.
    pub standing: bool,
    /// Epoch in force, and who is obeyed.
    pub lease: (u64, u64),
}

/// The instants of one cycle.
#[derive(Debug, Clone, Copy)]
pub struct Cycle {
    /// Now.
    pub now: Monotonic,
    /// When the drive reaches the setpoint that is sent now.
    pub apply: Monotonic,
    /// This process was not held up since the last cycle.
    pub punctual: bool,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Monotonic,
    position: f64,
    velocity: f64,
    effort: f64,
}

/// Facts that do not change.
#[derive(Debug, Clone)]
struct Identity {
    index: usize,
    name: String,
    bus: String,
    boot_id: u64,
    limits: JointLimits,
    setup: Arc<Setup>,
    scale: Scale,
    reports_following: bool,
    ignore_cycles: u32,
    stale: Duration,
    heartbeat_timeout: Duration,
    enable_timeout: Duration,
}

/// One joint and its drive.
#[derive(Debug, Clone)]
pub struct Joint {
    id: Identity,
    link: Link,
    faults: Faults,
    motion: Motion,
    actuation: Actuation,
    sent: Sent,
    watch: FeedbackWatch,
    unwrap: Unwrap,
    velocity: VelocityEstimate,
    telemetry: Telemetry,
    status: Option<Statusword>,
    controlword: Controlword,
    mode_display: Option<i8>,
    sample: Option<Sample>,
    settled: bool,
    sequence: u64,
    error_code: u16,
    heard: Monotonic,
    silent_since: Option<Monotonic>,
    enabling_since: Option<Monotonic>,
    enabling_told: bool,
    ignored: u32,
    reset_until: Option<Monotonic>,
    saturated: bool,
}

impl Joint {
    /// A joint whose drive was not looked for yet.
    ///
    /// # Errors
    /// [`ConfigError`] when the drive cannot be configured as asked.
    pub(crate) fn new(
        config: &Config,
        driven: &Driven<'_>,
        limits: JointLimits,
        watched: NodeId,
        boot_id: u64,
    ) -> Result<Self, ConfigError> {
        let setup = Arc::new(Setup::new(config, driven.name, driven.drive, watched)?);
        let id = Identity {
            index: driven.index,
            name: driven.name.to_owned(),
            bus: config.bus.name(),
            boot_id,
            limits,
            scale: Scale::new(driven.drive),
            setup: Arc::clone(&setup),
            reports_following: driven.drive.reports_following,
            ignore_cycles: (IGNORE_TIME / config.period).ceil() as u32,
            stale: config.period() * STALE_PERIODS,
            heartbeat_timeout: Duration::from_secs_f64(config.heartbeat_timeout),
            enable_timeout: Duration::from_secs_f64(config.enable_timeout),
        };
        Ok(Self {
            link: Link::new(config, setup),
            faults: Faults::default(),
            motion: Motion::new(Setpoint::new(limits, config.period())),
            actuation: Actuation::new(limits, config.period()),
            sent: Sent { position: f64::NAN, effort: 0.0 },
            watch: FeedbackWatch::new(config.silent_after_syncs),
            unwrap: Unwrap::default(),
            velocity: VelocityEstimate::new(config.velocity_cutoff_hz),
            telemetry: Telemetry::default(),
            status: None,
            controlword: Controlword::DISABLE_VOLTAGE,
            mode_display: None,
            sample: None,
            settled: false,
            sequence: 0,
            error_code: 0,
            heard: Monotonic(0),
            silent_since: None,
            enabling_since: None,
            enabling_told: false,
            ignored: 0,
            reset_until: None,
            saturated: false,
            id,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// Node id of its drive.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.id.setup.node
    }

    /// Its faults and permit.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Whether its drive is set up.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.link.is_ready()
    }

    /// Its setpoint and command.
    #[must_use]
    pub fn motion(&self) -> &Motion {
        &self.motion
    }

    /// When [`Joint::poll`] has to be called at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Monotonic> {
        self.link.deadline()
    }

    /// The bus works: looks for the drive.
    pub fn connect(&mut self, now: Monotonic, out: &mut Outputs) {
        if self.faults.clear(fault::BUS) {
            out.log.push(self.info("the bus is back, looking for the drive"));
        }
        if self.link.is_idle() {
            self.link.start(now);
        }
    }

    /// The bus is gone; true when that is news.
    pub fn disconnect(&mut self, bit: u32) -> bool {
        self.lose_drive();
        self.link.stop();
        self.faults.raise(bit)
    }

    /// Another process drives this joint, too: holds until the next permit.
    pub fn meet_rival(&mut self, text: &str, out: &mut Outputs) {
        if self.faults.latch(fault::DUPLICATE_NODE) {
            out.log.push(self.error(text));
        }
    }

    /// Takes the supervisor's permit.
    pub fn permit(&mut self, permit: u64, out: &mut Outputs) {
        if self.faults.permit(permit) {
            out.log.push(self.info(&format!("released by permit {permit}")));
        }
    }

    /// `arm/clear_faults` was called.
    pub fn reset_faults(&mut self, now: Monotonic) {
        self.reset_until = Some(now + RESET_TIME);
    }

    /// A command passed the gate.
    pub fn offer(&mut self, admitted: &Admitted) {
        if let Some(target) = Target::of(admitted, self.id.index) {
            self.motion.offer(target);
        }
    }

    fn is_enabled(&self) -> bool {
        self.status.and_then(Statusword::state) == Some(State::OperationEnabled)
    }

    /// One cycle: called at each SYNC, after all frames were taken.
    pub fn cycle(&mut self, cycle: Cycle, orders: &Orders, out: &mut Outputs) {
        self.watch.sync(cycle.punctual);
        if !self.link.is_ready() {
            return;
        }
        self.watch_feedback(cycle.now, out);
        let (Some(status), Some(sample)) = (self.status, self.sample) else { return };
        self.move_setpoint(cycle, sample, orders, out);
        if !orders.known {
            // Nobody said anything yet: a drive that holds its joint goes on holding it.
            return;
        }
        let resting = self.motion.setpoint().is_at_rest();
        let request = PowerRequest {
            on: orders.power || (self.is_enabled() && self.settled && !resting),
            reset_fault: self.reset_until.is_some_and(|until| cycle.now < until),
            safe: self.settled
                && self.watch.missed() <= 2
                && power::is_position_mode(self.mode_display),
        };
        let plan = power::next(status, self.controlword, request);
        self.controlword = plan.controlword;
        self.watch_power(cycle.now, orders, out);
        self.watch_following(status, out);
        self.watch_mode(out);
        self.send_setpoint(out);
        self.send_mode(out);
    }

    fn move_setpoint(&mut self, cycle: Cycle, sample: Sample, orders: &Orders, out: &mut Outputs) {
        if !self.is_enabled() || !self.settled {
            let holds = self.status.and_then(Statusword::state).is_some_and(State::has_torque);
            let torque = holds.then_some(sample.effort);
            self.motion.track(cycle.apply, sample.position, torque);
            self.settled = true;
            self.actuation.reset();
            self.sent = Sent { position: sample.position, effort: self.motion.effort() };
            return;
        }
        let freedom = match orders.mode {
            _ if !orders.power || !self.faults.may_move() => Freedom::None,
            ArmMode::Disabled => Freedom::None,
            ArmMode::Stopped | ArmMode::Hold if orders.standing => Freedom::Stand,
            ArmMode::Enabled | ArmMode::Stopped | ArmMode::Hold => Freedom::Follow,
        };
        let moved = self.motion.advance(cycle.now, cycle.apply, freedom);
        if moved == Moved::Expired && self.faults.latch(fault::COMMAND_EXPIRED) {
            let why = self.motion.unheard(cycle.now);
            let text = format!(
                "no valid command in time while moving ({why}): decelerating, then holding"
            );
            out.log.push(self.warn(&text));
        }
        self.actuate(cycle.now, sample, moved, out);
    }

    fn raise(&mut self, bit: u32, text: &str, out: &mut Outputs) {
        if self.faults.raise(bit) {
            out.log.push(self.error(text));
        }
    }

    /// What the driver does with commands for this joint.
    #[must_use]
    pub fn driver_state(&self, now: Monotonic, orders: &Orders) -> DriverState {
        let state = self.status.and_then(Statusword::state);
        match state {
            _ if !self.link.is_ready() => DriverState::Offline,
            None => DriverState::Offline,
            Some(State::Fault | State::FaultReactionActive) => DriverState::Faulted,
            Some(_) if !orders.power => DriverState::Disabled,
            Some(State::OperationEnabled) if !self.faults.may_move() => DriverState::Blocked,
            Some(State::OperationEnabled) if self.motion.target(now).is_some() => {
                DriverState::Following
            }
            Some(State::OperationEnabled) => DriverState::Holding,
            Some(_) => DriverState::Enabling,
        }
    }

    fn feedback(&self, now: Now, sample: &Sample, orders: &Orders) -> JointFeedback {
        let setpoint = self.motion.setpoint();
        let (epoch, sequence) =
            self.motion.target(now.mono).map_or((0, 0), |t| (t.epoch, t.sequence));
        let commanded = self.settled;
        JointFeedback {
            stamp: now.stamp.shifted(sample.at.seconds_from(now.mono)),
            sampled_at: sample.at,
            joint: self.id.index,
            boot_id: self.id.boot_id,
            sequence: self.sequence,
            position: sample.position,
            velocity: sample.velocity,
            effort: sample.effort,
            setpoint_position: if commanded { setpoint.position() } else { sample.position },
            setpoint_velocity: if commanded { setpoint.velocity() } else { 0.0 },
            setpoint_at: setpoint.at().filter(|_| commanded).unwrap_or(sample.at),
            applied_epoch: epoch,
            applied_sequence: sequence,
            lease_epoch: orders.lease.0,
            lease_holder: orders.lease.1,
            drive: power::drive_state(self.status),
            driver: self.driver_state(now.mono, orders),
            faults: self.faults.bits(),
            error_code: self.error_code,
        }
    }

    /// The slow values and counters; `gate` are the refusals of the common gate.
    #[must_use]
    pub fn telemetry(&self, now: Now, gate: &vocabulary::gate::RefusalCounts) -> JointTelemetry {
        let mut message = self.telemetry.message(now.stamp);
        message.joint = self.id.index;
        message.boot_id = self.id.boot_id;
        let own = self.motion.refused();
        for (total, (a, b)) in message.refused.iter_mut().zip(gate.0.iter().zip(own.0)) {
            *total = a.saturating_add(b);
        }
        message
    }

    /// Frames of this joint that the bus dropped or spoiled.
    pub fn count_bus(&mut self, dropped: u64, errors: u64) {
        self.telemetry.dropped += dropped;
        self.telemetry.errors += errors;
    }

    /// What stands in the way of motion, for people; `None` when nothing does.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let present = self.faults.present();
        let name = &self.id.name;
        if present != 0 {
            return Some(format!("{name}: {}", describe(present)));
        }
        (!self.link.is_ready()).then(|| format!("{name}: looking for its drive"))
    }

    fn info(&self, text: &str) -> LogLine {
        LogLine::info(format!("{}: {text}", self.id.name))
    }

    fn warn(&self, text: &str) -> LogLine {
        LogLine::warn(format!("{}: {text}", self.id.name))
    }

    fn error(&self, text: &str) -> LogLine {
        LogLine::error(format!("{}: {text}", self.id.name))
    }
}
