//! The smooth curve through dense waypoints: a cubic spline over the lengths of the lines, without
//! curvature at both ends.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // one index over waypoints, lengths and curvatures

use super::{Curve, Piece, distance};
use crate::error::TimingError;

/// The curve through waypoints, at least two, no two in a row the same; refused where it may be
/// farther than `accuracy` rad (Euclidean norm over all joints) from the line between two of them.
///
/// # Errors
/// [`TimingError::Strays`] naming the waypoint.
pub fn through<const N: usize>(
    waypoints: &[[f64; N]],
    accuracy: f64,
) -> Result<Curve<N>, TimingError> {
    let lengths: Vec<f64> = waypoints.windows(2).map(|w| distance(&w[0], &w[1])).collect();
    let curvatures = curvatures(waypoints, &lengths);
    let mut start = 0.0;
    let mut pieces = Vec::with_capacity(lengths.len());
    for (index, length) in lengths.iter().enumerate() {
        let piece = piece(waypoints, &curvatures, index, (start, *length));
        // With curvatures M₀, M₁ at its ends a cubic is nowhere farther from its chord than this.
        let size = |m: &[f64; N]| distance(m, &[0.0; N]);
        let deviation =
            0.125 * length * length * size(&curvatures[index]).max(size(&curvatures[index + 1]));
        if deviation > accuracy {
            return Err(TimingError::Strays { point: index + 1, deviation, accuracy });
        }
        pieces.push(piece);
        start += length;
    }
    Ok(Curve { pieces })
}

/// Second derivatives at the waypoints, by elimination of the tridiagonal system.
fn curvatures<const N: usize>(waypoints: &[[f64; N]], lengths: &[f64]) -> Vec<[f64; N]> {
    let mut second = vec![[0.0; N]; waypoints.len()];
    let mut upper = vec![0.0; waypoints.len()];
    for i in 1..lengths.len() {
        let (before, behind) = (lengths[i - 1], lengths[i]);
        let pivot = 1.0 / (2.0 * (before + behind) - before * upper[i - 1]);
        upper[i] = behind * pivot;
        let (inverse_before, inverse_behind) = (1.0 / before, 1.0 / behind);
        for j in 0..N {
            let bend = (waypoints[i + 1][j] - waypoints[i][j]) * inverse_behind
                - (waypoints[i][j] - waypoints[i - 1][j]) * inverse_before;
            second[i][j] = (6.0 * bend - before * second[i - 1][j]) * pivot;
        }
    }
    for i in (1..lengths.len()).rev() {
        for j in 0..N {
            second[i][j] -= upper[i] * second[i + 1][j];
        }
    }
    second
}

fn piece<const N: usize>(
    waypoints: &[[f64; N]],
    curvatures: &[[f64; N]],
    index: usize,
    (start, length): (f64, f64),
) -> Piece<N> {
    let (from, to) = (&waypoints[index], &waypoints[index + 1]);
    let (m0, m1) = (&curvatures[index], &curvatures[index + 1]);
    let mut terms = [[0.0; N]; super::TERMS];
    let inverse = 1.0 / length;
    for j in 0..N {
        terms[0][j] = from[j];
        terms[1][j] = (to[j] - from[j]) * inverse - length * (2.0 * m0[j] + m1[j]) / 6.0;
        terms[2][j] = 0.5 * m0[j];
        terms[3][j] = (m1[j] - m0[j]) * inverse / 6.0;
    }
    Piece { start, length, waypoint: index + 1, straight: false, terms }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(count: usize) -> Vec<[f64; 2]> {
        let angle = |k: usize| 3.0 * k as f64 / (count - 1) as f64;
        (0..count).map(|k| [angle(k).cos(), angle(k).sin()]).collect()
    }

    #[test]
    fn it_passes_through_every_waypoint_smoothly() {
        let waypoints = circle(30);
        let curve = through(&waypoints, 0.01).unwrap();
        for (pair, waypoint) in curve.pieces().windows(2).zip(&waypoints[1..]) {
            let (end, start) = (pair[0].at(pair[0].length), pair[1].at(0.0));
            assert!(distance(&end.position, waypoint) < 1e-12);
            assert!(distance(&end.first, &start.first) < 1e-12);
            assert!(distance(&end.second, &start.second) < 1e-9);
        }
        let middle = curve.at(curve.length() / 2.0).unwrap();
        assert!((distance(&middle.position, &[0.0; 2]) - 1.0).abs() < 1e-6);
        assert_eq!(curve.at(0.0).unwrap().second, [0.0; 2]);
    }

    #[test]
    fn a_curve_that_leaves_the_lines_is_refused_with_the_waypoint() {
        let corner = [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [1.0, 1.0]];
        let error = through(&corner, 0.05).unwrap_err();
        assert!(matches!(error, TimingError::Strays { point: 2 | 3, .. }), "{error}");
        assert!(through(&corner, 0.5).is_ok());
    }
}
