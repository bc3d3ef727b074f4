//! Whether one temperature sensor tells the truth, and if not, in which way it lies.
//!
//! The one rule: physics decides. A reading is used only when it could be the temperature that the
//! model expects; a reading that stays while the temperature must have moved undoes what was learnt
//! from it, because a *witness* (the estimate of the last change, led on without this sensor) is kept.
//!
//! How the lies are told apart, sample by sample: nothing comes twice, *silent*; outside of what a
//! motor can be, or off by another amount each time, *implausible*; off by too much, *jumping*; off by
//! the same amount again, *offset*; unchanged while the witness moved, *stuck*.

use crate::filter::Filter;
use vocabulary::thermal::SensorState;

/// Samples without a value after which a sensor is silent (reliability case 10).
const SILENT_SAMPLES: u32 = 2;
/// Samples in a row with the same error that make an offset.
const OFFSET_SAMPLES: u32 = 2;
/// The same, when the sensor was jumping or random a moment ago.
const OFFSET_SAMPLES_AFTER_JUMPS: u32 = 20;
/// Good samples after which a sensor that jumped is believed again: 5 s at 10 Hz.
const QUIET_SAMPLES: u32 = 50;
/// Resolution until a finer step was seen, K: what most drives report.
const COARSE: f64 = 1.0;
/// No drive resolves finer, K.
const FINE: f64 = 0.05;
/// Two errors are the same when they differ by less, K (and a step of the resolution).
const SAME: f64 = 2.0;

/// What a sensor is judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// Coldest reading that is plausible, °C.
    pub low: f64,
    /// Warmest reading that is plausible, °C.
    pub high: f64,
    /// Error beyond which a reading is not believed, K.
    pub jump: f64,
    /// Motion of the witness, K, beyond which an unchanged reading is stuck.
    pub stuck: f64,
    /// Standard deviation of a reading besides its resolution, K.
    pub noise: f64,
}

/// What to do with a reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict<const N: usize> {
    /// Take it in with this error variance, K².
    Use(f64),
    /// Leave it.
    Ignore,
    /// Leave it and go back to the witness.
    Restore(Filter<N>),
}

/// One sensor.
#[derive(Debug, Clone)]
pub struct Sensor<const N: usize> {
    /// Which state it measures.
    measures: usize,
    judgement: Judgement,
    state: SensorState,
    last: Option<f64>,
    quantum: f64,
    missing: u32,
    /// Error of the sample before, when it was too large.
    error: Option<f64>,
    same: u32,
    good: u32,
    /// It jumped or was random not long ago.
    restless: bool,
    witness: Option<Witness<N>>,
}

#[derive(Debug, Clone, Copy)]
struct Witness<const N: usize> {
    anchor: Filter<N>,
    led_on: Filter<N>,
}

impl<const N: usize> Sensor<N> {
    /// A sensor of state `measures` that was never heard.
    #[must_use]
    pub fn new(measures: usize, judgement: Judgement) -> Self {
        Self {
            measures,
            judgement,
            state: SensorState::None,
            last: None,
            quantum: COARSE,
            missing: 0,
            error: None,
            same: 0,
            good: 0,
            restless: false,
            witness: None,
        }
    }

    /// How far it can be trusted.
    #[must_use]
    pub fn state(&self) -> SensorState {
        self.state
    }

    /// Its resolution as far as seen, K.
    #[must_use]
    pub fn quantum(&self) -> f64 {
        self.quantum
    }

    /// The witness lives through the same time as the estimate.
    pub fn lead_on(&mut self, pass: impl FnOnce(&mut Filter<N>)) {
        if let Some(witness) = &mut self.witness {
            pass(&mut witness.led_on);
        }
    }

    /// The estimate after this sample was taken in: from here the witness goes on alone.
    pub fn anchor(&mut self, filter: &Filter<N>) {
        self.witness = Some(Witness { anchor: *filter, led_on: *filter });
    }

    /// Whether the last sample was a new value.
    #[must_use]
    pub fn has_moved(&self, reading: f64) -> bool {
        self.witness.is_none() || self.last.is_none_or(|last| last != reading)
    }

    /// No sample came when one was due.
    pub fn miss(&mut self) {
        self.missing = self.missing.saturating_add(1);
        if self.state != SensorState::None && self.missing >= SILENT_SAMPLES {
            self.state = SensorState::Silent;
            (self.error, self.same, self.good, self.last) = (None, 0, 0, None);
            self.witness = None;
        }
    }

    /// Judges a reading against the estimate at the same instant.
    pub fn judge(&mut self, reading: f64, filter: &Filter<N>) -> Verdict<N> {
        if !reading.is_finite() {
            self.miss();
            return Verdict::Ignore;
        }
        self.missing = 0;
        if !(self.judgement.low..=self.judgement.high).contains(&reading) {
            return self.refuse(SensorState::Implausible);
        }
        let unmoved = self.last == Some(reading);
        self.note(reading);
        if self.state == SensorState::None {
            self.state = SensorState::Ok;
            return self.accept();
        }
        if unmoved && self.state == SensorState::Stuck {
            return Verdict::Ignore;
        }
        let error = reading - self.expected(filter);
        if error.abs() > self.tolerance(filter) {
            return self.doubt(error);
        }
        self.trust(unmoved)
    }

    fn expected(&self, filter: &Filter<N>) -> f64 {
        filter.mean.get(self.measures).copied().unwrap_or(f64::NAN)
    }

    /// Error that can still be the model's fault, K. A known offset does not fade into one.
    fn tolerance(&self, filter: &Filter<N>) -> f64 {
        let model = if self.state == SensorState::Offset {
            0.0
        } else {
            3.0 * filter.deviation(self.measures)
        };
        self.judgement.jump + self.quantum + model
    }

    fn note(&mut self, reading: f64) {
        if let Some(last) = self.last {
            let step = (reading - last).abs();
            if step > 0.5 * FINE {
                self.quantum = self.quantum.min(step.max(FINE));
            }
        }
        self.last = Some(reading);
    }

    fn accept(&self) -> Verdict<N> {
        let Judgement { noise, .. } = self.judgement;
        // The rounding of a slow signal is the same for many samples, so it does not average out.
        Verdict::Use(noise * noise + self.quantum * self.quantum / 3.0)
    }

    fn refuse(&mut self, state: SensorState) -> Verdict<N> {
        self.state = state;
        self.restless = true;
        (self.error, self.same, self.good, self.witness) = (None, 0, 0, None);
        Verdict::Ignore
    }

    /// The reading is off by too much.
    fn doubt(&mut self, error: f64) -> Verdict<N> {
        let before = self.error.replace(error);
        (self.good, self.witness) = (0, None);
        let alike = before.is_some_and(|before| (error - before).abs() <= SAME + self.quantum);
        self.same = if alike { self.same + 1 } else { 1 };
        let needed = if self.restless { OFFSET_SAMPLES_AFTER_JUMPS } else { OFFSET_SAMPLES };
        self.state = match (before, self.state) {
            _ if self.same >= needed => SensorState::Offset,
            (_, SensorState::Implausible) => SensorState::Implausible,
            (Some(_), _) if !alike => SensorState::Implausible,
            (Some(_), state) => state,
            (None, _) => SensorState::Jumping,
        };
        self.restless |= before.is_some() && !alike;
        Verdict::Ignore
    }

    /// The reading is as expected.
    fn trust(&mut self, unmoved: bool) -> Verdict<N> {
        if self.state == SensorState::Jumping {
            self.restless = true;
        }
        (self.error, self.same) = (None, 0);
        self.good = self.good.saturating_add(1);
        let needed = match self.state {
            SensorState::Jumping | SensorState::Implausible => QUIET_SAMPLES,
            _ => 1,
        };
        if self.good < needed {
            return Verdict::Ignore;
        }
        self.restless &= self.good < QUIET_SAMPLES;
        self.state = SensorState::Ok;
        match &self.witness {
            Some(witness) if unmoved && self.has_drifted(witness) => {
                let restored = witness.led_on;
                self.state = SensorState::Stuck;
                self.witness = None;
                Verdict::Restore(restored)
            }
            _ => self.accept(),
        }
    }

    /// Whether the temperature must have moved since the last change of the reading.
    fn has_drifted(&self, witness: &Witness<N>) -> bool {
        let of =
            |filter: &Filter<N>| filter.covariance.get((self.measures, self.measures)).copied();
        let grown = of(&witness.led_on).unwrap_or(0.0) - of(&witness.anchor).unwrap_or(0.0);
        let moved = self.expected(&witness.led_on) - self.expected(&witness.anchor);
        let quantum = self.quantum;
        moved.abs() > self.judgement.stuck + 1.5 * quantum + 3.0 * grown.max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SensorState::{Implausible, Jumping, None, Offset, Ok, Silent, Stuck};

    const JUDGEMENT: Judgement =
        Judgement { low: -40.0, high: 200.0, jump: 5.0, stuck: 0.5, noise: 0.2 };

    /// A sensor whose true temperature rises by `slope` K per sample from 50 °C.
    struct Bench {
        sensor: Sensor<1>,
        filter: Filter<1>,
        truth: f64,
        slope: f64,
    }

    impl Bench {
        fn new(slope: f64) -> Self {
            let mut bench = Self {
                sensor: Sensor::new(0, JUDGEMENT),
                filter: Filter::new([50.0], [1.0]),
                truth: 50.0,
                slope,
            };
            for _ in 0..30 {
                bench.read(|truth| truth);
            }
            assert_eq!(bench.sensor.state(), Ok);
            bench
        }

        fn read(&mut self, shown: impl Fn(f64) -> f64) -> SensorState {
            let slope = self.slope;
            let pass = |f: &mut Filter<1>| f.propagate(|x| x.add_scalar(slope), &[1e-5]);
            self.truth += slope;
            pass(&mut self.filter);
            self.sensor.lead_on(pass);
            let reading = (shown(self.truth) * 10.0).round() / 10.0;
            let moved = self.sensor.has_moved(reading);
            match self.sensor.judge(reading, &self.filter) {
                Verdict::Use(variance) => {
                    self.filter.update(0, reading, variance);
                    if moved {
                        self.sensor.anchor(&self.filter);
                    }
                }
                Verdict::Restore(filter) => self.filter = filter,
                Verdict::Ignore => {}
            }
            self.sensor.state()
        }
    }

    #[test]
    fn a_sensor_that_was_never_there_is_none_and_not_silent() {
        let mut sensor = Sensor::<1>::new(0, JUDGEMENT);
        for _ in 0..10 {
            sensor.judge(f64::NAN, &Filter::new([50.0], [1.0]));
        }
        assert_eq!(sensor.state(), None);
    }

    #[test]
    fn a_silent_sensor_is_named_after_two_samples_and_believed_one_after_its_return() {
        let mut bench = Bench::new(0.01);
        assert_eq!(bench.read(|_| f64::NAN), Ok);
        assert_eq!(bench.read(|_| f64::NAN), Silent);
        for _ in 0..50 {
            bench.read(|_| f64::NAN);
        }
        assert_eq!(bench.read(|truth| truth), Ok);
    }

    #[test]
    fn a_single_jump_and_back_is_jumping() {
        let mut bench = Bench::new(0.01);
        assert_eq!(bench.read(|truth| truth + 10.0), Jumping);
        assert_eq!(bench.read(|truth| truth), Jumping);
        for _ in 0..QUIET_SAMPLES {
            bench.read(|truth| truth);
        }
        assert_eq!(bench.sensor.state(), Ok);
    }

    #[test]
    fn an_offset_is_named_after_two_samples_and_never_learnt() {
        let mut bench = Bench::new(0.01);
        bench.read(|truth| truth + 15.0);
        assert_eq!(bench.read(|truth| truth + 15.0), Offset);
        for _ in 0..600 {
            assert_eq!(bench.read(|truth| truth + 15.0), Offset);
        }
        assert!((bench.filter.mean[0] - bench.truth).abs() < 0.5);
        assert_eq!(bench.read(|truth| truth), Ok);
    }

    #[test]
    fn numbers_no_motor_can_have_are_implausible_at_once() {
        let mut bench = Bench::new(0.01);
        assert_eq!(bench.read(|_| 1800.0), Implausible);
        let mut bench = Bench::new(0.01);
        bench.read(|truth| truth + 20.0);
        assert_eq!(bench.read(|truth| truth - 25.0), Implausible);
    }

    #[test]
    fn a_reading_that_stays_while_heat_rises_is_stuck_and_undone() {
        let mut bench = Bench::new(0.02);
        let held = bench.truth;
        let mut samples = 0;
        while bench.read(|_| held) != Stuck {
            samples += 1;
            assert!(samples < 60);
        }
        assert!(samples > 20, "0.4 K are not enough to tell: {samples}");
        assert!(
            (bench.filter.mean[0] - bench.truth).abs() < 0.3,
            "{bench:?}",
            bench = bench.filter
        );
    }

    #[test]
    fn a_temperature_that_stands_still_is_not_stuck() {
        let mut bench = Bench::new(0.0);
        for _ in 0..5000 {
            assert_eq!(bench.read(|truth| truth), Ok);
        }
    }
}
