//! A part: where it lies, how it is lit, and what is wrong with it.
//!
//! Lengths are in pixels, places on the part in its own frame: x along its length, origin in its middle.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// Half of its length and width.
pub const HALF: [f64; 2] = [110.0, 66.0];
/// Radius of its corners.
pub const CORNER: f64 = 12.0;
/// Middles of its holes.
pub const HOLES: [[f64; 2]; 4] = [[-82.0, -40.0], [82.0, -40.0], [-82.0, 40.0], [82.0, 40.0]];
/// Their radius.
pub const HOLE_RADIUS: f64 = 11.0;

/// How it is lit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Light {
    /// Brightness of the metal, 0 to 255.
    pub metal: f64,
    /// Of the belt.
    pub belt: f64,
    /// Rise of brightness over the picture, along x and y.
    pub slope: [f64; 2],
    /// Standard deviation of the noise of a pixel.
    pub noise: f64,
}

/// Something that is wrong with a part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Defect {
    /// A line on the surface.
    Scratch {
        /// One end.
        from: [f64; 2],
        /// The other.
        to: [f64; 2],
        /// Width.
        width: f64,
        /// Difference in brightness.
        contrast: f64,
    },
    /// A spot on the surface.
    Stain {
        /// Its middle.
        middle: [f64; 2],
        /// Its radius.
        radius: f64,
        /// Difference in brightness.
        contrast: f64,
    },
    /// A piece of the edge is broken off.
    Chip {
        /// On the edge.
        middle: [f64; 2],
        /// How far it goes.
        radius: f64,
    },
    /// A hole was not drilled.
    MissingHole(usize),
    /// A hole was drilled at the wrong place.
    ShiftedHole {
        /// Which.
        hole: usize,
        /// By how much.
        by: [f64; 2],
    },
}

impl Defect {
    /// Its kind, for people and tables.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Scratch { .. } => "scratch",
            Self::Stain { .. } => "stain",
            Self::Chip { .. } => "chip",
            Self::MissingHole(_) => "missing_hole",
            Self::ShiftedHole { .. } => "shifted_hole",
        }
    }

    fn draw(dice: &mut ChaCha8Rng) -> Self {
        match dice.random_range(0..5) {
            0 => Self::scratch(dice),
            1 => Self::Stain {
                middle: on_surface(dice, 18.0),
                radius: dice.random_range(6.0..14.0),
                contrast: signed(dice, 22.0..45.0),
            },
            2 => Self::chip(dice),
            3 => Self::MissingHole(dice.random_range(0..HOLES.len())),
            _ => {
                let (angle, far) = (dice.random_range(0.0..TAU), dice.random_range(6.0..12.0));
                let hole = dice.random_range(0..HOLES.len());
                Self::ShiftedHole { hole, by: [far * angle.cos(), far * angle.sin()] }
            }
        }
    }

    fn scratch(dice: &mut ChaCha8Rng) -> Self {
        let [x, y] = on_surface(dice, 20.0);
        let (angle, half) = (dice.random_range(0.0..TAU), dice.random_range(12.0..35.0));
        let (dx, dy) = (half * angle.cos(), half * angle.sin());
        let inside = |value: f64, half: f64| value.clamp(8.0 - half, half - 8.0);
        let end = |side: f64| [inside(x + side * dx, HALF[0]), inside(y + side * dy, HALF[1])];
        let width = dice.random_range(1.6..3.2);
        Self::Scratch { from: end(-1.0), to: end(1.0), width, contrast: signed(dice, 30.0..70.0) }
    }

    /// On one of the four edges, away from the round corners.
    fn chip(dice: &mut ChaCha8Rng) -> Self {
        let [length, width] = HALF;
        let side = if dice.random() { 1.0 } else { -1.0 };
        let middle = if dice.random() {
            [dice.random_range(-0.8..0.8) * length, side * width]
        } else {
            [side * length, dice.random_range(-0.7..0.7) * width]
        };
        Self::Chip { middle, radius: dice.random_range(7.0..14.0) }
    }
}

/// A place on the metal, at least `room` away from holes and edges.
fn on_surface(dice: &mut ChaCha8Rng, room: f64) -> [f64; 2] {
    let [length, width] = HALF;
    loop {
        let place = [
            dice.random_range(room - length..length - room),
            dice.random_range(room - width..width - room),
        ];
        let far =
            |hole: &[f64; 2]| (place[0] - hole[0]).hypot(place[1] - hole[1]) > HOLE_RADIUS + room;
        if HOLES.iter().all(far) {
            return place;
        }
    }
}

fn signed(dice: &mut ChaCha8Rng, range: std::ops::Range<f64>) -> f64 {
    let value = dice.random_range(range);
    if dice.random() { value } else { -value }
}

/// A part as it lies on the belt.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Middle in the picture, from that of the picture.
    pub middle: [f64; 2],
    /// Turn, rad.
    pub turn: f64,
    /// How it is lit.
    pub light: Light,
    /// What is wrong with it; nothing with a good part.
    pub defects: Vec<Defect>,
    /// Of its texture and of the noise.
    pub(crate) grain: u64,
}

impl Part {
    /// The part of this name: always the same with the same seed; `bad` is the share of bad ones.
    #[must_use]
    pub fn of(name: &str, seed: u64, bad: f64) -> Self {
        let mut dice =
            ChaCha8Rng::seed_from_u64(hash(name) ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let is_bad = dice.random_bool(bad.clamp(0.0, 1.0));
        let count = if !is_bad {
            0
        } else if dice.random_ratio(1, 4) {
            2
        } else {
            1
        };
        let defects = (0..count).map(|_| Defect::draw(&mut dice)).collect();
        let light = Light {
            metal: dice.random_range(135.0..185.0),
            belt: dice.random_range(30.0..55.0),
            slope: [dice.random_range(-15.0..15.0), dice.random_range(-15.0..15.0)],
            noise: dice.random_range(2.0..5.0),
        };
        Self {
            middle: [dice.random_range(-50.0..50.0), dice.random_range(-25.0..25.0)],
            turn: dice.random_range(0.0..TAU),
            light,
            defects,
            grain: dice.random(),
        }
    }

    /// Whether nothing is wrong with it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.defects.is_empty()
    }
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_always_the_same_part_and_another_seed_another_one() {
        assert_eq!(Part::of("a_1", 1, 0.5), Part::of("a_1", 1, 0.5));
        assert_ne!(Part::of("a_1", 1, 0.5), Part::of("a_1", 2, 0.5));
        assert_ne!(Part::of("a_1", 1, 0.5), Part::of("a_2", 1, 0.5));
    }

    #[test]
    fn as_many_are_bad_as_shall_be_and_in_every_way() {
        let all: Vec<Part> = (0..2_000).map(|n| Part::of(&format!("p{n}"), 7, 0.3)).collect();
        let bad = all.iter().filter(|part| !part.is_good()).count();
        assert!((520..=680).contains(&bad), "{bad}");
        for kind in ["scratch", "stain", "chip", "missing_hole", "shifted_hole"] {
            let count =
                all.iter().flat_map(|it| &it.defects).filter(|it| it.kind() == kind).count();
            assert!(count > 90, "{count} {kind}");
        }
        assert!(Part::of("x", 1, 0.0).is_good() && !Part::of("x", 1, 1.0).is_good());
    }
}
