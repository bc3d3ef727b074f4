//! What is known of one joint's heat: model and sensors fused, data sheet errors learnt.
//!
//! The one rule: no reading is needed and none is believed blindly. Without readings the model goes
//! on and the bound rises; with them the estimate also learns by how much this motor differs from its
//! data sheet.
//!
//! States of the filter: winding, housing and surroundings [°C], and the logarithms of the factors by
//! which gain, coupling, inflow and outflow of the [`Network`] differ from the data sheet.

use crate::config::{Config, MotorConfig};
use crate::filter::Filter;
use crate::network::{Course, Load, Network, Pair};
use crate::sensor::{Sensor, Verdict};
use nalgebra::SVector;
use vocabulary::thermal::SensorState;

/// Winding in the filter.
const WINDING: usize = 0;
/// Housing in the filter.
const HOUSING: usize = 1;
const STATES: usize = 7;
type States = SVector<f64, STATES>;
/// Driver stage in its filter, besides its surroundings and the logarithm of its rise.
const STAGE: usize = 0;
type StageStates = SVector<f64, 3>;

/// Random walk of winding, housing, surroundings and driver stage, K²/s: what no model has.
const WALK: [f64; 3] = [4e-4, 2.5e-5, 1e-4];
/// Random walk of the logarithms, 1/s: a motor ages over months.
const AGEING: f64 = 1e-8;
/// Error of the heat between two samples of the current, as a fraction: it is sampled, not averaged.
const SAMPLING: f64 = 0.3;
/// Temperature of a node that no sensor told at start, K.
const UNTOLD: f64 = 15.0;
/// The same, when no sensor told anything.
const UNKNOWN: f64 = 20.0;
/// Factors of the data sheet stay within e^±this: smoothly, because a cut would deceive the covariance.
const FACTOR: f64 = 0.6;
/// A gap between two samples longer than this is passed in pieces, s.
const LONGEST: f64 = 600.0;

/// What one sample of telemetry says of heat; NaN where nothing is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// °C.
    pub winding: f64,
    /// °C.
    pub housing: f64,
    /// Driver stage, °C.
    pub stage: f64,
}

/// What went on since the sample before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// s.
    pub length: f64,
    /// Mean-square current, A².
    pub current_squared: f64,
    /// Heat of friction and brake in the housing, W.
    pub power: f64,
    /// The current was measured.
    pub measured: bool,
}

/// Three sensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sensors {
    /// In the winding.
    pub winding: SensorState,
    /// At the housing.
    pub housing: SensorState,
    /// Of the driver stage.
    pub stage: SensorState,
}

impl Sensors {
    /// Whether one that was there cannot be used now.
    #[must_use]
    pub fn any_faulty(&self) -> bool {
        [self.winding, self.housing, self.stage].into_iter().any(SensorState::is_faulty)
    }
}

/// One joint.
#[derive(Debug, Clone)]
pub struct Observer {
    nominal: Network,
    motor: MotorConfig,
    confidence: f64,
    rise: (f64, f64),
    filter: Filter<STATES>,
    stage_filter: Filter<3>,
    winding: Sensor<STATES>,
    housing: Sensor<STATES>,
    stage: Sensor<3>,
    /// What silence added to the bounds of winding and housing, K.
    extra: Pair,
    begun: bool,
}

impl Observer {
    /// Nothing known but the data sheet and the surroundings.
    #[must_use]
    pub fn new(config: &Config, motor: &MotorConfig) -> Self {
        let judgement = config.sensors.into();
        let (ambient, unsure) = (config.ambient, config.parameter_uncertainty);
        let mean = [ambient, ambient, ambient, 0.0, 0.0, 0.0, 0.0];
        let deviation =
            [UNKNOWN, UNKNOWN, config.ambient_uncertainty, unsure, unsure, unsure, unsure];
        let stage_deviation = [UNKNOWN, config.ambient_uncertainty, unsure];
        Self {
            nominal: motor.network(),
            motor: *motor,
            confidence: config.confidence,
            rise: (config.bound_rise, config.bound_rise_most),
            filter: Filter::new(mean, deviation),
            stage_filter: Filter::new([ambient, ambient, 0.0], stage_deviation),
            winding: Sensor::new(WINDING, judgement),
            housing: Sensor::new(HOUSING, judgement),
            stage: Sensor::new(STAGE, judgement),
            extra: Pair::default(),
            begun: false,
        }
    }

    /// Whether a reading has said how warm the motor is.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.begun
    }

    /// Lets time pass.
    pub fn pass(&mut self, interval: &Interval) {
        let mut left = interval.length.min(1e6);
        while left > 0.0 {
            let length = left.min(LONGEST);
            self.pass_piece(&Interval { length, ..*interval });
            left -= length;
        }
    }

    fn pass_piece(&mut self, interval: &Interval) {
        let Interval { length, current_squared, power, .. } = *interval;
        let nominal = self.nominal;
        let model = move |x: &States| {
            let load = Load { current_squared, power, ambient: ambient(x) };
            let next = network(&nominal, x).passage(&load, length).apply(pair(x));
            with_pair(x, next)
        };
        let heat = SAMPLING * nominal.gain * current_squared * length;
        let [winding, housing, surroundings] = WALK.map(|walk| walk * length);
        let ageing = AGEING * length;
        let noise = [winding + heat * heat, housing, surroundings, ageing, ageing, ageing, ageing];
        let pass = |filter: &mut Filter<STATES>| filter.propagate(model, &noise);
        pass(&mut self.filter);
        self.winding.lead_on(pass);
        self.housing.lead_on(pass);
        self.pass_stage(interval);
        self.widen(interval);
    }

    fn pass_stage(&mut self, interval: &Interval) {
        let keep = (-interval.length / self.motor.stage_time).exp();
        let rise = self.stage_rise() * interval.current_squared;
        let model = |x: &StageStates| {
            let goal = x[1] + rise * x[2].exp();
            StageStates::new(goal + keep * (x[0] - goal), x[1], x[2])
        };
        let [stage, _, surroundings] = WALK.map(|walk| walk * interval.length);
        let noise = [stage, surroundings, AGEING * interval.length];
        let pass = |filter: &mut Filter<3>| filter.propagate(model, &noise);
        pass(&mut self.stage_filter);
        self.stage.lead_on(pass);
    }

    /// Rise of the stage per mean-square current, K/A².
    fn stage_rise(&self) -> f64 {
        self.motor.stage_rise / self.motor.rated_current().powi(2)
    }

    /// The bound of what cannot be measured now, although it could before, rises with age; without the
    /// current it rises as under rated torque.
    fn widen(&mut self, interval: &Interval) {
        let (slow, most) = self.rise;
        let rated = self.nominal.gain * self.motor.rated_current().powi(2);
        let (rate, most) = if interval.measured {
            (slow, most)
        } else {
            (slow.max(rated), most.max(UNTOLD * 4.0))
        };
        let widen = |extra: f64, sensor: SensorState| {
            let blind = sensor.is_faulty() || !interval.measured;
            if blind { (extra + rate * interval.length).min(most.max(extra)) } else { 0.0 }
        };
        self.extra.winding = widen(self.extra.winding, self.winding.state());
        self.extra.housing = widen(self.extra.housing, self.housing.state());
    }

    /// Takes a sample in.
    pub fn take(&mut self, reading: &Reading) {
        if !self.begun {
            self.begin(reading);
        }
        fuse(&mut self.filter, &mut self.winding, WINDING, reading.winding);
        fuse(&mut self.filter, &mut self.housing, HOUSING, reading.housing);
        fuse(&mut self.stage_filter, &mut self.stage, STAGE, reading.stage);
        if self.winding.state() == SensorState::Ok {
            self.extra.winding = 0.0;
        }
        if self.housing.state() == SensorState::Ok {
            self.extra.housing = 0.0;
        }
    }

    /// No telemetry came when it was due.
    pub fn miss(&mut self) {
        self.winding.miss();
        self.housing.miss();
        self.stage.miss();
    }

    /// The first sample says how warm the motor is already.
    fn begin(&mut self, reading: &Reading) {
        let plausible = |value: f64| (-40.0..=200.0).contains(&value).then_some(value);
        let (winding, housing) = (plausible(reading.winding), plausible(reading.housing));
        self.begun = winding.is_some() || housing.is_some();
        for (state, told, other) in [(WINDING, winding, housing), (HOUSING, housing, winding)] {
            let Some(value) = told.or(other) else { continue };
            let deviation = if told.is_some() { 2.0 } else { UNTOLD };
            self.filter.set(state, value, deviation);
        }
        if let Some(value) = plausible(reading.stage) {
            self.stage_filter.set(STAGE, value, 2.0);
        }
    }

    /// Estimates of winding and housing, °C.
    #[must_use]
    pub fn estimate(&self) -> Pair {
        pair(&self.filter.mean)
    }

    /// Upper bounds of winding and housing, °C.
    #[must_use]
    pub fn bound(&self) -> Pair {
        let Pair { winding, housing } = self.estimate();
        let spread = |state| self.confidence * self.filter.deviation(state);
        Pair {
            winding: winding + spread(WINDING) + self.extra.winding,
            housing: housing + spread(HOUSING) + self.extra.housing,
        }
    }

    /// Estimate and upper bound of the driver stage, °C.
    #[must_use]
    pub fn stage(&self) -> (f64, f64) {
        let estimate = self.stage_filter.mean.x;
        (estimate, estimate + self.confidence * self.stage_filter.deviation(STAGE))
    }

    /// Estimate of the surroundings, °C, and its standard deviation, K.
    #[must_use]
    pub fn ambient(&self) -> (f64, f64) {
        (ambient(&self.filter.mean), self.filter.deviation(2))
    }

    /// The three sensors.
    #[must_use]
    pub fn sensors(&self) -> Sensors {
        Sensors {
            winding: self.winding.state(),
            housing: self.housing.state(),
            stage: self.stage.state(),
        }
    }

    /// The network as learnt.
    #[must_use]
    pub fn network(&self) -> Network {
        network(&self.nominal, &self.filter.mean)
    }

    /// The winding from now on under a constant load.
    #[must_use]
    pub fn course(&self, current_squared: f64, power: f64) -> Course {
        let load = Load { current_squared, power, ambient: ambient(&self.filter.mean) };
        self.network().course(&load, self.estimate())
    }

    /// What to add to such a course for its upper bound after `horizon` s, K.
    #[must_use]
    pub fn uncertainty(&self, current_squared: f64, power: f64, horizon: f64) -> f64 {
        let nominal = self.nominal;
        let at = |x: &States| {
            let load = Load { current_squared, power, ambient: ambient(x) };
            network(&nominal, x).course(&load, pair(x)).at(horizon)
        };
        let spread = self.filter.spread(at).max(self.filter.deviation(WINDING));
        self.confidence * spread + self.extra.winding
    }

    /// Upper bound of the stage after `horizon` s of a constant load, °C.
    #[must_use]
    pub fn stage_bound(&self, current_squared: f64, horizon: f64) -> f64 {
        let x = &self.stage_filter.mean;
        let goal = x.y + self.stage_rise() * x.z.exp() * current_squared;
        let (now, bound) = self.stage();
        let later = goal + (now - goal) * (-horizon / self.motor.stage_time).exp();
        now.max(later) + (bound - now)
    }
}

fn pair(x: &States) -> Pair {
    let [winding, housing, ..] = x.data.0[0];
    Pair { winding, housing }
}

fn ambient(x: &States) -> f64 {
    let [_, _, ambient, ..] = x.data.0[0];
    ambient
}

fn with_pair(x: &States, pair: Pair) -> States {
    let [_, _, rest @ ..] = x.data.0[0];
    let [ambient, gain, coupling, inflow, outflow] = rest;
    States::from([pair.winding, pair.housing, ambient, gain, coupling, inflow, outflow])
}

fn network(nominal: &Network, x: &States) -> Network {
    let [_, _, _, gain, coupling, inflow, outflow] = x.data.0[0];
    let [gain, coupling, inflow, outflow] =
        [gain, coupling, inflow, outflow].map(|x| (FACTOR * (x / FACTOR).tanh()).exp());
    Network {
        gain: nominal.gain * gain,
        coupling: nominal.coupling * coupling,
        inflow: nominal.inflow * inflow,
        outflow: nominal.outflow * outflow,
        // The capacity of the housing follows from the other three, given the electrical resistance.
        friction: nominal.friction * inflow * gain / coupling,
    }
}

fn fuse<const N: usize>(
    filter: &mut Filter<N>,
    sensor: &mut Sensor<N>,
    state: usize,
    reading: f64,
) {
    let moved = sensor.has_moved(reading);
    match sensor.judge(reading, filter) {
        Verdict::Use(variance) => {
            filter.update(state, reading, variance);
            if moved {
                sensor.anchor(filter);
            }
        }
        Verdict::Restore(witness) => *filter = witness,
        Verdict::Ignore => {}
    }
}
