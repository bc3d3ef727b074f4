//! The last look: a timed motion rounds corners, so it is checked again as it will be driven.

use collision::{Checker, Nearness, Tally};
use time_parameterization::Timed;

/// Time between two looks [s]. Between them the motion leaves the straight piece that is checked by
/// an eighth of acceleration times time squared: 10 µrad at 20 rad/s².
const STEP: f64 = 0.002;

/// The first point that cannot be reached freely along straight pieces, and what is in the way; none
/// when all of them are free.
pub(super) fn contact<const N: usize>(
    checker: &Checker,
    points: impl Iterator<Item = [f64; N]>,
    tally: &mut Tally,
) -> Option<(usize, Nearness)> {
    let mut last: Option<[f64; N]> = None;
    for (index, point) in points.enumerate() {
        let from = last.unwrap_or(point);
        if !checker.is_motion_free(&single(&from), &single(&point), tally) {
            return Some((index, deepest(checker, &from, &point)));
        }
        last = Some(point);
    }
    None
}

/// Where a timed motion, as it will be driven, first touches something, as a share of its duration.
pub(super) fn touches<const N: usize>(
    checker: &Checker,
    timed: &Timed<N>,
    tally: &mut Tally,
) -> Option<(f64, Nearness)> {
    let (time, contact) = from_on(checker, timed, 0.0, tally)?;
    Some((time / timed.duration(), contact))
}

/// When a timed motion, as it will be driven from time `from` on, first touches something [s], and
/// what is in the way.
#[must_use]
pub fn first_contact<const N: usize>(
    checker: &Checker,
    timed: &Timed<N>,
    from: f64,
) -> Option<(f64, Nearness)> {
    from_on(checker, timed, from, &mut Tally::default())
}

fn from_on<const N: usize>(
    checker: &Checker,
    timed: &Timed<N>,
    from: f64,
    tally: &mut Tally,
) -> Option<(f64, Nearness)> {
    let from = from.clamp(0.0, timed.duration());
    let rest = timed.duration() - from;
    let steps = (rest / STEP).ceil().max(1.0);
    let at = |k: usize| from + rest * (k as f64 / steps);
    let states = (0..=steps as usize).map(|k| timed.sample(at(k)).position);
    contact(checker, states, tally).map(|(index, contact)| (at(index), contact))
}

/// What is nearest, or touches deepest, at the ends and in the middle of a piece.
fn deepest<const N: usize>(checker: &Checker, from: &[f64; N], to: &[f64; N]) -> Nearness {
    let middle: [f64; N] = std::array::from_fn(|j| match (from.get(j), to.get(j)) {
        (Some(a), Some(b)) => (a + b) / 2.0,
        _ => f64::NAN,
    });
    let found = [from, &middle, to].into_iter().filter_map(|at| checker.nearest(at));
    let none = || Nearness { first: String::new(), second: String::new(), distance: f64::NAN };
    found.min_by(|a, b| a.distance.total_cmp(&b.distance)).unwrap_or_else(none)
}

fn single<const N: usize>(positions: &[f64; N]) -> [f32; N] {
    positions.map(|x| x as f32)
}
