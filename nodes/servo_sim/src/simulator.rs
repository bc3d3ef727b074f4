//! The whole simulator: drives and plant on one clock.
//!
//! The one rule: physics is integrated lazily, up to the instant somebody looks (a SYNC) or a whole
//! step has passed, always in steps of at most `physics_step`.

use crate::config::{Config, ConfigError};
use crate::drive::{Drive, Measured, Place};
use crate::fault::{FaultError, FaultRequest, join};
use crate::plant::Plant;
use crate::thermal::Temperatures;
use crate::truth::{History, Truth};
use arm_model::{ArmModel, LoadError};
use can_bus::canopen::{CanOpenError, NodeId, cob};
use can_bus::cia402::State;
use can_bus::frame::Frame;
use std::time::Duration;
use thiserror::Error;
use vocabulary::health::LogLine;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// Why a simulator cannot be built.
#[derive(Debug, Error)]
pub enum StartError {
    /// A value of the configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A node id.
    #[error(transparent)]
    Node(#[from] CanOpenError),
    /// The rotor inertias or the payload.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// A stall of the host longer than this is not made up for: the arm stood still meanwhile, s.
const LONGEST_CATCH_UP: f64 = 2.0;

/// Six drives and the arm they move.
#[derive(Debug, Clone)]
pub struct Simulator {
    names: PerJoint<String>,
    plant: Plant,
    drives: Vec<Drive>,
    step: Duration,
    /// `None` until the first step: power-on.
    time: Option<Monotonic>,
    history: History,
    log: Vec<LogLine>,
}

impl Simulator {
    /// An arm that is switched on at the first [`Simulator::step`]. `seed` decides all noise.
    ///
    /// # Errors
    /// [`StartError`] naming what is wrong with the configuration.
    pub fn new(config: Config, model: ArmModel<JOINTS>, seed: u64) -> Result<Self, StartError> {
        config.validate()?;
        let plant = Plant::new(&config, model)?;
        Ok(Self {
            names: plant.model().joint_names().clone(),
            history: History::new(config.history),
            drives: drives(&config, &plant, seed)?,
            step: Duration::from_secs_f64(config.physics_step),
            time: None,
            log: Vec::new(),
            plant,
        })
    }

    /// Joint names, base to tip.
    #[must_use]
    pub fn joint_names(&self) -> &PerJoint<String> {
        &self.names
    }

    /// Advances to `now`, takes the frames that arrived and returns what the drives send.
    pub fn step(&mut self, now: Monotonic, frames: &[Frame]) -> Vec<Frame> {
        let mut out = Vec::new();
        self.step_into(now, frames, &mut out);
        out
    }

    /// [`Simulator::step`] that appends to a buffer of the caller.
    pub fn step_into(&mut self, now: Monotonic, frames: &[Frame], out: &mut Vec<Frame>) {
        self.switch_on(now);
        let somebody_looks = frames.iter().any(|f| f.cob_id() == Some(cob::SYNC));
        self.integrate(now, somebody_looks);
        for frame in frames {
            for drive in &mut self.drives {
                drive.receive(frame, now, out);
            }
        }
        for drive in &mut self.drives {
            drive.poll(now, out);
            self.log.append(&mut drive.take_log());
        }
    }

    /// When [`Simulator::step`] should be called at the latest, frames or not.
    #[must_use]
    pub fn next_wake(&self) -> Option<Monotonic> {
        let now = self.time?;
        self.drives.iter().filter_map(|drive| drive.next_wake(now)).min()
    }

    /// Lines for people since the last call.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.log)
    }

    /// Makes a drive misbehave, or behave again; answers what is injected now.
    ///
    /// # Errors
    /// [`FaultError`] naming what is wrong with the request and what is allowed.
    pub fn inject(&mut self, request: &FaultRequest) -> Result<String, FaultError> {
        let chosen = self.chosen(&request.joint)?;
        let fault = request.parse()?;
        let now = self.time.unwrap_or_default();
        for (drive, _) in self.drives.iter_mut().zip(chosen).filter(|(_, chosen)| *chosen) {
            drive.inject(&fault, now);
        }
        let who = if request.joint.is_empty() { "all joints" } else { &request.joint };
        let signal = fault.signal.name();
        let text = match fault.kind {
            None => format!("{who}: {signal} is healthy"),
            Some(kind) => format!("{who}: {signal} is {} (amount {})", kind.name(), fault.amount),
        };
        self.log.push(LogLine::warn(format!("injected: {text}")));
        Ok(text)
    }

    fn chosen(&self, name: &str) -> Result<PerJoint<bool>, FaultError> {
        if name.is_empty() {
            return Ok([true; JOINTS]);
        }
        let chosen: PerJoint<bool> = self.names.each_ref().map(|n| n == name);
        if chosen.contains(&true) {
            return Ok(chosen);
        }
        let allowed = join(self.names.iter().map(String::as_str));
        Err(FaultError::Joint { name: name.into(), allowed })
    }

    /// Hangs `mass` kg at `center` m in the tool frame; takes effect at once.
    ///
    /// # Errors
    /// [`LoadError`] for a mass or place that is not physical.
    pub fn set_payload(&mut self, mass: f64, center: [f64; 3]) -> Result<(), LoadError> {
        self.set_payload_body(mass, center, [0.0; 6])
    }

    /// As [`Simulator::set_payload`] for a body that has an inertia about `center`, kg·m²: xx, xy, xz,
    /// yy, yz, zz.
    ///
    /// # Errors
    /// [`LoadError`] for a body that is not physical.
    pub fn set_payload_body(
        &mut self,
        mass: f64,
        center: [f64; 3],
        inertia: [f64; 6],
    ) -> Result<(), LoadError> {
        self.plant.set_payload(mass, center, inertia)?;
        self.log.push(LogLine::info(format!("payload is now {mass} kg")));
        Ok(())
    }

    /// Sets the temperatures of one joint, °C: to begin with a warm motor.
    pub fn set_temperatures(&mut self, joint: usize, temperatures: Temperatures) {
        if let Some(drive) = self.drives.get_mut(joint) {
            drive.set_temperatures(temperatures);
        }
    }

    /// The true state at the last integrated instant.
    #[must_use]
    pub fn truth(&self) -> Truth {
        Truth {
            time: self.time.unwrap_or_default(),
            position: self.plant.position.into(),
            velocity: self.plant.velocity.into(),
            acceleration: self.plant.acceleration.into(),
            effort: self.each(0.0, Drive::torque),
            current: self.each(0.0, Drive::current),
            winding_temperature: self.each(f64::NAN, |d| d.temperatures().winding),
            housing_temperature: self.each(f64::NAN, |d| d.temperatures().housing),
            stage_temperature: self.each(f64::NAN, |d| d.temperatures().stage),
        }
    }

    /// True position, rad, and velocity, rad/s, at an instant of the last `history` seconds.
    #[must_use]
    pub fn truth_at(&self, time: Monotonic) -> Option<(PerJoint<f64>, PerJoint<f64>)> {
        self.history.at(time)
    }

    /// Power state of each drive.
    #[must_use]
    pub fn states(&self) -> PerJoint<State> {
        self.each(State::NotReadyToSwitchOn, Drive::state)
    }

    /// Kinetic and potential energy of the arm, J.
    #[must_use]
    pub fn energy(&self) -> (f64, f64) {
        let (p, load) = (&self.plant, self.plant.load());
        let kinetic = p.model().kinetic_energy(&p.position, &p.velocity, &load.payload);
        (kinetic, p.model().potential_energy(&p.position, load))
    }

    fn each<T: Copy>(&self, missing: T, of: impl Fn(&Drive) -> T) -> PerJoint<T> {
        std::array::from_fn(|i| self.drives.get(i).map_or(missing, &of))
    }

    fn switch_on(&mut self, now: Monotonic) {
        if self.time.is_some() {
            return;
        }
        for drive in &mut self.drives {
            drive.switch_on(now);
        }
        self.observe();
        self.time = Some(now);
        self.history.push(now, self.plant.position, self.plant.velocity);
    }

    fn integrate(&mut self, now: Monotonic, exactly: bool) {
        let Some(mut time) = self.time else { return };
        if now.seconds_from(time) > LONGEST_CATCH_UP {
            self.log.push(LogLine::warn(format!(
                "simulator was not run for {:.1} s: the arm stood still meanwhile",
                now.seconds_from(time)
            )));
            time = now;
        }
        while now.since(time) >= self.step {
            time = self.advance(time, self.step);
        }
        if exactly && now > time {
            time = self.advance(time, now.since(time));
        }
        self.time = Some(time);
    }

    /// Encoders and brakes tell the drives where their joints are.
    fn observe(&mut self) {
        let p = &self.plant;
        let state = p.position.iter().zip(&p.velocity).zip(&p.brake_torque);
        for (drive, ((position, velocity), torque)) in self.drives.iter_mut().zip(state) {
            drive.observe(Measured {
                position: *position,
                velocity: *velocity,
                brake_torque: *torque,
            });
        }
    }

    /// One step of drives and plant; the instant at its end.
    fn advance(&mut self, time: Monotonic, step: Duration) -> Monotonic {
        let dt = step.as_secs_f64();
        let mut torque = [0.0; JOINTS];
        let mut closed = [true; JOINTS];
        let outputs = torque.iter_mut().zip(&mut closed);
        for (drive, (torque, closed)) in self.drives.iter_mut().zip(outputs) {
            *torque = drive.control(time, dt);
            *closed = drive.brake_closed();
        }
        let plant = &mut self.plant;
        plant.advance(&torque, &closed, dt);
        for (drive, friction) in self.drives.iter_mut().zip(plant.friction_power.iter()) {
            drive.warm(*friction, dt);
        }
        self.observe();
        let end = time + step;
        self.history.push(end, self.plant.position, self.plant.velocity);
        end
    }
}

fn drives(config: &Config, plant: &Plant, seed: u64) -> Result<Vec<Drive>, CanOpenError> {
    let names = plant.model().joint_names();
    let parts = names.iter().zip(config.node_ids).zip(plant.inertia()).enumerate();
    parts
        .map(|(joint, ((name, id), inertia))| {
            let node = NodeId::new(id)?;
            let place = Place { joint, name: name.clone(), inertia: *inertia, node };
            Ok(Drive::new(config, &place, seed))
        })
        .collect()
}
