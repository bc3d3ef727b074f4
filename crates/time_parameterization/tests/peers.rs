//! Durations against those of Ruckig and TOPP-RA; fixtures/generate.py says where they come from.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test

mod support;

use support::problems::{Answers, Move, Random, STATIONS, waypoints};
use time_parameterization::{Timing, curve, without_jerk};

/// How much longer than Ruckig's our motions may take, s.
const SLOWER: f64 = 1e-6;
/// How far durations may be from TOPP-RA's, relative.
const FROM_TOPPRA: f64 = 1e-5;

/// Points may break limits as much as the motion service allows.
const ROUNDING: f64 = 1e-6;

#[test]
fn no_move_takes_longer_than_ruckigs_and_its_points_are_within_limits() {
    let answers = Answers::ruckig();
    let mut random = Random(answers.seed);
    for (at_rest, durations) in [true, false].into_iter().zip(&answers.durations) {
        assert_eq!(durations.len(), 20_000);
        for (k, theirs) in durations.iter().enumerate() {
            let Move { limits, from, to } = Move::draw(&mut random, at_rest);
            let timed = Timing::new(limits.clone(), None).state_to_state(&from, &to, 1.0).unwrap();
            let ours = timed.duration();
            assert!(ours <= theirs + SLOWER, "{k}, at rest {at_rest}: {ours} s, Ruckig {theirs} s");
            assert!(ours >= theirs - SLOWER, "{k}: {ours} s is too good, Ruckig {theirs} s");
            let peaks = timed.peaks(&limits);
            assert!(peaks.velocity <= 1.0 + ROUNDING, "{k}, at rest {at_rest}: {peaks:?}");
            assert!(peaks.acceleration <= 1.0 + ROUNDING, "{k}, at rest {at_rest}: {peaks:?}");
            let (first, last) = (timed.points()[0], *timed.points().last().unwrap());
            assert_eq!((first.state, last.state), (from, to), "{k}");
        }
    }
}

#[test]
fn paths_without_jerk_limits_take_as_long_as_toppras() {
    let answers = Answers::toppra();
    let mut random = Random(answers.seed);
    let limits = support::limits();
    for (k, theirs) in answers.durations[0].iter().enumerate() {
        let curve = curve::through(&waypoints(&mut random), f64::INFINITY).unwrap();
        let ours = without_jerk(&curve, &limits, STATIONS).duration();
        assert!((ours / theirs - 1.0).abs() <= FROM_TOPPRA, "{k}: {ours} s, toppra {theirs} s");
    }
}
