//! Straight lines with rounded corners.
//!
//! Around a corner P, from L before to L behind, the direction turns from d₁ to d₂ as
//! d₁ + w(σ)(d₂ - d₁), with w = 3σ² - 2σ³ over σ from 0 to 1: its ends fit the lines with
//! continuous curvature. The round stays within the triangle of the corner and the two ends, and
//! nowhere is the corner farther than from its middle: 3/16 · L · |d₂ - d₁|.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // arrays of N, indices below N

use super::{Curve, Piece, distance};

/// Distance of the middle of a round from its corner, in parts of L·|d₂ - d₁|.
const BULGE: f64 = 3.0 / 16.0;
/// Change of direction below which a waypoint is no corner.
const STRAIGHT: f64 = 1e-9;
/// Part of the accuracy that rounds use: leaves room for the rounding of numbers.
const USED: f64 = 1.0 - 1e-9;

/// The lines between waypoints, with rounds that come within `accuracy` rad of the waypoints
/// (Euclidean norm over all joints) and as near to the lines.
///
/// No two waypoints in a row may be the same. Rounds take at most half of a line from another round
/// that needs it. Where the way turns back on itself, the round ends before the waypoint.
#[must_use]
pub fn rounded<const N: usize>(waypoints: &[[f64; N]], accuracy: f64) -> Curve<N> {
    let lines: Vec<Line<N>> = waypoints.windows(2).map(Line::between).collect();
    let wanted: Vec<f64> = lines.windows(2).map(|pair| reach(pair, accuracy)).collect();
    let at = |corner: Option<usize>| corner.and_then(|c| wanted.get(c)).copied().unwrap_or(0.0);
    let granted = |corner: usize| {
        let room = |line: usize, other: f64| {
            let length = lines.get(line).map_or(0.0, |line| line.length);
            (length - other).max(0.5 * length)
        };
        let before = room(corner, at(corner.checked_sub(1)));
        at(Some(corner)).min(before).min(room(corner + 1, at(Some(corner + 1))))
    };
    let rounds: Vec<f64> = (0..wanted.len()).map(granted).collect();
    Curve { pieces: pieces(waypoints, &lines, &rounds) }
}

struct Line<const N: usize> {
    length: f64,
    direction: [f64; N],
}

impl<const N: usize> Line<N> {
    fn between(pair: &[[f64; N]]) -> Self {
        let (from, to) = match pair {
            [from, to, ..] => (from, to),
            _ => (&[0.0; N], &[0.0; N]),
        };
        let length = distance(from, to);
        Self { length, direction: std::array::from_fn(|j| (to[j] - from[j]) / length) }
    }
}

/// How far from the corner a round may begin for its accuracy; infinite where there is no corner.
fn reach<const N: usize>(lines: &[Line<N>], accuracy: f64) -> f64 {
    let [before, behind, ..] = lines else { return 0.0 };
    let turn = distance(&before.direction, &behind.direction);
    if turn < STRAIGHT { 0.0 } else { USED * accuracy / (BULGE * turn) }
}

fn pieces<const N: usize>(
    waypoints: &[[f64; N]],
    lines: &[Line<N>],
    rounds: &[f64],
) -> Vec<Piece<N>> {
    let mut pieces = Vec::with_capacity(2 * lines.len());
    let (mut corner, mut taken) = (0.0, 0.0);
    for (index, line) in lines.iter().enumerate() {
        let round = rounds.get(index).copied().unwrap_or(0.0);
        let (start, end) = (corner + taken, corner + line.length - round);
        let Some(from) = waypoints.get(index) else { break };
        let shift = |way: f64| std::array::from_fn(|j| from[j] + way * line.direction[j]);
        let waypoint = index + 1;
        if end - start > 1e-12 * line.length {
            let mut terms = [[0.0; N]; super::TERMS];
            (terms[0], terms[1]) = (shift(taken), line.direction);
            pieces.push(Piece { start, length: end - start, waypoint, straight: true, terms });
        }
        if let (Some(next), true) = (lines.get(index + 1), round > 0.0) {
            let mut terms = [[0.0; N]; super::TERMS];
            (terms[0], terms[1]) = (shift(line.length - round), line.direction);
            let length = 2.0 * round;
            for j in 0..N {
                // The way integral of d₁ + (3σ² - 2σ³)(d₂ - d₁), σ = s / length.
                let turn = next.direction[j] - line.direction[j];
                terms[3][j] = turn / (length * length);
                terms[4][j] = -0.5 * turn / (length * length * length);
            }
            pieces.push(Piece { start: end, length, waypoint, straight: false, terms });
        }
        (corner, taken) = (corner + line.length, round);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The distance of a point from the lines.
    fn off(waypoints: &[[f64; 3]], at: &[f64; 3]) -> f64 {
        let to_line = |pair: &[[f64; 3]]| {
            let (a, b) = (pair[0], pair[1]);
            let (mut along, mut square) = (0.0, 0.0);
            for j in 0..3 {
                along += (at[j] - a[j]) * (b[j] - a[j]);
                square += (b[j] - a[j]) * (b[j] - a[j]);
            }
            let share = f64::clamp(along / square, 0.0, 1.0);
            distance(at, &std::array::from_fn(|j| a[j] + share * (b[j] - a[j])))
        };
        waypoints.windows(2).map(to_line).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn a_right_angle_is_rounded_by_just_the_accuracy() {
        let waypoints = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]];
        let curve = rounded(&waypoints, 0.05);
        assert_eq!((curve.pieces().len(), curve.length()), (3, 2.0));
        let middle = curve.at(1.0).unwrap();
        assert!((distance(&middle.position, &waypoints[1]) - 0.05).abs() < 1e-9);
    }

    #[test]
    fn a_small_round_leaves_its_line_to_a_large_one() {
        let waypoints = [[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [4.0, 1.0, 0.0], [4.0, -3.0, 0.0]];
        let length = |k: usize| rounded(&waypoints, 0.1).pieces()[k].length;
        assert!(length(1) > 1.3 && length(3) < 1.3, "{} {}", length(1), length(3));
    }

    #[test]
    fn waypoints_on_a_line_need_no_round() {
        let curve = rounded(&[[0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [2.0, 2.0, 0.0]], 0.1);
        assert!(curve.pieces().iter().all(|piece| piece.straight));
    }

    proptest! {
        #[test]
        fn a_rounded_curve_is_smooth_and_keeps_its_accuracy(
            waypoints in prop::collection::vec(prop::array::uniform3(-2.0..2.0), 2..7),
            accuracy in 1e-3..0.5,
        ) {
            prop_assume!(waypoints.windows(2).all(|pair| distance(&pair[0], &pair[1]) > 1e-3));
            let curve = rounded(&waypoints, accuracy);
            for pair in curve.pieces().windows(2) {
                let (end, start) = (pair[0].at(pair[0].length), pair[1].at(0.0));
                prop_assert!((pair[0].end() - pair[1].start).abs() < 1e-9);
                for j in 0..3 {
                    prop_assert!((end.position[j] - start.position[j]).abs() < 1e-9);
                    prop_assert!((end.first[j] - start.first[j]).abs() < 1e-9);
                    prop_assert!((end.second[j] - start.second[j]).abs() < 1e-6);
                }
            }
            for k in 0..=2000 {
                let at = curve.at(curve.length() * f64::from(k) / 2000.0).unwrap();
                prop_assert!(off(&waypoints, &at.position) <= accuracy);
            }
            let nearest = |waypoint: &[f64; 3]| (0..=4000)
                .map(|k| curve.at(curve.length() * f64::from(k) / 4000.0).unwrap().position)
                .map(|at| distance(&at, waypoint)).fold(f64::INFINITY, f64::min);
            for waypoint in &waypoints {
                prop_assert!(nearest(waypoint) <= accuracy + curve.length() / 4000.0);
            }
            let last = curve.at(f64::INFINITY).unwrap().position;
            prop_assert!(distance(&last, waypoints.last().unwrap()) < 1e-9);
        }
    }
}
