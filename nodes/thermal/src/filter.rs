//! An extended Kalman filter of a few states whose model is a function.
//!
//! The one rule: derivatives are taken numerically from the model itself, so model and covariance
//! cannot disagree.
#![allow(clippy::indexing_slicing)] // loops over 0..N into vectors of N

use nalgebra::{SMatrix, SVector};

/// Mean and covariance of N states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filter<const N: usize> {
    /// Best estimate.
    pub mean: SVector<f64, N>,
    /// Covariance of its error.
    pub covariance: SMatrix<f64, N, N>,
}

impl<const N: usize> Filter<N> {
    /// With independent standard deviations.
    #[must_use]
    pub fn new(mean: [f64; N], deviation: [f64; N]) -> Self {
        let variance = SVector::from(deviation).map(|sigma| sigma * sigma);
        Self { mean: SVector::from(mean), covariance: SMatrix::from_diagonal(&variance) }
    }

    /// Begins anew with one state; what was known of its relation to others is void.
    pub fn set(&mut self, state: usize, value: f64, deviation: f64) {
        self.mean[state] = value;
        self.covariance.row_mut(state).fill(0.0);
        self.covariance.column_mut(state).fill(0.0);
        self.covariance[(state, state)] = deviation * deviation;
    }

    /// Standard deviation of one state.
    #[must_use]
    pub fn deviation(&self, state: usize) -> f64 {
        self.covariance[(state, state)].max(0.0).sqrt()
    }

    /// Passes through `model`; `noise`: variance added to each state.
    pub fn propagate(
        &mut self,
        model: impl Fn(&SVector<f64, N>) -> SVector<f64, N>,
        noise: &[f64; N],
    ) {
        let mean = model(&self.mean);
        let mut slopes = SMatrix::<f64, N, N>::zeros();
        for state in 0..N {
            slopes.set_column(state, &(slope(&self.mean, state, |x| model(x) - mean)));
        }
        self.covariance = slopes * self.covariance * slopes.transpose();
        for (state, variance) in noise.iter().enumerate() {
            self.covariance[(state, state)] += variance;
        }
        self.mean = mean;
    }

    /// Takes a measurement of one state with its error variance (Joseph form).
    pub fn update(&mut self, state: usize, value: f64, variance: f64) {
        let total = self.covariance[(state, state)] + variance;
        if total <= 0.0 {
            return;
        }
        let gain = self.covariance.column(state) / total;
        self.mean += gain * (value - self.mean[state]);
        let mut keep = SMatrix::<f64, N, N>::identity();
        keep.column_mut(state).axpy(-1.0, &gain, 1.0);
        let kept = keep * self.covariance * keep.transpose();
        self.covariance = kept + gain * gain.transpose() * variance;
    }

    /// Standard deviation of a scalar function of the states.
    #[must_use]
    pub fn spread(&self, of: impl Fn(&SVector<f64, N>) -> f64) -> f64 {
        let here = of(&self.mean);
        let rise = |x: &SVector<f64, N>| SVector::<f64, 1>::new(of(x) - here);
        let slopes = SVector::<f64, N>::from_fn(|state, _| slope(&self.mean, state, rise)[0]);
        (slopes.transpose() * self.covariance * slopes)[0].max(0.0).sqrt()
    }
}

/// Slope of `rise`, which is zero at `at`, along one state.
fn slope<const N: usize, const M: usize>(
    at: &SVector<f64, N>,
    state: usize,
    rise: impl Fn(&SVector<f64, N>) -> SVector<f64, M>,
) -> SVector<f64, M> {
    let step = 1e-4 * at[state].abs().max(1.0);
    let mut beside = *at;
    beside[state] += step;
    rise(&beside) / step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_pulls_the_estimate_by_its_share_of_trust() {
        let mut filter = Filter::new([10.0, 0.0], [1.0, 1.0]);
        filter.update(0, 12.0, 1.0);
        assert!((filter.mean[0] - 11.0).abs() < 1e-12);
        assert!((filter.deviation(0) - 0.5_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_state_set_anew_leaves_a_covariance_that_no_measurement_breaks() {
        let mut filter = Filter::new([0.0, 0.0], [20.0, 20.0]);
        filter.propagate(|x| SVector::from([0.5 * (x[0] + x[1]), x[1]]), &[0.0; 2]);
        filter.set(0, 3.0, 0.1);
        filter.update(1, 5.0, 1.0);
        assert!((filter.mean[0] - 3.0).abs() < 1e-9 && filter.deviation(0) > 0.09);
        assert!(filter.covariance.symmetric_eigenvalues().min() > 0.0);
    }

    #[test]
    fn a_state_never_measured_is_learnt_through_its_effect() {
        let mut filter = Filter::new([0.0, 1.0], [0.1, 1.0]);
        for k in 1..100 {
            filter.propagate(|x| SVector::from([x[0] + 0.1 * x[1], x[1]]), &[1e-6; 2]);
            filter.update(0, 0.3 * f64::from(k), 0.01);
        }
        assert!((filter.mean[1] - 3.0).abs() < 0.05, "{}", filter.mean[1]);
    }
}
