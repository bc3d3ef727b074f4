//! The network of a motor from a recording: which factors on the data sheet explain it best.
//!
//! The rule: temperatures are simulated through the whole recording from its first sample and compared
//! with every reading; nothing is corrected on the way, so the residual is the model's own error.
//! Levenberg-Marquardt on the logarithms of gain, coupling, inflow and outflow, the surroundings and
//! both initial temperatures.
#![allow(clippy::indexing_slicing)] // constant places and loops over 0..N in vectors of N

use crate::config::MotorConfig;
use crate::network::{Load, Network, Pair};
use nalgebra::{DMatrix, DVector, SVector};
use thiserror::Error;

/// Unknowns.
const N: usize = 7;
type Unknowns = SVector<f64, N>;
/// Samples that are needed.
const LEAST: usize = 300;
/// Change of the winding that is needed, K.
const LEAST_CHANGE: f64 = 5.0;
/// Iterations at most.
const ITERATIONS: usize = 60;
/// Relative improvement below which the search ends.
const ENOUGH: f64 = 1e-8;
/// How strongly a factor is held at the data sheet, K per unit of its logarithm: what a recording does
/// not show stays as stated.
const TRUST: f64 = 0.5;
/// The same for the surroundings, K per K.
const AMBIENT_TRUST: f64 = 0.05;

/// One sample of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// s from any origin.
    pub time: f64,
    /// A.
    pub current: f64,
    /// Speed of the joint, rad/s; zero when unknown.
    pub velocity: f64,
    /// °C; NaN when not measured.
    pub winding: f64,
    /// °C; NaN when not measured.
    pub housing: f64,
}

/// Why nothing can be identified.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum IdentifyError {
    /// Too short.
    #[error("{count} samples are too few: {LEAST} with current and temperature are needed")]
    Short {
        /// Samples found.
        count: usize,
    },
    /// Nothing happens.
    #[error(
        "the winding changes by {change:.1} K only: {LEAST_CHANGE} K are needed; record a warm-up"
    )]
    Dull {
        /// Largest change, K.
        change: f64,
    },
}

/// What a recording says of a motor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Identified {
    /// The data sheet with fitted resistance, thermal resistances and time constants.
    pub motor: MotorConfig,
    /// Surroundings, °C.
    pub ambient: f64,
    /// RMS residual of the winding, K; NaN when not measured.
    pub winding_residual: f64,
    /// RMS residual of the housing, K; NaN when not measured.
    pub housing_residual: f64,
    /// RMS residual of the data sheet as it was, both sensors, K.
    pub before: f64,
    /// RMS residual of the fit, both sensors, K.
    pub after: f64,
    /// Samples used.
    pub samples: usize,
}

/// Fits the motor to a recording.
///
/// # Errors
/// [`IdentifyError`] when the recording shows too little.
pub fn identify(samples: &[Sample], motor: &MotorConfig) -> Result<Identified, IdentifyError> {
    let usable: Vec<Sample> = samples
        .iter()
        .copied()
        .filter(|s| s.current.is_finite() && (s.winding.is_finite() || s.housing.is_finite()))
        .collect();
    let (Some(first), true) = (usable.first(), usable.len() >= LEAST) else {
        return Err(IdentifyError::Short { count: usable.len() });
    };
    let windings = usable.iter().map(|s| s.winding).filter(|x| x.is_finite());
    let (low, high) =
        windings.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    if high - low < LEAST_CHANGE {
        return Err(IdentifyError::Dull { change: (high - low).max(0.0) });
    }
    let or = |a: f64, b: f64| if a.is_finite() { a } else { b };
    let (winding, housing) = (or(first.winding, first.housing), or(first.housing, first.winding));
    let ambient = usable.iter().map(|s| s.housing).filter(|x| x.is_finite()).fold(low, f64::min);
    let start = Unknowns::from([0.0, 0.0, 0.0, 0.0, ambient, winding, housing]);
    let fit = Fit { motor, samples: &usable, start };
    Ok(fit.report(&fit.search()))
}

struct Fit<'a> {
    motor: &'a MotorConfig,
    samples: &'a [Sample],
    start: Unknowns,
}

impl Fit<'_> {
    /// Model minus reading, winding then housing, zero where nothing was read; then the distance from
    /// what is known beforehand.
    fn residuals(&self, x: &Unknowns) -> DVector<f64> {
        let network = fitted(&self.motor.network(), x);
        let mut at = Pair { winding: x[5], housing: x[6] };
        let mut out = Vec::with_capacity(2 * self.samples.len() + N);
        let mut last = self.samples.first().copied();
        for sample in self.samples {
            if let Some(before) = last.replace(*sample) {
                let load = self.load(&before, sample, x[4]);
                at = network.passage(&load, (sample.time - before.time).max(0.0)).apply(at);
            }
            let error = |model: f64, read: f64| if read.is_finite() { model - read } else { 0.0 };
            out.push(error(at.winding, sample.winding));
            out.push(error(at.housing, sample.housing));
        }
        // The more samples, the less the data sheet counts.
        let weight = (self.samples.len() as f64).sqrt();
        out.extend(x.iter().take(4).map(|factor| TRUST * factor));
        out.push(AMBIENT_TRUST * weight * (x[4] - self.start[4]));
        DVector::from_vec(out)
    }

    fn load(&self, before: &Sample, now: &Sample, ambient: f64) -> Load {
        let current_squared = 0.5 * (before.current.powi(2) + now.current.powi(2));
        let speed = 0.5 * (before.velocity.abs() + now.velocity.abs());
        let friction = (self.motor.coulomb + self.motor.viscous * speed) * speed;
        // A drive without current has its brake closed.
        let powered = now.current.abs() > 1e-3 * self.motor.rated_current();
        let power = friction + if powered { self.motor.brake_power } else { 0.0 };
        Load { current_squared, power, ambient }
    }

    fn search(&self) -> Unknowns {
        let (mut x, mut damping) = (self.start, 1e-3);
        let mut residuals = self.residuals(&x);
        for _ in 0..ITERATIONS {
            let slopes = self.slopes(&x, &residuals);
            let (square, push) = (slopes.transpose() * &slopes, slopes.transpose() * &residuals);
            let mut damped = square.clone();
            for (index, diagonal) in square.diagonal().iter().enumerate() {
                if let Some(entry) = damped.get_mut((index, index)) {
                    *entry += damping * diagonal.max(1e-9);
                }
            }
            let Some(step) = damped.cholesky().map(|c| c.solve(&push)) else { break };
            let next = x - Unknowns::from_iterator(step.iter().copied());
            let tried = self.residuals(&next);
            let gain = 1.0 - tried.norm_squared() / residuals.norm_squared();
            if gain > 0.0 {
                (x, residuals, damping) = (next, tried, damping * 0.3);
                if gain < ENOUGH {
                    break;
                }
            } else {
                damping *= 10.0;
            }
        }
        x
    }

    fn slopes(&self, x: &Unknowns, residuals: &DVector<f64>) -> DMatrix<f64> {
        let columns: Vec<_> = (0..N)
            .map(|index| {
                let mut beside = *x;
                let step = if index < 4 { 1e-4 } else { 1e-2 };
                beside[index] += step;
                (self.residuals(&beside) - residuals) / step
            })
            .collect();
        DMatrix::from_columns(&columns)
    }

    fn report(&self, x: &Unknowns) -> Identified {
        let of = |x: &Unknowns| {
            let all = self.residuals(x);
            let count = 2 * self.samples.len();
            let pick = |offset: usize, read: fn(&Sample) -> f64| {
                let there = self.samples.iter().filter(|s| read(s).is_finite()).count();
                let errors = all.iter().take(count).skip(offset).step_by(2);
                (errors.map(|e| e * e).sum::<f64>(), there as f64)
            };
            (pick(0, |s| s.winding), pick(1, |s| s.housing))
        };
        let both = |((a, n), (b, m)): ((f64, f64), (f64, f64))| ((a + b) / (n + m)).sqrt();
        let (winding, housing) = of(x);
        Identified {
            motor: sheet(self.motor, &fitted(&self.motor.network(), x)),
            ambient: x[4],
            winding_residual: (winding.0 / winding.1).sqrt(),
            housing_residual: (housing.0 / housing.1).sqrt(),
            before: both(of(&self.start)),
            after: both((winding, housing)),
            samples: self.samples.len(),
        }
    }
}

/// Heat is taken as stated by the electrical resistance, so the capacity of the housing follows from the
/// other three.
fn fitted(nominal: &Network, x: &Unknowns) -> Network {
    let factor = |index: usize| x[index].clamp(-2.0, 2.0).exp();
    Network {
        gain: nominal.gain * factor(0),
        coupling: nominal.coupling * factor(1),
        inflow: nominal.inflow * factor(2),
        outflow: nominal.outflow * factor(3),
        friction: nominal.friction * factor(2) * factor(0) / factor(1),
    }
}

/// The data sheet of a network. Temperatures alone do not tell resistance from capacity, so heat is
/// taken as stated by the electrical resistance.
fn sheet(motor: &MotorConfig, network: &Network) -> MotorConfig {
    let winding_capacity = motor.resistance / network.gain;
    let winding_resistance = 1.0 / (network.coupling * winding_capacity);
    let housing_capacity = 1.0 / (network.inflow * winding_resistance);
    let housing_resistance = 1.0 / (network.outflow * housing_capacity);
    MotorConfig {
        winding_resistance,
        housing_resistance,
        winding_time: winding_resistance * winding_capacity,
        housing_time: housing_resistance * housing_capacity,
        ..*motor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// A recording of an hour, made by Euler steps: work and rest in turn.
    fn recording(resistances: (f64, f64), capacities: (f64, f64)) -> Vec<Sample> {
        let (mut winding, mut housing) = (24.0, 24.0);
        let mut samples = Vec::new();
        for k in 0..36_000_u32 {
            let level = if k / 3000 % 3 == 2 { 0.4 } else { 2.0 };
            for step in 0..100 {
                let current = level * (5.0 * (f64::from(k) * 0.1 + f64::from(step) * 1e-3)).sin();
                let loss = 1.6 * current * current * (1.0 + 0.0039 * (winding - 25.0));
                let inward = (winding - housing) / resistances.0;
                winding += 1e-3 * (loss - inward) / capacities.0;
                housing += 1e-3 * (inward + 2.0 - (housing - 24.0) / resistances.1) / capacities.1;
            }
            let time = f64::from(k + 1) * 0.1;
            let round = |x: f64| (x * 10.0).round() / 10.0;
            samples.push(Sample {
                time,
                current: level * (5.0 * time).sin(),
                velocity: 0.0,
                winding: round(winding),
                housing: round(housing),
            });
        }
        samples
    }

    #[test]
    fn a_motor_that_differs_from_its_data_sheet_is_found() {
        let sheet = Config::default().motors["joint_6"];
        let found = identify(&recording((3.0, 6.5), (15.0, 240.0)), &sheet).unwrap();
        let motor = found.motor;
        assert!((motor.winding_resistance / 3.0 - 1.0).abs() < 0.03, "{found:?}");
        assert!((motor.housing_resistance / 6.5 - 1.0).abs() < 0.03, "{found:?}");
        assert!((motor.winding_time / 45.0 - 1.0).abs() < 0.03, "{found:?}");
        assert!((motor.housing_time / (6.5 * 240.0) - 1.0).abs() < 0.03, "{found:?}");
        assert!((found.ambient - 24.0).abs() < 0.5 && found.after < 0.3, "{found:?}");
        assert!(found.before > 5.0 * found.after, "{found:?}");
    }

    #[test]
    fn a_recording_in_which_nothing_happens_is_refused() {
        let sheet = Config::default().motors["joint_6"];
        let dull = Sample { time: 0.0, current: 0.0, velocity: 0.0, winding: 25.0, housing: 25.0 };
        let samples: Vec<_> = (0..400).map(|k| Sample { time: f64::from(k), ..dull }).collect();
        assert!(matches!(identify(&samples, &sheet), Err(IdentifyError::Dull { .. })));
        assert_eq!(identify(&samples[..9], &sheet), Err(IdentifyError::Short { count: 9 }));
    }
}
