//! One CiA 402 drive with its motor.
//!
//! The one rule: the drive knows its joint only through [`Measured`] and acts on it only through
//! the torque and the brake; everything else goes over the bus.
//!
//! Parts: dictionary, power state machine, motion (setpoints and loops), bus (NMT, SDO, PDO, SYNC,
//! EMCY), protection, injected faults.

mod bus;
mod dictionary;
mod errors;
mod motion;
pub mod objects;
mod pdo;
mod power;
mod report;
mod servo;
mod setpoint;
mod signal;
mod watch;

use crate::config::Config;
use crate::fault::Fault;
use crate::thermal::{Constants, Temperatures};
use can_bus::canopen::NodeId;
use can_bus::canopen::emcy::Emcy;
use can_bus::canopen::nmt::NmtState;
use can_bus::canopen::od;
use can_bus::canopen::sdo::SdoServer;
use can_bus::cia402::{Mode, State};
use can_bus::frame::Frame;
use dictionary::Dictionary;
use errors::Errors;
pub use motion::Measured;
use motion::{MotionControl, Setpoint, Settings, Tick};
use pdo::Pdos;
use power::{Motion, Options, PowerMachine};
use servo::Gains;
use setpoint::SyncClock;
use signal::Faults;
use std::time::Duration;
use vocabulary::health::LogLine;
use vocabulary::time::Monotonic;
use watch::Watch;

/// Time constant of the overload integral, s.
const OVERLOAD_TIME: f64 = 10.0;
/// Torque over rated torque that may last.
const OVERLOAD_RATIO: f64 = 1.8;

/// What never changes in a drive.
#[derive(Debug, Clone)]
struct Build {
    name: String,
    node: NodeId,
    /// Encoder counts per rad.
    counts: f64,
    encoder_noise: f64,
    rated_torque: f64,
    /// Torque at the joint per current, N·m/A.
    torque_constant: f64,
    gains: Gains,
    heat: Constants,
    /// Heat of the open brake, W.
    coil_power: f64,
    warning: (f64, f64),
    limit: (f64, f64),
    supply: f64,
    boot_time: Duration,
}

/// A drive.
#[derive(Debug, Clone)]
pub struct Drive {
    build: Build,
    factory: Dictionary,
    od: Dictionary,
    sdo: SdoServer,
    pdos: Pdos,
    watch: Watch,
    clock: SyncClock,
    /// `None` while booting or without supply.
    nmt: Option<NmtState>,
    boot_at: Option<Monotonic>,
    power: PowerMachine,
    motion: MotionControl,
    settings: Settings,
    mode: Mode,
    halted: bool,
    errors: Errors,
    emcy: Vec<Emcy>,
    faults: Faults,
    deaf: bool,
    measured: Measured,
    heat: Temperatures,
    /// Mean square of torque over rated torque.
    load: f64,
    reported: u16,
    refreshed: Monotonic,
    log: Vec<LogLine>,
}

/// Which drive to build.
#[derive(Debug, Clone)]
pub struct Place {
    /// Index of its joint.
    pub joint: usize,
    /// Name of its joint.
    pub name: String,
    /// Least inertia the joint feels, kg·m².
    pub inertia: f64,
    /// Its CANopen node id.
    pub node: NodeId,
}

impl Drive {
    /// A drive without supply; see [`Drive::switch_on`].
    #[must_use]
    pub fn new(config: &Config, place: &Place, seed: u64) -> Self {
        let factory = Dictionary::new(objects::all(config, place.joint, place.node));
        let build = build(config, place);
        let ambient = config.ambient_temperature;
        let settings = settings(&factory, &build);
        Self {
            od: factory.clone(),
            sdo: SdoServer::new(place.node),
            pdos: Pdos::default(),
            watch: Watch::default(),
            clock: SyncClock::default(),
            nmt: None,
            boot_at: None,
            power: PowerMachine::default(),
            motion: MotionControl::default(),
            settings,
            mode: Mode::None,
            halted: false,
            errors: Errors::default(),
            emcy: Vec::new(),
            faults: Faults::new(seed, place.joint as u64),
            deaf: false,
            measured: Measured::default(),
            heat: Temperatures::at(ambient),
            load: 0.0,
            reported: 0,
            refreshed: Monotonic::default(),
            log: Vec::new(),
            factory,
            build,
        }
    }

    /// Supply on: boots after its boot time.
    pub fn switch_on(&mut self, now: Monotonic) {
        self.boot_at = Some(now + self.build.boot_time);
    }

    /// Power state.
    #[must_use]
    pub fn state(&self) -> State {
        self.power.state()
    }

    /// Whether the brake is closed.
    #[must_use]
    pub fn brake_closed(&self) -> bool {
        !self.power.state().has_torque()
    }

    /// Torque the motor makes, N·m at the joint.
    #[must_use]
    pub fn torque(&self) -> f64 {
        self.motion.servo.torque()
    }

    /// Motor current, A.
    #[must_use]
    pub fn current(&self) -> f64 {
        self.torque() / self.build.torque_constant
    }

    /// Temperatures, °C.
    #[must_use]
    pub fn temperatures(&self) -> &Temperatures {
        &self.heat
    }

    /// Sets the temperatures, °C: a test or a demonstration begins with a warm motor.
    pub fn set_temperatures(&mut self, heat: Temperatures) {
        self.heat = heat;
    }

    /// Starts, replaces or ends a fault.
    pub fn inject(&mut self, fault: &Fault, now: Monotonic) {
        self.faults.set(fault, now);
    }

    /// Lines for people since the last call.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.log)
    }

    /// The joint as it is now.
    pub fn observe(&mut self, measured: Measured) {
        self.measured = measured;
    }

    /// One physics step of the loops, after [`Drive::observe`]: torque on the joint, N·m.
    pub fn control(&mut self, now: Monotonic, dt: f64) -> f64 {
        let measured = self.measured;
        let fault = self.faults.power(now);
        self.deaf = fault.deaf;
        if !self.power.state().has_torque() {
            return 0.0;
        }
        let gains = match fault.lag {
            Some(current_lag) => Gains { current_lag, ..self.build.gains },
            None => self.build.gains,
        };
        self.motion.step(Tick { now, dt }, &measured, &gains, &self.settings);
        if self.power.is_leaving() && self.motion.ramp_done() {
            let motion = self.power.at_rest();
            self.act(motion, now);
        } else if self.motion.lost_track(now, &measured, &self.settings) {
            self.trip(errors::FOLLOWING_ERROR, false, now);
        }
        self.torque() + fault.disturbance
    }

    /// Warms or cools the motor for `dt` s; `friction` W of friction.
    pub fn warm(&mut self, friction: f64, dt: f64) {
        let current = self.current();
        let coil = if self.brake_closed() { 0.0 } else { self.build.coil_power };
        self.heat.advance(&self.build.heat, current, friction + coil, dt);
        let ratio = self.torque() / self.build.rated_torque;
        self.load += (ratio * ratio - self.load) * dt / OVERLOAD_TIME;
    }

    /// Everything that time alone brings: boot, heartbeats, watchdogs, protection, event PDOs.
    pub fn poll(&mut self, now: Monotonic, out: &mut Vec<Frame>) {
        self.faults.expire(now);
        self.check_supply(now);
        if self.boot_at.is_some_and(|at| at <= now) {
            self.boot(now, out);
        }
        if self.nmt.is_some() {
            self.protect(now);
            self.poll_bus(now, out);
        }
        self.faults.release(now, out);
    }

    /// When [`Drive::poll`] should be called at the latest; `None`: no matter.
    #[must_use]
    pub fn next_wake(&self, now: Monotonic) -> Option<Monotonic> {
        let events = self.pdos.transmit.iter().filter_map(|tpdo| tpdo.due(now));
        let rest = [self.boot_at, self.watch.next_wake(), self.faults.next_wake()];
        let running = self.nmt == Some(NmtState::Operational);
        events.filter(|_| running).chain(rest.into_iter().flatten()).min()
    }

    fn setpoint(&self) -> Setpoint {
        let per_mille = self.build.rated_torque / 1000.0;
        Setpoint {
            position: self.od.get(od::TARGET_POSITION) as f64 / self.build.counts,
            feed_forward: self.od.get(od::TORQUE_OFFSET) as f64 * per_mille,
            torque: self.od.get(od::TARGET_TORQUE) as f64 * per_mille,
        }
    }

    fn options(&self) -> Options {
        Options {
            quick_stop: self.od.get(od::QUICK_STOP_OPTION),
            shutdown: self.od.get(od::SHUTDOWN_OPTION),
            disable_operation: self.od.get(od::DISABLE_OPERATION_OPTION),
            fault_reaction: self.od.get(od::FAULT_REACTION_OPTION),
        }
    }

    /// Carries out what a transition asks of the motion part.
    fn act(&mut self, motion: Motion, now: Monotonic) {
        let setpoint = self.setpoint();
        match motion {
            Motion::Unchanged => {}
            Motion::Start => {
                self.motion.start(self.mode, &setpoint, &self.measured, &self.settings, now);
            }
            Motion::Resume => self.motion.follow(self.mode, &setpoint, &self.settings, now),
            Motion::Decelerate => {
                self.motion.decelerate(&self.measured, self.settings.deceleration);
            }
            Motion::Release => self.motion.release(),
        }
    }

    /// A fault of the drive itself; `coast` when torque is not possible any more.
    fn trip(&mut self, code: u16, coast: bool, now: Monotonic) {
        if let Some(emcy) = self.errors.raise(code, &mut self.od) {
            self.emcy.push(emcy);
            let text = can_bus::cia402::error_code::text(code);
            self.log
                .push(LogLine::warn(format!("{}: fault 0x{code:04X}, {text}", self.build.name)));
        }
        let motion = self.power.fault(&self.options(), coast);
        self.act(motion, now);
    }

    fn is_faulted(&self) -> bool {
        matches!(self.power.state(), State::Fault | State::FaultReactionActive)
    }
}

fn settings(od: &Dictionary, build: &Build) -> Settings {
    let period = od.get(od::INTERPOLATION_PERIOD) as f64
        * 10_f64.powi(od.get(od::INTERPOLATION_INDEX) as i32);
    let window = od.get(od::FOLLOWING_ERROR_WINDOW);
    let (low, high) = (od.get(od::POSITION_LIMIT_MIN), od.get(od::POSITION_LIMIT_MAX));
    let limits = if low < high {
        (low as f64 / build.counts, high as f64 / build.counts)
    } else {
        (f64::NEG_INFINITY, f64::INFINITY)
    };
    Settings {
        period: period.clamp(2e-4, 1.0),
        window: if window == objects::NO_WINDOW {
            f64::INFINITY
        } else {
            window as f64 / build.counts
        },
        window_time: Duration::from_millis(od.get(od::FOLLOWING_ERROR_TIMEOUT).max(0) as u64),
        torque_limit: od.get(od::MAX_TORQUE) as f64 / 1000.0 * build.rated_torque,
        deceleration: od.get(od::QUICK_STOP_DECELERATION) as f64 / build.counts,
        limits,
    }
}

fn build(config: &Config, place: &Place) -> Build {
    let joint = place.joint;
    let of = |list: &[f64; 6]| list.get(joint).copied().unwrap_or(1.0);
    let counts = config.counts_per_revolution.get(joint).copied().unwrap_or(1 << 20);
    let rated_torque = of(&config.motor.rated_torque);
    let torque_constant = of(&config.motor.joint_torque_constant());
    let rated_current = rated_torque / torque_constant;
    let thermal = &config.thermal;
    Build {
        name: place.name.clone(),
        node: place.node,
        counts: f64::from(counts) / std::f64::consts::TAU,
        encoder_noise: config.encoder_noise,
        rated_torque,
        torque_constant,
        gains: gains(config, place),
        heat: Constants {
            resistance: of(&thermal.resistance),
            winding_to_housing: of(&thermal.winding_to_housing),
            housing_to_ambient: of(&thermal.housing_to_ambient),
            winding_capacity: of(&thermal.winding_capacity),
            housing_capacity: of(&thermal.housing_capacity),
            ambient: config.ambient_temperature,
            stage_rise: thermal.stage_rise / (rated_current * rated_current),
            stage_time: thermal.stage_time,
        },
        coil_power: if config.brake.fitted { of(&config.brake.coil_power) } else { 0.0 },
        warning: (thermal.winding_warning, thermal.stage_warning),
        limit: (thermal.winding_limit, thermal.stage_limit),
        supply: config.supply_voltage,
        boot_time: Duration::from_secs_f64(config.boot_time),
    }
}

fn gains(config: &Config, place: &Place) -> Gains {
    let of = |list: &[f64; 6]| list.get(place.joint).copied().unwrap_or(0.0);
    let servo = &config.servo;
    let velocity = place.inertia * servo.velocity_bandwidth;
    Gains {
        velocity,
        position: servo.position_bandwidth,
        integral: velocity / servo.integral_time,
        current_lag: servo.current_lag,
        coulomb: of(&config.friction.coulomb) * config.friction.compensation,
        viscous: of(&config.friction.viscous) * config.friction.compensation,
        peak: of(&config.motor.rated_torque) * config.motor.peak_ratio,
    }
}
