//! Points of a motion whose joints have constant jerk between known instants.
//!
//! With a point wherever the jerk of a joint changes, every joint is a cubic between two points, and
//! the quintic through the points is that cubic: sampling loses nothing. Two instants so near that
//! the quintic between them would be all rounding share a point, which costs a little exactness.

use crate::limits::Limits;
use crate::timed::{Point, State, Timed, whole_nanoseconds};

/// Least time between two points, s. With 64-bit numbers an acceleration over this time is good to
/// some 1e-7 rad/s².
const NEAREST: f64 = 1e-4;

/// The points of the motion `at` from 0 to `end` s, with the exact states `from` and `to` there.
pub(crate) fn sampled<const N: usize>(
    (from, to): (State<N>, State<N>),
    end: f64,
    mut switches: Vec<f64>,
    limits: &Limits<N>,
    at: impl Fn(f64) -> State<N>,
) -> Timed<N> {
    let first = Point { time: 0.0, state: from };
    let end = whole_nanoseconds(end);
    if end <= 0.0 {
        return Timed::new(vec![first]);
    }
    switches.retain(|t| *t > 0.0 && *t < end);
    switches.sort_by(f64::total_cmp);
    let candidates = [false, true].map(|later| {
        let inner = spread(&switches, end, later).into_iter().map(|time| {
            let time = whole_nanoseconds(time);
            Point { time, state: at(time) }
        });
        let points = std::iter::once(first).chain(inner);
        Timed::new(points.chain([Point { time: end, state: to }]).collect())
    });
    let stretch = |timed: &Timed<N>| timed.peaks(limits).stretch();
    let [early, late] = candidates;
    if early == late || stretch(&early) <= stretch(&late) { early } else { late }
}

/// Instants at least [`NEAREST`] from each other and from both ends; of two too near, the later or
/// the earlier one.
fn spread(instants: &[f64], end: f64, later: bool) -> Vec<f64> {
    let mut kept: Vec<f64> = Vec::with_capacity(instants.len());
    for t in instants.iter().filter(|t| **t >= NEAREST && end - **t >= NEAREST) {
        match kept.last_mut() {
            Some(before) if t - *before < NEAREST => {
                if later {
                    *before = *t;
                }
            }
            _ => kept.push(*t),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_keep_their_distance() {
        let instants = [0.000_05, 0.1, 0.100_01, 0.2, 0.999_99];
        assert_eq!(spread(&instants, 1.0, false), [0.1, 0.2]);
        assert_eq!(spread(&instants, 1.0, true), [0.100_01, 0.2]);
    }
}
