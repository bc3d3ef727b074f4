//! The curve that the joints follow, without time: position by way s.
//!
//! The rule: a curve has continuous first and second derivatives, or no motion along it could have
//! a bounded jerk. It is made of polynomial pieces; jerk may jump only where two of them meet.
//!
//! Terms: the *way* s is the length of the lines between the waypoints, in rad of joint space
//! (Euclidean norm), so the first derivative is about a unit vector.
#![allow(clippy::indexing_slicing)] // arrays of N, indices below N

mod polyline;
mod spline;

pub use polyline::rounded;
pub use spline::through;

/// Terms of a piece: a quartic.
const TERMS: usize = 5;

/// Position and its derivatives by the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jet<const N: usize> {
    /// Position, rad.
    pub position: [f64; N],
    /// First derivative.
    pub first: [f64; N],
    /// Second derivative, 1/rad.
    pub second: [f64; N],
    /// Third derivative, 1/rad².
    pub third: [f64; N],
}

/// A polynomial over the way from 0 to its length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Piece<const N: usize> {
    /// Where it starts, rad.
    pub start: f64,
    /// How long it is, rad.
    pub length: f64,
    /// Index of the waypoint that it leads to or past.
    pub waypoint: usize,
    /// Whether it is a straight line.
    pub straight: bool,
    /// Coefficients by ascending power.
    pub terms: [[f64; N]; TERMS],
}

/// A smooth curve through joint space.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve<const N: usize> {
    pieces: Vec<Piece<N>>,
}

impl<const N: usize> Piece<N> {
    pub(crate) fn end(&self) -> f64 {
        self.start + self.length
    }

    /// At `s` rad from the start of the piece.
    #[inline]
    pub(crate) fn at(&self, s: f64) -> Jet<N> {
        let [c0, c1, c2, c3, c4] = &self.terms;
        let mut jet = Jet { position: *c0, first: *c1, second: [0.0; N], third: [0.0; N] };
        if self.straight {
            for j in 0..N {
                jet.position[j] = c0[j] + s * c1[j];
            }
            return jet;
        }
        for j in 0..N {
            jet.position[j] = c0[j] + s * (c1[j] + s * (c2[j] + s * (c3[j] + s * c4[j])));
            jet.first[j] = c1[j] + s * (2.0 * c2[j] + s * (3.0 * c3[j] + s * 4.0 * c4[j]));
            jet.second[j] = 2.0 * c2[j] + s * (6.0 * c3[j] + s * 12.0 * c4[j]);
            jet.third[j] = 6.0 * c3[j] + s * 24.0 * c4[j];
        }
        jet
    }
}

impl<const N: usize> Curve<N> {
    pub(crate) fn pieces(&self) -> &[Piece<N>] {
        &self.pieces
    }

    /// Its whole way, rad.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.pieces.last().map_or(0.0, Piece::end)
    }

    /// The place at `s` rad from the start; outside of it the nearest end. Where two pieces meet,
    /// the third derivative is that of the piece behind.
    #[must_use]
    pub fn at(&self, s: f64) -> Option<Jet<N>> {
        let index = self.pieces.partition_point(|piece| piece.end() <= s);
        let piece = self.pieces.get(index).or(self.pieces.last())?;
        Some(piece.at((s - piece.start).clamp(0.0, piece.length)))
    }

    /// The place at each of `ways`, rad, ascending.
    pub(crate) fn along(&self, ways: &[f64]) -> Vec<Jet<N>> {
        let mut index = 0;
        let mut jets = Vec::with_capacity(ways.len());
        for s in ways {
            while index + 1 < self.pieces.len() && self.pieces[index].end() <= *s {
                index += 1;
            }
            if let Some(piece) = self.pieces.get(index) {
                jets.push(piece.at((s - piece.start).clamp(0.0, piece.length)));
            }
        }
        jets
    }
}

/// The length of the line between two positions, rad.
pub(crate) fn distance<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    (0..N).map(|j| (b[j] - a[j]) * (b[j] - a[j])).sum::<f64>().sqrt()
}
